"""The tables, one noun a file. Times are microseconds since 1970 (see models.clock)."""

from models.tables.action import Action, Hold
from models.tables.binding import GroupBinding, MemberBinding, UserBinding
from models.tables.connection import Connection, ScimToken
from models.tables.finding import Finding, FindingSpell, Report
from models.tables.group import Group, GroupAlias, IndirectMember, Nesting, ParkedMember, Proposal
from models.tables.guard_clock import GuardClock
from models.tables.login import Login
from models.tables.membership import Membership
from models.tables.observation import Change, Observation
from models.tables.organization import ApiKey, Domain, Organization
from models.tables.run import PullMissing, Run
from models.tables.scim_request import ScimRequest, ScimTally
from models.tables.target import Target, TargetConnection
from models.tables.user import User, UserAlias

__all__ = [
    "Action",
    "ApiKey",
    "Change",
    "Connection",
    "Domain",
    "Finding",
    "FindingSpell",
    "Group",
    "GroupAlias",
    "GroupBinding",
    "GuardClock",
    "Hold",
    "IndirectMember",
    "Login",
    "MemberBinding",
    "Membership",
    "Nesting",
    "Observation",
    "Organization",
    "ParkedMember",
    "Proposal",
    "PullMissing",
    "Report",
    "Run",
    "ScimRequest",
    "ScimTally",
    "ScimToken",
    "Target",
    "TargetConnection",
    "User",
    "UserAlias",
    "UserBinding",
]
