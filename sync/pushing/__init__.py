"""What an identity provider pushes."""
