"""Finds the catalogue's products in a text: the most specific one, with plurals, synonyms and misspellings.

A name is a head word followed by words and sizes ("camisa" with `manga`, `larga`; "tubo" with 1/2" and 5 m).
"""

from enum import StrEnum
from typing import Final

import msgspec

from recado.quotes.catalogue.index import MOST
from recado.quotes.catalogue.kin import Kin
from recado.quotes.catalogue.name_words import what_is_said
from recado.quotes.catalogue.parts import Family
from recado.quotes.catalogue.said import (
    Said,
    forms_said,
    has_span,
    is_other_kind,
    is_other_model,
    lacks_container,
    only_without,
    says_the_same,
    tells_quality,
    tells_rest,
)
from recado.quotes.catalogue.vocabulary import EXACT, SMALL_FORM
from recado.quotes.language import role
from recado.quotes.language.role import Roles
from recado.quotes.language.sizes import Size
from recado.quotes.language.text import NUMBER, WORD, Token, bases, plain

MOST_CHOICES: Final = 8  # products that a word may leave open
_HEAD_AND_WORD: Final = 2
"""Up to this many parts do not identify a name whose other parts are left out; three that only one product has do."""
_WEAK_HEADS: Final = frozenset([role.CONTAINER, role.ARTICLE, role.NUMBER, role.HALF, role.PAIR])


class How(StrEnum):
    """How a part of a text names a product."""

    NAME = "name"
    SOUND = "sounds like the name"
    MISSPELLED = "misspelled name"
    JOINED = "joined"
    PART = "part of the name"
    START = "start of the name"
    SEVERAL = "several products"
    OTHER = "another kind or size"


class Match(msgspec.Struct, frozen=True, gc=False):
    """Products that a part of a text may mean: one is a match, several are a question to the customer.

    If `how` is OTHER it means none of them, and they are the most similar ones. `ends_so`: because of its last word,
    and not of a quality behind it.
    """

    products: tuple[int, ...]
    end: int
    score: float
    how: How
    words: int  # of the name
    last: int  # index of the last token of the name
    ends_so: bool = False


class Matcher(Kin):
    """Finds products by their names."""

    def match(
        self,
        tokens: list[Token],
        roles: list[Roles],
        at: int,
        *,
        head_only: bool = True,
        noun: bool = False,
        measured: Size | None = None,
        before: int | None = None,
    ) -> Match | None:
        """The product whose name starts at token `at`, or those that it could be; None if it names none.

        `head_only`: whether the head alone is enough ("jeans", for Jean azul and Jean negro).

        `noun`: a quantity or an article precedes it. `measured`: a size that was said before it. `before`: the token
        from which what precedes it belongs to the name, too: "talla M de pañales".
        """
        token = tokens[at]
        if token.kind not in (WORD, NUMBER):
            return None
        if token.kind is WORD and token.norm in self.codes:
            return Match((self.codes[token.norm],), at + 1, EXACT, How.NAME, 1, at)
        start, plural = at if before is None else before, token.norm.endswith("s")
        best: Match | None = None
        rank: tuple[bool, int, float, int] = (False, 0, 0.0, 0)
        for head, alike in self.near(self.digits(token.norm) if token.kind is WORD else token.norm, noun):
            joined = self.joined.get(head)
            if joined:
                return Match(tuple(joined[:6]), at + 1, alike, How.JOINED, 2, at)
            family = self.families.get(self.head(head))
            found = None if family is None else self._resolve(family, head, alike, tokens, roles, at, start, measured)
            if found is None or (
                found.words == 1 and not self._may_stand_alone(found, head, roles[at], head_only, plural)
            ):
                continue
            found_rank = (found.how is not How.OTHER, found.words, found.score, -found.last)
            if best is None or found_rank > rank:
                best, rank = found, found_rank
            elif found_rank == rank and best.products != found.products:
                products = tuple(dict.fromkeys((*best.products, *found.products)))
                exact = [n for n in products if plain(self.products[n].name) == token.norm]
                how = best.how if len(exact) == 1 else How.SEVERAL
                best = Match(
                    tuple(exact) if len(exact) == 1 else products[:MOST_CHOICES],
                    best.end,
                    best.score,
                    how,
                    best.words,
                    best.last,
                )
        written = self.written_out(tokens, at)
        if written is None or best is None or before is not None:
            return best or written
        covered = best.end + (best.how is How.OTHER and not best.ends_so)  # a word of another kind follows the name
        return written if written.end >= covered else best

    def written_out(self, tokens: list[Token], at: int) -> Match | None:
        """The product whose name is at `at` word for word."""
        found = self.verbatim.find(tokens, at)
        if found is None:
            return None
        number, end = found
        return Match((number,), end, EXACT, How.NAME, 2, end - 1)

    def _may_stand_alone(self, found: Match, head: str, roles: Roles, head_only: bool, plural: bool) -> bool:
        """Whether a head may stand for its products although no word after it belongs to its family."""
        if head in self.single and found.how not in (How.START, How.SEVERAL):
            return True
        if not head_only or (roles & _WEAK_HEADS and not (plural and role.HALF in roles)):
            return head in self.single  # "media" is a half, and "medias" are stockings
        return len(found.products) > 1 or self.head(head) in self.name_heads

    def _resolve(
        self,
        family: Family,
        head: str,
        alike: float,
        tokens: list[Token],
        roles: list[Roles],
        at: int,
        start: int,
        measured: Size | None,
    ) -> Match | None:
        said = what_is_said(self, family, tokens, roles, at, start, measured)
        if said.conflict:
            nearest = self.first(said.candidates or family.products, MOST_CHOICES)
            return Match(nearest, said.last + 1, alike, How.OTHER, said.count(), said.last, ends_so=True)
        words = frozenset([word for word, _ in said.words])
        complete = forms_said(self, family, words, said)
        if (
            not complete
            and (said.sizes or said.words)
            and (not said.telling or only_without(self, family, said, words))
        ):
            complete = self.without(family)
            if complete and says_the_same(family, said, complete):
                return Match(
                    tuple(said.candidates or ()), said.last + 1, alike * 0.85, How.PART, said.count(), said.last
                )
            if complete and any(self.has_size_like(form.product, said.sizes) for form in complete):
                nearest = tuple(dict.fromkeys(form.product for form in complete))[:MOST_CHOICES]
                return Match(nearest, said.last + 1, alike, How.OTHER, said.count(), said.last)
            if complete:
                said = Said(last=at, qualities=said.qualities)
        score = alike
        for _, likeness in said.words:
            score *= likeness
        if not complete:
            return self._incomplete(family, said, words, score)
        most = max([len(form.words) + len(form.sizes) for form in complete])
        top = [form for form in complete if len(form.words) + len(form.sizes) == most]
        literal = [form for form in top if form.head == head]
        products = tuple(dict.fromkeys([form.product for form in literal or top]))
        if is_other_kind(family, products, said):
            return Match(products[:MOST_CHOICES], said.last + 1, score, How.OTHER, said.count(), said.last)
        score *= 1.0 if literal else 0.97
        how = _how(score) if len(products) == 1 else How.SEVERAL
        return Match(products[:MOST_CHOICES], said.last + 1, score, how, said.count(), said.last)

    def _incomplete(self, family: Family, said: Said, words: frozenset[str], score: float) -> Match | None:
        """The meaning of an incomplete name."""
        count = said.count()
        fits = family.products if said.candidates is None else said.candidates
        products = self.first(fits, MOST)
        if count > 1:
            products = tuple(n for n in products if not self.lacks_sin(family, n, words)) or ()
        if not products:
            return None
        end = said.last + 1
        if len(products) > 1:
            return Match(products[:MOST_CHOICES], end, score, How.SEVERAL, count, said.last)
        if any(table in family.tables for table, _ in said.qualities) or is_other_model(family, products[0], said):
            return Match(products, end, score, How.OTHER, count, said.last)
        said_all = self.sized_names[products[0]] < 2 and any(
            words.issuperset(form.words) for form in family.forms[products[0]]
        )  # the size that one name of several tells, as "brocha de 4", is what it is asked for by
        if count == 1 and not (said_all and not self.products[products[0]].aliases):
            small = self._has_small_name(family, products[0])
            score, how = (score * SMALL_FORM, How.NAME) if small else (score * 0.8, How.START)
            return Match(products, end, score, how, count, said.last)
        alone = f"#{products[0]}" in words  # "té chai", where "chai" is an alias
        if alone and not said.qualities:
            return Match(products, end, score, How.NAME, count, said.last)
        enough = count > _HEAD_AND_WORD or tells_rest(family, products[0], words, said)
        told = said_all or (enough and (said.telling > 0 or bool(said.sizes)) and not said.qualities)
        told = told or (not said.qualities and tells_quality(family, products[0], words, said))
        told = told or lacks_container(self, family, products[0], words, said) or has_span(said)
        return Match(products, end, score * (0.85 if told else 0.65), How.PART, count, said.last)

    def _has_small_name(self, family: Family, product: int) -> bool:
        """Whether a diminutive of the head is an alias: "gorros" for "Gorro de fiesta", also "gorrito"."""
        aliases = (plain(alias) for alias in self.products[product].aliases)
        return any(not family.heads.isdisjoint(bases(alias)) for alias in aliases)


def _how(similarity: float) -> How:
    if similarity >= EXACT - 0.035:
        return How.NAME
    return How.SOUND if similarity >= 0.9 else How.MISSPELLED
