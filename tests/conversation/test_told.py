"""What recado records of a message for the shop's owner: things that it does not sell."""

from decimal import Decimal

import pytest

from recado.conversation.conversation import LONGEST_PHRASE, MOST_ASKED, asked_in
from recado.orders import Asked, Unmet
from recado.quotes import Intent, Quote
from recado.quotes.service import Unmatched


def asked(*unmatched: Unmatched) -> tuple[Asked, ...]:
    return asked_in(Quote(Intent.ORDER, (), unmatched, Decimal(0), "USD"))


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("Teléfonos", "telefonos"),
        ("  cable \n USB-C 2.0 ", "cable usb-c 2.0"),
        ("llámame al +52 1 55 1234-5678 porfa", "llamame al • porfa"),
        ("a nombre de ana@example.com", "a nombre de •"),
        ("mira https://example.com/ana?x=1", "mira •"),
        ("x" * 500, "x" * LONGEST_PHRASE),
    ],
)
def test_words_are_plain_and_name_nobody(text: str, phrase: str) -> None:
    """Long numbers, e-mail addresses and URLs are not kept."""
    assert asked(Unmatched(text)) == (Asked(phrase, Unmet.UNMATCHED),)


def test_each_thing_once_and_not_without_end() -> None:
    """With the reason why it was not quoted."""
    many = asked(*(Unmatched(f"cosa {n}") for n in range(3 * MOST_ASKED)))

    assert asked(Unmatched("Jeans", ("a", "b"), ambiguous=True), Unmatched("jeans", ambiguous=True)) == (
        Asked("jeans", Unmet.AMBIGUOUS),
    )
    assert len(many) == MOST_ASKED
    assert asked(Unmatched("")) == ()
