"""What a channel is heard to say, and how words are merged into marks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.evidence import (
    NO_COVER,
    SILENT,
    Channel,
    Cover,
    Marks,
    No,
    Word,
    Yes,
    hear,
    meet,
)
from models.evidence import Testimony as Said

instants = st.integers(0, 12)
marks = st.builds(Marks, instants, instants)
READ = Cover(yes_as_of=50, no_as_of=45, read_no=45)
"""A complete read begun at 50, of a directory whose lists are 5 behind."""


@given(marks, marks, marks)
def test_joining_marks_is_associative(one: Marks, two: Marks, three: Marks) -> None:
    assert one.join(two).join(three) == one.join(two.join(three))


@given(marks, marks)
def test_joining_marks_is_commutative(one: Marks, two: Marks) -> None:
    assert one.join(two) == two.join(one)


@given(marks, marks)
def test_joining_marks_is_idempotent_and_only_raises_them(one: Marks, two: Marks) -> None:
    joined = one.join(two)
    assert joined.join(two) == joined
    assert joined.yes >= one.yes and joined.no >= one.no


HEARD = {
    "nothing was ever said": (Marks(), NO_COVER, SILENT),
    "a yes": (Marks(yes=10), NO_COVER, Yes(10, since=10)),
    "a no": (Marks(no=10), NO_COVER, No(10, since=10)),
    "a yes after a no": (Marks(yes=20, no=10), NO_COVER, Yes(20, since=20)),
    "a no after a yes": (Marks(yes=10, no=20), NO_COVER, No(20, since=20)),
    "yes and no at one instant keep access": (Marks(yes=10, no=10), NO_COVER, Yes(10, since=10)),
    "a complete read that did not list what was denied before confirms it": (
        Marks(yes=10, no=20),
        READ,
        No(45, since=20),
    ),
    "a read freshens what it listed": (Marks(yes=10), READ, Yes(50, since=10)),
    "a read freshens what was denied by an earlier read and listed since": (
        Marks(yes=30, no=20),
        READ,
        Yes(50, since=30),
    ),
    "a read does not freshen what it denied, though a word in the lag saved it": (
        Marks(yes=47, no=45),
        READ,
        Yes(47, since=47),
    ),
    "a yes after the read is as of itself": (Marks(yes=60), READ, Yes(60, since=60)),
    "one read that did not list it is not confirmed": (
        Marks(yes=10, no=45),
        READ,
        No(45, since=45, is_confirmed=False),
    ),
    "a second read later confirms the first": (
        Marks(yes=10, no=45),
        Cover(yes_as_of=90, no_as_of=85, read_no=85),
        No(85, since=45),
    ),
    "a word of its own needs no confirmation": (Marks(yes=10, no=60), READ, No(60, since=60)),
    "what was never listed is denied by a read, not yet confirmed": (
        Marks(),
        READ,
        No(45, since=0, is_confirmed=False),
    ),
}


@pytest.mark.parametrize(("known", "cover", "word"), HEARD.values(), ids=HEARD.keys())
def test_a_channel_is_heard_as(known: Marks, cover: Cover, word: Word) -> None:
    assert hear(known, cover) == word


def test_a_late_yes_meets_the_no_of_the_read_that_did_not_list_it() -> None:
    met = meet(Marks(yes=10, no=45), Marks(yes=20), READ)
    assert hear(met, READ) == No(45, since=45, is_confirmed=False)


def test_a_late_yes_about_something_new_meets_the_no_of_the_read() -> None:
    assert isinstance(hear(meet(Marks(), Marks(yes=20), READ), READ), No)


def test_a_yes_said_within_the_lag_of_a_read_survives_it() -> None:
    assert hear(meet(Marks(), Marks(yes=47), READ), READ) == Yes(47, since=47)


def test_a_yes_after_the_read_stands() -> None:
    assert hear(meet(Marks(yes=10, no=45), Marks(yes=51), READ), READ) == Yes(51, since=51)


def test_a_late_no_meets_the_yes_of_the_read_that_listed_it() -> None:
    met = meet(Marks(yes=10), Marks(no=20), READ)
    assert isinstance(heard := hear(met, READ), Yes)
    assert heard.as_of == 50


def test_a_no_after_the_read_stands() -> None:
    assert hear(meet(Marks(yes=10), Marks(no=51), READ), READ) == No(51, since=51)


Story = list[tuple[bool, int]]
instants_but_that_of_the_read = st.integers(1, 12).filter(lambda at: at != 8)
stories = st.lists(st.tuples(st.booleans(), instants_but_that_of_the_read), max_size=4)


@given(story=stories, listed=st.booleans(), lag=st.integers(0, 3), data=st.data())
def test_words_older_than_a_complete_read_are_heard_alike_before_and_after_it(
    story: Story, listed: bool, lag: int, data: st.DataObject
) -> None:
    """The read is as of 8. What is as of later is told after it; the rest before it or after.

    A no within the lag hides whether the read listed a later yes: its age may then differ.
    """
    read = Cover(yes_as_of=8, no_as_of=8 - lag)

    def told(known: Marks, words: Story, cover: Cover) -> Marks:
        for is_yes, at in words:
            known = meet(known, Marks(yes=at) if is_yes else Marks(no=at), cover)
        return known

    def concluded(known: Marks) -> Marks:
        """Only what changes is written: a new yes, or the no of what is not listed."""
        is_affirmed = known.yes > 0 and known.yes >= known.no
        if is_affirmed == listed:
            return known
        return known.join(Marks(yes=8) if listed else Marks(no=read.no_as_of))

    def heard(before: Story, after: Story) -> Word:
        return hear(told(concluded(told(Marks(), before, NO_COVER)), after, read), read)

    early = [word for word in story if word[1] < 8]
    rest = [word for word in story if word[1] > 8]
    mixed = data.draw(st.permutations(early))
    cut = data.draw(st.integers(0, len(early)))
    one, other = heard(early, rest), heard(list(mixed[:cut]), [*mixed[cut:], *rest])
    assert type(one) is type(other)
    if not any(not is_yes and read.no_as_of <= at for is_yes, at in early):
        assert getattr(one, "as_of", 0) == getattr(other, "as_of", 0)


@pytest.mark.parametrize("channel", Channel)
def test_a_testimony_gives_each_channel_its_own_word(channel: Channel) -> None:
    words = {Channel.PUSH: Yes(1, 1), Channel.PULL: No(2, 2), Channel.LOGIN: SILENT}
    heard = Said(push=Yes(1, 1), pull=No(2, 2), login=SILENT)
    assert heard.of(channel) == words[channel]
