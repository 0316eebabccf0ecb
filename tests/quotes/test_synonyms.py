"""Every word of synonyms.toml is needed: without it, a product with another word of its group is not found by it."""

from collections.abc import Iterator
from decimal import Decimal

from msgspec.structs import replace

from recado.quotes import Catalogue, QuoteService
from recado.quotes.catalogue.index import Language, own_language
from recado.quotes.catalogue.product import Product
from recado.quotes.language.language import tables
from recado.quotes.language.text import key, plain

#: What a shop sells, and a message about it: {first} is the word of a name, {other} the customer's word for the same.
FRAMES = (
    (("Camisa {first}", "Camisa azul"), "2 camisas {other}"),
    (("{first} azul", "Camisa"), "2 {other} azul"),
    (("{first}", "Camisa"), "2 {other}"),
    (("Memoria 8 {first}", "Memoria azul"), "memoria de un {other}"),
)


def pairs() -> Iterator[tuple[str, str]]:
    """The first word of each group, with each of the others."""
    for group in tables().synonyms["groups"]:
        first, *others = group.split()
        yield from ((first, other) for other in others)


def service(language: Language, names: tuple[str, ...]) -> QuoteService:
    products = tuple(Product(f"P-{n}", name, (), Decimal(1), pair=False) for n, name in enumerate(names))
    catalogue = Catalogue(products, "USD", language)
    return QuoteService(lambda: catalogue)


def is_noticed(first: str, other: str) -> bool:
    whole = own_language()
    gone = key(plain(other))
    less = replace(whole, synonyms={word: same for word, same in whole.synonyms.items() if word != gone})
    for names, text in FRAMES:
        sold = tuple(name.format(first=first) for name in names)
        said = text.format(other=other)
        if service(whole, sold).quote(said) != service(less, sold).quote(said):
            return True
    return False


def test_a_message_notices_each_synonym_that_is_taken_away() -> None:
    assert [pair for pair in pairs() if not is_noticed(*pair)] == []


def test_no_synonym_is_another_form_of_a_word_of_its_group() -> None:
    """Plurals need no line: words are compared by their keys."""
    groups = [[key(plain(word)) for word in group.split()] for group in tables().synonyms["groups"]]
    assert [group for group in groups if len(set(group)) < len(group)] == []
