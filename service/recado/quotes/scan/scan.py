"""Turns tokens into elements: quantities, products, unknown things and steering words, in their order."""

from fractions import Fraction
from typing import Final

from recado.quotes.catalogue.matcher import How, Match
from recado.quotes.catalogue.vocabulary import EXACT
from recado.quotes.language import role
from recado.quotes.language.lexicon import FUNCTION, QUANTITY_ROLES
from recado.quotes.language.numbers import Quantity, quantity
from recado.quotes.language.role import Roles
from recado.quotes.language.sizes import Size
from recado.quotes.language.text import EMOJI, NEWLINE, NUMBER, PUNCT, WORD
from recado.quotes.scan.counted import add_amount, add_another, add_code, add_number, add_quantity
from recado.quotes.scan.elements import THINGS, Element, Flag
from recado.quotes.scan.goods import (
    add_container,
    add_contents,
    add_quality,
    add_sheets,
    add_size,
    add_thing,
    add_unknown,
    held_by,
)
from recado.quotes.scan.scene import ALSO, PRIORITY, WHOLE, Scene
from recado.quotes.scan.shares import OPENS_SHARE, add_share, half_of_last
from recado.quotes.scan.size_before import add_sized
from recado.quotes.scan.size_ellipsis import add_spanned_size
from recado.quotes.scan.words import Kind, Span

_SMALL_TALK: Final = frozenset([role.GREETING, role.FILLER, role.NOUN, role.COURTESY, role.GOOD])
_STRONG: Final = frozenset([role.REQUEST, role.ADD, role.REMOVE, role.CHANGE, role.YES, role.PRICE])
_MARKS: Final = {
    **dict.fromkeys(",;/+&", role.COMMA), **dict.fromkeys(".!¡¿", role.STOP), "?": role.QUESTION,
    **dict.fromkeys(":=-(|", role.LINK), **dict.fromkeys("•>", role.LINE),
}  # fmt: skip
_LISTED: Final = frozenset([role.LINE, role.COMMA, role.LINK])
"""Marks that a thing of a list may follow."""
_HERBS: Final = frozenset([role.GOOD, role.NAME])
"""The roles of goods that people are called by."""
_NOT_WHOLE: Final = frozenset([How.SEVERAL, How.START, How.PART])
_EMOJI: Final = frozenset([role.EMOJI])
_HOW_MUCH: Final = frozenset(["poco", "poca", "poquito", "poquita", "bastante", "mucho", "mucha", "harto", "harta"])
_SET_PHRASES: Final = frozenset(["c", "cada", "color", "media", "medio", "por", "x", *OPENS_SHARE, *ALSO])
"""Words that may open a phrase with one meaning in every place; "con" does, too."""
_DESCRIBED: Final = frozenset([role.OF, role.QUANTITY])
"""What precedes a word that describes something said before."""
_HAPPENED: Final = ("aron", "ieron", "eron", "io")
"""Endings of verbs for what happened: "se me murieron"."""
_FORGOT: Final = ("pas", "olvid", "fue", "escap")
"""Beginnings of verbs for what the customer asks for late: "se me pasaron 2 kilos de papa"."""
_TIMES: Final = frozenset([role.DOUBLE, role.TRIPLE, role.HALF_OF])
_BEFORE_KIND: Final = frozenset([role.QUANTITY, role.AND, role.COMMA, role.DEFINITE, role.CORRECTION])
_BEFORE_COLOUR: Final = _BEFORE_KIND | {role.OF}
_AS_MANY: Final = _TIMES | {role.SAME}
_BEFORE_LISTED: Final = frozenset([role.LINE, role.COMMA, role.AND, role.LINK, role.BY, role.ONLY, *_AS_MANY])
_STEERING: Final = frozenset([*PRIORITY, role.CONTAINER, role.MODIFIER])
_JOINING: Final = frozenset([role.CON, role.TO, role.FOR, role.WITHOUT])
_ONE_OR_MORE: Final = frozenset([role.ARTICLE, role.NUMBER])
_OPENS_KIND: Final = frozenset([role.CON, role.TO, role.FOR])
_WITH_OR_WITHOUT: Final = frozenset([role.CON, role.WITHOUT])
_GROUPS: Final = frozenset([role.COLLECTIVE, role.PAIR])
_GOOD: Final = frozenset([role.GOOD])
_COUNTING: Final = QUANTITY_ROLES | {role.ARTICLE, role.NUMBER}
_SPOKEN: Final = (WORD, NUMBER)
Phrase = tuple[int, Roles]
"""How many words a phrase has, and its roles."""


class Scanner(Scene):
    """Reads one message against a matcher."""

    def scan(self) -> list[Element]:
        """The elements of the message."""
        i = 0
        n = len(self.tokens)
        while i < n:
            i = self._element(i)
        return self.elements

    def _element(self, i: int) -> int:
        span = self.spans.get(i)
        token = self.tokens[i]
        if span is None and token.kind not in _SPOKEN:
            return self._sign(i)
        if token.kind in _SPOKEN and (written := self.written_out(i)) is not None:
            at, held = held_by(self, i)
            if held is not None and _goes_further(held, written):
                return add_contents(self, i, at, held)
            return add_thing(self, i, written)
        if end := add_sized(self, i) or (token.kind is NUMBER and add_code(self, i)) or add_amount(self, i):
            return end
        if span is not None:
            return self._span(i, span)
        return add_number(self, i) if token.kind is NUMBER else self._word(i)

    def _sign(self, i: int) -> int:
        """The token after a mark, an emoji or the end of a line."""
        if self.tokens[i].kind is PUNCT:
            return self._mark(i)
        if self.tokens[i].kind is EMOJI:
            self.add(role.NOISE, i, i + 1, _EMOJI)
        else:
            self.add(role.LINE, i, i + 1)
        return i + 1

    def _span(self, i: int, span: Span) -> int:
        """A size, a price or another span that is not an amount."""
        token = self.tokens[i]
        if end := add_spanned_size(self, i):
            return end
        end = span.end
        if span.kind in (Kind.SIZE, Kind.PRICE) and token.kind is NUMBER and self.matcher.near(token.norm):
            match = self.matcher.match(self.tokens, self.roles, i, head_only=False)
            if match is not None and match.words > 1:
                return add_thing(self, i, match)
        if span.kind is Kind.SIZE:
            return add_size(self, i, end)
        self.add(role.MASK, i, end, span.kind.roles)
        return end

    def _mark(self, i: int) -> int:
        token = self.tokens[i]
        kind = _MARKS.get(token.norm, role.NOISE)
        if kind is role.LINK and token.norm == "-" and (i == 0 or self.tokens[i - 1].kind is NEWLINE):
            kind = role.LINE
        elif token.norm == "-" and self.parts_entries(i):
            kind = role.COMMA
        element = self.add(kind, i, i + 1)
        if token.norm == "(":
            element.flags.add(Flag.OPEN)
        elif token.norm == "/" and i > 0 and self.tokens[i - 1].norm == "c":
            element.kind = role.NOISE
        return i + 1

    def _word(self, i: int) -> int:
        before = self.elements[-1] if self.elements else None
        roles = self.roles[i]
        if end := self._set_phrase(i):
            return end
        described = before is not None and before.kind in _DESCRIBED and self._is_behind_of(i)
        if described and self.is_kind(i) and not self._is_name_apart(i):
            return add_quality(self, i)  # "2 hamburguesas y una de pollo"
        determined = before is not None and (
            before.kind in (role.QUANTITY, role.DEFINITE, role.ANOTHER)
            or (before.kind is role.OF and len(self.elements) > 1 and self.elements[-2].kind is role.QUANTITY)
        )
        phrase = self.lexicon.phrase(self.norms, i)
        if phrase is not None and phrase[1] & _TIMES and self.is_long_name(i + phrase[0] - 1, any_word=True):
            phrase = None  # "el doble crema", a cheese
        match = self._name(i, phrase, determined, before)
        if isinstance(match, int):
            return match
        if match is None and roles & _COUNTING and (end := self._number(i, phrase)):
            return end
        if match is not None:
            return add_thing(self, i, match)
        if phrase is not None and not self._is_behind_a_number(roles, phrase[1]):
            return self.steer(i, i + phrase[0], phrase[1])
        if role.ANOTHER in roles:
            return add_another(self, i)
        if role.LIMIT in roles and before is not None and before.kind is role.QUANTITY and self.opens_thing(i + 1):
            self.add(role.NOISE, i, i + 1)  # "1 solo pantalón"
            return i + 1
        if roles & _JOINING and (end := self._joined(i, before)):
            return end
        return self._plain(i, determined, before)

    def _set_phrase(self, i: int) -> int:
        """The token after words that mean the same everywhere: "c/u", "por persona", "con poco", "x 3"; otherwise 0."""
        if self.norms[i] not in _SET_PHRASES and role.CON not in self.roles[i]:
            return 0
        if end := add_share(self, i):
            return end
        if self.has(i, role.AND) and self.counts_too(i):
            self.add(role.NOISE, i, i + 1)  # "tuercas de 1/4 también 25"
            return i + 1
        if self.norm(i) == "c" and self.norm(i + 1) == "/" and self.norm(i + 2) in ("u", "uno", "una"):
            self.add(role.EACH, i, i + 3)
            return i + 3
        if (end := self.tails.person_end(i)) > i:
            self.add(role.EACH, i, end).flags.add(Flag.PERSON)
            return end
        if self.has(i, role.CON) and self.norm(i + 1) in _HOW_MUCH and self.norm(i + 2):
            self.add(role.NOISE, i, i + 3)  # "con poca azúcar" says how
            return i + 3
        if self.norm(i) == "color" and self.kind(-1) in _BEFORE_COLOUR and self.is_kind(i + 1):
            return add_quality(self, i + 1)  # "1 par color miel"
        if (half := half_of_last(self, i)) is not None:
            return add_quantity(self, i, half)
        if self.norm(i) == "x" and self.is_exchanged():
            self.add(role.BY, i, i + 1)  # "cambia la avena x 1 kilo de linaza"
            return i + 1
        if self.norm(i) == "x" and i + 1 < len(self.tokens) and self.tokens[i + 1].kind is NUMBER:
            self.add(role.LINK, i, i + 1).flags.add(Flag.X)
            return i + 1
        return 0

    def _name(self, i: int, phrase: Phrase | None, determined: bool, before: Element | None) -> Match | int | None:
        """The name at `i`, or the token after a half, a quality or contents that it begins."""
        token, roles = self.tokens[i], self.roles[i]
        match = None
        if self.introduces(i):
            return None
        open_to_names = not roles & FUNCTION or determined or role.HALF in roles
        open_to_names = open_to_names or (self.matcher.knows(token.norm) and self.lexicon.only_sounds(token.norm))
        open_to_names = open_to_names or (self.is_counted(i + 1) and i + 1 not in self.spans and self._is_spelled_so(i))
        open_to_names = open_to_names or (before is not None and before.kind is role.LINE and self.opens_entry(i))
        if open_to_names or (phrase is None and roles <= _SMALL_TALK):
            match = self.matcher.match(self.tokens, self.roles, i, noun=determined)
            if (
                match is None
                and before is not None
                and before.quantity is not None
                and before.quantity.unit is not None
            ):
                size = Size((1,), before.quantity.unit)
                match = self.matcher.match(self.tokens, self.roles, i, measured=size)
            if match is not None and match.words == 1 and token.norm in ("media", "medio") and self.is_product(i + 1):
                return add_quantity(self, i, Quantity(Fraction(1, 2), i + 1))  # "media gorra"
            if match is not None and not self._is_name(i, match, phrase, determined, before):
                match = None
            elif match is not None and (self._is_shade(match, roles, before) or self.is_flavour(i, match)):
                return add_quality(self, i)
        if match is not None:
            at, held = held_by(self, i)
            if held is not None and held.how in WHOLE and self._means_contents(held, match):
                return add_contents(self, i, at, held)
        if match is None and token.norm in ("media", "medio") and self.opens_name(i + 1):
            return add_quantity(self, i, Quantity(Fraction(1, 2), i + 1))
        if match is None and self.is_long_name(i) and not self.is_long_name(i + 1):
            match = self.matcher.match(self.tokens, self.roles, i, head_only=False)  # "tres leches", the cake
        return match

    def _means_contents(self, held: Match, match: Match) -> bool:
        """ "paquetes de pañales etapa 4", where "paquete de pañales" is a name; "cajas de pijas 6 x 2", where only the
        box of another size is called so."""
        if match.how is not How.OTHER:
            return match.how in _NOT_WHOLE or _goes_further(held, match)
        kin = self.matcher.families_of(held.products[0])
        return any(family in kin for family in self.matcher.families_of(match.products[0]))

    def _number(self, i: int, phrase: Phrase | None) -> int:
        """The token after a number in words; 0 if there is none at `i`."""
        token, roles = self.tokens[i], self.roles[i]
        if not roles.isdisjoint(_ONE_OR_MORE) and self.is_long_name(i + 1):
            value = self.lexicon.number(token.norm) or 1  # "un tres leches", "dos docenas de alitas"
            return add_quantity(self, i, Quantity(value, i + 1, article=role.ARTICLE in roles))
        if roles & QUANTITY_ROLES and not (phrase is not None and (phrase[0] > 2 or role.THANKS in phrase[1])):
            q = quantity(self.tokens, self.roles, i, self.lexicon, self.matcher.names)
            if q is not None:
                return add_quantity(self, i, q)
        return 0

    def _joined(self, i: int, before: Element | None) -> int:
        """The token after a quality behind "con", "sin", "en" or "para"; 0 if none belongs to the thing or number
        before."""
        token, roles = self.tokens[i], self.roles[i]
        determined = self.kind(-1) in (role.QUANTITY, role.DEFINITE) or self.narrows(-1)
        if not roles.isdisjoint(_OPENS_KIND) and determined and self.is_kind(i + 1):
            return add_quality(self, i + 1)  # "y una con gas", "2 en aceite"
        if (
            role.WITHOUT in roles
            and before is not None
            and before.kind in (role.QUANTITY, role.AND, role.COMMA, role.LINE, role.ONLY, role.BY, role.CORRECTION)
            and self._names_quality(i)
        ):
            element = self.add(role.QUALITY, i, i + 2)  # "una sin gas"
            element.words = [token.norm, self.tokens[i + 1].norm]
            element.text = self.written(i, i + 2)
            return i + 2
        if role.CON in roles and i + 1 < len(self.tokens):
            last = next((e for e in self.behind() if e.kind in THINGS), None)
            if (
                last is not None
                and last.match is not None
                and self.matcher.lacks(last.match.products[0], self.norms[i + 1])
            ):
                last.flags.add(Flag.KIND)
        if (
            not roles.isdisjoint(_WITH_OR_WITHOUT)
            and self.kind(-1) is role.QUANTITY
            and self.has_no_noun(i + 1)
            and (said := self.said_with(i))
        ):
            element = self.add(role.QUALITY, i, i + 1)  # "3 con gas y 2 sin"
            element.words = ["sin", said] if role.WITHOUT in roles else [said]
            element.text = self.written(i, i + 1)
            return i + 1
        if role.WITHOUT in roles and self.kind(-1) is role.PRODUCT and self.has(i + 1, role.VARIANTS):
            self.elements[-1].flags.add(Flag.KIND)  # "leche sin lactosa", where no product is called so
            self.add(role.NOISE, i, i + 2)
            return i + 2
        return 0

    def _plain(self, i: int, determined: bool, before: Element | None) -> int:
        """A word that neither counts nor steers: a quality, or something unknown."""
        roles = self.roles[i]
        if determined and before is not None and before.kind is role.OF and self.tells_apart(i):
            return add_quality(self, i)  # "uno de fiesta", "3 de niño"
        if (determined or self.kind(-1) in _LISTED) and roles <= _GOOD and self.settles(i):
            return add_quality(self, i)  # "Empanadas:\n3 carne\n2 pollo"
        if roles >= _HERBS and self.is_counted(i + 1) and not self.is_kind(i):
            return add_unknown(self, i)  # "romero 1"; but "verde 1 y rosa 1"
        if role.GOOD in roles and ((determined and not roles & _STEERING) or self._is_good(i)):
            return add_unknown(self, i)
        if determined and role.GOOD in roles and role.QUALITIES in roles and not self.is_kind(i):
            return add_unknown(self, i)  # "unos tacones"
        if self.kind(-1) is role.QUANTITY and role.MATERIALS in roles and not self.is_kind(i):
            return add_unknown(self, i)  # "10 gamuzas", but "una de gamuza"
        if self.kind(-1) is role.DEFINITE and self.kind(-2) is role.ONLY and self.is_kind(i):
            return add_quality(self, i)  # "solo el pelado"
        if roles - {role.GOOD}:
            return self._listed(i, determined)
        tells = determined or self.kind(-1) in _LISTED | _AS_MANY or self.kind(-1) is role.CORRECTION
        tells = tells or (self.kind(-1) is role.AND and self.is_counted(i + 1))  # "pilas AA 3 y AAA 2"
        tells = tells or (self.kind(-1) is role.COPULA and self.kind(-2) is role.CORRECTION)  # "no, perdón, son rin 13"
        tells = tells or (self.kind(-1) is role.BY and self.after_change())  # "cámbialas por king"
        if tells and not roles and self.is_kind(i):
            return add_quality(self, i)
        if (end := add_sheets(self, i)) > i:
            return end
        if self._happened(i):
            self.add(role.STORY, i, i + 1)
            return i + 1
        return add_unknown(self, i)

    def _happened(self, i: int) -> bool:
        """ "se me murieron 3 pollos": whether the word at `i` tells what happened to the customer."""
        to_him = i > 1 and self.norms[i - 2] == "se" and self.norms[i - 1] in ("me", "nos", "le", "les")
        return to_him and self.norms[i].endswith(_HAPPENED) and not self.norms[i].startswith(_FORGOT)

    def _is_behind_a_number(self, roles: Roles, phrase: Roles) -> bool:
        """ "2 de una plaza", "la de una plaza", where "de una" is no yes."""
        return role.OF in roles and role.YES in phrase and self.kind(-1) in (role.QUANTITY, role.DEFINITE)

    def _is_name(self, i: int, match: Match, phrase: Phrase | None, determined: bool, before: Element | None) -> bool:
        """Whether a match is more likely than the other roles that the word can have here."""
        roles = self.roles[i]
        if phrase is not None and not determined and phrase[0] > max(match.words, match.last - i + 1):
            return False
        counted = determined or self.is_counted(match.last + 1)
        named = counted and (match.words > 1 or self._is_spelled_so(i))  # "una poni malta", "1 shaker", "mirilla 1"
        if match.score < 1 and roles & _STRONG and not named:
            return False
        if roles & QUANTITY_ROLES and self._opens_collective(i) and match.how not in WHOLE:
            return False  # "media docena de grasa" is no "media docena de facturas"
        if match.words > 1:
            return True
        counts = roles & QUANTITY_ROLES and not self.lexicon.only_sounds(self.norms[i])  # "Quatro" is a drink
        if counts and (role.HALF not in roles or self._opens_collective(i)):
            return False
        described = before is not None and (before.kind in THINGS or self._is_other_colour(i, before))
        if role.MODIFIER in roles and described:
            return False
        return not (role.CONTAINER in roles and len(match.products) == 1 and match.how is How.START)

    def _is_spelled_so(self, i: int) -> bool:
        """Whether the word at `i` opens a name as written: "1 shaker", which sounds like a verb."""
        near = self.matcher.near(self.norms[i])
        return bool(near) and near[0][1] == EXACT

    def _is_other_colour(self, i: int, before: Element) -> bool:
        """ "botines negros o café": a colour after a thing's colour and "o"."""
        if before.kind is not role.OR or role.COLOURS not in self.roles[i] or self.kind(-2) not in THINGS:
            return False
        return self.elements[-2].end == before.start and self.has(before.start - 1, role.COLOURS)

    def _is_shade(self, match: Match, roles: Roles, before: Element | None) -> bool:
        """ "1 par café": the colour of goods sold in pairs, although a product has that name."""
        if match.words > 1 or role.COLOURS not in roles or before is None or before.quantity is None:
            return False
        return before.quantity.pairs and not self.matcher.products[match.products[0]].pair

    def _is_behind_of(self, i: int) -> bool:
        """Whether "de" precedes the word at `i`, and before that something that the word can describe."""
        before = self.kind(-1)
        if before is role.OF:
            return self.kind(-2) in _BEFORE_KIND or self.narrows(-2) or self.after_all()
        return (
            before is role.QUANTITY and role.OF in self.roles[i - 1] and not self.is_product(i)
        )  # "una docena de maicena"

    def _is_name_apart(self, i: int) -> bool:
        """Whether a product's name is at `i` that is not a kind of an earlier thing: "50 de losartán 50"."""
        match = self.matcher.match(self.tokens, self.roles, i, head_only=False)
        if match is None or len(match.products) != 1 or match.how is not How.NAME:
            return False
        return match.words > 1 or self.kinds(i) <= set(match.products)

    def _names_quality(self, i: int) -> bool:
        """Whether "sin" and the word after it are part of a product's name."""
        if i + 1 >= len(self.tokens) or self.tokens[i + 1].kind is not WORD:
            return False
        words = self.norms[i : i + 2]
        return all(map(self.matcher.knows, words)) and not self.matcher.names(words[1])

    def _is_good(self, i: int) -> bool:
        """Whether a colour that also names goods means the goods: "crema de manos", "café con leche", not "3
        camisas: una crema de cuadros"."""
        hangs_on = self.has(i + 1, role.OF) or self.has(i + 1, role.CON)
        if not (role.COLOURS in self.roles[i] and hangs_on and i + 2 < len(self.tokens)):
            return False
        if self.tokens[i + 2].kind is not WORD or role.MODIFIER in self.roles[i + 2]:
            return False
        before = next((e.match for e in self.behind() if e.match is not None), None)
        return before is None or not self.matcher.with_head(before.products[0], [self.norms[i + 2]])

    def _opens_collective(self, i: int) -> bool:
        for j in (i + 1, i + 2):
            if j < len(self.roles) and not self.roles[j].isdisjoint(_GROUPS):
                return True
            if not (j < len(self.roles) and role.OF in self.roles[j]):
                return False
        return False

    def _listed(self, i: int, determined: bool) -> int:
        roles = self.roles[i]
        if role.CONTAINER in roles and role.AND not in roles:
            return add_container(self, i, determined)
        if role.MODIFIER in roles or role.SIZEMARK in roles:
            numbered = role.SIZES in roles and self.is_counted(i + 1)  # "y pequeñas 3"
            listed = self.kind(-1) in _BEFORE_LISTED and (role.COLOURS in roles or numbered or self.is_kind(i))
            either = self.kind(-1) is role.OR and self.kind(-2) is role.PRODUCT  # "casco blanco o amarillo?"
            opens = listed or ((either or self.after_all()) and self.is_kind(i))
            if (determined and (role.NOUN not in roles or self.is_kind(i))) or opens or self.after_correction():
                return add_quality(self, i)
            if not roles & set(PRIORITY):
                self.add(role.NOISE, i, i + 1, roles)
                return i + 1
        return self.steer(i, i + 1, roles)


def _goes_further(held: Match, whole: Match) -> bool:
    """ "paquetes de pilas AAA", where "paquete de pilas" is a name, too."""
    return held.how in WHOLE and whole.how in WHOLE and held.words > 1 and held.end > whole.end
