"""Names made short enough for buttons and rows: cut between words, never inside what is seen as one character."""

import unicodedata
from collections import Counter
from functools import lru_cache
from typing import Final

ELLIPSIS: Final = "…"
_JOINER: Final = "\u200d"
_SKIN_TONES: Final = range(0x1F3FB, 0x1F400)
_TAGS: Final = range(0xE0020, 0xE0080)
_FLAG_LETTERS: Final = range(0x1F1E6, 0x1F200)


def shortened(text: str, limit: int) -> str:
    """The text in one line of at most `limit` code points; what is left out is shown as "…"."""
    line = " ".join(text.split())
    return line if len(line) <= limit else _head(line, limit - len(ELLIPSIS)) + ELLIPSIS


@lru_cache(maxsize=1024)  # those of every quote, and of the questions that a shop's products raise
def titles(names: tuple[str, ...], limit: int) -> tuple[str, ...]:
    """A title of at most `limit` code points for each name, no two alike.

    Names that are alike once they are cut show how they end; names that are the same get numbers.
    """
    cut = [shortened(name, limit) for name in names]
    if len(set(cut)) == len(cut):
        return tuple(cut)
    seen = Counter(cut)
    ends = [_both_ends(name, limit) if seen[title] > 1 else title for name, title in zip(names, cut, strict=True)]
    taken: set[str] = set()
    for place, title in enumerate(ends):
        number = 2
        while ends[place] in taken:
            suffix = f" {number}"
            ends[place] = shortened(title, limit - len(suffix)) + suffix
            number += 1
        taken.add(ends[place])
    return tuple(ends)


def _both_ends(name: str, limit: int) -> str:
    """Where a name has to be cut, its beginning and its last word."""
    line = " ".join(name.split())
    end = line.rpartition(" ")[2]
    room = limit - len(ELLIPSIS) - 1 - len(end)
    if len(line) <= limit or room < limit // 3:
        return shortened(line, limit)
    return f"{_head(line, room)}{ELLIPSIS} {end}"


def _head(line: str, room: int) -> str:
    """The beginning of a longer line: whole words, unless that leaves less than half of the room."""
    head = ""
    for character in _characters(line):
        if len(head) + len(character) > room:
            break
        head += character
    if not line[len(head)].isspace() and (space := head.rfind(" ")) >= room // 2:
        head = head[:space]
    return head.rstrip()


def _characters(text: str) -> list[str]:
    """The text in pieces that are seen as one character each: accents, emoji of several code points, flags."""
    pieces: list[str] = []
    for char in text:
        last = pieces[-1] if pieces else ""
        flag = ord(char) in _FLAG_LETTERS and len(last) == 1 and ord(last) in _FLAG_LETTERS
        if last and (flag or _extends(char) or last.endswith(_JOINER)):
            pieces[-1] += char
        else:
            pieces.append(char)
    return pieces


def _extends(char: str) -> bool:
    """Whether a code point is a part of the character before it."""
    code = ord(char)
    return char == _JOINER or unicodedata.category(char).startswith("M") or code in _SKIN_TONES or code in _TAGS
