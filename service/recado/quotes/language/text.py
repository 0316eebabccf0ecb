"""Text as customers type it: plain letters, a key without plural, a key by sound, and tokens.

Every token keeps its place in the original message, so that the reply repeats unknown words as written.
"""

import re
import unicodedata
from enum import Enum, auto
from fractions import Fraction
from functools import lru_cache
from typing import Final

import msgspec


class TokenKind(Enum):
    """What a piece of the message is written with."""

    WORD = auto()
    NUMBER = auto()
    PUNCT = auto()
    NEWLINE = auto()
    EMOJI = auto()


WORD: Final = TokenKind.WORD
NUMBER: Final = TokenKind.NUMBER
PUNCT: Final = TokenKind.PUNCT
NEWLINE: Final = TokenKind.NEWLINE
EMOJI: Final = TokenKind.EMOJI

_TOKEN = re.compile(
    r"""
    (?P<word>[A-Za-z]++(?![^\x00-\x7f])|[^\W\d_½¼¾ºª]+(?:[\u0300-\u036f]+[^\W\d_½¼¾ºª]*)*)
  | (?P<number>(?<!\S)\.0\d+ | \d{1,3}(?:[.,]\d{3})+(?![\d]) | \d+[.,]\d+(?!\d) | \d+)
  | (?P<newline>\n+)
  | (?P<other>[^\s_])
    """,
    re.VERBOSE,
)
_THOUSANDS = re.compile(r"\d{1,3}(?:[.,]\d{3})+")
_DRAWN_OUT = re.compile(r"(?<=[a-z])([aeiou])\1{2,}|(?<=[ao])(s)s{1,5}$")  # "holaaa", "siiii", "buenos diass"
_FRACTIONS = {"½": Fraction(1, 2), "¼": Fraction(1, 4), "¾": Fraction(3, 4), "🔟": Fraction(10)}
_LONGEST_NUMBER = 15
"""Digits. A longer run is never a quantity, and big integers are slow to print."""
_LONGEST_TYPED = 256
_LONGEST_WORD = 64
"""Letters of a word that are read, as typed and folded: one may fold to 18, and one may carry many marks."""


class Token(msgspec.Struct, eq=False, gc=False):
    """One piece of the message: `norm` is its plain lower-case form, `value` the number it writes, if any."""

    kind: TokenKind
    norm: str
    start: int
    end: int
    spaced: bool  # after white space, or at the start of the text
    value: int | Fraction | None = None
    keycap: bool = False
    is_of_series: bool = False  # one of several numbers of a model or measure: "205/55 R16"


@lru_cache(maxsize=16384)
def plain(word: str) -> str:
    """Lower case without accents: "Suéter" -> "sueter", "moño" -> "mono". Compatibility forms are folded."""
    return _fold(word)


def _fold(word: str) -> str:
    word = word.lower()
    if not word.isascii():
        word = word.translate(_LATIN)
        if not word.isascii():
            word = _decomposed(word)
    return word


def _decomposed(word: str) -> str:
    """The word in compatibility forms, without the marks of its letters."""
    return "".join([c for c in unicodedata.normalize("NFKD", word) if c.isascii() or not unicodedata.combining(c)])


_LATIN: Final = {letter: folded for letter in range(0xC0, 0x180) if (folded := _decomposed(chr(letter))).isascii()}
"""Nearly all of the letters with accents: one look-up for each is four times as fast as their decomposition."""


@lru_cache(maxsize=16384)
def key(word: str) -> str:
    """The common key of singular and plural of a plain word: "lapices" and "lapiz" -> "lapiz", "guantes" -> "guant",
    "panty", "pantys" and "panties" -> "panti"."""
    if len(word) <= 3:
        return word
    if word.endswith("ces"):
        return word[:-3] + "z"
    if word.endswith("s"):
        word = word[:-1]
    if len(word) > 3 and word.endswith("e"):
        word = word[:-1]
    return word[:-1] + "i" if word[-1] == "y" and word[-2] not in "aeiou" else word


_SOUNDS: Final = (
    (re.compile(r"(?<!c)h"), ""),
    (re.compile(r"qu(?=[ei])|q"), "k"),
    (re.compile(r"c(?=[ei])|z"), "s"),
    (re.compile(r"c(?!h)"), "k"),
    (re.compile(r"g(?=[ei])"), "j"),
    (re.compile(r"gu(?=[ei])"), "g"),
    (re.compile(r"ll"), "y"),
    (re.compile(r"(?<=.)y$"), "i"),
    (re.compile(r"v"), "b"),
    (re.compile(r"w"), "u"),
    (re.compile(r"(.)\1+"), r"\1"),
)


@lru_cache(maxsize=16384)
def sound(word: str) -> str:
    """The common key of words that sound alike: "zapato" and "sapato" -> "sapato", "kiero" and "quiero" -> "kiero"."""
    for pattern, letter in _SOUNDS:
        word = pattern.sub(letter, word)
    return word


_DIMINUTIVES: Final = (
    # ending, what the word had instead; the first that makes a known word is taken
    ("quit", ("c",)), ("guit", ("g",)), ("cecit", ("z", "")), ("ecit", ("", "e")), ("cit", ("", "z", "e")),
    ("ecill", ("",)), ("cill", ("", "z")), ("it", ("",)), ("ill", ("",)), ("ic", ("",)), ("ot", ("",)), ("az", ("",)),
)  # fmt: skip


@lru_cache(maxsize=8192)
def bases(word: str) -> tuple[str, ...]:
    """The keys that a diminutive or augmentative may come from: "gorritas" -> "gorra", "pantaloncito" -> "pantalon"."""
    stem = word.rstrip("s")
    if len(stem) < 5 or stem[-1] not in "oae":
        return ()
    vowel, body = stem[-1], stem[:-1]
    found: list[str] = []
    for ending, replacements in _DIMINUTIVES:
        if body.endswith(ending) and len(body) - len(ending) >= 2:
            root = body[: -len(ending)]
            for instead in replacements:
                root_vowels = (vowel, "e", "", "a" if vowel == "o" else "o", "a")
                found += [key(root + instead + last) for last in root_vowels]
    return tuple(dict.fromkeys(found))


@lru_cache(maxsize=4096)
def neuter(word: str) -> str:
    """A key without its gender: "negra" and "negro" -> "negro"."""
    return word[:-1] + "o" if len(word) > 3 and word.endswith("a") else word


def _number(text: str) -> int | Fraction | None:
    if len(text) > _LONGEST_NUMBER:
        return None
    if text.isdecimal():
        return int(text)
    if _THOUSANDS.fullmatch(text):
        return int(text.replace(".", "").replace(",", ""))
    value = Fraction(text.replace(",", "."))
    return value.numerator if value.denominator == 1 else value


def tokenise(text: str) -> list[Token]:
    """The tokens of a message, with positions in the original text. WhatsApp's marks (* _ ~ `) and accents are
    removed."""
    if not text.isascii():
        text = _same_length(text)
    tokens: list[Token] = []
    spaced, last_end = True, 0
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        start, end = match.span()
        spaced = spaced or start > last_end
        last_end = end
        if kind == "word":
            tokens.append(Token(WORD, _spoken(match.group()[:_LONGEST_TYPED]), start, end, spaced))
        elif kind == "number":
            raw = match.group().removeprefix(".")  # strings ".009"
            tokens.append(Token(NUMBER, raw, start, end, spaced, _number(raw)))
        elif kind == "newline":
            tokens.append(Token(NEWLINE, "\n", start, end, True))
        elif token := _symbol(text, match.group(), start, spaced, tokens):
            tokens.append(token)
        else:
            continue  # decoration: it does not separate the words around it
        spaced = kind == "newline"
    if "/" in text:
        _join_halves(tokens)
        _spell_for(tokens)
    return tokens


def _spell_for(tokens: list[Token]) -> None:
    """Writes "p/" before a word as "para": "tierra p/ cactus"."""
    for i in range(len(tokens) - 3, -1, -1):
        first, mark, behind = tokens[i : i + 3]
        if first.norm == "p" and mark.norm == "/" and not mark.spaced and behind.kind is WORD:
            tokens[i : i + 2] = [Token(WORD, "para", first.start, mark.end, first.spaced)]


@lru_cache(maxsize=16384)
def _spoken(word: str) -> str:
    """The plain form of a word as typed, without letters that were drawn out."""
    folded = _fold(word)[:_LONGEST_WORD]
    return _DRAWN_OUT.sub(r"\1\2", folded) if len(word) > 4 else folded


def _symbol(text: str, mark: str, at: int, spaced: bool, tokens: list[Token]) -> Token | None:
    """The token of one mark that is neither letter nor digit; None if it only decorates."""
    if mark in _FRACTIONS:
        return Token(NUMBER, mark, at, at + 1, spaced, _FRACTIONS[mark])
    if mark == _KEYCAP:
        if tokens and tokens[-1].kind is NUMBER:
            digit = tokens[-1]
            digit.keycap = True
            if len(tokens) > 1 and tokens[-2].keycap and not digit.spaced:  # 1️⃣0️⃣ is ten
                tokens.pop()
                tokens[-1].norm += digit.norm
                tokens[-1].value, tokens[-1].end = _number(tokens[-1].norm), digit.end
        return None
    if mark in _TIMES and _times(text, at):
        return Token(WORD, "x", at, at + 1, True)
    if mark in _DECORATION:
        return None
    mark = _ALIKE.get(mark, mark)
    if mark == "x":
        return Token(WORD, mark, at, at + 1, spaced)
    decorates = mark > "\u2190" and unicodedata.category(mark)[0] == "S"
    return Token(EMOJI if decorates else PUNCT, mark, at, at + 1, spaced)


_KEYCAP: Final = "\u20e3"
_DECORATION: Final = frozenset("*~`\ufe0f")
#: Marks that multiply beside a number; elsewhere the first is bold and the others are a no.
_TIMES: Final = frozenset("*✕✖")
_ALIKE: Final = {
    "–": "-", "—": "-", "−": "-", "·": "•", "▪": "•", "●": "•", "○": "•", "◦": "•", "‣": "•", "➤": "•",
    "→": ":", "➡": ":", "×": "x", "…": ".",
}  # fmt: skip


def _times(text: str, at: int) -> bool:
    """Whether the mark at `at` multiplies ("camisa *2", "2 ✖️ camisa") and is not a mark for bold text."""
    if text[at] == "*" and (text.find("*", at + 1, at + 60) >= 0 or text.rfind("*", max(0, at - 60), at) >= 0):
        return False
    return text[at + 1 :].lstrip("\ufe0f")[:1].isdigit() or text[:at].rstrip(" ")[-1:].isdigit()


def _join_halves(tokens: list[Token]) -> None:
    """Makes one number of "1/2" and "3/4" (no spaces, not a date)."""
    i = 1
    while i < len(tokens) - 1:
        above, slash, below = tokens[i - 1 : i + 2]
        if slash.norm == "/" and not slash.spaced and not below.spaced:
            dated = i + 2 < len(tokens) and tokens[i + 2].norm == "/"
            if above.value in (1, 3) and below.value in (2, 3, 4) and above.value < below.value and not dated:
                above.value = Fraction(int(above.value), int(below.value))
                above.norm, above.end = f"{above.norm}/{below.norm}", below.end
                del tokens[i : i + 2]
        i += 1


_FOLDED: Final = re.compile("[\u0300-\U0010ffff]")
"""Characters that may have another form; those below are as they are."""


def _same_length(text: str) -> str:
    """The text with compatibility forms made plain, one character for one, so that positions stay right."""
    if text.isprintable() and not _FOLDED.search(text):
        return text
    return "".join(c if c < "\u0300" or c in _FRACTIONS else _folded(c) for c in text)


@lru_cache(maxsize=4096)
def _folded(c: str) -> str:
    if c in _INVISIBLE:
        return " "
    form = unicodedata.normalize("NFKC", c)
    return form if len(form) == 1 else c


_INVISIBLE: Final = frozenset("\u200b\u200c\u200d\u2060\ufeff\u200e\u200f")
