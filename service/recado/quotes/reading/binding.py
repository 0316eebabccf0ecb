"""Gives each thing its quantity, before it ("2 camisas") or after it ("camisas: 2")."""

import itertools
from typing import Final

from recado.quotes.catalogue.matcher import Matcher
from recado.quotes.language import role
from recado.quotes.language.sizes import COUNTS
from recado.quotes.language.text import Token
from recado.quotes.scan.descriptions import PARTICIPLES
from recado.quotes.scan.elements import CLITICS, THINGS, VERBS, Element, Flag

_SEPARATORS: Final = frozenset([
    role.COMMA, role.STOP, role.QUESTION, role.LINE, role.AND, role.OR, role.BUT, role.MORE,
])  # fmt: skip
_TRANSPARENT: Final = frozenset([
    role.OF, role.DEFINITE, role.NOISE, role.LINK, role.COURTESY, role.POSSESSIVE, role.CON,
])  # fmt: skip
_SIZE_NUMBERS: Final = range(20, 61)
_BEFORE: Final = 40
"""Elements looked at for the thing whose sizes are listed."""
_NEAR: Final = 4
"""Elements from a thing of a list to the next one, including those between."""
SIZE_OF_PAIRS: Final = range(15, 51)
"""Numbers after goods sold by the pair that are sizes."""


class Binder:
    """Binds the quantities of one message, segment by segment."""

    def __init__(self, tokens: list[Token], matcher: Matcher) -> None:
        self._tokens = tokens
        self._matcher = matcher
        self._elements: list[Element] = []

    def bind(self, elements: list[Element]) -> None:
        """Gives each thing its quantity, before or after it, segment by segment."""
        self._elements = elements
        segment: list[Element] = []
        for element in elements:
            if element.kind in _SEPARATORS and not (
                element.kind is role.MORE and segment and segment[-1].kind is role.QUANTITY
            ):
                if len(segment) > 1:
                    self._segment(segment)
                segment = []
            else:
                segment.append(element)
        self._segment(segment)

    def _segment(self, segment: list[Element]) -> None:
        counted = [(i, e) for i, e in enumerate(segment) if e.kind is role.QUANTITY or e.kind in THINGS]
        if len(counted) < 2 or role.QUANTITY not in [e.kind for _, e in counted]:
            return
        if self._alternate(counted):
            return
        if _is_open_at_both_ends(counted):
            counted[-1][1].flags.add(Flag.KIND)  # "azúcar 2 arroz 1 fideos", which may be 2 sugar or 2 rice
        used: set[int] = set()  # the quantities that have a thing
        kinds = [e.kind is role.QUANTITY for _, e in counted]
        behind = (False, True) in itertools.pairwise(kinds)  # a number right behind a thing
        if behind:
            self._join_marked(segment, counted, used)
        self._join_over_sizes(counted, used)
        self._join_before(segment, counted, used)
        if behind:
            self._join_behind(segment, counted, used)

    def _alternate(self, counted: list[tuple[int, Element]]) -> bool:
        """Whether each thing of a segment has its number after it: "gorra 2 camisa 3"."""
        if len(counted) < 4:
            return False
        kinds = "".join("q" if e.kind is role.QUANTITY else "t" for _, e in counted)
        if len(kinds) % 2 or kinds != "tq" * (len(kinds) // 2):
            return False
        numbers = [e for _, e in counted if e.kind is role.QUANTITY]
        if any(q.quantity is None or q.quantity.article for q in numbers):
            return False
        for (_, thing), (_, q) in zip(counted[::2], counted[1::2], strict=True):
            self._join(thing, q, after=True)
        return True

    def _join_marked(self, segment: list[Element], counted: list[tuple[int, Element]], used: set[int]) -> None:
        """ "camisa x2", "camisa (3)"."""
        for k in range(len(counted) - 1):
            (i, thing), (j, q) = counted[k], counted[k + 1]
            if thing.kind not in THINGS or q.kind is not role.QUANTITY or thing.q is not None:
                continue
            if any(Flag.X in e.flags or Flag.OPEN in e.flags for e in segment[i + 1 : j]):
                before = counted[k - 1][1] if k else None
                if before is None or before.kind is not role.QUANTITY or id(before) in used:
                    self._join(thing, q, after=True)
                    used.add(id(q))

    def _join_over_sizes(self, counted: list[tuple[int, Element]], used: set[int]) -> None:
        """ "3 M camisas"."""
        for k in range(len(counted) - 2):
            (i, q), (_, size), (j, thing) = counted[k : k + 3]
            sized = q.kind is role.QUANTITY and Flag.SIZE in size.flags and thing.kind is role.PRODUCT
            if sized and j == i + 2 and id(q) not in used:
                self._join(thing, q, after=False)
                used.add(id(q))

    def _join_before(self, segment: list[Element], counted: list[tuple[int, Element]], used: set[int]) -> None:
        """ "3 camisas", "2 más de medias"."""
        for k in range(len(counted) - 1):
            (i, q), (j, thing) = counted[k], counted[k + 1]
            if q.kind is role.QUANTITY and thing.kind in THINGS and id(q) not in used and thing.q is None:
                before = counted[k - 1][1] if k else None
                if thing.kind is role.QUALITY and before is not None and self._is_size_behind(before, q):
                    continue
                closes = k + 2 == len(counted)
                if before is not None and closes and self._is_measured(before, q, segment[i + 1 : j], thing):
                    continue
                if self._is_of_another(q, segment[i + 1 : j]):
                    continue
                if j == i + 1 or self._leads_to(segment[i + 1 : j], thing):
                    self._join(thing, q, after=False)
                    used.add(id(q))

    def _is_measured(self, thing: Element, q: Element, between: list[Element], behind: Element) -> bool:
        """ "chorizo 2 kg en rodajas", "chorizo 1 kg entero": whether a measure right behind a thing is followed by what
        only says how."""
        counts = thing.kind in (role.PRODUCT, role.SEVERAL) and thing.q is None and q.index == thing.index + 1
        if not counts or q.quantity is None or role.OF in [e.kind for e in between]:
            return False
        if any(self._is_in(e) for e in between):
            return behind.kind is not role.QUALITY
        said = self._tokens[behind.start].norm
        how = (behind.kind is role.UNKNOWN and said.endswith(PARTICIPLES)) or behind.kind is role.QUALITY
        return how and q.quantity.unit is not None and not behind.sizes

    def _is_of_another(self, q: Element, between: list[Element]) -> bool:
        """ "en vez de los de 12 la caja": whether a number tells a thing that is left out, and an article opens the
        next one."""
        before = [e.kind for e in self._elements[max(0, q.index - 2) : q.index]]
        return before == [role.DEFINITE, role.OF] and role.DEFINITE in [e.kind for e in between]

    def _leads_to(self, behind: list[Element], thing: Element) -> bool:
        """Whether what stands between a number and a thing lets the number count the thing."""
        between = [e for e in behind if e.kind is not role.MORE]
        if _stands_for_a_thing(between, thing):
            return False
        return all(e.kind in _TRANSPARENT or self._is_in(e) for e in between) and not any(
            role.NOUN in e.roles and role.MODIFIER not in e.roles for e in between
        )

    def _join_behind(self, segment: list[Element], counted: list[tuple[int, Element]], used: set[int]) -> None:
        """ "camisas 3"."""
        for k in range(len(counted) - 1):
            (i, thing), (j, q) = counted[k], counted[k + 1]
            if thing.kind in THINGS and q.kind is role.QUANTITY and thing.q is None and id(q) not in used:
                if self._is_of_each(thing, q) or self._is_done(thing):
                    continue
                between = segment[i + 1 : j]
                alone = any(e.kind is role.LINK for e in between) or (j == len(segment) - 1 and len(counted) == 2)
                linked = (
                    thing.kind is not role.QUALITY
                    or (bool(thing.words or thing.sizes) and alone)
                    or (Flag.SIZE in thing.flags and self._is_last(segment, i, j) and self._lists_sizes(q))
                )
                if linked and q.quantity is not None and not q.quantity.article and self._follows(thing, q, between):
                    self._join(thing, q, after=True)
                    used.add(id(q))

    def _is_done(self, thing: Element) -> bool:
        """ "por si se me rompe uno": whether a thing is a verb behind its pronoun."""
        verb = thing.kind is role.UNKNOWN and Flag.VERB in thing.flags
        return verb and thing.start > 0 and self._tokens[thing.start - 1].norm in CLITICS

    def _is_of_each(self, thing: Element, q: Element) -> bool:
        """ "cloro y pino 4 litros de cada uno": a number after the last of several things counts each of them."""
        behind = [e.kind for e in self._elements[q.index + 1 : q.index + 3]]
        each = behind[:1] == [role.EACH] or behind == [role.OF, role.EACH]
        before = [e for e in self._elements[max(0, thing.index - _NEAR) : thing.index] if e.kind not in _TRANSPARENT]
        if not each or len(before) < 2 or before[-1].kind not in (role.AND, role.COMMA):
            return False
        return before[-2].kind in THINGS and before[-2].q is None

    def _is_size_behind(self, thing: Element, q: Element) -> bool:
        """ "zapatos 34 negros": a number between goods sold in pairs and their colour."""
        if thing.kind is not role.PRODUCT or thing.match is None or q.quantity is None or not q.quantity.bare:
            return False
        return self._matcher.products[thing.match.products[0]].pair and q.quantity.value in SIZE_OF_PAIRS

    @staticmethod
    def _is_last(segment: list[Element], i: int, j: int) -> bool:
        """Whether a number ends a segment, right after the thing at `i` or a mark: "talla L 3", "M: 2"."""
        marked = j == i + 2 and segment[i + 1].kind is role.LINK
        return (marked or j == i + 1) and j == len(segment) - 1

    def _lists_sizes(self, q: Element) -> bool:
        """ "polos talla M 2, talla L 3": a number after a size counts if no number is before the thing."""
        if q.quantity is None or q.quantity.value in SIZE_OF_PAIRS:
            return False
        before = reversed(self._elements[max(0, q.index - _BEFORE) : q.index])
        thing = next((e for e in before if e.kind in THINGS and e.kind is not role.QUALITY), None)
        return thing is not None and (thing.q is None or Flag.QUANTITY_AFTER in thing.flags)

    def _follows(self, thing: Element, q: Element, between: list[Element]) -> bool:
        """Whether a quantity after a thing is its quantity, and not a size or a price."""
        assert q.quantity is not None
        if any(
            e.kind in (role.OF, role.TO, role.BY, role.FOR, role.INSTEAD, role.NEGATION, role.CORRECTION, role.EACH)
            for e in between
        ):
            return False
        part = q.quantity.value.denominator != 1 and q.quantity.unit is None
        if part and (thing.match is None or self._matcher.products[thing.match.products[0]].unit is None):
            return False
        linked = any(e.kind in (role.LINK, *VERBS) or Flag.X in e.flags for e in between)
        if linked or not q.quantity.bare or thing.match is None:
            return True
        product = self._matcher.products[thing.match.products[0]]
        if product.pair and q.quantity.value in SIZE_OF_PAIRS:
            q.flags.add(Flag.SIZE)
            thing.flags.add(Flag.QUALIFIED)
            return False
        singular = not self._tokens[thing.start].norm.endswith("s")
        sized = any(family.dimensions for family in self._matcher.families_of(thing.match.products[0]))
        told = q.quantity.value in _SIZE_NUMBERS and (sized or self._matcher.is_worn(thing.match.products[0]))
        if singular and (told or self._is_own_size(thing.match.products[0], q)):
            q.flags.add(Flag.SIZE)
            if sized and not self._is_own_size(thing.match.products[0], q):
                thing.flags.add(Flag.KIND)  # "protector solar 30", where it has sizes, and not this one
            return False
        return True

    def _is_own_size(self, product: int, q: Element) -> bool:
        """Whether a number is the size of a product: "agua micelar 400", of 400 ml; a small number counts."""
        assert q.quantity is not None
        value = q.quantity.value
        return value > COUNTS and any(value in size.values for size in self._matcher.sizes_of(product))

    def _join(self, thing: Element, q: Element, *, after: bool) -> None:
        thing.q = q
        q.flags.add(Flag.BOUND)
        if after:
            thing.flags.add(Flag.QUANTITY_AFTER)

    def _is_in(self, element: Element) -> bool:
        return element.kind is role.TO and self._tokens[element.start].norm == "en"


def _stands_for_a_thing(between: list[Element], thing: Element) -> bool:
    """ "tiene teclado? una con su base": a number before an accessory counts the thing."""
    kinds = [e.kind for e in between]
    return kinds[:1] == [role.CON] and (kinds[1:2] == [role.POSSESSIVE] or thing.kind is role.UNKNOWN)


def _is_open_at_both_ends(counted: list[tuple[int, Element]]) -> bool:
    """Whether things and bare numbers alternate, and a thing is at both ends."""
    odd = len(counted) % 2 == 1 and len(counted) > 3
    return odd and all(
        e.kind is role.PRODUCT if k % 2 == 0 else e.quantity is not None and e.quantity.bare
        for k, (_, e) in enumerate(counted)
    )
