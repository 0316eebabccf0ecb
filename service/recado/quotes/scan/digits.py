"""Where a number in digits ends that is a phone number, a price, a time, a date or a list of sizes."""

import re
from fractions import Fraction
from typing import Final

from recado.quotes.language import role
from recado.quotes.language.numbers import cardinal
from recado.quotes.language.sizes import COUNTS, Size
from recado.quotes.language.text import NEWLINE, NUMBER, PUNCT, WORD, key
from recado.quotes.scan.words import Words

SIZES: Final = range(16, 61)
_PHONE_DIGITS: Final = 7
_BARE_PHONE_DIGITS: Final = 8
"""Digits of a phone number in one piece, without a country code."""
_SURE_PHONE_DIGITS: Final = 9
_NAMED_PHONE_DIGITS: Final = 4
_NAMED_WITHIN: Final = 6
"""Tokens from "cel" to its number."""
_MONTH_DAYS: Final = 31
_MONTHS: Final = 12
_HOURS: Final = range(1, 13)
_DAY: Final = range(1, 25)
_CLAUSE: Final = 8
_PAYING: Final = frozenset(
    ["pago", "pagamos", "pagare", "pagar", "cancelo", "billete", "billetes", "devuelta", "vuelto", "vueltas"]
)
_PAID_WITHIN: Final = 3
"""Tokens from a word of paying to the number."""
_HOUSE_DIGITS: Final = 4
_STEERS: Final = frozenset([role.CHANGE, role.CORRECTION, role.ADD, role.REMOVE])
_LEAVES: Final = re.compile(r"(?:dej[ae][ns]?|dejemos|pon|ponga|pone)(?:me|nos|se)?(?:l[oa]s?)?")
_FROM_VERB: Final = 16
"""Tokens from "deja" to its number."""
_PLURALS: Final = ("los", "las")
_PLURAL_WITHIN: Final = 5
"""Tokens from a plural article to the number behind its thing."""
_PER_ONE: Final = ("uno", "una", "par", "docena", "pieza", "unidad")
_PIECES: Final = frozenset([role.PIECE, role.PAIR, role.COLLECTIVE])
_HOUR_WORDS: Final = frozenset(["am", "pm", "hrs", "hs", "h", "horas", "hora", "punto", "min"])
_PARTS_OF_DAY: Final = ("tarde", "noche", "manana", "madrugada")


def is_amount(words: Words, start: int, end: int) -> bool:
    """Whether "en N" counts: "en 3 camisas", "deja las camisas en 3", "las camisas en 3"."""
    for i in range(start - 1, max(start - _FROM_VERB, 0) - 1, -1):
        if _LEAVES.fullmatch(words.norm(i)):
            return True
        if words.closes(i) and not words.is_number(i - 1):  # "deja las camisas en 3 y las gorras en 2"
            break
    return before_product(words, start, end) or _is_of_several(words, start, end)


def _is_of_several(words: Words, start: int, end: int) -> bool:
    """ "las camisas en 3": with a plural article, a number that is no size."""
    opens = next((i for i in range(start - 1, max(start - _PLURAL_WITHIN, 0) - 1, -1) if words.norm(i) in _PLURALS), -1)
    if opens < 0 or not (opens == 0 or words.closes(opens - 1)) or words.tokens[end - 1].value in SIZES:
        return False
    return words.closes(end) and words.norm(end) != "?"


def before_product(words: Words, start: int, end: int) -> bool:
    """Whether a product's name follows."""
    return words.names_product(end)


def counts_product(words: Words, start: int, end: int) -> bool:
    """Whether a number precedes a product and is no size of clothes: "del 3 camisas", but not "del 38 zapatos"."""
    return before_product(words, start, end) and words.tokens[end - 1].value not in SIZES


# prices ------------------------------------------------------------------------------------------------------


def past_price(words: Words, start: int, end: int) -> int:
    """The token after "dólares", "cada uno", "c/u", "la unidad", "el par" behind an amount; 0 for "3 lana de acero"."""
    if words.has(end - 1, role.CURRENCY) and words.names_long(end - 1):
        return 0
    while words.has(end, role.CURRENCY) and not words.names_product(end):
        end += 1
    if words.norm(end) == "cada":
        return end + 2 if words.norm(end + 1) in _PER_ONE else end + 1
    if words.norm(end) == "c" and words.norm(end + 1) in ("/", "u"):
        return end + 3 if words.norm(end + 1) == "/" else end + 2
    if words.norm(end) in ("la", "el") and any(words.has(end + 1, role) for role in _PIECES):
        return end + 2
    return end


def is_of_next(words: Words, start: int, end: int) -> bool:
    """Whether a currency sign belongs to the next number: "3 $35"."""
    return words.is_number(end) and not words.tokens[end].spaced


def ends_price(words: Words, start: int, end: int) -> bool:
    """Whether "a" introduces a price, and not a new amount: "a 20 cada una", but not "cámbialo a 20", "de a 2 cada
    una"."""
    if words.norm(start - 1) == "de" and words.norm(end) == "cada":
        return False
    steered = start > 0 and not words.roles[start - 1].isdisjoint(_STEERS)
    return not steered and (words.closes(end) or words.norm(end) in ("cada", "c", "la", "el", "por"))


def is_offered(words: Words, start: int, end: int) -> bool:
    """Whether a price is offered or asked for: "¿me la deja en 55?", "si me la deja a 55"; not "me la deja en 5"."""
    asked = any(words.norm(i) == "?" for i in range(end, words.count))
    return words.norm(start) not in ("me", "nos") or asked or words.norm(start - 1) == "si"


def is_decimal(words: Words, start: int, end: int) -> bool:
    """Whether a number has decimals and no unit after it."""
    return isinstance(words.tokens[end - 1].value, Fraction) and not words.has(end, role.MEASURE)


def is_paid(words: Words, start: int, end: int) -> bool:
    """Whether somebody pays with the number: "pago con 20", "billete de 100"."""
    return any(words.norm(i) in _PAYING for i in range(max(0, start - _PAID_WITHIN), start))


# phones ------------------------------------------------------------------------------------------------------


def past_phone(words: Words, start: int, end: int) -> int:
    """The token after a number of seven digits or more, in one piece or in groups."""
    first = end - 1
    i, digits, groups = first, 0, 0
    while words.is_number(i) and (norm := words.norm(i))[0].isdigit() and "," not in norm:
        digits += sum(c.isdigit() for c in norm)
        groups += 1
        i += 1
        if words.norm(i) in ("-", ")", "(") and words.is_number(i + 1):
            i += 1
    if digits < _PHONE_DIGITS:
        return 0
    if groups == 1 and ("." in words.norm(first) or (digits < _BARE_PHONE_DIGITS and first == start)):
        return 0
    if not words.names_product(i):
        return i
    return 0 if groups == 1 or digits < _SURE_PHONE_DIGITS else i - 1  # the last group is the product's


def past_named_phone(words: Words, start: int, end: int) -> int:
    """The token after "mi cel es el 555 12 34"; 0 if no long number follows."""
    i = end
    while i < min(words.count, start + _NAMED_WITHIN) and not words.is_number(i):
        if words.tokens[i].kind is NEWLINE or words.names_product(i):
            return 0
        i += 1
    digits = 0
    while words.is_number(i) or (words.norm(i) in ("-", ".", "/") and words.is_number(i + 1)):
        if words.is_number(i) and words.names_product(i + 1):
            break
        digits += len(words.norm(i))
        i += 1
    if digits < _NAMED_PHONE_DIGITS:
        return 0
    while i < words.count and not words.tokens[i].spaced and words.tokens[i].kind in (WORD, NUMBER):
        i += 1  # "RFC TGU991231AB1"
    return i


# times and dates ---------------------------------------------------------------------------------------------


def past_hour(words: Words, start: int, end: int) -> int:
    """The token after the rest of a time: ":30", "y media", "pm", "de la tarde"; 0 where a product is counted: "1 min
    pao"."""
    if words.names_long(end - 1):
        return 0
    while end < words.count and words.tokens[end].kind is not NEWLINE:
        step = _of_hour(words, end)
        if not step:
            return end
        end += step
    return end


def _of_hour(words: Words, i: int) -> int:
    """How many tokens at `i` continue a time."""
    norm = words.norm(i)
    if norm in (":", "y"):
        if norm == ":" and i + 1 < words.count and words.tokens[i + 1].spaced:
            return 0  # "mañana 8 am: 4 varillas"
        counted = words.is_number(i + 1) or words.has(i + 1, role.HALF) or words.has(i + 1, role.NUMBER)
        return 2 if counted and not (norm == "y" and words.names_product(i + 2)) else 0
    if norm in _HOUR_WORDS or words.has(i, role.TIMEUNIT):
        return int(not words.names_long(i))  # "2 o 3 min pao"
    if norm in ("p", "a") and words.norm(i + 1) in (".", "m"):
        return 2
    of_day = norm == "de" and words.norm(i + 1) == "la" and words.norm(i + 2) in _PARTS_OF_DAY
    return 3 if of_day else 0


def past_duration(words: Words, start: int, end: int) -> int:
    """The token after "y media", "y cuarto" after a unit of time: "en una hora y media"; 0 where a product is counted:
    "un min pao"."""
    if words.names_long(end - 1):
        return 0
    part = words.norm(end) == "y" and words.norm(end + 1) in ("media", "medio", "cuarto")
    return end + 2 if part and not words.names_product(end + 2) else end


def is_hour(words: Words, start: int, end: int) -> bool:
    """Whether a number is a time of day and no product follows."""
    return words.tokens[start].value in _HOURS and not words.names_product(end)


def is_visit(words: Words, start: int, end: int) -> bool:
    """Whether a number is a time of day because the clause before says that somebody comes: "paso tipo 5"."""
    if words.tokens[end - 1].value not in _DAY or words.names_product(end):
        return False
    for i in range(start - 1, max(-1, start - _CLAUSE), -1):
        if words.tokens[i].kind in (PUNCT, NEWLINE):
            return False
        if words.has(i, role.VISIT):
            return True
    return False


def is_day_and_month(words: Words, start: int, end: int) -> bool:
    """Whether "3/8" can be a date and no product follows."""
    day, month = words.tokens[end - 3].value, words.tokens[end - 1].value
    return bool(day and month and day <= _MONTH_DAYS and month <= _MONTHS) and not words.names_product(end)


def is_due(words: Words, start: int, end: int) -> bool:
    """Whether "el 14" is a day: "para" or "a" precedes it, a time or an amount follows, or nothing does."""
    if not _is_day(words, end - 1):
        return False
    if words.is_number(end) or words.has(end, role.NUMBER) or words.has(end, role.ARTICLE):
        return True  # "el 14 cien rosas"
    if words.names_product(end):
        return False
    due = words.has(start - 1, role.FOR) or words.has(start - 1, role.TO)
    return due or words.closes(end) or words.has(end, role.OF) or _is_timed(words, end)


def _is_timed(words: Words, i: int) -> bool:
    """ "el 12 a las 8"."""
    return words.has(i, role.TO) and words.norm(i + 1) in ("la", "las")


def is_day_of_week(words: Words, start: int, end: int) -> bool:
    """ "el viernes 14": a day's name with its number, where a clause ends, an hour follows or a verb that asks."""
    if not _is_day(words, end - 1) or words.names_product(end) or words.closes(start):
        return False
    return words.closes(end) or words.has(end, role.REQUEST) or _is_timed(words, end)


def past_series(words: Words, start: int, end: int) -> int:
    """The token after several times or ages: "entre 2 y 3 de la tarde", "de 7, 9 y 10 años"; 0 if there are none."""
    while (words.norm(end) == "," or words.has(end, role.AND) or words.has(end, role.OR)) and words.is_number(end + 1):
        end += 2
    words.matcher.steps.charge(end - start - 1)
    after = past_hour(words, start, end)
    return after if after > end and words.norm(end) != "y" else 0


def is_short_pair(words: Words, start: int, end: int) -> bool:
    """Whether "2-3" is too short for a house number, or a product follows."""
    return len(words.norm(start)) + len(words.norm(end - 1)) < _HOUSE_DIGITS or words.names_product(end)


def _is_day(words: Words, i: int) -> bool:
    value = words.tokens[i].value
    return value is not None and 0 < value <= _MONTH_DAYS


# sizes -------------------------------------------------------------------------------------------------------


def is_size_of_article(words: Words, start: int, end: int) -> bool:
    """ "de la 38": a size; but not "2 de la 38"."""
    value = words.tokens[end - 1].value
    return value is not None and value in SIZES and not is_counted(words, start, end)


def is_counted(words: Words, start: int, end: int) -> bool:
    """Whether there is an amount before "de", as in "2 de las 3", or a product or other thing follows: "para las 7"."""
    counted = words.is_number(start - 1) and words.has(start, role.OF)
    hour = (
        not words.has(start, role.FOR) or words.closes(end) or words.has(end, role.OF) or words.has(end, role.TIMEUNIT)
    )
    return counted or not hour or words.names_product(end)


def is_inches(words: Words, start: int, end: int) -> bool:
    """Whether a number with an inch mark is a size and no product follows."""
    value = words.tokens[start].value
    return value is not None and value in SIZES and not words.names_product(end)


def is_size_word(words: Words, start: int, end: int) -> bool:
    """Whether a word announces a size: "mi hijo calza 32", but not "una calza 32", which is a thing; "lija no 220",
    but not "4 lijas, no 6" or "3 faldas no 4"."""
    if words.norm(start) == "no" and end == start + 1 and (words.closes(start - 1) or words.counts_again(start)):
        return False
    if not words.norm(start).startswith("calz"):
        return True
    before = start - 1
    bare = not words.has(before, role.ARTICLE) and not words.has(before, role.DEFINITE) and not words.is_number(before)
    return bare and words.is_number(end) and words.tokens[end].value in SIZES


def past_named_size(words: Words, start: int, end: int) -> int:
    """The token after "talla M, L y 38", "número 38"; 0 if no size follows. "t 2 camisas" is none."""
    single = len(words.norm(start)) == 1
    if words.is_number(end) and not (single and words.names_product(end + 1)) and len(words.norm(end)) <= 4:
        return past_sizes(words, start, end + 1)
    if single and not words.has(end, role.SIZEMARK):
        return 0
    if words.has(end, role.NUMBER):  # "talla treinta y dos"
        return past_sizes(words, start, cardinal(words.tokens, words.roles, end, words.matcher.lexicon)[1])
    named = words.has(end, role.SIZEMARK) or words.has(end, role.MODIFIER)
    return past_sizes(words, start, end + 1) if named else 0


def is_mark(words: Words, start: int, end: int) -> bool:
    """Whether letters are a size and not a word: "XL", "M", but not "m"."""
    return len(words.norm(start)) > 1 or words.is_capital(start)


def past_sizes(words: Words, start: int, end: int) -> int:
    """The token after a list of further sizes: "M, L y XL", "38-40", "6/8"."""
    while end < words.count:
        i = end
        while words.norm(i) in (",", "-", "/") or words.has(i, role.AND) or words.has(i, role.OR):
            i += 1
        if i == end or i - end > 2:
            return end
        mark = words.has(i, role.SIZEMARK) and is_mark(words, i, i + 1)
        number = words.is_number(i) and words.tokens[i].value in SIZES and words.closes(i + 1)
        if not (mark or (number and words.norm(end) != ",")):
            return end
        end = i + 1
    return end


def past_bare_sizes(words: Words, start: int, end: int) -> int:
    """The token after a bare list of sizes that follows a thing, "30, 32 y 34"; 0 if there is none."""
    i = start
    while _is_bare_size(words, i) and (words.norm(i + 1) in (",", "-", "/") or words.has(i + 1, role.AND)):
        i += 2
    if i == start:
        return 0
    words.matcher.steps.charge(i - start)
    behind_word = start > 0 and words.tokens[start - 1].kind is WORD
    return i + 1 if behind_word and _is_bare_size(words, i) and words.closes(i + 1) else 0


def _is_bare_size(words: Words, i: int) -> bool:
    return words.is_number(i) and words.tokens[i].value in SIZES and not words.names_product(i + 1)


def is_known(words: Words, start: int, end: int) -> bool:
    """Whether the first is a word of a product's name, or a size that is told with an amount, or a product follows."""
    return words.matcher.knows(words.norm(start)) or words.names_product(end) or _is_size_times(words, start, end)


def _is_size_times(words: Words, start: int, end: int) -> bool:
    """ "fusibles de 15 x 10 y de 20 x 5", "lata 473 x 24": a size of a thing that has only sizes of one number."""
    value = words.tokens[start].value
    if value is None or words.has(end, role.MEASURE) or not words.closes(end):
        return False
    if not words.has(start - 1, role.OF) and value <= COUNTS:
        return False  # "2 x 3"
    before = (words.norm(i) for i in range(start - 2, max(-1, start - _CLAUSE), -1) if words.tokens[i].kind is WORD)
    families = (words.matcher.families.get(words.matcher.head(key(norm))) for norm in before)
    thing = next((family for family in families if family is not None), None)
    return thing is not None and not thing.has_spans() and bool(thing.with_size(Size((value,))))


def past_factors(words: Words, start: int, end: int) -> int:
    """The token after "x 3", "x 2 cm" behind "4 x 5"."""
    spaced = words.tokens[start + 1].spaced
    while words.norm(end) == "x" and words.is_number(end + 1) and words.tokens[end].spaced == spaced:
        end += 2
    return end + 1 if words.has(end, role.MEASURE) else end


def is_sold_by(words: Words, start: int, end: int) -> bool:
    """Whether a measure is an amount ("3 m de"), its unit a size ("3 M"), or the start of a name ("3 g shock")."""
    return words.has(end, role.OF) or words.is_capital(end - 1) or words.names_long(end - 1)


def past_link(words: Words, start: int, end: int) -> int:
    """The token after everything that follows without a space."""
    while end < words.count and not words.tokens[end].spaced and words.tokens[end].kind is not NEWLINE:
        end += 1
    return end
