"""The maximum cost of reading a message, counted in lines of Python and in steps."""

import threading
from decimal import Decimal

import msgspec
import pytest
from loadtests.bench.quotes import HOSTILE

from recado.quotes import Catalogue, Intent, QuoteService
from recado.quotes.catalogue.budget import LONGEST_TEXT, MOST_SEARCHES, MOST_STEPS, MOST_TOKENS, Steps, TooLongError
from recado.quotes.catalogue.index import Index
from recado.quotes.catalogue.product import Product
from recado.quotes.language.lexicon import lexicon
from recado.quotes.language.text import tokenise
from tests.quotes.shops import catalogue
from tests.work import lines_run

CATALOGUE = catalogue()
SERVICE = QuoteService(lambda: CATALOGUE)
#: An ordinary order takes about 250 lines of Python for each of its tokens; any text may take at most five times that.
MOST_LINES = 1_250 * MOST_TOKENS
UNITS = (
    *("½", "½ ", "¼", "🔟", "ﷺ", "ﷻ", "⅒", "1/2", "1/2 ", "¹ ", "\u20e3", "1\ufe0f\u20e3", "😂", "(", "* ", "\u0301"),
    *("a", "y", "9", "9 ", "1.111.", "30,", "30 y ", "$ 5 ", "calle 5 ", "talla M, ", "a las 3 ", "cel 12 - ", "1\n"),
    *("un ", "y 2 ", "dos ", "mil ", "millon ", "docena de ", "un vaso ", "cada uno ", "el doble ", "de la "),
    *("para mi ", "no el ", "bueno ", "mejor camisa ", "quiero precio ", "1 azul ", "pijama ", "jean ", "jeans y "),
    *("2 blorfo ", "1 gorra no el azul\n", "1 gorra no sin jeans y azul, ", "2 gorras no lo meta\n"),
)  # fmt: skip


def as_often_as_allowed(unit: str) -> str:
    """A unit repeated up to the limits of letters and tokens, so that the text is read and not refused."""
    text = (unit * LONGEST_TEXT)[:LONGEST_TEXT]
    tokens = tokenise(text)
    return text if len(tokens) <= MOST_TOKENS else text[: tokens[MOST_TOKENS - 1].end]


def fresh(catalogue: Catalogue = CATALOGUE) -> QuoteService:
    """A service with an empty cache of words. The language's tables are loaded, as this happens once in a process."""
    SERVICE.quote("2 camisas y media docena de gorras, no, mejor 3")
    forgetful = Catalogue(catalogue.products, catalogue.currency)
    forgetful.matcher(Steps())
    return QuoteService(lambda: forgetful)


@pytest.mark.parametrize("unit", UNITS, ids=ascii)
def test_no_repeated_text_costs_more_than_its_length(unit: str) -> None:
    service = fresh()
    assert lines_run(lambda: service.quote(as_often_as_allowed(unit))) < MOST_LINES
    assert lines_run(lambda: service.quote((unit * LONGEST_TEXT)[:LONGEST_TEXT])) < MOST_LINES


@pytest.mark.parametrize("label", HOSTILE)
def test_no_hostile_text_does(label: str) -> None:
    service = fresh()
    assert lines_run(lambda: service.quote(HOSTILE[label])) < MOST_LINES


def test_a_text_beyond_the_bounds_is_too_long() -> None:
    """By letters, by tokens or by steps. A text at the limit is read."""
    assert SERVICE.quote("2 camisas " + "a" * (LONGEST_TEXT - 10)).intent is Intent.ORDER
    assert SERVICE.quote("2 camisas " + "a" * (LONGEST_TEXT - 9)).intent is Intent.TOO_LONG
    assert SERVICE.quote("2 camisas" + "😂" * (MOST_TOKENS - 2)).intent is Intent.ORDER
    quote = SERVICE.quote("2 camisas" + "😂" * (MOST_TOKENS - 1))
    assert (quote.intent, quote.items, quote.unmatched) == (Intent.TOO_LONG, (), ())
    assert SERVICE.quote("30 y " * (MOST_TOKENS // 2)).intent is Intent.TOO_LONG


def test_the_second_reading_of_a_refusal_shares_the_steps_of_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message is too long if both readings together need more steps than it has."""
    steps = 0
    charge = Steps.charge

    def counted(self: Steps, number: int) -> None:
        nonlocal steps
        steps += number
        charge(self, number)

    monkeypatch.setattr(Steps, "charge", counted)
    order = "1 camisa azul\n1 jean azul\n"
    SERVICE.quote(order)
    once, steps = steps, 0
    assert SERVICE.quote(f"{order}2 gorras no lo meta").unheard
    assert steps > 2 * once > 0
    monkeypatch.setattr("recado.quotes.catalogue.budget.MOST_STEPS", steps - 1)
    assert SERVICE.quote(f"{order}2 gorras no lo meta").intent is Intent.TOO_LONG


def test_a_long_order_is_read() -> None:
    """It has 120 lines, and the last one is read like the first."""
    quote = SERVICE.quote("2 camisas y 1 gorra\n" * 119 + "3 zapatos")
    assert {item.sku: item.quantity for item in quote.items} == {"CAM-001": 238, "ACC-001": 119, "CAL-001": 3}


def test_products_that_share_their_words_are_charged() -> None:
    """Each place where a name may stand costs a step, so a thousand similar names do not block the event loop."""
    one = CATALOGUE.products[0]
    alike = [msgspec.structs.replace(one, sku=f"S-{n}", name=f"tornillo largo {n}", aliases=()) for n in range(1_000)]
    catalogue = Catalogue(tuple(alike), "USD")
    service = QuoteService(lambda: catalogue)
    assert service.quote("2 tornillo largo 7").items[0].sku == "S-7"
    assert service.quote("tornillo largo, " * 300).intent is Intent.TOO_LONG
    assert lines_run(lambda: service.quote("2 tornillo, " * 300)) < MOST_LINES


def test_a_word_is_read_up_to_its_bound() -> None:
    """Long words are cut, both as typed and as normalised; the rest no longer distinguishes words."""
    (token,) = tokenise("ﷺ" * 4096)
    assert (len(token.norm), token.end) == (64, 4096)
    assert tokenise("camisa" + "s" * 4000)[0].norm == "camisa" + "s" * 58
    assert tokenise("".join(c + "\u0301" * 15 for c in "camisa"))[0].norm == "camisa"


def test_unknown_words_are_searched_for_a_bounded_number_of_times() -> None:
    matcher = CATALOGUE.matcher(Steps())
    for n in range(2 * MOST_SEARCHES):
        matcher.near(f"qwrt{chr(97 + n % 26)}p{chr(97 + n // 26)}zx")
        matcher.nearest(f"zzvb{chr(97 + n % 26)}k{chr(97 + n // 26)}wq")
    assert not matcher.steps.search()


@pytest.mark.parametrize(
    ("order", "most"),
    [
        ("hola, quiero 3 jeans azules y 2 pares de zapatos, gracias", 0),
        ("2 camisaz y 1 gorrra", 0),  # misspelled, but as they sound
        ("2 blorfos y 1 camisa", 2),
        ("2 blorfos, 1 blorfo y 3 blorfos", 3),
        ("2 blorfos y 3 zurquetes", 4),
        ("2 zurquetes de blorfo", 3),
    ],
)
def test_an_order_searches_only_for_words_that_nobody_knows(
    monkeypatch: pytest.MonkeyPatch, order: str, most: int
) -> None:
    """Once for what the word may be, once for what is offered in its place; and not again in the next message."""
    service, search = fresh(), Steps.search
    searches: list[Steps] = []

    def counted(steps: Steps) -> bool:
        searches.append(steps)
        return search(steps)

    monkeypatch.setattr(Steps, "search", counted)
    service.quote(order)
    assert len(searches) <= most
    service.quote(f"{order}!")
    assert len(searches) <= most


def test_messages_that_are_read_at_once_share_no_searches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each search of a hostile message waits until another thread has read an order with a misspelled word."""
    service, search = fresh(), Steps.search
    granted, orders = 0, 0

    def interrupted(steps: Steps) -> bool:
        nonlocal granted
        if threading.current_thread() is not threading.main_thread():
            return search(steps)
        reader = threading.Thread(target=order)
        reader.start()
        reader.join()
        may = search(steps)
        granted += may
        return may

    def order() -> None:
        nonlocal orders
        orders += service.quote(f"2 camizetaz y 3 gorrra {orders}").items != ()

    monkeypatch.setattr(Steps, "search", interrupted)
    service.quote(" ".join(f"qwrt{chr(97 + n % 26)}p{chr(97 + n // 26)}zx" for n in range(2 * MOST_SEARCHES)))
    assert granted == MOST_SEARCHES
    assert orders > MOST_SEARCHES


def test_steps_end() -> None:
    steps = Steps()
    steps.charge(MOST_STEPS)
    with pytest.raises(TooLongError):
        steps.charge(1)


def test_the_vocabulary_of_the_reader_has_no_word_beyond_the_bound() -> None:
    assert max(map(len, lexicon().speech)) < 64


def chair(number: int) -> Product:
    """A product with three names, as in the large catalogue that loading is measured with."""
    name = f"silla plegable M{number}"
    return Product(f"P-{number}", name, (f"modelo {number}", f"{name} nuevo"), Decimal(1), pair=False)


def test_a_catalogue_costs_what_its_names_do() -> None:
    Index([chair(0)])  # the language's tables are loaded once in a process
    few, many = [chair(number) for number in range(20)], [chair(number) for number in range(120)]
    assert lines_run(lambda: Index([])) < 3_000
    assert (lines_run(lambda: Index(many)) - lines_run(lambda: Index(few))) / 300 < 240
