"""How PostgreSQL runs the statements: none on the way of a message walks through a table, however long the queue."""

import re
from collections.abc import Iterator

import psycopg
import pytest

from recado.queue.postgres.connections import load_queries
from recado.queue.postgres.locks import begin
from recado.queue.reach import NOTHING
from tests.queue.postgres import database_url as database_url
from tests.queue.postgres import postgres as postgres

pytestmark = pytest.mark.xdist_group("postgres")

#: Statements of operators, of a clock that was wrong, and of the search for customers to forget, once an hour.
RARE = {
    "repair_keys",
    "stale_customers",
    "clear",
    "forget_customers",
    "erase_orders",
    "erase_events",
    "erase_entries",
    "survey_lost",
}
ROWS = """
INSERT INTO recado.entry
  (id, state, channel, lane, key, phone, content, written_at, received_at, deadline_at, finished_at)
SELECT n, 'delivered', 'whatsapp', '1', 'k' || n, '+1', '{}', n, n, n, n FROM generate_series(1, 5000) n;
INSERT INTO recado.entry (id, state, channel, lane, key, phone, content, written_at, received_at, deadline_at, due_at)
SELECT n, 'queued', 'whatsapp', '1', 'k' || n, '+1', '{}', n, n, n, n FROM generate_series(5001, 10000) n;
INSERT INTO recado.entry
  (id, state, channel, lane, key, phone, content, written_at, received_at, deadline_at, lease_until)
SELECT n, 'sending', 'whatsapp', '1', 'k' || n, '+1', '{}', n, n, n, n FROM generate_series(10001, 12000) n;
INSERT INTO recado.seen_message SELECT 'w' || n, n FROM generate_series(1, 5000) n;
INSERT INTO recado.customer (key) SELECT 'k' || n FROM generate_series(1, 5000) n;
INSERT INTO recado.identity SELECT 'n' || n, 'k' || n FROM generate_series(1, 5000) n;
INSERT INTO recado.quote (id, token, key, state, source, currency, lines, total, opened_at, changed_at, expires_at)
SELECT n, 't' || n, 'k' || n, 'open', 'text', 'USD', '[]', '1', n, n, n FROM generate_series(1, 5000) n;
ANALYZE recado.entry, recado.seen_message, recado.customer, recado.identity, recado.quote;
"""
#: An index of what is under way alone.
UNDER_WAY = "entry_under_way"
LARGE = "entry|seen_message|customer|identity|quote"


def walks(plan: list[str]) -> Iterator[str]:
    """The lines of a plan that read a large table or an index of it from end to end."""
    for line, after in zip(plan, [*plan[1:], ""], strict=True):
        whole = re.search(rf"(Seq Scan|Index Scan using \w+) on ({LARGE})\b", line)
        if whole and "Index Cond" not in after and UNDER_WAY not in line:
            yield line.strip()


def test_no_statement_walks_through_a_table(database_url: str) -> None:
    """With the plans that are kept, by the settings of our transactions."""
    found = {}
    with psycopg.connect(database_url) as server:
        server.execute(ROWS)
        begin(server, NOTHING)
        for name, statement in load_queries().items():
            rows = server.execute(b"EXPLAIN (GENERIC_PLAN, COSTS OFF) " + statement.text)
            found[name] = list(walks([str(line) for (line,) in rows]))

    assert {name: lines for name, lines in found.items() if lines and name not in RARE} == {}
