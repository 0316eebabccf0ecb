"""Follows the customer through a message: wishes, refusals, corrections, ellipsis."""

from fractions import Fraction
from typing import Final

from recado.quotes import role
from recado.quotes.amounts import bare_quantity, may_be_each, of_each_kind, share_each
from recado.quotes.binding import Binder
from recado.quotes.context import QUIET, Context
from recado.quotes.corrections import amends, correct, counts_anew, keep_only, wished
from recado.quotes.elements import ALL, THINGS, Element, Flag
from recado.quotes.heads import Serving, serve
from recado.quotes.matcher import Matcher
from recado.quotes.numbers import Quantity
from recado.quotes.qualities import follow_quality, keep_kind, refuse_kind
from recado.quotes.role import Role
from recado.quotes.scan import Scanner
from recado.quotes.shared import share_sizes
from recado.quotes.steering import EFFECTS
from recado.quotes.told import CLAUSE_ENDS, drop_offers, is_put_off, mode_of
from recado.quotes.wholes import settle_wholes
from recado.quotes.wishes import Doubt, Stance, State, Wish

_PRICES: Final = frozenset([role.PRICE, role.TOTAL])


class Reading:
    """What one message says. `wishes` in the order of their first mention; the rest determines its intent.

    kinds: those of all elements. Code that looks for a rare element asks them first.
    """

    def __init__(self, text: str, matcher: Matcher) -> None:
        self.matcher = matcher
        self.scanner = Scanner(text, matcher)
        self.elements = self.scanner.scan()
        self.wishes: list[Wish] = []
        self.requested = False
        self.priced = False
        self.totalled = False
        self.refused_all = False
        self.servings: list[Serving] = []  # what each of several gets
        self._line = -1  # where the last line broke
        self.focus: Wish | None = None  # the wish that was spoken of last
        Binder(self.scanner.tokens, matcher).bind(self.elements)
        if any(element.kind is role.SEVERAL for element in self.elements):
            share_sizes(self.scanner, self.elements)
        self.kinds = frozenset([element.kind for element in self.elements])
        self.asks_price = not self.kinds.isdisjoint(_PRICES)
        self.context = Context(self.elements, self.scanner.norms, self.scanner.roles)
        self._follow()

    def _follow(self) -> None:
        state = State()
        for i, element in enumerate(self.elements):
            kind = element.kind
            effect = EFFECTS.get(kind)
            if kind in THINGS:
                self._thing(i, element, state)
            elif kind is role.QUANTITY:
                if Flag.BOUND not in element.flags:
                    bare_quantity(self, i, element, state)
            elif role.TAKING in element.roles and self._takes_offered(kind):
                self.requested = True
            elif effect is not None:
                effect(self, i, element, state)
            elif kind in (role.BY, role.TO) and state.changing:
                if kind is role.BY or self.context.kind(i + 1) is role.QUANTITY:  # "cámbiale a 3 camisas"
                    state.changing, state.corrected = False, True
            else:
                self._part(i, element, state)
        share_each(self, state)
        serve(self)
        self._settle_excepted()
        settle_wholes(self)
        if self.priced and not any(w.state is Stance.WANTED for w in self.wishes):
            for wish in self.wishes:  # "tienen camisas, y cuánto cuestan?"
                wish.state = Stance.WANTED if wish.state is Stance.MENTIONED else wish.state

    def _takes_offered(self, kind: Role) -> bool:
        """ "¿tienes el abrigo? lo quiero": a thing that was only mentioned is wanted."""
        offered = self.last((Stance.MENTIONED,)) if kind not in (role.NEGATION, role.WITHOUT) else None
        if offered is not None:
            offered.state = Stance.WANTED
        return offered is not None

    def _part(self, i: int, element: Element, state: State) -> None:
        """What separates clauses: marks, "y", "pero", corrections, and words that only point at something."""
        kind = element.kind
        if role.AS_BEFORE in element.roles:
            self._as_before(i, element, state)
        elif role.UNSEEN in element.roles and self.context.kind(i - 1) is not role.TO:  # no "como la de la foto"
            self.wishes.append(Wish(element, None, self.scanner.written(element.start, element.end)))
        elif role.DEMONSTRATIVE in element.roles and not self.wishes:
            self._pointing(i, element)
        elif kind in (role.THAT, role.OF, role.HELP) and not (self.wishes or state.refuse):
            if (first := self.context.elsewhere(i)) is not None:
                end = self.context.clause_end(i)
                self.wishes.append(Wish(element, None, self.scanner.written(self.elements[first].start, end)))
        elif kind in CLAUSE_ENDS:
            state.end_sentence()
        elif kind is role.LINE:
            drop_offers(self, self._line)
            self._line = i
            state.end_line()
        elif kind is role.COMMA or kind is role.BUT:
            state.end_clause(self.context.list_goes_on(i))
        elif role.SECOND_THOUGHT in element.roles:
            state.corrected = state.corrected or amends(self, i)
        elif kind is role.AND and state.refuse and not self.context.list_goes_on(i):
            state.refuse = False

    def _settle_excepted(self) -> None:
        """ "Todo menos la faja: faja, 2 shorts": a thing that is excepted from all is excepted from the list, too."""
        if role.WITHOUT not in self.kinds:
            return
        for i, element in enumerate(self.elements):
            if element.kind is role.WITHOUT and self.context.norm(i - 1) in ALL:
                thing = self.context.next(i, QUIET)
                match = self.elements[thing].match if thing < len(self.elements) else None
                for wish in self.wishes:
                    if match is not None and wish.product in match.products:
                        wish.state = Stance.REFUSED

    def _thing(self, i: int, element: Element, state: State) -> None:
        if state.instead or (state.changing and element.kind is not role.QUALITY):
            self._give_up(element, state)
        elif self._is_refused(i, element, state):
            return
        elif self.context.incidental(i, element, self.priced):
            if element.kind is role.PRODUCT and self.context.kind(i - 1) is role.POSSESSIVE:
                self.wishes.append(self._wish(element, Stance.MENTIONED))
        elif element.kind is role.QUALITY:
            if state.only and state.corrected and element.q is None and keep_kind(self, element):
                state.only = state.corrected = False
                return
            anew = counts_anew(self, i, element)
            if anew and element.q is None:
                self.focus = wished(self, element)  # "las de 10 que sean 3"
                return
            state.corrected = state.corrected or anew
            follow_quality(self, element, state)
        elif element.kind is role.UNKNOWN and not self.context.asked(i, element, state, self.priced):
            if self.context.kind(i - 1) is role.CORRECTION and self.context.closes(i + 1):
                state.corrected = False  # "que sean delgaditas" says how
            elif state.mode is Stance.MENTIONED and self.context.is_good_asked_about(i):
                self.wishes.append(self._wish(element, Stance.MENTIONED))  # "tienes aspiradoras? necesito una"
        elif element.kind is role.UNKNOWN and self.context.kind(i - 1) is role.CON and self.is_told():
            return  # "¿el auricular viene con micrófono?"
        else:
            self._named(i, element, state)

    def _give_up(self, element: Element, state: State) -> None:
        """A thing that is replaced by another one."""
        state.heir = self._refuse(element, state)
        if state.heir is None:
            state.heir = self._wish(element, Stance.REFUSED)
        if state.instead and state.pending is not None and element.q is not None:  # "ponle 4 en vez de 2 camisas"
            wish = self._wish(element, Stance.WANTED)
            wish.amount = state.pending
            self.wishes.append(wish)
            state.instead, state.pending = False, None
            return
        if state.instead:
            state.instead, state.changing, state.corrected = False, False, True
        state.replacing = True

    def _is_refused(self, i: int, element: Element, state: State) -> bool:
        """Whether a thing is refused, before or after it; if so, it is taken back."""
        if state.refuse and element.kind is role.QUALITY:
            if refuse_kind(self, element) or state.subtract:
                return True  # "quita el de 5": of something that an earlier message tells
        elif state.refuse:
            self._refuse(element, state)
            if not state.refuse_list:
                state.refuse = False
            return True
        if self.context.post_negated(i) or is_put_off(self, i):
            if element.kind is role.QUALITY and refuse_kind(self, element):
                return True
            if self._refuse(element, state) is None:
                self.wishes.append(self._wish(element, Stance.REFUSED))
            state.replacing = True
            return True
        return False

    def _named(self, i: int, element: Element, state: State) -> None:
        """A thing that is asked for or mentioned."""
        q = element.q
        amount = q.quantity if q is not None else None
        known = self.known(element)
        if known is not None and q is None and self.context.kind(i - 1) is role.DEFINITE:
            self.focus = known  # "las camisas": those already asked for
            if not state.only:
                state.corrected = False
                return
        if counts_anew(self, i, element):
            self.focus = known
            if q is None:
                return
            state.corrected = True
        of_each = state.each if self.context.kind(i - 1) is role.EACH else of_each_kind(self, i, amount)
        if element.kind is role.SEVERAL and of_each is not None:
            self._one_of_each(element, of_each)
            return
        wish = self._wish(element, Stance.WANTED)
        if element.kind is role.PRODUCT and q is None and self._is_sort_of_last(i):
            sort = self.wishes.pop()
            wish.amount, wish.pairs, wish.unit, wish.unusable = sort.amount, sort.pairs, sort.unit, sort.unusable
            wish.doubts.append(Doubt.QUALITY_OR_THING)
            amount = sort.element.q.quantity if sort.element.q is not None else None
        counted = amount is not None and not amount.article
        self.focus = None
        if mode_of(self, i, state, counted) is Stance.MENTIONED:
            wish.state = Stance.MENTIONED
        if q is None:
            self._multiply(i, wish, state)
        last = self.last((Stance.WANTED,))
        if wish.state is Stance.WANTED and last is not None and self._alternative(i, wish, last):
            return
        self._take_out(i, wish)
        if state.corrected or (state.restating and known is not None and counted):
            correct(self, wish, state)
        else:
            self._same_pack(i, wish, last)
            self.wishes.append(wish)
        if state.only and element.match is not None and q is None and len(self.wishes) > 1:
            keep_only(self, wish)
        state.corrected = state.only = False
        state.wish_before = True

    def _multiply(self, i: int, wish: Wish, state: State) -> None:
        """ "el doble de gorras", "lo mismo de correas y afinadores": a multiple of another thing's number."""
        multiple, state.multiple = state.multiple, None
        if state.factor is None and multiple is None:
            return
        before, factor, state.factor = self.last((Stance.WANTED,)), state.factor, None
        if before is not None and factor is not None:
            wish.set_multiple(before, factor)
        elif multiple is not None and multiple is before and self.context.follows(i, multiple.element):
            wish.set_multiple(multiple, 1)
        else:
            return
        state.multiple = wish

    def _one_of_each(self, element: Element, q: Quantity) -> None:
        """ "uno de cada jugo": everything that the word could be."""
        for product in element.match.products if element.match is not None else ():
            wish = Wish(element, product, element.text)
            wish.set_amount(q)
            wish.doubts.append(Doubt.COMPUTED)
            self.wishes.append(wish)

    def _is_sort_of_last(self, i: int) -> bool:
        """ "3 cafés americanos": a product right after a counted word that is not a product says which one is
        counted."""
        before, element = self.elements[i - 1], self.elements[i]
        counted = (
            before.kind in (role.SEVERAL, role.UNKNOWN)
            and before.q is not None
            and Flag.QUANTITY_AFTER not in before.flags
        )
        last = self.wishes[-1] if self.wishes else None
        return counted and before.end == element.start and last is not None and last.element is before

    def is_told(self) -> bool:
        """Whether the last thing is only mentioned."""
        return bool(self.wishes) and self.wishes[-1].state is Stance.MENTIONED

    def _alternative(self, i: int, wish: Wish, last: Wish) -> bool:
        """ "una gorra o un gorro": the customer has not decided, so it is a question."""
        if role.OR not in self.kinds or wish.product is None or last.product in (None, wish.product):
            return False
        j = i - 1
        while self.context.kind(j) in (role.DEFINITE, role.NOISE) or self.elements[j] is wish.element.q:
            j -= 1
        if self.context.kind(j) is not role.OR or last.element.end != self.elements[j].start:
            return False
        last.choices = (last.product, wish.product)
        last.text = self.scanner.written(last.element.start, wish.element.end)
        last.product = None
        return True

    def _take_out(self, i: int, wish: Wish) -> None:
        """ "10 aguas, 5 de las aguas con gas": some of the wished ones are of another kind."""
        if wish.amount is None or wish.product is None or wish.state is not Stance.WANTED:
            return
        if self.context.kind(i - 1) is not role.DEFINITE:
            return
        if [self.context.kind(k) for k in range(i - 4, i - 1)] != [role.COMMA, role.QUANTITY, role.OF]:
            return
        kin = {number for family in self.matcher.families_of(wish.product) for number in family.products}
        for whole in self.wishes:
            if (
                whole.state is Stance.WANTED
                and whole.product in kin - {wish.product}
                and (whole.amount or 1) > wish.amount
            ):
                whole.amount = (whole.amount or 1) - wish.amount
                whole.doubts.append(Doubt.IN_PARTS)
                return

    def _same_pack(self, i: int, wish: Wish, last: Wish | None) -> None:
        """ "un pack de medias y otro de bóxer": the second one is a pack, too."""
        if (
            last is None
            or last.product is None
            or wish.product is None
            or self.context.kind(i - 1) is not role.OF
            or wish.element.q is None
        ):
            return
        if role.CONTAINER not in self.scanner.roles[last.element.start]:
            return
        said = filter(self.matcher.knows, self.scanner.norms[wish.element.start : wish.element.end])
        packs = self.matcher.with_head(last.product, list(said))
        if len(packs) == 1:
            wish.product = packs[0]
            wish.doubts.append(Doubt.HEAD_LEFT_OUT)

    def known(self, element: Element) -> Wish | None:
        """The wish for the same product; None if there is none."""
        if element.kind is not role.PRODUCT or element.match is None:
            return None
        product = element.match.products[0]
        return next((w for w in self.wishes if w.product == product and w.state is Stance.WANTED), None)

    def around(self, element: Element) -> set[Role]:
        at = element.index
        return {e.kind for e in self.elements[max(0, at - 1) : at]}

    def _wish(self, element: Element, state: Stance) -> Wish:
        product = element.match.products[0] if element.kind is role.PRODUCT and element.match is not None else None
        wish = Wish(element, product, element.text, state=state)
        if element.kind is role.SEVERAL and element.match is not None:
            wish.choices = element.match.products
        if product is not None and element.match is not None and may_be_each(self, element.index, element.match):
            wish.doubts.append(Doubt.QUALITY_OR_THING)
        q = element.q
        if q is not None and q.quantity is not None:
            wish.set_amount(q.quantity)
            if q.negative:
                wish.amount = -q.quantity.value
            if q.quantity.article and Flag.ANOTHER not in q.flags:
                open_ended = q.quantity.unit is not None or self._is_plural(element, q)
                wish.amount = None if open_ended else wish.amount
        return wish

    def _is_plural(self, element: Element, q: Element) -> bool:
        return self.scanner.tokens[q.start].norm in ("unos", "unas")

    def last(self, states: tuple[Stance, ...]) -> Wish | None:
        if self.focus is not None and self.focus.state in states:
            return self.focus
        return next((w for w in reversed(self.wishes) if w.state in states), None)

    def _refuse(self, element: Element, state: State) -> Wish | None:
        """Takes back what a thing names; returns the last wish that it named, if there was one."""
        if element.match is None:
            found = [w for w in self.wishes if w.product is None and w.text == element.text]
        else:
            found = [w for w in self.wishes if w.product in element.match.products and w.state is Stance.WANTED]
        less = self._fewer(element) if state.subtract else None
        for wish in found:
            if less is not None and wish.amount is not None and wish.amount > less:
                wish.amount -= less
            else:
                wish.state = Stance.REFUSED
        if element.kind in (role.PRODUCT, role.SEVERAL) and not found:
            self.wishes.append(self._wish(element, Stance.REFUSED))
        return found[-1] if found else None

    def _fewer(self, element: Element) -> int | Fraction | None:
        """How many fewer a removal asks for ("quita una camisa"); None if it means all of them."""
        if element.q is None or element.q.quantity is None or self.scanner.norms[element.q.start] in ("unos", "unas"):
            return None
        return element.q.quantity.value

    def _as_before(self, i: int, element: Element, state: State) -> None:
        """ "Lo mismo de siempre": asked for, unless it is only mentioned ("es lo mismo de siempre") or sums up the
        goods."""
        before = self.context.kind(i - 1)
        if state.refuse or state.mode is Stance.MENTIONED or self.wishes or before in (role.COPULA, role.NOPE):
            return
        self.wishes.append(Wish(element, None, self.scanner.written(element.start, element.end)))

    def _pointing(self, i: int, element: Element) -> None:
        """ "2 de esas", "quiero esos": asked for, but only an earlier message would show what."""
        before = self.context.kind(i - 1)
        behind_count = role.QUANTITY in (before, self.context.kind(i - 2) if before is role.OF else role.OUTSIDE)
        if self.context.closes(i + 1) and (before is role.REQUEST or behind_count):
            text = self.scanner.written(element.end - 1, element.end)
            self.wishes.append(Wish(element, None, text))
