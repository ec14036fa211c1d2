"""The people and groups of the demo. Nobody here exists."""

from dataclasses import dataclass, field
from itertools import islice, product

FIRST = (
    "Ada,Bela,Cleo,Dana,Emil,Fay,Gus,Hana,Ivo,Jana,Kai,Lea,Milo,Nora,Otto,Pia,Quin,Rosa,Sami,Tove"
)
LAST = "Abel,Brandt,Costa,Dahl,Engel,Faro,Greco,Holm,Ivanov,Jensen"
GROUPS = (
    "Everyone at Acme",
    "Engineering",
    "Platform",
    "Design",
    "Sales",
    "Support",
    "Finance",
    "Legal",
    "People team",
    "Beta testers",
    "On call",
    "Administrators",
)


@dataclass
class Person:
    """As the directory knows it. `scim_id` is what the application's side answered."""

    id: str
    first: str
    last: str
    email: str
    scim_id: str = ""

    @property
    def user_name(self) -> str:
        return f"{self.first}.{self.last}@acme.example".lower()


@dataclass
class Team:
    id: str
    name: str
    members: set[str] = field(default_factory=set)
    """Ids of people."""
    scim_id: str = ""


def people(count: int = 200) -> list[Person]:
    names = islice(product(LAST.split(","), FIRST.split(",")), count)
    return [
        Person(f"00u{index:05d}", first, last, f"{first}.{last}@acme.example".lower())
        for index, (last, first) in enumerate(names)
    ]


def teams(everyone: list[Person]) -> list[Team]:
    """The first holds everyone, the others a slice each; all of them at least twenty."""
    made = [Team(f"00g{index:05d}", name) for index, name in enumerate(GROUPS)]
    made[0].members = {person.id for person in everyone}
    for index, team in enumerate(made[1:]):
        start = index * 17
        team.members = {everyone[(start + step) % len(everyone)].id for step in range(20 + index)}
    return made
