"""Many operations in one request, each carried out by itself (RFC 7644 §3.7)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from api.scim import answers, bulk_message, bulk_order, groups, users
from api.scim.asking import Ask, Work, ask_for
from api.scim.auth import Caller
from api.scim.body import body_of
from api.scim.bulk_message import PREFIX, Bulk, Method, Operation
from api.scim.bulk_order import Step
from api.scim.errors import Conflict, InvalidValue, ScimError, to_body
from api.scim.projection import Projection
from api.scim.render import location

BULK_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"

_ONLY_ID = Projection(included=frozenset({"id"}))


async def carry_out(request: Request, caller: Caller) -> Response:
    """An operation that fails leaves the others as they are; a fault of ours ends them all.

    A token that was revoked a moment ago fails the whole, instead of each operation.
    """
    bulk = bulk_message.read(await body_of(request))
    await caller.confirm()
    caller.record.body = None  # each operation is kept by itself
    return await Run(caller, bulk).response()


@dataclass(frozen=True, slots=True)
class Done:
    """How an operation ended."""

    status: int
    location: str | None = None
    version: str | None = None
    error: ScimError | None = None

    def shown(self, operation: Operation) -> dict[str, object]:
        body: dict[str, object | None] = {
            "method": operation.method,
            "bulkId": operation.bulk_id,
            "version": self.version,
            "location": self.location,
            "status": str(self.status),
            "response": None if self.error is None else to_body(self.error),
        }
        return {name: value for name, value in body.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Run:
    caller: Caller
    bulk: Bulk
    made: dict[str, str] = field(default_factory=dict)
    """The ids of what was made, by bulkId."""
    done: dict[int, Done] = field(default_factory=dict)

    async def response(self) -> Response:
        """What was done, in the order of the request."""
        for step in self._steps():
            await self._take(step)
            errors = sum(one.error is not None for one in self.done.values())
            if self.bulk.fail_on_errors is not None and errors >= self.bulk.fail_on_errors:
                break
        shown = [self.done[place].shown(self.bulk.operations[place]) for place in sorted(self.done)]
        return answers.answer({"schemas": [BULK_RESPONSE], "Operations": shown})

    def _steps(self) -> list[Step]:
        """A reference to what nobody makes is found out when the operation is carried out."""
        makers = self.bulk.makers
        needs = [
            [makers[name] for name in bulk_order.references(one) if name in makers]
            for one in self.bulk.operations
        ]
        return bulk_order.steps(needs)

    async def _take(self, step: Step) -> None:
        operation = self.bulk.operations[step.place]
        if step.is_completion and self.done[step.place].error is not None:
            return
        caller = self._caller(operation, step)
        try:
            ended = await self._carried_out(operation, step, caller)
        except answers.REFUSALS as trouble:
            error = answers.refusal(trouble)
            caller.keep(answers.refused(error), error)
            ended = Done(error.status, self._location(operation), error=error)
        self.done[step.place] = ended

    async def _carried_out(self, operation: Operation, step: Step, caller: Caller) -> Done:
        self._check_references(operation, step.place)
        method = Method.PUT if step.is_completion else operation.method
        with caller.noting():
            work = _WORKS[operation.table, method](bulk_order.resolved(operation.data, self.made))
        response = await self._ask(operation, caller).write(work)
        caller.keep(response)
        location = response.headers.get("location")
        if location is not None and operation.bulk_id and operation.method is Method.POST:
            self.made[operation.bulk_id] = location.rpartition("/")[2]
        return Done(
            status=201 if step.is_completion else response.status_code,
            location=location or self._location(operation),
            version=response.headers.get("etag"),
        )

    def _caller(self, operation: Operation, step: Step) -> Caller:
        """Whoever asks, with a record for this operation."""
        method = Method.PUT if step.is_completion else operation.method
        name = "" if method is Method.POST else self._public_id(operation) or operation.public_id
        path = f"/{operation.table.capitalize()}" + (f"/{name}" if name else "")
        data = bulk_order.resolved(operation.data, self.made)
        return self.caller.part(method, path, data, operation.version)

    def _check_references(self, operation: Operation, place: int) -> None:
        """In a circle the first has to do without; otherwise all it refers to is there."""
        for name in bulk_order.references(operation):
            maker = self.bulk.makers.get(name)
            if maker is None:
                raise InvalidValue(f"No operation makes the bulkId {name[:100]!r}.")
            if maker != place and maker in self.done and name not in self.made:
                raise Conflict(f"The bulkId {name[:100]!r} was not made.")

    def _public_id(self, operation: Operation) -> str | None:
        if operation.method is Method.POST:
            return self.made.get(operation.bulk_id or "")
        name = operation.public_id
        return self.made.get(name.removeprefix(PREFIX)) if name.startswith(PREFIX) else name

    def _location(self, operation: Operation) -> str | None:
        public_id = self._public_id(operation)
        kind = "User" if operation.table == users.TABLE else "Group"
        return None if public_id is None else location(self.caller.base_url, kind, public_id)

    def _ask(self, operation: Operation, caller: Caller) -> Ask:
        return ask_for(
            caller,
            operation.table,
            self._public_id(operation) or "",
            if_match=operation.version,
            projection=_ONLY_ID,
        )


_WORKS: Mapping[tuple[str, Method], Callable[[object], Work]] = {
    (users.TABLE, Method.POST): users.creation,
    (users.TABLE, Method.PUT): users.replacement,
    (users.TABLE, Method.PATCH): users.alteration,
    (users.TABLE, Method.DELETE): lambda _: users.deletion,
    (groups.TABLE, Method.POST): groups.creation,
    (groups.TABLE, Method.PUT): groups.replacement,
    (groups.TABLE, Method.PATCH): groups.alteration,
    (groups.TABLE, Method.DELETE): lambda _: groups.deletion,
}
