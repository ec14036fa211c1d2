"""What a directory lists when it is read."""
