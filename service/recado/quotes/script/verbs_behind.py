"""A verb behind the thing that it changes, with a number alone: "de los vasos ponle 2 más", "al pan quítale 1"."""

from typing import Final

from msgspec.structs import replace

from recado.quotes.catalogue.measures import amount_of
from recado.quotes.language import role
from recado.quotes.language.constructions import Does, Found
from recado.quotes.language.numbers import Unusable
from recado.quotes.reading.reading import Reading
from recado.quotes.scan.elements import Element
from recado.quotes.script.clauses import Mention
from recado.quotes.script.mentions import Mentions
from recado.quotes.script.script_draft import ScriptDraft

COUNTED: Final = frozenset([Does.ADD, Does.RAISE, Does.LOWER])
"""What a construction may do with a number to the thing before it."""
_COUNTING: Final = frozenset([role.ADD, role.REMOVE, role.REQUEST])
_MORE: Final = frozenset([role.MORE])


class VerbsBehind:
    """Reads them into a draft."""

    def __init__(self, reading: Reading, draft: ScriptDraft, mentions: Mentions) -> None:
        self._elements = reading.elements
        self._norms = reading.scanner.norms
        self._context = reading.context
        self._draft = draft
        self._mentions = mentions

    def takes(self, does: Does, end: int) -> bool:
        """Whether a verb that ends at a token is about the thing before it; if so, that is `does`."""
        number = self._number(end)
        if number is None:
            return False
        chunk = self._draft.chunk
        chunk.does, chunk.steered = does, True
        chunk.mentions = [(self._counted(mention, number), refused) for mention, refused in chunk.mentions]
        return True

    def asks_for_more(self, verb: Element) -> bool:
        """ "de los vasos dame 2 más": whether a verb that orders says "más" of the thing before it."""
        number = self._element_at(verb.end)
        more = number is not None and self._context.kind(number.index + 1) is role.MORE
        return more and self.takes(Does.ADD, verb.end)

    def follow(self, comma: Element) -> bool:
        """ "los vasos, ponle 2 más": whether such a verb follows a comma."""
        verb = self._elements[comma.index + 1] if comma.index + 1 < len(self._elements) else None
        return verb is not None and verb.kind in _COUNTING and self._number(verb.end) is not None

    def takes_all(self, one: Found) -> bool:
        """ "las gorras quítamelas todas": whether all of the thing before goes, and not the whole order."""
        chunk = self._draft.chunk
        if len(chunk.mentions) != 1 or chunk.steered or self._norms[one.end - 1] not in ("todas", "todos"):
            return False
        chunk.does, chunk.steered = Does.REMOVE, True
        return True

    def _number(self, end: int) -> Element | None:
        """The number at a token that counts the thing before it, and nothing behind it."""
        number = self._element_at(end)
        if number is None or number.kind is not role.QUANTITY or not self._draft.chunk.names_one():
            return None
        if not self._context.closes(self._context.next(number.index, _MORE)):
            return None
        owner = self._mentions.owner(number)
        thing = self._mentions.last if self._draft.chunk.mentions else None
        if thing is not None and thing.q not in (None, number):
            return None  # "2 camisas agrégale 1"
        return number if owner is None or owner.end <= end else None

    def _element_at(self, token: int) -> Element | None:
        return next((element for element in self._elements if element.start >= token), None)

    def _counted(self, mention: Mention, number: Element) -> Mention:
        """A thing with the number behind the verb; it may be a line."""
        q, thing = number.quantity, self._mentions.last
        wish = self._mentions.wish(thing) if thing is not None else None
        amount = q.value if q is not None else None
        if q is not None and q.unit is not None and wish is not None and wish.product is not None:
            value = amount_of(self._mentions.matcher, wish.product, q.value, q.unit)
            amount = None if isinstance(value, Unusable) else value
        return replace(mention, amount=amount, unusable=None, definite=True)
