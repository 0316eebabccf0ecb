"""Aliases that the report proposes for the catalogue."""

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from recado.orders import Unmet
from recado.queue.survey import Unsold
from recado.quotes import Catalogue, Product, QuoteService
from recado.report.aliases import proposals

CATALOGUE = Catalogue(
    (
        Product("CAB-01", "Cable HDMI 2 m", (), Decimal("9.90"), pair=False),
        Product("QUE-01", 'Queso "El Pastor", curado', ("queso curado",), Decimal("12.50"), pair=False, unit="kg"),
        Product("GOR-01", "Gorra", ("cachucha",), Decimal("13.00"), pair=False),
    ),
    "USD",
)


def asked(phrase: str, customers: int = 3, kind: Unmet = Unmet.UNMATCHED) -> Unsold:
    return Unsold(phrase, kind, customers)


def test_the_nearest_product_gets_all_its_phrases_in_one_line() -> None:
    """In the form of the catalogue's file, with quotes and units. The product that most customers may mean comes
    first."""
    found = proposals([asked("cable vga", 5), asked("queso fresco", 4), asked("queso manchego", 3)], CATALOGUE)

    assert [(one.sku, one.phrases) for one in found] == [
        ("QUE-01", {"queso fresco": 4, "queso manchego": 3}),
        ("CAB-01", {"cable vga": 5}),
    ]
    assert found[0].line == (
        'QUE-01,"Queso ""El Pastor"", curado",queso curado|queso fresco|queso manchego,12.50,USD,kg'
    )
    assert found[1].line == "CAB-01,Cable HDMI 2 m,cable vga,9.90,USD"


def test_every_phrase_is_looked_for() -> None:
    """However many the report has: what limits the searches of one message does not limit the report's."""
    phrases = [f"gorra{first}{second}" for first in "bcdfghjk" for second in "lmnpqrtv"]

    (found,) = proposals([asked(phrase) for phrase in phrases], CATALOGUE)

    assert list(found.phrases) == phrases


@pytest.mark.parametrize(
    "unsold",
    [asked("telefonos"), asked("gorra de • azul"), asked("gorra o cachucha", kind=Unmet.AMBIGUOUS)],
    ids=lambda one: one.phrase,
)
def test_nothing_is_proposed_without_reason(unsold: Unsold) -> None:
    """For phrases that resemble no product, for masked phrases, and for names of several products, the report
    proposes nothing."""
    assert proposals([unsold], CATALOGUE) == []


def test_the_line_is_one_that_the_catalogue_takes(tmp_path: Path) -> None:
    """If this line replaces the product's own, the catalogue understands its words."""
    (found,) = proposals([asked("cable vga")], CATALOGUE)
    path = tmp_path / "catalogue.csv"
    path.write_text(f"sku,name,aliases,unit_price,currency\n{found.line}\nGOR-01,Gorra,,13.00,USD\n", encoding="utf-8")
    quote = QuoteService(lambda: Catalogue.from_csv(path)).quote("2 cable vga")

    assert [(item.sku, item.quantity) for item in quote.items] == [("CAB-01", 2)]
    assert len(next(csv.reader([found.line]))) == 5
