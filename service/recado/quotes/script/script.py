"""Turns a reading into steps. The reader says what is named, how many, and what was refused or taken back within the
message; the constructions say what that does to an order."""

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Final

from msgspec.structs import replace

from recado.quotes.catalogue.matcher import How
from recado.quotes.language import role
from recado.quotes.language.constructions import Does, Found, table
from recado.quotes.language.numbers import Unusable
from recado.quotes.language.role import Role
from recado.quotes.reading.agreement import Agreement
from recado.quotes.reading.reading import Reading
from recado.quotes.reading.wishes import Stance
from recado.quotes.scan.elements import VERBS, Element, Flag
from recado.quotes.script.bare_numbers import LoneNumbers
from recado.quotes.script.clauses import Bare, Mention, Named, Scaled, Script, Spoken, Step, unnamed
from recado.quotes.script.mentions import Mentions
from recado.quotes.script.reserves import OF_DELIVERY, Reserves
from recado.quotes.script.script_draft import ScriptDraft
from recado.quotes.script.side_words import CERTAIN, Asides
from recado.quotes.script.verbs_behind import COUNTED, VerbsBehind

_STEERS: Final = frozenset([Does.ADD, Does.SET, Does.KEEP, Does.REMOVE, Does.RAISE, Does.LOWER, Does.FEWER])
_SILENT: Final = frozenset([
    role.COURTESY, role.THANKS, role.GREETING, role.YES, role.OF, role.THAT, role.ONLY, role.ANOTHER, role.TO,
    role.COPULA, role.FOR, role.POSSESSIVE, role.BY, role.PRICE, role.AVAILABLE, role.TOTAL,
])  # fmt: skip
"""Kinds of elements that say nothing of what is done to which thing."""
_INSIDE: Final = frozenset([role.OF, role.TO, role.FOR])
"""Those of them that occur inside names."""
_QUIET_WORDS: Final = frozenset([
    "total", "todo", "bueno", "pues", "entonces", "ah", "oh", "uy", "ay", "ahora", "mejor", "solo", "en", "a",
    "de", "del", "el", "la", "los", "las", "lo", "me", "le", "les", "nomas", "nada", "mas", "ya", "si", "no",
    "ok", "unidades", "piezas", "cada", "uno", "una", "por", "favor", "porfa", "y", "o", "pero", "ahi", "ese",
    "esa", "esos", "esas", "eso", "esto", "este", "mismo", "misma", "mismos", "mismas", "cantidad", "asi",
    "quede", "con", "como", "tipo", "color", "opcion", "numero", "que", "sea", "jaja", "dice", "dijo", "creo",
    "talla", "tallas", "talle", "tamano",
])  # fmt: skip
_BEFORE_NOUNS: Final = frozenset([*_INSIDE, role.BY, role.CON])
"""Kinds of elements whose article opens no other thing: "en vez del jugo de la casa"."""
_OF_THOSE: Final = frozenset(["de esos", "de esas", "de estos", "de estas"])
"""They point to what was said before, and say nothing of a name: "quita uno de esos"."""
_FINITE: Final = re.compile(r"(?<!r)(?<!rl)(?<!rm)[ae]s?$")
"""Forms of verbs that are no infinitives: "suba", but not "subirle"."""
_SAYS: Final = frozenset(["dice", "dicen", "dijo", "dijeron"])
_QUALIFYING: Final = frozenset([role.OF, role.QUALITY])
_AWAY: Final = frozenset([Does.REMOVE, Does.RAISE, Does.LOWER])
_HELD: Final = (Spoken, Bare)
_OFFERS: Final = frozenset([role.AVAILABLE, role.PRICE, role.TOTAL])
_SPELLED: Final = 0.8
"""The likeness of the start of a name that is spelled right."""
_NAMED: Final = frozenset([role.PRODUCT, role.SEVERAL, role.MASK])
"""Kinds of elements whose numbers are a part of what they name."""
_FACTORS: Final = {role.DOUBLE: Fraction(2), role.TRIPLE: Fraction(3), role.HALF_OF: Fraction(1, 2)}


def script(reading: Reading) -> Script:
    """The steps of a message."""
    return _Walk(reading).walk()


class _Walk:
    """Walks over the elements of one message."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._context = reading.context
        self._mentions = Mentions(reading)
        self._draft = ScriptDraft(reading)
        self._wants = False
        self._agreement = Agreement(reading.elements, reading.scanner, self._context)
        self._spoken: set[int] = set()  # elements of constructions that speak of the order as a whole
        self._steering: set[int] = set()  # elements of constructions that only say what is done to the next thing
        self._steers_away = False
        self._asides = Asides(reading, self._mentions)
        self._behind = VerbsBehind(reading, self._draft, self._mentions)
        self._numbers = LoneNumbers(reading, self._draft, self._mentions)
        self._asks = role.QUESTION in reading.kinds

    def walk(self) -> Script:
        reading, draft, numbers, elements = self._reading, self._draft, self._numbers, self._reading.elements
        found = table().find(reading.scanner.text, reading.scanner.tokens)
        if found and any(one.does is Does.CLOSE for one in found.values()):
            self._agreement.closes_list()
        past, steers = 0, False
        for element in elements:
            for at in range(element.start, element.end) if found else ():
                one = found.get(at)
                if one is not None and at >= past and self._is_heard(element, at) and self._is_said(one):
                    past = one.end
                    steers = one.does in _STEERS and one.does is not Does.KEEP  # "mándalo nomás"
                    self._construction(one)
            if element.start >= past and element.kind not in _NAMED and (end := numbers.measured(element)):
                past = end
                draft.chunk.places.append(element.index)
            elif element.end <= past or (element.kind is role.UNKNOWN and element.start < past):
                numbers.covered.add(element.index)
                (self._steering if steers else self._spoken).add(element.index)
            else:
                _KINDS.get(element.kind, _Walk._words)(self, element)
                draft.chunk.places.append(element.index)
            if element.kind is role.YES and element.start >= past:
                self._agreement.hear(element)
        self._agreement.settle(self._spoken)
        steps = draft.finish(agrees=self._agreement.agrees)
        mends = Does.SET in [step.does for step in steps if isinstance(step, Named)]
        if mends and self._mentions.has_mended():  # "una maleta, no, mejor una mochila"
            steps = [Named(Does.ORDER, s.mention) if isinstance(s, Named) and s.does is Does.SET else s for s in steps]
        kinds = reading.kinds
        offered = not kinds.isdisjoint(_OFFERS) or (self._asks and role.OR in kinds)
        agreeing = role.YES in kinds or any(isinstance(step, _HELD) for step in steps)
        agreeing = agreeing or (role.NOISE in kinds and any(role.EMOJI in element.roles for element in elements))
        held = self._reserves(steps) if agreeing else None  # nothing else can be held back
        return Script(
            steps=tuple(steps),
            agrees=self._agreement.agrees,
            accepts=held is not None and self._agreement.accepts_all(held.asides),
            reserves=held.left() if held is not None else (),
            tells=held.tells if held is not None else frozenset(),
            priced=reading.priced and not reading.requested,
            inquires=self._asks and not reading.requested,
            offers=self._asks and not reading.requested and role.AVAILABLE in kinds,
            asked=self._mentions.told() if offered else (),
            edits=not self._asks and (self._steers_away or self._asides.edit()),
        )

    def _is_said(self, one: Found) -> bool:
        """Whether a construction is one at its place: no order stands behind "a", as in "a Suba", a part of a town."""
        norms = self._reading.scanner.norms
        if one.does in _AWAY and one.start and norms[one.start - 1] == "a" and _FINITE.search(norms[one.start]):
            return False
        if one.does is Does.PERSON:
            return not self._counts_goods(one)
        if one.does is not Does.REASON:
            return True
        return self._asides.is_reason(
            one, self._draft.named_skus(), changes=self._draft.has_changed() or self._asides.leads_to_removal(one)
        )

    def _counts_goods(self, one: Found) -> bool:
        """Whether a construction is only a product and its number: "un ejecutivo", in a shop that sells such a menu."""
        goods = next(
            (e for e in self._reading.elements if e.kind is role.PRODUCT and one.start <= e.start < one.end), None
        )
        return goods is not None and goods.q is not None and one.start == goods.q.start

    def _is_heard(self, element: Element, at: int) -> bool:
        """Whether the construction at token `at` of an element is one there, and neither a name nor negated."""
        if element.kind in (role.PRODUCT, role.SEVERAL):
            return at > element.start
        if element.kind is role.NOPE and self._draft.chunk.mentions:
            return False  # "la gorra ya no la quiero"
        return not (element.kind in (role.NEGATION, role.NOPE) and at > element.start)  # "no son 3", "no los quiero"

    def _reserves(self, steps: list[Step]) -> Reserves:
        heard = self._numbers.heard.union(*map(unnamed, steps))
        return Reserves(self._reading, heard, self._spoken, self._steering)

    # what steers ---------------------------------------------------------------------------------------------

    def _construction(self, one: Found) -> None:
        if one.does is Does.DOUBLE:
            self._draft.say(Scaled(Fraction(2)))
        elif one.does is Does.REASON:
            self._draft.flush()
            if not (self._draft.steps or self._asides.leads_to_removal(one)):
                self._draft.say(Spoken(Does.CANCEL))
        elif one.does is Does.CANCEL and self._behind.takes_all(one):
            return
        elif one.does not in _STEERS:
            self._draft.say(Spoken(one.does))
            self._draft.opened = True
        elif one.does is Does.SET:
            self._mend_by_kind(one.end)
            self._draft.mend(is_last=False)
        elif one.does is Does.ADD and self._draft.is_quitting():
            return  # "quita también 2 gorras"
        elif one.does in COUNTED and self._behind.takes(one.does, one.end):
            return
        elif one.does in (Does.ADD, Does.KEEP) and self._asides.closes(one.end) and self._draft.has_something():
            self._draft.chunk.does = one.does  # "2 gorras también"
        else:
            self._draft.steer(one.does)
            self._draft.taking = one.does is Does.REMOVE
            self._steers_away = self._steers_away or one.does in _AWAY

    def _mend(self, element: Element) -> None:
        self._mend_by_kind(element.end)
        self._draft.mend(is_last=self._asides.closes(element.end))

    def _mend_by_kind(self, token: int) -> None:
        """ "el satén mejor rosa", "el casco que sea en L": what comes next is a kind of the thing before."""
        if self._asides.is_kind(token):
            self._draft.mend_by_quality()

    def _add(self, element: Element) -> None:
        if not self._behind.takes(Does.ADD, element.end):
            self._draft.steer(Does.ADD)

    def _remove(self, element: Element) -> None:
        chunk = self._draft.chunk
        mentions = chunk.mentions
        last = self._draft.last if chunk.is_empty() else None
        taken = isinstance(last, Named) and last.does is Does.REMOVE
        if (mentions and mentions[-1][1]) or (taken and self._asides.closes(element.end)):
            return  # "la gorra quítala", "la gorra no, quítala"
        if element.kind is role.REMOVE and self._behind.takes(Does.REMOVE, element.end):
            return
        if mentions and element.kind is role.WITHOUT and self._asides.closes(element.end):
            mentions[-1] = (mentions[-1][0], True)  # "una camisa menos"
            return
        fewer = self._context.norm(element.index) == "menos" and chunk.amount is not None
        if fewer and (not chunk.words or self._asides.closes(element.end)):
            chunk.does, self._draft.removing = Does.REMOVE, True  # "una menos de mango", "2 de 100 menos"
            return
        self._draft.steer(Does.REMOVE)
        self._draft.chunk.steered = self._draft.quitting = element.kind is role.REMOVE

    def _refuse(self, element: Element) -> None:
        chunk = self._draft.chunk
        named = all(map(self._reading.matcher.knows, chunk.words)) or (chunk.describes and chunk.plural is not None)
        told = (chunk.words and named) or (chunk.amount is not None and chunk.plural is not None and not chunk.words)
        if told and not chunk.mentions and self._asides.closes(element.end):
            chunk.does = Does.REMOVE  # "el negro no", "tubos no", "el 14 ya no"
            return
        chunk.denied = role.NOPE in element.roles or self._context.kind(element.index + 1) is role.REQUEST
        self._draft.removing = True

    def _change(self, _: Element) -> None:
        self._draft.change()

    def _instead(self, _: Element) -> None:
        self._draft.instead()

    def _by(self, element: Element) -> None:
        draft, mentions = self._draft, self._draft.chunk.mentions
        if draft.exchange.expects and draft.chunk.is_empty():  # "cámbialas por"
            draft.exchange.takes(Bare(does=Does.CHANGE, pointing=True), draft.steps)
        elif draft.exchange.expects:
            draft.flush()
        elif len(mentions) == 1 and not mentions[0][1] and self._context.names_two(element):
            draft.give(mentions[0][0], Does.ORDER)  # "la gorra por un sombrero"

    def _request(self, element: Element) -> None:
        if self._context.kind(element.index - 1) in (role.DEFINITE, role.POSSESSIVE):
            return  # "el pedido"
        self._wants = True
        if self._behind.asks_for_more(element):
            return
        refused = self._draft.removing and not self._context.opens(element.index)  # "no quiero", but not "no, quiero"
        if self._draft.chunk.does in (Does.ORDER, Does.REMOVE) and not refused:
            self._draft.steer(Does.ORDER)
        self._draft.chunk.steered = self._draft.chunk.leads = True
        self._draft.opened = True

    def _scale(self, element: Element) -> None:
        self._draft.say(Scaled(_FACTORS[element.kind]))

    def _part(self, element: Element) -> None:
        if self._draft.chunk.is_another() and self._goes_on_but(element):
            return  # "y uno del 7 oz, pero de 50"
        if element.kind is role.COMMA and self._behind.follow(element):
            return
        self._draft.part(element)

    def _goes_on_but(self, element: Element) -> bool:
        """Whether a "pero" at an element, or behind its comma, introduces a quality."""
        i = element.index + (element.kind is role.COMMA)
        if self._context.kind(i) is not role.BUT:
            return False
        i += 1 + (self._context.kind(i + 1) is role.TO)  # "pero en S"
        if i >= len(self._reading.elements):
            return False
        element = self._reading.elements[i]
        return element.kind in _QUALIFYING or role.COLOURS in element.roles or self._mentions.knows(element)

    def _only(self, element: Element) -> None:
        """ "agrega 2 resmas, cuadernos solo 2": the verb before the comma does not go on over it."""
        if self._draft.chunk.does in (Does.ADD, Does.RAISE, Does.LOWER) and not self._draft.chunk.steered:
            self._draft.chunk.does = Does.ORDER
        self._words(element)

    # what is named -------------------------------------------------------------------------------------------

    def _thing(self, element: Element) -> None:
        draft = self._draft
        if self._mentions.only_counts(element) and not draft.has_named():
            self._numbers.heard.add(element.index)
            return
        adding = draft.chunk.steered and draft.chunk.does is Does.ADD  # "me faltó una gorra"
        wish = self._mentions.wish(element, told=adding)
        another = draft.chunk.is_another() and self._context.is_but_of(element.index)
        if another or (
            element.kind in (role.QUALITY, role.UNKNOWN)
            and (wish is None or (element.kind is role.QUALITY and wish.product is None))
        ):
            self._words(element)
            return
        if wish is None:
            if (draft.exchange.expects or draft.removing) and self._mentions.is_taken_back(element):
                self._mentioned(self._mentions.plain(element), element, refused=True)
            return
        if wish.unusable is Unusable.VAGUE and self._asks:
            return  # "¿cuántas camisas puse?"
        if draft.is_of_payment() or self._is_guess(element) or self._is_beside_a_yes(element):
            draft.chunk.foreign = True
            draft.write(element)
            return
        own = element.q.quantity if element.q is not None else None
        self._numbers.late = wish.amount if own is None or own.value != wish.amount else None  # "lápices, 4"
        counted_anew = self._draft.chunk.does is Does.SET and self._context.kind(element.index + 1) is role.TO
        refused = wish.state is Stance.REFUSED and not (
            adding
            or counted_anew
            or self._is_mended_apart(element)
            or self._comes_with(element)  # "se me olvidó la gorra"
        )
        taken = draft.removing or draft.exchange.expects or draft.chunk.does is Does.KEEP
        if refused and not taken and element.q is None and self._context.kind(element.index + 1) is role.CORRECTION:
            self._mentioned(self._mentions.plain(element), element, refused=False)  # "el satén mejor rosa"
            return
        if refused and not (taken or self._is_refused_behind(element)):
            return  # taken back within the message
        mention = self._mentions.of(wish)
        if mention.amount == 0 and (own is None or own.value):  # the reader's rest of "de las gorras quita una"
            mention = replace(mention, amount=None)
        if own is not None and not own.pairs and self._context.kind(element.index + 1) is role.WITHOUT:
            mention = replace(mention, amount=own.value)  # "1 camisa menos, las gorras que sean 2"
        if draft.exchange.expects and own is None and wish.amount is not None:  # "cambia el perfume por el 212"
            mention, self._numbers.late, refused = replace(mention, amount=None), None, True
        self._mentioned(mention, element, refused=refused)

    def _is_refused_behind(self, element: Element) -> bool:
        """ "la gorra no", "la gorra quítala", "la gorra, ésa quítala"."""
        pointed = not self._draft.chunk.leads and self._asides.is_pointed_at(element)
        return pointed or self._context.is_taken_out(element.index)

    def _comes_with(self, element: Element) -> bool:
        """ "reemplaza la bufanda con una toalla"."""
        before = element.q.index if element.q is not None else element.index
        return self._draft.exchange.goes is not None and self._context.kind(before - 1) is role.CON

    def _is_beside_a_yes(self, element: Element) -> bool:
        """ "dale, a Rivadavia 4520 3B": words that nobody sells and no verb asks for, unlike "dale, y un zarape"."""
        if element.kind is not role.UNKNOWN or Flag.GOOD in element.flags or self._draft.chunk.steered:
            return False
        counted = element.q is not None and element.q.index < element.index and self._context.begins(element.q.index)
        return self._agreement.accepts and not counted

    def _is_guess(self, element: Element) -> bool:
        """ "¿hacen delivery a Surco?", "disculpe la demora": words that only resemble a product are none if nothing
        is counted, asked for or removed."""
        match = element.match
        if match is None or element.q is not None or self._draft.chunk.steered or self._draft.removing:
            return False
        partly = match.how is How.START or (match.how is How.PART and match.words > 1)
        spelled = match.score >= (_SPELLED if partly else CERTAIN)
        if spelled or self._context.is_taken_out(element.index):
            return False
        told = self._asks or bool(self._draft.chunk.words) or self._context.kind(element.index - 1) is role.DEFINITE
        return told and not self._wants

    def _is_mended_apart(self, element: Element) -> bool:
        """ "sube a 12 los lápices y baja a 5 los lapiceros", "suma 1 camiseta, cambia la gorra por": a correction in
        another clause is not about this."""
        if self._draft.exchange.expects or self._draft.removing:
            return False
        i = element.index + 1
        verb = self._context.kind(i + 1) in VERBS
        return self._context.kind(i) is role.AND or (self._context.kind(i) in (role.COMMA, role.STOP) and verb)

    def _mentioned(self, mention: Mention, element: Element, *, refused: bool) -> None:
        q, self._mentions.last = element.q, element
        self._numbers.heard |= {element.index, q.index if q is not None else element.index}
        if not self._draft.swaps(refused=refused):
            if q is not None and Flag.ANOTHER in q.flags and not refused:
                self._draft.chunk.more = True
            if self._context.is_headless(element):
                said = q.quantity if q is not None else None
                mention = replace(mention, headless=True, amount=mention.amount if said is None else said.value)
        self._draft.mention(mention, refused=refused)

    def _number(self, element: Element) -> None:
        self._numbers.number(element)

    def _mask(self, element: Element) -> None:
        self._numbers.mask(element)

    def _to(self, element: Element) -> None:
        """ "sube el azúcar a 2 kilos"."""
        if self._context.kind(element.index + 1) is role.QUANTITY:
            self._draft.chunk.sets()
        self._words(element)

    def _more(self, _: Element) -> None:
        self._draft.chunk.more = True

    def _each(self, _: Element) -> None:
        self._draft.chunk.each = True

    def _definite(self, element: Element) -> None:
        draft = self._draft
        if draft.exchange.expects and draft.chunk.words and self._context.kind(element.index - 1) not in _BEFORE_NOUNS:
            draft.flush()  # "en vez del decolorante de 500 el de 50"
        if self._context.norm(element.index) not in _OF_THOSE:
            self._draft.chunk.plural = self._context.norm(element.index) in ("los", "las")

    def _words(self, element: Element) -> None:
        chunk = self._draft.chunk
        named = element.kind is role.COPULA and self._context.kind(element.index - 1) is role.OF  # "de paso"
        named = named or self._asides.answers(element)
        if (element.kind in _SILENT and not named) or (element.kind is role.NOISE and role.EMOJI in element.roles):
            if element.kind in _INSIDE:
                self._draft.write(element)
            return
        says = element.kind is role.ASK and self._context.norm(element.index) in _SAYS
        if says or (element.kind is role.NOISE and role.VACUOUS in element.roles):
            return  # "dice que mejor trucha", "hmm, mejor el de 24"
        if Flag.ANOTHER in element.flags:  # "otro par"
            chunk.more = True
            return
        if self._asides.is_of_somebody(element) or role.LIMIT in element.roles:
            return  # "unas blancas para mi hijo", "mejor una sola"
        if self._is_half(element):
            chunk.amount = Fraction(1, 2)
            self._draft.write(element, is_amount=True)
            return
        chunk.counts = chunk.counts and not element.roles & OF_DELIVERY
        chunk.describes = chunk.describes or element.kind is role.QUALITY
        chunk.each = chunk.each or role.EACH_KIND in element.roles  # "uno de cada color"
        if chunk.plural is None and self._context.norm(element.index) in ("opcion", "numero"):
            chunk.plural = False  # "opción 2", as "la 2"
        chunk.words += [norm for norm in self._mentions.norms(element) if norm not in _QUIET_WORDS]
        self._draft.write(element)

    def _is_half(self, element: Element) -> bool:
        """ "dame medio", of a thing sold by measure."""
        half = self._context.norm(element.index) in ("medio", "media")
        chunk = self._draft.chunk
        return half and chunk.steered and chunk.is_empty() and self._asides.closes(element.end)


_KINDS: Final[dict[Role, Callable[[_Walk, Element], None]]] = {
    **dict.fromkeys((role.COMMA, role.STOP, role.LINE, role.QUESTION, role.LINK, role.AND, role.BUT), _Walk._part),
    **dict.fromkeys((role.PRODUCT, role.SEVERAL, role.UNKNOWN, role.QUALITY), _Walk._thing),
    **dict.fromkeys(_FACTORS, _Walk._scale),
    **dict.fromkeys((role.REMOVE, role.WITHOUT), _Walk._remove),
    **dict.fromkeys((role.NEGATION, role.NOPE), _Walk._refuse),
    role.QUANTITY: _Walk._number,
    role.MASK: _Walk._mask,
    role.EACH: _Walk._each,
    role.MORE: _Walk._more,
    role.ADD: _Walk._add,
    role.CHANGE: _Walk._change,
    role.INSTEAD: _Walk._instead,
    role.BY: _Walk._by,
    role.CORRECTION: _Walk._mend,
    role.REQUEST: _Walk._request,
    role.TO: _Walk._to,
    role.DEFINITE: _Walk._definite,
    role.ONLY: _Walk._only,
}
