"""Numbers in lists of removals and in exchanges, and kinds of what was said before."""

import pytest

from tests.conversation.test_several_changes import after, lines


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("quita las camisas y una gorra", {"ACC-001": 2}),
        ("quita las camisas y 5 gorras", {"ACC-001": 5}),  # so many are not quoted: it is the new quantity
        ("quita las camisas y gorras solo 2", {"ACC-001": 2}),
    ],
)
def test_a_counted_thing_of_a_list_of_removals_is_taken_away(text: str, want: dict[str, int]) -> None:
    """If the quote has as many of it."""
    assert lines(after(text)) == want


def test_a_reason_before_a_removal_asks_nothing() -> None:
    """As one behind it: a later yes confirms."""
    dialogue = after("ya tengo una en casa, quítale las gorras")

    assert lines(dialogue) == {"CAM-001": 4}
    assert not dialogue.asks
