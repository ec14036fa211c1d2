"""Text without regard to case or to the form of accents."""

import unicodedata


def fold(text: str) -> str:
    """`models.store.folding` has databases do the same."""
    return unicodedata.normalize("NFC", text).casefold()
