"""The schema in numbered steps; the first process that needs a step applies it.

Steps only add. A pod that is older than the schema uses it as it is; a newer pod without the right to change it waits.
"""

import hashlib
import importlib.resources
import time
from collections.abc import Callable
from importlib.resources.abc import Traversable
from typing import Any, Final

import psycopg

from recado.queue.errors import StoreError, StoreUnavailable
from recado.queue.postgres.connection import backoff, connect, is_unavailable, reason

#: The key of the lock that lets only one recado migrate a database at a time: "recado" as a number.
LOCK: Final = 0x72656361646F
#: The lock time-out of a step. It waits until nobody reads the table, and everybody else waits for the step.
LOCK_SECONDS: Final = 2.0
TRIES: Final = 10


def migrate(url: str, *, sleep: Callable[[float], None] = time.sleep, lock_seconds: float = LOCK_SECONDS) -> list[str]:
    """Brings the schema up to date; returns the names of the applied steps.

    Raises StoreUnavailable, or StoreError if an applied step differs from this version's.
    """
    with connect(url) as connection:
        for attempt in range(1, TRIES + 1):
            try:
                return _migrate(connection, lock_seconds)
            except psycopg.errors.LockNotAvailable as error:
                if attempt == TRIES:
                    raise StoreUnavailable(reason(error)) from error
                sleep(backoff(attempt))
            except psycopg.Error as error:
                if is_unavailable(error):
                    raise StoreUnavailable(reason(error)) from error
                raise StoreError(reason(error)) from error
    raise AssertionError("the last try returns or raises")


def is_current(connection: psycopg.Connection[Any]) -> bool:
    """Whether the schema has every step that this version knows."""
    if connection.execute("SELECT to_regclass('recado.schema_step')").fetchone() == (None,):
        return False
    applied = {name for (name,) in connection.execute("SELECT name FROM recado.schema_step")}
    return all(step.name in applied for step in steps())


def steps() -> list[Traversable]:
    """The files of the steps, in their order."""
    files = importlib.resources.files(__package__).joinpath("sql").iterdir()
    return sorted((file for file in files if file.name[:4].isdigit()), key=lambda file: file.name)


def _migrate(connection: psycopg.Connection[Any], lock_seconds: float) -> list[str]:
    with connection.transaction():
        connection.execute("SELECT set_config('lock_timeout', %s, true)", (f"{lock_seconds * 1000:.0f}ms",))
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        # IF NOT EXISTS needs the right to create schemas even if the schema exists; the role may lack that right.
        if connection.execute("SELECT to_regnamespace('recado')").fetchone() == (None,):
            connection.execute("CREATE SCHEMA recado")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS recado.schema_step (name text PRIMARY KEY, checksum text NOT NULL)"
        )
        applied = dict(connection.execute("SELECT name, checksum FROM recado.schema_step").fetchall())
        done = []
        for step in steps():
            script = step.read_text()
            checksum = hashlib.sha256(script.encode()).hexdigest()
            if applied.get(step.name, checksum) != checksum:
                raise StoreError(f"the database has another version of {step.name} than this recado")
            if step.name not in applied:
                connection.execute(script.encode())
                connection.execute("INSERT INTO recado.schema_step VALUES (%s, %s)", (step.name, checksum))
                done.append(step.name)
        return done
