"""The labelled messages: what the parser reads right must not become less."""

from pathlib import Path

import pytest

from recado.quotes import Catalogue, QuoteService
from recado.quotes.catalogue import DEFAULT_PATH
from tests.quotes.scoring import HERE, score


@pytest.mark.parametrize(
    ("name", "exact", "intent", "unmatched"),
    [
        ("cases-dev.jsonl", 0.99, 0.99, 0.99),
        ("cases-more.jsonl", 0.96, 0.98, 0.96),
        ("cases-reviewed.jsonl", 0.99, 0.99, 0.99),
        ("bodega-dev.jsonl", 0.92, 0.99, 0.95),
        ("cases-held.jsonl", 0.95, 0.98, 0.98),
        ("cases-held2.jsonl", 0.95, 0.95, 0.95),
        ("bodega-held.jsonl", 0.94, 0.98, 0.94),
        ("cases-blind.jsonl", 0.99, 0.99, 0.99),
        ("cases-blind2.jsonl", 0.98, 0.99, 0.99),
    ],
)
def test_read_at_least_as_much_as_before(name: str, exact: float, intent: float, unmatched: float) -> None:
    """Shares of exact quotes, intents and unmatched fragments stay above their floors, held-back cases included."""
    result = score(name)
    assert (result.exact >= exact, result.intent >= intent, result.unmatched >= unmatched) == (True, True, True), result


@pytest.mark.parametrize("path", [DEFAULT_PATH, HERE / "bodega.csv"], ids=lambda path: path.stem)
def test_every_name_and_alias_means_its_product(path: Path) -> None:
    """Each name in the catalogue, ordered as it stands there, is that product and nothing else."""
    catalogue = Catalogue.from_csv(path)
    service = QuoteService(lambda: catalogue)
    wrong = [
        name
        for product in catalogue.products
        for name in (product.name, *product.aliases)
        if {i.sku: i.quantity for i in service.quote(f"quiero 2 {name}").items} != {product.sku: 2}
    ]
    assert wrong == []
