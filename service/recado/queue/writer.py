"""The one writer of a store: a thread that commits the work of many callers in one transaction (group commit).

A caller submits an operation and awaits its result, which arrives when the commit is on disk. Operations of one kind
that wait together go to the store as one batch.
"""

import asyncio
import itertools
import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from recado.queue.errors import StoreUnavailable
from recado.queue.operations.transaction import Transaction
from recado.queue.reach import EVERYTHING, Reach
from recado.queue.statements import Database, Statements
from recado.telemetry.metric import Metric

Argument = TypeVar("Argument")
Result = TypeVar("Result")
#: An operation's kind: from the transaction and the arguments of a batch to their results, in order.
BatchKind = Callable[[Transaction, Sequence[Argument]], Sequence[Result]]
AnyKind = BatchKind[Any, Any]


class CommitObserver(Protocol):
    """Is called after every commit in the writer's thread, and by any thread for other events to count."""

    def committed(self, seconds: float, operations: int) -> None: ...

    def failed(self, error: str) -> None: ...

    def counted(self, metric: Metric, *labels: str) -> None: ...


class _Operation:
    __slots__ = ("argument", "future", "kind", "loop", "reach", "result")

    def __init__(self, kind: AnyKind, argument: Any, reach: Reach) -> None:
        self.kind = kind
        self.argument = argument
        self.reach = reach
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Any] = self.loop.create_future()
        self.result: Any = None

    def settle(self) -> None:
        if self.future.done():
            return
        if isinstance(self.result, BaseException):
            self.future.set_exception(self.result)
        else:
            self.future.set_result(self.result)


class Writer:
    """The one thread that writes to a database; `begin` makes the object that a transaction's batches work on."""

    def __init__(
        self,
        database: Database,
        begin: Callable[[Statements], Transaction],
        observer: CommitObserver,
    ) -> None:
        self._database = database
        self._begin = begin
        self._observer = observer
        #: None ends the thread and is the last item. A SimpleQueue costs half as much as a deque with a Condition.
        self._waiting: queue.SimpleQueue[_Operation | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="recado-writer", daemon=True)
        self._thread.start()

    def submit(
        self, kind: BatchKind[Argument, Result], argument: Argument, reach: Reach = EVERYTHING
    ) -> "asyncio.Future[Result]":
        """The future of an operation's result, done when its commit is on disk.

        It fails with StoreUnavailable if nothing could be recorded.
        """
        operation = _Operation(kind, argument, reach)
        with self._lock:
            if self._closing:
                raise StoreUnavailable("the store is closed")
            self._waiting.put(operation)
        return operation.future

    def close(self) -> None:
        """Commits what waits, then ends the thread. Blocks."""
        with self._lock:
            self._closing = True
            self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        last = False
        while not last:
            batch, last = self._next_batch()
            if batch:
                self._commit(batch)
                _release(batch)
            if not self._waiting.empty():
                time.sleep(self._database.gap_seconds)

    def _next_batch(self) -> tuple[list[_Operation], bool]:
        """Waits for operations; returns all that wait, and whether they are the last."""
        waiting = [self._waiting.get()]
        waiting += [self._waiting.get() for _ in range(min(self._waiting.qsize(), self._database.most_in_a_commit - 1))]
        return [operation for operation in waiting if operation], waiting[-1] is None

    def _commit(self, batch: list[_Operation]) -> None:
        started = time.perf_counter()
        try:
            reach = _reach_of([operation.reach for operation in batch])
            self._database.write(lambda statements: self._run(batch, statements), reach)
        except StoreUnavailable as error:
            self._observer.failed(type(error.__cause__ or error).__name__)
            for operation in batch:
                operation.result = StoreUnavailable(str(error))
        except Exception as error:
            # An error in one operation must not fail the others of its batch: each gets its own transaction.
            if len(batch) == 1:
                self._observer.failed(type(error).__name__)
                batch[0].result = error
            else:
                for operation in batch:
                    self._commit([operation])
        else:
            self._observer.committed(time.perf_counter() - started, len(batch))

    def _run(self, batch: list[_Operation], statements: Statements) -> None:
        transaction = self._begin(statements)
        for kind, operations in _by_kind(batch).items():
            results = kind(transaction, [operation.argument for operation in operations])
            for operation, result in zip(operations, results, strict=True):
                operation.result = result
        transaction.finish()


def _by_kind(batch: list[_Operation]) -> dict[AnyKind, list[_Operation]]:
    kinds: dict[AnyKind, list[_Operation]] = {}
    for operation in batch:
        kinds.setdefault(operation.kind, []).append(operation)
    return kinds


def _reach_of(reaches: Sequence[Reach]) -> Reach:
    """The combined reach of operations."""
    if len(reaches) == 1:
        return reaches[0]
    if any(reach.everything for reach in reaches):
        return EVERYTHING
    return Reach(
        names=tuple(itertools.chain.from_iterable(reach.names for reach in reaches)),
        entries=tuple(itertools.chain.from_iterable(reach.entries for reach in reaches)),
        sent=tuple(itertools.chain.from_iterable(reach.sent for reach in reaches)),
    )


def _release(batch: list[_Operation]) -> None:
    """Hands the results to the event loops that wait for them, in one call for each loop."""
    loops: dict[asyncio.AbstractEventLoop, list[_Operation]] = {}
    for operation in batch:
        loops.setdefault(operation.loop, []).append(operation)
    for loop, operations in loops.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_settle_all, operations)


def _settle_all(operations: list[_Operation]) -> None:
    for operation in operations:
        operation.settle()
