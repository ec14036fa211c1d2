"""The story of the demo: an ordinary week of an organization, in half a minute."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from api.demo.people import Person, Team
from api.demo.provider import Provider
from api.demo.stage import Stage, StoryFailed

CONNECTION = "/connections/acme~idp"
CLIENT = "demo-app"
Tell = Callable[[str, str], None]


@dataclass
class Story:
    """Each chapter does something to the daemon and tells what came of it."""

    stage: Stage
    tell: Tell
    provider: Provider

    @property
    def everyone(self) -> list[Person]:
        return list(self.stage.directory.people.values())

    def team(self, name: str) -> Team:
        return next(one for one in self.stage.directory.teams.values() if one.name == name)

    def play(self) -> None:
        self.push()
        self.nightly_read()
        self.logins()
        self.removed_group()
        self.mass_removal()
        self.broken_read()

    def push(self) -> None:
        people, teams = self.everyone, list(self.stage.directory.teams.values())
        self.provider.push_people(people)
        self.tell("push", f"The provider pushes {len(people)} people by SCIM.")
        self.provider.push_teams(teams, self.stage.directory.people)
        total = sum(len(team.members) for team in teams)
        seconds = self.stage.wait(
            "Everything pushed reaching the application",
            lambda: sum(self.stage.application.members(team.name) for team in teams) == total,
        )
        self.tell(
            "push",
            f"{len(teams)} groups with {total} memberships follow; the application holds "
            f"them all {seconds:.1f} s later.",
        )

    def nightly_read(self) -> None:
        """The directory differs: in two additions, one removal, an address, and one leaver."""
        people, directory = self.everyone, self.stage.directory
        self.team("Legal").members |= {people[150].id, people[151].id}
        dropped = people[int(sorted(self.team("Sales").members)[0][3:])]
        self.team("Sales").members.discard(dropped.id)
        directory.renamed[people[7].id] = f"{people[7].first}.new@acme.example".lower()
        leaver = people[199]
        del directory.people[leaver.id]
        for team in directory.teams.values():
            team.members.discard(leaver.id)
        self.read("complete")
        self.tell("pull", "A nightly read: two memberships the push missed are granted at once.")
        if not self.stage.application.is_active(leaver.user_name):
            raise StoryFailed("One read that did not list a person removed that person.")
        name = leaver.user_name
        self.tell("pull", f"{name} is missing from it: held, for one read proves little.")
        self.read("complete")
        self.stage.wait(
            "Disabling the leaver",
            lambda: not self.stage.application.is_active(leaver.user_name),
        )
        self.tell("pull", "A second complete read confirms it: disabled at the application.")

    def logins(self) -> None:
        eager, late, lost, vague = self.everyone[30:34]
        self.team("On call").members.add(eager.id)
        time.sleep(1.1)  # tokens are dated to the second, and the last read is a moment old
        self.provider.sign_in(eager, [*self.groups_of(eager)])
        seconds = self.stage.wait(
            "Access by a point read",
            lambda: self.stage.application.holds(eager.user_name, "On call"),
        )
        self.tell(
            "login",
            f"{eager.user_name} was put on call a moment ago and signs in: the token hints, the "
            f"directory is asked, access follows within {max(seconds, 0.01):.2f} s.",
        )
        self.provider.sign_in(late, [*self.groups_of(late), "Administrators"], hours_ago=6)
        if self.stage.application.holds(late.user_name, "Administrators"):
            raise StoryFailed("A token of this morning brought back what was removed since.")
        self.tell("login", f"A session of this morning says {late.user_name} is Administrator: no.")
        self.provider.sign_in(lost, None)
        self.provider.sign_in(vague, None, _claim_names={"groups": "src1"}, _claim_sources={})
        self.tell("login", "Two tokens without usable groups: diagnosed, and nothing removed.")

    def removed_group(self) -> None:
        """Other products bring it back with the next request of an old session."""
        name, member = "Beta testers", self.everyone[160]
        self.team(name).members.add(member.id)
        group = self.found("/groups", f'name eq "{name}"')
        self.stage.api("POST", f"/groups/{group['id']}/remove")
        self.stage.wait("Removing the group", lambda: self.stage.application.members(name) == 0)
        self.provider.sign_in(member, self.groups_of(member), hours_ago=3)
        time.sleep(1.1)
        self.provider.sign_in(member, self.groups_of(member))
        if self.stage.application.members(name):
            raise StoryFailed("A removed group came back by a token.")
        self.tell(
            "admin",
            f"An administrator removes “{name}”. An old session and a new one both name it: it "
            "stays removed, and the report says that it is still being sent.",
        )

    def broken_read(self) -> None:
        self.stage.directory.dies_on_page = 2
        run = self.read("incomplete")
        self.stage.directory.dies_on_page = 0
        self.tell("pull", f"A read dies on page two. Nothing is removed. {run['problem'][:100]}")

    def mass_removal(self) -> None:
        """Somebody empties a group of two hundred by mistake."""
        name = "Everyone at Acme"
        before = self.stage.application.members(name)
        kept = self.team(name).members
        self.team(name).members = set(sorted(kept)[:20])
        self.read("complete")
        holds = self.stage.api("GET", "/holds?filter=state%20eq%20%22open%22")["items"]
        if not holds or self.stage.application.members(name) != before:
            raise StoryFailed("The guard did not hold a mass removal.")
        self.tell(
            "guard",
            f"The directory drops {len(kept) - 20} people from “{name}”: held for approval, and "
            "the application is unchanged.",
        )

    def read(self, state: str) -> dict[str, Any]:
        """A full read on demand, and the reconciliation that follows it."""
        run: dict[str, Any] = self.stage.api("POST", f"{CONNECTION}/pull?wait=60")
        if run["state"] != state:
            raise StoryFailed(f"The read is {run['state']} instead of {state}: {run['problem']}")
        self.stage.api("POST", f"{CONNECTION}/reconcile?wait=60")
        return run

    def groups_of(self, person: Person) -> list[str]:
        teams = self.stage.directory.teams.values()
        return [team.name for team in teams if person.id in team.members]

    def found(self, path: str, wanted: str) -> dict[str, Any]:
        found = self.stage.api("GET", f"{path}?filter={quoted(wanted)}")["items"]
        if not found:
            raise StoryFailed(f"Nothing at {path} has {wanted}.")
        first: dict[str, Any] = found[0]
        return first


def quoted(text: str) -> str:
    """For a query string."""
    return text.replace(" ", "%20").replace('"', "%22")


def prepare(stage: Stage) -> Provider:
    """What an administrator sets up: an organization, two connections, a target."""
    acme = {"slug": "acme", "name": "Acme", "domains": ["acme.example"]}
    stage.api("POST", "/organizations", acme)
    made = stage.api("POST", "/connections", _idp(stage.played))
    stage.api("POST", "/connections", _portal(stage.played))
    stage.api("POST", "/targets", _app(stage.played))
    return Provider(stage, made["scim"]["base_url"], made["scim"]["token"], CLIENT)


def _idp(played: str) -> dict[str, Any]:
    """All three channels."""
    directory = {"kind": "okta", "org_url": played, "token": "demo-directory-token"}
    return {
        "organization": "acme",
        "slug": "idp",
        "provider": "okta",
        "push": True,
        "pull": {**directory, "scope": "all"},
        "login": _login(played),
        "policy": {"lag": 0},
    }


def _portal(played: str) -> dict[str, Any]:
    """Logins only, so that tokens decide."""
    return {
        "organization": "acme",
        "slug": "portal",
        "provider": "generic",
        "push": False,
        "login": _login(played),
    }


def _login(played: str) -> dict[str, Any]:
    return {
        "protocol": "oidc",
        "issuer": played,
        "client_id": CLIENT,
        "groups_claim": "groups",
    }


def _app(played: str) -> dict[str, Any]:
    return {
        "organization": "acme",
        "slug": "app",
        "kind": "scim",
        "url": f"{played}/scim/v2",
        "auth": {"type": "bearer", "token": "demo-application-token"},
        "connections": ["idp"],
        "guard": {"floor": 10, "share": 0.05},
    }
