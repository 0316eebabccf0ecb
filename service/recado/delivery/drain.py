"""One run of the drain: claims due replies, sends them, records the results, ends.

It sends at most `drain_concurrency` replies at once, within the queue's limits, and waits for turns that are near. At
the end of its time budget or on request it claims nothing more, and finishes or releases what is under way.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from recado.delivery.attempt import Delivery
from recado.outcome import Outcome
from recado.queue.errors import StoreUnavailable
from recado.queue.model import TO_CUSTOMERS, AttemptResult
from recado.queue.protocol import Outbox
from recado.settings import Settings
from recado.telemetry import conventions, metrics, tracing
from recado.telemetry.totals import Totals

log = logging.getLogger(__name__)

#: A drain with nothing under way waits for messages that become due within this time; otherwise it ends.
LINGER_SECONDS = 7.0
#: How long a loop waits after it has found nothing.
IDLE_SECONDS = 1.0
#: The minimum time between two claims: a busy drain leaves the store to others, and claims several messages at once.
MIN_PAUSE_SECONDS = 0.005


class DrainReport(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one drain. `retried` counts attempts; the other fields count how they ended."""

    retried: int = 0
    successful: int = 0
    failed: int = 0
    expired: int = 0
    pruned: int = 0
    seconds: float = 0.0


Progress = Callable[[DrainReport], None]


class Drain:
    """Drains the queue, one run at a time; `stop` may be set from a signal handler."""

    def __init__(
        self,
        queue: Outbox,
        delivery: Delivery,
        settings: Settings,
        *,
        progress: Progress = lambda report: None,
    ) -> None:
        self._queue = queue
        self._delivery = delivery
        self._settings = settings
        self._clock = queue.now
        self._progress = progress
        self._under_way: set[asyncio.Task[AttemptResult | None]] = set()
        self._successful = self._failed = 0
        self._running = asyncio.Lock()
        self.stop = asyncio.Event()

    async def run(self, *, tell_idle: bool = True) -> DrainReport:
        """One run within the time budget, after the run that is under way. Raises StoreUnavailable if the queue failed.

        Without `tell_idle`, a run that found nothing to do writes no log line.
        """
        async with self._running:
            return await self._run_and_tell(tell_idle)

    async def close(self) -> None:
        """Stops, waits until no run and no send is under way, including those of a cancelled run, and closes the
        channels."""
        self.stop.set()
        async with self._running:
            await self._finish_under_way()
        await self._delivery.aclose()

    async def _run_and_tell(self, tell_idle: bool) -> DrainReport:
        with tracing.drain_run():
            report = await self._run()
            if tell_idle or report.retried or report.expired or report.pruned:
                log.info("drain finished", extra={"action": "drain.finished", **report_fields(report)})
        return report

    async def _run(self) -> DrainReport:
        started = time.monotonic()
        self._successful = self._failed = 0
        await self._queue.record_totals(Totals(), {"drain_started_at": str(self._clock())})
        try:
            expired = await self._expire()
            await self._deliver_until(started + self._settings.drain_seconds)
            pruned = await self._prune(started + self._settings.drain_seconds)
        except BaseException as error:
            await self._finish_under_way()
            if isinstance(error, Exception):
                await self._tell_of_failure(error, time.monotonic() - started)
            raise
        report = self._report(seconds=time.monotonic() - started, expired=expired, pruned=pruned)
        totals = Totals()
        totals.inc(metrics.DRAIN_RUNS, "ok")
        totals.observe(metrics.DRAIN_DURATION, report.seconds)
        totals.observe(metrics.DRAIN_MESSAGES, report.retried)
        await self._queue.record_totals(totals, {"drain_succeeded_at": str(self._clock())})
        return report

    async def _tell_of_failure(self, error: Exception, seconds: float) -> None:
        fields = report_fields(self._report(seconds=seconds))
        log.error("drain failed", extra={"action": "drain.failed", "error": type(error).__name__, **fields})
        totals = Totals()
        totals.inc(metrics.DRAIN_RUNS, "failed")
        with contextlib.suppress(StoreUnavailable):
            await self._queue.record_totals(totals, {})

    async def loop(self, begin: Callable[[], object] = lambda: None) -> None:
        """Runs until it is told to stop, even while the queue fails; calls `begin` before each run."""
        problem = ""
        while not self.stop.is_set():
            begin()
            try:
                await self.run(tell_idle=False)
                problem = ""
            except StoreUnavailable as error:
                if str(error) != problem:
                    log.error("the store is unavailable", extra={"action": "store.unavailable", "error": str(error)})
                problem = str(error)
            await self._sleep(IDLE_SECONDS)

    async def _deliver_until(self, end: float) -> None:
        # The first message is claimed alone: creating the client takes time. Other messages would miss their turns
        # meanwhile, and would then all be sent at once.
        limit = 1
        try:
            while not self.stop.is_set() and time.monotonic() < end:
                capacity = self._settings.drain_concurrency - len(self._under_way)
                if capacity <= 0:
                    await self._wait_for_one(end)
                    continue
                with tracing.receive() as span:
                    claim = await self._queue.get_messages_to_retry(min(capacity, limit))
                    span.set(conventions.MESSAGING_BATCH_COUNT, len(claim.messages))
                    span.link(message.traceparent for message in claim.messages)
                for lane in claim.probes:
                    self._start(self._delivery.probe(lane))
                for message in claim.messages:
                    self._start(self._delivery.attempt(message), counted=message.lane.channel in TO_CUSTOMERS)
                if claim.messages:
                    limit = self._settings.drain_batch
                    await asyncio.sleep(MIN_PAUSE_SECONDS)
                    continue
                if not self._under_way and not self._worth_waiting(claim.next_at, end):
                    return
                await self._pause(claim.next_at, end)
        finally:
            await self._finish_under_way()

    def _start(self, work: Coroutine[Any, Any, AttemptResult | None], *, counted: bool = False) -> None:
        """Starts a probe or an attempt; the report counts attempts at replies, not at events."""
        task = asyncio.get_running_loop().create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        if counted:
            task.add_done_callback(self._count)

    def _count(self, task: asyncio.Task[AttemptResult | None]) -> None:
        if task.cancelled() or (result := task.result()) is None:
            return
        if result.outcome is Outcome.DELIVERED:
            self._successful += 1
        else:
            self._failed += 1
        self._progress(self._report(seconds=0.0))

    async def _wait_for_one(self, end: float) -> None:
        timeout = max(0.0, end - time.monotonic())
        await asyncio.wait(self._under_way, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)

    def _worth_waiting(self, next_at: float | None, end: float) -> bool:
        if next_at is None:
            return False
        wait = next_at - self._clock()
        return wait <= LINGER_SECONDS and time.monotonic() + wait < end

    async def _pause(self, next_at: float | None, end: float) -> None:
        """Waits until the next message can be claimed or the run is over; if that is far, until one under way is
        done."""
        wait = min(IDLE_SECONDS, end - time.monotonic())
        if next_at is not None and (turn := next_at - self._clock()) < wait:
            await self._sleep(max(turn, MIN_PAUSE_SECONDS))
        else:
            await self._sleep(max(wait, MIN_PAUSE_SECONDS), *self._under_way)

    async def _sleep(self, seconds: float, *until: asyncio.Task[AttemptResult | None]) -> None:
        """Sleeps for a time, or until it is told to stop, or one of the tasks is done."""
        stopped = asyncio.ensure_future(self.stop.wait())
        try:
            await asyncio.wait({stopped, *until}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()

    async def _finish_under_way(self) -> None:
        if self._under_way:
            await asyncio.wait(set(self._under_way))

    async def _expire(self) -> int:
        total = 0
        while count := await self._queue.expire():
            total += count
        return total

    async def _prune(self, end: float) -> int:
        total = 0
        while not self.stop.is_set():
            pruned = await self._queue.prune()
            total += sum(pruned.rows.values())
            if not pruned.more or time.monotonic() >= end:
                break
        return total

    def _report(self, *, seconds: float, expired: int = 0, pruned: int = 0) -> DrainReport:
        return DrainReport(
            retried=self._successful + self._failed,
            successful=self._successful,
            failed=self._failed,
            expired=expired,
            pruned=pruned,
            seconds=seconds,
        )


def report_fields(report: DrainReport) -> dict[str, float]:
    """A report as log fields."""
    return {
        "messages_retried": report.retried,
        "successful": report.successful,
        "failed": report.failed,
        "expired": report.expired,
        "pruned": report.pruned,
        "duration_seconds": round(report.seconds, 3),
    }
