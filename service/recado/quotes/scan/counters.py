"""Nouns that count a thing said before them: "plenitud g tres paquetes para mi abuelita", "3 blísters de cada una"."""

from typing import Final

from recado.quotes.catalogue.matcher import Match
from recado.quotes.language import role
from recado.quotes.language.text import WORD
from recado.quotes.scan.elements import THINGS, Element, Flag
from recado.quotes.scan.scene import Scene

THEY_ARE: Final = frozenset(["son", "sean", "serian", "seran"])
"""Words before the number of a thing that was just named: "pizza de 4 quesos, son 2"."""
_MARKS: Final = frozenset([role.COMMA, role.LINK, role.ONLY])
_RECEIVERS: Final = frozenset([role.POSSESSIVE, role.PEOPLE, role.NAME, role.WEEKDAY, role.OCCASIONS, role.LATER])
"""Words after "para" that say for whom or when, and not what for, as "bolsas para basura" does."""


def past_counter(scene: Scene, i: int) -> int:
    """The token after a noun at `i` that only counts, where its number precedes it; 0 if it is something else."""
    if i >= len(scene.tokens) or scene.tokens[i].kind is not WORD:
        return 0
    last = next((e for e in scene.behind() if e.match is not None), None)
    if last is None:
        return 0
    each = _opens_each(scene, i + 1)
    if not each and not _ends(scene, i + 1):
        return 0
    match = last.match if each else _counted_thing(scene, last)
    if match is None:
        return 0
    if scene.lexicon.counts(scene.norms[i]) and not scene.is_product(i):
        return i + 1
    return i + 1 if _holds(scene, i, match) else 0


def _counted_thing(scene: Scene, last: Element) -> Match | None:
    """The last thing, if its number may follow: it is right before, without one."""
    before = thing_before(scene)
    if before is None or before.kind is role.UNKNOWN:
        return None
    doubtful = Flag.KIND in before.flags  # "marlboro mentolado 1 cajetilla", where there is only a red one
    return None if doubtful or _has_number(scene, before) else last.match


def thing_before(scene: Scene) -> Element | None:
    """The thing right before, also before a mark and "son"; None if something else is there."""
    i = len(scene.elements) - 1
    if i > 0 and scene.elements[i].kind is role.COPULA and scene.norms[scene.elements[i].start] in THEY_ARE:
        i -= 1
    if i > 0 and scene.elements[i].kind in _MARKS:
        i -= 1
    return scene.elements[i] if i >= 0 and scene.elements[i].kind in THINGS else None


def _has_number(scene: Scene, thing: Element) -> bool:
    i = thing.index - 1
    i -= scene.elements[i].kind is role.OF if i >= 0 else 0
    return i >= 0 and scene.elements[i].kind is role.QUANTITY


def _opens_each(scene: Scene, i: int) -> bool:
    """Whether "de cada uno", "c/u" or "por persona" is at `i`."""
    if scene.is_each(i) or scene.tails.person_end(i) > i:
        return True
    return scene.norm(i) == "c" and scene.norm(i + 1) == "/"


def _ends(scene: Scene, i: int) -> bool:
    """Whether nothing at `i` tells what a noun before it holds."""
    if scene.has(i, role.FOR):
        return bool(i + 1 < len(scene.tokens) and scene.roles[i + 1] & _RECEIVERS) or scene.norm(i + 1) == "el"
    return scene.has_no_noun(i)


def _holds(scene: Scene, i: int, match: Match) -> bool:
    """Whether the noun at `i` opens a name of the thing: "boneless búfalo 2 órdenes", also called "orden de"."""
    near = scene.matcher.near(scene.norms[i])
    if near and (near[0][0] in scene.matcher.single or scene.matcher.is_called(match.products[0], scene.norms[i])):
        return False  # "S: 2 camisas, M: 3 camisas"
    family = scene.matcher.families.get(scene.matcher.head(near[0][0])) if near else None
    return family is not None and match.products[0] in family.products
