"""Polis (npm's @boxyhq/saml-jackson), of which the directory sync is asked, on PostgreSQL."""
