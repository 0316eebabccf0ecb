"""A table of rules, and the spans of a message that they find."""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from recado.quotes.language.lexicon import NONE
from recado.quotes.language.role import Roles, named
from recado.quotes.language.text import NUMBER
from recado.quotes.scan.words import Kind, Span, Words

_Key = tuple[bool, str, Roles]
"""Whether a token is a number, its word if a pattern has that, its roles."""
_NOTHING: Final[_Key] = (False, "", NONE)

Guard = Callable[[Words, int, int], bool]
"""A question about the tokens from a pattern's first to the one before its end."""
End = Callable[[Words, int, int], int]
"""The end of a stretch whose pattern ends at the last number given; 0 if there is no stretch."""


class Rule(msgspec.Struct, frozen=True, eq=False):
    """One row of a table.

    pattern: one alternative a line, of items with a space between them. An item is `N` for a number, `@role` for a word
    of that role, or a word or mark as it is; "|" parts alternatives, "~" says that no space precedes it, "*" that
    it may come any number of times. when, unless: what else must, or must not, be so. end: how far the stretch goes on.
    examples: texts with the stretch in brackets. counterexamples: texts without a stretch of this kind.
    """

    name: str
    kind: Kind
    pattern: str
    examples: tuple[str, ...]
    counterexamples: tuple[str, ...] = ()
    when: Guard | None = None
    unless: Guard | None = None
    end: End | None = None


class _Item(msgspec.Struct, frozen=True):
    """What may be at one place of a pattern."""

    number: bool
    words: frozenset[str]
    roles: Roles
    glued: bool
    repeated: bool

    def fits(self, words: Words, i: int) -> bool:
        if i >= words.count or (self.glued and words.tokens[i].spaced):
            return False
        return self.is_one(words.tokens[i].kind is NUMBER, words.tokens[i].norm, words.roles[i])

    def is_one(self, number: bool, norm: str, roles: Roles) -> bool:
        return (self.number and number) or norm in self.words or not self.roles.isdisjoint(roles)


def _item(written: str) -> _Item:
    names = written.removeprefix("~").removesuffix("*").split("|")
    roles = frozenset(named(name[1:]) for name in names if name.startswith("@"))
    words = frozenset(name for name in names if name != "N" and not name.startswith("@"))
    return _Item("N" in names, words, roles, written.startswith("~"), written.endswith("*"))


class _Row(msgspec.Struct, frozen=True, eq=False):
    """One alternative of a rule's pattern."""

    rule: Rule
    items: tuple[_Item, ...]

    def may_open(self, first: _Key, second: _Key) -> bool:
        """Whether the first two items fit tokens of these keys, as far as a key tells."""
        if not self.items[0].is_one(*first):
            return False
        return len(self.items) == 1 or self.items[1].repeated or self.items[1].is_one(*second)

    def end(self, words: Words, start: int) -> int:
        """The end of the stretch that starts at `start`; 0 if none does."""
        end = start
        for item in self.items:
            if item.repeated:
                while item.fits(words, end):
                    end += 1
            elif item.fits(words, end):
                end += 1
            else:
                return 0
        rule = self.rule
        if (rule.when is not None and not rule.when(words, start, end)) or (
            rule.unless is not None and rule.unless(words, start, end)
        ):
            return 0
        return end if rule.end is None else rule.end(words, start, end)


class Table:
    """Rules in the order in which they are tried. At each place of a message the first that fits counts."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rows = [_Row(r, tuple(map(_item, line.split()))) for r in rules for line in r.pattern.splitlines()]
        self._words = frozenset(word for row in self._rows for item in row.items for word in item.words)
        firsts = [row.items[0] for row in self._rows]
        self._first_words = frozenset(word for item in firsts for word in item.words)
        self._first_roles = frozenset(role for item in firsts for role in item.roles)
        self._pairs: dict[tuple[_Key, _Key], tuple[_Row, ...]] = {}
        """The rows that may fit a token and the one after it, found at their first use: there are few keys."""

    def spans(self, words: Words) -> dict[int, Span]:
        """The spans of one message by their first token; they do not overlap."""
        past = 0
        first_words, first_roles = self._first_words, self._first_roles
        for i, (token, roles) in enumerate(zip(words.tokens, words.roles, strict=True)):
            if i < past:
                continue
            if token.kind is NUMBER or token.norm in first_words or not roles.isdisjoint(first_roles):
                past = self._note(words, i, self._may_open(self._key(words, i), self._key(words, i + 1)))
        return words.spans

    def _key(self, words: Words, i: int) -> _Key:
        if i >= words.count:
            return _NOTHING
        token = words.tokens[i]
        return token.kind is NUMBER, token.norm if token.norm in self._words else "", words.roles[i]

    def _may_open(self, first: _Key, second: _Key) -> tuple[_Row, ...]:
        """The rows that may fit a token and the one after it."""
        rows = self._pairs.get((first, second))
        if rows is None:
            rows = self._pairs[first, second] = tuple(row for row in self._rows if row.may_open(first, second))
        return rows

    @staticmethod
    def _note(words: Words, i: int, rows: tuple[_Row, ...]) -> int:
        """Records the span that starts at `i`; returns its end, or 0 if there is none."""
        for row in rows:
            end = row.end(words, i)
            if end > i:
                words.spans[i] = Span(row.rule.kind, i, end)
                return end
        return 0
