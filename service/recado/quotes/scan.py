"""From tokens to elements: quantities, products, unknown things and the words that steer, in the order they stand."""

import itertools
from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache
from typing import Final

import msgspec

from recado.quotes.elements import (
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
)  # fmt: skip
from recado.quotes.joined import part_joined
from recado.quotes.lexicon import FUNCTION, NONE, QUANTITY_ROLES, lexicon
from recado.quotes.lists import drop_indices
from recado.quotes.matcher import Match, Matcher
from recado.quotes.noise import Noise
from recado.quotes.numbers import Quantity, quantity
from recado.quotes.steps import LONGEST_TEXT, MOST_TOKENS, TooLongError
from recado.quotes.tails import VERB_ENDINGS, Tails
from recado.quotes.text import EMOJI, NEWLINE, NUMBER, PUNCT, WORD, key, tokenise

_PRIORITY: Final = (
    "instead", "each", "double", "triple", "half_of", "same", "without", "correction", "negation", "remove", "change",
    "add", "request", "total", "price", "available", "story", "aside", "only", "another", "more", "but", "and", "or",
    "con", "possessive", "definite", "of", "for", "by", "to", "that", "ask", "copula", "greeting", "thanks",
    "courtesy", "nope", "yes", "help",
)  # fmt: skip
_SMALL_TALK: Final = frozenset(["greeting", "filler", "noun", "courtesy", "good"])
_STRONG: Final = frozenset(["request", "add", "remove", "change", "yes", "price"])
_MARKS: Final = {
    ",": COMMA, ";": COMMA, "/": COMMA, "+": COMMA, "&": COMMA, ".": STOP, "!": STOP, "¡": STOP, "?": QUESTION,
    "¿": STOP, ":": LINK, "=": LINK, "-": LINK, "(": LINK, "|": LINK, "•": LINE, ">": LINE,
}  # fmt: skip
_WORN_BY: Final = frozenset(["people", "modifier"])
"""The roles of "niño", "mujer": people, and whom a good is made for."""
_BEHIND: Final = 40
"""Elements looked at before the present one: more than any sentence has."""
_STEERING: Final = frozenset([*_PRIORITY, "container", "modifier"])


@lru_cache(maxsize=4096)
def _first_of(roles: frozenset[str]) -> str:
    """The part that words play, of all that they can."""
    return next((role for role in _PRIORITY if role in roles), NOISE)


class Scanner:
    """Reads one message against a matcher. Raises TooLongError for a text of too many letters or tokens."""

    def __init__(self, text: str, matcher: Matcher) -> None:
        if len(text) > LONGEST_TEXT:
            raise TooLongError
        self.text = text
        self.matcher = matcher
        self.lexicon = lexicon()
        self.tokens = tokenise(text)
        if len(self.tokens) > MOST_TOKENS:
            raise TooLongError
        drop_indices(self.tokens, self.lexicon)
        part_joined(self.tokens, matcher)
        find = self.lexicon.roles
        self.roles: list[frozenset[str]] = [find(t.norm) if t.kind == WORD else NONE for t in self.tokens]
        self.norms = [t.norm for t in self.tokens]
        self.masks = Noise(self.text, self.tokens, self.roles, matcher).masks()
        self.tails = Tails(self.tokens, self.roles, self.masks, matcher, self.lexicon)
        self.elements: list[Element] = []

    def scan(self) -> list[Element]:
        """The elements of the message."""
        i = 0
        n = len(self.tokens)
        while i < n:
            i = self._element(i)
        return self.elements

    # elements ------------------------------------------------------------------------------------------------

    def _add(self, kind: str, start: int, end: int, roles: frozenset[str] = NONE) -> Element:
        element = Element(kind, start, end, roles)
        element.index = len(self.elements)
        self.elements.append(element)
        return element

    def _element(self, i: int) -> int:
        mask = self.masks.get(i)
        token = self.tokens[i]
        before = self.elements[-1] if self.elements else None
        if mask is not None:
            kind, end = mask
            if kind in ("size", "price") and token.kind == NUMBER and self.matcher.near(token.norm):
                match = self.matcher.match(self.tokens, self.roles, i, head_only=False)
                if match is not None and match.words > 1:
                    return self._thing(i, match)
            if kind == "size":
                element = self._add(QUALITY, i, end)
                element.flags.add("size")
                element.text = self.written(i, end)
            else:
                self._add(MASK, i, end, frozenset([kind]))
            return end
        if token.kind == NUMBER:
            return self._number(i)
        if token.kind == EMOJI:
            self._add(NOISE, i, i + 1, frozenset(["emoji", token.norm]))
            return i + 1
        if token.kind == NEWLINE:
            self._add(LINE, i, i + 1)
            return i + 1
        if token.kind == PUNCT:
            kind = _MARKS.get(token.norm, NOISE)
            if kind == LINK and token.norm == "-" and (i == 0 or self.tokens[i - 1].kind == NEWLINE):
                kind = LINE
            element = self._add(kind, i, i + 1)
            if token.norm == "(":
                element.flags.add("open")
            elif token.norm == "/" and i > 0 and self.tokens[i - 1].norm == "c":
                element.kind = NOISE
            return i + 1
        return self._word(i, before)

    def _number(self, i: int) -> int:
        if self.tokens[i].norm in self.matcher.vocabulary.words:
            match = self.matcher.match(self.tokens, self.roles, i, head_only=False)
            if match is not None and match.words > 1:
                return self._thing(i, match)
        if self._kind(-1) == "of" and self._kind(-2) == QUANTITY and i + 1 < len(self.tokens):
            after = self.tokens[i + 1]
            if after.kind == WORD and self.matcher.knows(after.norm) and key(after.norm) not in self.matcher.single:
                element = self._add(QUALITY, i, i + 2)  # "dos de 2 plazas"
                element.words = [self.tokens[i].norm, after.norm]
                element.text = self.written(i, i + 2)
                return i + 2
        q = quantity(self.tokens, self.roles, i, self.lexicon, self.matcher.names)
        if q is None:
            self._add(MASK, i, i + 1, frozenset(["number"]))
            return i + 1
        return self._quantity(i, q)

    def _quantity(self, i: int, q: Quantity) -> int:
        if q.pieces and self._is_vessel(q.end - 1):
            q = msgspec.structs.replace(q, end=q.end - 1, pieces=False)
        element = self._add(QUANTITY, i, q.end)
        element.quantity = q
        if i > 0 and self.tokens[i - 1].norm == "-" and not self.tokens[i].spaced and self.tokens[i].kind == NUMBER:
            dash = self.tokens[i - 1]
            opener = self.elements[-3] if len(self.elements) >= 3 else None
            steered = opener is not None and opener.kind in (
                "request",
                "add",
                "and",
                "correction",
                "greeting",
                "courtesy",
                NOISE,
                COMMA,
            )
            if dash.spaced and steered and self.elements[-2].kind == LINK:
                element.negative = True
        end = q.end
        if self._norm(end) == "x" and end < len(self.tokens):
            element.flags.add("x after")
            end += 1
        return end

    def _is_vessel(self, i: int) -> bool:
        """Whether a container that holds nothing is itself the thing: "6 vasos", but not "pintura, 2 galones"."""
        if "container" not in self.roles[i] or self.roles[i] & {"unit", "piece"} or self._is_product(i + 1):
            return False
        if self._kind(-1) == "and":
            return True
        last = next((e for e in self._behind() if e.kind in THINGS), None)
        return last is None or (last.index > 0 and self.elements[last.index - 1].kind == QUANTITY)

    def _word(self, i: int, before: Element | None) -> int:
        token = self.tokens[i]
        roles = self.roles[i]
        if token.norm == "c" and self._norm(i + 1) == "/" and self._norm(i + 2) in ("u", "uno", "una"):
            self._add("each", i, i + 3)
            return i + 3
        if token.norm == "x" and i + 1 < len(self.tokens) and self.tokens[i + 1].kind == NUMBER:
            self._add(LINK, i, i + 1).flags.add("x")
            return i + 1
        determined = before is not None and (
            before.kind in (QUANTITY, "definite", "another")
            or (before.kind == "of" and len(self.elements) > 1 and self.elements[-2].kind == QUANTITY)
        )
        phrase = self.lexicon.phrase(self.norms, i)
        match = None
        open_to_names = not roles & FUNCTION or determined or "half" in roles
        if open_to_names or (phrase is None and roles <= _SMALL_TALK):
            match = self.matcher.match(self.tokens, self.roles, i, noun=determined)
            if match is not None and match.words == 1 and token.norm in ("media", "medio") and self._is_product(i + 1):
                return self._quantity(i, Quantity(Fraction(1, 2), i + 1))  # "media gorra"
            if match is not None and not self._is_name(i, match, phrase, determined, before):
                match = None
            elif match is not None and self._is_shade(match, roles, before):
                return self._quality(i)
        if match is None and roles & QUANTITY_ROLES and not (phrase is not None and phrase[0] > 2):
            q = quantity(self.tokens, self.roles, i, self.lexicon, self.matcher.names)
            if q is not None:
                return self._quantity(i, q)
        if match is not None:
            return self._thing(i, match)
        if phrase is not None:
            length, phrase_roles = phrase
            return self._steer(i, i + length, phrase_roles)
        if "another" in roles:
            return self._another(i)
        if "limit" in roles and before is not None and before.kind == QUANTITY and self._opens_thing(i + 1):
            self._add(NOISE, i, i + 1)  # "1 solo pantalón"
            return i + 1
        if (
            "without" in roles
            and before is not None
            and before.kind in (QUANTITY, "and", COMMA, LINE)
            and self._names_quality(i)
        ):
            element = self._add(QUALITY, i, i + 2)  # "una sin gas"
            element.words = [token.norm, self.tokens[i + 1].norm]
            element.text = self.written(i, i + 2)
            return i + 2
        if determined and before is not None and before.kind == "of" and self._tells_apart(i):
            return self._quality(i)  # "uno de fiesta", "3 de niño"
        if "good" in roles and ((determined and not roles & _STEERING) or self._is_good(i)):
            return self._unknown(i)
        if roles - {"good"}:
            return self._listed(i, determined)
        if determined and not roles and self.matcher.knows(token.norm):
            return self._quality(i)
        return self._unknown(i)

    def _is_name(
        self, i: int, match: Match, phrase: tuple[int, frozenset[str]] | None, determined: bool, before: Element | None
    ) -> bool:
        """Whether a match stands against the other parts that the word can play here."""
        roles = self.roles[i]
        if phrase is not None and not determined and phrase[0] > max(match.words, match.last - i + 1):
            return False
        if match.score < 1 and roles & _STRONG:
            return False
        if match.words > 1:
            return True
        if roles & QUANTITY_ROLES and ("half" not in roles or self._opens_collective(i)):
            return False
        if "modifier" in roles and before is not None and (before.kind in THINGS or self._is_other_colour(i, before)):
            return False
        return not ("container" in roles and len(match.products) == 1 and match.how == "start of the name")

    def _is_other_colour(self, i: int, before: Element) -> bool:
        """ "botines negros o café": behind a thing's colour and "o", a colour."""
        if before.kind != "or" or "colours" not in self.roles[i] or self._kind(-2) not in THINGS:
            return False
        return self.elements[-2].end == before.start and self._has(before.start - 1, "colours")

    def _is_shade(self, match: Match, roles: frozenset[str], before: Element | None) -> bool:
        """ "1 par café": the colour of goods by the pair, though a product bears its name."""
        if match.words > 1 or "colours" not in roles or before is None or before.quantity is None:
            return False
        return before.quantity.pairs and not self.matcher.products[match.products[0]].pair

    def _is_product(self, i: int) -> bool:
        return i < len(self.tokens) and self.tokens[i].kind == WORD and self.matcher.names(self.norms[i])

    def _opens_thing(self, i: int) -> bool:
        return i < len(self.tokens) and self.tokens[i].kind == WORD and not self.roles[i] & FUNCTION

    def _tells_apart(self, i: int) -> bool:
        return self.roles[i] >= _WORN_BY or self._is_part(self.norms[i])

    def _is_part(self, norm: str) -> bool:
        """Whether a word belongs to products' names without being one."""
        return self.matcher.knows(norm) and not self.matcher.names(norm)

    def _names_quality(self, i: int) -> bool:
        """Whether "sin" and the word after it are part of a product's name."""
        if i + 1 >= len(self.tokens) or self.tokens[i + 1].kind != WORD:
            return False
        words = self.norms[i : i + 2]
        return all(map(self.matcher.knows, words)) and not self.matcher.names(words[1])

    def _is_good(self, i: int) -> bool:
        """Whether a colour that is a good too is the good: "crema de manos", not "3 camisas: una crema de cuadros"."""
        if not ("colours" in self.roles[i] and self._has(i + 1, "of") and i + 2 < len(self.tokens)):
            return False
        if self.tokens[i + 2].kind != WORD or "modifier" in self.roles[i + 2]:
            return False
        before = next((e.match for e in self._behind() if e.match is not None), None)
        return before is None or not self.matcher.with_head(before.products[0], [self.norms[i + 2]])

    def _opens_collective(self, i: int) -> bool:
        for j in (i + 1, i + 2):
            if j < len(self.roles) and self.roles[j] & {"collective", "pair"}:
                return True
            if not (j < len(self.roles) and "of" in self.roles[j]):
                return False
        return False

    def _another(self, i: int) -> int:
        """ "otra": one more; "otra de lapiceros" after "una docena de lápices": one more dozen."""
        if i + 1 < len(self.tokens) and (self.tokens[i + 1].kind == NUMBER or self.roles[i + 1] & QUANTITY_ROLES):
            return self._steer(i, i + 1, self.roles[i])
        q = Quantity(1, i + 1, article=True)
        if self._has(i + 1, "of"):
            before = next((e.quantity for e in self._behind() if e.quantity is not None), None)
            if before is not None and before.collective:
                q = Quantity(before.value, i + 1, collective=True)
            elif before is not None and before.pairs:
                q = Quantity(1, i + 1, pairs=True)
        element = self._add(QUANTITY, i, i + 1)
        element.quantity = q
        element.flags.add("another")
        return i + 1

    def _steer(self, start: int, end: int, roles: frozenset[str]) -> int:
        kind = _first_of(roles)
        if kind == "another":
            element = self._add(QUANTITY, start, end)
            element.quantity = Quantity(1, end, article=True)
            element.flags.update(("another", "more"))
            if start + 1 == end:
                element.kind, element.quantity = NOISE, None
            return end
        self._add(kind, start, end, roles)
        return end

    def _listed(self, i: int, determined: bool) -> int:
        roles = self.roles[i]
        if "container" in roles and not roles & {"and"}:
            return self._container(i, determined)
        if "modifier" in roles or "sizemark" in roles:
            opens = self._kind(-1) in (LINE, COMMA, "and", LINK) and "colours" in roles
            if (determined and not roles & {"noun"}) or opens or self._after_correction():
                return self._quality(i)
            if not roles & set(_PRIORITY):
                self._add(NOISE, i, i + 1, roles)
                return i + 1
        return self._steer(i, i + 1, roles)

    def _after_correction(self) -> bool:
        return any(e.kind == "correction" for e in self.elements[-3:])

    def _container(self, i: int, determined: bool) -> int:
        """ "bolsas de café": the coffee, if the catalogue has it; else an unknown thing."""
        j = i + 1
        if self._has(j, "of"):
            j += 1
            while self._has(j, "definite"):
                j += 1
            if j < len(self.tokens) and self.tokens[j].kind == WORD:
                match = self.matcher.match(self.tokens, self.roles, j)
                if match is not None and not self.matcher.products[match.products[0]].pair:
                    end = self._thing(j, match)
                    self.elements[-1].flags.add("container")
                    self.elements[-1].start = i
                    return end
                if match is not None:  # "caja de zapatos" is no pair of shoes
                    return self._unknown(i)
        if determined or self._has(i + 1, "of"):
            return self._unknown(i)
        self._add(NOISE, i, i + 1, self.roles[i])
        return i + 1

    def _thing(self, i: int, match: Match) -> int:
        several = len(match.products) > 1
        element = self._add(SEVERAL if several else PRODUCT, i, match.end)
        element.match = match
        end = self.tails.end(match.end)
        element.end = end
        element.text = self.written(i, max(match.end, self.tails.trimmed(match.end, end)) if several else match.end)
        if end > match.end:
            element.flags.add("qualified")
        return end

    def _unknown(self, i: int) -> int:
        element = self._add(UNKNOWN, i, i + 1, self.roles[i])
        end = self.tails.end(i + 1, unknown=True)
        element.end = end
        element.text = self.written(i, max(i + 1, self.tails.trimmed(i + 1, end)))
        norm = self.tokens[i].norm
        good = "good" in self.roles[i] or "container" in self.roles[i]
        if good:
            element.flags.add("good")
        elif norm.endswith(VERB_ENDINGS) or len(norm) < 2:
            element.flags.add("verb")
        return end

    def _quality(self, i: int) -> int:
        """A colour, a size or a part of a name that stands for a thing said before."""
        element = self._add(QUALITY, i, i + 1)
        end = i
        while end < len(self.tokens):
            mask = self.masks.get(end)
            if mask is not None and mask[0] == "size":
                end = mask[1]
                continue
            roles = self.roles[end]
            if self.tokens[end].kind != WORD:
                break
            if roles & {"modifier", "sizemark"} or (
                self.matcher.knows(self.tokens[end].norm) and "article" not in roles
            ):
                element.words.append(self.tokens[end].norm)
                end += 1
            elif end > i and "of" in roles and end + 1 < len(self.tokens) and self.roles[end + 1] & {"modifier"}:
                end += 1
            else:
                break
        element.end = max(end, i + 1)
        if self.elements[-2:-1] and self.elements[-2].kind == "definite":
            element.text = self.written(self.elements[-2].start, element.end)
        else:
            element.text = self.written(i, element.end)
        return element.end

    def written(self, start: int, end: int) -> str:
        if end <= start:
            return ""
        return self.text[self.tokens[start].start : self.tokens[end - 1].end].strip()

    def _behind(self) -> Iterable[Element]:
        """The elements before the present one, the nearest first."""
        return itertools.islice(reversed(self.elements), _BEHIND)

    def _kind(self, i: int) -> str:
        """The kind of the element at `i`, counted from the end."""
        return self.elements[i].kind if len(self.elements) >= -i else ""

    def _norm(self, i: int) -> str:
        return self.tokens[i].norm if i < len(self.tokens) else ""

    def _has(self, i: int, role: str) -> bool:
        return i < len(self.roles) and role in self.roles[i]
