"""What is wrong with our access to a SCIM service provider, in sentences."""

from connectors.errors import ConnectorError, Gone, Misconfigured, Transient
from connectors.scim.peer import Json, Peer, is_supported

_MISSING_FEATURES = {
    "patch": "It does not support PATCH: every change writes the whole object, which is slow for "
    "large groups and may undo what others change at the same time.",
    "filter": "It does not support filters, so an object that is already there can only be found "
    "by reading them all.",
}


def check(peer: Peer) -> list[str]:
    """Empty when all is well. Changes nothing there. Raises nothing for a fault of the peer."""
    problems = []
    if peer.url.startswith("http:"):
        problems.append("The url begins with http://: everybody on the way can read the token.")
    config, trouble = _ask(peer, "ServiceProviderConfig", "")
    if trouble is not None:
        problems.append(trouble)
    problems += [said for name, said in _MISSING_FEATURES.items() if not is_supported(config, name)]
    for collection in ("Users", "Groups"):
        _, trouble = _ask(peer, collection, "1")
        if trouble is not None and trouble not in problems:
            problems.append(trouble)
    return problems


def _ask(peer: Peer, path: str, count: str) -> tuple[Json, str | None]:
    try:
        return peer.get(path, {"count": count} if count else None), None
    except ConnectorError as trouble:
        return {}, _sentence(trouble, peer, path)


def _sentence(trouble: ConnectorError, peer: Peer, path: str) -> str:
    match trouble:
        case Gone() if path == "ServiceProviderConfig":
            return f"There is no ServiceProviderConfig at {peer.url}. Is the url right?"
        case Gone():
            return f"There is no {path} at {peer.url}. Is the url right?"
        case Misconfigured() if "answered 401" in str(trouble):
            return "The credentials are not accepted (401). Issue a new token there."
        case Misconfigured() if "answered 403" in str(trouble):
            return f"The credentials are accepted, but may not read {path} (403)."
        case Transient():
            return f"No sound answer from {peer.url} now: {trouble}"
        case _:
            return str(trouble)
