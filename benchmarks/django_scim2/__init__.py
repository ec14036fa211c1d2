"""django-scim2 on PostgreSQL."""
