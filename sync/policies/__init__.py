"""What an organization wants of a connection."""
