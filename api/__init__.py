"""What others may ask, through any door."""
