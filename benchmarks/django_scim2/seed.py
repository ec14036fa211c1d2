"""Makes the tables and fills them in bulk.

Reads {"users": [body], "groups": {size: count}} as JSON on the standard input; a group's members
are the first users. Ids count from one, groups in the order given.
"""

import itertools
import json
import sys

import django
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connection
from django_scim.utils import get_group_model, get_user_adapter, get_user_model

BATCH = 5000


def main() -> None:
    django.setup()
    call_command("migrate", run_syncdb=True, verbosity=0)
    asked = json.load(sys.stdin)
    fill(asked["users"], {int(size): count for size, count in asked["groups"].items()})


def fill(bodies: list[dict[str, object]], groups: dict[int, int]) -> None:
    user_model, group_model, read = get_user_model(), get_group_model(), get_user_adapter()
    users = [user_model(id=key, scim_id=str(key)) for key in range(1, len(bodies) + 1)]
    for user, body in zip(users, bodies, strict=True):
        read(user).from_dict(body)
    user_model.objects.bulk_create(users, BATCH)
    key = itertools.count(1)
    for size, count in groups.items():
        for number in range(count):
            group = group_model(id=next(key), name=f"group {size} {number}")
            group.scim_id, group.scim_display_name = str(group.id), group.name
            group.save(force_insert=True)
            group.user_set.set(users[:size])
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [user_model, group_model]):
            cursor.execute(statement)
        cursor.execute("ANALYZE")


if __name__ == "__main__":
    main()
