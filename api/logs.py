"""One line an event on standard error, whoever reports it."""

import logging
import sys

import structlog

QUIET = {
    "alembic": logging.WARNING,
    "apscheduler": logging.WARNING,
    "dramatiq": logging.WARNING,
    "httpcore": logging.WARNING,
    "httpx": logging.WARNING,
    "pika": logging.CRITICAL,  # dramatiq reports the same, in one line
    "uvicorn": logging.WARNING,
}
SHARED: list[structlog.typing.Processor] = [
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


class Outages(logging.Filter):
    """A broker that is away is one line, not a traceback for every thread that looks for it."""

    def filter(self, record: logging.LogRecord) -> bool:
        trouble = record.exc_info[1] if record.exc_info else None
        if isinstance(trouble, OSError) or _is_of_broker(trouble):
            record.msg, record.args = f"{record.getMessage()} {trouble}", ()
            record.exc_info = None
        return True


def begin() -> None:
    """For a process that runs until told to stop. Commands print sentences instead."""
    form = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
    )
    sink = logging.StreamHandler(sys.stderr)
    sink.setFormatter(form)
    sink.addFilter(Outages())
    logging.basicConfig(level=logging.INFO, handlers=[sink], force=True)
    for name, level in QUIET.items():
        logging.getLogger(name).setLevel(level)
    structlog.configure(
        processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


def _is_of_broker(trouble: BaseException | None) -> bool:
    return type(trouble).__module__.partition(".")[0] in ("redis", "pika", "dramatiq")
