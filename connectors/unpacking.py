"""A body within its limit, unpacked or not."""

import zlib
from collections.abc import Iterable, Iterator

from connectors.errors import Refused, Transient

_PACKED = frozenset({"gzip", "x-gzip", "deflate"})


def whole(pieces: Iterable[bytes], encoding: str, limit: int, *, what: str) -> bytes:
    """The body, at most `limit` bytes after unpacking.

    Raises Refused when there is more, and Transient for a packing that is unknown, damaged or
    cut short. httpx would have a small bomb unpacked in memory before anyone could look.
    """
    name = encoding.strip().lower()
    if name in _PACKED:
        pieces = _unzipped(pieces, limit, what)
    elif name not in ("", "identity"):
        raise Transient(f"{what} answered in the encoding {name[:20]!r}, which was not asked for.")
    body = bytearray()
    for piece in pieces:
        body += piece
        if len(body) > limit:
            raise Refused(f"{what} sent more than {limit} bytes.")
    return bytes(body)


def _unzipped(pieces: Iterable[bytes], limit: int, what: str) -> Iterator[bytes]:
    unzip = zlib.decompressobj(wbits=47)  # tells gzip and zlib apart by their first bytes
    empty = True
    try:
        for piece in pieces:
            empty = empty and not piece
            yield unzip.decompress(piece, limit + 1)
    except zlib.error as trouble:
        raise Transient(f"{what} sent a damaged body: {trouble}.") from trouble
    if not (empty or unzip.eof):
        raise Transient(f"{what} sent a body that ends early.")
