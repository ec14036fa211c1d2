"""Which externalIds the users, or the groups, of the model have and had."""

from collections.abc import Container
from dataclasses import dataclass, field


@dataclass
class Called:
    """House rule: who had an externalId alone, and nobody has it now, can be removed by it."""

    keeps_former: bool
    """A new one does not end the one before."""
    now: dict[str, str] = field(default_factory=dict)
    """Whom each names."""
    once: dict[str, set[str]] = field(default_factory=dict)

    def note(self, key: str, external: str | None) -> None:
        if not external:
            return
        ended = [] if self.keeps_former else [v for v, k in self.now.items() if k == key]
        for value in {*ended, external} - ({external} if self.now.get(external) == key else set()):
            if value in self.now:
                self.once.setdefault(value, set()).add(self.now.pop(value))
        self.now[external] = key

    def former(self, value: str, there: Container[str]) -> tuple[set[str], bool]:
        """Who is there and had it, and whether it cannot be told who was meant."""
        owner = self.now.get(value)
        had = self.once.get(value, set()) | ({owner} if owner else set())
        found = {one for one in had if one in there}
        return found, len(found) > 1 or (owner is not None and owner not in there)
