"""Qualities that the last product cannot have: another colour, size or material than it is named by."""

from typing import Final

from recado.quotes.language import role
from recado.quotes.reading.reading import Reading
from recado.quotes.reading.wishes import Wish
from recado.quotes.scan.elements import Element, Flag

EXCLUSIVE: Final = frozenset(
    [role.COLOURS, role.PATTERNS, role.SIZES, role.MATERIALS, role.WEARERS, role.BEDS, role.QUALITIES]
)
"""Tables of qualities: a thing has one of each."""


def contradicts(reading: Reading, last: Wish, element: Element) -> bool:
    """Whether a quality differs from the one that the last product is named by: "jean negro ... 2 azules"."""
    if "sin" in element.words and not says_how(reading, last, element):
        return True
    if _is_size_apart(reading, last, element) or _is_partly_kin(reading, last, element):
        return True
    match = last.element.match
    start, end = (last.element.start, last.element.end) if match is None else (last.element.start + 1, match.end)
    if last.element.kind is not role.QUALITY and (match is None or match.words < 2):
        materials = role.MATERIALS in reading.scanner.roles[element.start]
        return materials and last.product is not None and reading.matcher.has_other(last.product, element.words)
    said = frozenset().union(*reading.scanner.roles[start:end])
    other = frozenset().union(*reading.scanner.roles[element.start : element.end])
    if said & other & {*EXCLUSIVE, role.SIZEMARK}:
        return True
    if last.product is not None and reading.matcher.has_other(last.product, element.words):
        return True
    if role.SIZES in other and last.product is not None and reading.matcher.is_sized(last.product):
        return True  # "crema de leche de litro 1 y pequeñas 3"
    return bool(other & {role.QUALITIES, role.KINDS}) and not other & {
        role.COLOURS,
        role.SIZES,
        role.MATERIALS,
        role.WEARERS,
    }


def says_how(reading: Reading, last: Wish, element: Element) -> bool:
    """ "2 hamburguesas, una sin cebolla", where no hamburger is named by onions: which of them is the same."""
    if "sin" not in element.words or last.product is None:
        return False
    left_out = {reading.matcher.canon(word) for word in element.words if word != "sin"}
    return all(left_out.isdisjoint(family.words) for family in reading.matcher.families_of(last.product))


def _is_partly_kin(reading: Reading, last: Wish, element: Element) -> bool:
    """ "4 camisas, 2 manga larga", of which there are some with "manga corta": half of another product's name."""
    words = element.words
    if last.product is None or len(words) < 2 or reading.matcher.with_head(last.product, words):
        return False
    return any(reading.scanner.is_of_kin(last.product, word) for word in words)


def _is_size_apart(reading: Reading, last: Wish, element: Element) -> bool:
    """ "2 jean mom 38 y 1 talle 40": another size than the one that the last product is named by, and of no product."""
    if last.product is None or Flag.SIZE not in element.flags or element.sizes:
        return False
    letters = reading.scanner.norms[element.start : element.end]
    return any(size.unit is None for size in reading.matcher.sizes_of(last.product)) or reading.matcher.has_other(
        last.product, letters
    )
