"""Every construction is found in its examples and not in its counterexamples."""

import pytest

from recado.quotes.language.constructions import Construction, Does, table
from tests.quotes.removal import done, failed_constructions

ROWS = [pytest.param(row, id=f"{row.does.name.lower()}-{row.examples[0]}") for row in table().rows]


@pytest.mark.parametrize("row", ROWS)
def test_a_row_holds_its_examples_alone(row: Construction) -> None:
    """Only by the words of the message, without the catalogue."""
    assert row.examples
    assert failed_constructions(row) == []


def test_the_longer_of_two_constructions_counts() -> None:
    """ "nada más la camisa" keeps a line; "nada más" closes the list."""
    assert done("nada más la camisa") == {Does.KEEP}
    assert done("nada más") == {Does.CLOSE}
