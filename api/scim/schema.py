"""The one source for the schemas of users and groups (RFC 7643 §4 and §8.7)."""

from api.scim.attributes import Attribute, Mutability, Returned, Schema, Type, Uniqueness, find

CORE_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE_USER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CORE_GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"

NAME_LENGTH = 256
"""Longest name of anything, in characters, so that names fit an index."""
EMAIL_LENGTH = 320
EXTENSION_LENGTH = 4096
"""Longest text of an attribute that an administrator declared."""

_READ_ONLY = Mutability.READ_ONLY


def _name(name: str, description: str, *, required: bool = False) -> Attribute:
    return Attribute(name, description, required=required, max_length=NAME_LENGTH)


def _plural(name: str, description: str, value: Attribute, *types: str) -> Attribute:
    """A multi-valued attribute with the usual parts (RFC 7643 §2.4)."""
    parts = (
        value,
        Attribute("display", "What to show for the value."),
        Attribute("type", "What the value is for.", canonical_values=types),
        Attribute("primary", "Whether it is the preferred value.", Type.BOOLEAN),
    )
    return Attribute(name, description, Type.COMPLEX, multi_valued=True, sub_attributes=parts)


def _complex(name: str, description: str, *parts: Attribute) -> Attribute:
    return Attribute(name, description, Type.COMPLEX, sub_attributes=parts)


_NAME_PARTS = (
    _name("formatted", "The full name, as it is shown."),
    _name("familyName", "The family name."),
    _name("givenName", "The given name."),
    _name("middleName", "The middle names."),
    _name("honorificPrefix", "Titles before the name."),
    _name("honorificSuffix", "Titles after the name."),
)
_ADDRESS_PARTS = (
    Attribute("formatted", "The full address, as it is shown."),
    Attribute("streetAddress", "Street, house number and the like."),
    Attribute("locality", "The city."),
    Attribute("region", "The state or region."),
    Attribute("postalCode", "The postal code."),
    Attribute("country", "The country."),
    Attribute("type", "What the address is for.", canonical_values=("work", "home", "other")),
    Attribute("primary", "Whether it is the preferred address.", Type.BOOLEAN),
)
_MEMBERSHIP_PARTS = (
    Attribute("value", "The id of the group.", mutability=_READ_ONLY),
    Attribute(
        "$ref",
        "The address of the group.",
        Type.REFERENCE,
        mutability=_READ_ONLY,
        reference_types=("Group",),
        case_exact=True,
    ),
    Attribute("display", "The name of the group.", mutability=_READ_ONLY),
    Attribute(
        "type",
        "Whether the user is a member directly.",
        mutability=_READ_ONLY,
        canonical_values=("direct", "indirect"),
    ),
)
MEMBER = Attribute(
    "value", "The id of the member.", mutability=Mutability.IMMUTABLE, max_length=NAME_LENGTH
)
_MEMBER_PARTS = (
    MEMBER,
    Attribute(
        "$ref",
        "The address of the member.",
        Type.REFERENCE,
        mutability=Mutability.IMMUTABLE,
        reference_types=("User", "Group"),
        case_exact=True,
    ),
    Attribute("display", "Taken and not kept: see the member itself.", mutability=_READ_ONLY),
    Attribute(
        "type",
        "What the member is.",
        mutability=Mutability.IMMUTABLE,
        canonical_values=("User", "Group"),
    ),
)
_MANAGER_PARTS = (
    _name("value", "The id of the manager, as the identity provider sends it."),
    Attribute(
        "$ref",
        "The address of the manager.",
        Type.REFERENCE,
        mutability=_READ_ONLY,
        reference_types=("User",),
        case_exact=True,
    ),
    Attribute("displayName", "The name of the manager.", mutability=_READ_ONLY),
)
_PASSWORD = Attribute(
    "password",
    "Accepted and forgotten: it is neither stored nor returned.",
    case_exact=True,
    mutability=Mutability.WRITE_ONLY,
    returned=Returned.NEVER,
)
_USER_NAME = Attribute(
    "userName",
    "The name by which the identity provider knows the user.",
    required=True,
    uniqueness=Uniqueness.SERVER,
    max_length=NAME_LENGTH,
)
_GROUPS = Attribute(
    "groups",
    "The groups of the user. Change them at the groups.",
    Type.COMPLEX,
    multi_valued=True,
    mutability=_READ_ONLY,
    sub_attributes=_MEMBERSHIP_PARTS,
)


def _link(name: str, description: str) -> Attribute:
    return Attribute(
        name, description, Type.REFERENCE, reference_types=("external",), case_exact=True
    )


ENTERPRISE = Schema(
    ENTERPRISE_USER,
    "EnterpriseUser",
    "What an employer adds to a user.",
    (
        _name("employeeNumber", "The number the employer gave."),
        _name("costCenter", "The cost center."),
        _name("organization", "The organization."),
        _name("division", "The division."),
        _name("department", "The department."),
        _complex("manager", "The user's manager.", *_MANAGER_PARTS),
    ),
)


def extending(schema: Schema) -> Attribute:
    """A schema as the one attribute that it is within the resources it extends."""
    return Attribute(schema.id, schema.description, Type.COMPLEX, sub_attributes=schema.attributes)


EXTENSION = extending(ENTERPRISE)

USER = Schema(
    CORE_USER,
    "User",
    "A user account.",
    (
        _USER_NAME,
        _complex("name", "The parts of the user's name.", *_NAME_PARTS),
        _name("displayName", "The name to show for the user."),
        _name("nickName", "What the user is casually called."),
        _link("profileUrl", "A page about the user."),
        _name("title", "The user's title, such as Vice President."),
        _name("userType", "What the user is to the organization."),
        _name("preferredLanguage", "The language the user prefers."),
        _name("locale", "Where the user is, for formats."),
        _name("timezone", "The user's time zone."),
        Attribute("active", "Whether the user may use the application.", Type.BOOLEAN),
        _PASSWORD,
        _plural(
            "emails",
            "E-mail addresses.",
            Attribute("value", "An e-mail address.", max_length=EMAIL_LENGTH),
            *("work", "home", "other"),
        ),
        _plural(
            "phoneNumbers",
            "Telephone numbers.",
            Attribute("value", "A telephone number."),
            *("work", "home", "mobile", "fax", "pager", "other"),
        ),
        _plural(
            "ims",
            "Instant messaging addresses.",
            Attribute("value", "An instant messaging address."),
            *("aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"),
        ),
        _plural("photos", "Pictures.", _link("value", "A picture."), "photo", "thumbnail"),
        Attribute(
            "addresses",
            "Postal addresses.",
            Type.COMPLEX,
            multi_valued=True,
            sub_attributes=_ADDRESS_PARTS,
        ),
        _GROUPS,
        _plural("entitlements", "Things the user has.", Attribute("value", "An entitlement.")),
        _plural("roles", "Who the user is.", Attribute("value", "A role.")),
        _plural(
            "x509Certificates",
            "Certificates of the user.",
            Attribute("value", "A certificate.", Type.BINARY, case_exact=True),
        ),
    ),
    (EXTENSION,),
)

GROUP = Schema(
    CORE_GROUP,
    "Group",
    "A group of users.",
    (
        _name("displayName", "The name of the group.", required=True),
        Attribute(
            "members",
            "The members of the group.",
            Type.COMPLEX,
            multi_valued=True,
            sub_attributes=_MEMBER_PARTS,
        ),
    ),
)

# Those that every resource has without a schema saying so (RFC 7643 §3.1).
COMMON = (
    Attribute("id", "Our id.", case_exact=True, mutability=_READ_ONLY, returned=Returned.ALWAYS),
    Attribute("externalId", "The provider's id.", case_exact=True, max_length=NAME_LENGTH),
    Attribute(
        "meta",
        "About the resource.",
        Type.COMPLEX,
        mutability=_READ_ONLY,
        sub_attributes=tuple(
            Attribute(name, "About the resource.", mutability=_READ_ONLY)
            for name in ("resourceType", "created", "lastModified", "location", "version")
        ),
    ),
    Attribute("schemas", "What it is made of.", Type.REFERENCE, multi_valued=True),
)


def core(schema: Schema, name: str) -> Attribute | None:
    """An attribute that stands at the top of a resource, in any spelling."""
    return schema.attribute(name) or find(COMMON, name)
