"""How the marks and covers of a row are heard: one testimony a fact.

Only channels that the connection has testify. What another said once stays written down, and
counts again should the channel be switched on again.
"""

from typing import Any

from models.evidence import NO_COVER, SILENT, Cover, Marks, No, Testimony, Word, Yes, hear

CHANNELS = """c.push AS has_push, c.pull IS NOT NULL AS has_pull, c.login IS NOT NULL AS has_login,
        c.pull_cover_yes, c.pull_cover_no, c.pull_read_no"""
"""What every row must carry of its connection `c` to be heard."""


def is_led(group: str, user: str) -> str:
    """Whether a group inside brings the user along, as push says. Of two expressions in SQL."""
    return f"""EXISTS (SELECT 1 FROM nestings n
            JOIN memberships x ON x.group_id = n.child_id AND x.user_id = {user}
            WHERE n.parent_id = {group} AND n.push_yes > 0 AND n.push_yes >= n.push_no
                AND x.push_yes > 0 AND x.push_yes >= x.push_no)"""


def exists(row: Any) -> Testimony:
    """Of a row of users or groups."""
    return _of_channels(
        row,
        push=hear(Marks(row.push_yes, row.push_no)),
        pull=_listed(row),
        login=hear(Marks(row.login_yes)),
    )


def active(row: Any, exists: Testimony) -> Testimony:
    """Of a row of users, of whom the channels tell this."""
    pull = hear(Marks(row.pull_active_yes, row.pull_active_no))
    return _of_channels(
        row,
        push=hear(Marks(row.push_active_yes, row.push_active_no)),
        pull=_as_listed(pull, exists.pull),
        login=SILENT,
    )


def member(row: Any) -> Testimony:
    """Of a row of memberships, with the covers of its group and of its user.

    A directory lists direct members. Its no about somebody whom a pushed group brings along says
    that this one is not direct, and nothing of that way.
    """
    read = read_cover(row) if row.group_covered and row.user_pull_known else NO_COVER
    point = _at(row.user_pull_cover if row.group_pull_known else 0)
    pull = hear(Marks(row.pull_yes, row.pull_no), read, point)
    return _of_channels(
        row,
        push=hear(Marks(row.push_yes, row.push_no), _at(row.push_cover)),
        pull=SILENT if row.is_led and isinstance(pull, No) else pull,
        login=hear(
            Marks(row.login_yes, row.login_no), _at(row.login_cover if row.login_known else 0)
        ),
    )


def read_cover(row: Any) -> Cover:
    """Of the newest full read of the connection, or of the rounds that carried it on."""
    return Cover(
        row.pull_cover_yes, row.pull_cover_no, read_no=row.pull_read_no or row.pull_cover_no
    )


def _listed(row: Any) -> Word:
    cover = read_cover(row) if row.pull_known else NO_COVER
    return hear(Marks(row.pull_yes, row.pull_no), cover)


def _at(moment: int) -> Cover:
    return Cover(moment, moment)


def _of_channels(row: Any, *, push: Word, pull: Word, login: Word) -> Testimony:
    return Testimony(
        push=push if row.has_push else SILENT,
        pull=pull if row.has_pull else SILENT,
        login=login if row.has_login else SILENT,
    )


def _as_listed(word: Word, listed: Word) -> Word:
    """What a read says of a user's state is as fresh as its listing of the user."""
    if not isinstance(listed, Yes):
        return word
    match word:
        case Yes(as_of, since, after):
            return Yes(max(as_of, listed.as_of), since, after)
        case No(as_of, since):
            return No(max(as_of, listed.as_of), since, is_confirmed=True, after=word.after)
        case _:
            return SILENT
