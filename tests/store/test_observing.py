"""A target is compared page by page, while everything else goes on."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from connectors.base import ObservedPart, ObserveEnded, RemoteUser
from connectors.errors import Transient
from connectors.memory import MemoryTarget
from tests.playground import EVERY_STORE, Playground, fresh, playground

every_store = pytest.mark.parametrize("kind", EVERY_STORE)


class Paged(MemoryTarget):
    """Tells one object a page, as it is when it is told."""

    between: Callable[[], None] = staticmethod(lambda: None)

    def observe(self) -> Iterator[ObservedPart]:
        for user in list(self.users.values()):
            yield [user]
            self.between()
        for group in list(self.groups.values()):
            yield [group]
            self.between()
        yield ObserveEnded()


class Broken(Paged):
    """Its listing breaks off after so many pages, saying so or not."""

    pages: int = 99
    trouble: Exception | None = None

    def observe(self) -> Iterator[ObservedPart]:
        for number, part in enumerate(super().observe()):
            if number == self.pages:
                if self.trouble is not None:
                    raise self.trouble
                return
            yield part


def settled(kind: str, app: MemoryTarget) -> Playground:
    """Ada, Bob and Cy are in ops, by push, and at the application."""
    play = playground(fresh(kind), app, pull=False)
    for name in ("ada", "bob", "cy"):
        play.push_user(name)
    play.push_group("ops", "ada", "bob", "cy")
    play.settle()
    assert play.in_app("ops") == {"ada", "bob", "cy"}
    return play


@every_store
def test_a_push_is_answered_while_a_target_is_read(kind: str) -> None:
    app = Paged()
    play = settled(kind, app)
    names = iter(("dee", "eve", "fay", "gus"))
    app.between = lambda: void(play.push_user(next(names)))
    play.reconcile()
    assert play.find("gus") is not None


def void(_: object) -> None:
    """What a callback that answers nothing answers."""


@every_store
def test_what_was_done_while_a_target_is_read_counts_as_neither_missing_nor_drifted(
    kind: str,
) -> None:
    app = Paged()
    play = settled(kind, app)
    turns = iter(
        (
            lambda: void(play.push_user("dee")),
            lambda: play.push_add("ops", "dee"),
            lambda: play.push_remove("ops", "ada"),
            lambda: None,
        )
    )

    def between() -> None:
        next(turns, lambda: None)()
        play.deliver()

    app.between = between
    play.reconcile()
    assert play.findings() == set()
    play.settle()
    assert play.in_app("ops") == {"bob", "cy", "dee"}


@every_store
@pytest.mark.parametrize("trouble", [None, Transient("The peer went away.")], ids=["end", "error"])
def test_a_listing_that_breaks_off_makes_nobody_missing(
    kind: str, trouble: Exception | None
) -> None:
    app = Broken()
    play = settled(kind, app)
    before = play.bound()
    app.pages, app.trouble = 2, trouble
    play.reconcile()
    assert play.bound() == before
    assert "missing_at_target" not in play.findings()


@every_store
def test_what_a_listing_told_before_it_broke_off_is_believed(kind: str) -> None:
    app = Broken()
    play = settled(kind, app)
    first = next(iter(app.users.values()))
    app.users[first.remote_id] = replace(first, last_name="Changed")
    app.pages = 1
    play.reconcile()
    assert "attribute_drift" in play.findings()
    assert play.actions("ready") == ["update_user"]


@every_store
def test_who_is_not_listed_until_the_end_is_missing(kind: str) -> None:
    app = Paged()
    play = settled(kind, app)
    gone = next(one for one in app.users.values() if one.user_name.startswith("cy"))
    del app.users[gone.remote_id]
    play.reconcile()
    assert "missing_at_target" in play.findings()
    assert gone.remote_id not in play.bound()["users"].values()


@every_store
def test_a_rehearsal_looks_at_every_page_and_believes_nothing(kind: str) -> None:
    app = Paged()
    play = settled(kind, app)
    del app.users[next(iter(app.users))]
    before = play.bound()
    plan = play.reconciliation.rehearse()
    assert [one["operation"] for one in plan["operations"]] == ["create_user", "add_member"]
    assert play.bound() == before


class Counted(RemoteUser):
    """One that knows how many there are."""

    alive = 0

    def __init__(self, name: str) -> None:
        super().__init__(remote_id=name, external_id=None, user_name=name)
        Counted.alive += 1

    def __del__(self) -> None:
        Counted.alive -= 1


@every_store
def test_pages_are_let_go_of_as_they_were_compared(kind: str) -> None:
    most = 0

    class Telling(Paged):
        def observe(self) -> Iterator[ObservedPart]:
            nonlocal most
            for number in range(50):
                yield [Counted(f"stranger{number}")]
                most = max(most, Counted.alive)
            yield ObserveEnded()

    playground(fresh(kind), Telling(), pull=False).reconcile()
    assert 0 < most <= 3
