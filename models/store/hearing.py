"""How the marks and covers of a row are heard: one testimony a fact.

Only channels that the connection has testify. What another said once stays written down, and
counts again should the channel be switched on again.
"""

from functools import lru_cache
from typing import Any

from models.evidence import NO_COVER, SILENT, Cover, No, Silent, Testimony, Word, Yes, heard
from models.instant import Instant

CHANNELS = """c.push AS has_push, c.pull IS NOT NULL AS has_pull, c.login IS NOT NULL AS has_login,
        c.pull_cover_yes, c.pull_cover_no, c.pull_read_no"""
"""What every row must carry of its connection `c` to be heard."""


_STANDS = "{0}.push_yes > 0 AND {0}.push_yes >= {0}.push_no"
_OPEN = f"""{_STANDS.format("n")}
                AND (n.pull_yes >= n.pull_no OR n.push_yes >= n.pull_no)"""


def is_led(group: str, user: str) -> str:
    """Whether a group inside brings the user along, as push says. Of two expressions in SQL,
    where `u` is the user and `c` the connection.

    A way that the directory has closed since leads nowhere: it took the group out, or does not
    list whom the provider put there.
    """
    return f"""(EXISTS (SELECT 1 FROM nestings n WHERE n.parent_id = {group}) AND EXISTS (
            WITH RECURSIVE down (id) AS (
                SELECT n.child_id FROM nestings n WHERE n.parent_id = {group} AND {_OPEN}
                UNION
                SELECT n.child_id FROM nestings n JOIN down ON n.parent_id = down.id
                WHERE {_OPEN}
            )
            SELECT 1 FROM down JOIN groups w ON w.id = down.id
            JOIN memberships x ON x.group_id = down.id AND x.user_id = {user}
            WHERE {_STANDS.format("x")} AND NOT ({_DENIED_SINCE}) AND NOT EXISTS (
                SELECT 1 FROM indirect_members o
                WHERE o.group_id = x.group_id AND o.user_id = x.user_id)))"""


_DENIED_SINCE = """(x.pull_yes = 0 OR x.pull_yes < x.pull_no) AND (x.pull_no > x.push_yes
                OR (w.pull_known AND u.pull_cover > x.push_yes)
                OR (w.pull_known AND w.pull_yes > 0 AND w.pull_yes >= w.pull_no
                    AND w.pull_no < c.pull_cover_no AND u.pull_known
                    AND c.pull_cover_no > x.push_yes))"""


def exists(row: Any) -> Testimony:
    """Of a row of users or groups."""
    return Testimony(
        heard(row.push_yes, row.push_no) if row.has_push else SILENT,
        _listed(row) if row.has_pull else SILENT,
        heard(row.login_yes, 0) if row.has_login else SILENT,
    )


def active(row: Any, exists: Testimony) -> Testimony:
    """Of a row of users, of whom the channels tell this."""
    push: Word = SILENT
    pull: Word = SILENT
    if row.has_push:
        push = heard(row.push_active_yes, row.push_active_no)
    if row.has_pull:
        pull = _as_listed(heard(row.pull_active_yes, row.pull_active_no), exists.pull)
    return Testimony(push, pull)


def member(row: Any) -> Testimony:
    """Of a row of memberships, with the covers of its group and of its user.

    A directory lists direct members. Its no about somebody whom a pushed group brings along says
    that this one is not direct, and nothing of that way, until it closes the way as well.
    """
    push: Word = SILENT
    pull: Word = SILENT
    login: Word = SILENT
    if row.has_push:
        push = heard(row.push_yes, row.push_no, _at(row.push_cover))
    if row.has_pull:
        read = read_cover(row) if row.group_covered and row.user_pull_known else NO_COVER
        point = _at(row.user_pull_cover if row.group_pull_known else 0)
        pull = heard(row.pull_yes, row.pull_no, read, point)
        if row.is_led and isinstance(pull, No):
            pull = SILENT
    if row.has_login:
        cover = _at(row.login_cover if row.login_known else 0)
        login = heard(row.login_yes, row.login_no, cover)
    return Testimony(push, pull, login)


def read_cover(row: Any) -> Cover:
    """Of the newest full read of the connection, or of the rounds that carried it on."""
    return _cover(row.pull_cover_yes, row.pull_cover_no, row.pull_read_no or row.pull_cover_no)


@lru_cache(maxsize=1024)
def _cover(yes: Instant, no: Instant, read_no: Instant) -> Cover:
    """The same for all of a connection."""
    return Cover(yes, no, read_no=read_no)


def _listed(row: Any) -> Word:
    cover = read_cover(row) if row.pull_known else NO_COVER
    return heard(row.pull_yes, row.pull_no, cover)


def _at(moment: int) -> Cover:
    return Cover(moment, moment) if moment else NO_COVER


def _as_listed(word: Word, listed: Word) -> Word:
    """What a read says of a user's state is as fresh as its listing of the user."""
    if isinstance(word, Silent) or not isinstance(listed, Yes) or word.as_of >= listed.as_of:
        return word
    if isinstance(word, Yes):
        return Yes(listed.as_of, word.since, word.after)
    return No(listed.as_of, word.since, is_confirmed=True, after=word.after)
