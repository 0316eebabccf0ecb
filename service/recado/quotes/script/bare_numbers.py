"""Reads the numbers that belong to no thing: they count something that was left out, or are part of its name."""

from fractions import Fraction
from typing import Final

from recado.quotes.language import role
from recado.quotes.language.constructions import Does
from recado.quotes.language.text import NUMBER
from recado.quotes.reading.reading import Reading
from recado.quotes.scan.elements import Element, Flag
from recado.quotes.script.mentions import Mentions
from recado.quotes.script.script_draft import ScriptDraft

_TAKES: Final = frozenset([Does.REMOVE, Does.LOWER, Does.RAISE])
_POINTING: Final = frozenset(["de", "esas", "esos", "ellas", "ellos", "estas", "estos"])


class LoneNumbers:
    """Reads them into a draft. covered: elements inside constructions; heard: elements that are part of a step;
    late: an amount that a thing has from a number after it."""

    def __init__(self, reading: Reading, draft: ScriptDraft, mentions: Mentions) -> None:
        self._scanner = reading.scanner
        self._context = reading.context
        self._draft = draft
        self._mentions = mentions
        self.covered: set[int] = set()
        self.heard: set[int] = set()
        self.late: int | Fraction | None = None

    def number(self, element: Element) -> None:
        """ "2 más", "una azul", "5 de 10"."""
        draft = self._draft
        q = element.quantity
        owner = self._mentions.owner(element) if Flag.BOUND in element.flags else None
        if q is None or (owner is not None and owner.index not in self.covered):
            return
        if self._context.kind(element.index + 1) is role.THANKS:
            return  # "mil gracias"
        if self._is_of_a_name(element):
            draft.chunk.words.append(self._scanner.written(element.start, element.end))
            draft.write(element)
            return
        if self._is_counted(element, q.value) or self._is_share(element):
            self.heard.add(element.index)
            return
        if draft.chunk.pays:
            return  # "con un billete de 50 y 3 de 10"
        if draft.exchange.expects and draft.chunk.words:
            draft.flush()  # "en vez de la negra otra azul"
        if self._is_named_by(element):
            draft.chunk.words.append(self._scanner.written(element.start, element.end))
            draft.write(element)
            if self._context.kind(element.index - 1) is not role.BY:
                draft.chunk.amount = 1
            return
        draft.split()
        chunk = draft.chunk
        chunk.counts = chunk.counts or self._context.begins(element.index)
        another = Flag.ANOTHER in element.flags
        if another and self._context.kind(element.index - 1) is role.DEFINITE:
            return  # "¿y la otra?"
        more = another or Flag.MORE in element.flags
        chunk.more = chunk.more or more
        if q.unusable is not None or Flag.SIZE in element.flags:
            chunk.foreign = True
            draft.write(element)
        elif (
            q.article and not more and self._context.kind(element.index + 1) not in (role.EACH, role.MORE, role.OUTSIDE)
        ):
            one = self._scanner.norms[element.start] not in ("unos", "unas")
            chunk.amount = 1 if one else None  # "una azul"
            draft.write(element, is_amount=True)
        else:
            self.heard |= {element.index} if self._counts_thing() else set()
            chunk.amount, chunk.pairs = q.value, q.pairs
            draft.write(element, is_amount=True)

    def _counts_thing(self) -> bool:
        """Whether a number is of a thing beside it: "bájale 1 a las camisas", "deja las gorras en 2"."""
        chunk = self._draft.chunk
        return chunk.does in _TAKES or (bool(chunk.mentions) and chunk.mentions[-1][0].amount is None)

    def _is_counted(self, element: Element, value: int | Fraction) -> bool:
        """Whether it is the amount that an earlier thing already has; the next equal number is not."""
        late = self.late is not None and value == self.late and not self._draft.chunk.mentions
        if not late or self._context.kind(element.index + 1) is role.EACH:
            return False
        self.late = None
        return True

    def _is_share(self, element: Element) -> bool:
        """ "3 gorras, una para mi mamá": a person's share of a thing in the message, which is part of its amount."""
        i, kind = element.index + 1, self._context.kind
        while kind(i) and _POINTING.issuperset(self._context.norm(i).split()):
            i += 1
        told = kind(i) is role.COPULA and kind(i + 1) is role.FOR  # "2 de esas son para mi mamá"
        return told or (self._context.is_share(element.index) and self._draft.has_named())

    def _is_named_by(self, element: Element) -> bool:
        """ "y otro 42", "por el 212": a single thing with its number in the name."""
        one = self._context.norm(element.index - 1) in ("otro", "otra", "por el", "por la")
        written = self._scanner.tokens[element.start : element.end]
        return one and [token.kind for token in written] == [NUMBER] and written[0].norm != "1"

    def measured(self, element: Element) -> int:
        """The token after an amount in a unit that is about something said before: "medio kilo más"; 0 if there is
        none."""
        scanner = self._scanner
        if not scanner.opens_amount[element.start]:
            return 0
        if element.quantity is not None and element.quantity.unit:
            return 0
        found = scanner.measure(element.start)
        if found is None or found.unit is None or self._is_of_a_thing(element, found.end):
            return 0
        written = scanner.written(element.start, found.end)
        if self._is_of_a_name(element):
            self._draft.chunk.words.append(written)
            self._draft.chunk.written.append((written, False))
            return found.end
        self._draft.split()
        self._draft.chunk.amount, self._draft.chunk.unit = found.value, found.unit
        self._draft.chunk.written.append((written, True))
        return found.end

    def _is_of_a_thing(self, element: Element, end: int) -> bool:
        """ "un litro de leche" where no milk is sold: what is measured is named."""
        beside = self._context.elements[element.index : element.index + 2]
        return any(one.kind is role.UNKNOWN and one.start < end < one.end for one in beside)

    def _is_of_a_name(self, element: Element) -> bool:
        """Whether a number is part of a name without its head: "5 de 10", "la de 100"."""
        of = element.index - 1
        if self._context.kind(of) is role.DEFINITE and self._draft.chunk.amount is not None:
            of -= 1  # "5 de la 220"
        before = of - 1
        article = self._context.kind(before) is role.DEFINITE or self._context.norm(before).endswith((" el", " la"))
        named = any(is_amount for _, is_amount in self._draft.chunk.written) or article  # "por el de 32", "unas de 6"
        opens = self._context.opens(of) or self._context.kind(before) is role.BUT  # "pero de 50"
        exchanged = self._draft.exchange.expects and bool(self._draft.chunk.words)  # "en vez del decolorante de 500"
        asked = exchanged and self._context.kind(element.index + 1) is role.REQUEST  # "en vez del 20 deme el 66"
        return asked or (self._context.kind(of) is role.OF and (named or opens or exchanged))

    def mask(self, element: Element) -> None:
        """ "a 3" after a change of a quantity is not a price."""
        tokens = self._scanner.tokens[element.start : element.end]
        to = len(tokens) == 2 and tokens[0].norm == "a" and tokens[1].kind is NUMBER
        if not to or not self._draft.set_to(tokens[-1].value):
            self._draft.chunk.foreign = True
            self._draft.write(element)
