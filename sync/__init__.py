"""What should be done about what is known."""
