"""How each side of a disagreement is put into words. Pure."""

from models.evidence import Channel, No, Silent, Word, Yes
from models.findings import Evidence
from models.instant import to_text


def said(channel: Channel, word: Word) -> Evidence:
    """What a channel says of one fact."""
    match word:
        case Yes(as_of, since):
            why = f"First said {to_text(since)}."
            return Evidence(channel=channel, says="yes", as_of=as_of, why=why)
        case No(as_of, since):
            why = f"First said {to_text(since)}." if since else "It has never listed it."
            return Evidence(channel=channel, says="no", as_of=as_of, why=why)
        case Silent():
            return Evidence(channel=channel, says="silent", why="It has not spoken of this.")


def shown(value: str | None) -> str:
    return f"“{value}”" if value else "empty"
