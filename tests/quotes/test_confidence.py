"""The confidence of a line; every feature of a line has a weight."""

import tomllib

import pytest

from recado.quotes import Catalogue, QuoteService
from tests.quotes.fit_confidence import BELIEVED, TARGET, fit
from tests.quotes.scoring import HERE
from tests.quotes.shops import catalogue

CATALOGUE = catalogue()
SERVICE = QuoteService(lambda: CATALOGUE)


def test_every_doubt_has_a_weight() -> None:
    weights = tomllib.loads(TARGET.read_text("utf-8"))["weights"]
    assert weights.keys() == {"base", *BELIEVED}
    assert all(weight < 0 for name, weight in weights.items() if name != "base")


@pytest.mark.parametrize(
    ("text", "least", "most"), [("2 camisas", 0.97, 1.0), ("2 kamisas", 0.95, 1.0), ("una caja de jabones", 0.0, 0.75)]
)
def test_a_plain_line_is_sure_and_a_doubtful_one_is_not(text: str, least: float, most: float) -> None:
    (line,) = SERVICE.quote(text).items
    assert least <= line.confidence <= most


def test_the_fit_learns_what_is_wrong_more_often() -> None:
    """Ten of a hundred lines with a box are right, and nearly all of a thousand plain lines."""
    box = frozenset(["box"])
    weights = fit([(frozenset(), True, 990.0), (frozenset(), False, 10.0), (box, True, 10.0), (box, False, 90.0)])
    assert 0.97 < 1 / (1 + 2.718 ** -weights["base"]) < 1
    assert 1 / (1 + 2.718 ** -(weights["base"] + weights["box"])) < 0.2


def test_no_doubt_speaks_for_a_line() -> None:
    """Even if lines with a doubt are right more often."""
    weights = fit([(frozenset(), True, 90.0), (frozenset(), False, 10.0), (frozenset(["corrected"]), True, 1000.0)])
    assert weights["corrected"] < 0


def test_what_is_less_likely_than_not_is_asked_for_and_not_quoted() -> None:
    """The reply names the cigarettes of another kind, but does not quote them."""
    shop = Catalogue.from_csv(HERE / "licoreria.csv")
    quote = QuoteService(lambda: shop).quote("marlboro mentolado 1 cajetilla")
    assert quote.items == ()
    assert [(entry.text, entry.candidates) for entry in quote.unmatched] == [
        ("marlboro", ("Cig. Marlboro rojo cajetilla x20",))
    ]
