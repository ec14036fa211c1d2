"""Doorways from the queue. A message carries ids and nothing else."""

from typing import Any

import dramatiq
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import TimeLimit

from sync.deliver import Delivery
from sync.leases import Leases
from sync.work import Work

DELIVER = "trueup_deliver"
PERFORM = "trueup_perform"
ASK = "trueup_ask"
MINUTE_MS = 60 * 1000
DELIVER_MS = 15 * MINUTE_MS
"""Far more than the time-outs of a connector add up to: what still runs then hangs."""
PERFORM_MS = 24 * 60 * MINUTE_MS

Actor = dramatiq.Actor[Any, Any]


def open_broker(url: str) -> dramatiq.Broker:
    """Redis or RabbitMQ by the address, in memory without one; nothing is connected yet.

    Retries, delays, order and results live in SQL, so of dramatiq's middleware only the time
    limit is wanted. A message that crashes is gone; its row is not.
    """
    middleware: list[dramatiq.Middleware] = [TimeLimit(time_limit=DELIVER_MS)]
    if url.startswith(("redis://", "rediss://")):
        # Imported here because only those pay for a broker's client who use it.
        from dramatiq.brokers.redis import RedisBroker  # noqa: PLC0415

        broker: dramatiq.Broker = RedisBroker(  # type: ignore[no-untyped-call]
            url=url,
            middleware=middleware,
            namespace="trueup",
            heartbeat_timeout=6000,
            maintenance_chance=1_000_000,
        )
    elif url.startswith(("amqp://", "amqps://")):
        from dramatiq.brokers.rabbitmq import RabbitmqBroker  # noqa: PLC0415

        broker = RabbitmqBroker(url=url, middleware=middleware)
    else:
        broker = StubBroker(middleware=middleware)
    return broker


def declare_deliver(broker: dramatiq.Broker, delivery: Delivery | None) -> Actor:
    """A process that only sends messages needs no delivery."""

    @dramatiq.actor(broker=broker, actor_name=DELIVER, queue_name=DELIVER, time_limit=DELIVER_MS)
    def deliver(ids: list[int]) -> None:
        if delivery is not None:
            delivery.deliver(ids)

    return deliver


def declare_ask(broker: dramatiq.Broker, work: Work | None, leases: Leases | None) -> Actor:
    """Reads of single users travel among the actions: they take a moment, and full reads may
    keep every thread for runs busy for an hour."""

    @dramatiq.actor(broker=broker, actor_name=ASK, queue_name=DELIVER, time_limit=DELIVER_MS)
    def ask(run: int) -> None:
        _perform(run, work, leases)

    return ask


def declare_perform(broker: dramatiq.Broker, work: Work | None, leases: Leases | None) -> Actor:
    @dramatiq.actor(broker=broker, actor_name=PERFORM, queue_name=PERFORM, time_limit=PERFORM_MS)
    def perform(run: int) -> None:
        _perform(run, work, leases)

    return perform


def _perform(run: int, work: Work | None, leases: Leases | None) -> None:
    if leases is not None:
        leases.arrived("runs", [run])
    if work is not None:
        work.perform(run)
