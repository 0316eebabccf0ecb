"""Amounts in a message: numbers, measures, sizes that stand for a thing, and amounts that do not say how many."""

from fractions import Fraction
from typing import Final

import msgspec

from recado.quotes.catalogue.matcher import How, Match
from recado.quotes.catalogue.measures import Measure
from recado.quotes.language import role
from recado.quotes.language.lexicon import FUNCTION, NONE, QUANTITY_ROLES, Unit
from recado.quotes.language.numbers import Quantity, Unusable, cardinal, quantity
from recado.quotes.language.sizes import SOLD_BY, Size
from recado.quotes.language.text import NUMBER, WORD, key
from recado.quotes.scan.counters import past_counter, thing_before
from recado.quotes.scan.elements import THINGS, Flag
from recado.quotes.scan.goods import add_thing
from recado.quotes.scan.scene import WHOLE, Scene
from recado.quotes.scan.size_ellipsis import add_other_size, names_kin, names_size
from recado.quotes.scan.words import Kind

_BEFORE_MEASURE: Final = frozenset([role.CORRECTION, role.REQUEST, role.ADD, role.COMMA])
_OPENS_ENTRY: Final = frozenset([role.OUTSIDE, role.LINE, role.COMMA, role.AND, role.STOP, role.REQUEST, role.GREETING])
"""What precedes an entry of a list."""
_NO_MORE: Final = frozenset([role.TIMEUNIT, role.PEOPLE, role.OCCASIONS, role.SERVICES])
"""Roles of words of which "otro" does not ask for more: "otro día"."""
_VAGUE: Final = frozenset(
    ["cuantos", "cuantas", "varios", "varias", "algunos", "algunas", "pocos", "pocas", "poco", "poquito", "monton",
     "bastantes"]
)  # fmt: skip
_CODE_DIGITS: Final = 3
_COUNTS_CODE: Final = frozenset([role.QUANTITY, role.OF])
_BEFORE_CODE: Final = frozenset([
    role.OUTSIDE, role.QUANTITY, role.AND, role.COMMA, role.LINE, role.REQUEST, role.ADD, role.GREETING, role.COURTESY,
    role.STOP, role.DEFINITE,
])  # fmt: skip
"""What may precede a product that is named by a number."""
_ONE_OR_MORE: Final = frozenset([role.NUMBER, role.ARTICLE])
_OPENERS: Final = _VAGUE | {"entre", "como"}
"""Words that open an amount, besides numbers and measures."""
_GOES_ON: Final = _VAGUE | {"a"}
"""Words by which a number goes on: "4 a 5", "unas cuantas"."""


def add_code(scene: Scene, i: int) -> int:
    """The token after a number that is a product's whole name or alias, with an amount beside it: "1157 media docena",
    "10 de 3614"; 0 if it counts something."""
    token = scene.tokens[i]
    if len(token.norm) < _CODE_DIGITS or token.norm not in scene.matcher.single:
        return 0
    behind = scene.roles[i + 1] if i + 1 < len(scene.tokens) else NONE
    counted = scene.is_counted(i + 1) or scene.norm(i + 1) == "x" or bool(behind & QUANTITY_ROLES)
    opens = scene.kind(-1) in _BEFORE_CODE or (scene.kind(-1) is role.OF and scene.kind(-2) is role.QUANTITY)
    if not opens or not (counted or (scene.kind(-1) in _COUNTS_CODE and scene.has_no_noun(i + 1))):
        return 0
    match = scene.matcher.match(scene.tokens, scene.roles, i)
    return 0 if match is None or len(match.products) > 1 or match.how not in WHOLE else add_thing(scene, i, match)


def add_amount(scene: Scene, i: int) -> int:
    """The token after an amount or size that is not a plain number: "medio kilo de", "4 o 5", "y 2 de 3/4"; 0 if
    there is none."""
    span = scene.spans.get(i)
    if not (scene.opens_amount[i] or scene.norms[i] in _OPENERS) and (span is None or span.kind is not Kind.PRICE):
        return 0
    if end := add_other_size(scene, i):
        return end
    if span is None and _counts_the_next(scene, i):
        return 0
    return add_unusable(scene, i) or add_measure(scene, i)


def _counts_the_next(scene: Scene, i: int) -> bool:
    """Whether a number stands right before a word that no amount goes on with: "2 zapatos", "una camisa"."""
    if not scene.is_followed_by_other(i):
        return False
    return scene.norms[i + 1] not in _GOES_ON and role.OR not in scene.roles[i + 1]


def add_unusable(scene: Scene, i: int) -> int:
    """The token after an amount that does not say how many: "4 o 5", "unas cuantas", "10 soles de"; 0 if there is
    none."""
    found = _range(scene, i) or _worth(scene, i) or _vague(scene, i)
    if found is None:
        return 0
    end, why = found
    while scene.has(end, role.OF):
        end += 1
    element = scene.add(role.QUANTITY, i, end)
    element.quantity = Quantity(1, end, article=why is Unusable.VAGUE, bare=False, unusable=why)
    return end


def _range(scene: Scene, i: int) -> tuple[int, Unusable] | None:
    if scene.norm(i) in ("unos", "unas", "como") and i + 1 < len(scene.tokens) and scene.tokens[i + 1].kind is NUMBER:
        i += 1
    between = scene.norm(i) == "entre" and i + 1 < len(scene.tokens)
    if between:
        i += 1
    if i in scene.spans or not (scene.tokens[i].kind is NUMBER or not scene.roles[i].isdisjoint(_ONE_OR_MORE)):
        return None
    first, j = cardinal(scene.tokens, scene.roles, i, scene.lexicon)
    if first is None or j >= len(scene.tokens):
        return None
    dash = scene.tokens[j].norm == "-" and not scene.tokens[j].spaced
    joint = role.AND in scene.roles[j] if between else role.OR in scene.roles[j] or scene.tokens[j].norm == "a"
    if not (dash or joint):
        return None
    second = (
        quantity(scene.tokens, scene.roles, j + 1, scene.lexicon, scene.matcher.names)
        if j + 1 < len(scene.tokens)
        else None
    )
    if second is None or second.article or second.value <= first or j + 1 in scene.spans:
        return None
    if role.OR not in scene.roles[j] and not scene.opens_thing(second.end + scene.has(second.end, role.OF)):
        return None
    whole = scene.measure(j + 1)
    return second.end if whole is None else whole.end, Unusable.RANGE


def _worth(scene: Scene, i: int) -> tuple[int, Unusable] | None:
    span = scene.spans.get(i)
    end = span.end if span is not None and span.kind is Kind.PRICE else 0
    if not end and scene.tokens[i].kind is NUMBER and scene.norm(i + 1) == "mil":
        end = i + 2
    if not end:
        return None
    joined = scene.has(end, role.OF) or scene.norm(end) == "en"  # "10.000 pesos en toallitas"
    return (end, Unusable.WORTH) if joined and scene.opens_product(end + 1) else None


def _vague(scene: Scene, i: int) -> tuple[int, Unusable] | None:
    j = i + 1 if role.ARTICLE in scene.roles[i] or scene.norm(i) == "un" else i
    if scene.norm(i) in ("unos", "unas") and scene.norm(j) in scene.lexicon.measures and scene.has(j + 1, role.OF):
        return (j + 1, Unusable.VAGUE) if scene.opens_product(j + 2) else None  # "unos metros de tul"
    if scene.norm(j) not in _VAGUE or (j == i and scene.norm(j) in ("pocos", "pocas", "poco", "monton")):
        return None
    past = j + 1 + (scene.norm(j + 1) in scene.lexicon.measures)  # "unos cuantos litros"
    behind = scene.kind(-1) is role.PRODUCT and scene.kind(-2) is not role.QUANTITY and j == i
    if (behind or (past > j + 1 and scene.kind(-2) is role.PRODUCT)) and scene.has_no_noun(past):
        return past, Unusable.VAGUE  # "gasas varias", "cloro, unos cuantos litros"
    opens = past + scene.has(past, role.OF)
    if not (scene.opens_product(opens) or scene.opens_thing(opens)) or role.TIMEUNIT in scene.roles[opens]:
        return None
    return past, Unusable.VAGUE


def add_measure(scene: Scene, i: int) -> int:
    """The token after an amount in a unit, with the product beside it: "medio kilo de", "arena 3 m3"; 0 if there is
    none."""
    found = scene.measure(i)
    if found is None or _is_letter_size(scene, found):
        return 0
    after = _behind_measure(scene, found)
    end, value, collective = found.end, found.value, 0
    if found.unit is None:
        if not _is_part_of(scene, i, found, after):
            return 0
        assert after is not None
        if scene.matcher.products[after.products[0]].unit is None and (before := scene.counted_before()) is not None:
            value, collective = value * (before.collective or 1), before.collective  # "media de" after a dozen
    elif scene.has(end - 1, role.OF) and scene.is_each(end - 1):
        end -= 1  # "dos metros de cada una"
    elif found.at > i and _is_named_by_unit(scene, found):
        end = found.at  # "un cuarto de kilo de carnitas", where "kilo de carnitas" is a name
    elif not _is_measured(scene, found, after):
        _doubt_amounts(scene, found.unit)
        return 0
    element = scene.add(role.QUANTITY, i, end)
    named = found.at == i and scene.kind(-2) is role.DEFINITE  # "a cómo el kilo de papa?" tells no amount
    element.quantity = Quantity(value, end, article=named, unit=found.unit, bare=False, collective=collective)
    if "mas" in scene.norms[found.at : end] and "menos" not in scene.norms[found.at : end]:
        element.flags.add(Flag.ANOTHER)
    return end


def _is_named_by_unit(scene: Scene, found: Measure) -> bool:
    """Whether the unit opens the name of a product that is sold by it."""
    written = scene.matcher.written_out(scene.tokens, found.at)
    return written is not None and found.unit is not None and scene.is_sold_by(written.products[0], found.unit)


def _behind_measure(scene: Scene, found: Measure) -> Match | None:
    """The product after an amount; its name may only lack the word "litro": "2 litros de thinner"."""
    if scene.opens_product(found.end) or found.unit is None or found.end >= len(scene.tokens):
        return scene.matcher.match(scene.tokens, scene.roles, found.end) if scene.opens_product(found.end) else None
    return scene.matcher.match(scene.tokens, scene.roles, found.end, measured=Size((1,), found.unit))


def _is_part_of(scene: Scene, i: int, found: Measure, after: Match | None) -> bool:
    """Whether a number without a unit is a part of the unit in which `after` is sold: "un cuarto de queso"."""
    if after is None or _is_fraction_of(scene, found.value, after):
        return after is not None and found.at > i + 1  # "1/8 de esmalte", of which the number alone is 1
    measured = scene.matcher.products[after.products[0]].unit is not None
    if found.value > 1 and not measured:
        return False  # "2 1/4 de pollo"
    part = scene.matcher.match(scene.tokens, scene.roles, found.at - 1, head_only=False)
    if part is not None and part.words > 1 and part.how in WHOLE:
        return False  # "un cuarto de esmalte" is a name
    named = scene.matcher.match(scene.tokens, scene.roles, i, head_only=False)
    # "medio de camarón" is a part of a kilo, and no "medio litro de ceviche de camarón"
    return named is None or named.words == 1 or (measured and named.how is How.PART)


def _is_measured(scene: Scene, found: Measure, after: Match | None) -> bool:
    """Whether a number with a unit says how much is wanted of the thing after or before it."""
    assert found.unit is not None
    if after is not None and after.words > 1 and scene.is_sold_by(after.products[0], found.unit):
        return True  # "2 litros de cloro a granel", where a bottle is called "litro de cloro"
    if scene.names_long(found.at):
        return False  # "3 g shock", the watches
    alias = scene.matcher.match(scene.tokens, scene.roles, found.at, head_only=False)
    left_out = after is None and not scene.is_kind(found.end)  # "medio litro del de pescado"
    if alias is not None and alias.words > 1 and (alias.how in WHOLE or left_out):
        return False  # "litro de thinner" is a name
    follows = after is None and _follows_product(scene, found.unit)
    if not found.counts or scene.norm(found.at) == "k":
        beside = after
        if follows or _is_of_kind(scene, found.end):  # "satín: 50 cm rojo"
            beside = next((e.match for e in scene.behind() if e.match is not None), after)
        # "80 cm" of what is sold by the metre; "2k" of what is sold by the piece are 2,000
        return beside is not None and scene.is_sold_by(beside.products[0], found.unit)
    if after is not None or follows or _is_of_kind(scene, found.end) or _stands_alone(scene, found):
        return True  # "1 kg de roja"
    if found.unit.name in SOLD_BY and scene.kind(-1) is role.UNKNOWN and scene.kind(-2) in _OPENS_ENTRY:
        return Flag.VERB not in scene.elements[-1].flags and scene.has_no_noun(found.end)  # "jícama 2 kg"
    unknown = found.end < len(scene.tokens) and not scene.roles[found.end]
    entry = scene.kind(-1) in _OPENS_ENTRY and scene.has_no_noun(found.end + 1)  # "2 kg jícama"
    return unknown and (entry or scene.has(found.end - 1, role.OF))  # "10 L de compost"


def _is_of_kind(scene: Scene, i: int) -> bool:
    """Whether a kind or a size of an earlier thing is at `i`: "roja", "la beige", "la de 3/4"."""
    i += scene.has(i, role.DEFINITE)
    return scene.is_kind(i) or (scene.has(i, role.OF) and names_size(scene, i + 1))


def _is_fraction_of(scene: Scene, value: int | Fraction, match: Match) -> bool:
    """Whether a fraction is a size in which a thing is sold: "1/4 de pollo"."""
    families = scene.matcher.families_of(match.products[0])
    return any(family.with_size(Size((value,))) for family in families)


def _follows_product(scene: Scene, unit: Unit) -> bool:
    """Whether a measure is the amount of the product before it: "arena 3 m3", "una torta de 3 kilos"."""
    parted = scene.kind(-1) in (role.LINK, role.COMMA, role.ONLY) or (
        scene.kind(-1) is role.OF and scene.kind(-2) is role.PRODUCT
    )
    before = -2 if parted else -1
    if scene.kind(before) not in (role.PRODUCT, role.SEVERAL, role.QUALITY):
        return False
    counted = scene.elements[before - 1].quantity if scene.kind(before - 1) is role.QUANTITY else None
    if scene.kind(-1) is not role.OF and counted is None:
        return True
    match = scene.elements[before].match
    if match is None or not scene.is_sold_by(match.products[0], unit):
        return False
    return counted is None or counted.article or (before == -1 and _ends_pairs(scene))


def _doubt_amounts(scene: Scene, unit: Unit) -> None:
    """ "2 carne molida 3 kg": either number may be the amount of what is sold by the kilo."""
    counted = (
        scene.elements[-2].quantity if scene.kind(-1) is role.PRODUCT and scene.kind(-2) is role.QUANTITY else None
    )
    match = scene.elements[-1].match if counted is not None and counted.bare and not counted.article else None
    if match is not None and scene.is_sold_by(match.products[0], unit):
        scene.elements[-1].flags.add(Flag.KIND)


def _ends_pairs(scene: Scene) -> bool:
    """ "pollo 2 asado 3 kg": whether the number before the last thing counts the one before that."""
    i = -1
    while scene.kind(i) is role.PRODUCT and scene.kind(i - 1) is role.QUANTITY:
        i -= 2
    return i < -1 and scene.kind(i) is role.PRODUCT


def _stands_alone(scene: Scene, found: Measure) -> bool:
    """Whether a measure alone corrects or completes the amount of a product sold by measure: "perdón 2 kg"."""
    assert found.unit is not None
    told = scene.kind(-1) is role.COPULA and thing_before(scene) is not None  # "jitomate, son 2 kg"
    if not (scene.has_no_noun(found.end) and (told or scene.kind(-1) in _BEFORE_MEASURE)):
        return False
    last = next((e.match for e in scene.behind() if e.match is not None), None)
    return last is not None and scene.is_sold_by(last.products[0], found.unit)


def _is_letter_size(scene: Scene, found: Measure) -> bool:
    """ "3 M camisas": a separate capital letter is a size of clothes."""
    unit = scene.tokens[found.at]
    if scene.has(found.end - 1, role.OF):
        return False  # "10 L de abono"
    return len(unit.norm) == 1 and unit.spaced and scene.text[unit.start].isupper()


def add_number(scene: Scene, i: int) -> int:
    if scene.tokens[i].norm in scene.matcher.vocabulary.words:
        match = scene.matcher.match(scene.tokens, scene.roles, i, head_only=False)
        if match is not None and match.words > 1 and not scene.is_product(i + 1) and not _goes_on(scene, i + 1, match):
            return add_thing(scene, i, match)
    if scene.is_long_name(i + 1):
        value = scene.tokens[i].value
        return add_quantity(scene, i, Quantity(value, i + 1)) if value is not None else i + 1
    if scene.kind(-1) is role.OF and scene.kind(-2) is role.QUANTITY and i + 1 < len(scene.tokens):
        after = scene.tokens[i + 1]
        if after.kind is WORD and scene.matcher.knows(after.norm) and key(after.norm) not in scene.matcher.single:
            element = scene.add(role.QUALITY, i, i + 2)  # "dos de 2 plazas"
            element.words = [scene.tokens[i].norm, after.norm]
            element.text = scene.written(i, i + 2)
            return i + 2
    q = quantity(scene.tokens, scene.roles, i, scene.lexicon, scene.matcher.names)
    if q is None:
        scene.add(role.MASK, i, i + 1, frozenset([role.NUMBER]))
        return i + 1
    return add_quantity(scene, i, q)


def _goes_on(scene: Scene, i: int, other: Match) -> bool:
    """Whether the name at `i` continues where another ends: "3 leche de almendras", where "tres leches" is a cake."""
    match = scene.matcher.match(scene.tokens, scene.roles, i) if i < len(scene.tokens) else None
    return match is not None and match.words > 1 and match.how in WHOLE and match.end > other.end


def add_quantity(scene: Scene, i: int, q: Quantity) -> int:
    dotted = scene.tokens[q.end - 1].norm == "."
    held = q.end - 1 - dotted
    if q.pieces and (scene.names_long(held) if dotted else _is_vessel(scene, held) or scene.opens_long(held)):
        q = msgspec.structs.replace(q, end=held, pieces=False)
    elif not q.pieces and (past := past_counter(scene, q.end) or _past_packs(scene, q.end)):
        q = msgspec.structs.replace(q, end=past, pieces=True, container=None, bare=False)
    element = scene.add(role.QUANTITY, i, q.end)
    element.quantity = q
    if i > 0 and scene.tokens[i - 1].norm == "-" and not scene.tokens[i].spaced and scene.tokens[i].kind is NUMBER:
        dash = scene.tokens[i - 1]
        opener = scene.elements[-3] if len(scene.elements) >= 3 else None
        steered = opener is not None and opener.kind in (
            role.REQUEST,
            role.ADD,
            role.AND,
            role.CORRECTION,
            role.GREETING,
            role.COURTESY,
            role.NOISE,
            role.COMMA,
        )
        if dash.spaced and steered and scene.elements[-2].kind is role.LINK:
            element.negative = True
    end = q.end
    if scene.norm(end) == "x" and scene.lexicon.phrase(scene.norms, end) is None:  # no "3 x favor"
        end += 1
    return end


def _past_packs(scene: Scene, i: int) -> int:
    """The token after a container at `i` whose contents follow without "de": "10 paquetes bolsa de basura"; 0 if there
    is none."""
    if i + 1 >= len(scene.tokens) or role.CONTAINER not in scene.roles[i] or scene.is_product(i):
        return 0
    if scene.opens_long(i) or scene.roles[i + 1] & FUNCTION or not scene.opens_product(i + 1):
        return 0
    return i + 1


def _is_vessel(scene: Scene, i: int) -> bool:
    """Whether an empty container is itself the thing: "6 vasos", but not "pintura, 2 galones"."""
    if role.CONTAINER not in scene.roles[i] or scene.roles[i] & {role.UNIT, role.PIECE} or scene.is_product(i + 1):
        return False
    if scene.kind(-1) is role.AND:
        return True
    last = next((e for e in scene.behind() if e.kind in THINGS), None)
    return last is None or (last.index > 0 and scene.elements[last.index - 1].kind is role.QUANTITY)


def add_another(scene: Scene, i: int) -> int:
    """ "otra": one more; "otra de lapiceros" after "una docena de lápices": one more dozen; "otro día": nothing."""
    roles = scene.roles[i + 1] if i + 1 < len(scene.tokens) else NONE
    if roles & _NO_MORE and not roles & {role.FOR, role.MODIFIER, role.GOOD} and not scene.is_product(i + 1):
        scene.add(role.NOISE, i, i + 1)
        return i + 1
    counted = i + 1 < len(scene.tokens) and (scene.is_counted(i + 1) or bool(scene.roles[i + 1] & QUANTITY_ROLES))
    if counted and not names_kin(scene, i + 1):
        return scene.steer(i, i + 1, scene.roles[i])
    q = Quantity(1, i + 1, article=True)
    more = scene.measure(i + 1) if i + 1 < len(scene.tokens) else None
    if more is not None and more.unit is not None and more.at == i + 1:
        element = scene.add(role.QUANTITY, i, more.end)
        element.quantity = Quantity(more.value, more.end, unit=more.unit, bare=False)
        return more.end  # "otro kilo de naranjas"
    unit = scene.lexicon.measures.get(scene.norm(i + 1))
    beside = scene.kind(-1) is role.PRODUCT or (unit is not None and scene.has_no_noun(i + 2))
    measured = next((e.match for e in scene.behind() if e.match is not None), None) if beside else None
    if unit is not None and measured is not None and scene.is_sold_by(measured.products[0], unit):
        element = scene.add(role.QUANTITY, i, i + 2)
        element.quantity = Quantity(1, i + 2, unit=unit, bare=False)
        return i + 2  # "boquerones otro kilo"
    if scene.has(i + 1, role.OF):
        before = scene.counted_before()
        if before is not None and before.collective:
            q = Quantity(before.value, i + 1, collective=before.collective)
        elif before is not None and before.pairs:
            q = Quantity(1, i + 1, pairs=True)
    element = scene.add(role.QUANTITY, i, i + 1)
    element.quantity = q
    element.flags.add(Flag.ANOTHER)
    return i + 1
