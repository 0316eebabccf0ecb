"""The two stores run the same operations: their statements and tables have the same names."""

import re
from collections.abc import Mapping
from importlib import resources

from recado.queue.postgres.connections import load_queries as postgres_queries
from recado.queue.sqlite.database import load_queries as sqlite_queries

#: PostgreSQL's own tables: the last batch of each process, totals to add up, the next id.
OWN = {"batch", "delta", "state_delta", "next_id"}


def columns(store: str) -> Mapping[str, list[str]]:
    """The columns of each table, in order, after the steps of a store's schema."""
    folder = resources.files(f"recado.queue.{store}").joinpath("sql")
    text = "".join(step.read_text() for step in folder.iterdir() if step.name[:4].isdigit())
    tables = re.findall(r"CREATE (?:UNLOGGED )?TABLE (\w+) \(\n(.*?)\n\)", text, re.DOTALL)
    return {name: re.findall(r"^  ([a-z_]+) ", body, re.MULTILINE) for name, body in tables}


def test_the_stores_have_the_same_statements() -> None:
    """Both stores have statements of the same names."""
    assert postgres_queries().keys() == sqlite_queries().keys()


def test_the_stores_have_the_same_tables() -> None:
    """So a queue can be copied from one to the other, row by row."""
    sqlite, postgres = columns("sqlite"), columns("postgres")

    assert postgres.keys() - OWN == sqlite.keys()
    assert {name: sorted(postgres[name]) for name in sqlite} == {name: sorted(sqlite[name]) for name in sqlite}
