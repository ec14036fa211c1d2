"""What is forgiven of a provider's SCIM, each by name, with who is known to need it. Pure.

A tolerance is always in force where it cannot do harm. Where it could, the policy of a connection
says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tolerance:
    name: str
    sentence: str
    """What the provider does, and what is made of it."""
    source: str
    """Who does it, or which paragraph asks for something else."""
    is_settable: bool = False
    """It could do harm, so that a connection may want it otherwise."""
    is_usual: bool = True
    """Whether it is in force where the policy does not say."""


OP_IN_CAPITALS = Tolerance(
    "op_in_capitals",
    "It writes the op of a PATCH with a capital, as in Add. That is read like add.",
    "Entra ID without the compliance flag; RFC 7644 §3.5.2 has small letters.",
)
BOOLEAN_AS_TEXT = Tolerance(
    "boolean_as_text",
    'It writes booleans as texts, such as "False". They are read as true and false.',
    "Entra ID without the compliance flag; RFC 7643 §2.3.2 has JSON's booleans.",
)
ONE_FOR_MANY = Tolerance(
    "one_for_many",
    "It sends one object where several are possible. It is taken for a list of one.",
    "OneLogin sends emails so; RFC 7643 §2.4 has arrays.",
)
BARE_VALUES = Tolerance(
    "bare_values",
    "It lists bare texts where objects belong. Each is taken for the value of an object.",
    "JumpCloud sends photos so; RFC 7643 §2.4 has objects with a value.",
)
OBJECT_AS_TEXT = Tolerance(
    "object_as_text",
    "It sends or asks for a text where an object with a value belongs, such as the manager.",
    "Entra ID; RFC 7643 §4.3 has an object.",
)
OBJECT_IN_LIST = Tolerance(
    "object_in_list",
    "It wraps a single object into a list of one, such as the manager. The list is opened.",
    "Entra ID; RFC 7643 §4.3 has an object.",
)
EMPTY_REMOVES = Tolerance(
    "empty_removes",
    "It sends an empty text to take a single object away, such as the manager.",
    "Entra ID; RFC 7644 §3.5.2.2 has remove.",
)
EMPTY_EXTERNAL_ID = Tolerance(
    "empty_external_id",
    "It sends an empty externalId. That is no externalId, or all who have it would be one person.",
    "RFC 7643 §2.5 has null.",
)
UNKNOWN_ATTRIBUTES = Tolerance(
    "unknown_attributes",
    "It sends attributes that no schema here has. They are left aside.",
    "Entra ID, Okta, JumpCloud and others.",
)
UNKNOWN_PATHS = Tolerance(
    "unknown_paths",
    "It changes attributes by paths that lead nowhere here. They are left aside, and it is told "
    "that they were changed.",
    "Mappings of custom attributes; RFC 7644 §3.5.2 has invalidPath.",
    is_settable=True,
    is_usual=False,
)
ENTERPRISE_WITHOUT_URN = Tolerance(
    "enterprise_without_urn",
    "It names attributes of the enterprise extension without their URN.",
    "Entra ID; RFC 7644 §3.10 has the URN.",
)
UNDECLARED_EXTENSION = Tolerance(
    "undeclared_extension",
    "It sends extensions that no schema here declares. They are kept as they come.",
    "Entra ID and others, with attributes of their own.",
)
EXTRA_SCHEMAS = Tolerance(
    "extra_schemas",
    "It lists schemas of which the body has nothing and we know nothing.",
    "Entra ID lists one of its own for groups; RFC 7643 §3 has those that are used.",
)
NO_SCHEMAS = Tolerance(
    "no_schemas",
    "It sends no schemas. The address says what the body is.",
    "RFC 7643 §3 requires them.",
)
BARE_MEMBERS = Tolerance(
    "bare_members",
    "It lists members as bare ids, or sends one without a list.",
    "Rippling and others; RFC 7643 §4.2 has a list of objects.",
)
PATHS_AS_NAMES = Tolerance(
    "paths_as_names",
    "It sends a PATCH without a path whose names are paths, such as name.givenName.",
    "Entra ID; RFC 7644 §3.5.2 has attributes there.",
)
ID_ECHOED = Tolerance(
    "id_echoed",
    "It repeats the id of what it changes. The same id is no change.",
    "Okta's group push; RFC 7643 §3.1 has it read-only.",
)
LISTED_REMOVE = Tolerance(
    "listed_remove",
    "It lists what a remove is to take away. Only what is listed goes, never the rest.",
    "Entra ID's older habit; RFC 7644 §3.5.2.2 has no value there and would remove everything.",
)
NULL_MEMBERS = Tolerance(
    "null_members",
    "It sends null for members among other attributes. That says nothing of them.",
    "A serializer's habit; by RFC 7643 §2.5 it would empty the group.",
)
ABSENT_VALUE_MADE = Tolerance(
    "absent_value_made",
    "It changes a value by a filter that selects none. The value that the filter names is made.",
    "Entra ID; RFC 7644 §3.5.2.3 has noTarget.",
)
SELECTION_COMPARED = Tolerance(
    "selection_compared",
    'It writes filters such as emails[type eq "work"].value eq "x".',
    "Entra ID; the grammar of RFC 7644 §3.4.2.2 has no such test.",
)
PASSWORD_SENT = Tolerance(
    "password_sent",
    "It sends passwords. They are forgotten at once, and written nowhere.",
    "Okta, unless password sync is switched off.",
)
RETURNING_USER = Tolerance(
    "returning_user",
    "It creates a deactivated user again to bring it back. The same user comes back.",
    "Okta; RFC 7644 §3.3 has 409.",
    is_settable=True,
)
NAME_GIVEN_ON = Tolerance(
    "name_given_on",
    "It gives the userName of a deactivated user to another with another externalId. The former "
    "loses the name.",
    "Okta, which never deletes; RFC 7644 §3.3 has 409.",
    is_settable=True,
)
USER_NAME_FROM_EMAIL = Tolerance(
    "user_name_from_email",
    "It sends users without a userName. The primary e-mail address, or the one for work, is it.",
    "Rippling, by hearsay; RFC 7643 §4.1.1 requires a userName.",
    is_settable=True,
    is_usual=False,
)
PUT_WITHOUT_ACTIVE = Tolerance(
    "put_without_active",
    "It replaces users without saying whether they are active. Then they stay as they are.",
    "RFC 7644 §3.5.1 would let the default be assumed.",
)
PUT_WITHOUT_MEMBERS = Tolerance(
    "put_without_members",
    "It replaces groups without members. Then the members stay; an empty list empties the group.",
    "RFC 7644 §3.5.1 would let them be removed.",
)
STRANGERS_PARKED = Tolerance(
    "strangers_parked",
    "It adds members before it creates them. They wait, and join when they arrive.",
    "Okta and Entra ID, whose pushes of users and groups overtake each other.",
)
FORMER_EXTERNAL_ID = Tolerance(
    "former_external_id",
    "It removes a member by an externalId that it replaced. Whoever had it is meant, if nobody "
    "else has or had it.",
    "RFC 7643 §3.1 lets an externalId change, and says nothing of who refers to it.",
)
CURSORS_UNTOLD = Tolerance(
    "cursors_untold",
    "It refuses a service that says that lists are paged by cursor. It is not told.",
    "Canaille 0.3, by scim2-models 0.6; RFC 9865 §4 has pagination told.",
    is_settable=True,
    is_usual=False,
)

TOLERANCES: Mapping[str, Tolerance] = {
    one.name: one for one in list(vars().values()) if isinstance(one, Tolerance)
}
USUAL = frozenset(one.name for one in TOLERANCES.values() if one.is_settable and one.is_usual)


def read(value: object) -> frozenset[str]:
    """Which of those that can be set are in force. Raises ValueError with a sentence."""
    settable = sorted(one.name for one in TOLERANCES.values() if one.is_settable)
    if not isinstance(value, dict) or not all(isinstance(one, bool) for one in value.values()):
        raise ValueError("policy tolerances is an object of names with true or false.")
    for name in value:
        if name not in settable:
            known = ", ".join(settable)
            raise ValueError(f"policy tolerances has {str(name)[:50]!r}; it knows {known}.")
    on = {name for name, is_on in value.items() if is_on}
    return frozenset(on | (USUAL - value.keys()))
