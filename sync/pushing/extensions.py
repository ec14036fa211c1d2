"""Which attributes of declared extensions describe a user to the targets."""

from collections.abc import Mapping
from functools import lru_cache

from models.store.database import loads
from sync.pushing.pushed import Place


@lru_cache(maxsize=256)
def mapping(extensions: str) -> Mapping[str, Place]:
    """A core attribute, and where its value is taken from. From the setting as it is kept."""
    return {
        attribute["gives"]: (schema["schema"], attribute["name"])
        for schema in loads(extensions or "[]")
        for attribute in schema["attributes"]
        if attribute.get("gives")
    }
