"""What a verified login says."""
