"""A yes with a change: if part of the change cannot be made, the yes does not confirm; if it can be made, it is."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from recado.conversation.dialogue import Dialogue, Phase
from recado.quotes.catalogue.product import Product
from recado.quotes.language.text import plain
from tests.quotes.shops import catalogue

CATALOGUES = [catalogue(shop) for shop in ("", "ferreteria", "refacciones")]
YES = (
    "sí, {}", "sí pero {}", "{}, y sí", "dale, {}", "{} y listo", "ok {}", "perfecto, {} porfa", "sí\n{}",
    "confirmo pero {}", "{}. confirmado", "va, {}", "sí {}",
)  # fmt: skip
REMOVE = (
    "quita {}", "quítale {}", "sin {}", "menos {}", "ya no quiero {}", "no quiero {}", "{} ya no", "cancela {}",
    "elimina {}", "saca {}", "bórrame {}", "retira {}", "no me mandes {}", "no incluyas {}", "déjame sin {}",
)  # fmt: skip
CHANGE = (
    *REMOVE, "baja {} a 2", "sube {} a 5", "deja {} en 1", "cambia {} por otra cosa", "reduce {} a 1", "excepto {}",
    "todo menos {}", "mejor {}", "que sean 7 {}", "solo 1 {}", "pon 3 {}", "agrega {}",
)  # fmt: skip
FEWER = ("baja {} a 1", "solo 1 {}", "quita 1 {}", "que sea 1 {}")
UNKNOWN = ("zarape", "huipil", "chunche", "blurfa", "tequesquite", "rehilete", "violín", "martinete")
JOINED = ("{} y {}", "{}, {}", "{}\n{}", "{} pero {}")


class Shown:
    """A conversation with a quote that has two or three pieces of each of some products."""

    def __init__(self, data: st.DataObject) -> None:
        self.catalogue = data.draw(st.sampled_from(CATALOGUES))
        self.products = data.draw(
            st.lists(st.sampled_from(self.catalogue.products), min_size=3, max_size=3, unique=True)
        )
        self.dialogue = Dialogue(self.catalogue)
        self.dialogue.say(", ".join(f"{2 + n % 2} {product.name}" for n, product in enumerate(self.products)))
        self.lines = self.now()
        self.is_right = set(self.lines) == {product.sku for product in self.products} and not self.dialogue.asks

    def now(self) -> dict[str, Any]:
        return {line.sku: line.quantity for line in self.dialogue.lines}

    def others(self) -> list[str]:
        """The names of products that have no word in common with the lines."""
        own = {stem for product in self.products for name in (product.name, *product.aliases) for stem in stems(name)}
        return [spoken(product) for product in self.catalogue.products if own.isdisjoint(stems(product.name))]

    def nothing_here(self, data: st.DataObject) -> str:
        """Something that is on no line: the shop does not sell it, or it is not in the quote."""
        return data.draw(st.sampled_from([*(f"las {word}s" for word in UNKNOWN), *(f"el {n}" for n in self.others())]))


def spoken(product: Product) -> str:
    """A name as customers write it, without "(metro)"."""
    return product.name.partition(" (")[0]


def stems(name: str) -> set[str]:
    return {word[:5] for word in plain(name).split() if len(word) > 2}


@given(st.data())
@settings(max_examples=250, derandomize=True, deadline=None)
def test_a_change_that_cannot_be_made_keeps_a_yes_from_confirming(data: st.DataObject) -> None:
    """Alone, and with another change that can be made."""
    shown = Shown(data)
    instruction = data.draw(st.sampled_from(CHANGE)).format(shown.nothing_here(data))
    if data.draw(st.booleans()):
        possible = data.draw(st.sampled_from(FEWER)).format(spoken(shown.products[0]))
        both = [instruction, possible] if data.draw(st.booleans()) else [possible, instruction]
        instruction = data.draw(st.sampled_from(JOINED)).format(*both)
    text = data.draw(st.sampled_from(YES)).format(instruction)

    shown.dialogue.say(text)

    assert not shown.is_right or shown.dialogue.state is not Phase.CONFIRMED, text


@given(st.data())
@settings(max_examples=250, derandomize=True, deadline=None)
def test_a_change_that_cannot_be_made_is_asked_about(data: st.DataObject) -> None:
    """Without a yes. A thing that is not sold may be another name for a line, so the next yes only shows the quote."""
    shown = Shown(data)
    thing = shown.nothing_here(data)
    text = data.draw(st.sampled_from(REMOVE)).format(thing)

    shown.dialogue.say(text)

    assert not shown.is_right or (shown.dialogue.asks and shown.now() == shown.lines), text
    if any(word in thing for word in UNKNOWN):
        shown.dialogue.say("sí")
        assert not shown.is_right or shown.dialogue.state is Phase.OPEN, text
        shown.dialogue.say("sí")
        assert not shown.is_right or shown.dialogue.state is Phase.CONFIRMED, text


@given(st.data())
@settings(max_examples=250, derandomize=True, deadline=None)
def test_a_line_taken_out_beside_a_yes_is_confirmed_without_it(data: st.DataObject) -> None:
    """The line is named as in the catalogue."""
    shown = Shown(data)
    product = data.draw(st.sampled_from(shown.products))
    removal = data.draw(st.sampled_from(REMOVE)).format(f"el {spoken(product)}")
    text = data.draw(st.sampled_from(YES)).format(removal)

    shown.dialogue.say(text)

    rest = {sku: quantity for sku, quantity in shown.lines.items() if sku != product.sku}
    assert not shown.is_right or (shown.dialogue.state, shown.now()) == (Phase.CONFIRMED, rest), text
