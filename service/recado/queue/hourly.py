"""What is found once an hour, since it takes a walk through all rows."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from recado.queue.statements import Row, Statements

SECONDS: Final = 3600.0
#: The names of what the store keeps: when somebody last walked, and what came of the count.
WALKED_AT: Final = "walked_at"
MISCOUNTED: Final = "miscounted_rows"


class Walk(msgspec.Struct, frozen=True):
    """stale: customers to forget, by key. miscounted: rows by which the counters of states differ from the entries."""

    stale: list[str]
    miscounted: int


def walk(found: Statements, before: float) -> Walk:
    """Walks through all rows on one view; customers to forget have waited for nothing since `before`."""
    counted, kept = _by_state(found.run("recount")), _by_state(found.run("state_counts"))
    miscounted = sum(abs(counted.get(state, 0) - kept.get(state, 0)) for state in counted.keys() | kept.keys())
    return Walk([key for (key,) in found.run("stale_customers", before)], miscounted)


def pages(keys: Sequence[str], rows: int) -> Iterator[Sequence[str]]:
    """The keys in pages of so many rows."""
    return (keys[start : start + rows] for start in range(0, len(keys), rows))


def _by_state(rows: Sequence[Row]) -> dict[tuple[str, str, str], int]:
    return {(channel, lane, state): count for channel, lane, state, count in rows}
