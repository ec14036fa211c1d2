"""What an administrator has still to put right."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Literal

from connectors.errors import ConnectorError, Misconfigured
from connectors.okta.organization import Organization
from connectors.okta.settings import AppScope, GroupScope

_ONLY_A_PART = (
    "The token does not see the group Everyone, so it may see only a part of the organization: "
    "give its administrator the read-only administrator role, or declare a narrower scope."
)


def problems(okta: Organization, scope: Literal["all"] | AppScope | GroupScope) -> list[str]:
    """Sentences, each once. When Okta cannot be reached, that is the only one."""
    said: list[str] = []
    for probe in _probes(okta, scope):
        try:
            said += probe()
        except Misconfigured as trouble:
            said.append(str(trouble))
        except ConnectorError as trouble:
            return [str(trouble)]
    return list(dict.fromkeys(said))


def _probes(
    okta: Organization, scope: Literal["all"] | AppScope | GroupScope
) -> Iterator[Callable[[], list[str]]]:
    yield partial(_first_page, okta.users)
    match scope:
        case AppScope(app_id=app):
            yield partial(_first_page, partial(okta.app_users, app))
            yield partial(_first_page, partial(okta.app_groups, app))
        case GroupScope(groups=names):
            for name in names:
                yield partial(_finds, okta, name)
        case "all":
            yield partial(_sees_everyone, okta)


def _first_page(pages: Callable[[], Iterator[object]]) -> list[str]:
    next(pages(), None)
    return []


def _finds(okta: Organization, name: str) -> list[str]:
    okta.group(name)
    return []


def _sees_everyone(okta: Organization) -> list[str]:
    """Okta leaves that group out for an administrator of some groups only."""
    listed = (group for page in okta.built_in() for group in page)
    return [] if any(group.is_everyone for group in listed) else [_ONLY_A_PART]
