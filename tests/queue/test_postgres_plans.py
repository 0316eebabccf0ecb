"""How PostgreSQL runs the statements: none on the way of a message walks through a table, however long the queue."""

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from recado.queue.postgres.connections import load_queries
from recado.queue.postgres.locks import begin
from recado.queue.reach import NOTHING
from tests.queue.postgres import database_url as database_url
from tests.queue.postgres import postgres as postgres

pytestmark = pytest.mark.xdist_group("postgres")

#: Statements of operators, of a clock that was wrong, of the end of an outage, and of the hourly search for customers
#: to forget.
RARE = {
    "repair_keys",
    "stale_customers",
    "clear",
    "forget_customers",
    "erase_orders",
    "erase_events",
    "erase_entries",
    "survey_lost",
    "lost_since",
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
#: Due, as a queue is before the server has looked at it.
QUEUE = """
INSERT INTO recado.entry (id, state, channel, lane, key, phone, content, written_at, received_at, deadline_at, due_at)
SELECT n, 'queued', 'whatsapp', '1', 'k' || n, '+1', '{}', n, n, n, n FROM generate_series(1, 5000) n;
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
            server.execute(b"PREPARE statement AS " + statement.text)
            count = len(set(re.findall(rb"\$\d+", statement.text)))
            values = b"(" + b", ".join([b"NULL"] * count) + b")" if count else b""
            rows = server.execute(b"EXPLAIN (COSTS OFF) EXECUTE statement" + values)
            found[name] = list(walks([str(line) for (line,) in rows]))
            server.execute("DEALLOCATE statement")

    assert {name: lines for name, lines in found.items() if lines and name not in RARE} == {}


def rows_of(node: dict[str, Any]) -> Iterator[float]:
    """How many rows each part of a plan read, those that it did not need included."""
    read = node["Actual Rows"] + sum(node.get(f"Rows Removed by {why}", 0) for why in ("Filter", "Join Filter"))
    yield read * node["Actual Loops"]
    for part in node.get("Plans", ()):
        yield from rows_of(part)


@pytest.mark.parametrize(
    ("name", "values"),
    {
        "due_by_id": "'whatsapp', '1', 10000, '[4998, 4999, 5000]'",
        "deliver": """'[[4998, 0, "w"], [4999, 0, "w"], [5000, 0, "w"]]', 1""",
        "release": "'[[4998, 0], [4999, 0], [5000, 0]]', 1",
    }.items(),
)
def test_what_is_given_by_its_id_is_looked_up_by_it(database_url: str, name: str, values: str) -> None:
    """Also with a plan that was made while the table was empty, and is kept until the server has statistics."""
    with psycopg.connect(database_url) as server:
        server.execute("ALTER TABLE recado.entry SET (autovacuum_enabled = false)")
        server.commit()
        begin(server, NOTHING)
        server.execute(b"PREPARE given AS " + load_queries()[name].text)
        server.execute(f"EXPLAIN EXECUTE given ({values})".encode())
        server.execute(QUEUE)
        explained = server.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE given ({values})".encode())
        (((plan,),),) = explained.fetchall()

    assert max(rows_of(plan["Plan"])) <= 3 * 3


def test_no_statement_is_compiled_or_shared_out(database_url: str) -> None:
    """The server would do so for tables that it does not know yet, and takes longer for it than for the statement."""
    with psycopg.connect(database_url) as server:
        begin(server, NOTHING)
        settings = "SELECT current_setting('jit'), current_setting('max_parallel_workers_per_gather')"
        found = server.execute(settings).fetchone()

    assert found == ("off", "0")
