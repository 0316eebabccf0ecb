"""QuoteService: exact money, doubts, limits, and texts that must neither break it nor keep it busy."""

import os
import subprocess
import sys
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recado.quotes import Catalogue, Intent, QuoteService
from recado.quotes.language.text import bases, key, plain, sound, tokenise
from tests.quotes.shops import catalogue
from tests.work import lines_run

CATALOGUE = catalogue()
SERVICE = QuoteService(lambda: CATALOGUE)
PIECES = st.sampled_from(
    ["2", "dos", "camisa", "gorras", "y", ",", ".", "\n", "no", "mejor", "en vez de", "un par de", "media", "docena",
     "x", "1.", "talla", "$", "15", "sin", "jeans", "cada uno", "el doble de", "cambia", "por", "quita", "tienen",
     "cuánto", "calle", "#", "-", "(", ")", "½", "2️⃣", "azul", "otra", "más", "o", "medias", "de", "las", "para"]
)  # fmt: skip


def test_the_order_of_the_manual() -> None:
    """Lines, prices and total are exact decimals in the catalogue's currency."""
    quote = SERVICE.quote("Quiero 2 zapatos y 1 camisa")
    assert [(i.sku, i.quantity, i.unit_price, i.line_total) for i in quote.items] == [
        ("CAL-001", 2, Decimal("45.99"), Decimal("91.98")),
        ("CAM-001", 1, Decimal("25.50"), Decimal("25.50")),
    ]
    assert (quote.intent, quote.total, quote.currency, quote.unmatched) == (
        Intent.ORDER,
        Decimal("117.48"),
        "USD",
        (),
    )


def test_a_word_for_several_products_is_a_question() -> None:
    """ "jeans" means none of the three jeans in particular, so all are offered."""
    (entry,) = SERVICE.quote("quiero 3 jeans").unmatched
    assert (entry.text, entry.ambiguous) == ("jeans", True)
    assert entry.candidates == ("Jean azul", "Jean negro", "Jean 501")


def test_what_is_not_sold_is_named_as_it_was_written() -> None:
    """The fragment keeps its spelling, without quantity and article."""
    (entry,) = SERVICE.quote("2 camisas y una Heladera de 2 puertas").unmatched
    assert entry.text.startswith("Heladera")
    assert not entry.ambiguous


def test_too_many_pieces_are_refused_politely() -> None:
    """A line above the limit is not in the items and the total; it is reported with its quantity."""
    quote = QuoteService(lambda: CATALOGUE, max_quantity=100).quote("101 gorras y 100 camisas")
    assert [(i.sku, i.quantity) for i in quote.items] == [("CAM-001", 100)]
    assert [(t.sku, t.quantity) for t in quote.too_many] == [("ACC-001", 101)]
    assert quote.total == Decimal("2550.00")


def test_doubt_grows_with_the_distance_from_the_name() -> None:
    """No other writing has a higher confidence than the exact name; two typos have the lowest. The threshold marks
    lines."""
    sure = [
        SERVICE.quote(f"2 {word}").items[0].confidence for word in ("pantuflas", "pantuflaz", "pantuglas", "pamtuglas")
    ]
    assert sure[0] >= sure[1] >= sure[2] > sure[3]
    strict = QuoteService(lambda: CATALOGUE, confidence_threshold=0.994)
    assert [line.doubtful for line in strict.quote("2 camisas y 1 mochla").items] == [False, True]


def test_one_and_the_same_product_by_its_regional_names() -> None:
    """Synonyms of the head word make names that the catalogue does not list ("polera sin mangas")."""
    for text in ("2 camisetas sin mangas", "2 poleras sin mangas", "2 musculosas", "2 remeras azules sin mangas"):
        assert [(i.sku, i.quantity) for i in SERVICE.quote(text).items] == [("CAM-007", 2)], text


@settings(max_examples=150)
@given(st.text(max_size=4096))
def test_any_text_has_a_quote(text: str) -> None:
    """No text raises an exception; quantities are positive, totals are sums, confidences are probabilities."""
    check(text)


@settings(max_examples=300)
@given(st.lists(PIECES, max_size=60).map(" ".join))
def test_any_jumble_of_order_words_has_a_quote(text: str) -> None:
    """The words that steer the reading, in any order."""
    check(text)


def check(text: str) -> None:
    quote = SERVICE.quote(text)
    assert all(0 < item.quantity <= 100_000 and 0 <= item.confidence <= 1 for item in quote.items)
    assert quote.total == sum((item.unit_price * item.quantity for item in quote.items), Decimal(0))
    assert len({item.sku for item in quote.items}) == len(quote.items)


def test_a_large_catalogue_costs_no_more_than_its_size(tmp_path: Path) -> None:
    """With a catalogue of four times the size, loading costs the same for each product, and reading a message costs
    the same."""
    from loadtests.bench.quotes import large_catalogue

    loading, reading = [], []
    for size in (400, 1600):
        path = large_catalogue(tmp_path, size)
        loading.append(lines_run(partial(Catalogue.from_csv, path)) / size)
        catalogue = Catalogue.from_csv(path)
        service = QuoteService(partial(lambda found: found, catalogue))
        order = f"quiero 3 {catalogue.products[77].name}"
        quote = service.quote(order)
        assert [(i.sku, i.quantity) for i in quote.items] == [("P-77", 3)]
        reading.append(lines_run(partial(service.quote, order)))

    assert loading[1] < 1.2 * loading[0]
    assert reading[1] < 1.2 * reading[0]


@pytest.mark.parametrize(
    ("text", "norms"),
    [
        ("2️⃣ camisas", ["2", "camisas"]),
        ("1️⃣0️⃣ gorras", ["10", "gorras"]),
        ("２ ｃａｍｉｓａｓ", ["2", "camisas"]),
        ("*2* _camisas_", ["2", "camisas"]),
        ("2camisas x3", ["2", "camisas", "x", "3"]),
        ("Suéter ñandú", ["sueter", "nandu"]),
        ("1/2 docena", ["1/2", "docena"]),
        ("1.500 y 1,5", ["1.500", "y", "1,5"]),
    ],
)
def test_tokens(text: str, norms: list[str]) -> None:
    """Emoji digits, full-width characters, formatting, joined words and accents are normalised; the positions stay
    right."""
    tokens = tokenise(text)
    assert [token.norm for token in tokens] == norms
    assert all(0 <= t.start < t.end <= len(text) for t in tokens)


def test_word_forms() -> None:
    """Plural, sound and diminutive lead to the same key."""
    assert key("lapices") == key("lapiz")
    assert key("guantes") == key("guante")
    assert sound(plain("Sapatillas")) == sound("zapatiyas")
    assert "saco" in bases("saquitos")
    assert key("pantalon") in bases("pantaloncito")


def test_every_process_reads_alike() -> None:
    """Words that are equally near to two products are offered in the same order, whatever hash seed Python uses."""
    program = (
        "from recado.quotes import Catalogue, QuoteService\n"
        "from recado.quotes.catalogue.catalogue import DEFAULT_PATH\n"
        "catalogue = Catalogue.from_csv(DEFAULT_PATH)\n"
        "print(QuoteService(lambda: catalogue).quote('2 colhas y un gorrano'))"
    )
    readings = {
        subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": str(seed)}, stdout=-1, check=True
        ).stdout
        for seed in range(4)
    }
    assert len(readings) == 1


@pytest.mark.parametrize("sign", ["✔️", "✔", "✓", "☑️", "✅", "✔️✔️", "👍🏽"])
def test_a_tick_is_a_yes(sign: str) -> None:
    """With and without the variation selector for colour."""
    assert SERVICE.quote(sign).intent is Intent.CONFIRM


@pytest.mark.parametrize("sign", ["✖️", "✖", "✕", "✗", "✘", "❌", "❎", "👎"])
def test_a_cross_is_a_no(sign: str) -> None:
    """Unless it means "times", with a number beside it."""
    assert SERVICE.quote(sign).intent is Intent.REJECT


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("✔️ 2 camisas\n✔️ 1 gorra", {"CAM-001": 2, "ACC-001": 1}),
        ("camisa ✖️2", {"CAM-001": 2}),
        ("2 ✖ camisa", {"CAM-001": 2}),
        ("camisa ×2", {"CAM-001": 2}),
    ],
)
def test_ticks_and_crosses_beside_goods_are_bullets_and_times(text: str, items: dict[str, int]) -> None:
    """Lists keep their quantities."""
    assert {i.sku: i.quantity for i in SERVICE.quote(text).items} == items


@pytest.mark.parametrize("end", ["", " 🙏😊", "🙏", " ❤️", " 👍🏽", " :)", ".", "!! 😊", "\n😊", " gracias 🙏🏻"])
@pytest.mark.parametrize("start", ["cartera no", "la cartera no", "cartera ya no", "2 gorras y cartera no"])
def test_what_follows_a_no_does_not_undo_it(start: str, end: str) -> None:
    """ "cartera no 🙏😊" does not ask for a handbag, whatever follows the no."""
    quoted = {i.sku: i.quantity for i in SERVICE.quote(start + end).items}
    assert quoted == ({"ACC-001": 2} if "gorras" in start else {})
