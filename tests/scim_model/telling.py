"""How the service and the model are told the same, and how their answers are compared."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from hypothesis.stateful import RuleBasedStateMachine

from tests.scim_model import speech
from tests.scim_model.door import OUTSIDE, Answer, Door, opened
from tests.scim_model.filtering import Both, Either, Filter, Not, Test
from tests.scim_model.operations import NOTHING, Op, Where
from tests.scim_model.projecting import only, without
from tests.scim_model.reading import Json
from tests.scim_model.refusal import MISSING, MOVED_ON, Refused
from tests.scim_model.schema import GROUP, USER
from tests.scim_model.service import Service

SCHEMAS = {"Users": USER, "Groups": GROUP}


class Telling(RuleBasedStateMachine):
    """One connection, from its first request."""

    kind = "sqlite"

    def open(self) -> None:
        self.door: Door = opened(self.kind)
        self.model = Service()
        self.metas: dict[str, Json] = {}
        self.known: dict[str, Json] = {}
        self.deleted = ["nobody"]
        self.gone = "nobody"
        """A user that was deleted."""

    def _send(
        self,
        method: str,
        path: str,
        body: Json | None,
        seen: speech.Projection | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        query = urlencode(asked_of(seen)) if seen else ""
        return self.door.call(method, path, body, query, **(headers or {}))

    def _expect(self, change: Callable[[], Any]) -> Any:
        try:
            return change()
        except Refused as refused:
            return refused

    def _is_refused(self, answer: Answer, expected: Any, condition: str = "") -> bool:
        """A refusal changes nothing. A version that is gone may be found out first."""
        allowed = [expected] if isinstance(expected, Refused) else []
        if condition == "stale" and expected != MISSING:
            allowed.append(MOVED_ON)
        if expected == MISSING and answer.status == 400:
            allowed.append(Refused(400, answer.scim_type))  # a body that nobody would take
        if not allowed:
            assert answer.status < 400, answer.content
            return False
        assert answer.status >= 400, (answer.status, allowed)
        assert Refused(answer.status, answer.scim_type) in allowed, (answer.content, allowed)
        self._agree()
        return True

    def _is_shown(
        self, answer: Answer, where: str, key: str, seen: speech.Projection = ("", [])
    ) -> None:
        assert answer.headers["location"] == f"{OUTSIDE}{self.door.root}/{where}/{key}"
        self._agree()
        told, version = answer.headers["etag"], self.metas[key]["version"]
        assert told == version if seen == ("", []) else _written(told) == _written(version)
        assert answer.body.get("meta", {}).get("version", told) == told
        expected = self._projected(where, key, seen)
        if "version" in expected.get("meta", {}):  # of what is shown, and so of what was asked for
            expected["meta"] = {**expected["meta"], "version": told}
        assert plain(answer.body) == plain(expected)

    def _agree(self) -> None:
        """Everything is as the model says, and what changed has another version."""
        found = self.door.call("GET", "/", None, "count=200").body["Resources"]
        for one in found:
            self._note(one)
        expected = [
            self._projected(where, key, ("", [])) for where in SCHEMAS for key in self._held(where)
        ]
        assert plain(found) == plain(expected)

    def _note(self, one: Json) -> None:
        key, meta = one["id"], one["meta"]
        own = {name: given for name, given in one.items() if name != "meta"}
        before = self.metas.get(key)
        if before is not None:
            assert meta["created"] == before["created"]
            assert meta["lastModified"] >= before["lastModified"]
            assert self.known[key] == own or meta["version"] != before["version"]
        self.metas[key], self.known[key] = meta, own

    def _held(self, where: str) -> Any:
        return self.model.users if where == "Users" else self.model.groups

    def _shown(self, where: str, key: str) -> Json:
        return self.model.shown_user(key) if where == "Users" else self.model.shown_group(key)

    def _projected(self, where: str, key: str, seen: speech.Projection) -> Json:
        shown = {**self._addressed(self._shown(where, key)), "meta": self.metas.get(key)}
        if seen[0] == "attributes":
            return only(shown, seen[1], SCHEMAS[where])
        if seen[0] == "excludedAttributes":
            return without(shown, seen[1], SCHEMAS[where])
        return shown

    def _addressed(self, shown: Json) -> Json:
        """RFC 7643 §4.1.2 and §4.2: where what is referred to is found."""
        for one in [*shown.get("groups", []), *shown.get("members", [])]:
            kind = "Users" if one["type"] == "User" else "Groups"
            one["$ref"] = f"{OUTSIDE}{self.door.root}/{kind}/{one['value']}"
        return shown

    def _one(self, held: Any, pick: int) -> str:
        """One of those there are; now and then one that is gone."""
        keys = list(held) if held and pick < speech.GONE else self.deleted[-1:]
        return str(keys[pick % len(keys)])

    def _if_match(self, key: str, condition: str) -> dict[str, str]:
        meta = self.metas.get(key)
        if not condition or meta is None:
            return {}
        words = {"current": meta["version"], "stale": 'W/"0"', "*": "*"}
        return {"if-match": words[condition]}

    def _person(self, value: int | str) -> str:
        """A user, now and then a group, or whom nobody knows yet."""
        if isinstance(value, str):
            return value
        if value >= speech.GONE or not self.model.users:
            return self.gone
        groups = list(self.model.groups)
        if groups and value >= speech.GROUP:
            return groups[value % len(groups)]
        return self._one(self.model.users, value)

    def _with_members(self, body: Json, members: speech.Members) -> Json:
        if members is None:
            return body
        return {**body, "members": [{"value": self._person(one)} for one in members]}

    def _group_op(self, verb: str, what: str, given: Any) -> Op:
        """What was drawn, with those whom there really are."""
        if what == "op":
            found: Op = given
            return found
        if what == "members":
            return Op(verb, Where("members"), [{"value": self._person(one)} for one in given])
        if what == "pairs":
            members = [{"value": self._person(one)} for one in given]
            return Op(verb, None, NOTHING, ((Where("members"), members), (Where("id"), "x")))
        tests: Filter = Test("value", "eq", self._person(given[0]))
        for one in given[1:]:
            tests = Either(tests, Test("value", "eq", self._person(one)))
        return Op("remove", Where("members", None, tests))

    def _meant(self, filter: Filter) -> Filter:
        match filter:
            case Both(left, right):
                return Both(self._meant(left), self._meant(right))
            case Either(left, right):
                return Either(self._meant(left), self._meant(right))
            case Not(inner):
                return Not(self._meant(inner))
            case Test(name, op, int(pick)):
                return Test(name, op, self._person(pick))
            case _:
                return filter


def asked_of(seen: speech.Projection) -> dict[str, str]:
    return {seen[0]: ",".join(seen[1])} if seen[0] else {}


def _ordered(name: str) -> str:
    return name.casefold()


def plain(found: Any) -> Any:
    """Lists in any order: SCIM gives them none. Of versions what is there without groups too."""
    if isinstance(found, dict):
        return {
            name: _written(given) if name == "version" else plain(given)
            for name, given in found.items()
        }
    if isinstance(found, list):
        return sorted(
            (plain(one) for one in found), key=lambda one: json.dumps(one, sort_keys=True)
        )
    return found


def _written(version: str) -> str:
    """House rule: the part of a version that writes move, without what belongs to others."""
    return version.strip('W/"').partition(".")[0]
