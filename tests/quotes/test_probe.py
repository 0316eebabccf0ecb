"""The check of a catalogue reports names that are not read as their product."""

from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from recado.cli import app
from recado.quotes import Catalogue
from recado.quotes.catalogue.catalogue import DEFAULT_PATH
from recado.quotes.catalogue.product import Product
from recado.quotes.probe import MOST_TRIED, misread, sample
from tests.quotes.scoring import HERE
from tests.quotes.shops import catalogue

PATHS = [DEFAULT_PATH, *sorted(HERE.glob("*.csv"))]


NO_NAMES = {
    "nosotras", "mitad y mitad", "dúo", "porción de quesillo", "porción de tres leches",
    "Juego Uno", "juego uno", "juego de uno", "mayo", "yo-yo", "bajo", "lana", "salvo", "carnitas", "h&s",
    "1156", "1157", "3614", "6607", "275-18", "l3250", "Impresión color tabloide",
}  # fmt: skip
"""Names of function words, of only digits, of money, of a month, of an hour, of portions, of two products, and
with a word that carries no meaning in other names ("color"), which the check reports to the owner."""


def product(sku: str, name: str, *aliases: str) -> Product:
    return Product(sku, name, aliases, Decimal(1), pair=False)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_every_name_of_our_catalogues_means_its_product(path: Path) -> None:
    assert {found.name for found in misread(catalogue(path.stem))} <= NO_NAMES


def test_an_alias_that_says_something_else_is_reported() -> None:
    """A refusal cannot be a name; the other names of the product are fine."""
    (found,) = misread(Catalogue((product("A", "Camisa", "no quiero"), product("B", "Gorra")), "USD"))
    assert (found.product.sku, found.name, found.silent) == ("A", "no quiero", True)


def test_the_owner_reads_it_in_spanish(tmp_path: Path) -> None:
    """The exit status shows whether a name is wrong."""
    path = tmp_path / "catalogue.csv"
    path.write_text("sku,name,aliases,unit_price,currency\nA,Camisa,no quiero,1,USD\n", encoding="utf-8")
    result = CliRunner().invoke(app, ["catalogue", "check", str(path), "--language", "es"])
    assert result.exit_code == 1
    assert "si escriben «no quiero» se entiende nada" in result.output
    assert "2 nombres y alias; 1 no se entienden" in result.output


def test_a_large_catalogue_is_tried_by_a_sample_of_its_names() -> None:
    """The sample is spread evenly over the file. For a small catalogue all names are tried, one text at a time."""
    products = [product(f"S-{n}", f"tornillo largo {n}", "no quiero") for n in range(3 * MOST_TRIED)]
    large = Catalogue(tuple(products), "USD")
    assert len(list(sample(large))) <= 3 * MOST_TRIED  # alone and behind two numbers
    small = Catalogue((product("A", "Camisa", "no quiero"), product("B", "Gorra")), "USD")
    assert [found.name if found else None for found in sample(small)] == [
        None,
        None,
        None,
        "no quiero",
        None,
        None,
        None,
    ]
