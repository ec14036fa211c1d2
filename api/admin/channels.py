"""The channels of a connection as an administrator describes them, checked as a whole."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from api.login.settings import OidcSettings
from api.problems import wrong
from connectors import registry
from connectors.errors import Misconfigured
from connectors.kinds import secret_fields, sentences
from models.instant import Instant
from sync import schedule
from sync.policies import policy as policies
from sync.policies import settings as policy_settings
from sync.sealing import Config, split

LOGINS: dict[str, type[BaseModel]] = {"oidc": OidcSettings}
"""By protocol."""
TIMING = frozenset({"schedule", "delta_schedule", "timezone"})
"""What `pull` says of when to read, whatever the kind of directory."""
_CRON_FIELDS, _LONGEST_CRON = 5, 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """What an administrator wants, secrets included."""

    push: bool
    pull: Config | None
    login: Config | None
    policy: Config


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The same, proved sound, with the secrets taken out."""

    push: bool
    pull: Config | None
    login: Config | None
    policy: Config
    secrets: Config


def check(provider: str, wanted: Channels, now: Instant) -> Checked:
    """Raises Problem with a sentence about the first thing that is wrong."""
    if not (wanted.push or wanted.pull is not None or wanted.login is not None):
        raise wrong("push", "A connection needs at least one channel: push, pull or login.")
    pull, pull_secrets = _pull(wanted.pull, now)
    login, login_secrets = _login(wanted.login)
    _policy(provider, wanted, pull)
    secrets = {"pull": pull_secrets, "login": login_secrets}
    return Checked(
        push=wanted.push,
        pull=pull,
        login=login,
        policy=wanted.policy,
        secrets={name: one for name, one in secrets.items() if one},
    )


def secret_names(channel: str, config: Mapping[str, Any]) -> frozenset[str]:
    """The secrets of a channel whose kind or protocol is known."""
    if channel == "login":
        return frozenset(secret_fields(LOGINS[config["protocol"]]))
    return registry.secret_names(str(config["kind"]), role="source")


def shown(pull: Mapping[str, Any] | None) -> Config | None:
    """Without what we worked out for ourselves."""
    return None if pull is None else {k: v for k, v in pull.items() if k != "interval"}


def _pull(config: Config | None, now: Instant) -> tuple[Config | None, Config]:
    if config is None:
        return None, {}
    kind = _word(config, "pull", "kind")
    timing = _timing(config, now)
    settings = {k: v for k, v in config.items() if k not in TIMING}
    sound = _sound("pull", lambda: registry.validate(kind, settings, role="source"))
    if "delta_schedule" in timing and not getattr(sound, "offers_rounds", False):
        raise wrong(
            "pull.delta_schedule",
            "pull.delta_schedule: this directory, or this scope of it, cannot tell what changed.",
        )
    public, hidden = split(settings, registry.secret_names(kind, role="source"))
    return public | timing, hidden


def _timing(config: Config, now: Instant) -> Config:
    """When to read, and how long the longest pause in between is."""
    zone = config.get("timezone", "UTC")
    if not isinstance(zone, str):
        raise wrong("pull.timezone", "pull.timezone must be a text, such as Europe/Stockholm.")
    cron, pause = _cron(config, "schedule", zone, now)
    delta, _ = _cron(config, "delta_schedule", zone, now)
    timing: Config = {"timezone": zone}
    if cron is not None:
        timing |= {"schedule": cron, "interval": pause}
    return timing if delta is None else timing | {"delta_schedule": delta}


def _cron(config: Config, name: str, zone: str, now: Instant) -> tuple[str | None, Instant]:
    """A schedule, and its longest pause."""
    field, cron = f"pull.{name}", config.get(name)
    if not isinstance(cron, str | None):
        raise wrong(field, f"{field} must be a text, such as 0 2 * * *.")
    if cron is not None and (len(cron) > _LONGEST_CRON or len(cron.split()) != _CRON_FIELDS):
        raise wrong(field, f"{field} is no cron expression; write five fields, such as 0 2 * * *.")
    try:
        return cron, schedule.interval(cron or "0 0 * * *", zone, now)
    except ValueError as trouble:
        raise wrong(field, f"{field}: {trouble}") from None


def _login(config: Config | None) -> tuple[Config | None, Config]:
    if config is None:
        return None, {}
    protocol = _word(config, "login", "protocol")
    if protocol not in LOGINS:
        known = ", ".join(sorted(LOGINS))
        raise wrong("login.protocol", f"login.protocol is one of: {known}.")
    _sound("login", lambda: LOGINS[protocol].model_validate(config))
    return split(config, secret_fields(LOGINS[protocol]))


def _policy(provider: str, wanted: Channels, pull: Config | None) -> None:
    """A time-to-live that was set must fit the schedule; one that was not is stretched to it."""
    try:
        policy = policy_settings.of(
            provider, wanted.policy, push=wanted.push, pull=pull, login=wanted.login
        )
    except ValueError as trouble:
        raise wrong("policy", str(trouble)) from None
    if pull is None or "interval" not in pull:
        return
    sentence = policies.too_short(policy, pull["interval"])
    if sentence is not None:
        raise wrong("policy.ttl.pull", sentence)


def _word(config: Config, channel: str, name: str) -> str:
    value = config.get(name)
    if not isinstance(value, str):
        raise wrong(f"{channel}.{name}", f"{channel}.{name} is missing, or is no text.")
    return value


def _sound(field: str, validate: Callable[[], BaseModel]) -> BaseModel:
    try:
        return validate()
    except ValidationError as trouble:
        raise wrong(field, f"{field}: {sentences(trouble)}") from None
    except (ValueError, Misconfigured) as trouble:
        raise wrong(field, f"{field}: {trouble}") from None
