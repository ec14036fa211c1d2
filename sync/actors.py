"""Doorways from the queue. A message carries ids and nothing else."""

from typing import Any

import dramatiq
from dramatiq.brokers.stub import StubBroker

from sync.deliver import Delivery
from sync.work import Work

DELIVER = "trueup_deliver"
PERFORM = "trueup_perform"


def open_broker(url: str) -> dramatiq.Broker:
    """Redis or RabbitMQ by the address; in memory without one. Retries live in SQL."""
    if url.startswith(("redis://", "rediss://")):
        from dramatiq.brokers.redis import RedisBroker  # only where it is used

        broker: dramatiq.Broker = RedisBroker(
            url=url, heartbeat_timeout=6000, maintenance_chance=1_000_000
        )
    elif url.startswith(("amqp://", "amqps://")):
        from dramatiq.brokers.rabbitmq import RabbitmqBroker  # only where it is used

        broker = RabbitmqBroker(url=url)
    else:
        broker = StubBroker()
    return broker


def declare(
    broker: dramatiq.Broker, delivery: Delivery | None = None, work: Work | None = None
) -> tuple[dramatiq.Actor[Any, Any], dramatiq.Actor[Any, Any]]:
    """The two actors. A process that only sends messages needs neither delivery nor work."""

    @dramatiq.actor(broker=broker, actor_name=DELIVER, queue_name=DELIVER, max_retries=0)
    def deliver(ids: list[int]) -> None:
        if delivery is not None:
            delivery.deliver(ids)

    @dramatiq.actor(
        broker=broker,
        actor_name=PERFORM,
        queue_name=PERFORM,
        max_retries=0,
        time_limit=24 * 3600 * 1000,
    )
    def perform(run: int) -> None:
        if work is not None:
            work.perform(run)

    return deliver, perform
