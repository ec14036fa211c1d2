"""What is shown together with pushed users and groups: members, groups, managers."""

from models.store.database import Tx


def inner_groups(tx: Tx, groups: list[int]) -> list[tuple[int, str]]:
    """The groups that are pushed into groups: the outer's key and the inner's public id."""
    return tx.tuples(
        """
        SELECT n.parent_id AS group_id, g.public_id FROM nestings n
        JOIN groups g ON g.id = n.child_id
        WHERE n.parent_id IN :groups AND n.push_yes > 0 AND n.push_yes >= n.push_no
          AND g.scim IS NOT NULL ORDER BY n.parent_id, n.child_id
        """,
        {"groups": groups},
    )


def members(tx: Tx, groups: list[int]) -> dict[int, str]:
    """The public ids of the pushed members of each group, in a stable order, with a space between.

    As one text, for there may be very many: the database puts them together in less time than it
    takes to fetch as many rows.
    """
    return _members(tx, groups, "")


def named_members(tx: Tx, groups: list[int]) -> dict[int, str]:
    """As `members`, without those who are in a group by way of groups inside it alone."""
    named = """AND NOT EXISTS (SELECT 1 FROM indirect_members i
        WHERE i.group_id = m.group_id AND i.user_id = m.user_id)"""
    return _members(tx, groups, named)


def _members(tx: Tx, groups: list[int], which: str) -> dict[int, str]:
    joined = {
        "sqlite": "group_concat(public_id, ' ')",
        "postgresql": "string_agg(public_id, ' ' ORDER BY user_id)",
    }[tx.dialect]
    rows = tx.tuples(
        f"""
        SELECT group_id, {joined} FROM (
            SELECT m.group_id, m.user_id, u.public_id
            FROM memberships m JOIN users u ON u.id = m.user_id
            WHERE m.group_id IN :groups AND m.push_yes > 0 AND m.push_yes >= m.push_no
              AND u.scim IS NOT NULL {which} ORDER BY m.group_id, m.user_id) AS listed
        GROUP BY group_id
        """,
        {"groups": groups},
    )
    return dict(rows)


def managers(tx: Tx, user: int, values: list[str]) -> dict[str, str]:
    """Which of these ids are pushed users of the connection that this user has, and their names."""
    rows = tx.rows(
        """
        SELECT m.public_id,
            COALESCE(NULLIF(m.scim ->> 'displayName', ''), m.scim ->> 'userName') AS name
        FROM users m WHERE m.public_id IN :values AND m.scim IS NOT NULL
          AND +m.connection_id = (SELECT connection_id FROM users WHERE id = :user)
        """,
        {"values": values, "user": user},
    )
    return {row.public_id: row.name for row in rows}


def groups_of(tx: Tx, users: list[int], address: str) -> dict[int, str]:
    """The pushed groups of each user that is in any, as JSON: with the name that was pushed, and
    whether only by way of a group inside. `address` is what stands before the id of a group.

    The database writes it, for somebody may be in hundreds.
    """
    made = {
        "sqlite": "json_group_array(json_object({0}))",
        "postgresql": "CAST(json_agg(json_build_object({0}) ORDER BY group_id) AS TEXT)",
    }[tx.dialect].format(_MEMBERSHIP)
    rows = tx.tuples(
        f"""
        SELECT user_id, {made} FROM (
            SELECT m.user_id, m.group_id, g.public_id, COALESCE(g.push_name, g.name) AS name,
                CASE WHEN i.user_id IS NULL THEN 'direct' ELSE 'indirect' END AS way
            FROM memberships m JOIN groups g ON g.id = m.group_id
            LEFT JOIN indirect_members i ON i.group_id = m.group_id AND i.user_id = m.user_id
            WHERE m.user_id IN :users AND m.push_yes > 0 AND m.push_yes >= m.push_no
              AND g.scim IS NOT NULL ORDER BY m.user_id, m.group_id) AS listed
        GROUP BY user_id
        """,
        {"users": users, "address": address},
    )
    return dict(rows)


_MEMBERSHIP = """
    'value', public_id, '$ref', CAST(:address AS TEXT) || public_id, 'display', name, 'type', way
"""
