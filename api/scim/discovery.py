"""What the service says of itself: its options, resource types and schemas (RFC 7644 §4).

Each answer is a plain body; the addresses in it start with the `base_url` of the connection,
such as `https://host/scim/v2/{connection_id}`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from api.scim.attributes import Attribute, Schema, Type
from api.scim.schema import ENTERPRISE, GROUP, USER
from api.scim.service_schemas import (
    RESOURCE_TYPE,
    SCHEMA,
    SERVICE_PROVIDER_CONFIG,
    SERVICE_SCHEMAS,
)

Body = dict[str, object]


@dataclass(frozen=True, slots=True)
class Declared:
    """What an administrator declared for a connection, by what it extends."""

    users: Sequence[Schema] = ()
    groups: Sequence[Schema] = ()


NOTHING = Declared()

MAX_RESULTS = 200
DEFAULT_RESULTS = 100
CURSOR_TIMEOUT = 3600
"""For how long a cursor is good, in seconds."""
MAX_OPERATIONS = 1000
MAX_PAYLOAD = 1_048_576
BEARER = {
    "type": "oauthbearertoken",
    "name": "OAuth Bearer Token",
    "description": "A token of this connection in the Authorization header.",
    "specUri": "https://www.rfc-editor.org/info/rfc6750",
    "primary": True,
}


def service_provider_config(base_url: str) -> Body:
    """RFC 7643 §5 and RFC 9865 §4."""
    return {
        "schemas": [SERVICE_PROVIDER_CONFIG],
        "patch": {"supported": True},
        "bulk": {
            "supported": True,
            "maxOperations": MAX_OPERATIONS,
            "maxPayloadSize": MAX_PAYLOAD,
        },
        "filter": {"supported": True, "maxResults": MAX_RESULTS},
        "changePassword": {"supported": False},
        "sort": {"supported": True},
        "etag": {"supported": True},
        "pagination": {
            "cursor": True,
            "index": True,
            "defaultPaginationMethod": "index",
            "defaultPageSize": DEFAULT_RESULTS,
            "maxPageSize": MAX_RESULTS,
            "cursorTimeout": CURSOR_TIMEOUT,
        },
        "authenticationSchemes": [BEARER],
        "meta": _meta(base_url, "ServiceProviderConfig"),
    }


def resource_types(base_url: str, declared: Declared = NOTHING) -> dict[str, Body]:
    """RFC 7643 §6, by id. `declared` are the extensions that a connection has."""
    return {
        "User": _resource_type(base_url, USER, "/Users", ENTERPRISE, *declared.users),
        "Group": _resource_type(base_url, GROUP, "/Groups", *declared.groups),
    }


def schemas(base_url: str, declared: Declared = NOTHING) -> dict[str, Body]:
    """RFC 7643 §7, by id. `declared` are the extensions that a connection has."""
    extensions = (*declared.users, *declared.groups)
    return {
        schema.id: {
            "schemas": [SCHEMA],
            "id": schema.id,
            "name": schema.name,
            "description": schema.description,
            "attributes": [_attribute(each) for each in schema.attributes],
            "meta": _meta(base_url, "Schema", schema.id),
        }
        for schema in (USER, ENTERPRISE, GROUP, *extensions, *SERVICE_SCHEMAS)
    }


def _resource_type(base_url: str, schema: Schema, endpoint: str, *extensions: Schema) -> Body:
    return {
        "schemas": [RESOURCE_TYPE],
        "id": schema.name,
        "name": schema.name,
        "description": schema.description,
        "endpoint": endpoint,
        "schema": schema.id,
        "schemaExtensions": [{"schema": one.id, "required": False} for one in extensions],
        "meta": _meta(base_url, "ResourceType", schema.name),
    }


def _meta(base_url: str, kind: str, key: str | None = None) -> Body:
    folder = kind if key is None else f"{kind}s/{key}"
    return {"resourceType": kind, "location": f"{base_url}/{folder}"}


def _attribute(attribute: Attribute) -> Body:
    body: Body = {
        "name": attribute.name,
        "type": str(attribute.type),
        "multiValued": attribute.multi_valued,
        "description": attribute.description,
        "required": attribute.required,
        "caseExact": attribute.case_exact,
        "mutability": str(attribute.mutability),
        "returned": str(attribute.returned),
        "uniqueness": str(attribute.uniqueness),
    }
    if attribute.canonical_values:
        body["canonicalValues"] = list(attribute.canonical_values)
    if attribute.type is Type.REFERENCE:
        body["referenceTypes"] = list(attribute.reference_types)
    if attribute.sub_attributes:
        body["subAttributes"] = [_attribute(each) for each in attribute.sub_attributes]
    return body
