"""Secrets at rest: AES-256-GCM, bound to the row they belong to, with keys that rotate."""

import base64
import hashlib
import secrets
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE = 12
KEY_ID = 4


class CannotOpen(Exception):
    """None of the master keys opens this secret, or it was moved from another row."""


class Vault:
    """Seals with the first master key, opens with any."""

    def __init__(self, master_keys: list[str]) -> None:
        self._keys = {_key_id(raw): AESGCM(raw) for raw in map(_derive, master_keys)}
        self._first = _key_id(_derive(master_keys[0]))

    def seal(self, secret: dict[str, Any], owner: str) -> bytes:
        """Encrypt. `owner` is the row's public id; a sealed text opens for that row only."""
        nonce = secrets.token_bytes(NONCE)
        body = self._keys[self._first].encrypt(nonce, msgspec.json.encode(secret), owner.encode())
        return self._first + nonce + body

    def open(self, sealed: bytes | None, owner: str) -> dict[str, Any]:
        """Decrypt. Raises CannotOpen."""
        if sealed is None:
            return {}
        sealed = bytes(sealed)
        key = self._keys.get(sealed[:KEY_ID])
        if key is None:
            raise CannotOpen("This secret was sealed with a master key that is not configured.")
        nonce, body = sealed[KEY_ID : KEY_ID + NONCE], sealed[KEY_ID + NONCE :]
        try:
            opened: dict[str, Any] = msgspec.json.decode(key.decrypt(nonce, body, owner.encode()))
        except InvalidTag as trouble:
            raise CannotOpen("This secret does not belong to its row, or was damaged.") from trouble
        return opened


def new_master_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def new_token(prefix: str) -> str:
    """A bearer token of 256 bits, with a prefix that says what it is for."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"


def hashed(token: str) -> str:
    """How a token is kept. It is random and long, so one plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def _derive(master_key: str) -> bytes:
    return hashlib.blake2b(
        master_key.strip().encode(), digest_size=32, person=b"trueup-vault"
    ).digest()


def _key_id(raw: bytes) -> bytes:
    return hashlib.blake2b(raw, digest_size=KEY_ID, person=b"trueup-keyid").digest()
