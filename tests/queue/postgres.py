"""A real PostgreSQL for tests: one server a session, one database a test, copied from a migrated template."""

import itertools
import os
from collections.abc import Iterator

import pytest

from recado.queue.postgres.migrations import migrate
from recado.simulator.postgres import PostgresServer, started_server

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A running server; its folder is outside pytest's, which only the owner may enter."""
    with started_server() as server:
        migrate(server.create("migrated"))
        yield server


@pytest.fixture
def database_url(postgres: PostgresServer) -> Iterator[str]:
    """A database with the schema for one test. It is dropped after the test, because each has 300 files and 8 MB."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    yield postgres.create(name, template="migrated")
    postgres.drop(name)
