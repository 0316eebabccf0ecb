"""Faults of a PostgreSQL server and of its standby, for drills on a pair of them."""

import contextlib
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
from loadtests.chaos.standby import Pair

from tests.telemetry.stack import Stack, repeated

#: More rows than the alert on an old snapshot allows.
DEAD_ROWS = 150_000


def on_pair(fault: Callable[[Stack, Pair], contextlib.AbstractContextManager[None]]) -> Callable[..., Any]:
    """Adapts a fault of servers to the form that drills call."""

    def injected(stack: Stack, traffic: object) -> contextlib.AbstractContextManager[None]:
        assert stack.pair is not None
        return fault(stack, stack.pair)

    return injected


@on_pair
@contextlib.contextmanager
def server_gone(stack: Stack, pair: Pair) -> Iterator[None]:
    pair.primary.stop("immediate")
    yield
    pair.primary.start()


@on_pair
@contextlib.contextmanager
def server_frozen(stack: Stack, pair: Pair) -> Iterator[None]:
    pair.primary.freeze()
    yield
    pair.primary.thaw()


@on_pair
@contextlib.contextmanager
def failover(stack: Stack, pair: Pair) -> Iterator[None]:
    """The primary's machine is lost, and the standby takes over, without a standby until the other one is back."""
    pair.fail_over()
    yield
    pair.rejoin()


@on_pair
@contextlib.contextmanager
def standby_frozen(stack: Stack, pair: Pair) -> Iterator[None]:
    """Every commit waits for the frozen standby."""
    pair.standby.freeze()
    yield
    pair.standby.thaw()


@on_pair
@contextlib.contextmanager
def long_transaction(stack: Stack, pair: Pair) -> Iterator[None]:
    """A transaction stays open while many rows are deleted."""
    url = pair.primary.url("recado")
    with psycopg.connect(url) as left_open:
        left_open.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        left_open.execute("SELECT txid_current()")
        with psycopg.connect(
            url, autocommit=True
        ) as busy:  # the server reports the deleted rows when the transaction ends
            busy.execute(f"CREATE TABLE recado.ballast AS SELECT generate_series(1, {DEAD_ROWS})")
            busy.execute("DELETE FROM recado.ballast")
        yield
        left_open.rollback()
        left_open.execute("DROP TABLE recado.ballast")


@on_pair
@contextlib.contextmanager
def clock_wrong(stack: Stack, pair: Pair) -> Iterator[None]:
    """The pod's clock is ten minutes ahead."""
    stack.restart_service(ahead_seconds=600)
    yield
    stack.restart_service(ahead_seconds=0)


@on_pair
@contextlib.contextmanager
def server_full(stack: Stack, pair: Pair) -> Iterator[None]:
    """The volume of the server's data fills up; if the server stops because of it, it is restarted."""
    ballast = pair.primary.data.parent / "ballast"
    with _kept_full(ballast):
        yield
    ballast.unlink()
    with contextlib.suppress(subprocess.CalledProcessError):  # it may run
        pair.primary.start()


@contextlib.contextmanager
def _kept_full(ballast: Path) -> Iterator[None]:
    """Keeps the volume full."""
    with ballast.open("ab", buffering=0) as file:

        def fill() -> None:
            with contextlib.suppress(OSError):
                while file.write(b"x" * 65_536):
                    pass

        with repeated(fill, per_second=10):
            yield
