"""Amounts of things that are sold in packs or by measure, where the number may mean another amount."""

import itertools
from fractions import Fraction
from typing import Final

from recado.quotes.catalogue.measures import amount_of
from recado.quotes.catalogue.product import Product
from recado.quotes.language import role
from recado.quotes.language.numbers import Unusable
from recado.quotes.language.sizes import COUNT
from recado.quotes.language.text import key, plain
from recado.quotes.reading.reading import Reading
from recado.quotes.reading.wishes import Doubt, Wish
from recado.quotes.scan.elements import Flag

_PACK: Final = 6
"""From this many pieces in a pack, a number may count pieces instead of packs."""
_SACKS: Final = frozenset(["bulto", "bultos", "costal", "costales", "saco", "sacos", "saquito", "saquitos"])
"""What holds all of the weight in a name: "10 bultos de mortero", where the name says 50 kg."""
_SERVINGS: Final = frozenset(["orden", "ordenes"])
_SEVERAL: Final = "s"
"""The last letter of a word that names what is in a pack: "paracetamol 500 mg tabletas"."""


def unusable(reading: Reading, wish: Wish) -> Unusable | None:
    """Why an amount does not say how many. Pieces and bags of a thing sold by measure are not in its unit."""
    counted = wish.element.flags & {Flag.CONTAINER} or (wish.element.q is not None and wish.element.q.counts_pieces())
    if wish.unusable is None and wish.product is not None and counted and wish.unit is None:
        return Unusable.UNIT if reading.matcher.products[wish.product].unit is not None else None
    return wish.unusable


def take_containers(reading: Reading) -> None:
    """ "agua, 4 garrafas": where another product of the same name is the one in such a container, it is meant. Several
    such products are offered."""
    for wish in reading.wishes:
        if wish.held_by is None or wish.product is None or wish.held_by < wish.element.end:
            continue
        if role.CONTAINER not in reading.scanner.roles[wish.held_by]:
            continue
        held = _held_in(reading, wish, wish.product, reading.scanner.norms[wish.held_by])
        if len(held) == 1:
            wish.product = held[0]
            wish.doubts.append(Doubt.HEAD_LEFT_OUT)
        elif held:
            wish.product, wish.choices = None, held


def _held_in(reading: Reading, wish: Wish, number: int, container: str) -> tuple[int, ...]:
    """The products in a container that share all words said of a product that is not in one."""
    products = reading.matcher.products
    if products[number].has_word(container):
        return ()
    said = reading.scanner.norms[wish.element.start : wish.element.end]
    kin = {n: None for family in reading.matcher.families_of(number) for n in family.products}
    shared = [norm for norm in said if products[number].has_word(norm)]
    return tuple(n for n in kin if _is_in(products[n], container) and all(products[n].has_word(w) for w in shared))


def _is_in(product: Product, container: str) -> bool:
    """Whether a name says what the product is in, and not how many of them it has: "caja x 6 bolsas"."""
    for name in (product.name, *product.aliases):
        words = plain(name).split()
        for before, word in itertools.pairwise(("", *words)):
            if key(word) == key(container) and not before[:1].isdigit():
                return True
    return False


def settled(reading: Reading, wish: Wish) -> int | Fraction | Unusable:
    """How much a message wants of a product, or why it does not say so. It is worked out once, after the walk."""
    assert wish.product is not None
    if wish.settled is None:
        total = wish.total(reading.matcher.products[wish.product].pair)
        wish.settled = unusable(reading, wish) or amount_of(reading.matcher, wish.product, total, wish.unit)
    return wish.settled


def counts_what_is_packed(reading: Reading, wish: Wish) -> bool:
    """Whether the number may count pieces in a pack: "media docena de huevos" of thirty, "colores x36" of packs of
    24."""
    said = wish.element.q
    q = said.quantity if said is not None else None
    if (
        wish.product is None
        or wish.element.match is None
        or said is None
        or q is None
        or q.pieces
        or q.article
        or q.unit
    ):
        return False
    if wish.element.flags & {Flag.CONTAINER} or reading.scanner.roles[wish.element.start] & {role.CONTAINER}:
        return False
    packs = [size.values[0] for size in reading.matcher.sizes_of(wish.product) if size.unit == COUNT]
    if not packs:
        return False
    times = Flag.X in reading.elements[said.index - 1].flags
    told = {reading.scanner.tokens[i].value for i in range(wish.element.start, wish.element.end)}
    return any(
        n >= _PACK and n not in told and (q.collective or q.value == n or (times and q.value > n)) for n in packs
    )


def counts_boxes(reading: Reading, wish: Wish) -> bool:
    """Whether the customer asked for boxes of a thing that is sold by the piece: "una caja de jabones"."""
    if wish.product is None:
        return False
    element, q = wish.element, wish.element.q.quantity if wish.element.q is not None else None
    at = element.start if Flag.CONTAINER in element.flags else q.end - 1 if q is not None and q.pieces else -1
    if at < 0 or role.BOX not in reading.scanner.roles[at]:
        return False
    product = reading.matcher.products[wish.product]
    if product.has_word(reading.scanner.norms[at]) or _is_served(reading.scanner.norms[at], product):
        return False
    before_count = plain(product.name).partition(" x ")[0].split()  # "x 20 tabletas", "500 mg tabletas" are in it
    packed = any(_is_packed(reading.scanner.norms[at], word, reading) for word in before_count)
    return packed or not any(size.unit is not None for size in reading.matcher.sizes_of(wish.product))


def _is_served(box: str, product: Product) -> bool:
    """ "2 órdenes de enmoladas", of "Enchiladas de mole": one such product is several pieces, and so an order of
    them."""
    return box in _SERVINGS and plain(product.name).split()[0].endswith(_SEVERAL)


def _is_packed(box: str, word: str, reading: Reading) -> bool:
    """Whether a word of a name says what several of are in the box: sachets or bottles, but not tablets, and not the
    50 kg of a sack."""
    roles = reading.matcher.lexicon.roles(word)
    whole = box in _SACKS and role.UNIT in roles
    return role.CONTAINER in roles and not (whole or word.endswith(_SEVERAL))
