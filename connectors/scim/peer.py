"""Requests to one SCIM service provider, and whether its answers can be believed."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from connectors.errors import ConnectorError, Gone, Misconfigured, Refused, Transient
from connectors.http import Http, Limits, Reply, error_for
from connectors.scim.settings import ScimSettings

Json = dict[str, Any]

_PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_MEDIA_TYPE = {"content-type": "application/scim+json"}


class Peer:
    """One service provider. Thread-safe: at worst two threads ask it about PATCH at once."""

    def __init__(self, settings: ScimSettings, limits: Limits) -> None:
        headers = {"accept": "application/scim+json, application/json"}
        authorization = settings.auth.header()
        if authorization is not None:
            headers["authorization"] = authorization
        self.url = settings.url
        self._http = Http(settings.url, headers=headers, limits=settings.limits(limits))
        self._patches: bool | None = None

    def send(self, method: str, path: str, body: Json | None = None) -> Reply:
        """The answer, whatever its status. Raises what `Http.send` raises."""
        return self._http.send(method, path, json=body, headers=_MEDIA_TYPE if body else None)

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Json:
        """An object. Raises by consequence; Transient when the answer is no JSON object."""
        reply = self._http.request("GET", path, params=params)
        body = reply.json()
        if not isinstance(body, dict):
            raise Transient(f"{reply.url} answered with JSON that is no object.")
        return body

    def get_one(self, path: str, params: Mapping[str, str] | None = None) -> Json:
        """One user or group. Raises Gone, and Transient when another one came."""
        held = self.get(path, params)
        if path_part(held.get("id")) != path.rpartition("/")[2]:
            raise Transient(f"{self.url}/{path} answered with another object.")
        return held

    def patch(self, path: str, operations: list[Json]) -> Reply | None:
        """The answer to a PATCH (RFC 7644 §3.5.2); None where PATCH is not supported."""
        if not self._supports_patch():
            return None
        reply = self.send("PATCH", path, {"schemas": [_PATCH_OP], "Operations": operations})
        if reply.status in (405, 501):
            self._patches = False
            return None
        return reply

    def close(self) -> None:
        self._http.close()

    def _supports_patch(self) -> bool:
        """Asked once (RFC 7643 §5). A peer that does not say is taken to support it."""
        if self._patches is None:
            try:
                config = self.get("ServiceProviderConfig")
            except Refused:
                self._patches = True
            except ConnectorError:
                return True  # the PATCH itself will tell
            else:
                self._patches = is_supported(config, "patch")
        return self._patches


def is_supported(config: Json, feature: str) -> bool:
    """What a ServiceProviderConfig says of a feature; only a clear no is a no."""
    said = config.get(feature)
    return not (isinstance(said, dict) and said.get("supported") is False)


def path_part(identifier: Any) -> str | None:
    """An id as part of a path; None for what cannot be one. Some peers number their users."""
    if isinstance(identifier, int) and not isinstance(identifier, bool):
        return str(identifier)
    if not isinstance(identifier, str) or identifier in ("", ".", ".."):
        return None
    return quote(identifier, safe="")


def done(reply: Reply, path: str) -> None:
    """See that a write was carried out. Raises by consequence.

    200 with the object and 204 without are both right (RFC 7644 §3.5.2). A page of HTML from
    something in between, or another object, is no confirmation: Transient.
    """
    if not 200 <= reply.status < 300:
        raise error_for(reply)
    if not reply.body:
        return
    body = reply.json()
    if not isinstance(body, dict) or "id" not in body:
        raise Transient(f"{reply.url} answered {reply.status} with something else than the object.")
    if path_part(body["id"]) != path.rpartition("/")[2]:
        raise Transient(f"{reply.url} answered {reply.status} with another object.")


def address(collection: str, remote_id: str) -> str:
    """The path of one object. Raises Gone: an id that cannot be in a path names nothing."""
    part = path_part(remote_id)
    if part is None:
        raise Gone(f"{remote_id!r} is no possible id in {collection}.")
    return f"{collection}/{part}"


def no_collection(trouble: ConnectorError, url: str, collection: str) -> ConnectorError:
    """A 404 for all of /Users is no missing user but a wrong address."""
    if isinstance(trouble, Gone):
        return Misconfigured(f"There is no {collection} at {url}. Is the url right? ({trouble})")
    return trouble
