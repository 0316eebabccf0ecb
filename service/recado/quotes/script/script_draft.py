"""The steps of a message while it is read: the known steps, the current chunk, and the current exchange."""

from fractions import Fraction
from typing import Final

from msgspec.structs import replace

from recado.quotes.language import role
from recado.quotes.language.constructions import Does
from recado.quotes.reading.agreement import PAYING
from recado.quotes.reading.reading import Reading
from recado.quotes.scan.elements import Element
from recado.quotes.script.chunks import Chunk, Exchange
from recado.quotes.script.clauses import Bare, Kept, Mention, Named, Replaced, Scaled, Step

_PLAIN: Final = frozenset([Does.ORDER, Does.ADD])
_ENDS: Final = frozenset([role.STOP, role.QUESTION, role.LINK, role.BUT])


class ScriptDraft:
    """Collects the steps of one message. opened: it contains more than a yes, a no and greetings. removing: what
    comes next is removed or refused; taking: a construction says that things are removed, quitting: a verb does."""

    def __init__(self, reading: Reading) -> None:
        self._context = reading.context
        self._scanner = reading.scanner
        self.steps: list[Step] = []
        self.chunk = Chunk(Does.ORDER)
        self.exchange = Exchange()
        self.opened = self.removing = self.taking = self.quitting = False

    @property
    def last(self) -> Step | None:
        """The last known step."""
        return self.steps[-1] if self.steps else None

    def has_something(self) -> bool:
        """Whether the chunk names or counts something."""
        return bool(self.chunk.mentions or self.chunk.amount)

    def is_quitting(self) -> bool:
        """ "quita también 2 gorras": whether a verb takes away what comes."""
        return self.chunk.does is Does.REMOVE and self.chunk.steered and self.chunk.is_empty()

    def has_named(self) -> bool:
        """Whether the message has named a thing so far."""
        return bool(self.chunk.mentions) or any(isinstance(step, Named) for step in self.steps)

    def has_changed(self) -> bool:
        """Whether the last words change something, unlike a plain order."""
        if self.has_something() or (self.chunk.steered and self.chunk.does is Does.REMOVE):
            return self.chunk.does not in _PLAIN or any(refused for _, refused in self.chunk.mentions)
        last = self.last
        return isinstance(last, Replaced | Kept) or (isinstance(last, Named | Bare) and last.does not in _PLAIN)

    def named_skus(self) -> frozenset[str]:
        """The products that the message has named so far."""
        mentions = [mention for mention, _ in self.chunk.mentions]
        mentions += [step.mention for step in self.steps if isinstance(step, Named)]
        return frozenset(sku for mention in mentions for sku in mention.skus)

    def is_of_payment(self) -> bool:
        """ "pago con un billete de 500"."""
        return not PAYING.isdisjoint(self.chunk.words)

    def steer(self, does: Does) -> None:
        """What comes next is `does`."""
        if not self.chunk.is_empty():
            self.flush()
        self.chunk.does = does
        self.chunk.steered, self.chunk.quits = True, False
        self.taking = self.quitting = False
        self.removing = does in (Does.REMOVE, Does.LOWER, Does.FEWER)

    def mend(self, *, is_last: bool) -> None:
        """A correction of what precedes it ("las camisas que sean 3"), or else of what follows. is_last: nothing
        follows it ("los azules mejor")."""
        chunk = self.chunk
        if chunk.is_empty():
            self.steer(Does.SET)
            return
        if self.exchange.expects and chunk.words and not chunk.mentions:
            self.flush()  # "en vez de manzana que sean de nuez"
            return
        if chunk.words and not chunk.mentions and chunk.amount is None and self.exchange.goes is None:
            described = chunk.bare()
            points = described is not None and (described.describes or described.plural is not None)
            if described is not None and points and not is_last:
                self.give(described, Does.SET)  # "los azules que sean negros"
                return
        chunk.does, chunk.more = Does.SET, False

    def mend_by_quality(self) -> None:
        """ "el satén mejor rosa": the only thing of the chunk becomes another kind."""
        if len(self.chunk.mentions) == 1 and self.chunk.mentions[0][0].amount is None and self.exchange.goes is None:
            self.give(self.chunk.mentions[0][0], Does.SET)

    def change(self) -> None:
        """What follows is removed, or what precedes: "las zapatillas cámbialas por botines"."""
        mentions = self.chunk.mentions
        goes = mentions.pop()[0] if mentions and not self.chunk.steered else None
        self.steer(Does.CHANGE)
        self.exchange.opens()
        if goes is not None:
            self.exchange.takes(goes, self.steps)

    def instead(self) -> None:
        """What follows is removed, and its replacement may have been named before."""
        self.flush()
        self.exchange.opens(instead=True)
        self.chunk.steered = True

    def give(self, goes: Mention | Bare, does: Does) -> None:
        """Sets what the exchange removes; its replacement begins a chunk."""
        self.exchange.takes(goes, self.steps)
        self.chunk = Chunk(does)

    def mention(self, mention: Mention, *, refused: bool) -> None:
        """A thing is named: it is a part of the exchange, or a further one of the chunk."""
        self.opened = True
        if self.exchange.expects and self.chunk.words and not (self.chunk.mentions or refused):
            self.flush()  # "en vez de la sencilla una hamburguesa de pollo"
        if not self.swaps(refused=refused):
            self.chunk.mentions.append((mention, refused))
        elif refused:
            self.flush()
            self.give(mention, Does.ORDER)
        else:
            self.steps.append(Replaced(self.exchange.closes(), mention))
            self.chunk = Chunk(Does.ORDER)

    def swaps(self, *, refused: bool) -> bool:
        """Whether a named thing is the old (refused) or the new one of the exchange."""
        return self.exchange.expects if refused else self.exchange.goes is not None

    def set_to(self, amount: int | Fraction | None) -> bool:
        """Whether "a 3" is a new quantity and not a price; if so, it sets the quantity."""
        pointed = self.chunk.describes and bool(self.chunk.plural) and not self.chunk.leads  # "los negros a 3"
        sets = self.chunk.does in (Does.CHANGE, Does.RAISE, Does.LOWER, Does.SET)
        changing = sets or pointed or self._goes_on_setting()
        if amount is None or not (changing or self.exchange.goes is not None):
            return False
        if isinstance(self.exchange.goes, Mention):
            mention = self.exchange.closes()
            assert isinstance(mention, Mention)
            self.steps.append(Named(Does.SET, replace(mention, amount=amount)))
        else:
            self.chunk.set_last(amount)
        return True

    def _goes_on_setting(self) -> bool:
        """ "sube las gorras a 5 y las camisas a 3"."""
        last = self.last
        counted = isinstance(last, Replaced) and isinstance(last.comes, Bare) and last.comes.amount is not None
        sets = counted or (isinstance(last, Named) and last.does is Does.SET)
        return sets and self.chunk.does is Does.ORDER

    def part(self, element: Element) -> None:
        """A mark, "y" or "pero"; the action may continue after it."""
        kind, does = element.kind, self.chunk.does
        quits = self.quitting and does is Does.REMOVE
        if kind is role.AND and self.is_quitting():
            return
        if kind is role.LINK and self.chunk.is_empty() and not self.chunk.steered and self.steps:
            return
        paying = kind is role.AND and (self.chunk.pays or self.is_of_payment())
        self.flush()
        if kind in _ENDS and not (kind is role.LINK and does is Does.ADD):
            does, self.removing = Does.ORDER, False
            self.exchange.ends()
        if does in (Does.REMOVE, Does.CHANGE, Does.RAISE, Does.LOWER):
            does = does if kind is role.COMMA or self._context.list_goes_on(element.index) else Does.ORDER
        if does is Does.SET and isinstance(self.last, Named | Bare | Replaced):
            does = Does.ORDER  # one thing takes another's place, the next ones are added
        counted = kind is role.AND and self._context.kind(element.index + 1) is role.QUANTITY
        if kind is role.AND and (not self.opened or len(self._context.norm(element.index)) > 1):
            does = Does.ADD
        self.chunk = Chunk(does, pays=paying)
        self.chunk.steered = self.taking and does is Does.REMOVE  # "sácame las gorras y la bufanda"
        self.chunk.listed = self.quitting and does is Does.REMOVE
        self.chunk.quits = counted and quits and does is Does.ORDER

    def write(self, element: Element, *, is_amount: bool = False) -> None:
        """Adds an element to the chunk as written."""
        self.chunk.written.append((self._scanner.written(element.start, element.end), is_amount))

    def split(self) -> None:
        """A number begins another chunk if one is complete: "2 azules 1 negro"."""
        if self.chunk.amount is not None and self.chunk.words:
            does = self.chunk.does
            self.flush()
            self.chunk = Chunk(does)

    def say(self, step: Step) -> None:
        """A step of its own, after the current chunk."""
        self.flush()
        self.steps.append(step)

    def flush(self) -> None:
        """The current chunk ends: its content becomes steps."""
        chunk, self.chunk = self.chunk, Chunk(self.chunk.does)
        self.opened = self.opened or not chunk.is_empty()
        if chunk.mentions:
            last = self.last
            plain = chunk.does in (Does.ORDER, Does.SET) and not chunk.steered
            if isinstance(last, Scaled) and last.mention is None and plain:
                self.steps[-1] = replace(last, mention=chunk.mentions[0][0])  # "el doble de gorras"
            else:
                self.steps += chunk.named()
            return
        bare = chunk.bare()
        if bare is None:
            return
        described = bool(bare.words) or bare.foreign
        if self._is_denied(bare):
            denied = self.steps.pop()
            assert isinstance(denied, Named)
            self.steps.append(Named(Does.SET, replace(denied.mention, amount=bare.amount)))
        elif self.exchange.expects:
            self.exchange.takes(bare, self.steps)
        elif self.exchange.goes is not None and (described or bare.amount is not None):
            self.steps.append(Replaced(self.exchange.closes(), bare))
        else:
            self.steps.append(bare)

    def _is_denied(self, bare: Bare) -> bool:
        """ "no son 3 gorras, son 5": the number after it is the new quantity of the last thing."""
        last = self.last
        counted = isinstance(last, Named) and last.does is Does.REMOVE and last.mention.amount is not None
        return counted and bare.does in (Does.ORDER, Does.SET) and bare.amount is not None and not bare.words

    def finish(self, *, agrees: bool) -> list[Step]:
        """The steps at the end of the message. agrees: it contains a yes."""
        leads_in = not self.steps and self.chunk.is_empty() and self.chunk.leads and not agrees
        changes = self.exchange.expects and self.chunk.steered and self.chunk.is_empty()
        self.flush()
        self.exchange.settle(self.steps)
        if changes:
            self.steps.append(Replaced(Bare(does=Does.CHANGE, pointing=True), None))  # "cámbiala"
        if leads_in and not self.steps:
            self.steps.append(Bare(does=Does.ORDER, pointing=True))  # "quiero"
        return _together(self.steps)


def _together(steps: list[Step]) -> list[Step]:
    """The steps, with those that keep something as one step: everything that stays."""
    joined: list[Step] = []
    for step in steps:
        if isinstance(step, Named) and step.does is Does.KEEP:
            last = joined[-1] if joined else None
            kept = joined.pop().mentions if isinstance(last, Kept) else ()  # type: ignore[union-attr]  # it is `last`
            joined.append(Kept((*kept, step.mention)))
        else:
            joined.append(step)
    return joined
