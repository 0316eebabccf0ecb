"""Finds the words and sizes after a head that belong to its products' names."""

from collections.abc import Collection
from typing import Final

import msgspec

from recado.quotes.catalogue.codes import shape
from recado.quotes.catalogue.index import MOST, TABLES, Index
from recado.quotes.catalogue.parts import DOTS, SIZE_MARKS, Family, announces_size, opens_part, size_mark_end
from recado.quotes.catalogue.said import Said, forms_said
from recado.quotes.catalogue.vocabulary import OTHER_GENDER, SMALL_FORM
from recado.quotes.language import role
from recado.quotes.language.role import Roles
from recado.quotes.language.sizes import COUNT, COUNTS, SOLD_BY, Size, whole
from recado.quotes.language.text import NEWLINE, NUMBER, PUNCT, WORD, Token

_PHRASE: Final = 3  # words of a courtesy
_SPAN: Final = 10  # how many tokens after the head may complete a name
_BETWEEN: Final = frozenset([
    role.OF, role.TO, role.FOR, role.CON, role.BY, role.DEFINITE, role.MODIFIER, role.SIZEMARK, role.SIZE,
    role.POSSESSIVE,
])  # fmt: skip
_ENDS: Final = frozenset([
    role.REQUEST, role.ADD, role.REMOVE, role.CHANGE, role.NEGATION, role.INSTEAD, role.AVAILABLE,
])  # fmt: skip
_SIZE_OPENS: Final = frozenset(["de", "del", "d", "#", *DOTS, *SIZE_MARKS])
_NUMBER_OPENS: Final = _SIZE_OPENS - {"de", "d"}
_INSIDE: Final = frozenset("-'\"()´`#")
_MODELS: Final = frozenset("abcdefhijpqrstuvwyz")
"""Letters that make a model of a number; "2x", "2k", "2m" are others."""
_CLAUSE: Final = 12
"""Tokens of a clause that are looked at before a head."""
_NEAR: Final = 4
"""Tokens from a verb to its thing, including those between."""
_HOLDS: Final = frozenset([role.OF, role.CON])
_TALLA: Final = frozenset(["talla", "tallas", "talle", "talles"])
_WORN: Final = 60
"""The highest size of clothes, shoes and rings."""
_AMOUNTS: Final = 99
"""The highest number that counts, directly behind the words of a name that has it: "fram 3614"."""
_COUNTING: Final = frozenset([role.NUMBER, role.ARTICLE, role.PAIR, role.COLLECTIVE, role.CONTAINER])
_QUALITIES: Final = frozenset([role.MODIFIER, role.SIZEMARK])
_PIECES: Final = frozenset([role.PIECE, role.CONTAINER])
_CLOSING: Final = frozenset([role.PEOPLE, role.AND, role.COURTESY, role.THANKS, role.BUT, role.FOR, role.CON])
_TELL_NOTHING: Final = frozenset([role.COLOURS, role.PATTERNS, role.NUMBER, role.ARTICLE, role.HALF, role.WITHOUT])


def what_is_said(
    index: Index, family: Family, tokens: list[Token], roles: list[Roles], at: int, start: int, measured: Size | None
) -> Said:
    """The words and sizes of the head at `at`: those from `start` up to it, those after it, and what it measures."""
    numeral = isinstance(tokens[at].value, int) or tokens[at].norm in index.lexicon.values
    said = Said(head=at, last=at, adjacent=numeral)
    _walk(index, family, said, tokens, roles, start, at)
    said.last = at
    _walk(index, family, said, tokens, roles, at + 1, len(tokens))
    if measured is not None and (fits := said.fitting(family.with_size(measured))):
        _take(said, measured, fits, said.last + 1)
    return said


def _walk(index: Index, family: Family, said: Said, tokens: list[Token], roles: list[Roles], i: int, stop: int) -> None:
    stop = min(stop, i + _SPAN)
    while i < stop and not said.conflict:
        token = tokens[i]
        if token.kind is NEWLINE or opens_part(tokens, roles, i):
            break
        end = _take_size(index, family, said, tokens, roles, i) if index.sizes.may_start(token) else i
        if end < i:
            break
        glued = end == i and not token.spaced and _is_glued(said, tokens, i) and roles[i].isdisjoint(_PIECES)
        if glued and index.canon(token.norm) not in family.words:
            said.last, said.conflict = i, True  # "bkr6e", where there is "bkr6eix"; "usb-c", where there is "usb"
            break
        if end == i and token.kind is WORD:
            end = _take_word(index, family, said, tokens, roles, i)
        elif end == i:
            end = i + 1 if token.kind is PUNCT and (token.norm in _INSIDE or token.is_of_series) else 0
        if end == 0:
            break
        i = end


def _continues(tokens: list[Token], i: int) -> bool:
    """Whether the token at `i` is of the same series as the one before it."""
    return i < len(tokens) and tokens[i].is_of_series and tokens[i].start == tokens[i - 1].start


def _is_times(index: Index, family: Family, said: Said, tokens: list[Token], i: int) -> bool:
    """Whether a word, or the number that ends a name, is followed by "x" and a number: how many, or how many in a
    pack."""
    if i < 2 or tokens[i - 1].norm != "x":
        return False
    if tokens[i - 2].kind is WORD:
        return True
    words = frozenset(word for word, _ in said.words)
    return said.last == i - 2 and bool(said.sizes) and bool(forms_said(index, family, words, said))  # "combo 2 x3"


def _is_glued(said: Said, tokens: list[Token], i: int) -> bool:
    """Whether the letters at `i` continue a word of a name without a space, or with only a hyphen."""
    if tokens[i].kind is not WORD or not said.words:
        return False
    return i - 1 == said.last or (i - 2 == said.last and tokens[i - 1].norm == "-" and not tokens[i - 1].spaced)


def _take_word(index: Index, family: Family, said: Said, tokens: list[Token], roles: list[Roles], i: int) -> int:
    """The place after the word at `i` if it belongs to a name or may be inside one; 0 if the name ends before it."""
    norm, own = tokens[i].norm, roles[i]
    if said.adjacent and not said.words and i > said.last + 1:
        return 0
    if norm in SIZE_MARKS and (end := size_mark_end(tokens, i)) > i:
        return end
    if i + 1 < len(tokens) and announces_size(tokens[i], tokens[i + 1], index.lexicon):
        return i + 1
    if own & _ENDS and not index.knows(norm):
        return 0
    if role.WITHOUT in own and (i + 1 == len(tokens) or index.canon(tokens[i + 1].norm) not in family.words):
        return 0  # "almuerzo del día sin ensalada", where there is a lunch without meat
    if role.AND in own:
        return i + 1 if _goes_on(index, family, said, tokens, i + 1) else 0
    telling = norm not in index.skipped or role.ARTICLE in own or index.canon(norm) in family.words
    if telling and _take_known(index, family, said, norm, roles, i):
        return i + 1
    if (model := shape(norm)) and any(shape(word) == model for word in family.words):
        said.last, said.conflict = i, True  # "lápiz 6B", where there is 2B
        return i + 1
    if not own.isdisjoint(_QUALITIES):
        word = index.canon(norm)
        said.qualities += [(table, word) for table in own & TABLES]
    if norm == "por" and i + 1 < len(tokens) and _is_exchanged(index, family, said, tokens[i + 1].norm, roles):
        return 0  # "cambia el jean azul por el negro", "leche entera por deslactosada"
    return i + 1 if own & _BETWEEN or norm in index.skipped or _opens_pack(family, tokens, roles, i) else 0


def _opens_pack(family: Family, tokens: list[Token], roles: list[Roles], i: int) -> bool:
    """Whether the word at `i` opens a pack of so many, as names of the family have: "vasos 7 oz, paquete de 100"."""
    if role.CONTAINER not in roles[i] or COUNT.dimension not in family.dimensions or i + 2 >= len(tokens):
        return False
    return bool(roles[i + 1] & _HOLDS) and tokens[i + 2].kind is NUMBER


def _take_known(index: Index, family: Family, said: Said, norm: str, roles: list[Roles], i: int) -> bool:
    """Takes the word at `i` if a name of the family has it; it conflicts if no product has it besides the others."""
    for near, alike in index.near_word(index.digits(norm))[:3]:
        word = index.canon(near)
        owners = family.words.get(word)
        if owners is None:
            continue
        index.steps.charge(1 + len(owners) // 8)
        fits = said.fitting(owners)
        if role.CON in roles[i - 1] and "sin" in family.words:
            fits = {n for n in fits if not index.lacks_sin(family, n, frozenset([word]))}
        said.last = i
        if not fits:
            said.conflict = True
            return True
        said.candidates = set(fits) if said.candidates is None else fits
        if all(word != other for other, _ in said.words):
            said.words.append((word, SMALL_FORM if alike == OTHER_GENDER else alike))
        said.telling += not roles[i] & _TELL_NOTHING
        return True
    return False


def _is_exchanged(index: Index, family: Family, said: Said, norm: str, roles: list[Roles]) -> bool:
    """Whether the word after "por" is not part of the name: an article, or a word of other products of the family."""
    if not (norm.isalpha() or norm.isdigit() or "por" in family.words):
        return True  # "cámbiame las mascarillas por kn95"
    near = index.near_word(norm)
    owners = family.words.get(index.canon(near[0][0] if near else norm), set())
    changed = any(role.CHANGE in own for own in roles[max(0, said.head - _NEAR) : said.head])
    apart = changed or bool(said.candidates and not owners & said.candidates)  # "cambia las toallas por grises"
    return norm in ("el", "la", "los", "las") or (bool(owners) and apart)


def _goes_on(index: Index, family: Family, said: Said, tokens: list[Token], i: int) -> bool:
    """Whether a name continues after its "y": "croissant de jamón y queso"."""
    if not said.words or i >= len(tokens) or tokens[i].kind is not WORD:
        return False
    for near, _ in index.near(tokens[i].norm)[:2]:
        word = index.canon(near)
        owners = family.words.get(word)
        if owners and all(word != other for other, _ in said.words) and said.fitting(owners):
            return True
    return False


def _take_size(index: Index, family: Family, said: Said, tokens: list[Token], roles: list[Roles], i: int) -> int:
    """The place after the name's size at `i`; `i` if no size begins there, 0 if the name ends before it."""
    read = index.sizes.at(tokens, i)
    if read is None:
        return i
    if tokens[i].kind is NUMBER and i > said.head + 1 and _becomes(tokens, i - 1):
        return 0  # "sube los clavos a 2 kilos"
    spans = len(read[0].values) > 1 and tokens[i + 1].norm == "-" and family.has_spans()  # "6-9 meses"
    if len(read[0].values) > 1 and not spans and not family.with_size(read[0]):
        if tokens[i + 1].norm == "a" and family.has_spans():
            return _contradict(said, read[1])  # "reducidor de 2 a 1", where there is one of 4 to 2
        alone = index.sizes.at(tokens, i, single=True) or read
        if family.has_as_many(read[0]) and not family.with_size(alone[0]):
            return _contradict(said, read[1])  # "tornillo 3/8 x 5", where there are 3/8 x 1 and 3/8 x 3
        read = alone
    size, end = read
    if tokens[i].kind is NUMBER and size.unit is None and _takes_model(family, said, size, tokens, roles, i):
        return end
    marked = spans or _is_marked(family, tokens, roles, i, end)
    take = _take_number if size.unit is None else _take_measure
    taken = take(index, family, said, size, marked, tokens, roles, i, end)
    while said.conflict and _continues(tokens, said.last + 1):
        said.last += 1  # "205/55 R17", which is one measure
    return taken


def _is_marked(family: Family, tokens: list[Token], roles: list[Roles], i: int, end: int) -> bool:
    """Whether the words around a size say that it is one: "no. 5", "talla 38", "para 20 personas"."""
    if tokens[i].is_of_series or tokens[i - 1].norm in _SIZE_OPENS or role.SIZE in roles[i - 1]:
        return True
    served = end < len(tokens) and role.PEOPLE in roles[end] and role.FOR in roles[i - 1]
    return served and "" in family.dimensions


def _take_measure(
    index: Index, family: Family, said: Said, size: Size, marked: bool, tokens: list[Token],
    roles: list[Roles], i: int, end: int,
) -> int:  # fmt: skip
    """The place after a size with a unit, as of `_take_size`."""
    assert size.unit is not None
    if size.unit.name in family.units:
        if size.values == (1,) and tokens[i].norm in index.lexicon.measures:
            said.last = end - 1
            return end  # "arena fina m3", which is sold by it
        if not index.has_in_unit(family.with_size(size), size):
            return 0  # "clavos 2 kilos", of 2 inches and sold by the kilo
    owners = family.with_size(size)
    index.steps.charge(1 + len(owners) // 8)
    if fits := said.fitting(owners):
        return _take(said, size, fits, end)
    if _measures_next(index, family, tokens, roles, i, end):
        return 0
    return _contradict(said, end) if _is_size_of(index, family, said, size, marked, tokens, end) else 0


def _measures_next(index: Index, family: Family, tokens: list[Token], roles: list[Roles], i: int, end: int) -> bool:
    """ "dos panes un kilo de azúcar": whether a measure at `i` is of the thing behind it."""
    if end + 1 >= len(tokens) or role.OF not in roles[end] or tokens[i - 1].norm in _SIZE_OPENS:
        return False
    near = index.near(tokens[end + 1].norm)
    return bool(near) and index.opens(near[0][0]) and index.canon(near[0][0]) not in family.words


def _take_number(
    index: Index, family: Family, said: Said, size: Size, marked: bool, tokens: list[Token],
    roles: list[Roles], i: int, end: int,
) -> int:  # fmt: skip
    """The place after a size without a unit, as of `_take_size`: otherwise a bare number is a quantity."""
    word = tokens[i].kind is WORD
    if word and tokens[i].norm in family.words:
        return i
    other = tokens[i].spaced and _is_model(tokens, end) and index.canon(tokens[end].norm) not in family.words
    if other and family.with_size(size):
        return _contradict(said, end + 1)  # "baquetas 5B", where there is 5A
    named = _is_of_name(index, family, said, size, tokens, i, end)
    counts = end < len(tokens) and not roles[end].isdisjoint(_PIECES) and role.OF not in roles[i - 1]
    if counts and not named and tokens[i].kind is NUMBER:
        return 0  # "hielo - 3 bolsas", where "hielo 3 kilos" is a name
    half, half_end = index.sizes.half_behind(tokens, end + 1)
    if half and named and role.COLLECTIVE not in roles[end]:
        said.words.append((index.canon(tokens[end].norm), 1.0))
        size, end = Size((whole(size.values[0] + half),)), half_end  # "2 plazas y media"
    owners = family.with_size(size)
    index.steps.charge(1 + len(owners) // 8)
    if any(size.values == taken.values for taken in said.sizes):
        owners = {number for number in owners if family.has_twice(number, size)}
        if not owners:
            return 0  # "jeringa 10 ml x 10": ten of them
    if _is_times(index, family, said, tokens, i) and not index.has_pack(owners, size):
        return 0  # "levadura x10", where it holds 10 g: ten of them
    fits = said.fitting(owners)
    marked = marked or named
    meant = marked or _is_second_number(index, family, said, tokens, roles, i, end)
    if fits and (meant or _is_named_so(index, family, said, size, fits, tokens, roles, end)):
        return _take(said, size, fits, end)
    if (not word or marked) and not _is_worn(family, size, tokens[i - 1].norm):
        opener = [token.norm for token in tokens[said.last + 1 : i]]
        one = named and not tokens[i - 1].norm.endswith("s")  # "la vela 8", unlike "camisetas 4 en oferta"
        numbered = bool(family.plain_numbers) and _NUMBER_OPENS.issuperset(opener) and (bool(opener) or one)
        if _is_size_of(index, family, said, size, marked, tokens, end, numbered=numbered):
            return _contradict(said, end)
    return 0 if tokens[i].kind is NUMBER else i


def _takes_model(family: Family, said: Said, size: Size, tokens: list[Token], roles: list[Roles], i: int) -> bool:
    """Takes the number at `i` for a model that was said without its letters: "boxer 100" for the Boxer CT100."""
    if not said.words or said.last != i - 1 or family.with_size(size):
        return False
    if size.values[0] <= COUNTS and not _is_counted_before(tokens, roles, said.head):
        return False
    model = next((word for word in family.models.get(tokens[i].norm, ()) if said.fitting(family.words[word])), None)
    if model is None:
        return False
    said.candidates = said.fitting(family.words[model])
    said.words.append((model, 1.0))
    said.last = i
    said.telling += 1
    return True


def _is_counted_before(tokens: list[Token], roles: list[Roles], head: int) -> bool:
    """Whether an amount precedes the head."""
    before = head - 1
    if before > 0 and role.OF in roles[before] and roles[before - 1] & {role.PAIR, role.COLLECTIVE, role.CONTAINER}:
        before -= 1
    return before >= 0 and (tokens[before].kind is NUMBER or bool(roles[before] & _COUNTING))


def _take(said: Said, size: Size, fits: Collection[int], end: int) -> int:
    said.candidates, said.last = set(fits), end - 1
    said.sizes.append(size)
    return end


def _contradict(said: Said, end: int) -> int:
    """What ends before `end` belongs to another product than all that the shop has."""
    said.last, said.conflict = end - 1, True
    return end


def _becomes(tokens: list[Token], i: int) -> bool:
    """Whether the word at `i` introduces a new quantity: "a 2 kilos", "en 2", but not "3 en 1"."""
    return tokens[i].norm == "a" or (tokens[i].norm == "en" and tokens[i - 1].kind is not NUMBER)


def _is_of_name(index: Index, family: Family, said: Said, size: Size, tokens: list[Token], i: int, end: int) -> bool:
    """Whether a bare number at `i` is where names have one, or counts what they count: "fps 70", "4 cajones"."""
    if end < len(tokens) and tokens[end].kind is WORD and index.canon(tokens[end].norm) in family.counted:
        return True
    if said.last != i - 1:
        return False
    if said.words:
        known = size.values[0] > _AMOUNTS and size.values in family.plain_numbers
        known = known or (size.values[0] > COUNTS and _is_single(index, family, tokens, said, size))
        return family.numbers(said.words[-1][0], size) or (known and bool(said.fitting(family.with_size(size))))
    head = tokens[i - 1].norm
    told = family.numbers(index.canon(head), size) or (size.values[0] > COUNTS and bool(family.with_size(size)))
    single = _is_single(index, family, tokens, said, size) or _is_counted_behind(index, tokens, end)
    return told and single and not _is_joined(tokens, end)


def _is_single(index: Index, family: Family, tokens: list[Token], said: Said, size: Size) -> bool:
    """ "agenda 2025", of 2026, but "agendas 2025" are so many; "tenis 36", of goods that are sold in pairs."""
    if not tokens[said.head].norm.endswith("s"):
        return True
    owners = family.with_size(size)
    return bool(owners) and all(index.products[number].pair for number in owners)


def _is_counted_behind(index: Index, tokens: list[Token], i: int) -> bool:
    """ "aspirinas 500 x2": whether an amount is at `i`, so that the number before it is none."""
    size = index.sizes.at(tokens, i + 1) if i + 1 < len(tokens) and tokens[i].norm == "x" else None
    return size is not None and tokens[i + 1].kind is NUMBER and size[0].unit is None


def _is_model(tokens: list[Token], i: int) -> bool:
    """Whether one letter at `i` is written together with the number before it, as in "5B"."""
    return i < len(tokens) and not tokens[i].spaced and len(tokens[i].norm) == 1 and tokens[i].norm in _MODELS


def _is_joined(tokens: list[Token], i: int) -> bool:
    """Whether a mark at `i` joins a number to the text after it: "185/65"."""
    return i + 1 < len(tokens) and tokens[i].kind is PUNCT and not tokens[i + 1].spaced


def _is_second_number(
    index: Index, family: Family, said: Said, tokens: list[Token], roles: list[Roles], i: int, end: int
) -> bool:
    """Whether the number at `i` ends a name whose quantity precedes it: "2 focos 12", of 9 W and 12 W."""
    counts = _is_counted_before(tokens, roles, said.head) and not _is_pair(index, tokens, roles, said.head)
    closes = end >= len(tokens) or tokens[end].kind is not WORD or _closes(index, tokens, end, family)
    return counts and said.last == i - 1 and tokens[i].kind is NUMBER and closes and not _is_joined(tokens, end)


def _is_pair(index: Index, tokens: list[Token], roles: list[Roles], head: int) -> bool:
    """ "espinaca 2 frutillas 1": whether the number before a head counts the thing before it, as a name and no amount
    opens the clause."""
    if head < 2 or tokens[head - 1].kind is not NUMBER or tokens[head - 2].kind is not WORD:
        return False
    counted = False
    for i in range(head - 2, max(-1, head - _CLAUSE), -1):
        if tokens[i].kind not in (WORD, NUMBER) or role.AND in roles[i]:
            break
        near = index.near(tokens[i].norm) if tokens[i].kind is WORD else ()
        if near and index.opens(near[0][0]):
            counted = False
        elif tokens[i].kind is NUMBER or not roles[i].isdisjoint(_COUNTING):
            counted = True
    return not counted


def _is_named_so(
    index: Index, family: Family, said: Said, size: Size, fits: set[int], tokens: list[Token],
    roles: list[Roles], end: int,
) -> bool:  # fmt: skip
    """Whether a bare number belongs to a name ("lija 220", "3 en 1"); otherwise it is the quantity."""
    if said.trial:
        return True
    trial = msgspec.structs.replace(
        said, words=[*said.words], sizes=[*said.sizes, size], candidates=set(fits), trial=True
    )
    _walk(index, family, trial, tokens, roles, end, len(tokens))
    words = frozenset(word for word, _ in trial.words)
    return not trial.conflict and any(form.sizes for form in forms_said(index, family, words, trial))


def _is_size_of(
    index: Index, family: Family, said: Said, size: Size, marked: bool, tokens: list[Token], end: int,
    *, numbered: bool = False,
) -> bool:  # fmt: skip
    """Whether a number is meant as a size although no product has that size; recado does not quote another size.

    `numbered`: it is said to be a number, as in "vela del 8", and not an amount or a price.
    """
    if not family.dimensions:
        return False
    if size.unit is not None:
        fits = family.products if said.candidates is None else said.candidates
        measured = len(fits) > MOST or any(index.products[number].unit is not None for number in fits)
        if size.unit.name in SOLD_BY and ((family.units and measured) or (not marked and family.counts_in(size))):
            return False
        alike = size.unit.dimension in family.dimensions or "" in family.dimensions
    else:
        ends = end <= said.head or end >= len(tokens) or tokens[end].kind is not WORD
        alike = marked and (ends or _closes(index, tokens, end, family))
    words = frozenset(word for word, _ in said.words)
    named = forms_said(index, family, words, said) or ([] if said.telling else index.without(family))
    if any(form.sizes for form in named):
        return False  # "levis 501 talla 32": which one is said
    return alike and (numbered or not named or any(index.has_size_like(form.product, [size]) for form in named))


def _is_worn(family: Family, size: Size, before: str) -> bool:
    """ "anillo de plata talla 7", where there is one of 925: whether a size is of those who wear it, as the numbers of
    the names are too high for that."""
    worn = before in _TALLA and size.values[0] <= _WORN
    return worn and bool(family.plain_numbers) and all(values[0] > _WORN for values in family.plain_numbers)


def _closes(index: Index, tokens: list[Token], i: int, family: Family) -> bool:
    roles = index.lexicon.roles(tokens[i].norm)
    if roles & _CLOSING or index.canon(tokens[i].norm) in family.words.keys() | family.counted:
        return True
    phrase = index.lexicon.phrase([token.norm for token in tokens[i : i + _PHRASE]], 0)
    return phrase is not None and bool(phrase[1] & _CLOSING)  # "por favor"
