"""Finds all rows that name a customer, by reading the tables page by page.

`customer` and `identity` know his names only as long as his conversation is stored; failed replies and events are
stored longer. So this module reads every table that names customers. Reading a page blocks no writer.
"""

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from recado.queue.statements import Database, Row

PAGE: Final = 5000
#: Longer than any transaction; ids are microseconds.
LATE: Final = 30_000_000
#: The statement that reads each table, and a value below all of its marks. Rows are (mark, key of the customer, phone
#: number, user id).
TABLES: Final[dict[str, tuple[str, int | str]]] = {
    "customer": ("people_in_customers", ""),
    "identity": ("people_in_identities", ""),
    "entry": ("people_in_entries", 0),
    "event": ("people_in_events", 0),
    "shop_order": ("people_in_orders", 0),
}


class Traces(msgspec.Struct):
    """One customer. names: his phone numbers (with `+`) and user ids. keys: of his conversations. rows: the marks of
    his rows by table. numbers: the business numbers that there are. read_to: the mark up to which a table was read."""

    names: set[str]
    keys: set[str] = msgspec.field(default_factory=set)
    rows: dict[str, set[int | str]] = msgspec.field(default_factory=lambda: {table: set() for table in TABLES})
    numbers: set[str] = msgspec.field(default_factory=set)
    read_to: dict[str, int | str] = msgspec.field(default_factory=dict)

    def take(self, table: str, rows: Iterable[Row]) -> bool:
        """Adds the rows that are his; returns whether they contain a new name or key."""
        known = len(self.names) + len(self.keys)
        for mark, key, *names in rows:
            if key in self.keys or not self.names.isdisjoint(names):
                self.rows[table].add(mark)
                self.keys |= {key} - {None}
                self.names |= set(names) - {None}
            if table == "customer":
                self.numbers.add(str(mark).partition(":")[0])
            self.read_to[table] = mark
        return len(self.names) + len(self.keys) > known

    @property
    def possible_keys(self) -> set[str]:
        """The keys of his conversations, and the keys that conversations under his other names would have."""
        return self.keys | {f"{number}:{name}" for number in self.numbers for name in self.names}

    def catch_up(self, run: Callable[..., list[Row]]) -> bool:
        """Reads the rows that were added since. Call it while no other transaction can write."""
        names = sorted(self.possible_keys)
        leading = [(name, key, name.partition(":")[2], None) for name, key in run("identities", _json(names))]
        back = [(name, key, name.partition(":")[2], None) for key, name in run("names_of", _json([*self.keys]))]
        grew = self.take("identity", [*leading, *back])
        for table in ("entry", "event", "shop_order"):
            statement, first = TABLES[table]
            assert isinstance(first, int)
            # A row with a smaller id may be committed later: transactions do not end in the order in which they begin.
            mark = max(first, int(self.read_to.get(table, first)) - LATE)
            while page := run(statement, mark, PAGE):
                grew |= self.take(table, page)
                mark = page[-1][0]
        return grew


def find(database: Database, name: str) -> Traces:
    """All traces of the customer with this name; names that appear together belong to one customer."""
    traces = Traces(names={name})
    while _read_all(database, traces):
        pass
    return traces


def _read_all(database: Database, traces: Traces) -> bool:
    """Reads every table once; returns whether there was a new name or key, so that earlier rows may be his, too."""
    grew = False
    for table, (statement, first) in TABLES.items():
        mark = first
        while page := _page(database, statement, mark):
            grew |= traces.take(table, page)
            mark = page[-1][0]
    return grew


def _page(database: Database, statement: str, after: int | str) -> list[Row]:
    return database.read(lambda found: found.run(statement, after, PAGE))


def _json(value: list[str]) -> str:
    return msgspec.json.encode(value).decode()
