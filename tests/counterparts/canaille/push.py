"""Canaille, an identity provider, with one application it tells everything by SCIM.

Run by the Python that Canaille is installed for: `push.py URL TOKEN`. Each line on standard input
is a JSON list, such as ["user", "ada"], ["group", "Ops", "ada"] or ["no user", "ada"]; each line
on standard output says that one is done, with what Canaille warned of.
"""

import datetime
import json
import logging
import sys

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend

URL, TOKEN = sys.argv[1:]
CONFIG = {
    "SECRET_KEY": "a secret for tests only",
    "SERVER_NAME": "canaille.example",
    "PREFERRED_URL_SCHEME": "https",
    "CANAILLE": {"DATABASE": "memory"},
    "CANAILLE_OIDC": {"TRUSTED_DOMAINS": ["127.0.0.1"]},
    "CANAILLE_SCIM": {"ENABLE_CLIENT": True},
}


class Warnings(logging.Handler):
    """Canaille swallows what its SCIM client is refused, and warns of it."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.said = []

    def emit(self, record):
        self.said.append(record.getMessage())


def introduce():
    """The application, as a trusted client with a token that we chose."""
    now = datetime.datetime.now(datetime.UTC)
    client = models.Client(
        client_id="trueup",
        client_name="Trueup",
        client_uri=URL,
        client_id_issued_at=now,
    )
    Backend.instance.save(client)
    token = models.Token(
        token_id="t1",
        access_token=TOKEN,
        subject=None,
        audience=[client],
        client=client,
        refresh_token="r1",
        scope=["openid"],
        issue_date=now,
        lifetime=3600,
    )
    Backend.instance.save(token)


def user(name):
    return Backend.instance.get(models.User, user_name=name)


def group(name):
    return Backend.instance.get(models.Group, display_name=name)


def carry_out(what, name, *rest):
    match what:
        case "user":
            [family] = rest or ["Lovelace"]
            one = user(name) or models.User(user_name=name)
            one.given_name, one.family_name = name.title(), family
            one.formatted_name, one.emails = f"{name.title()} {family}", [f"{name}@acme.example"]
            Backend.instance.save(one)
        case "group":
            one = group(name) or models.Group(display_name=name)
            one.members = [user(each) for each in rest]
            Backend.instance.save(one)
        case "no user":
            Backend.instance.delete(user(name))
        case "no group":
            Backend.instance.delete(group(name))
        case _:
            raise ValueError(what)


def main():
    app = create_app(CONFIG)
    warnings = Warnings()
    app.logger.addHandler(warnings)
    with app.app_context(), app.backend.session():
        introduce()
        print(json.dumps("ready"), flush=True)
        for line in sys.stdin:
            warnings.said.clear()
            carry_out(*json.loads(line))
            print(json.dumps(warnings.said), flush=True)


if __name__ == "__main__":
    main()
