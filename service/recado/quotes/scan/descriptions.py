"""Finds the description of a thing: colour, size, material and purpose that do not distinguish products."""

import itertools
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Final

from recado.quotes.catalogue.matcher import How, Matcher
from recado.quotes.catalogue.measures import measure
from recado.quotes.catalogue.vocabulary import TWO_EDITS
from recado.quotes.language import role
from recado.quotes.language.lexicon import FUNCTION, Lexicon
from recado.quotes.language.role import Role, Roles
from recado.quotes.language.text import NUMBER, WORD, Token, key
from recado.quotes.scan.words import Kind, Span

_QUALITIES: Final = frozenset([role.MODIFIER, role.SIZEMARK])
_AGREEING: Final = frozenset([role.AND, role.YES])
PARTICIPLES: Final = ("ado", "ada", "ados", "adas", "ido", "ida", "idos", "idas")
"""Endings of words that only say how: "mozzarella rallada"."""
INFINITIVES: Final = ("ar", "er", "ir")
VERB_ENDINGS: Final = (
    *INFINITIVES,
    "ando",
    "iendo",
    "arme",
    "erme",
    "irme",
    "arle",
    "erle",
    "irle",
    "arlo",
    "arla",
    "arlos",
    "arlas",
    "amos",
    "emos",
    "imos",
    "mente",
)
"""Endings of words that are not nouns: "comprar", "buscando", "urgentemente"."""
_COMMAND: Final = re.compile(r"\w*[áéíóú]\w*[ae]n?(?:me|se|nos)?l[aeo]s?")


def is_command(written: str) -> bool:
    """Whether the accent of a word as written is that of a command with a pronoun: "envuélvalos", "córtenmela"."""
    return _COMMAND.fullmatch(written.lower()) is not None


class Tails:
    """Finds the end of a description in one message."""

    def __init__(
        self,
        tokens: list[Token],
        norms: list[str],
        roles: list[Roles],
        spans: Mapping[int, Span],
        matcher: Matcher,
        lexicon: Lexicon,
    ) -> None:
        self.tokens = tokens
        self.roles = roles
        self.norms = norms
        self.spans = spans
        self.matcher = matcher
        self.lexicon = lexicon

    def end(self, i: int, unknown: bool = False, sold_by: str | None = None) -> int:
        """The token after the words that describe the thing before `i`: colours, sizes, "de algodón", "para mi
        mamá". sold_by: the dimension of the unit in which the thing is sold, as an amount of it may follow."""
        strange = 0
        while i < len(self.tokens):
            span = self.spans.get(i)
            if span is not None:
                if span.kind is Kind.MEASURE and self._counts(i, sold_by):
                    return i
                if span.kind in (Kind.SIZE, Kind.MEASURE):
                    i = span.end
                    continue
                if span.kind is Kind.PRICE and self.tokens[i].kind is WORD and role.OF in self.roles[i]:
                    i = span.end
                    continue
                return i
            token, roles = self.tokens[i], self.roles[i]
            if token.kind is not WORD or (self.lexicon.phrase(self.norms, i) is not None and not self.is_version(i)):
                return i
            if not roles.isdisjoint(_QUALITIES) and (roles.isdisjoint(_AGREEING) or self.is_version(i)):
                i += 1
            elif (
                role.OF in roles
                or role.FOR in roles
                or (token.norm in ("en", "a") and i + 1 < len(self.tokens))
                or role.CON in roles
            ):
                end = self._complement(i, token.norm, roles)
                if end == i:
                    return i
                i = end
            elif (
                (not roles or (unknown and role.GOOD in roles and role.ARTICLE not in roles))
                and strange < (2 if unknown else 1)
                and not self._is_near(token.norm)
            ):
                if token.norm.endswith(VERB_ENDINGS):
                    return i
                strange += 1
                i += 1
            else:
                return i
        return i

    def is_version(self, i: int) -> bool:
        """Whether the word at `i` makes another model of the number before it: "iphone 14 pro max"."""
        if role.KINDS not in self.roles[i] or i == 0:
            return False
        return self.norms[i - 1][-1].isdigit() or (role.KINDS in self.roles[i - 1] and self.is_version(i - 1))

    def person_end(self, i: int) -> int:
        """The token after "cada niño", "por persona", "por cada invitado", "cada cuarto" of 4; `i` if there is none."""
        if i >= len(self.tokens):
            return i
        j = i + 1 if self.norms[i] in ("por", "x") and i else i
        each = j < len(self.tokens) and self.norms[j] == "cada"
        j += each
        person = self._has(j, role.PEOPLE) or (j < len(self.norms) and self.norms[j] == "cabeza")
        person = person or (each and self._is_counted_elsewhere(j))
        if j == i or not person or (not each and self.norms[j].endswith("s")):
            return i
        return j + 1

    def _is_counted_elsewhere(self, i: int) -> bool:
        """Whether the word at `i`, or what it stands for, has a number elsewhere: "cada vestido, son 8"."""
        if i >= len(self.tokens) or self.tokens[i].kind is not WORD or self.matcher.names(self.norms[i]):
            return False
        return key(self.norms[i]) in self._counted or "son" in self._counted

    @cached_property
    def _counted(self) -> frozenset[str]:
        """The keys of the words after a number, and "son" if it precedes one."""
        pairs = list(itertools.pairwise(self.tokens))
        nouns = (key(b.norm) for a, b in pairs if a.kind is NUMBER)
        return frozenset([*nouns, *(a.norm for a, b in pairs if a.norm == "son" and b.kind is NUMBER)])

    def _counts(self, i: int, sold_by: str | None = None) -> bool:
        """Whether a measure is an amount: "arroz 2 kg"; "80 cm" of a thing sold by length."""
        found = measure(self.tokens, self.roles, i, self.lexicon)
        if found is None or found.unit is None:
            return False
        return found.counts or found.unit.dimension == sold_by

    def _is_near(self, norm: str) -> bool:
        """Whether a word may be a product of its own; a bad misspelling after a thing counts as an adjective."""
        near = self.matcher.near(norm)
        return bool(near) and near[0][1] > TWO_EDITS

    def _complement(self, i: int, norm: str, roles: Roles) -> int:
        """The end of "de algodón", "para mi mamá", "con capucha", "en negro"; `i` if there is none."""
        j = i + 1
        joins = role.CON in roles
        while j < len(self.tokens) and self.roles[j] & {role.DEFINITE, role.POSSESSIVE} and not joins:
            j += 1
        if self._is_each(j):
            return i
        if j >= len(self.tokens) or self.tokens[j].kind not in (WORD, NUMBER) or self.roles[j] & {role.AND, role.OR}:
            return j if role.FOR in roles and j > i + 1 else i  # "para mí"
        if role.OF in roles and self._counts(j):
            return i  # "una torta de dos kilos": how much
        span = self.spans.get(j)
        if span is not None:
            return span.end if span.kind in (Kind.SIZE, Kind.MEASURE) and role.OF in roles else i
        own = self.roles[j]
        if self.tokens[j].kind is NUMBER or own & {role.NUMBER, role.ARTICLE}:
            return j + 2 if self._describes(roles, j) else i
        if own & {role.REQUEST, role.ADD, role.NEGATION, role.THAT, role.EACH, role.ANOTHER, role.INSTEAD, role.BY}:
            return i
        if norm in ("en", "a"):
            return j + 1 if self._is_manner(norm, j) else i
        if joins and own & {role.DEFINITE, role.POSSESSIVE, role.NOUN}:
            return i
        if role.FOR in roles and self._is_infinitive(j):
            return self._object(j + 1)
        match = self.matcher.match(self.tokens, self.roles, j)
        if joins and match is not None and match.words > 1 and match.how in (How.NAME, How.SOUND):
            return i  # "hamburguesa con extra queso": a thing of its own
        return j + 1 if match is None else match.end

    def _is_each(self, i: int) -> bool:
        """Whether "cada uno" or "cada niño" is at `i`."""
        phrase = self.lexicon.phrase(self.norms, i)
        return (phrase is not None and role.EACH in phrase[1]) or self.person_end(i) > i

    def _describes(self, roles: Roles, i: int) -> bool:
        """Whether the number at `i` and the word after it describe a thing: "para 4 personas", "de dos colores"."""
        if role.FOR in roles:
            return self._has(i + 1, role.PEOPLE) or (role.ARTICLE in self.roles[i] and self._is_foreign(i + 1))
        if role.OF not in roles:
            return False
        if self.tokens[i].kind is NUMBER and (self._has(i + 1, role.MEASURE) or self._has(i + 1, role.TIMEUNIT)):
            return True
        return self.tokens[i].value in (1, 2, 3, 4, 5, None) and self._is_foreign(i + 1)

    def _is_foreign(self, i: int) -> bool:
        """Whether the word at `i` is in no product's name."""
        return i < len(self.tokens) and self.tokens[i].kind is WORD and not self.matcher.near(self.norms[i])

    def _is_manner(self, norm: str, i: int) -> bool:
        """Whether the word at `i` says how, after "en" or "a": "en negro", "a rayas"."""
        if role.MODIFIER in self.roles[i]:
            return True
        near = self.matcher.near(self.norms[i])
        return (norm == "en" and bool(near)) or not (self.roles[i] or near)

    def _is_infinitive(self, i: int) -> bool:
        norm, roles = self.norms[i], self.roles[i]
        return norm.endswith(INFINITIVES) and (not roles or role.FILLER in roles) and not self.matcher.knows(norm)

    def _object(self, i: int) -> int:
        """The token after the goods in a purpose: "para jugar tenis", "para limpiar los zapatos"; `i` if there are
        none."""
        j = i
        while j < len(self.tokens) and self.roles[j] & {role.CON, role.DEFINITE, role.POSSESSIVE}:
            j += 1
        if j >= len(self.tokens) or self.tokens[j].kind is not WORD or self.roles[j] & FUNCTION:
            return i
        match = self.matcher.match(self.tokens, self.roles, j)
        return i if match is None else match.end

    def trimmed(self, start: int, end: int) -> int:
        """`end` without the sizes, prices and purposes at the end of a fragment."""
        for i in range(start, end):
            if i in self.spans or (
                role.FOR in self.roles[i]
                and i + 1 < len(self.roles)
                and self.roles[i + 1] & {role.POSSESSIVE, role.DEFINITE, role.NOUN, role.ARTICLE}
            ):
                return i
        return end

    def _has(self, i: int, role: Role) -> bool:
        return i < len(self.roles) and role in self.roles[i]
