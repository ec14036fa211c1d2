"""What a filter on users shows of whoever wrote it."""

from api.scim.attributes import Attribute, Type
from api.scim.filters import leaves
from api.scim.forgiving import forgive
from api.scim.schema import EXTENSION, USER, core
from models.filters import Comparison, Filter, Path
from sync.pushing import tolerances


def note(filter: Filter) -> None:
    """Which tolerances it needs, beside those of its grammar."""
    for leaf in leaves(filter):
        attribute = _attribute(leaf.path)
        if attribute is None or not isinstance(leaf, Comparison) or not isinstance(leaf.value, str):
            continue
        if attribute.type is Type.BOOLEAN:
            forgive(tolerances.BOOLEAN_AS_TEXT)
        elif attribute.type is Type.COMPLEX and not attribute.multi_valued and not leaf.path.sub:
            forgive(tolerances.OBJECT_AS_TEXT)


def _attribute(path: Path) -> Attribute | None:
    if path.uri is not None:
        is_extension = path.uri.casefold() == EXTENSION.name.casefold()
        return EXTENSION.sub(path.name) if is_extension else core(USER, path.name)
    found = core(USER, path.name)
    if found is None and EXTENSION.sub(path.name) is not None:
        forgive(tolerances.ENTERPRISE_WITHOUT_URN)
        return EXTENSION.sub(path.name)
    return found
