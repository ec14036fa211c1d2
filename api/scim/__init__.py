"""The SCIM 2.0 service provider (RFC 7643 and RFC 7644)."""
