"""Every construction holds its examples, and none of what only resembles them."""

import pytest

from recado.quotes.constructions import Construction, Does, table
from tests.quotes.removal import done, failed_constructions

ROWS = [pytest.param(row, id=f"{row.does.name.lower()}-{row.examples[0]}") for row in table().rows]


@pytest.mark.parametrize("row", ROWS)
def test_a_row_holds_its_examples_alone(row: Construction) -> None:
    """By the words of the message, before anything is known of products."""
    assert row.examples
    assert failed_constructions(row) == []


def test_of_two_at_a_place_the_longer_counts() -> None:
    """ "nada más la camisa" keeps a line; "nada más" closes the list."""
    assert done("nada más la camisa") == {Does.KEEP}
    assert done("nada más") == {Does.CLOSE}
