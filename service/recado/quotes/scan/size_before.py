"""Things whose size precedes them: "talla M de pañales", "número 38 de zapatos", "la grande de agua"."""

from typing import Final

from recado.quotes.language import role
from recado.quotes.scan.elements import THINGS
from recado.quotes.scan.goods import add_size, add_thing
from recado.quotes.scan.scene import Scene
from recado.quotes.scan.words import Kind

_DETERMINES: Final = frozenset([role.QUANTITY, role.DEFINITE])
_SIZE_WORDS: Final = frozenset([role.SIZES, role.SIZEMARK])
_OPENS: Final = _SIZE_WORDS | {role.SIZE}
"""Roles of words that a size may begin with, besides spans."""


def add_sized(scene: Scene, i: int) -> int:
    """The token after a size at `i` and its thing; 0 if no thing that it belongs to follows."""
    if i not in scene.spans and scene.roles[i].isdisjoint(_OPENS):
        return 0
    end = _size_end(scene, i) if scene.kind(-1) not in THINGS else 0
    of = scene.has(end, role.OF)
    at = end + of
    at += scene.has(at, role.DEFINITE)
    match = scene.matcher.match(scene.tokens, scene.roles, at, before=i) if end and scene.opens_product(at) else None
    if match is None:
        return 0
    if i in scene.spans and not of:
        add_size(scene, i, end)  # of the things behind this one, too: "talla M polos 2, overoles 3"
    else:
        scene.add(role.NOISE, i, at)
    end = add_thing(scene, at, match)
    thing = scene.elements[-1]
    if thing.kind is role.SEVERAL:
        thing.text = scene.written(i, end)
    return end


def _size_end(scene: Scene, i: int) -> int:
    """The token after a size at `i`; 0 if there is none."""
    span = scene.spans.get(i)
    if span is not None:
        return scene.matcher.sizes.unit(scene.tokens, span.end)[1] if span.kind is Kind.SIZE else 0
    if scene.has(i, role.SIZE):
        return i + 2 if scene.has(i + 2, role.OF) else 0
    if scene.has(i + 1, role.OF):
        return i + 1 if scene.roles[i] & _SIZE_WORDS else 0
    return i + 1 if scene.has(i, role.SIZES) and scene.kind(-1) in _DETERMINES else 0
