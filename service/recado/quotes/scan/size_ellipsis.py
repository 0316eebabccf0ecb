"""Sizes that stand for a thing said before: "y 2 de 3/4", "vela 1 y 5", "cuerdas .010 dos y .009 una"."""

import itertools
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from recado.quotes.language import role
from recado.quotes.language.role import Role
from recado.quotes.language.sizes import COUNTS, SOLD_BY, Size
from recado.quotes.language.text import NUMBER, WORD
from recado.quotes.scan.elements import THINGS
from recado.quotes.scan.scene import BEHIND, Scene

_BEFORE_AMOUNT: Final = frozenset([":", "-", "=", "x", "("])
_LISTS: Final = frozenset([",", "y", "/"])
_BEFORE_SIZE: Final = frozenset([role.QUANTITY, role.AND, role.CORRECTION, role.COMMA])
_TAKES_OUT: Final = frozenset([role.ONLY, role.REMOVE])
_MOST_WORDS: Final = 3
"""Words of a kind behind its size."""
_BEFORE_COMMA: Final = 3
"""Elements of ", la de"."""
_REFUSALS: Final = frozenset([role.NEGATION, role.NOPE])
_REFUSED: Final = frozenset([*THINGS, role.DEFINITE, role.REQUEST])
_PARTS: Final = {"media": Fraction(1, 2), "medio": Fraction(1, 2), "cuarto": Fraction(1, 4)}
_ONE: Final = frozenset(["el", "la"])
_BEFORE_POINTED: Final = frozenset([role.AND, role.COMMA, role.CORRECTION, role.PRICE])
_BEFORE_OF_SIZE: Final = _BEFORE_SIZE | _TAKES_OUT | {role.STOP, role.LINE}


def add_other_size(scene: Scene, i: int) -> int:
    """The token after a size that stands for a thing said before: "y 2 de 3/4", "mejor de 4"; 0 if there is none."""
    last = scene.kind(-1)
    if scene.norm(i) in _PARTS and _is_part_of_earlier(scene, i):
        element = scene.add(role.QUALITY, i, i + 1)
        element.sizes, element.text = [Size((_PARTS[scene.norm(i)],))], scene.written(i, i + 1)
        return i + 1
    if last in (role.QUANTITY, role.AND, role.COMMA, role.LINE):
        return add_headed_size(scene, i) or add_listed_size(scene, i) or add_counted_size(scene, i)
    if last is role.LINK:
        return add_first_size(scene, i) or add_headed_size(scene, i)
    if last is role.BY and scene.after_change():
        return add_exchanged_size(scene, i)
    if last not in (role.DEFINITE, role.OF) or not _is_of_earlier(scene, i):
        return 0
    parted = scene.kind(-3) is role.COMMA  # "de 2 litros, 4 paquetes, y de 1 litro"
    if scene.kind(-2) is role.AND and scene.kind(-3 - parted) not in (*THINGS, role.QUANTITY):
        return 0
    read = scene.matcher.sizes.at(scene.tokens, i)
    if read is not None and len(read[0].values) > 1 and not _has_kin(scene, read[0]):
        read = scene.matcher.sizes.at(scene.tokens, i, single=True)  # "de 20 x 5"
    if read is None or scene.is_product(read[1]):
        return 0
    size, end = read[0], _past_pieces(scene, *read)
    named = scene.has_no_noun(end) or not scene.is_kind(end)
    if named and size.unit is None and not (scene.has_no_noun(end) or _is_amount(scene, end)):
        return 0
    if not any(scene.is_sized(e, size) for e in scene.elements[-BEHIND:] if e.match is not None):
        return 0
    element = scene.add(role.QUALITY, i, end)
    element.sizes = [size]
    while not named and (not element.words or _goes_on(scene, end)):
        element.words.append(scene.norms[end])  # "dos de 2 plazas", "2 de 12w luz fría"
        end += 1
        element.end = end
    element.text = scene.written(i, end)
    return end


def _past_pieces(scene: Scene, size: Size, end: int) -> int:
    """The token after a size, and after the pieces that it counts: "y uno de 500 piezas"."""
    return end + (size.unit is None and scene.has(end, role.PIECE) and scene.has_no_noun(end + 1))


def add_spanned_size(scene: Scene, i: int) -> int:
    """The token after a size behind "de" or an article at `i` that may also be a price or a date: "y 1 de 3/4", "y el
    12"; 0 if there is none."""
    for kind in (role.OF, role.DEFINITE):
        if kind in scene.roles[i]:
            scene.add(kind, i, i + 1, scene.roles[i])
            if end := add_other_size(scene, i + 1):
                return end
            scene.elements.pop()
    return 0


def _is_part_of_earlier(scene: Scene, i: int) -> bool:
    """ "la sandía entera y la media", "un pollo entero y un medio": a part that may be sold, too."""
    q = scene.elements[-1].quantity if scene.elements else None
    if not (scene.kind(-1) is role.DEFINITE or (q is not None and q.article)) or not scene.has_no_noun(i + 1):
        return False
    parts = scene.kind(-3) if scene.kind(-2) is role.OF else scene.kind(-2)
    known = any(e.match is not None for e in scene.behind())
    return parts in (role.AND, role.COMMA) and known and not scene.is_product(i)


def _is_of_earlier(scene: Scene, i: int) -> bool:
    """Whether the words before a size at `i` let it stand for a thing said before."""
    last, before, opener = scene.kind(-1), scene.kind(-2), scene.kind(-3)
    if last is role.DEFINITE:
        of = before is role.OF and opener is role.QUANTITY  # "3 de la cincuenta"
        return of or (before in _BEFORE_POINTED and _is_pointed_size(scene, i))
    if before is role.DEFINITE and role.QUANTITY in (opener, scene.kind(-4) if opener is role.OF else opener):
        return True  # "8 metros de la de 3/4"
    if before is role.DEFINITE and _is_pointed_at(scene, i):
        return opener in _BEFORE_OF_SIZE  # "las de 4 no", "solo las de 3"
    parts = scene.kind(-4) if opener is role.OF else opener
    if before is role.DEFINITE and _has_amount(scene, i):
        return parts in _BEFORE_OF_SIZE  # "y de la de 10 2"
    if before is role.DEFINITE and _is_another(scene, i, parts):
        return True  # "precio del codo de 3/4 y del de media"
    if (opener if before is role.DEFINITE else before) is role.REQUEST:
        exchanged = any(e.kind is role.INSTEAD for e in scene.behind())  # "en vez de la de 3 m ponme la de 5"
        return exchanged or _is_last_refused(scene)
    if role.BY in (before, opener) and scene.after_change():
        return True  # "la de 100 ya no, cámbiela por la de 500"
    if before is role.COPULA and opener in (role.CORRECTION, role.COMMA):
        return opener in _BEFORE_OF_SIZE  # "no, es de 50"
    return before in _BEFORE_OF_SIZE


def _is_pointed_size(scene: Scene, i: int) -> bool:
    """ "el buzo talla 10 y el 12", "mejor la 12": a number alone that is another size of the last thing."""
    read = scene.matcher.sizes.at(scene.tokens, i)
    last = next((e.match for e in scene.behind() if e.match is not None), None)
    if read is None or last is None or not scene.closes(read[1]) or scene.norm(i - 1) not in _ONE:
        return False
    return _has_kin(scene, read[0]) and read[0].values not in {
        s.values for s in scene.matcher.sizes_of(last.products[0])
    }


def _is_another(scene: Scene, i: int, parts: Role) -> bool:
    """Whether the size at `i` alone, or with a word of a kind, is that of one more thing: "y el de media", "y la de
    dos plazas"; behind a comma, another size than that of the thing: not "acetaminofén, el de 100"."""
    read = scene.matcher.sizes.at(scene.tokens, i)
    if read is None or not (scene.has_no_noun(read[1]) or scene.is_kind(read[1])):
        return False
    last = next((e.match for e in scene.behind() if e.match is not None), None)
    own = () if last is None else scene.matcher.sizes_of(last.products[0])
    return parts in (role.AND, role.PRICE) or (parts is role.COMMA and not any(size.agrees(read[0]) for size in own))


def _has_amount(scene: Scene, i: int) -> bool:
    """Whether an amount follows the size at `i`: "el de 20 2", "la de 3/4 5 metros"."""
    read = scene.matcher.sizes.at(scene.tokens, i)
    if read is None or read[1] >= len(scene.tokens) or not _has_kin(scene, read[0]):
        return False
    found = scene.measure(read[1])
    return _is_amount(scene, read[1]) or (found is not None and found.unit is not None and scene.has_no_noun(found.end))


def add_first_size(scene: Scene, i: int) -> int:
    """The token after the first of several sizes behind a colon: "zapatos: 34, 36 y 38"; 0 if it is an amount."""
    if scene.kind(-2) is not role.SEVERAL or not scene.is_counted(i):
        return 0
    read, listed, end = scene.matcher.sizes.at(scene.tokens, i), 1, i + 1
    if read is None or read[1] != end:
        return 0
    while scene.norm(end) in _LISTS and scene.is_counted(end + 1):
        more = scene.matcher.sizes.at(scene.tokens, end + 1)
        if more is None or not _has_kin(scene, more[0]):
            return 0
        listed, end = listed + 1, more[1]
    return _add_size(scene, i, read) if listed > 1 and scene.has_no_noun(end) else 0


def add_headed_size(scene: Scene, i: int) -> int:
    """The token after a size between the start of a line, or a colon, and a number: "Cierres:\n15 cm - 10",
    "codos: 1/2 - 10, 3/4 - 5"."""
    colon = scene.kind(-1) is role.LINK and scene.kind(-2) in THINGS and scene.norms[scene.elements[-1].start] == ":"
    apart = scene.kind(-1) is role.COMMA and scene.tokens[i].spaced  # not in "llantas 90/90-17"
    opens = colon or apart or scene.kind(-1) is role.LINE
    read = scene.matcher.sizes.at(scene.tokens, i) if opens else None
    if read is not None and len(read[0].values) > 1 and not _has_kin(scene, read[0]):
        read = scene.matcher.sizes.at(scene.tokens, i, single=True)  # "1/2 x 10": ten of 1/2
    if read is None:
        return 0
    size, end = read
    words = _kind_before_amount(scene, end)
    end += len(words)
    marked = scene.norm(end) in _BEFORE_AMOUNT
    behind = end + marked
    if not scene.is_counted(behind) or not (marked or scene.kind(-1) is role.LINE):
        return 0
    found = scene.measure(behind)
    ends = _is_amount(scene, behind) or (found is not None and found.unit is not None and scene.has_no_noun(found.end))
    return _add_size(scene, i, (size, end), words) if ends else 0


def _kind_before_amount(scene: Scene, i: int) -> list[str]:
    """The words of a kind between a size and the mark of its amount: "13 pro max: 1"."""
    end = next((j for j in range(i, i + _MOST_WORDS + 1) if scene.norm(j) in _BEFORE_AMOUNT), i)
    words: list[str] = []
    while i + len(words) < end and scene.is_kind(i + len(words), words):
        words.append(scene.norms[i + len(words)])
    return words if i + len(words) == end else []


def _is_pointed_at(scene: Scene, i: int) -> bool:
    """Whether "las de" before a size refers to one thing among others: "las de 4 no", "solo las de 3", "las de 10
    que sean 3"."""
    phrase = scene.lexicon.phrase(scene.norms, i + 1)
    if phrase is not None and role.CORRECTION in phrase[1]:
        return True
    return (
        scene.kind(-3) in {*_TAKES_OUT, role.CORRECTION}
        or (scene.norm(i + 1) == "no" and scene.kind(-3) in (role.STOP, role.COMMA, role.LINE))
        or (scene.kind(-3) is role.COMMA and _is_behind_refusal(scene))
    )


def _is_behind_refusal(scene: Scene) -> bool:
    """ "no la blusa talla 6, la de 8", "la blusa talla 6 no, la de 8": whether what precedes the comma is refused."""
    before = itertools.islice(scene.behind(), _BEFORE_COMMA, None)
    return next((e.kind for e in before if e.kind not in _REFUSED), role.OUTSIDE) in _REFUSALS


def _is_last_refused(scene: Scene) -> bool:
    """ "no quiero la de 50, deme la de 500": whether the last thing before a request is refused."""
    last = next((e for e in scene.behind() if e.match is not None), None)
    if last is None:
        return False
    if any(e.kind in _REFUSALS for e in scene.elements[last.index :]):
        return True  # "la de 50 no me sirve, deme la de 500"
    before = reversed(scene.elements[: last.index])
    return next((e.kind for e in before if e.kind not in _REFUSED), role.OUTSIDE) in _REFUSALS | {role.REMOVE}


def add_exchanged_size(scene: Scene, i: int) -> int:
    """The token after a size that a thing is changed for: "cámbielas por 500"; 0 if it is an amount."""
    read = scene.matcher.sizes.at(scene.tokens, i)
    if read is None or not scene.has_no_noun(read[1]):
        return 0
    counts = read[0].unit is None and read[0].values[0] <= COUNTS and read[0].values[0].denominator == 1
    return 0 if counts else _add_size(scene, i, read)


def add_listed_size(scene: Scene, i: int) -> int:
    """The token after a bare number that continues a list of sizes: "vela 1 y 5", "tomos 1, 2 y 3", "y 0.7 x 2";
    otherwise 0."""
    token = scene.tokens[i]
    if len(scene.elements) < 2 or token.kind is not NUMBER or not token.spaced:
        return 0
    before = scene.elements[-2]
    last = before.end - 1 if before.match is None else before.match.last
    read = scene.matcher.sizes.at(scene.tokens, i)
    if read is None or read[0].unit is not None:
        return 0
    if scene.kind(-1) is role.QUANTITY and scene.elements[-1].end == i:
        return _add_size(scene, i, read) if scene.has_no_noun(read[1]) else 0
    if scene.kind(-2) is role.QUANTITY and scene.kind(-3) in THINGS and _is_amount(scene, read[1]):
        return _add_size(scene, i, read)  # "cuerdas .010 dos y .009 una"
    if scene.norm(i + 1) == "x" and scene.is_counted(i + 2):
        return _add_size(scene, i, (Size((token.value,)), i + 1)) if token.value is not None else 0
    if scene.tokens[last].kind is not NUMBER or last + 2 != i:
        return 0
    end = read[1]
    listed = scene.has(end, role.AND) and scene.is_counted(end + 1)
    if not scene.has_no_noun(end) or (scene.kind(-1) is role.COMMA and not listed):
        return 0
    return _add_size(scene, i, read)


def _goes_on(scene: Scene, i: int) -> bool:
    """Whether the word at `i` goes on with the kind that the words before it tell."""
    if i >= len(scene.tokens) or scene.tokens[i].kind is not WORD or not scene.matcher.knows(scene.norms[i]):
        return False
    return role.MODIFIER in scene.roles[i] or (scene.is_kind(i) and not scene.is_product(i))


def _is_amount(scene: Scene, i: int) -> bool:
    """Whether the number at `i` counts the thing before it: nothing follows, or only a word for pieces."""
    counts = scene.is_counted(i) or (i < len(scene.tokens) and bool(scene.roles[i] & {role.NUMBER, role.ARTICLE}))
    pieces = scene.has(i + 1, role.PIECE) or scene.has(i + 1, role.CONTAINER)
    return counts and (scene.has_no_noun(i + 1) or (pieces and scene.has_no_noun(i + 2)))


def _add_size(scene: Scene, i: int, read: tuple[Size, int], words: Sequence[str] = ()) -> int:
    """The token after a size, at `i`, that relatives of an earlier thing have, with `words` of its kind; 0 if none
    has it."""
    if not _has_kin(scene, read[0], words):
        return 0
    element = scene.add(role.QUALITY, i, read[1])
    element.sizes, element.words, element.text = [read[0]], [*words], scene.written(i, read[1])
    return read[1]


def add_counted_size(scene: Scene, i: int) -> int:
    """The token after a size in a unit that identifies a product, with its number: "una 9v", "10 metros 2";
    otherwise 0."""
    read = scene.matcher.sizes.at(scene.tokens, i) if scene.tokens[i].kind is NUMBER else None
    unit = read[0].unit if read is not None else None
    if read is None or unit is None:
        return 0
    end = read[1]
    numbered = scene.kind(-1) is role.QUANTITY and unit.name not in SOLD_BY
    numbered = numbered or (scene.kind(-1) is role.AND and scene.kind(-2) in THINGS and scene.has_no_noun(end))
    behind = scene.kind(-1) is not role.QUANTITY and _is_amount(scene, end)
    return _add_size(scene, i, read) if numbered or behind else 0


def names_kin(scene: Scene, i: int) -> bool:
    """Whether a size in a unit only distinguishes relatives of an earlier thing: "otras 5A"."""
    read = scene.matcher.sizes.at(scene.tokens, i)
    if read is None or read[0].unit is None or read[0].unit.name in SOLD_BY:
        return False
    return _has_kin(scene, read[0])


def names_size(scene: Scene, i: int) -> bool:
    """Whether a size at `i` distinguishes relatives of an earlier thing: "8 metros de la de 3/4"."""
    read = scene.matcher.sizes.at(scene.tokens, i) if i < len(scene.tokens) else None
    return read is not None and _has_kin(scene, read[0])


def _has_kin(scene: Scene, size: Size, words: Sequence[str] = ()) -> bool:
    """Whether an earlier thing has relatives of this size and kind."""
    things = {e.match.products[0] for e in scene.behind() if e.match is not None}
    return any(scene.matcher.with_head(n, [*words], [size]) for n in things)
