"""From elements to wishes: binds quantities to things, then follows the customer through refusals and corrections."""

from fractions import Fraction
from typing import Final

import msgspec

from recado.quotes.matcher import Matcher
from recado.quotes.scan import (
    COMMA,
    LINE,
    LINK,
    MASK,
    NOISE,
    PRODUCT,
    QUALITY,
    QUANTITY,
    QUESTION,
    SEVERAL,
    STOP,
    THINGS,
    UNKNOWN,
    Element,
    Scanner,
)  # fmt: skip

_SEPARATORS: Final = frozenset([COMMA, STOP, QUESTION, LINE, "and", "or", "but", "more"])
_CLAUSE_ENDS: Final = frozenset([STOP, QUESTION])
_TRANSPARENT: Final = frozenset(["of", "definite", NOISE, LINK, "courtesy", "possessive", "con"])
_SIZE_NUMBERS: Final = range(20, 61)
_SIZE_OF_PAIRS: Final = range(15, 51)
_SENTENCE_PARTS: Final = frozenset([*_CLAUSE_ENDS, COMMA, LINE])
_AHEAD: Final = 40
"""Elements looked at behind the present one: more than any sentence has."""
_VERBS: Final = frozenset(["request", "add", "remove", "change"])


class Wish(msgspec.Struct):
    """A thing that was asked for, priced, refused or only mentioned, and how many."""

    element: Element
    product: int | None  # None: the catalogue lacks it, or it could be several
    text: str = ""
    amount: int | Fraction | None = None  # None: not said
    pairs: bool = False
    state: str = "wanted"  # wanted | mentioned | refused
    parts: list[int | Fraction] = msgspec.field(default_factory=list)
    kinds: list["Wish"] = msgspec.field(default_factory=list)
    divided: bool = False  # the parts and kinds say how the amount is made up, they do not add to it
    doubts: list[str] = msgspec.field(default_factory=list)
    priced: bool = False
    choices: tuple[int, ...] = ()  # products that it could be

    def total(self, pair_goods: bool) -> int | Fraction:
        """How many pieces; the parts ("una azul y otra roja") count where they do not only divide the amount."""
        amount: int | Fraction = 1 if self.amount is None else self.amount
        if self.parts:
            sum_of_parts = sum(self.parts)
            divided = self.amount is None or (self.divided and sum_of_parts == amount)
            amount = sum_of_parts if divided else amount + sum_of_parts
        return amount * 2 if self.pairs and not pair_goods else amount


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
        self._asks_price = any(e.kind in ("price", "total") for e in self.elements)
        self._bind()
        self._follow()

    # binding -------------------------------------------------------------------------------------------------

    def _bind(self) -> None:
        """Give each thing its quantity, before or after it, segment by segment."""
        segment: list[Element] = []
        for element in self.elements:
            if element.kind in _SEPARATORS and not (
                element.kind == "more" and segment and segment[-1].kind == QUANTITY
            ):
                self._bind_segment(segment)
                segment = []
            else:
                segment.append(element)
        self._bind_segment(segment)

    def _bind_segment(self, segment: list[Element]) -> None:
        counted = [(i, e) for i, e in enumerate(segment) if e.kind == QUANTITY or e.kind in THINGS]
        if len(counted) < 2 and not any(e.kind == QUANTITY for _, e in counted):
            return
        kinds = "".join("q" if e.kind == QUANTITY else "t" for _, e in counted)
        if len(kinds) >= 4 and len(kinds) % 2 == 0 and kinds == "tq" * (len(kinds) // 2):
            numbers = [e for _, e in counted if e.kind == QUANTITY]
            if all(q.quantity is not None and not q.quantity.article for q in numbers):
                for (_, thing), (_, q) in zip(counted[::2], counted[1::2], strict=True):
                    self._join(thing, q, after=True)
                return
        used: set[int] = set()
        for k in range(len(counted) - 1):  # "camisa x2", "camisa (3)"
            (i, thing), (j, q) = counted[k], counted[k + 1]
            marked = any("x" in e.flags or "open" in e.flags for e in segment[i + 1 : j])
            if thing.kind in THINGS and q.kind == QUANTITY and thing.q is None and marked:
                before = counted[k - 1][1] if k else None
                if before is None or before.kind != QUANTITY or id(before) in used:
                    self._join(thing, q, after=True)
                    used.add(id(q))
        for k in range(len(counted) - 2):  # "3 M camisas"
            (i, q), (_, size), (j, thing) = counted[k : k + 3]
            if (
                q.kind == QUANTITY
                and "size" in size.flags
                and thing.kind == PRODUCT
                and j == i + 2
                and id(q) not in used
            ):
                self._join(thing, q, after=False)
                used.add(id(q))
        for k in range(len(counted) - 1):
            (i, q), (j, thing) = counted[k], counted[k + 1]
            if q.kind == QUANTITY and thing.kind in THINGS and id(q) not in used and thing.q is None:
                before = counted[k - 1][1] if k else None
                if thing.kind == QUALITY and before is not None and self._is_size_behind(before, q):
                    continue
                between = segment[i + 1 : j]
                if all(e.kind in _TRANSPARENT or self._norm(e.index) == "en" for e in between) and not any(
                    "noun" in e.roles and "modifier" not in e.roles for e in between
                ):
                    self._join(thing, q, after=False)
                    used.add(id(q))
        for k in range(len(counted) - 1):
            (i, thing), (j, q) = counted[k], counted[k + 1]
            if thing.kind in THINGS and q.kind == QUANTITY and thing.q is None and id(q) not in used:
                between = segment[i + 1 : j]
                alone = any(e.kind == LINK for e in between) or j == len(segment) - 1 and len(counted) == 2
                linked = thing.kind != QUALITY or (bool(thing.words) and alone)
                if linked and q.quantity is not None and not q.quantity.article and self._follows(thing, q, between):
                    self._join(thing, q, after=True)
                    used.add(id(q))

    def _is_size_behind(self, thing: Element, q: Element) -> bool:
        """ "zapatos 34 negros": a number between goods by the pair and their colour."""
        if thing.kind != PRODUCT or thing.match is None or q.quantity is None or not q.quantity.bare:
            return False
        return self.matcher.products[thing.match.products[0]].pair and q.quantity.value in _SIZE_OF_PAIRS

    def _follows(self, thing: Element, q: Element, between: list[Element]) -> bool:
        """Whether a quantity behind a thing is its quantity, and not a size or a price."""
        assert q.quantity is not None
        if any(e.kind in ("of", "to", "by", "for", "instead", "negation", "correction", "each") for e in between):
            return False
        if isinstance(q.quantity.value, Fraction) and q.quantity.value.denominator != 1:
            return False
        linked = any(e.kind in (LINK, *_VERBS) or "x" in e.flags for e in between)
        if linked or not q.quantity.bare or thing.match is None:
            return True
        product = self.matcher.products[thing.match.products[0]]
        if product.pair and q.quantity.value in _SIZE_OF_PAIRS:
            q.flags.add("size")
            thing.flags.add("qualified")
            return False
        singular = not self.scanner.tokens[thing.start].norm.endswith("s")
        if singular and q.quantity.value in _SIZE_NUMBERS:
            q.flags.add("size")
            return False
        return True

    def _join(self, thing: Element, q: Element, *, after: bool) -> None:
        thing.q = q
        q.flags.add("bound")
        if after:
            thing.flags.add("quantity after")

    # following -----------------------------------------------------------------------------------------------

    def _follow(self) -> None:
        state = _State()
        elements = self.elements
        for i, element in enumerate(elements):
            kind = element.kind
            if kind in THINGS:
                self._thing(i, element, state)
            elif kind == QUANTITY:
                if "bound" not in element.flags:
                    self._bare(i, element, state)
            elif kind == "negation":
                self._negation(i, state)
            elif kind == "without":
                state.refuse, state.refuse_list = True, False
            elif "taking" in element.roles and (offered := self._last(("mentioned",))) is not None:
                offered.state = "wanted"  # "¿tienes el abrigo? lo quiero"
                self.requested = True
            elif kind == "nope":
                if self._kind(self._next(i, _QUIET)) in (*THINGS, QUANTITY):
                    state.refuse = state.refuse_list = True
                    state.subtract = False
            elif kind in ("request", "add"):
                if state.negated_verb == i:
                    continue
                self._request(i, kind, state)
            elif kind == "remove":
                self._remove(i, state)
            elif kind == "change":
                state.changing, state.heir = True, None
                state.refuse = False
            elif kind == "instead":
                state.instead, state.heir = True, None
            elif kind == "by" and state.changing:
                state.changing, state.corrected = False, True
            elif kind == "to" and state.changing and self._kind(i + 1) == QUANTITY:
                state.changing, state.corrected = False, True  # "cámbiale a 3 camisas"
            elif kind == "correction":
                state.corrected = True
                state.refuse = False
            elif kind in ("price", "total"):
                self._price(i, element, state)
            elif kind == "available":
                if state.mode != "priced" and not (self._kind(i - 1) == "that" and state.wish_before):
                    state.mode = "mentioned"
            elif kind == "story":
                state.mode = "mentioned"
            elif kind == "ask":
                state.asking = True
            elif kind in ("same", "double", "triple", "half_of"):
                self._multiple(i, kind, state)
            elif kind == "each":
                self._each(i, state)
            elif kind == "only":
                state.only = True
            elif kind in _CLAUSE_ENDS:
                state.end_sentence()
            elif kind == LINE:
                state.refuse = state.instead = False
                if state.mode == "mentioned":
                    state.mode = None
            elif kind == COMMA or kind == "but":
                state.end_clause(self._next_thing_is_bare(i))
            elif kind == "and":
                if state.refuse and not self._next_thing_is_bare(i):
                    state.refuse = False
        self._share_each(state)
        if self.priced and not any(w.state == "wanted" for w in self.wishes):
            for wish in self.wishes:  # "tienen camisas, y cuánto cuestan?"
                wish.state = "wanted" if wish.state == "mentioned" else wish.state
        for wish in self.wishes:
            if wish.divided and wish.kinds and sum(kind.amount or 1 for kind in wish.kinds) == wish.amount:
                wish.state = "refused"  # "3 camisas: 2 manga larga y 1 manga corta"

    def _kind(self, i: int) -> str:
        return self.elements[i].kind if 0 <= i < len(self.elements) else ""

    def _closes(self, i: int) -> bool:
        return self._kind(i) in ("", COMMA, STOP, LINE, QUESTION, "and", "courtesy", "thanks")

    def _next(self, i: int, skip: frozenset[str]) -> int:
        """The next element after `i` that is none of `skip`; the count of elements if there is none."""
        j = i + 1
        while j < len(self.elements) and self.elements[j].kind in skip:
            j += 1
        return j

    def _next_thing_is_bare(self, i: int) -> bool:
        """Whether a list of refused things goes on: a thing without a quantity comes next."""
        j = self._next(i, _QUIET)
        if self._kind(j) == "without":
            return True
        goods = self._kind(j) in (PRODUCT, SEVERAL) or (self._kind(j) == UNKNOWN and "good" in self.elements[j].flags)
        return goods and self.elements[j].q is None

    def _thing(self, i: int, element: Element, state: "_State") -> None:
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
        if state.refuse and element.kind != QUALITY:
            self._refuse(element, state)
            if not state.refuse_list:
                state.refuse = False
            return
        if self._post_negated(i):
            if self._refuse(element, state) is None:
                self.wishes.append(self._wish(element, "refused"))
            state.replacing = True
            return
        if self._incidental(i, element):
            if element.kind == PRODUCT and self._kind(i - 1) == "possessive":
                self.wishes.append(self._wish(element, "mentioned"))
            return
        if element.kind == QUALITY:
            self._quality(element, state)
            return
        if element.kind == UNKNOWN and not self._asked(i, element, state):
            return
        known = self._known(element)
        if known is not None and q is None and self._kind(i - 1) == "definite":
            self._focus = known  # "las camisas": those already asked for
            if not state.only:
                state.corrected = False
                return
        wish = self._wish(element, "wanted")
        self._focus = None
        if self._mode(i, state, amount is not None and not amount.article) == "mentioned":
            wish.state = "mentioned"
        wish.priced = state.mode == "priced"
        if state.factor is not None and q is None:
            before = self._last(("wanted",))
            if before is not None:
                wish.amount, wish.pairs = (before.amount or 1) * state.factor, before.pairs
                wish.doubts.append("computed")
            state.factor = None
        last = self._last(("wanted",))
        if wish.state == "wanted" and last is not None and self._alternative(i, wish, last):
            return
        if state.corrected or (state.restating and known is not None and amount is not None and not amount.article):
            self._correct(wish, state)
        else:
            self._same_pack(i, wish, last)
            self.wishes.append(wish)
        if state.only and element.match is not None and q is None and len(self.wishes) > 1:
            self._keep_only(wish)
        state.corrected = state.only = False
        state.wish_before = True

    def _alternative(self, i: int, wish: Wish, last: Wish) -> bool:
        """ "una gorra o un gorro": the customer has not made up his mind, so it is a question."""
        j = i - 1
        while self._kind(j) in ("definite", NOISE) or self.elements[j] is wish.element.q:
            j -= 1
        if self._kind(j) != "or" or wish.product is None or last.product is None or last.product == wish.product:
            return False
        if last.element.end != self.elements[j].start:
            return False
        last.choices = (last.product, wish.product)
        last.text = self.scanner.written(last.element.start, wish.element.end)
        last.product = None
        return True

    def _same_pack(self, i: int, wish: Wish, last: Wish | None) -> None:
        """ "un pack de medias y otro de bóxer": the second one is a pack too."""
        if (
            last is None
            or last.product is None
            or wish.product is None
            or self._kind(i - 1) != "of"
            or wish.element.q is None
        ):
            return
        if "container" not in self.scanner.roles[last.element.start]:
            return
        packs = self.matcher.with_head(last.product, [self.scanner.norms[wish.element.start]])
        if len(packs) == 1:
            wish.product = packs[0]
            wish.doubts.append("head left out")

    def _correct(self, wish: Wish, state: "_State") -> None:
        """A thing after "mejor", "perdón", "que sean", "por": it sets its own amount, or takes the place of the last."""
        same = next(
            (w for w in self.wishes if w.product == wish.product and w.product is not None and w.state == "wanted"),
            None,
        )
        if same is not None:
            state.restating = True
            if wish.amount is not None:
                same.amount, same.pairs, same.parts = wish.amount, wish.pairs, []
            same.doubts.append("corrected")
            return
        if state.heir is not None:
            if wish.amount is None:
                wish.amount, wish.pairs = state.heir.amount, state.heir.pairs
            state.heir = None
        elif not state.replacing:
            last = self._last(("wanted",))
            if last is not None and (wish.state == "wanted"):
                last.state = "refused"
                if wish.amount is None and "definite" not in self._around(wish.element):
                    wish.amount, wish.pairs = last.amount, last.pairs
        wish.doubts.append("corrected")
        state.replacing = False
        self.wishes.append(wish)

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
        self.wishes.remove(wish) if wish in self.wishes else None
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
            wish.amount = -q.quantity.value if q.negative else q.quantity.value
            wish.pairs = q.quantity.pairs
            if q.quantity.article and "another" not in q.flags:
                wish.amount = None if self._is_plural(element, q) else wish.amount
        return wish

    def _is_plural(self, element: Element, q: Element) -> bool:
        return self.scanner.tokens[q.start].norm in ("unos", "unas")

    def _last(self, states: tuple[str, ...]) -> Wish | None:
        if self._focus is not None and self._focus.state in states:
            return self._focus
        return next((w for w in reversed(self.wishes) if w.state in states), None)

    def _refuse(self, element: Element, state: "_State") -> Wish | None:
        """Take back what a thing names; the last wish that it named, if there was one."""
        if element.match is None:
            found = [w for w in self.wishes if w.product is None and w.text == element.text]
        else:
            found = [w for w in self.wishes if w.product in element.match.products and w.state == "wanted"]
        q = element.q.quantity if element.q is not None else None
        for wish in found:
            if (
                q is not None
                and not q.article
                and isinstance(wish.amount, int)
                and wish.amount > q.value
                and state.subtract
            ):
                wish.amount -= int(q.value)
            elif (
                q is not None
                and q.article
                and state.subtract
                and isinstance(wish.amount, int)
                and wish.amount > 1
                and self.scanner.tokens[element.q.start].norm in ("un", "una")
            ):  # type: ignore[union-attr]  # q came from it
                wish.amount -= 1
            else:
                wish.state = "refused"
        if element.kind in (PRODUCT, SEVERAL) and not found:
            self.wishes.append(self._wish(element, "refused"))
        return found[-1] if found else None

    def _post_negated(self, i: int) -> bool:
        """ "la falda no", "camisas ya no": the refusal stands behind the thing."""
        j = i + 1
        while self._kind(j) in ("only", NOISE) and "emoji" not in self.elements[j].roles:
            j += 1
        if self._kind(j) not in ("negation", "nope") or "quantity after" in self.elements[i].flags:
            return False
        if (
            self._kind(j) == "nope"
            and not self.elements[j].roles & {"negation"}
            and "remove" not in self.elements[j].roles
        ):
            return self._norm(j) in ("ya no", "mejor no", "no va", "para nada")
        after = self._kind(j + 1)
        if after == COMMA and self._kind(j + 2) == QUANTITY and "bound" not in self.elements[j + 2].flags:
            return False  # "3 camisas no, 2"
        return after in ("", COMMA, STOP, LINE, "and", "but", "courtesy", "thanks")

    def _norm(self, i: int) -> str:
        element = self.elements[i]
        return " ".join(self.scanner.norms[element.start : element.end])

    def _incidental(self, i: int, element: Element) -> bool:
        """Named only beside the matter: "mi camisa", "algo para zapatos"."""
        j = i - 1
        while self._kind(j) in ("definite", NOISE) or (
            self._kind(j) == QUANTITY
            and self.elements[j] is element.q
            and element.q is not None
            and element.q.quantity is not None
            and element.q.quantity.article
        ):
            j -= 1
        before = self._kind(j)
        if before == "possessive":
            return j == i - 1 and (element.q is None or element.q.quantity is None or element.q.quantity.article)
        if before == "for":
            return (
                element.q is None or element.q.quantity is None or element.q.quantity.article or element.kind == UNKNOWN
            )
        return (
            element.kind == UNKNOWN
            and before in ("to", "copula", "by", "story", "of")
            and not (before == "of" and element.q is not None and element.q.start < self.elements[j].start)
            and not (before == "by" and self.priced)
        )

    def _mode(self, i: int, state: "_State", counted: bool) -> str | None:
        if state.mode is not None or counted:
            return state.mode if not (counted and state.mode == "mentioned" and self.requested) else "wanted"
        j = i + 1
        while j < min(len(self.elements), i + _AHEAD) and self.elements[j].kind not in _SENTENCE_PARTS:
            if self.elements[j].kind in ("available", "story") and self._kind(j - 1) != "that":
                return "mentioned"
            if self.elements[j].kind in _VERBS:
                return None
            j += 1
        return None

    def _asked(self, i: int, element: Element, state: "_State") -> bool:
        """Whether a word that is no product of the catalogue stands for a thing the customer asks for."""
        if state.mode == "mentioned" or "verb" in element.flags:
            return False
        good = "good" in element.flags
        j = i - 1
        while self._kind(j) in ("definite", "courtesy") or (
            self._kind(j) == NOISE
            and self.elements[j].roles & {"filler", "modifier"}
            and not self.elements[j].roles & {"noun"} - {"filler"}
        ):
            j -= 1
        before = self._kind(j)
        q = element.q
        if q is not None and q.quantity is not None:
            k = q.index - 1
            while self._kind(k) in (NOISE, "courtesy", LINK):
                k -= 1
            opener = self._kind(k)
            return not (
                opener in ("copula", "for", "to", "by", "that", "story", "possessive")
                and not (good and opener == "copula")
            ) or (opener == "by" and self.priced)
        if before in ("same", "double", "triple", "half_of"):
            return True
        if before in ("request", "add"):
            return not self._sounds_like_verb(element)
        if before in ("price", "total") or (before == "of" and self._kind(j - 1) in ("price", "total")):
            return good or len(element.text) > 3
        if before in (COMMA, "and", LINE, LINK, "more", "con", ""):
            ends = self._kind(i + 1) in (
                "",
                COMMA,
                "and",
                LINE,
                STOP,
                QUESTION,
                LINK,
                "courtesy",
                "thanks",
                "more",
                QUANTITY,
            )
            if good:
                return True
            after_wish = state.wish_before and before != "" and ends
            return after_wish and self.scanner.norms[element.start].endswith("s") and element.end - element.start <= 3
        return good and before in (STOP, QUESTION, "greeting", "yes", "correction")

    def _sounds_like_verb(self, element: Element) -> bool:
        return "good" not in element.flags and len(self.scanner.norms[element.start]) < 3

    def _quality(self, element: Element, state: "_State") -> None:
        """ "una azul", "2 talla M", "3 de manga corta": another kind of the last product, or a part of it."""
        q = element.q.quantity if element.q is not None else None
        last = self._last(("wanted", "mentioned"))
        if last is None or last.product is None:
            if last is not None and last.product is None and element.words and last.element.match is not None:
                return self._resolve(last, element, state)
            if q is not None and element.words and (last is None or last.element.kind == QUALITY):
                wish = Wish(element, None, element.text, q.value)
                self.wishes.append(wish)
            return None
        others = self.matcher.with_head(last.product, element.words) if element.words else ()
        if len(others) == 1 and others[0] != last.product:
            if state.corrected and q is None:
                last.product = others[0]
                state.corrected = False
                return None
            if q is not None:
                wish = Wish(element, others[0], element.text, q.value, q.pairs)
                wish.doubts.append("head left out")
                self._part_of(last, element)
                last.kinds.append(wish)
                self.wishes.append(wish)
            return None
        if q is None:
            return None
        if state.corrected:
            last.amount, last.pairs, last.parts = q.value, q.pairs, []
            state.corrected = False
            return None
        if last.state == "mentioned":
            last.state, last.amount = "wanted", q.value
            last.doubts.append("head left out")
            return None
        self._part_of(last, element)
        last.parts.append(q.value)
        last.doubts.append("in parts")
        return None

    def _part_of(self, whole: Wish, element: Element) -> None:
        """Tell a division ("3 camisas: 2 azules y 1 roja") from an addition ("2 camisas azules y 1 roja")."""
        if whole.parts or whole.kinds or element.q is None:
            return
        i = element.q.index - 1
        while self._kind(i) in (NOISE, "of", "that", "definite"):
            i -= 1
        whole.divided = self._kind(i) in (COMMA, LINK, LINE, STOP) and "qualified" not in whole.element.flags

    def _resolve(self, last: Wish, element: Element, state: "_State") -> None:
        """ "3 jeans: 2 azules y 1 negro": the kinds settle what the word left open."""
        assert last.element.match is not None
        found: set[int] = set()
        for product in last.element.match.products:
            found |= set(self.matcher.with_head(product, element.words)) & set(last.element.match.products)
        if len(found) == 1:
            q = element.q.quantity if element.q is not None else None
            wish = Wish(element, found.pop(), element.text, q.value if q is not None else last.amount)
            wish.doubts.append("head left out")
            self.wishes.insert(self.wishes.index(last), wish)
            last.parts.append(wish.amount or 1)
            if last.amount is None or sum(last.parts) >= last.amount:
                last.state = "refused"

    # quantities without a thing ------------------------------------------------------------------------------

    def _bare(self, i: int, element: Element, state: "_State") -> None:
        q = element.quantity
        assert q is not None
        j = self._next(i, _QUIET)
        after, before = self._kind(j), self._kind(i - 1)
        if state.instead:
            state.instead, state.corrected = False, True
            return
        if after == "each" or before == "each" or (before in _VERBS and self._kind(i - 2) == "each"):
            if not q.article or after == "each":
                state.each = q.value
                state.each_pairs = q.pairs
            return
        if before in ("to", "by", "for", "of", "copula", "story") and not (
            state.corrected and before in ("to", "by", "copula")
        ):
            return
        if (
            after in (NOISE, MASK)
            and not ({"emoji", "filler"} & self.elements[j].roles)
            and "noun" in self.elements[j].roles
        ):
            return
        if state.refuse:
            return
        last = self._last(("wanted", "mentioned"))
        if last is None and state.corrected:
            last = self._last(("refused",))  # "no 2 camisas sino 3"
        if last is None:
            state.pending = None if q.article else q.value
            return
        if "size" in element.flags or (q.bare and self._is_size(last, q.value)):
            return
        if isinstance(q.value, Fraction) and q.value.denominator != 1:
            return
        more = "more" in element.flags or after == "more" or "another" in element.flags
        if q.article and not more and not state.corrected and last.state != "mentioned":
            since = self.elements[last.element.index + 1 : i]
            if any(e.kind == "for" for e in since) and last.state == "wanted" and self._closes(i + 1):
                last.amount = (last.amount or 1) + 1  # "2 para mí y para mi hermano una"
            return
        if state.negated_number == i:
            return
        if state.corrected:
            last.amount, last.pairs, last.parts = q.value, q.pairs, []
            last.state = "wanted"
            last.doubts.append("corrected")
            state.corrected = False
        elif last.state == "mentioned":
            if state.mode == "mentioned" and not more:
                return
            last.state, last.amount, last.pairs = "wanted", q.value, q.pairs
        elif more:
            last.amount = (last.amount or 1) + q.value
        else:
            self._give(i, last, element)

    def _is_size(self, last: Wish, value: int | Fraction) -> bool:
        if last.product is None or not self.matcher.products[last.product].pair:
            return False
        return value in _SIZE_OF_PAIRS and "qualified" in last.element.flags

    def _give(self, i: int, last: Wish, element: Element) -> None:
        """ "Camisas, 4": the quantity behind the mark goes to the thing before it; "camisas y gorras, 2 y 3" in turn."""
        q = element.quantity
        assert q is not None
        open_wishes = [w for w in self.wishes if w.state == "wanted" and w.amount is None]
        if last.amount is not None or not open_wishes:
            if self._kind(i - 1) in ("request", "add") and last.amount is None:
                last.amount = q.value
            return
        run = [e for e in self.elements[i : i + _AHEAD] if e.kind == QUANTITY and "bound" not in e.flags]
        later_things = any(e.kind in THINGS for e in self.elements[i : i + _AHEAD])
        if not later_things and len(run) == len(open_wishes) > 1:
            open_wishes[0].amount = q.value
            open_wishes[0].doubts.append("in turn")
            return
        last.amount, last.pairs = q.value, q.pairs
        last.doubts.append("quantity apart")

    def _multiple(self, i: int, kind: str, state: "_State") -> None:
        factor = {"same": Fraction(1), "double": Fraction(2), "triple": Fraction(3), "half_of": Fraction(1, 2)}[kind]
        j = self._next(i, _QUIET)
        if self._kind(j) in THINGS and self.elements[j].q is None and self.elements[j].kind != QUALITY:
            state.factor = factor
            return
        last = self._last(("wanted",))
        before = self.wishes[-2] if len(self.wishes) > 1 else None
        if last is not None and last.amount is None and before is not None and self.elements[i - 1] is last.element:
            last.amount, last.pairs = (before.amount or 1) * factor, before.pairs  # "5 gorras, bufandas lo mismo"
            last.doubts.append("computed")
            return
        if last is not None and kind != "same":
            last.amount = (last.amount or 1) * factor
            last.doubts.append("computed")

    def _each(self, i: int, state: "_State") -> None:
        if state.each is None and self._kind(i + 1) == QUANTITY and "bound" in self.elements[i + 1].flags:
            return
        if state.each is None and self._kind(i - 1) == QUANTITY:
            q = self.elements[i - 1].quantity
            if q is not None and "bound" not in self.elements[i - 1].flags and not q.article:
                state.each, state.each_pairs = q.value, q.pairs

    def _share_each(self, state: "_State") -> None:
        if state.each is None:
            return
        for wish in self.wishes:
            if wish.state == "wanted" and (wish.amount is None or wish.amount == 1):
                wish.amount, wish.pairs = state.each, state.each_pairs
            elif wish.state == "mentioned" and self.requested:
                wish.state, wish.amount = "wanted", state.each

    # verbs ---------------------------------------------------------------------------------------------------

    def _negation(self, i: int, state: "_State") -> None:
        j = self._next(i, _PRONOUNS)
        kind = self._kind(j)
        if kind in ("request", "add"):
            state.refuse = state.refuse_list = True
            state.subtract = False
            state.negated_verb = j
            self.refused_all = True
        elif kind in THINGS or (kind == QUANTITY and "bound" in self.elements[j].flags) or kind == "without":
            if self._kind(i - 1) in (COMMA, STOP) and kind == QUANTITY and self._last(("wanted",)) is not None:
                state.corrected = True
            else:
                state.refuse = state.refuse_list = True
                state.subtract = False
        elif kind == QUANTITY:
            if self._kind(i - 1) in (COMMA, STOP, LINE, "") or self._kind(j + 1) == "":
                if self._kind(i - 1) in (COMMA, STOP, LINE):
                    state.corrected = True
                else:
                    state.negated_number = j
            else:
                state.negated_number = j
                state.corrected = False
        elif kind in (COMMA, STOP, "correction") and self.wishes:
            state.corrected = True
            state.sticky = True

    def _request(self, i: int, kind: str, state: "_State") -> None:
        if self._price_asked(i):
            return
        conditional = (
            self._kind(i - 1) == "yes"
            and self.scanner.norms[self.elements[i - 1].start] == "si"
            and self._kind(i - 2) in ("", COMMA, STOP, LINE, "greeting", "price")
        )
        if not (conditional and self._asks_price):
            state.request_at = i
            self.requested = True
        state.mode = "wanted"
        state.refuse = state.instead = False
        state.asking = False
        if kind == "add":
            state.corrected = False

    def _price_asked(self, i: int) -> bool:
        """Whether a verb only serves a price question: "a cuánto me las dejas", "cuánto me cobras por"."""
        j = i - 1
        while self._kind(j) in ("definite", NOISE, "to", "by", "yes", "that"):
            j -= 1
        return self._kind(j) == "price"

    def _remove(self, i: int, state: "_State") -> None:
        j = self._next(i, _QUIET)
        if self._kind(j) in THINGS or self._kind(j) in (QUANTITY, "possessive"):
            state.refuse = state.refuse_list = state.subtract = True
            state.corrected = False
            self.refused_all = True
            return
        last = self._last(("wanted",))
        pronoun = self._norm(i).endswith(("lo", "la", "los", "las"))
        if last is not None and pronoun:
            last.state = "refused"

    def _price(self, i: int, element: Element, state: "_State") -> None:
        if element.kind == "price" and self._kind(i + 1) == NOISE and "services" in self.elements[i + 1].roles:
            pass
        self.priced = True
        between = self.elements[state.request_at + 1 : i] if state.request_at >= 0 else []
        if state.request_at >= 0 and not any(e.kind in THINGS or e.kind in _CLAUSE_ENDS for e in between):
            self.requested = any(w.state == "wanted" for w in self.wishes)
            state.mode = "priced"
        elif "total" in element.roles:
            self.totalled = True
        elif state.mode != "wanted":
            state.mode = "priced"
        state.refuse = False


_QUIET: Final = frozenset(["definite", NOISE, "of", "courtesy", LINK, "only", "possessive"])
_PRONOUNS: Final = frozenset(["definite", NOISE, "only", "that", "courtesy"])


class _State:
    """Where the follower is: what the last steering words do to the next thing."""

    __slots__ = (
        "asking", "changing", "corrected", "each", "each_pairs", "factor", "heir", "instead", "mode", "negated_number", "negated_verb", "only", "pending",
        "refuse", "refuse_list", "replacing", "request_at", "restating", "sticky", "subtract", "wish_before",
    )  # fmt: skip

    def __init__(self) -> None:
        self.mode: str | None = None  # wanted | mentioned | priced
        self.corrected = False  # the next thing or number mends what was said
        self.instead = False  # the next thing is what is not wanted
        self.changing = False  # after "cambia": likewise, until "por"
        self.heir: Wish | None = None  # what was refused, whose amount its substitute takes
        self.replacing = False
        self.restating = False  # after a correction, things are said again
        self.refuse = False
        self.refuse_list = False
        self.subtract = False
        self.negated_verb = -1
        self.negated_number = -1
        self.request_at = -1
        self.asking = False
        self.only = False
        self.sticky = False  # "no" with a comma: stays over it
        self.pending: int | Fraction | None = None  # a number before its thing was named
        self.factor: Fraction | None = None
        self.each: int | Fraction | None = None
        self.each_pairs = False
        self.wish_before = False

    def end_sentence(self) -> None:
        self.mode = None
        self.refuse = self.instead = self.changing = self.only = False
        self.corrected = self.sticky
        self.sticky = False
        self.request_at = -1

    def end_clause(self, list_goes_on: bool) -> None:
        if not list_goes_on:
            self.refuse = False
        self.sticky = False


__all__ = ["MASK", "UNKNOWN", "Reading", "Wish"]
