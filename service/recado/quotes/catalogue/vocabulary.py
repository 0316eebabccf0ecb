"""The catalogue's words as customers spell them: in the plural, as a diminutive, by sound, with one or two typos."""

from bisect import bisect_left
from collections.abc import Mapping
from functools import cached_property
from itertools import islice, takewhile
from typing import Final

from rapidfuzz import process
from rapidfuzz.distance import OSA

from recado.quotes.catalogue.budget import Steps
from recado.quotes.language import role
from recado.quotes.language.lexicon import Lexicon
from recado.quotes.language.text import bases, key, neuter, sound

EXACT: Final = 1.0
SMALL_FORM: Final = 0.96  # a diminutive
SAME_SOUND: Final = 0.94
ONE_EDIT: Final = 0.9
TWO_EDITS: Final = 0.70
OTHER_GENDER: Final = 0.69  # of a diminutive; after a head it is the same word: "cama para perrita"
_SHORT: Final = 3
"""Letters of words that are not considered for a misspelling: "bra" is one letter from too many others."""
_REMEMBERED: Final = 20_000
_VOWELS: Final = "aeiou"

Near = tuple[tuple[str, float], ...]
"""Words of the catalogue (keys) with how alike they are, best first."""


def _other_gender(word: str, small: str) -> bool:
    """Whether a diminutive has the other gender than its word: "gorrita" is not "gorro"."""
    return {word[-1], small[-1]} == {"a", "o"}


class Vocabulary:
    """`words`: the key of each word and its plain spelling. `synonyms`: keys, with the key that stands for them."""

    def __init__(self, words: Mapping[str, str], synonyms: Mapping[str, str], lexicon: Lexicon) -> None:
        self.words = words
        self._synonyms = synonyms
        self._alike = {synonyms[word]: word for word in words if word in synonyms}
        self._lexicon = lexicon
        self._forms: dict[str, list[str]] = {}
        for word, norm in words.items():
            if word.isalpha():
                for form in dict.fromkeys((word, sound(word), norm, sound(norm), key(sound(norm)))):
                    self._forms.setdefault(form, []).append(word)
        self._by_length: dict[int, list[str]] = {}
        for form in self._forms:
            if len(form) > _SHORT:
                self._by_length.setdefault(len(form), []).append(form)
        self._speech = [form for form in lexicon.speech if form not in self._forms]
        self._known: dict[tuple[str, bool], Near] = {}
        self._resembling: dict[str, tuple[str, ...]] = {}

    def near(self, norm: str, steps: Steps, noun: bool = False) -> Near:
        """The words that a word of a message may be; `steps` are the message's. `noun`: a quantity or an article before
        it shows that it is a noun."""
        known = self._known.get((norm, noun))
        if known is None:
            found = self._look_up(norm, steps, noun)
            if found is None:
                return ()
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = self._known[norm, noun] = found
        return known

    def _look_up(self, norm: str, steps: Steps, noun: bool) -> Near | None:
        word = key(norm)
        if word in self.words:
            return ((word, EXACT),)
        same = self._synonyms.get(word, word)
        if same in self.words or (same := self._alike.get(same, "")):
            return ((same, EXACT),)
        if len(norm) < _SHORT or (len(norm) == _SHORT and len({*norm}) == 1):
            return ()  # "AAA" only sounds like "AA"
        if len(norm) == 3 and norm[-1] == "s" and norm[:-1] in self.words:
            return ((norm[:-1], EXACT),)
        if role.SIZEMARK in self._lexicon.roles(norm):
            return ()  # "XXL" sounds like "XL"
        for base in bases(norm):
            if base in self.words:
                return ((base, OTHER_GENDER if _other_gender(base, key(norm)) else SMALL_FORM),)
        alike = self._forms.get(sound(word)) or self._forms.get(key(sound(norm)))
        if alike and len(word) >= 3 and role.GOOD not in self._lexicon.roles(norm):  # "arroz" is no "aros"
            return tuple((other, SAME_SOUND) for other in dict.fromkeys(alike))
        if len(norm) < 4 or self._lexicon.roles(norm):
            return ()
        if norm[0] in "kc" and norm[1] not in "aeiouhrl":  # "kmisa": the letter's name
            found = self._look_up("ca" + norm[1:], steps, noun)
            if found:
                return found
        return self._misspelled(norm, steps, noun)

    def _misspelled(self, norm: str, steps: Steps, noun: bool) -> Near | None:
        """Words that are one or two edits away; none if the message has used up its searches."""
        if not steps.search():
            return None
        found: dict[str, int] = {}
        for form in dict.fromkeys((key(sound(norm)), key(norm), norm)):
            for other, edits in self._within(form):
                found[other] = min(edits, found.get(other, edits))
        if not found:
            return ()
        closest = min(found.values())
        form = sound(key(norm))
        rival = process.extractOne(form, self._speech, scorer=OSA.distance, score_cutoff=closest)
        if rival is not None and rival[1] < closest + (len(form) < 7 and not noun):
            return ()
        nearest = [other for other, edits in found.items() if edits == closest]
        spellings = {neuter(form), neuter(key(sound(norm)))}
        other_gender = closest == 1 and any(neuter(other) in spellings for other in nearest)
        # of a short word, one letter for another makes another word as often as not: "soga" is no "soda"
        exchanged = len(form) <= _SHORT + 1 and all(len(other) == len(form) for other in nearest)
        # no edit at all: written as it sounds, "mangera"
        score = ONE_EDIT if closest <= 1 and not (other_gender or exchanged) else TWO_EDITS
        first = [other for other in nearest if other[0] in (form[0], norm[0])]  # the first letter is rarely wrong
        words = dict.fromkeys(word for other in first or nearest for word in self._forms[other])
        return tuple((word, score) for word in words)

    def _within(self, form: str) -> list[tuple[str, int]]:
        size = len(form)
        limit = 1 if size < 6 else 2
        found = []
        for length in range(size - limit, size + limit + 1):
            candidates = self._by_length.get(length, ())
            for other, distance, _ in process.extract(
                form, candidates, scorer=OSA.distance, score_cutoff=limit, limit=5
            ):
                edits = int(distance)
                same_start = other[0] == form[0]
                # two letters of five make another word: "bonsái" is no "bolsa"
                short = (edits > 1 and min(size, length) < 6) or (min(size, length) < 5 and not same_start)
                if not short and (edits < 2 or same_start or max(size, length) >= 7):
                    found.append((other, edits))
        return found

    def starting(self, start: str) -> list[str]:
        """The words (keys) that begin with `start`."""
        first = bisect_left(self._sorted, start)
        return list(takewhile(lambda word: word.startswith(start), islice(self._sorted, first, None)))

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self.words)

    def resembling(self, norm: str, steps: Steps) -> tuple[str, ...]:
        """Words (keys) that resemble an unknown word, best first."""
        known = self._resembling.get(norm)
        if known is None:
            if not steps.search():
                return ()
            if len(self._resembling) >= _REMEMBERED:
                self._resembling.clear()
            known = self._resembling[norm] = self._look_for_resembling(key(sound(norm)))
        return known

    def _look_for_resembling(self, form: str) -> tuple[str, ...]:
        found: list[tuple[float, str]] = []
        for length in range(len(form) - 2, len(form) + 3):
            candidates = self._by_length.get(length, ())
            for other, alike, _ in process.extract(
                form, candidates, scorer=OSA.normalized_similarity, score_cutoff=0.66, limit=2
            ):
                found += [(-alike, word) for word in self._forms[other]]
        return tuple(dict.fromkeys(word for _, word in sorted(found)))
