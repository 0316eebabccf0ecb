"""PostgreSQL's plans: no statement for a message reads a whole table, however long the queue."""

import json
import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from recado.queue.postgres.connection import FORGET_PLANS
from recado.queue.postgres.connections import load_queries
from recado.queue.postgres.locks import begin
from recado.queue.reach import NOTHING
from recado.simulator.postgres import PostgresServer
from tests.queue.given import GIVEN, GROWN
from tests.queue.postgres import database_url as database_url
from tests.queue.postgres import postgres as postgres

pytestmark = pytest.mark.xdist_group("postgres")

#: Statements that may read much: those of operators, for a wrong clock, at the end of an outage, for the hourly search
#: for old customers, and those that read something small, such as entries under way, customers who wait for a person
#: and open quotes.
RARE = {
    "repair_keys",
    "stale_customers",
    "recount",
    "put_counts",
    "repair_due",
    "repair_leases",
    "clear",
    "listing",
    "under_way",
    "waiting_for_a_person",
    "remindable",
    "forget_customers",
    "erase_orders",
    "erase_events",
    "erase_entries",
    "lost_since",
    "waiting_since",
}
#: They read the rows that the report counts.
SURVEYS = {name for name in load_queries() if name.startswith("survey_")}
#: An index of only the entries under way.
UNDER_WAY = "entry_under_way"
LARGE = "entry|seen_message|customer|identity|quote|event|shop_order|asked"


def walks(plan: list[str]) -> Iterator[str]:
    """The lines of a plan that read a large table or an index of it from end to end."""
    for line, after in zip(plan, [*plan[1:], ""], strict=True):
        whole = re.search(rf"(Seq Scan|Index Scan using \w+) on ({LARGE})\b", line)
        if whole and "Index Cond" not in after and UNDER_WAY not in line:
            yield line.strip()


def test_no_statement_walks_through_a_table(database_url: str) -> None:
    """With cached plans, and the settings of recado's transactions."""
    found = {}
    with psycopg.connect(database_url) as server:
        server.execute(GROWN)
        server.execute("ANALYZE")
        begin(server, NOTHING)
        for name, statement in load_queries().items():
            server.execute(b"PREPARE statement AS " + statement.text)
            count = len(set(re.findall(rb"\$\d+", statement.text)))
            values = b"(" + b", ".join([b"NULL"] * count) + b")" if count else b""
            rows = server.execute(b"EXPLAIN (COSTS OFF) EXECUTE statement" + values)
            found[name] = list(walks([str(line) for (line,) in rows]))
            server.execute("DEALLOCATE statement")

    assert {name: lines for name, lines in found.items() if lines and name not in RARE | SURVEYS} == {}


def rows_of(node: dict[str, Any]) -> Iterator[float]:
    """How many rows each part of a plan read, including those that it did not need."""
    read = node["Actual Rows"] + sum(node.get(f"Rows Removed by {why}", 0) for why in ("Filter", "Join Filter"))
    yield read * node["Actual Loops"]
    for part in node.get("Plans", ()):
        yield from rows_of(part)


@pytest.fixture(scope="module", params=["new", "emptied"])
def rows_read(request: pytest.FixtureRequest, postgres: PostgresServer) -> dict[str, float]:
    """The most rows that a part of each statement's plan read, in a queue that has just grown.

    The first plans were made for empty tables: never used, or emptied and vacuumed as after a quiet night. The server
    has no statistics of their present content.
    """
    url = postgres.create(f"plans_{request.param}", template="migrated")
    with psycopg.connect(url, autocommit=True) as server:
        for name in LARGE.split("|"):
            server.execute(f"ALTER TABLE recado.{name} SET (autovacuum_enabled = false)".encode())
        if request.param == "emptied":
            server.execute("VACUUM ANALYZE")
    with psycopg.connect(url) as server:
        begin(server, NOTHING)
        for name, statement in load_queries().items():
            if name in GIVEN:
                server.execute(f"PREPARE {name}_ AS ".encode() + statement.text)
                server.execute(f"EXPLAIN EXECUTE {name}_ {GIVEN[name]}".encode())
        server.execute(GROWN)
        server.execute(FORGET_PLANS)
        return {name: _most_rows(server, f"EXECUTE {name}_ {values}") for name, values in GIVEN.items()}


def _most_rows(server: psycopg.Connection[Any], statement: str) -> float:
    """The maximum number of rows that a part of a statement's plan reads. The statement is rolled back."""
    server.execute("SAVEPOINT before")
    rows = server.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}".encode()).fetchall()
    server.execute("ROLLBACK TO SAVEPOINT before")
    (((plan,),),) = rows
    return max(rows_of(plan["Plan"]))


@pytest.mark.parametrize("name", GIVEN)
def test_a_statement_reads_what_it_is_given(rows_read: dict[str, float], name: str) -> None:
    """It reads the rows of three customers, not of 5,000."""
    assert rows_read[name] <= 3 * 4


def test_every_statement_is_measured() -> None:
    """A new statement that reads a large table needs parameters here, or an entry among those that may read much."""
    reading = rf"(?:FROM|JOIN|UPDATE) recado\.(?:{LARGE})\b".encode()
    reads = {name for name, statement in load_queries().items() if re.search(reading, statement.text)}

    assert reads - SURVEYS == {*GIVEN, *RARE}


def test_the_ends_of_a_batch_are_not_compared_with_each_other(database_url: str) -> None:
    """The triggers' own statements, too, read as many rows as there are in a batch, not the square of that."""
    said: list[str] = []
    with psycopg.connect(database_url) as server:
        server.add_notice_handler(lambda notice: said.append(notice.message_primary or ""))
        server.execute(GROWN)
        begin(server, NOTHING)
        ended = json.dumps([(10000 + n, 1, "w") for n in range(1, 101)])
        for setting in (
            "min_duration = 0",
            "level = notice",
            "format = json",
            "analyze = on",
            "nested_statements = on",
        ):
            server.execute(f"SET LOCAL auto_explain.log_{setting}".encode())
        server.execute("LOAD 'auto_explain'")
        delivered = server.execute(load_queries()["deliver"].text.replace(b"$1", b"%s").replace(b"$2", b"1"), (ended,))

    assert delivered.rowcount == 100
    plans = [json.loads(plan) for _, found, plan in (text.partition("plan:") for text in said) if found]
    assert len(plans) > 2
    assert max(most for plan in plans for most in rows_of(plan["Plan"])) <= 3 * 100


def test_rows_of_columns_are_parsed_once() -> None:
    """Each column of a json array parses the row again: 20 columns took six times as long as with jsonb."""
    texts = [statement.text for statement in load_queries().values()]

    assert [text for text in texts if b"json_array_elements($1::json)" in text] == []


def test_no_statement_is_compiled_or_shared_out(database_url: str) -> None:
    """The server would use JIT or parallel workers for tables without statistics, which takes longer than the
    statement."""
    with psycopg.connect(database_url) as server:
        begin(server, NOTHING)
        settings = "SELECT current_setting('jit'), current_setting('max_parallel_workers_per_gather')"
        found = server.execute(settings).fetchone()

    assert found == ("off", "0")
