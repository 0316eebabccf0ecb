"""Follows the customer through a message: wishes, refusals, corrections, ellipsis."""

import itertools
from collections.abc import Collection
from fractions import Fraction
from typing import Final

from recado.quotes.amounts import bare_quantity, each, multiple, share_each
from recado.quotes.binding import Binder
from recado.quotes.context import QUIET, Context
from recado.quotes.elements import (
    COMMA,
    LINE,
    LINK,
    NOISE,
    PRODUCT,
    QUALITY,
    QUANTITY,
    QUESTION,
    SEVERAL,
    STOP,
    THINGS,
    UNKNOWN,
    VERBS,
    Element,
)  # fmt: skip
from recado.quotes.matcher import How, Matcher
from recado.quotes.numbers import Quantity, Unusable
from recado.quotes.scan import Scanner
from recado.quotes.sizes import COUNT, Size
from recado.quotes.steering import negation, price, remove, request
from recado.quotes.text import key, plain
from recado.quotes.wishes import State, Wish
from recado.quotes.words import Kind

_CLAUSE_ENDS: Final = frozenset([STOP, QUESTION])
_SENTENCE_PARTS: Final = frozenset([*_CLAUSE_ENDS, COMMA, LINE])
_AHEAD: Final = 40
"""Elements looked at behind the present one: more than any sentence has."""
_EXCLUSIVE: Final = frozenset(["colours", "patterns", "sizes", "materials", "wearers", "qualities"])
"""Tables of qualities: a thing has one of each."""
_OWN_NEEDS: Final = frozenset([
    "necesita", "necesitan", "requiere", "requieren", "trae", "traen", "lleva", "llevan", "incluye", "incluyen",
])  # fmt: skip
"""Requests that may be a thing's own."""
_PACK: Final = 6
"""Pieces in a pack from which a number of them may be meant, and not of packs."""
_DETERMINERS: Final = frozenset(["definite", "possessive", "of"])
_NEAR: Final = 4
"""Elements from a quantity to its thing, with what may stand between."""
_LEVELS: Final = frozenset(["baja a", "sube a", "bajale a", "subele a"])
"""Corrections that are of what follows, and not of what stands before."""


class Reading:
    """What one message says. `wishes` in order of first mention; the rest is what its intent is told by."""

    def __init__(self, text: str, matcher: Matcher) -> None:
        self.matcher = matcher
        self.scanner = Scanner(text, matcher)
        self.elements = self.scanner.scan()
        self.wishes: list[Wish] = []
        self.requested = False
        self.priced = False
        self.totalled = False
        self.refused_all = False
        self._focus: Wish | None = None  # the wish that was spoken of last
        self.asks_price = any(e.kind in ("price", "total") for e in self.elements)
        self.context = Context(self.elements, self.scanner.norms, self.scanner.roles)
        Binder(self.scanner.tokens, matcher).bind(self.elements)
        self._follow()

    # following -----------------------------------------------------------------------------------------------

    def _follow(self) -> None:
        state = State()
        line = -1
        elements = self.elements
        for i, element in enumerate(elements):
            kind = element.kind
            if kind in THINGS:
                self._thing(i, element, state)
            elif kind == QUANTITY:
                if "bound" not in element.flags:
                    bare_quantity(self, i, element, state)
            elif kind == "negation":
                negation(self, i, state)
            elif kind == "without":
                # "sin cabeza 3 kilos de camarón" refuses no shrimps
                state.refuse = self.context.kind(self.context.next(i, _DETERMINERS)) != NOISE
                state.refuse_list = False
            elif "taking" in element.roles and (offered := self.last(("mentioned",))) is not None:
                offered.state = "wanted"  # "¿tienes el abrigo? lo quiero"
                self.requested = True
            elif kind == "nope":
                if self.context.kind(self.context.next(i, QUIET)) in (*THINGS, QUANTITY):
                    state.refuse = state.refuse_list = True
                    state.subtract = False
            elif kind in ("request", "add"):
                if state.negated_verb == i:
                    continue
                if self.context.norm(i) in _OWN_NEEDS and self._is_told() and self.context.kind(i - 1) == PRODUCT:
                    state.mode = "mentioned"  # "¿el latte lleva azúcar?"
                    continue
                request(self, i, kind, state)
            elif kind == "remove":
                remove(self, i, state)
            elif kind == "change":
                state.changing, state.heir = True, None
                state.refuse = False
            elif kind == "instead":
                state.instead, state.heir = True, None
            elif kind == "by" and state.changing:
                state.changing, state.corrected = False, True
            elif kind == "to" and state.changing and self.context.kind(i + 1) == QUANTITY:
                state.changing, state.corrected = False, True  # "cámbiale a 3 camisas"
            elif kind == "correction":
                state.corrected = (self.context.kind(i - 2), self.context.kind(i - 1)) != (
                    "and",
                    UNKNOWN,
                )  # "y oja, perdón OJO-22" mends the word
                state.refuse = False
            elif kind in ("price", "total"):
                price(self, i, element, state)
            elif kind == "available":
                relative = self.context.kind(i - 1) == "that" and state.wish_before
                # "¿Tienen queso de cabra? Si tienen, 2": a condition
                condition = self.context.norm(i - 1) == "si" and self.context.kind(i + 1) in (COMMA, QUANTITY)
                if state.mode != "priced" and not relative and not condition:
                    state.mode = "mentioned"
            elif kind in ("story", "aside"):
                state.mode = "mentioned"
            elif kind in ("same", "double", "triple", "half_of"):
                multiple(self, i, kind, state)
            elif kind == "each":
                each(self, i, state)
            elif kind == "only":
                state.only = True
                if self.context.kind(i - 1) in _SENTENCE_PARTS | THINGS:
                    state.refuse = False  # "no quiero el suéter, nada más la bufanda"
            elif "as_before" in element.roles:
                self._as_before(i, element, state)
            elif "demonstrative" in element.roles and not self.wishes:
                self._pointing(i, element)
            elif kind in _CLAUSE_ENDS:
                state.end_sentence()
            elif kind == LINE:
                self.drop_offers(line)
                line = i
                state.refuse = state.instead = False
                if state.mode == "mentioned":
                    state.mode = None
            elif kind == COMMA or kind == "but":
                state.end_clause(self.context.list_goes_on(i))
            elif "second_thought" in element.roles:
                state.corrected = state.corrected or self._amends(i)
            elif kind == "and" and state.refuse and not self.context.list_goes_on(i):
                state.refuse = False
        share_each(self, state)
        self._settle_named()
        if self.priced and not any(w.state == "wanted" for w in self.wishes):
            for wish in self.wishes:  # "tienen camisas, y cuánto cuestan?"
                wish.state = "wanted" if wish.state == "mentioned" else wish.state
        for wish in self.wishes:
            wish.take_out_kinds()

    def _settle_named(self) -> None:
        """ "quiero filete, 2 kilos de tilapia y 1 de robalo": the names that follow say which of several were meant."""
        for wish, after in itertools.pairwise(self.wishes):
            if (
                wish.state != "wanted"
                or not wish.choices
                or self.context.kind(wish.element.index + 1) not in (COMMA, LINK)
            ):
                continue
            named = [w for w in self.wishes if w.state == "wanted" and w.product in wish.choices]
            told = sum(w.amount or 1 for w in named)
            q = wish.element.q.quantity if wish.element.q is not None else None
            if after in named and (q is None or q.article or q.value == told):
                wish.state = "refused"

    def _thing(self, i: int, element: Element, state: State) -> None:
        q = element.q
        amount = q.quantity if q is not None else None
        if state.instead or (state.changing and element.kind != QUALITY):
            state.heir = self._refuse(element, state)
            if state.heir is None:
                state.heir = self._wish(element, "refused")
            if state.instead and state.pending is not None and q is not None:  # "ponle 4 en vez de 2 camisas"
                wish = self._wish(element, "wanted")
                wish.amount = state.pending
                self.wishes.append(wish)
                state.instead, state.pending = False, None
                return
            if state.instead:
                state.instead, state.changing, state.corrected, state.replacing = False, False, True, True
            else:
                state.replacing = True
            return
        if state.refuse and element.kind == QUALITY and self._refuse_kind(element):
            return
        if state.refuse and element.kind != QUALITY:
            self._refuse(element, state)
            if not state.refuse_list:
                state.refuse = False
            return
        if self.context.post_negated(i):
            if self._refuse(element, state) is None:
                self.wishes.append(self._wish(element, "refused"))
            state.replacing = True
            return
        if self.context.incidental(i, element, self.priced):
            if element.kind == PRODUCT and self.context.kind(i - 1) == "possessive":
                self.wishes.append(self._wish(element, "mentioned"))
            return
        if element.kind == QUALITY:
            self._quality(element, state)
            return
        if element.kind == UNKNOWN and not self.context.asked(i, element, state, self.priced):
            if self.context.kind(i - 1) == "correction" and self.context.closes(i + 1):
                state.corrected = False  # "que sean delgaditas" says how
            return
        if element.kind == UNKNOWN and self.context.kind(i - 1) == "con" and self._is_told():
            return  # "¿el auricular viene con micrófono?"
        known = self._known(element)
        if known is not None and q is None and self.context.kind(i - 1) == "definite":
            self._focus = known  # "las camisas": those already asked for
            if not state.only:
                state.corrected = False
                return
        if element.kind == SEVERAL and state.each is not None and self.context.kind(i - 1) == "each":
            self._one_of_each(element, state.each)
            return
        wish = self._wish(element, "wanted")
        if element.kind == PRODUCT and q is None and self._is_sort_of_last(i):
            sort = self.wishes.pop()
            wish.amount, wish.pairs = sort.amount, sort.pairs
            wish.doubts.append("quality or thing")
            amount = sort.element.q.quantity if sort.element.q is not None else None
        self._focus = None
        if self._mode(i, state, amount is not None and not amount.article) == "mentioned":
            wish.state = "mentioned"
        if state.factor is not None and q is None:
            before = self.last(("wanted",))
            if before is not None:
                wish.amount, wish.pairs = (before.amount or 1) * state.factor, before.pairs
                wish.doubts.append("computed")
            state.factor = None
        last = self.last(("wanted",))
        if wish.state == "wanted" and last is not None and self._alternative(i, wish, last):
            return
        self._take_out(i, wish)
        if state.corrected or (state.restating and known is not None and amount is not None and not amount.article):
            self._correct(wish, state)
        else:
            self._same_pack(i, wish, last)
            self.wishes.append(wish)
        if state.only and element.match is not None and q is None and len(self.wishes) > 1:
            self._keep_only(wish)
        state.corrected = state.only = False
        state.wish_before = True

    def _one_of_each(self, element: Element, q: Quantity) -> None:
        """ "uno de cada jugo": all that the word could be."""
        for product in element.match.products if element.match is not None else ():
            wish = Wish(element, product, element.text)
            wish.set_amount(q)
            wish.doubts.append("computed")
            self.wishes.append(wish)

    def _is_sort_of_last(self, i: int) -> bool:
        """ "3 cafés americanos": a product right behind a counted word that is none says which one is counted."""
        before, element = self.elements[i - 1], self.elements[i]
        counted = before.kind in (SEVERAL, UNKNOWN) and before.q is not None and "quantity after" not in before.flags
        last = self.wishes[-1] if self.wishes else None
        return counted and before.end == element.start and last is not None and last.element is before

    def _is_told(self) -> bool:
        """Whether the last thing is only told of."""
        return bool(self.wishes) and self.wishes[-1].state == "mentioned"

    def _alternative(self, i: int, wish: Wish, last: Wish) -> bool:
        """ "una gorra o un gorro": the customer has not made up his mind, so it is a question."""
        j = i - 1
        while self.context.kind(j) in ("definite", NOISE) or self.elements[j] is wish.element.q:
            j -= 1
        if self.context.kind(j) != "or" or wish.product is None or last.product is None or last.product == wish.product:
            return False
        if last.element.end != self.elements[j].start:
            return False
        last.choices = (last.product, wish.product)
        last.text = self.scanner.written(last.element.start, wish.element.end)
        last.product = None
        return True

    def _take_out(self, i: int, wish: Wish) -> None:
        """ "10 aguas, 5 de las aguas con gas": some of those that were wished are of another kind."""
        if wish.amount is None or wish.product is None or wish.state != "wanted":
            return
        if [self.context.kind(k) for k in range(i - 4, i)] != [COMMA, QUANTITY, "of", "definite"]:
            return
        kin = {number for family in self.matcher.families_of(wish.product) for number in family.products}
        for whole in self.wishes:
            if whole.state == "wanted" and whole.product in kin - {wish.product} and (whole.amount or 1) > wish.amount:
                whole.amount = (whole.amount or 1) - wish.amount
                whole.doubts.append("in parts")
                return

    def _same_pack(self, i: int, wish: Wish, last: Wish | None) -> None:
        """ "un pack de medias y otro de bóxer": the second one is a pack too."""
        if (
            last is None
            or last.product is None
            or wish.product is None
            or self.context.kind(i - 1) != "of"
            or wish.element.q is None
        ):
            return
        if "container" not in self.scanner.roles[last.element.start]:
            return
        packs = self.matcher.with_head(last.product, [self.scanner.norms[wish.element.start]])
        if len(packs) == 1:
            wish.product = packs[0]
            wish.doubts.append("head left out")

    def _correct(self, wish: Wish, state: State) -> None:
        """A thing after "mejor", "perdón", "por": it sets its own amount, or takes the place of the last."""
        same = next(
            (w for w in self.wishes if w.product == wish.product and w.product is not None and w.state == "wanted"),
            None,
        )
        if same is not None:
            state.restating = True
            if wish.amount is not None:
                same.amount, same.pairs, same.parts = wish.amount, wish.pairs, []
                same.unit, same.unusable = wish.unit, wish.unusable
            same.doubts.append("corrected")
            return
        if state.heir is not None:
            if wish.amount is None:
                wish.amount, wish.pairs = state.heir.amount, state.heir.pairs
            state.heir = None
        elif not state.replacing and not self._is_level(wish.element):
            last = self.last(("wanted",))
            if last is not None and (wish.state == "wanted"):
                last.state = "refused"
                if wish.amount is None and "definite" not in self._around(wish.element):
                    wish.amount, wish.pairs = last.amount, last.pairs
        wish.doubts.append("corrected")
        state.replacing = False
        self.wishes.append(wish)

    def _is_level(self, element: Element) -> bool:
        """ "4 gorras, baja a 1 camisa": it sets what it names, and takes back nothing before it."""
        i = min(element.index, element.q.index if element.q is not None else element.index) - 1
        return self.context.norm(i if self.context.kind(i) != "definite" else i - 1) in _LEVELS

    def _known(self, element: Element) -> Wish | None:
        """The wish for the same product, if there is one."""
        if element.kind != PRODUCT or element.match is None:
            return None
        product = element.match.products[0]
        return next((w for w in self.wishes if w.product == product and w.state == "wanted"), None)

    def _around(self, element: Element) -> set[str]:
        at = element.index
        return {e.kind for e in self.elements[max(0, at - 1) : at]}

    def _keep_only(self, wish: Wish) -> None:
        twin = next(
            (w for w in self.wishes if w is not wish and w.product == wish.product and w.state == "wanted"), None
        )
        if twin is None:
            return
        if wish in self.wishes:
            self.wishes.remove(wish)
        for other in self.wishes:
            if other is not twin:
                other.state = "refused"

    def _wish(self, element: Element, state: str) -> Wish:
        product = element.match.products[0] if element.kind == PRODUCT and element.match is not None else None
        wish = Wish(element, product, element.text, state=state)
        if element.kind == SEVERAL and element.match is not None:
            wish.choices = element.match.products
        q = element.q
        if q is not None and q.quantity is not None:
            wish.set_amount(q.quantity)
            if q.negative:
                wish.amount = -q.quantity.value
            if q.quantity.article and "another" not in q.flags:
                wish.amount = None if self._is_plural(element, q) else wish.amount
        return wish

    def _is_plural(self, element: Element, q: Element) -> bool:
        return self.scanner.tokens[q.start].norm in ("unos", "unas")

    def last(self, states: tuple[str, ...]) -> Wish | None:
        if self._focus is not None and self._focus.state in states:
            return self._focus
        return next((w for w in reversed(self.wishes) if w.state in states), None)

    def _refuse(self, element: Element, state: State) -> Wish | None:
        """Take back what a thing names; the last wish that it named, if there was one."""
        if element.match is None:
            found = [w for w in self.wishes if w.product is None and w.text == element.text]
        else:
            found = [w for w in self.wishes if w.product in element.match.products and w.state == "wanted"]
        less = self._fewer(element) if state.subtract else None
        for wish in found:
            if less is not None and wish.amount is not None and wish.amount > less:
                wish.amount -= less
            else:
                wish.state = "refused"
        if element.kind in (PRODUCT, SEVERAL) and not found:
            self.wishes.append(self._wish(element, "refused"))
        return found[-1] if found else None

    def _refuse_kind(self, element: Element) -> bool:
        """ "Quita los de tripa": takes back what is of this kind; false if nothing is."""
        found = False
        for wish in self.wishes:
            if wish.state != "wanted" or wish.product is None:
                continue
            if wish.product in self.matcher.with_head(wish.product, element.words, element.sizes):
                wish.state, found = "refused", True
        return found

    def _fewer(self, element: Element) -> int | Fraction | None:
        """How many fewer a removal asks for ("quita una camisa"); none if it means all of them."""
        if element.q is None or element.q.quantity is None or self.scanner.norms[element.q.start] in ("unos", "unas"):
            return None
        return element.q.quantity.value

    def _mode(self, i: int, state: State, counted: bool) -> str | None:
        """What a thing is for where it stands: wanted, priced or only mentioned; behind it too, in its sentence."""
        if state.mode is not None or counted:
            return state.mode if not (counted and state.mode == "mentioned" and self.requested) else "wanted"
        if self._is_asked_about(i):
            return "mentioned"
        told = recalled = False
        for element in self.elements[i + 1 : i + _AHEAD]:
            kind = element.kind
            if kind == QUESTION and told:
                return "mentioned"  # "los zapatos son de cuero?"
            beside = self.context.kind(element.index - 1)
            if self.context.norm(element.index) in _OWN_NEEDS and beside in (PRODUCT, "aside"):
                told = True  # "el jazmín necesita mucho sol?"
                continue
            if kind in _SENTENCE_PARTS or kind in VERBS:
                return None
            relative = self.context.kind(element.index - 1) == "that"
            if kind in ("story", "available") and not relative:
                return "mentioned"
            recalled = recalled or kind == "story"
            told = told or kind == "copula"
            if told and recalled:
                return "mentioned"  # "las toallas que me mandaron están mal"
        return None

    def _is_asked_about(self, i: int) -> bool:
        """ "¿de qué tela son las camisas?": a thing whose sentence asks what it is."""
        for element in reversed(self.elements[max(0, i - _AHEAD) : i]):
            if element.kind in _CLAUSE_ENDS or element.kind == LINE or element.kind in VERBS:
                return False
            if element.kind == "copula":
                after = (e.kind for e in self.elements[i : i + _NEAR] if e.kind not in THINGS)
                return self.context.kind(element.index - 1) != "" and next(after, "") == QUESTION
        return False

    def drop_offers(self, line: int = -1) -> None:
        """Take priced things for an offer that was passed on: "Zapatos $45.99 – Tenis $59.90".

        `line`: the element before the line that is looked at; all lines, where the first request stands behind them.
        """
        if self.requested:
            return
        wishes = [w for w in self.wishes if w.element.index > line and w.state == "wanted"]
        if len(wishes) > 1 and all(self._is_offered(w) for w in wishes):
            for wish in wishes:
                wish.state = "mentioned"

    def drop_advertised(self, request: int) -> None:
        """Take things on a line that advertises them for an offer, where the first request stands on a later one."""
        if self.requested:
            return
        line = 0
        for end in (e.index for e in self.elements[:request] if e.kind == LINE):
            if any("advert" in self.context.roles(i) for i in range(line, end)):
                for wish in self.wishes:
                    if line <= wish.element.index < end and wish.state == "wanted":
                        wish.state = "mentioned"
            line = end

    def _is_offered(self, wish: Wish) -> bool:
        """Whether a price stands behind a thing, and no amount that says how many."""
        i, q = wish.element.index, wish.element.q
        counted = q is not None and (q.quantity is None or q.quantity.unit is None)
        return not counted and any("price" in e.roles for e in self.elements[i : i + _NEAR])

    def _quality(self, element: Element, state: State) -> None:
        """ "una azul", "2 talla M", "3 de manga corta": another kind of the last product, or a part of it."""
        q = element.q.quantity if element.q is not None else None
        last = (
            self.last(("wanted", "mentioned"))
            or state.heir
            or (self.last(("refused",)) if state.corrected or state.only else None)
        )
        if q is None and state.factor is not None and last is not None:  # "y la misma cantidad de roja"
            q = Quantity((last.amount or 1) * state.factor, element.end, pairs=last.pairs, unit=last.unit, bare=False)
            state.factor = None
        if last is None or last.product is None:
            named = element.words or element.sizes
            if last is not None and last.product is None and named and last.element.match is not None:
                return self._resolve(last, element, state)
            pointed = (
                self.context.kind(element.index - 1) == "definite"
                and "colours" in self.scanner.roles[element.start]
                and self.context.closes(element.index + 1)
            )
            if (q is not None or pointed) and element.words and (last is None or last.element.kind == QUALITY):
                self.wishes.append(Wish(element, None, element.text, q.value if q is not None else None))
            else:
                element.flags.add("lost")
            return None
        last = self._of_its_kind(last, element)
        assert last.product is not None
        others = self.matcher.with_head(last.product, element.words, element.sizes)
        if len(others) > 1:
            head = self.scanner.norms[last.element.start]
            others = self.matcher.with_head(last.product, element.words, element.sizes, head=head) or others
            others = self.matcher.nearest_kin(last.product, others) or others
            if q is not None and q.unit is not None:
                size = Size((min(q.value, 1),), q.unit)
                others = self.matcher.with_head(last.product, element.words, [size]) or others
            to_its_end = self.matcher.said_whole(others, element.words)
            others = to_its_end if len(to_its_end) == 1 else others
        if not others and "plain" in self.scanner.roles[element.start]:
            others = self.matcher.plain_kin(last.product)  # "un brownie sin gluten y otro normal"
        if (element.sizes and len(others) != 1) or self._leaves_open(last, others):
            if q is not None or state.corrected:
                wish = Wish(element, None, element.text, last.amount, choices=others)
                if q is not None:
                    wish.set_amount(q)
                self.wishes.append(wish)
                state.corrected = False
            elif not others and any(size.unit not in (None, COUNT) for size in self.matcher.sizes_of(last.product)):
                last.doubts.append("quality or thing")  # "crema x2 de 500", where it has another size
            return None
        restated = len(others) == 1 and q is not None and (state.corrected or state.restating)
        if restated and q is not None and self._says_again(others[0], q, state):
            return None
        if len(others) == 1 and (others[0] != last.product or element.sizes):
            if state.corrected and q is None and last is state.heir:  # "cambie la leche entera por deslactosada"
                self.wishes.append(Wish(element, others[0], element.text, last.amount, last.pairs))
                state.heir, state.corrected = None, False
                return None
            if state.corrected and q is None:
                last.product, last.state = others[0], "wanted"
                element.flags.add("mended")
                state.corrected = False
                return None
            if state.corrected and element.sizes and others[0] == last.product and q is not None:
                last.set_amount(q)
                last.parts = []
                state.corrected = False
                return None
            if state.corrected and self.context.kind(element.index - 1) != "and" and last.state == "wanted":
                last.state, state.corrected = "refused", False  # "labial rojo 2, mejor 2 vino"
            if q is not None or element.sizes or self._is_listed_kind(element):
                whole = last.whole or last
                wish = Wish(element, others[0], element.text, whole=whole)
                if q is not None:
                    wish.set_amount(q)
                wish.doubts.append("head left out")
                if element.words and not self.matcher.is_told(others[0], element.words, last.product):
                    wish.doubts.append("quality or thing")  # "una de queso", of jamón y queso
                if not element.sizes:
                    self.part_of(whole, element)
                    whole.specific = self._is_specific(whole)
                    whole.kinds.append(wish)
                self.wishes.append(wish)
            return None
        if q is None:
            sized = "sizes" in self.scanner.roles[element.start] and not self._contradicts(last, element)
            if sized or element.flags & {"size"}:
                element.flags.add("mended")  # "mejor en talla M": which of the same
            if last.amount is not None:
                state.corrected = False  # "un kilo de chuleta, pero que sean delgaditas"
            return None
        if self._contradicts(last, element):
            wish = Wish(element, None, element.text)
            wish.set_amount(q)
            self.wishes.append(wish)
            return None
        if state.corrected or (state.restating and others):
            last.amount, last.pairs, last.parts = q.value, q.pairs, []
            state.corrected = False
            return None
        if last.state == "mentioned":
            last.state, last.amount = "wanted", q.value
            last.doubts.append("head left out")
            return None
        self.part_of(last, element)
        last.parts.append(q.value)
        last.doubts.append("in parts")
        if set(element.words) & {*self.scanner.norms[last.element.start : last.element.end]}:
            last.doubts.append("quality or thing")  # "tierra para cactus y 4 cactus"
        coloured = any("colours" in self.scanner.roles[i] for i in range(last.element.start, last.element.end))
        kinds = self.scanner.roles[element.start]
        if not (kinds & _EXCLUSIVE or element.sizes or others) and element.words:
            last.doubts.append("quality or thing")  # "2 absolut y 4 tónicas"
        if "good" in kinds and not (q.pairs or coloured):
            last.doubts.append("quality or thing")  # "tres jabones dos cafés"
        return None

    @staticmethod
    def _leaves_open(last: Wish, others: Collection[int]) -> bool:
        """Whether a quality is of several products, and not of the last: "un cierre de 20 y dos desmontables"."""
        return len(others) > 1 and last.product not in others

    def _says_again(self, product: int, q: Quantity, state: State) -> bool:
        """ "3 pequeños y 1 grande, perdón, 2 pequeños y 1 grande": a kind that was wished gets its amount anew."""
        same = next((w for w in self.wishes if w.product == product and w.state == "wanted"), None)
        if same is None:
            return False
        same.set_amount(q)
        same.parts = []
        same.doubts.append("corrected")
        state.corrected, state.restating = False, True
        return True

    def _is_listed_kind(self, element: Element) -> bool:
        """ "Los tacos al pastor y los de suadero", "bocina chica y grande": a kind that goes on with a list."""
        i = element.index - 1
        if self.context.kind(i) == "and":
            return self.context.closes(element.index + 1)
        if self.context.kind(i) == "of":
            i -= 1
        return self.context.kind(i) == "definite" and self.context.kind(i - 1) in ("and", COMMA)

    @staticmethod
    def _is_specific(whole: Wish) -> bool:
        """Whether a thing was named by more than its head: then it has no kinds ("5 tacos al pastor, 3 de asada")."""
        match = whole.element.match
        return whole.element.kind == QUALITY or (match is not None and match.words > 1)

    def unusable(self, wish: Wish) -> Unusable | None:
        """Why an amount does not say how many; pieces and bags of what is sold by measure are in no unit of it."""
        counted = wish.element.flags & {"container"} or (wish.element.q is not None and wish.element.q.counts_pieces())
        if wish.unusable is None and wish.product is not None and counted and wish.unit is None:
            return Unusable.UNIT if self.matcher.products[wish.product].unit is not None else None
        return wish.unusable

    def counts_what_is_packed(self, wish: Wish) -> bool:
        """Whether pieces of a pack may be meant: "media docena de huevos" of thirty, "colores x36" of packs of 24."""
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
        if wish.element.flags & {"container"} or self.scanner.roles[wish.element.start] & {"container"}:
            return False
        forms = [form for family in self.matcher.families_of(wish.product) for form in family.forms[wish.product]]
        packs = [size.values[0] for form in forms for size in form.sizes if size.unit == COUNT]
        times = "x" in self.elements[said.index - 1].flags
        told = {self.scanner.tokens[i].value for i in range(wish.element.start, wish.element.end)}
        return any(
            n >= _PACK and n not in told and (q.collective or q.value == n or (times and q.value > n)) for n in packs
        )

    def counts_boxes(self, wish: Wish) -> bool:
        """Whether boxes were asked for of what is sold by the piece: "una caja de jabones"."""
        if wish.product is None:
            return False
        element, q = wish.element, wish.element.q.quantity if wish.element.q is not None else None
        at = element.start if "container" in element.flags else q.end - 1 if q is not None and q.pieces else -1
        if at < 0 or "box" not in self.scanner.roles[at]:
            return False
        product = self.matcher.products[wish.product]
        named = {key(word) for name in (product.name, *product.aliases) for word in plain(name).split()}
        if key(self.scanner.norms[at]) in named:
            return False
        before_count = plain(product.name).partition(" x ")[0].split()  # "x 20 tabletas" are in it
        packed = any("container" in self.matcher.lexicon.roles(word) for word in before_count)  # in a sachet, a bottle
        sizes = (
            size
            for f in self.matcher.families_of(wish.product)
            for form in f.forms[wish.product]
            for size in form.sizes
        )
        return packed or not any(size.unit is not None for size in sizes)

    def _contradicts(self, last: Wish, element: Element) -> bool:
        """Whether a quality is another than the one that the last product is named by: "jean negro ... 2 azules"."""
        if "sin" in element.words:
            return True
        match = last.element.match
        start, end = (last.element.start, last.element.end) if match is None else (last.element.start + 1, match.end)
        if last.element.kind != QUALITY and (match is None or match.words < 2):
            materials = "materials" in self.scanner.roles[element.start]
            return materials and last.product is not None and self.matcher.has_other(last.product, element.words)
        said = frozenset().union(*self.scanner.roles[start:end])
        other = frozenset().union(*self.scanner.roles[element.start : element.end])
        if said & other & _EXCLUSIVE:
            return True
        if last.product is not None and self.matcher.has_other(last.product, element.words):
            return True
        if "sizes" in other and last.product is not None and self.matcher.is_sized(last.product):
            return True  # "crema de leche de litro 1 y pequeñas 3"
        return bool(other & {"qualities", "kinds"}) and not other & {"colours", "sizes", "materials", "wearers"}

    def _of_its_kind(self, last: Wish, element: Element) -> Wish:
        """The last wish whose head has products of this kind or size; the last of all, if none has."""
        wishes = (w for w in reversed(self.wishes) if w.state == "wanted" and w.product is not None)
        return next(
            (
                w
                for w in itertools.chain((last,), wishes)
                if w.product is not None and self.matcher.with_head(w.product, element.words, element.sizes)
            ),
            last,
        )

    def _amends(self, i: int) -> bool:
        """ "3 gorras, bueno 4": whether the number behind a second thought is for a thing already wished."""
        j = self.context.next(i, QUIET | {COMMA})
        if self.context.kind(j) != QUANTITY or self.last(("wanted",)) is None or self.context.kind(j + 1) == "more":
            return False
        if "bound" not in self.elements[j].flags:
            return True
        return any(e.q is self.elements[j] and self._known(e) is not None for e in self.elements[j : j + _NEAR])

    def _as_before(self, i: int, element: Element, state: State) -> None:
        """ "Lo mismo de siempre": asked for, unless it is told of ("es lo mismo de siempre") or sums up the goods."""
        before = self.context.kind(i - 1)
        if state.refuse or state.mode == "mentioned" or self.wishes or before in ("copula", "nope"):
            return
        self.wishes.append(Wish(element, None, self.scanner.written(element.start, element.end)))

    def _pointing(self, i: int, element: Element) -> None:
        """ "2 de esas", "quiero esos": asked for, but only an earlier message would tell what."""
        before = self.context.kind(i - 1)
        behind_count = QUANTITY in (before, self.context.kind(i - 2) if before == "of" else "")
        if self.context.closes(i + 1) and (before == "request" or behind_count):
            text = self.scanner.written(element.end - 1, element.end)
            self.wishes.append(Wish(element, None, text))

    def part_of(self, whole: Wish, part: Element) -> None:
        """Tell a division ("3 camisas: 2 azules y 1 roja") from an addition ("2 camisas azules y 1 roja").

        The first part tells: "y" and "otra" add, and what has a quality that the whole has another of.
        """
        if whole.parts or whole.kinds:
            return
        opener = part if part.q is None or part.q.index > part.index else part.q
        i = opener.index - 1
        while self.context.kind(i) in (NOISE, "of", "that", "definite", "for", "possessive"):
            i -= 1
        marked = self.context.kind(i) in (COMMA, LINK, LINE, STOP)
        added = self.context.kind(i) == "and" or "another" in opener.flags
        whole.divisible = (marked or not added) and not self._qualities(whole.element) & self._qualities(part)
        whole.divided = whole.divisible and marked and "qualified" not in whole.element.flags

    def _qualities(self, element: Element) -> set[str]:
        """Of what tables an element has a quality: a colour, a size, a material, a wearer."""
        found: set[str] = set()
        i = element.start
        while i < element.end:
            span = self.scanner.spans.get(i)
            if span is not None and span.kind is Kind.SIZE:
                found.add("sizes")
                i = span.end
                continue
            found |= self.scanner.roles[i] & _EXCLUSIVE
            i += 1
        return found

    def _resolve(self, last: Wish, element: Element, state: State) -> None:
        """ "3 jeans: 2 azules y 1 negro": the kinds settle what the word left open."""
        assert last.element.match is not None
        found: set[int] = set()
        for product in last.element.match.products:
            found |= set(self.matcher.with_head(product, element.words, element.sizes)) & set(
                last.element.match.products
            )
        if len(found) == 1:
            q = element.q.quantity if element.q is not None else None
            if (
                last.element.flags & {"kind", "other"} or last.element.match.how is How.OTHER
            ):  # "2 tacos de lengua y 2 de pastor": that is none of these
                self.wishes.append(Wish(element, found.pop(), element.text, q.value if q is not None else None))
                return
            wish = Wish(element, found.pop(), element.text, q.value if q is not None else last.amount)
            wish.doubts.append("head left out")
            self.wishes.insert(self.wishes.index(last), wish)
            last.kinds.append(wish)
            last.settle()
            if last.amount is None:
                self._focus = wish
