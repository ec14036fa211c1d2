"""What may never be seen at a target, whatever happened before."""

from dataclasses import dataclass, field

from models.actions import (
    AddMembers,
    CreateUser,
    DeactivateUser,
    DeleteGroup,
    DeleteUser,
    RemoveMembers,
)
from models.instant import DAY
from models.store import outbox
from tests.model.engine import HOLD, NO, YES, Fact
from tests.model.recording import Recording
from tests.playground import Playground
from tests.store.crashing import Done, WatchedTarget
from tests.store.histories import PEOPLE, TEAMS, access

FOREIGN_USER, FOREIGN_GROUP = "eve", "pay"


@dataclass
class Checks:
    play: Playground
    app: WatchedTarget
    recording: Recording
    approved: set[str] = field(default_factory=set)
    """Fingerprints that were on a hold when it was approved."""

    # -- what was done ----------------------------------------------------------------------------

    def what_was_done(self) -> None:
        """Every operation since the last look has its reason in what was heard."""
        done, self.app.done = self.app.done, []
        for one in done:
            self._has_a_reason(one)

    def _has_a_reason(self, one: Done) -> None:
        name = one.name.partition("@")[0].casefold()
        if not name:
            return  # it was gone already: done a second time
        match one.operation:
            case DeactivateUser():
                assert NO in (self._exists(name), self._active(name)), f"wrongly disabled: {one}"
            case DeleteUser():
                assert self._exists(name) == NO, f"wrongly deleted: {one}"
            case DeleteGroup():
                assert self._group(name) == NO, f"wrongly deleted: {one}"
            case CreateUser(profile=profile) if profile.active:
                assert self._exists(name) == YES, f"came back: {one}"
            case AddMembers():
                for member in one.members:
                    assert self._member(member, name) == YES, f"came back: {one}"
            case RemoveMembers():
                for member in one.members:
                    assert self._member(member, name) == NO, f"wrongly removed: {one}"
            case _:
                pass

    def _said(self, fact: Fact) -> str:
        """Of the crew, whom no check names, everything is believed."""
        return self.recording.world.verdict(fact, self.play.clock.at)

    def _exists(self, name: str) -> str:
        return self._said(Fact("exists", name))

    def _active(self, name: str) -> str:
        return self._said(Fact("active", name))

    def _group(self, group: str) -> str:
        return self._said(Fact("group", group=group))

    def _member(self, user_name: str, group: str) -> str:
        return self._said(Fact("member", user_name.partition("@")[0], group))

    # -- the guard --------------------------------------------------------------------------------

    def no_day_had_too_many(self, floor: int) -> None:
        """In no 24 hours more than the budget; what drew on none was approved by name."""
        with self.play.database.read() as tx:
            rows = tx.rows(
                "SELECT draws_on, drawn_at, fingerprint FROM actions "
                "WHERE draws_on IS NOT NULL AND state = 'done' ORDER BY drawn_at"
            )
        free = {row.fingerprint for row in rows if row.drawn_at is None}
        assert free <= self.approved
        for row in rows:
            if row.drawn_at is None:
                continue
            day = [
                one
                for one in rows
                if one.draws_on == row.draws_on
                and one.drawn_at is not None
                and 0 <= one.drawn_at - row.drawn_at < DAY
            ]
            times = 5 if row.draws_on.endswith("_explicit") else 1
            assert len(day) <= times * floor, f"{len(day)} removals of {row.draws_on} in a day"

    # -- rest -------------------------------------------------------------------------------------

    def nothing_is_left_to_do(self) -> None:
        """A second reconciliation wants only what was stopped, and the target is as decided."""
        self.what_was_done()
        with self.play.database.read() as tx:
            stopped = outbox.stopped(tx, self.play.target)
        wanted = {one["fingerprint"] for one in self.play.reconcile()["operations"]}
        assert wanted <= stopped
        self.play.deliver()
        assert self.app.done == []
        held = access(self.app)
        for name in PEOPLE:
            self._user_is_as_decided(name, held, is_stopped=bool(stopped))
        for name in PEOPLE:
            for group in TEAMS:
                self._member_is_as_decided(name, group, held, is_stopped=bool(stopped))

    def _user_is_as_decided(
        self, name: str, held: set[tuple[str, str]], *, is_stopped: bool
    ) -> None:
        signs_in = ("signs in", f"{name}@acme.example") in held
        if name == FOREIGN_USER:
            return
        if self._exists(name) == YES and self._active(name) == YES:
            assert signs_in, f"{name} should be able to sign in"
        if NO in (self._exists(name), self._active(name)) and not is_stopped:
            assert not signs_in or HOLD in (self._exists(name), self._active(name)), name

    def _member_is_as_decided(
        self, name: str, group: str, held: set[tuple[str, str]], *, is_stopped: bool
    ) -> None:
        if name == FOREIGN_USER or group == FOREIGN_GROUP:
            return
        is_inside = (group, f"{name}@acme.example") in held
        verdict = self._said(Fact("member", name, group))
        there = {self._exists(name), self._active(name), self._group(group)} == {YES}
        if verdict == YES and there:
            assert is_inside, f"{name} should be in {group}"
        if verdict == NO and not is_stopped:
            assert not is_inside, f"{name} should not be in {group}"
