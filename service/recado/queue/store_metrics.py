"""Exports the store to Prometheus: durable totals, the present state of the queue, the volume."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

from prometheus_client.registry import Collector

from recado.queue.protocol import Snapshot
from recado.queue.statements import StoreSizes
from recado.telemetry import metrics
from recado.telemetry.metric import Source
from recado.telemetry.web_metrics import families, gauge

#: How old what a scrape finds may be.
CACHE_SECONDS: Final = 2.0


class StoreCollector(Collector):
    """The durable totals and the present state of the store, read at each scrape by the metrics thread.

    If the store cannot be read, its series are missing and `recado_store_readable` is 0. What was read serves all
    scrapes of the next CACHE_SECONDS: two Prometheus servers that scrape every pod cost the store no more than one.
    """

    def __init__(self, snapshot: Callable[[], Snapshot], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._read, self._monotonic = snapshot, monotonic
        self._kept: Snapshot | None = None
        self._kept_until = 0.0
        self._one_read = threading.Lock()

    def collect(self) -> Iterator[Any]:
        try:
            snapshot = self._snapshot()
        except Exception as error:  # a scrape must return the other metrics even if the store fails
            logging.getLogger(__name__).warning(
                "the store could not be read for a scrape",
                extra={"action": "store.unreadable", "error": type(error).__name__},
            )
            yield gauge(metrics.STORE_READABLE, [((), 0.0)])
            return
        yield gauge(metrics.STORE_READABLE, [((), 1.0)])
        yield from self._sizes(snapshot.sizes)
        yield from self._state(snapshot)
        bounds = {
            "phone_number_id": tuple(snapshot.breakers),
            "endpoint": tuple(snapshot.endpoints),
            "target": snapshot.targets,
            "template": tuple(snapshot.paused_templates),
        }
        yield from families(Source.STORE, snapshot.totals, bounds, {})

    def _snapshot(self) -> Snapshot:
        with self._one_read:
            if self._kept is None or self._monotonic() >= self._kept_until:
                self._kept = None  # if the store cannot be read now, the next scrape tries again
                self._kept = self._read()
                self._kept_until = self._monotonic() + CACHE_SECONDS
            return self._kept

    @staticmethod
    def _sizes(sizes: StoreSizes) -> Iterator[Any]:
        yield gauge(metrics.STORE_SIZE, [((name,), size) for name, size in sizes.files.items()])
        if sizes.volume:
            yield gauge(metrics.VOLUME_FREE, [((), sizes.volume.free)])
            yield gauge(metrics.VOLUME_SIZE, [((), sizes.volume.size)])
        if sizes.server:
            yield gauge(metrics.DEAD_ROWS, [((), sizes.server.dead_rows)])
            yield gauge(metrics.OLDEST_SNAPSHOT, [((), sizes.server.oldest_snapshot_seconds)])
            yield gauge(metrics.STANDBYS, [((state,), count) for state, count in sizes.server.standbys.items()])
            yield gauge(metrics.DELTA_ROWS, [((), sizes.server.delta_rows)])
            known = metrics.STORE_PROBLEMS.labels["problem"] or ()
            yield gauge(metrics.STORE_PROBLEMS, [((one,), float(one in sizes.server.problems)) for one in known])
            yield gauge(metrics.CLOCK_OFFSET, [((), sizes.server.clock_offset_seconds)])

    @staticmethod
    def _state(snapshot: Snapshot) -> Iterator[Any]:
        yield gauge(metrics.QUEUE_ROWS, [((s,), float(snapshot.rows.get(s, 0))) for s in metrics.STATES])
        yield gauge(metrics.MISCOUNTED_ROWS, [((), snapshot.miscounted_rows)])
        yield gauge(metrics.OLDEST_DUE_AGE, [((), snapshot.oldest_due_seconds)])
        yield gauge(metrics.OLDEST_PLACED, [((), snapshot.oldest_placed_seconds)])
        yield gauge(metrics.HANDOFFS_WAITING, [((), float(snapshot.waiting_for_a_person))])
        yield gauge(metrics.HANDOFFS_OLDEST_WAITING, [((), snapshot.waiting_for_a_person_seconds)])
        reasons = metrics.BREAKER_OPEN.labels["reason"] or ()
        yield gauge(
            metrics.BREAKER_OPEN,
            [
                ((number, reason), float(breaker.open_reason == reason))
                for number, breaker in snapshot.breakers.items()
                for reason in reasons
            ],
        )
        endpoints = snapshot.endpoints.items()
        yield gauge(metrics.EVENT_BACKLOG, [((name,), float(one.waiting)) for name, one in endpoints])
        yield gauge(metrics.EVENT_OLDEST_AGE, [((name,), one.oldest_seconds) for name, one in endpoints])
        templates = snapshot.paused_templates.items()
        yield gauge(metrics.TEMPLATE_PAUSED, [((name,), float(paused)) for name, paused in templates])
        held = metrics.EVENT_ENDPOINT_HELD.labels["reason"] or ()
        yield gauge(
            metrics.EVENT_ENDPOINT_HELD,
            [((name, why), float(one.breaker.open_reason == why)) for name, one in endpoints for why in held],
        )
        for metric, name in (
            (metrics.DRAIN_LAST_START, "drain_started_at"),
            (metrics.DRAIN_LAST_SUCCESS, "drain_succeeded_at"),
            (metrics.BACKUP_LAST_SUCCESS, "backup_succeeded_at"),
            (metrics.RESTORE_DRILL_LAST_SUCCESS, "restore_drill_succeeded_at"),
            (metrics.STORE_CREATED, "created_at"),
            (metrics.ACCOUNT_STOPPED_AT, "account_stopped_at"),
            (metrics.ACCOUNT_THREATENED_AT, "account_threatened_at"),
        ):
            at = snapshot.instants.get(name)
            yield gauge(metric, [((), at)] if at is not None else [])
