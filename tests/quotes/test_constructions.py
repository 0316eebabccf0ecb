"""Every construction holds its examples, and none of what only resembles them."""

import pytest

from recado.quotes.constructions import Construction, Does, constructions, table
from recado.quotes.text import tokenise

ROWS = [pytest.param(row, id=f"{row.does.name.lower()}-{row.examples[0]}") for row in table()]


def found(text: str) -> set[Does]:
    return {one.does for one in constructions(text, tokenise(text))}


@pytest.mark.parametrize("row", ROWS)
def test_a_row_holds_its_examples_alone(row: Construction) -> None:
    """By the words of the message, before anything is known of products."""
    assert row.examples
    assert [text for text in row.examples if row.does not in found(text)] == []
    assert [text for text in row.counterexamples if row.does in found(text)] == []


def test_of_two_at_a_place_the_longer_counts() -> None:
    """ "nada más la camisa" keeps a line; "nada más" closes the list."""
    assert found("nada más la camisa") == {Does.KEEP}
    assert found("nada más") == {Does.CLOSE}
