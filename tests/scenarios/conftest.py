"""Servers that a scenario may have to itself."""

import os
from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, text


@pytest.fixture
def postgresql() -> Iterator[str]:
    """The address of an empty database of our own on the server that the environment names."""
    url = os.environ.get("TRUEUP_TEST_DATABASE_URL", "")
    if not url:
        pytest.skip("TRUEUP_TEST_DATABASE_URL names no server")
    name = f"trueup_scenario_{os.getpid()}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield f"{url.rpartition('/')[0]}/{name}"
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


def _named(variable: str) -> str:
    if not os.environ.get(variable):
        pytest.skip(f"{variable} names no broker")
    return os.environ[variable]


@pytest.fixture
def redis_url() -> str:
    return _named("TRUEUP_TEST_REDIS_URL")


@pytest.fixture
def amqp_url() -> str:
    return _named("TRUEUP_TEST_AMQP_URL")
