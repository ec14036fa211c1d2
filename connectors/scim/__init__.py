"""An application that takes users and groups over SCIM 2.0 (RFC 7643, RFC 7644)."""

from connectors.scim.settings import ScimSettings
from connectors.scim.target import ScimTarget

__all__ = ["ScimSettings", "ScimTarget"]
