"""Every row of the reader's tables is needed, and every part of it: without it, an example of the row fails."""

from tests.quotes.removal import removals


def test_an_example_notices_each_row_and_each_part_that_is_taken_away() -> None:
    assert [removal[:3] for removal in removals() if not removal.failed] == []
