"""The texts that the customer reads."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recado.conversation import Policy, texts
from recado.conversation.dialogue import Dialogue
from recado.quotes import Catalogue, QuoteService
from recado.quotes.catalogue.product import Product
from recado.quotes.language.money import money
from tests.quotes.shops import catalogue

CATALOGUE = catalogue()
SERVICE = QuoteService(lambda: CATALOGUE)


def answer(text: str, catalogue: Catalogue = CATALOGUE) -> str:
    """The reply to a new customer."""
    turn = Dialogue(catalogue, Policy()).say(text)
    assert turn.reply
    return turn.reply.content.body


def test_the_layout_of_an_ordinary_quote() -> None:
    """Exactly as agreed with the business."""
    assert answer("Quiero 2 zapatos y 1 camisa") == (
        "✅ *Cotización Generada*\n\n📦 *Productos:*\n1. Zapatos\n   Cantidad: 2 × $45.99 = $91.98\n"
        "2. Camisa\n   Cantidad: 1 × $25.50 = $25.50\n\n💰 *Total: $117.48*\n\n"
        "¿Deseas confirmar esta cotización? Responde *SÍ* o *NO*"
    )


def test_questions_and_doubts_are_in_the_answer() -> None:
    """The reply offers several products, names the missing one, marks the doubtful one and explains the limit."""
    text = answer("2 camisas, 3 jeans, una heladera y 200000 gorras, 3 pamtuglas y una caja de jabones")
    assert "¿Cuál «jeans»: Jean azul, Jean negro o Jean 501?" in text
    assert "No encontré «heladera»" in text
    assert "200000 unidades de Gorra" in text
    assert "No encontré «pamtuglas». ¿Quisiste decir Pantuflas?" in text
    assert "Jabón ❓" in text
    assert "Revisa lo marcado" in text


def test_a_customer_cannot_format_our_text() -> None:
    """Formatting characters and line breaks are removed from repeated words, and long words are cut."""
    text = answer("una *heladera*_grande_ y un ```televisor```" + "o" * 300)
    echoed = text.split("«")[1].split("»")[0]
    assert not set(echoed) & set("*_~`\n")
    assert len(echoed) <= 60


@settings(max_examples=100)
@given(st.text(max_size=4096))
def test_no_answer_is_too_long(text: str) -> None:
    """Whatever the customer writes, the reply is not empty and not longer than WhatsApp's limit."""
    dialogue = Dialogue(CATALOGUE)
    for words in (text, "2 camisas y 3 jeans", text, "sí"):
        turn = dialogue.say(words)
        assert turn.reply is None or 0 < len(turn.reply.content.body) <= texts.LIMIT


def test_too_many_lines_are_counted_and_the_total_stays_whole() -> None:
    """The reply says how many products do not fit; the total includes all of them."""
    order = "\n".join(f"2 {product.name}" for product in CATALOGUE.products)
    quote, text = SERVICE.quote(order), answer(order)
    assert len(text) <= texts.LIMIT
    shown = text.count("Cantidad:")
    assert shown < len(quote.items)
    assert f"… y {len(quote.items) - shown} productos más" in text
    assert f"*Total: {money(quote.total, 'USD')}*" in text


def test_nothing_recognised_teaches_how_to_order() -> None:
    """recado can read the example in the instructions."""
    text = texts.instructions(CATALOGUE)
    example = text.split("«")[1].split("»")[0]
    assert len(SERVICE.quote(example).items) == 2


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("45.99", "USD", "$45.99"),
        ("1234.5", "USD", "$1,234.50"),
        ("45.9", "PEN", "S/ 45.90"),
        ("45.99", "EUR", "45,99 €"),
        ("1500", "CLP", "$1.500"),
        ("1500.5", "CLP", "$1.500,50"),
        ("45000", "COP", "$45.000,00"),
    ],
)
def test_money(amount: str, currency: str, shown: str) -> None:
    """As usual in the currency's country, with plain spaces; cents are never dropped."""
    assert money(Decimal(amount), currency) == shown


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [("1.005", "USD", "$1.005"), ("45.9", "USD", "$45.90"), ("0.125", "CLP", "$0,125"), ("1.005", "KWD", "KWD1.005")],
)
def test_a_price_has_all_of_its_decimals(amount: str, currency: str, shown: str) -> None:
    """Otherwise the customer would read "3 × $1.00 = $3.02"."""
    assert money(Decimal(amount), currency, exact=True) == shown


def test_every_courtesy_is_short() -> None:
    """Fixed replies have a few lines."""
    fixed = [
        texts.greeting(CATALOGUE), texts.help_text(CATALOGUE, ["Camisa", "Gorra"]), texts.instructions(CATALOGUE),
        texts.please_write(), texts.please_write_or_speak(), texts.document(),
        texts.already_confirmed("P-1"), texts.rejected(), texts.no_open_quote(),
        texts.slow_down(), texts.thanks(), texts.ask_staff("P-1"), texts.handed_over(), texts.emptied(),
        texts.given_back(CATALOGUE),
        texts.how_to_change(CATALOGUE), texts.located("P-1"),
    ]  # fmt: skip
    assert all(20 < len(text) < 400 for text in fixed)


def test_what_is_sold_by_measure_is_shown_in_its_unit() -> None:
    """With a decimal comma. If the amount is not clear, the reply asks for it by the product's name."""
    cheese = Product("Q", "Queso fresco", (), Decimal("7.80"), pair=False, unit="kg")
    soap = Product("J", "Jabón", (), Decimal(1), pair=False)
    catalogue = Catalogue((cheese, soap), "USD")
    text = answer("kilo y medio de queso, 2 o 3 jabones", catalogue)
    assert "Cantidad: 1,5 kg × " in text
    assert "¿Cuántas unidades de Jabón?" in text
    assert "¿Cuántos kg de Queso fresco?" in answer("10 soles de queso", catalogue)
    assert "se vende por unidad" in answer("medio jabón", catalogue)


def test_products_are_listed_by_their_head_words() -> None:
    """The words that most products have, each once."""
    text = answer("qué venden?")
    told = text.split("entre otros: ")[1].split(".")[0].split(", ")
    assert told[:3] == ["Camisa", "Camiseta", "Pantalón"]
    assert len(told) == len(set(told)) == 12
