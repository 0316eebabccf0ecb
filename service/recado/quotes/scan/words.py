"""The words, numbers and marks of one message, the kinds of its spans, and the questions that rules ask."""

from enum import StrEnum
from typing import Final

import msgspec

from recado.quotes.catalogue.matcher import Matcher
from recado.quotes.language import role
from recado.quotes.language.lexicon import NONE
from recado.quotes.language.role import Role, Roles
from recado.quotes.language.text import NEWLINE, NUMBER, PUNCT, WORD, Token

_ENDS: Final = frozenset([role.AND, role.COURTESY, role.THANKS, role.BUT])
_PIECES: Final = frozenset([role.PIECE, role.CONTAINER, role.COLLECTIVE, role.PAIR])
_NO_GOODS: Final = frozenset([role.CURRENCY, role.TIMEUNIT, role.MONTH, role.DEFINITE, role.TO, role.AND])


class Kind(StrEnum):
    """What a span is that is neither a thing nor an amount."""

    PRICE = "price"
    PAYMENT = "payment"
    PHONE = "phone"
    ADDRESS = "address"
    DATE = "date"
    TIME = "time"
    SIZE = "size"
    MEASURE = "measure"
    PERCENT = "percent"
    ORDINAL = "ordinal"
    LINK = "link"

    @property
    def roles(self) -> Roles:
        """The roles that a span has, like a word."""
        return _PLAYED.get(self, NONE)


_PLAYED: Final = {kind: frozenset([role.named(kind)]) for kind in (Kind.PRICE, Kind.PHONE, Kind.ADDRESS, Kind.MEASURE)}


class Span(msgspec.Struct, frozen=True, gc=False):
    """One stretch, from token `start` to the one before `end`."""

    kind: Kind
    start: int
    end: int


_THING: Final = 6
"""Tokens from an amount to the mark behind its thing."""
_SLIP: Final = 2
"""How far a number is from the one that it may correct."""


class Words:
    """The tokens of one message with the roles of each. A place outside the message has no word and no role."""

    def __init__(self, text: str, tokens: list[Token], roles: list[Roles], matcher: Matcher) -> None:
        self.text = text
        self.tokens = tokens
        self.roles = roles
        self.matcher = matcher
        self.count = len(tokens)
        self.spans: dict[int, Span] = {}  # what was found so far, by the token that it starts at

    def norm(self, i: int) -> str:
        return self.tokens[i].norm if 0 <= i < self.count else ""

    def has(self, i: int, role: Role) -> bool:
        return 0 <= i < self.count and role in self.roles[i]

    def is_number(self, i: int) -> bool:
        return 0 <= i < self.count and self.tokens[i].kind is NUMBER

    def is_capital(self, i: int) -> bool:
        return i < self.count and self.text[self.tokens[i].start].isupper()

    def names_long(self, i: int) -> bool:
        """Whether a name of two or more words is here word for word."""
        return self.matcher.written_out(self.tokens, i) is not None

    def closes(self, i: int) -> bool:
        """Whether a clause ends here: end of the text, a new line, a mark, a conjunction, a courtesy."""
        if i >= self.count:
            return True
        return self.tokens[i].kind in (PUNCT, NEWLINE) or not self.roles[i].isdisjoint(_ENDS)

    def names_product(self, i: int) -> bool:
        """Whether a product's name, or a noun for pieces, begins here (an "of" before it does not matter)."""
        if self.has(i, role.OF):
            i += 1
        if not 0 <= i < self.count or self.tokens[i].kind is not WORD:
            return False
        if not self.roles[i].isdisjoint(_PIECES):
            return True
        if not self.roles[i].isdisjoint(_NO_GOODS):
            return False
        near = self.matcher.near(self.tokens[i].norm)
        return bool(near) and self.matcher.opens(near[0][0])

    def counts_again(self, at: int) -> bool:
        """Whether the number behind "no" is about as high as the amount of a thing before it that has no such sizes."""
        if not (self.is_number(at + 1) and self.closes(at + 2)):
            return False
        counted = next((i for i in range(at - 2, max(-1, at - _THING), -1) if self.is_number(i)), -1)
        first, again = self.tokens[counted].value, self.tokens[at + 1].value
        if counted < 0 or first is None or again is None or not 0 < abs(float(first) - float(again)) <= _SLIP:
            return False
        match = self.matcher.match(self.tokens, self.roles, counted + 1)
        numbered = (f.plain_numbers for n in (match.products if match else ()) for f in self.matcher.families_of(n))
        return match is not None and not any(numbered)
