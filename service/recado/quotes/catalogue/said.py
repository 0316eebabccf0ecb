"""What a text says about the products of a head, and the names that it completes."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from recado.quotes.catalogue.index import MOST, Index
from recado.quotes.catalogue.parts import Family, Form
from recado.quotes.language import role
from recado.quotes.language.role import Role
from recado.quotes.language.sizes import Size

_ALONE: Final = frozenset([role.GRADES, role.COLOURS, role.PATTERNS, role.SIZEMARK])
"""Qualities that matter even if a family names only one of them."""

_GROUP: Final = 2
"""From this many products on, what all of them have goes without saying: "3 labiales rosas", where both are "mate"."""


class Said(msgspec.Struct):
    """The words after a head that its family knows."""

    words: list[tuple[str, float]] = msgspec.field(default_factory=list)
    sizes: list[Size] = msgspec.field(default_factory=list)
    qualities: list[tuple[Role, str]] = msgspec.field(default_factory=list)  # table, word: the family lacks them
    candidates: set[int] | None = None  # None: all of the family
    head: int = 0  # its token
    last: int = 0
    telling: int = 0
    conflict: bool = False
    adjacent: bool = False  # whether the first word must stand next to the head: "3 leches", not "3 dulce de leche"
    trial: bool = False  # whether every bare number that fits counts as a size

    def count(self) -> int:
        """How much of a name was said, including the head."""
        return 1 + len(self.words) + len(self.sizes)

    def fitting(self, owners: set[int]) -> set[int]:
        """Those of the owners of a word or size that fit what was said before."""
        return owners if self.candidates is None else self.candidates & owners


def says_the_same(family: Family, said: Said, bare: list[Form]) -> bool:
    """Whether the one product of this size differs from the one without a size only by its size: "arena de 10 kg"."""
    if not said.sizes or said.candidates is None or len(said.candidates) != 1:
        return False
    words = {word for form in bare for other in family.forms[form.product] for word in other.words}
    (number,) = said.candidates
    return any(words.issuperset(form.words) for form in family.forms[number])


def is_other_kind(family: Family, products: tuple[int, ...], said: Said) -> bool:
    """Whether the customer said a quality of a kind that distinguishes the family, but the products have another."""
    return any(
        len(words := family.tables.get(table, set())) > (table not in _ALONE)
        and any(words.intersection(form.words) for number in products for form in family.forms[number])
        for table, _ in said.qualities
    )


def is_other_model(family: Family, product: int, said: Said) -> bool:
    """Whether another product of another size is named by just the words that were said, so that those which are left
    out matter: "iPhone 14 Pro" for an "iPhone 14 Pro Max", where there is an "iPhone 13 Pro"."""
    words = frozenset(word for word, _ in said.words)
    if not (words and said.sizes):
        return False
    named = [form.product for form in family.exact.get(words, ()) if form.sizes]
    return bool(named) and product not in named


def tells_rest(family: Family, product: int, words: frozenset[str], said: Said) -> bool:
    """Whether a name lacks nothing that was said except words that all products of its head have: "casco M"."""
    shared = len(family.products)
    return shared > 1 and any(
        all(len(family.words[word]) == shared for word in form.words if word not in words)
        and all(_is_told(family, size, said) for size in form.sizes)
        for form in family.forms[product]
    )


def _is_told(family: Family, size: Size, said: Said) -> bool:
    """Whether a size was said, or need not be, as all products of the head have it: "suero de coco", where all are of
    500 ml."""
    shared = bool(said.words) and len(family.with_size(size)) == len(family.products)
    return shared or any(size.agrees(other) for other in said.sizes)


def has_span(said: Said) -> bool:
    """Whether a size of several numbers was said, which hardly two products have: "neumático 2.75-18"."""
    return any(len(size.values) > 1 for size in said.sizes)


def lacks_container(index: Index, family: Family, product: int, words: frozenset[str], said: Said) -> bool:
    """Whether a name lacks only what the product is in: "aceitunas negras" for "Aceitunas negras bote"."""
    return not said.qualities and any(
        all(_is_container(index, word) for word in form.words if word not in words)
        and all(any(size.agrees(other) for other in said.sizes) for size in form.sizes)
        for form in family.forms[product]
    )


def _is_container(index: Index, word: str) -> bool:
    """Whether a word of a name, which has lost its gender, is a container: "caja" is "cajo" there."""
    spelled = (word, word[:-1] + "a") if word.endswith("o") else (word,)
    return any(role.CONTAINER in index.lexicon.roles(norm) for norm in spelled)


def tells_quality(family: Family, product: int, words: frozenset[str], said: Said) -> bool:
    """Whether a name lacks only words of all products that have such a quality or size: "globos rojos" for "Globo
    látex rojo", where all globes with a colour are of latex."""
    return any(
        len(group) >= _GROUP
        and any(
            all(group <= family.words[word] for word in form.words if word not in words)
            and all(any(size.agrees(other) for other in said.sizes) for size in form.sizes)
            for form in family.forms[product]
        )
        for group in _groups(family, words, said)
    )


def _groups(family: Family, words: frozenset[str], said: Said) -> Iterator[set[int]]:
    """The products with a quality of a table that a word is of, and those with a size of a dimension that was said."""
    for own in family.tables.values():
        if not own.isdisjoint(words):
            yield {number for word in own for number in family.words[word]}
    for size in said.sizes:
        if size.unit is None:
            yield set().union(*family.plain_numbers.values())
        else:
            dimension = size.unit.dimension
            yield {number for (kind, _), owners in family.sized.items() if kind == dimension for number in owners}


def forms_said(index: Index, family: Family, words: frozenset[str], said: Said) -> list[Form]:
    """The forms that were said completely, among the products that fit everything that was said."""
    fits = said.candidates
    if len(family.products if fits is None else fits) > MOST:
        forms: Sequence[Form] = family.exact.get(words, ())
    else:
        forms = [form for number in (family.products if fits is None else fits) for form in family.forms[number]]
    index.steps.charge(len(forms))
    return [
        form
        for form in forms
        if (fits is None or form.product in fits)
        and words.issuperset(form.words)
        and (not form.sizes or _has_sizes(family, form, said))
    ]


def _has_sizes(family: Family, form: Form, said: Said) -> bool:
    return all(any(family.means(other, size, form.product) for other in said.sizes) for size in form.sizes)


def only_without(index: Index, family: Family, said: Said, words: frozenset[str]) -> bool:
    """Whether only names with "sin" fit, which was not said: "manga corta" is not "sin mangas"."""
    fits = family.products if said.candidates is None else said.candidates
    return len(fits) <= MOST and all(index.lacks_sin(family, n, words) for n in fits)
