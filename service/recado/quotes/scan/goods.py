"""Things in a message: products with their description, contents of containers, kinds, and goods that are not sold."""

from typing import Final

import msgspec

from recado.quotes.catalogue.index import TABLES
from recado.quotes.catalogue.matcher import How, Match
from recado.quotes.catalogue.vocabulary import EXACT
from recado.quotes.language import role
from recado.quotes.language.lexicon import FUNCTION, NONE, Unit
from recado.quotes.language.role import Roles
from recado.quotes.language.sizes import COUNT, SOLD_BY, Size
from recado.quotes.language.text import NUMBER, WORD, key
from recado.quotes.scan.descriptions import PARTICIPLES, VERB_ENDINGS, is_command
from recado.quotes.scan.elements import CLITICS, Element, Flag
from recado.quotes.scan.scene import BEHIND, WHOLE, Scene
from recado.quotes.scan.words import Kind

_PREPOSITIONS: Final = frozenset([role.OF, role.FOR, role.CON, role.TO])
_FLAT: Final = frozenset(["inch", "foot", "length"])
"""Dimensions of what is counted in sheets."""
_SORTS: Final = frozenset([role.SORTS, role.WEARERS, role.MATERIALS, role.BEDS])
"""Qualities that matter if the product meant is of a sort: "carne molida especial", of which there is "corriente"."""
_OPENS_PART: Final = frozenset([role.OUTSIDE, role.REQUEST, role.AND, role.COMMA, role.LINE, role.STOP, role.GREETING])
"""What precedes a thing without an amount."""


def add_size(scene: Scene, i: int, end: int) -> int:
    """A size that is named from `i` to `end`: "talla M", "del 38"."""
    element = scene.add(role.QUALITY, i, end)
    element.flags.add(Flag.SIZE)
    element.sizes = _sizes_told(scene, i, end)
    element.words = scene.letters(i, end)
    element.text = scene.written(i, end)
    return end


def _sizes_told(scene: Scene, i: int, end: int) -> list[Size]:
    """The one size in a span, if it distinguishes the products of an earlier thing: "talle 40" of "jean mom 38"."""
    told = [Size((t.value,)) for t in scene.tokens[i:end] if t.kind is NUMBER and t.value is not None]
    before = (e.match.products[0] for e in scene.behind() if e.match is not None)
    known = any(family.with_size(size) for n in before for family in scene.matcher.families_of(n) for size in told)
    return told if known and len(told) == 1 else []


_SAYS_WHAT_FOR: Final = frozenset([role.OF, role.FOR, role.NOUN])
_GOODS: Final = frozenset([role.GOOD, role.DEFINITE, role.FOR])


def add_container(scene: Scene, i: int, determined: bool) -> int:
    """ "bolsas de café": the coffee if the catalogue has it, otherwise an unknown thing."""
    at, match = held_by(scene, i)
    if match is not None:
        if scene.matcher.products[match.products[0]].pair:  # "caja de zapatos" is no pair of shoes
            return add_unknown(scene, i)
        return add_contents(scene, i, at, match)
    if scene.kind(-1) in _OPENS_PART and not scene.has(i + 1, role.OF) and (goods := _sold_empty(scene, i)) is not None:
        return add_thing(scene, i, goods)
    if determined or scene.has(i + 1, role.OF) or (scene.kind(-1) is role.AND and role.GOOD in scene.roles[i]):
        return add_unknown(scene, i)
    scene.add(role.NOISE, i, i + 1, scene.roles[i])
    return i + 1


def add_sheets(scene: Scene, i: int) -> int:
    """The token after "hojas de triplay", as triplay has a thickness; `i` if no goods in sheets are there."""
    if key(scene.norms[i]) not in scene.lexicon.counters or not scene.has(i + 1, role.OF):
        return i
    match = scene.matcher.match(scene.tokens, scene.roles, i + 2) if scene.opens_product(i + 2) else None
    if match is None or match.how is How.START:
        return i
    families = scene.matcher.families_of(match.products[0])
    flat = any(not family.dimensions.isdisjoint(_FLAT) for family in families)
    return add_contents(scene, i, i + 2, match) if flat else i


def _sold_empty(scene: Scene, i: int) -> Match | None:
    """The products whose names begin with the container at `i`: "vasos", where there are "vasos 7 oz" and
    "vasos 12 oz"."""
    roles = [*scene.roles]
    roles[i] = roles[i] - {role.CONTAINER}
    match = scene.matcher.match(scene.tokens, roles, i)
    if match is None or match.how is not How.SEVERAL:
        return None
    called = tuple(n for n in match.products if scene.matcher.is_called(n, scene.norms[i]))
    return msgspec.structs.replace(match, products=called) if len(called) > 1 else None


def held_by(scene: Scene, i: int) -> tuple[int, Match | None]:
    """The place and the match of the contents of a container at `i`: "bolsas de café"."""
    j = i + 2
    if not (role.CONTAINER in scene.roles[i] and scene.has(i + 1, role.OF)):
        return j, None
    while scene.has(j, role.DEFINITE):
        j += 1
    if scene.is_counted(j) and (packed := _packed(scene, j)) is not None:
        return j + 1, packed
    return j, scene.matcher.match(scene.tokens, scene.roles, j) if j < len(scene.tokens) else None


def _packed(scene: Scene, i: int) -> Match | None:
    """The product that is sold in packs of the number at `i`: "paquete de 12 vasos"."""
    value = scene.tokens[i].value
    if value is None or i + 1 >= len(scene.tokens):
        return None
    pack = Size((value,), COUNT)
    match = scene.matcher.match(scene.tokens, scene.roles, i + 1, measured=pack)
    return match if match is not None and pack in scene.matcher.sizes_of(match.products[0]) else None


def add_contents(scene: Scene, i: int, at: int, match: Match) -> int:
    """The thing at `at`, in the container at `i`."""
    end = add_thing(scene, at, match)
    thing = scene.elements[-1]
    thing.flags.add(Flag.CONTAINER)
    if match.how is How.NAME and role.GOOD in scene.roles[i] and _is_sold_whole(scene, i, at):
        thing.flags.add(Flag.KIND)  # "un ramo de rosas", where bunches of roses are sold by number
    thing.start = i
    return end


def _is_sold_whole(scene: Scene, i: int, at: int) -> bool:
    """Whether products are named by the container at `i` and what is in it, at `at`."""
    held = scene.elements[-1].match
    if held is not None and scene.matcher.products[held.products[0]].has_word(scene.norms[i]):
        return False  # "cajas de pija" for the "pija 8 x 2, caja c/100"
    whole = scene.matcher.match(scene.tokens, scene.roles, i, head_only=False)
    kinds = scene.matcher.with_head(whole.products[0], [scene.norms[at]]) if whole is not None else ()
    return bool(kinds) and held is not None and held.products[0] not in kinds


def add_thing(scene: Scene, i: int, match: Match) -> int:
    match = _with_its_words(scene, _by_measure(scene, i, match))
    several = len(match.products) > 1 or match.how is How.OTHER
    if (first := _named_twice(scene, i, match)) is not None:
        first.match, first.end, first.text = match, match.end, scene.written(first.start, match.end)
        return match.end
    element = scene.add(role.SEVERAL if several else role.PRODUCT, i, match.end)
    element.match = match
    unit = scene.lexicon.measures.get(scene.matcher.products[match.products[0]].unit or "")
    end = scene.tails.end(match.end, sold_by=unit.dimension if unit is not None else None)
    if match.how is How.SEVERAL and end > match.end and (told := _told_behind(scene, match, end)) is not None:
        element.kind, element.match, several = role.PRODUCT, told, False
        match, end = told, told.end
    element.end = end
    element.text = scene.written(i, max(match.end, scene.tails.trimmed(match.end, end)) if several else match.end)
    if end > match.end:
        element.flags.add(Flag.QUALIFIED)
        if (kind := _kind_told(scene, match, end)) is not None:
            element.flags.add(kind)
            partly = kind is Flag.KIND and match.how in (How.START, How.PART)  # "crema nivea", of a "Crema No. 4"
            if (kind is Flag.OTHER or partly) and not several:
                element.kind, element.text = role.SEVERAL, scene.written(i, end)
    elif end == match.end and _is_foreign_word(scene, end, match):
        element.flags.add(Flag.KIND)  # "hamburguesa hawaiana", where only a pizza is called so
    apart = scene.kind(-2) in _PREPOSITIONS and scene.kind(-3) is role.QUANTITY and _follows_kinds(scene)
    if apart and scene.norms[i] not in scene.matcher.codes and scene.kinds(i) != set(match.products):
        element.flags.add(Flag.KIND)  # "3 empanadas de carne y 4 de queso", where queso is sold too
    return end


def _named_twice(scene: Scene, i: int, match: Match) -> Element | None:
    """The thing right before `i` that is the same product by its other name: "2 aflojatodo WD-40"."""
    before = scene.elements[-1] if scene.elements else None
    if before is None or before.kind is not role.PRODUCT or before.match is None or before.end != i:
        return None
    same = before.match.products == match.products and before.match.end == i and match.how is How.NAME
    return before if same and not before.flags else None


def _told_behind(scene: Scene, match: Match, i: int) -> Match | None:
    """The one of several products that the word at `i` tells, behind what the thing is for: "el filtro de agua de la
    nevera LG"."""
    if i >= len(scene.tokens) or scene.tokens[i].kind is not WORD or scene.roles[i]:
        return None
    behind = scene.roles[match.end] | (scene.roles[match.end + 1] if match.end + 1 < i else NONE)
    if not behind & _SAYS_WHAT_FOR or (role.OF in behind and not behind & _GOODS):
        return None  # "filtro de aire yaris", of which there may be only an oil filter
    told = tuple(n for n in match.products if scene.matcher.products[n].has_word(scene.norms[i]))
    return msgspec.structs.replace(match, products=told, end=i + 1, how=How.NAME) if len(told) == 1 else None


def _by_measure(scene: Scene, i: int, match: Match) -> Match:
    """The product whose size is the amount before a thing: "1 kg de café", "un cuarto de esmalte"."""
    whole = match.how not in (How.SEVERAL, How.PART, How.START)
    if whole and (match.words > 1 or match.how is not How.NAME):
        return match
    before = -2 if scene.kind(-1) is role.OF else -1
    q = scene.elements[before].quantity if len(scene.elements) >= -before else None
    if q is None or (q.unit is None and q.value >= 1):
        return match
    if (called := _called_by_unit(scene, i, match, q.unit)) is not None:
        return called
    products = scene.matcher.products
    sold = [n for n in match.products if (scene.is_sold_by(n, q.unit) if q.unit is not None else products[n].unit)]
    if sold:  # "250 gramos de carnitas", "un cuarto de carnitas", where tacos are called so too
        heads = [n for n in match.products if n not in sold and scene.matcher.is_called(n, scene.norms[i])]
        alone = len(sold) == 1 and match.how is How.SEVERAL and not heads
        return msgspec.structs.replace(match, products=(sold[0],), how=How.NAME) if alone else match
    size = Size((1 if q.value >= 1 else q.value,), q.unit)
    if whole and (q.unit is None or any(own.agrees(size) for own in scene.matcher.sizes_of(match.products[0]))):
        return match
    found = scene.matcher.match(scene.tokens, scene.roles, i, measured=size)
    return match if found is None or found.how is How.OTHER else found


def _called_by_unit(scene: Scene, i: int, match: Match, unit: Unit | None) -> Match | None:
    """The product that is called by the unit in which it is sold: "un kilo de café", where there is "café por
    kilo"."""
    names = {name for family in scene.matcher.families_of(match.products[0]) for name in family.units}
    for sold_by in (scene.lexicon.measures[name] for name in sorted(names)):
        size = Size((1,), sold_by)
        if unit is not None and unit.dimension != sold_by.dimension:
            continue
        found = scene.matcher.match(scene.tokens, scene.roles, i, measured=size)
        if found is None or found.how not in WHOLE:
            continue
        if scene.is_sold_by(found.products[0], sold_by) and size in scene.matcher.sizes_of(found.products[0]):
            return found
    return None


def _with_its_words(scene: Scene, match: Match) -> Match:
    """The product with the words of its other names that follow and name nothing else: the brand in "micro SD de 128
    Sandisk"."""
    end = match.end
    product = scene.matcher.products[match.products[0]]
    while (
        match.how in WHOLE and len(match.products) == 1 and _is_brand(scene, end) and product.has_word(scene.norms[end])
    ):
        end += 1
    return msgspec.structs.replace(match, end=end) if end > match.end else match


def _is_brand(scene: Scene, i: int) -> bool:
    """Whether the word at `i` is in names, but names nothing alone."""
    if (
        i >= len(scene.tokens)
        or scene.tokens[i].kind is not WORD
        or scene.roles[i]
        or not scene.matcher.knows(scene.norms[i])
    ):
        return False
    match = scene.matcher.match(scene.tokens, scene.roles, i)
    return match is None or (match.words == 1 and match.how not in WHOLE)


def _is_foreign_word(scene: Scene, i: int, match: Match) -> bool:
    """Whether the word at `i` is in names with other heads, and opens none."""
    if i >= len(scene.tokens) or scene.tokens[i].kind is not WORD or scene.roles[i]:
        return False
    near = scene.matcher.near(scene.norms[i])
    return bool(near) and near[0][1] == EXACT and not scene.matcher.opens(near[0][0])


def _follows_kinds(scene: Scene) -> bool:
    """Whether the number before "de" may belong to a kind of an earlier thing."""
    q, before = scene.elements[-3].quantity, scene.elements[-BEHIND:-3]
    if q is None or not q.bare or not any(e.match is not None for e in before):
        return False
    counts = [e.quantity for e in before if e.quantity is not None]
    return not any(c.pairs or c.collective or c.unit or c.container for c in counts)  # "2 pares de botas y 3 de tenis"


def _kind_told(scene: Scene, match: Match, end: int) -> Flag | None:
    """The description of a product: a kind that the catalogue may not have, or does not have (OTHER)."""
    prep: Roles = NONE
    i = match.end
    while i < end:
        span = scene.spans.get(i)
        if span is not None:
            if span.kind is Kind.MEASURE and not _is_length(scene, i):
                return Flag.KIND
            if span.kind is Kind.SIZE and _is_other_size(scene, match, i, span.end):
                return Flag.KIND
            i = span.end
            continue
        roles = scene.roles[i]
        if scene.tokens[i].kind is WORD:
            if role.FOR in roles:
                told = i == match.end and _is_made_for_another(scene, match, i + 1)
                return Flag.KIND if told else None  # for whom, for what
            if role.CONTAINER in roles and role.TO in prep and _is_head_of(scene, i):
                return Flag.KIND  # "cable 12 en rollo", where a "rollo de cable 12" is sold, too
            if roles & _PREPOSITIONS:
                prep = roles
            elif _is_other_quality(scene, match, i):
                return Flag.KIND
            elif _is_another_kind(scene, scene.norms[i], roles, role.OF in prep):
                other = (role.OF in prep and roles <= {role.GOOD}) or scene.tails.is_version(i)
                return Flag.OTHER if other else Flag.KIND
        i += 1
    return None


def _is_other_size(scene: Scene, match: Match, start: int, end: int) -> bool:
    """ "talla 40" where names have sizes; "guantes L" for "Guantes M"."""
    if scene.tokens[start].kind is NUMBER:
        return scene.has_sizes(match)
    return scene.matcher.has_other(match.products[0], scene.norms[start:end])


def _is_other_quality(scene: Scene, match: Match, i: int) -> bool:
    """Whether the quality at `i` is not that of the product meant."""
    norm, roles, product = scene.norms[i], scene.roles[i], match.products[0]
    if scene.norm(i - 1) == "color":
        return False
    if role.SIZES in roles and scene.is_of_kin(product, norm):
        return True  # "cuatro quesos mediana", of which there is only a big one
    if roles & TABLES and scene.matcher.has_other(product, [norm]):
        return True  # "microfibra grande" for a "microfibra chica", "cinturón de lona" for one of leather
    return bool(roles & _SORTS) and not roles & {role.COLOURS, role.SIZES} and _is_of_a_sort(scene, match)


def _is_made_for_another(scene: Scene, match: Match, i: int) -> bool:
    """Whether goods or people are told after a name and "para", and the product meant is named as another sort: "pan
    para panchos", of which there is "pan francés"; but not "cordones para zapatos"."""
    if i >= len(scene.tokens):
        return False
    roles = scene.roles[i]
    made_for = bool(
        roles & {role.GOOD, role.WEARERS} or (not roles and scene.matcher.knows(scene.norms[i]))
    ) and not roles & {role.OCCASIONS, role.ARTICLE}
    return made_for and _is_of_a_sort(scene, match)


def _is_of_a_sort(scene: Scene, match: Match) -> bool:
    """Whether the name of the one product meant has a word besides its head that was not said."""
    if len(match.products) > 1 or match.how not in (How.NAME, How.SOUND):
        return False
    matcher = scene.matcher
    said = {matcher.canon(norm) for norm in scene.norms[match.last + 1 - match.words : match.last + 1]}
    own = matcher.own_parts(match.products[0]).words[1:]
    return any(matcher.canon(word) not in said for word in own)


def _is_head_of(scene: Scene, i: int) -> bool:
    """Whether the container at `i` opens names that have the head of the last thing."""
    family = scene.matcher.families.get(scene.matcher.head(scene.norms[i]))
    return family is not None and scene.matcher.canon(scene.norms[scene.elements[-1].start]) in family.words


def _is_length(scene: Scene, i: int) -> bool:
    read = scene.matcher.sizes.at(scene.tokens, i)
    return read is not None and read[0].unit is not None and read[0].unit.dimension == "length"


def _is_another_kind(scene: Scene, norm: str, roles: Roles, of: bool) -> bool:
    if of and role.COURTESY in roles and role.MODIFIER not in roles:
        return True  # "toallas de mano"
    if not norm.isalpha():
        return True  # a model
    if (roles & FUNCTION and role.KINDS not in roles) or len(norm) < 3:
        return False
    if not roles or roles <= {role.GOOD}:
        return of or not norm.endswith(PARTICIPLES)
    if role.KINDS in roles or (of and role.GOOD in roles):
        return True
    return of and (role.OCCASIONS in roles or (role.MATERIALS in roles and scene.matcher.knows(norm)))


def add_unknown(scene: Scene, i: int) -> int:
    element = scene.add(role.UNKNOWN, i, i + 1, scene.roles[i])
    end = scene.tails.end(i + 1, unknown=True)
    element.end = end
    element.text = scene.written(i, max(i + 1, scene.tails.trimmed(i + 1, end)))
    norm = scene.tokens[i].norm
    good = role.GOOD in scene.roles[i] or role.CONTAINER in scene.roles[i]
    if good:
        element.flags.add(Flag.GOOD)
    elif (
        norm.endswith(VERB_ENDINGS)
        or is_command(scene.written(i, i + 1))
        or len(norm) < 2
        or (i and scene.norms[i - 1] in CLITICS)
    ):
        element.flags.add(Flag.VERB)
    return end


def add_quality(scene: Scene, i: int) -> int:
    """A colour, a size or a part of a name that stands for a thing said before."""
    element = scene.add(role.QUALITY, i, i + 1)
    end = i
    while end < len(scene.tokens):
        span = scene.spans.get(end)
        if span is not None and span.kind is Kind.SIZE:
            element.words += scene.letters(end, span.end)
            element.sizes += _sizes_told(scene, end, span.end) if element.words else []
            end = span.end
            continue
        roles = scene.roles[end]
        if scene.tokens[end].kind is not WORD or _says_how(scene, end, element.words):
            break
        if (
            (end == i and scene.is_kind(i))
            or roles & {role.MODIFIER, role.SIZEMARK}
            or (scene.matcher.knows(scene.tokens[end].norm) and not (role.ARTICLE in roles or _counts(scene, end)))
        ):
            element.words.append(scene.tokens[end].norm)
            end += 1
        elif end > i and role.OF in roles and end + 1 < len(scene.tokens) and scene.roles[end + 1] & {role.MODIFIER}:
            end += 1
        elif end > i and role.AND in roles and scene.is_kind(end + 1, element.words):
            element.words.append(scene.norms[end + 1])  # "6 de jamón y queso"
            end += 2
        else:
            break
    sized = size_of_kind(scene, end + scene.has(end, role.OF), element.words)
    if sized is not None and (scene.has(end, role.OF) or _has_kind(scene, element.words, sized[0])):
        element.sizes, end = [sized[0]], sized[1]  # "dos desmontables de 70", "2 rin 14"
    element.end = max(end, i + 1)
    if scene.elements[-2:-1] and scene.elements[-2].kind is role.DEFINITE:
        element.text = scene.written(scene.elements[-2].start, element.end)
    else:
        element.text = scene.written(i, element.end)
    return element.end


def _says_how(scene: Scene, i: int, words: list[str]) -> bool:
    """ "otro de vainilla sin crema": whether "sin" after a kind only says how."""
    return bool(words) and scene.has(i, role.WITHOUT) and not scene.is_kind(i + 1, [*words, scene.norms[i]])


def _counts(scene: Scene, i: int) -> bool:
    """ "sube los negros a 3": the preposition of a number, although a name contains it; but not "triple a 1 pack"."""
    pointed = scene.elements[-2:-1] and scene.elements[-2].kind is role.DEFINITE
    return bool(pointed) and scene.has(i, role.TO) and i + 1 < len(scene.tokens) and scene.tokens[i + 1].kind is NUMBER


def _has_kind(scene: Scene, words: list[str], size: Size) -> bool:
    """Whether a size after the words of a kind is meant as one, although no product may have it."""
    things = {e.match.products[0] for e in scene.behind() if e.match is not None}
    if not words or (size.unit is not None and size.unit.name not in SOLD_BY):
        return bool(words)
    last = scene.matcher.canon(words[-1])
    families = (family for n in things for family in scene.matcher.families_of(n))
    return any(family.numbers(last, size) for family in families) or any(
        scene.matcher.with_head(n, words, [size]) for n in things
    )


def size_of_kind(scene: Scene, i: int, words: list[str]) -> tuple[Size, int] | None:
    """The size at `i`, and the token after it, of a kind of an earlier thing."""
    read = scene.matcher.sizes.at(scene.tokens, i) if i < len(scene.tokens) else None
    if read is None:
        return None
    things = [e.match.products[0] for e in scene.behind() if e.match is not None]
    kin = [n for n in things if not words or scene.matcher.with_head(n, words)]
    if words and any(scene.matcher.is_sized(n) for n in kin):
        return read  # though it may be one that none of them has
    return read if any(scene.matcher.with_head(n, words, [read[0]]) for n in kin) else None
