"""Measures a report of a million rows, and webhooks at the same time."""

import json
import shutil
import statistics
import threading
import time
import urllib.request
from pathlib import Path

from loadtests.bench.machine import SERVER_CORE
from loadtests.bench.tables import Cell, table
from loadtests.bench.webhooks import Bench, recado

from recado.queue.sqlite.database import open_database
from recado.simulator.installation import SECRETS

DAYS = 30
RATE = "100"
_LINES = json.dumps(
    [
        {"sku": "CAL-001", "name": "Zapatos", "quantity": 2, "unit_price": "45.99"},
        {"sku": "CAM-001", "name": "Camisa", "quantity": 1, "unit_price": "25.50"},
    ]
)
_COUNT = "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?1) "
#: What is written, and how many rows of it; ?2 is now in Unix seconds, ?3 are the lines of a quote.
_ROWS = (
    (
        400_000,
        """
        INSERT INTO seen_message
        SELECT CAST((?2 - 691200.0 * (i + 1) / ?1) * 1e6 AS INTEGER), printf('%032x', i) FROM n
        """,
    ),
    (
        400_000,
        """
        INSERT INTO quote (id, token, key, state, source, currency, lines, total, opened_at, changed_at, expires_at,
          closed_at, accepted_at)
        SELECT CAST(at * 1e6 AS INTEGER), 'T' || i, 'k' || i,
          CASE i % 3 WHEN 0 THEN 'confirmed' WHEN 1 THEN 'rejected' ELSE 'expired' END, 'text', 'USD', ?3,
          printf('%d.48', 10 + i % 500), at, at, at + 86400, at + 60 + i % 3000, at + 1
        FROM (SELECT i, ?2 - 2592000.0 * (i + 1) / ?1 AS at FROM n)
        """,
    ),
    (
        100_000,
        """
        INSERT INTO shop_order (number, quote, key, channel, lane, state, source, currency, lines, total, left_out,
          placed_at, changed_at, placed_id)
        SELECT 1001 + i, 'T' || i, 'k' || i, 'whatsapp', '1', CASE i % 2 WHEN 0 THEN 'completed' ELSE 'placed' END,
          'text', 'USD', ?3, printf('%d.48', 10 + i % 500), '[]', at, at, CAST(at * 1e6 AS INTEGER)
        FROM (SELECT i, ?2 - 2592000.0 * (i + 1) / ?1 AS at FROM n)
        """,
    ),
    (
        50_000,
        """
        INSERT INTO entry (id, state, channel, lane, key, phone, content, written_at, received_at, deadline_at, reason,
          finished_at)
        SELECT CAST(at * 1e6 AS INTEGER), 'failed', 'whatsapp', '1', 'k' || i, '+1', '{}', at, at, at, 'rejected', at
        FROM (SELECT i, ?2 - 2592000.0 * (i + 1) / ?1 AS at FROM n)
        """,
    ),
    (
        50_000,
        """
        INSERT INTO asked SELECT CAST(?2 / 86400 AS INTEGER) - i % 30, 'cosa ' || i % 500, 'unmatched', 'c' || i FROM n
        """,
    ),
)
ROWS = sum(count for count, _ in _ROWS)


def reports(bench: Bench) -> tuple[str, list[dict[str, object]]]:
    """Measures how long a report takes, and how long webhooks take without and during one."""
    data = bench.folder / "report"
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True)
    _fill(data / "recado.db")
    alone, beside, times = [], [], []
    with bench.graph() as graph_port, recado(data, graph_port).server(core=SERVER_CORE) as server:
        _p99(bench, server.port)  # from a cold start
        for _ in range(bench.rounds):
            alone.append(_p99(bench, server.port))
            with _Reports(server.url) as made:
                beside.append(_p99(bench, server.port))
            times += made.seconds
    figures = [statistics.median(alone), statistics.median(beside), statistics.median(times), max(times)]
    head = ["rows", "webhooks/s", "p99 ms without", "p99 ms beside", "reports", "seconds, median", "seconds, longest"]
    row: list[Cell] = [f"{ROWS:,}", RATE, *figures[:2], len(times), *figures[2:]]
    return table(head, [row]), [{"alone_p99_ms": alone, "beside_p99_ms": beside, "seconds": times}]


class _Reports:
    """Requests one report after the other until the block ends, and waits for the last one; `seconds`: the duration of
    each."""

    def __init__(self, url: str) -> None:
        self._request = urllib.request.Request(
            f"{url}/api/v1/report?days={DAYS}", headers={"Authorization": f"Bearer {SECRETS['RECADO_ADMIN_TOKEN']}"}
        )
        self.seconds: list[float] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work)

    def __enter__(self) -> "_Reports":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._stopping.is_set():
            began = time.monotonic()
            with urllib.request.urlopen(self._request, timeout=90) as response:
                funnel = {stage["name"]: stage["count"] for stage in json.load(response)["report"]["funnel"]}
            assert funnel["quoted"] > ROWS / 4, funnel
            self.seconds.append(time.monotonic() - began)


def _p99(bench: Bench, port: int) -> float:
    result = bench.load([port], bench.seconds, "--mode", "open", "--rate", RATE)[0]
    assert result["ok"] == result["requests"], result
    return float(result["latency_ms"]["p99"])


def _fill(path: Path) -> None:
    connection = open_database(path)
    connection.execute("PRAGMA synchronous = OFF")
    with connection:
        for count, statement in _ROWS:
            bindings = (count, time.time(), _LINES)
            connection.execute(_COUNT + statement, bindings[: 3 if "?3" in statement else 2])
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
