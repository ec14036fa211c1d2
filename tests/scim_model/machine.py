"""The service and the model are told the same, request by request, and answer the same."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from tests.api.scim_app import PATCH_OP
from tests.scim_model import changes, questions, speech
from tests.scim_model.door import Answer
from tests.scim_model.filtering import Filter, matches, text
from tests.scim_model.operations import Op
from tests.scim_model.reading import Json
from tests.scim_model.refusal import MISSING
from tests.scim_model.schema import Schema
from tests.scim_model.telling import SCHEMAS, Telling, asked_of, plain
from tests.scim_model.users import folded

SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"


class Conversation(Telling):
    """Any requests, in any order."""

    @initialize(
        users=st.lists(speech.users, max_size=3),
        groups=st.lists(st.tuples(speech.groups, speech.members), max_size=2),
    )
    def begin(self, users: list[Json], groups: list[tuple[Json, list[Any]]]) -> None:
        self.open()
        for body in users:
            self.post_user(body, ("", []))
        for body, members in groups:
            self.post_group(body, members)

    # -- users --------------------------------------------------------------------------------

    @rule(body=st.one_of(speech.users, speech.users, speech.wrong_users), seen=speech.projections)
    def create_user(self, body: Json, seen: speech.Projection) -> None:
        self.post_user(body, seen)

    def post_user(self, body: Json, seen: speech.Projection) -> None:
        made = self._expect(lambda: self.model.new_user(body))
        answer = self._send("POST", "/Users", body, seen)
        if self._is_refused(answer, made):
            return
        user, returning = made
        assert answer.status == (200 if returning else 201), answer.content
        key = answer.headers["location"].rpartition("/")[2]
        assert (key == returning) if returning else (key not in self.model.users)
        if returning:
            self.model.keep_user(key, user.document)
        else:
            self.model.admit(key, user)
        self._is_shown(answer, "Users", key, seen)

    @rule(
        pick=speech.picks,
        body=st.one_of(speech.users, speech.users, speech.wrong_users),
        condition=speech.conditions,
        seen=speech.projections,
    )
    def put_user(self, pick: int, body: Json, condition: str, seen: speech.Projection) -> None:
        key = self._one(self.model.users, pick)
        self._write_user("PUT", key, body, lambda: self.model.put_user(key, body), condition, seen)

    @rule(
        pick=speech.picks,
        ops=changes.user_patches,
        condition=speech.conditions,
        seen=speech.projections,
    )
    def patch_user(self, pick: int, ops: list[Op], condition: str, seen: speech.Projection) -> None:
        key = self._one(self.model.users, pick)
        self._write_user(
            "PATCH", key, _patch(ops), lambda: self.model.patch_user(key, ops), condition, seen
        )

    def _write_user(
        self,
        method: str,
        key: str,
        body: Json,
        change: Callable[[], Json],
        condition: str,
        seen: speech.Projection,
    ) -> None:
        document = self._expect(change)
        answer = self._send(method, f"/Users/{key}", body, seen, self._if_match(key, condition))
        if not self._is_refused(answer, document, condition):
            assert answer.status == 200
            self.model.keep_user(key, document)
            self._is_shown(answer, "Users", key, seen)

    @rule(pick=speech.picks, condition=speech.conditions)
    def delete_user(self, pick: int, condition: str) -> None:
        self._delete("Users", self.model.users, self.model.delete_user, pick, condition)

    # -- groups -------------------------------------------------------------------------------

    @rule(body=speech.groups, members=st.one_of(st.none(), speech.members))
    def create_group(self, body: Json, members: speech.Members) -> None:
        self.post_group(body, members)

    def post_group(self, body: Json, members: speech.Members) -> None:
        body = self._with_members(body, members)
        made = self._expect(lambda: self.model.new_group(body))
        answer = self._send("POST", "/Groups", body)
        if self._is_refused(answer, made):
            return
        assert answer.status == 201
        key = answer.headers["location"].rpartition("/")[2]
        assert key not in self.model.groups
        self.model.admit_group(key, made)
        self._is_shown(answer, "Groups", key)

    @rule(
        pick=speech.picks,
        body=speech.groups,
        members=st.one_of(st.none(), speech.members),
        condition=speech.conditions,
    )
    def put_group(self, pick: int, body: Json, members: speech.Members, condition: str) -> None:
        body = self._with_members(body, members)
        key = self._one(self.model.groups, pick)
        after = self._expect(lambda: self.model.put_group(key, body))
        answer = self._send("PUT", f"/Groups/{key}", body, None, self._if_match(key, condition))
        if not self._is_refused(answer, after, condition):
            assert answer.status == 200
            self.model = after
            self._is_shown(answer, "Groups", key)

    @rule(
        pick=speech.picks,
        said=st.lists(changes.group_sayings, min_size=1, max_size=3),
        condition=speech.conditions,
        seen=speech.projections,
    )
    def patch_group(
        self, pick: int, said: list[Any], condition: str, seen: speech.Projection
    ) -> None:
        """RFC 7644 §3.5.2: with content when attributes are asked for."""
        ops = [self._group_op(*one) for one in said]
        key = self._one(self.model.groups, pick)
        after = self._expect(lambda: self.model.patch_group(key, ops))
        condition_sent = self._if_match(key, condition)
        answer = self._send("PATCH", f"/Groups/{key}", _patch(ops), seen, condition_sent)
        if self._is_refused(answer, after, condition):
            return
        assert answer.status == (200 if seen[0] else 204)
        self.model = after
        if seen[0]:
            self._is_shown(answer, "Groups", key, seen)
        else:
            self._agree()
            assert answer.headers["etag"] == self.metas[key]["version"]

    @rule(pick=speech.picks, condition=speech.conditions)
    def delete_group(self, pick: int, condition: str) -> None:
        self._delete("Groups", self.model.groups, self.model.delete_group, pick, condition)

    def _delete(
        self, where: str, held: Any, forget: Callable[[str], object], pick: int, condition: str
    ) -> None:
        key = self._one(held, pick)
        expected = self._expect(lambda: held[key] if key in held else _missing())
        answer = self._send("DELETE", f"/{where}/{key}", None, None, self._if_match(key, condition))
        if not self._is_refused(answer, expected, condition):
            assert (answer.status, answer.content) == (204, b"")
            forget(key)
            self.deleted.append(key)
            self.gone = key if where == "Users" else self.gone
            self.metas.pop(key, None), self.known.pop(key, None)
            self._agree()

    # -- looking ------------------------------------------------------------------------------

    @rule(where=st.sampled_from(["Users", "Groups"]), pick=speech.picks, seen=speech.projections)
    def look_at_one(self, where: str, pick: int, seen: speech.Projection) -> None:
        key = self._one(self._held(where), pick)
        answer = self._send("GET", f"/{where}/{key}", None, seen)
        if key not in self._held(where):
            assert answer.status == 404
            return
        self._is_shown(answer, where, key, seen)
        has_it = {"if-none-match": answer.headers["etag"]}
        again = self._send("GET", f"/{where}/{key}", None, seen, has_it)
        assert (again.status, again.content) == (304, b"")

    @rule(filter=questions.user_filters, seen=speech.projections, is_search=st.booleans())
    def find_users(self, filter: Filter, seen: speech.Projection, is_search: bool) -> None:
        self._find("Users", filter, seen, is_search)

    @rule(filter=questions.group_filters, seen=speech.projections, is_search=st.booleans())
    def find_groups(self, filter: Filter, seen: speech.Projection, is_search: bool) -> None:
        self._find("Groups", self._meant(filter), seen, is_search)

    @rule(
        where=st.sampled_from(["Users", "Groups"]),
        size=st.integers(1, 3),
        descending=st.booleans(),
        is_sorted=st.booleans(),
    )
    def leaf_through(self, where: str, size: int, descending: bool, is_sorted: bool) -> None:
        """RFC 7644 §3.4.2.3 and §3.4.2.4: pages neither overlap nor leave anybody out."""
        name = "userName" if where == "Users" else "displayName"
        asked: Json = {"count": size}
        if is_sorted:
            asked |= {"sortBy": name, "sortOrder": "descending" if descending else "ascending"}
        found: list[Json] = []
        total = len(self._held(where))
        for start in range(1, total + 2, size):
            query = urlencode({**asked, "startIndex": start})
            page = self.door.call("GET", f"/{where}", None, query).body
            assert page["totalResults"] == total
            assert (
                page["itemsPerPage"]
                == len(page["Resources"])
                == max(0, min(size, total + 1 - start))
            )
            found += page["Resources"]
        assert sorted(one["id"] for one in found) == sorted(self._held(where))
        if is_sorted:
            keys = [self._place(where, one["id"]) for one in found]
            assert keys == sorted(keys, reverse=descending)

    def _place(self, where: str, key: str) -> tuple[bool, str]:
        """House rule: who lost the name to somebody else is sorted as one without."""
        if where == "Groups":
            return False, folded(self.model.groups[key].document["displayName"])
        user = self.model.users[key]
        return (False, folded(user.document["userName"])) if user.has_name else (True, "")

    def _find(self, where: str, filter: Filter, seen: speech.Projection, is_search: bool) -> None:
        schema = SCHEMAS[where]
        wanted = self._expect(
            lambda: (
                {
                    key
                    for key in self._held(where)
                    if matches(filter, self._sought(where, key), schema.attrs, schema)
                }
                or _read(filter, schema)
            )
        )
        answer = self._ask(where, text(filter), seen, is_search)
        if self._is_refused(answer, wanted):
            return
        found = answer.body
        assert found["totalResults"] == len(wanted), text(filter)
        expected = [self._projected(where, key, seen) for key in wanted]
        assert plain(found["Resources"]) == plain(expected), text(filter)

    def _sought(self, where: str, key: str) -> Json:
        """House rule: who lost the name to somebody else is not found by it."""
        shown = self._shown(where, key)
        if where == "Users" and not self.model.users[key].has_name:
            del shown["userName"]
        return shown

    def _ask(self, where: str, filter: str, seen: speech.Projection, is_search: bool) -> Answer:
        asked: Json = {"filter": filter, "count": 200}
        if not is_search:
            return self.door.call("GET", f"/{where}", None, urlencode(asked | asked_of(seen)))
        body = {"schemas": [SEARCH], **asked} | ({seen[0]: seen[1]} if seen[0] else {})
        return self.door.call("POST", f"/{where}/.search", body)


def _missing() -> None:
    raise MISSING


def _read(filter: Filter, schema: Schema) -> set[str]:
    """Nobody; but the filter was read."""
    matches(filter, {}, schema.attrs, schema)
    return set()


def _patch(ops: list[Op]) -> Json:
    return {"schemas": [PATCH_OP], "Operations": [one.sent() for one in ops]}
