"""How the model says no (RFC 7644 §3.12)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Refused(Exception):
    status: int
    scim_type: str | None = None


def bad(scim_type: str) -> Refused:
    return Refused(400, scim_type)


MISSING = Refused(404)
MOVED_ON = Refused(412)
TAKEN = Refused(409, "uniqueness")
