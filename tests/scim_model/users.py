"""The users of the model (RFC 7644 §3), and what of them may be there once only."""

import unicodedata
from dataclasses import dataclass, field

from tests.scim_model.calling import Called
from tests.scim_model.operations import Op
from tests.scim_model.patching import patched
from tests.scim_model.reading import Json, resource
from tests.scim_model.refusal import MISSING, TAKEN
from tests.scim_model.schema import USER


@dataclass
class User:
    document: Json
    is_gone: bool = False
    """Deactivated: house rule, such a one can be created again."""
    has_name: bool = True
    """House rule: the name of one who is gone may be given to somebody else."""


def folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


@dataclass
class Users:
    users: dict[str, User] = field(default_factory=dict)
    called: Called = field(default_factory=lambda: Called(keeps_former=False))

    def new_user(self, body: Json) -> tuple[User, str | None]:
        """Also the id of the user that it is, if it returns."""
        document = {"active": True, **resource(USER, body)}
        returning = self._returning(document)
        if returning is None:
            self._check_user(document, None)
        return User(document, not document["active"]), returning

    def _returning(self, document: Json) -> str | None:
        """House rule (Okta): a deactivated user is created again to bring it back. Under another
        externalId it is another person, to whom the name was given.
        """
        external = document.get("externalId")
        found = self._named(document["userName"]) or self._external(external)
        if found is None:
            return None
        user = self.users[found]
        if user.is_gone and external and user.document.get("externalId") == external:
            self._check_user(document, found)
            return found
        is_anothers = user.document.get("externalId") not in (None, external)
        has_name = user.has_name and folded(user.document["userName"]) == folded(
            document["userName"]
        )
        if user.is_gone and has_name and external and is_anothers:
            self._check_user(document, found)
            user.has_name = False
            return None
        raise TAKEN

    def admit(self, key: str, user: User) -> None:
        """Under the id that the service chose."""
        self.users[key] = user
        self.called.note(key, user.document.get("externalId"))

    def put_user(self, key: str, body: Json) -> Json:
        """House rule: a body that is silent on `active` says nothing of it."""
        document = resource(USER, body)
        before = self.user(key).document
        if "active" in before:
            document = {"active": before["active"], **document}
        return self._changed_user(key, document)

    def patch_user(self, key: str, ops: list[Op]) -> Json:
        return self._changed_user(key, patched(self.user(key).document, ops, key))

    def keep_user(self, key: str, document: Json) -> None:
        user = self.users[key]
        user.document, user.has_name = document, True
        self.called.note(key, document.get("externalId"))
        if "active" in document:
            user.is_gone = not document["active"]

    def delete_user(self, key: str) -> None:
        """RFC 7644 §3.6."""
        del self.users[key]

    def user(self, key: str) -> User:
        if key not in self.users:
            raise MISSING
        return self.users[key]

    def _changed_user(self, key: str, document: Json) -> Json:
        self._check_user(document, key)
        return document

    def _check_user(self, document: Json, own: str | None) -> None:
        """userName is unique (RFC 7643 §4.1.1); house rule: so is externalId."""
        taken = {self._named(document["userName"]), self._external(document.get("externalId"))}
        if taken - {None, own}:
            raise TAKEN

    def _named(self, name: str) -> str | None:
        named = (
            id
            for id, one in self.users.items()
            if one.has_name and folded(one.document["userName"]) == folded(name)
        )
        return next(named, None)

    def _external(self, external: str | None) -> str | None:
        if not external:
            return None
        found = (k for k, one in self.users.items() if one.document.get("externalId") == external)
        return next(found, None)
