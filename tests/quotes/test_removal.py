"""Every row of the reader's tables is needed, and every part of it: without it, an example of the row fails."""

from tests.quotes.entries import entries, unnoticed
from tests.quotes.removal import removals


def test_an_example_notices_each_row_and_each_part_that_is_taken_away() -> None:
    assert [removal[:3] for removal in removals() if not removal.failed] == []


def test_a_sentence_notices_each_word_of_the_language_that_is_taken_away() -> None:
    """Of words.toml, verbs.toml and numbers.toml: what changes no reading is not listed."""
    assert [entry[:4] for entry in unnoticed(list(entries()))] == []
