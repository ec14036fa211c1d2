"""The nouns of the API as lists: what a row shows, and what it may be filtered and sorted by."""
