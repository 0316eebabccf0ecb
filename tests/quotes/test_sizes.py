"""How sizes are written, and which of them are equal."""

from fractions import Fraction

import pytest

from recado.quotes.catalogue.parts import name_tokens, take_apart
from recado.quotes.language.lexicon import lexicon
from recado.quotes.language.sizes import Size, Sizes
from recado.quotes.language.text import tokenise

SIZES = Sizes(lexicon())
SKIPPED = frozenset(["de", "x", "y", "para", "en"])


def size(text: str) -> Size:
    found = SIZES.at(tokenise(text), 0)
    assert found is not None, text
    return found[0]


@pytest.mark.parametrize(
    ("text", "values", "unit"),
    [
        ("500 mg", (500,), "mg"),
        ("3/8", (Fraction(3, 8),), None),
        ('4 1/2"', (Fraction(9, 2),), "pulgada"),
        ("2x5 m", (2, 5), "m"),
        ("20A", (20,), "a"),
        ("litro y medio", (Fraction(3, 2),), "l"),
        ("media pulgada", (Fraction(1, 2),), "pulgada"),
        ("mil litros", (1000,), "l"),
        ("2 m3", (2,), "m3"),
        ("dos", (2,), None),
        ("treinta y cinco", (35,), None),
        ("treinta y dos camisas", (30,), None),
    ],
)
def test_a_size_is_its_numbers_and_its_unit(text: str, values: tuple[int | Fraction, ...], unit: str | None) -> None:
    read = size(text)
    assert (read.values, read.unit and read.unit.name) == (values, unit)


@pytest.mark.parametrize("text", ["una gorra", "media caja", "a las 3", "m"])
def test_other_words_are_none(text: str) -> None:
    """An article counts, "media" before a noun halves it, and a separate letter is not a unit."""
    assert SIZES.at(tokenise(text), 0) is None


@pytest.mark.parametrize(("one", "other", "same"), [
    ("1000 ml", "1 litro", True), ("600 ml", "600", True), ("2 kg", "2 l", False), ("1 kg", "100 g", False),
    ("3/4", "0.75", True), ("12w", "9w", False),
])  # fmt: skip
def test_sizes_agree_in_one_dimension_or_where_a_unit_is_left_out(one: str, other: str, same: bool) -> None:
    assert size(one).agrees(size(other)) is same


@pytest.mark.parametrize(
    ("name", "words", "sizes"),
    [
        ('Tubo PVC 1/2" x 5 m', ("tubo", "pvc"), ['1/2"', "5 m"]),
        ("Paracetamol 500 mg x 20 tabletas", ("paracetamol",), ["500 mg", "20"]),
        ("Lija No. 220", ("lija",), ["220"]),
        ("Camiseta 3 en 1", ("camiseta",), ["3", "1 l"]),
        ("3 en 1 aceite", ("3", "aceite"), ["1 l"]),
        ("Pilas triple a", ("pilas", "triple", "a"), []),
    ],
)
def test_a_name_is_its_words_and_its_sizes(name: str, words: tuple[str, ...], sizes: list[str]) -> None:
    """The first word is the head, whatever it is. Other words without meaning are left out, except the last."""
    parts = take_apart(name_tokens(name, lexicon()), lexicon(), SIZES, SKIPPED, None)
    assert parts.words == words
    assert [s.values for s in parts.sizes] == [size(written).values for written in sizes]


def test_the_unit_that_a_product_is_sold_by_is_no_part_of_its_name() -> None:
    assert take_apart(name_tokens("Arena fina m3", lexicon()), lexicon(), SIZES, SKIPPED, "m3").sizes == ()
    assert len(take_apart(name_tokens("Balde 1 m3", lexicon()), lexicon(), SIZES, SKIPPED, "m3").sizes) == 1
