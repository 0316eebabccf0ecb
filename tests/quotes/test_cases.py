"""The labelled messages: the parser must not read fewer of them right than before."""

from pathlib import Path

import pytest

from recado.quotes import Catalogue, QuoteService
from recado.quotes.catalogue.catalogue import DEFAULT_PATH
from tests.quotes.scoring import HERE, items_right, quoted, score
from tests.quotes.shops import catalogue

#: For each file the least exact quotes, intents and unmatched fragments; the most silent errors and needless questions.
FLOORS = [
    ("cases-dev.jsonl", 0.99, 0.99, 0.99, 0.0, 0.013),
    ("cases-more.jsonl", 0.96, 0.98, 0.95, 0.012, 0.036),
    ("cases-reviewed.jsonl", 0.99, 0.99, 0.99, 0.0, 0.032),
    ("bodega-dev.jsonl", 0.97, 0.99, 0.95, 0.0, 0.0),
    ("cases-held.jsonl", 0.98, 0.98, 0.98, 0.012, 0.01),
    ("cases-held2.jsonl", 0.95, 0.95, 0.95, 0.0, 0.03),
    ("bodega-held.jsonl", 0.94, 0.98, 0.94, 0.0, 0.0),
    ("cases-blind.jsonl", 0.99, 0.99, 0.99, 0.0, 0.01),
    ("cases-blind2.jsonl", 0.99, 0.99, 0.98, 0.0, 0.03),
    ("restaurante.jsonl", 0.96, 0.99, 0.92, 0.0, 0.02),
    ("farmacia.jsonl", 0.99, 0.99, 0.94, 0.0, 0.0),
    ("panaderia.jsonl", 0.98, 0.99, 0.94, 0.0, 0.02),
    ("abarrotes.jsonl", 0.98, 0.99, 0.94, 0.0, 0.02),
    ("tienda2-dev.jsonl", 0.98, 0.99, 1.0, 0.0, 0.01),
    ("ferreteria-dev.jsonl", 0.98, 0.98, 0.96, 0.0, 0.02),
    ("papeleria.jsonl", 0.97, 0.99, 0.94, 0.0, 0.025),
    ("mascotas.jsonl", 0.97, 0.99, 0.94, 0.0, 0.03),
    ("farmacia2.jsonl", 0.98, 0.99, 0.96, 0.0, 0.007),
    ("panaderia2.jsonl", 0.97, 0.99, 0.96, 0.0, 0.02),
    ("papeleria2.jsonl", 0.97, 0.99, 0.96, 0.0, 0.02),
    ("restaurante2.jsonl", 0.97, 0.98, 0.95, 0.0, 0.022),
    ("zapateria.jsonl", 0.98, 0.99, 0.96, 0.0, 0.01),
    ("cosmetica.jsonl", 0.96, 0.99, 0.94, 0.01, 0.01),
    ("licoreria.jsonl", 0.96, 0.99, 0.94, 0.0, 0.02),
    ("repuestos.jsonl", 0.93, 0.99, 0.9, 0.0, 0.02),
    ("vivero.jsonl", 0.99, 0.98, 0.94, 0.0, 0.018),
    ("pizzeria.jsonl", 0.9, 0.97, 0.8, 0.0, 0.04),
    ("heladeria.jsonl", 0.92, 0.97, 0.86, 0.0, 0.067),
    ("floristeria.jsonl", 0.96, 0.96, 0.95, 0.0, 0.012),
    ("celulares.jsonl", 0.93, 0.98, 0.94, 0.0, 0.023),
    ("carniceria.jsonl", 0.92, 0.96, 0.92, 0.0, 0.012),
    ("mariscos.jsonl", 0.91, 1.0, 0.93, 0.0, 0.017),
    ("suplementos.jsonl", 0.91, 0.96, 0.9, 0.0, 0.084),
    ("telas.jsonl", 0.93, 0.98, 0.91, 0.0, 0.05),
    ("cafeteria.jsonl", 0.98, 1.0, 0.94, 0.0, 0.102),
    ("pinturas.jsonl", 0.88, 0.98, 0.88, 0.017, 0.034),
    ("bebe.jsonl", 0.93, 1.0, 0.96, 0.0, 0.067),
    ("queseria.jsonl", 0.9, 1.0, 0.92, 0.0, 0.0),
    ("electronica.jsonl", 0.89, 1.0, 0.89, 0.0, 0.036),
    ("gimnasio.jsonl", 1.0, 1.0, 1.0, 0.0, 0.013),
    ("jugueteria.jsonl", 0.96, 0.98, 0.97, 0.0, 0.0),
    ("pintureria.jsonl", 1.0, 1.0, 0.97, 0.0, 0.013),
    ("reposteria.jsonl", 0.97, 0.97, 0.95, 0.0, 0.013),
    ("verduleria.jsonl", 0.97, 0.97, 0.98, 0.0, 0.0),
    ("optica.jsonl", 0.99, 1.0, 1.0, 0.0, 0.0),
    ("refacciones.jsonl", 0.97, 1.0, 0.97, 0.0, 0.03),
    ("musica.jsonl", 1.0, 1.0, 1.0, 0.0, 0.009),
    ("limpieza.jsonl", 0.99, 1.0, 1.0, 0.0, 0.0),
    ("uniformes.jsonl", 0.95, 0.98, 0.95, 0.015, 0.02),
    ("abarrotes2.jsonl", 0.98, 0.98, 0.98, 0.0, 0.0),
    ("pasteleria.jsonl", 0.97, 0.97, 0.97, 0.015, 0.02),
    ("dulceria.jsonl", 0.91, 0.98, 0.92, 0.015, 0.072),
    ("plomeria.jsonl", 0.91, 0.98, 0.91, 0.0, 0.0),
    ("bebidas.jsonl", 0.98, 0.98, 0.98, 0.0, 0.02),
    ("limpieza2.jsonl", 1.0, 1.0, 1.0, 0.0, 0.01),
    ("lubricantes.jsonl", 1.0, 0.98, 0.97, 0.0, 0.06),
    ("computo.jsonl", 0.92, 0.97, 0.91, 0.0, 0.06),
    ("tornillos.jsonl", 1.0, 1.0, 1.0, 0.0, 0.02),
    ("frutas.jsonl", 0.98, 1.0, 0.98, 0.0, 0.02),
    ("botica.jsonl", 0.98, 1.0, 0.97, 0.0, 0.02),
    ("hamburguesas.jsonl", 1.0, 1.0, 1.0, 0.0, 0.0),
    ("vivero2.jsonl", 1.0, 1.0, 0.98, 0.0, 0.02),
    ("fundas.jsonl", 0.95, 1.0, 0.95, 0.0, 0.03),
    ("comida.jsonl", 0.97, 0.98, 0.94, 0.015, 0.03),
    ("minimarket.jsonl", 0.98, 1.0, 0.98, 0.0, 0.015),
    ("papel.jsonl", 0.98, 0.98, 0.91, 0.0, 0.043),
    ("llantera.jsonl", 0.9, 1.0, 0.91, 0.015, 0.03),
    ("bici.jsonl", 0.96, 1.0, 0.95, 0.0, 0.02),
    ("electro.jsonl", 0.96, 1.0, 0.98, 0.0, 0.0),
    ("cafe.jsonl", 0.95, 1.0, 0.95, 0.0, 0.0),
    ("fiesta.jsonl", 1.0, 1.0, 0.98, 0.0, 0.03),
    ("polleria.jsonl", 0.97, 0.98, 0.98, 0.0, 0.015),
    ("panes.jsonl", 1.0, 1.0, 1.0, 0.0, 0.03),
    ("desechables.jsonl", 0.98, 1.0, 0.95, 0.0, 0.0),
    ("ropa.jsonl", 1.0, 1.0, 1.0, 0.0, 0.015),
    ("organico.jsonl", 1.0, 1.0, 0.98, 0.0, 0.015),
    ("chifa.jsonl", 0.98, 1.0, 0.95, 0.0, 0.0),
    ("autos.jsonl", 1.0, 1.0, 1.0, 0.0, 0.015),
    ("zapatos.jsonl", 1.0, 1.0, 1.0, 0.0, 0.0),
    ("vinos.jsonl", 1.0, 1.0, 0.98, 0.0, 0.0),
    ("linea_blanca.jsonl", 0.98, 0.98, 0.98, 0.0, 0.015),
    ("agro.jsonl", 0.98, 0.98, 0.97, 0.0, 0.015),
    ("materiales.jsonl", 0.98, 0.98, 0.97, 0.0, 0.015),
    ("blancos.jsonl", 0.98, 0.98, 0.98, 0.0, 0.015),
    ("bisuteria.jsonl", 0.98, 0.98, 0.97, 0.0, 0.015),
    ("farmacia3.jsonl", 0.98, 0.98, 0.97, 0.0, 0.015),
    ("motos.jsonl", 0.98, 0.98, 0.98, 0.0, 0.015),
    ("congelados.jsonl", 0.98, 0.98, 0.98, 0.0, 0.015),
    ("muebles.jsonl", 0.98, 0.98, 0.98, 0.0, 0.03),
    ("ultramarinos.jsonl", 0.98, 0.98, 0.95, 0.0, 0.03),
    ("farmacia4.jsonl", 0.98, 0.99, 0.98, 0.0, 0.045),
    ("fonda.jsonl", 0.98, 0.99, 0.97, 0.0, 0.015),
    ("regalos.jsonl", 0.97, 0.98, 0.97, 0.0, 0.03),
    ("cerrajeria.jsonl", 0.98, 0.97, 0.98, 0.0, 0.03),
    ("veterinaria.jsonl", 0.87, 1.0, 0.85, 0.015, 0.029),
    ("antojitos.jsonl", 0.92, 1.0, 0.95, 0.029, 0.043),
    ("corralon.jsonl", 1.0, 1.0, 0.98, 0.0, 0.029),
    ("belleza.jsonl", 0.9, 1.0, 0.9, 0.0, 0.043),
]


@pytest.mark.parametrize(("name", "exact", "intent", "unmatched", "silent", "needless"), FLOORS)
def test_read_at_least_as_much_as_before(
    name: str, exact: float, intent: float, unmatched: float, silent: float, needless: float
) -> None:
    """The shares of exact quotes, intents and unmatched fragments stay above their limits, the errors below."""
    result = score(name)
    assert result.exact >= exact, result
    assert result.intent >= intent, result
    assert result.unmatched >= unmatched, result
    assert result.silent <= silent, result
    assert result.needless <= needless, result


@pytest.mark.parametrize(
    "name",
    [
        "restaurante", "farmacia", "panaderia", "abarrotes", "mascotas", "papeleria", "bodega-dev",
        "restaurante2", "farmacia2", "panaderia2", "papeleria2", "verduleria", "zapateria",
    ],
)  # fmt: skip
def test_a_product_that_is_no_longer_sold_is_asked_for(name: str) -> None:
    """For each product of each order that is read right, the test removes the product from the catalogue. recado
    hardly ever quotes another one in its place without asking."""
    sold = catalogue(name)
    less: dict[str, QuoteService] = {}
    removals = silent = 0
    for case, quote in quoted(f"{name}.jsonl"):
        if case["intent"] != "order" or not items_right(case, quote):
            continue
        for gone in quote.items:
            if gone.sku not in less:
                rest = Catalogue(tuple(p for p in sold.products if p.sku != gone.sku), sold.currency)
                less[gone.sku] = QuoteService(lambda rest=rest: rest)  # type: ignore[misc]  # a lambda's default
            again = less[gone.sku].quote(case["text"])
            kept = {item.sku: item.quantity for item in quote.items if item.sku != gone.sku}
            removals += 1
            silent += not again.asks and {item.sku: item.quantity for item in again.items} != kept
    assert removals > 20
    assert silent <= 0.05 * removals


@pytest.mark.parametrize("path", [DEFAULT_PATH, HERE / "bodega.csv"], ids=lambda path: path.stem)
def test_every_name_and_alias_means_its_product(path: Path) -> None:
    """An order with a name as in the catalogue is for that product and nothing else."""
    catalogue = Catalogue.from_csv(path)
    service = QuoteService(lambda: catalogue)
    wrong = [
        name
        for product in catalogue.products
        for name in (product.name, *product.aliases)
        if {i.sku: i.quantity for i in service.quote(f"quiero 2 {name}").items} != {product.sku: 2}
    ]
    assert wrong == []
