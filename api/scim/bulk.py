"""Many operations in one request, each carried out by itself (RFC 7644 §3.7)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain

from starlette.requests import Request
from starlette.responses import Response

from api.scim import answers, bulk_message, bulk_order
from api.scim.auth import Caller
from api.scim.body import body_of
from api.scim.bulk_message import Bulk, Method, Operation
from api.scim.bulk_turn import Turn, turn_of
from api.scim.errors import Conflict, InvalidValue, ScimError, to_body
from models.store.database import Tx

BULK_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"


async def carry_out(request: Request, caller: Caller) -> Response:
    """An operation that fails leaves the others as they are; a fault of ours ends them all.

    A token that was revoked a moment ago fails the whole, instead of each operation.
    """
    bulk = bulk_message.read(await body_of(request, caller.record))
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


class Broken(Exception):
    """One operation of a circle was refused."""

    def __init__(self, place: int, error: ScimError) -> None:
        super().__init__(place, error)
        self.place, self.error = place, error


Answered = list[tuple[int, Turn, Response]]


@dataclass(frozen=True, slots=True)
class Run:
    caller: Caller
    bulk: Bulk
    made: dict[str, str] = field(default_factory=dict)
    """The ids of what was made, by bulkId."""
    done: dict[int, Done] = field(default_factory=dict)

    async def response(self) -> Response:
        """What was done, in the order of the request."""
        needs = [list(self._makers(one)) for one in self.bulk.operations]
        for places in bulk_order.parts(needs):
            if places[0] in needs[places[0]] or len(places) > 1:
                await self._take_circle(places)
            else:
                await self._take(places[0])
            errors = sum(one.error is not None for one in self.done.values())
            if self.bulk.fail_on_errors is not None and errors >= self.bulk.fail_on_errors:
                break
        shown = [self.done[place].shown(self.bulk.operations[place]) for place in sorted(self.done)]
        return answers.answer({"schemas": [BULK_RESPONSE], "Operations": shown})

    def _makers(self, operation: Operation) -> Iterator[int]:
        """A reference to what nobody makes is found out when the operation is carried out."""
        for name in bulk_order.references(operation):
            if name in self.bulk.makers:
                yield self.bulk.makers[name]

    async def _take(self, place: int) -> None:
        turn = turn_of(self.caller, self.bulk.operations[place], self.made)
        try:
            self._check_references(place)
            response = await turn.caller.write(turn.work())
        except answers.REFUSALS as trouble:
            self._refuse(place, turn, answers.refusal(trouble))
        else:
            self._accept([(place, turn, response)])

    async def _take_circle(self, places: Sequence[int]) -> None:
        """Those that refer to each other in a circle are carried out together, or not at all."""
        try:
            answered = await self.caller.context.write(partial(self._together, places))
        except Broken as broken:
            for place in places:
                turn = turn_of(self.caller, self.bulk.operations[place], self.made)
                others = Conflict("An operation that refers to this one was refused.")
                self._refuse(place, turn, broken.error if place == broken.place else others)
        else:
            self._accept(answered)

    def _together(self, places: Sequence[int], tx: Tx) -> Answered:
        """First each without what is not there yet, then those once more. Raises Broken."""
        made, late = dict(self.made), list[int]()
        answered: Answered = []
        needs = {one: set(bulk_order.references(self.bulk.operations[one])) for one in places}
        for place in chain(places, late):
            if not needs[place] <= made.keys():
                late.append(place)
            try:
                self._check_references(place, within=places)
                turn = turn_of(self.caller, self.bulk.operations[place], made)
                response = turn.caller.within(turn.work())(tx)
            except answers.REFUSALS as trouble:
                raise Broken(place, answers.refusal(trouble)) from trouble
            answered.append((place, turn, response))
            made |= _made(turn, response)
        return answered

    def _accept(self, answered: Answered) -> None:
        for place, turn, response in answered:
            turn.caller.record.is_kept = True
            turn.caller.keep(response)
            self.made.update(_made(turn, response))
            before = self.done.get(place)
            self.done[place] = Done(
                status=response.status_code if before is None else before.status,
                location=response.headers.get("location") or turn.location,
                version=response.headers.get("etag"),
            )

    def _refuse(self, place: int, turn: Turn, error: ScimError) -> None:
        turn.caller.keep(answers.refused(error), error)
        self.done[place] = Done(error.status, turn.location, error=error)

    def _check_references(self, place: int, within: Sequence[int] = ()) -> None:
        """All it refers to is there, apart from those it is in a circle with."""
        for name in bulk_order.references(self.bulk.operations[place]):
            maker = self.bulk.makers.get(name)
            if maker is None:
                raise InvalidValue(f"No operation makes the bulkId {name[:100]!r}.")
            if maker not in within and name not in self.made:
                raise Conflict(f"The bulkId {name[:100]!r} was not made.")


def _made(turn: Turn, response: Response) -> Mapping[str, str]:
    """The id of what a turn has made, by its bulkId."""
    location, name = response.headers.get("location"), turn.operation.bulk_id
    is_new = turn.method is Method.POST and location and name
    return {str(name): str(location).rpartition("/")[2]} if is_new else {}
