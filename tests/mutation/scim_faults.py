"""Faults in what is made of a PATCH, of a filter, and of who is in which group."""

from tests.mutation.fault import Fault

PATCH = ("tests/unit/test_patch.py",)
GRAMMAR = ("tests/unit/test_filters.py",)
FILTER = ("tests/store/test_filtering.py",)
SELECTION = ("tests/unit/test_patch.py", "tests/scim_model/test_filters_differ.py")
BULK = "tests/api/test_scim_bulk.py"
NESTING = "tests/store/test_pushed_nesting.py"
USERS = "tests/api/test_scim_users.py"
GROUPS = "tests/api/test_scim_groups.py"


def _values(what: str, right: str, wrong: str) -> Fault:
    return Fault(what, "api/scim/patch_values.py", right, wrong, PATCH)


def _of_a_group(what: str, right: str, wrong: str) -> Fault:
    return Fault(what, "api/scim/patch_groups.py", right, wrong, PATCH)


def _members(what: str, right: str, wrong: str, test: str) -> Fault:
    return Fault(what, "sync/pushing/members.py", right, wrong, (test,))


SCIM_FAULTS = [
    # -- PATCH
    Fault(
        "a PATCH that fails half-way leaves its first half",
        "api/scim/patch_users.py",
        "after = copied(resource)",
        "after = resource",
        PATCH,
    ),
    Fault(
        "what is read-only is written",
        "api/scim/patch_users.py",
        "if Mutable.READ_ONLY in (target.mutability, place.attribute.mutability):",
        "if False:",
        PATCH,
    ),
    Fault(
        "a path that is not there is passed over",
        "api/scim/patch_users.py",
        'raise InvalidPath(f"There is no attribute {path[:100]!r}.")',
        "return",
        PATCH,
    ),
    Fault(
        "a path is read up to where it makes sense",
        "api/scim/filters.py",
        '_ATTRIBUTE.fullmatch(selection["attribute"] if selection else text)',
        '_ATTRIBUTE.match(selection["attribute"] if selection else text)',
        GRAMMAR,
    ),
    _values(
        "what is required is removed",
        "\n    if attribute.required:\n        raise Mutability",
        "\n    if False:\n        raise Mutability",
    ),
    _values(
        "an add replaces the values that are there",
        "there = holder.get(attribute.name, []) if kind is Kind.ADD else []",
        "there = []",
    ),
    _values(
        "a replace forgets the parts it does not name",
        'must be an object.")\n    parts = holder.setdefault(attribute.name, {})',
        'must be an object.")\n    parts = holder[attribute.name] = {}',
    ),
    _values(
        "an old primary value stays one beside the new one",
        "    if any(is_primary(each) for each in given):",
        "    if False:",
    ),
    _values(
        "a selection that finds nothing is made up",
        "    if made is None:\n        raise NoTarget",
        "    if made is None:\n        made = {}\n    if False:\n        raise NoTarget",
    ),
    _of_a_group(
        "an empty list to remove removes everybody",
        "elif op.value is Missing.VALUE:",
        "elif op.value is Missing.VALUE or op.value == []:",
    ),
    _of_a_group(
        "of several members that are named the first is removed",
        "            yield from _selected(left)\n            yield from _selected(right)",
        "            yield from _selected(left)",
    ),
    _of_a_group(
        "a member is selected by any attribute",
        'name.casefold() == "value" and value',
        "value",
    ),
    # -- filters
    Fault(
        "or binds as and does",
        "api/scim/grammar.py",
        '(("left", "OR"), ("left", "AND"), ("right", "NOT"))',
        '(("left", "OR", "AND"), ("right", "NOT"))',
        GRAMMAR,
    ),
    Fault(
        "not leaves out whoever lacks the attribute",
        "models/store/filtering.py",
        "return not_(func.coalesce(condition, false()))",
        "return not_(condition)",
        FILTER,
    ),
    Fault(
        "two values together satisfy what one should",
        "models/store/filtering.py",
        "    values = elements(many.document, many.path)\n",
        "    if isinstance(inner, And):\n"
        "        return and_(_some_value(many, inner.left), _some_value(many, inner.right))\n"
        "    values = elements(many.document, many.path)\n",
        FILTER,
    ),
    Fault(
        "null is nothing where several values could be",
        "models/store/filtering.py",
        "is_null = isinstance(test, Comparison) and test.value is None",
        "is_null = False",
        FILTER,
    ),
    Fault(
        "what ends with something begins with it",
        "models/store/comparing.py",
        "start = func.length(subject) - func.length(wanted) + 1",
        "start = literal(1)",
        FILTER,
    ),
    Fault(
        "an id is compared without regard to case",
        "models/store/comparing.py",
        "    if field.case_exact:\n        return field.expression, literal(value)\n",
        "",
        FILTER,
    ),
    Fault(
        "a value that lacks the part is not different",
        "api/scim/selecting.py",
        "return lambda value: not equal(value)",
        "return lambda value: part.name in value and not equal(value)",
        SELECTION,
    ),
    Fault(
        "who is removed by a selection is everybody but the selected",
        "api/scim/selecting.py",
        "return [each for each in values if matches(each)]",
        "return [each for each in values if not matches(each)]",
        SELECTION,
    ),
    # -- members
    Fault(
        "a PUT that is silent on members empties the group",
        "api/scim/groups.py",
        "    else:\n        forgive(tolerances.PUT_WITHOUT_MEMBERS)",
        "    else:\n        push.replace_members(key, [])",
        (f"{GROUPS}::test_a_put_without_members_says_nothing_of_them",),
    ),
    Fault(
        "a request for an old version is carried out",
        "api/scim/conditions.py",
        "if condition is not None and not _names(_written(condition), version):",
        "if False:",
        (f"{USERS}::test_a_change_is_made_only_to_the_version_it_was_meant_for",),
    ),
    Fault(
        "a group keeps its version when its members change",
        "models/store/scim.py",
        "SET scim_version = scim_version + 1, scim_modified = :now ",
        "SET scim_modified = :now ",
        (f"{GROUPS}::test_the_version_of_a_group_moves_with_its_members",),
    ),
    Fault(
        "who was deleted comes back with the old memberships",
        "sync/pushing/push.py",
        "out = [MembersRemoved(group, frozenset({key})) for group in groups]",
        "out: list[MembersRemoved] = []",
        (f"{USERS}::test_who_was_deleted_comes_back_without_the_old_memberships",),
    ),
    _members(
        "a list that replaces the members adds to them",
        "GroupCovered(group, found.users))",
        "MembersAdded(group, found.users))",
        f"{GROUPS}::test_a_put_replaces_the_members",
    ),
    _members(
        "who was taken back while waiting joins",
        "unpark(self.tx, group, list(values))",
        "unpark(self.tx, group, [])",
        f"{GROUPS}::test_a_member_that_was_taken_back_does_not_join",
    ),
    _members(
        "a group is inside itself",
        "if group in inner or inner & indirect.above(self.tx, group):",
        "if False:",
        "tests/api/test_scim_nested.py::test_a_circle_is_refused_in_words",
    ),
    _members(
        "who leaves by name leaves though a group inside brings them",
        "MembersRemoved(group, found.users - stay)",
        "MembersRemoved(group, found.users)",
        NESTING,
    ),
    _members(
        "who came with a group stays when it leaves",
        "gone = indirect.marked(self.tx, group, users) - led",
        "gone: set[UserKey] = set()",
        NESTING,
    ),
    Fault(
        "a directory takes out whom a pushed group brought along",
        "models/store/hearing.py",
        "if row.is_led and isinstance(pull, No):",
        "if False:",
        (NESTING,),
    ),
    # -- Bulk and cursors
    Fault(
        "what is referred to is made after what refers to it",
        "api/scim/bulk_order.py",
        "needed = next(path[-1][1], None)",
        "needed = None",
        (f"{BULK}::test_the_order_follows_the_references",),
    ),
    Fault(
        "an operation refers to one that failed",
        "api/scim/bulk.py",
        "if maker not in within and name not in self.made:",
        "if False:",
        (f"{BULK}::test_an_operation_that_fails_leaves_the_others_as_they_are",),
    ),
    Fault(
        "the first of a circle stays without its reference",
        "api/scim/bulk.py",
        "if not needs[place] <= made.keys():",
        "if False:",
        (f"{BULK}::test_those_who_refer_to_each_other_are_made_and_completed",),
    ),
    Fault(
        "a circle is carried out one by one",
        "api/scim/bulk.py",
        "if places[0] in needs[places[0]] or len(places) > 1:",
        "if places[0] in needs[places[0]]:",
        (f"{BULK}::test_of_those_who_refer_to_each_other_all_are_made_or_none",),
    ),
    Fault(
        "a cursor continues another query",
        "api/scim/cursors.py",
        "hashlib.sha256(repr(query).encode())",
        "hashlib.sha256(b'')",
        ("tests/api/test_scim_cursors.py",),
    ),
    Fault(
        "a page by cursor begins with the last resource of the page before",
        "models/store/scim_lists.py",
        "return key < mark.id if backwards else key > mark.id",
        "return key <= mark.id if backwards else key >= mark.id",
        ("tests/api/test_scim_cursors.py",),
    ),
    Fault(
        "a group that waits for somebody who is new is not asked",
        "models/store/scim.py",
        "    UNION ALL SELECT 1 FROM parked_members "
        "WHERE connection_id = :connection AND value = :ext\n",
        "",
        ("tests/api/test_scim_groups.py",),
    ),
    Fault(
        "the version of a user says nothing of its groups",
        "api/scim/render.py",
        'besides = (held if row.id in groups else "") + names.get(row.id, "")',
        'besides = names.get(row.id, "")',
        ("tests/api/test_scim_users.py", "tests/api/test_scim_groups.py"),
    ),
    Fault(
        "members are looked for among everybody",
        "models/store/scim_members.py",
        'link = "+connection_id" if column == "public_id" else "connection_id"',
        'link = "connection_id"',
        ("tests/store/test_looks.py",),
    ),
]
