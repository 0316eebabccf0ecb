"""The account's templates at Meta, and checks of a message that uses one."""

import contextlib
import re
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from recado.whatsapp.content import Template

APPROVED: Final = "APPROVED"
MARKETING: Final = "MARKETING"
#: The requested fields of a template.
FIELDS: Final = "name,language,status,category,parameter_format,components"
#: A copy that is older is read again before a message is compared with it.
FRESH_SECONDS: Final = 600.0
_PLACEHOLDER: Final = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}")


class Button(msgspec.Struct, frozen=True):
    type: str = ""
    url: str = ""


class Component(msgspec.Struct, frozen=True):
    """A part of a template: header, body, footer or buttons."""

    type: str = ""
    format: str = ""
    text: str = ""
    buttons: tuple[Button, ...] = ()


class Approved(msgspec.Struct, frozen=True):
    """A template as Meta has it; `status` says whether it may be sent."""

    name: str = ""
    language: str = ""
    status: str = ""
    category: str = ""
    parameter_format: str = ""
    components: tuple[Component, ...] = ()

    @property
    def named(self) -> bool:
        """Whether its parameters have names and not numbers."""
        return self.parameter_format.upper() == "NAMED"

    def part(self, type_: str) -> Component:
        """One part; empty if there is none."""
        return next((one for one in self.components if one.type.upper() == type_), Component())


def problems(wanted: Template, copies: Sequence[Approved]) -> Iterator[str]:
    """Why Meta would refuse a message, or send a different one than intended."""
    copy = _copy_of(wanted, copies)
    if copy is None:
        others = ", ".join(sorted(one.language for one in copies if one.name == wanted.name))
        yield f"the account has it in {others}, not in {wanted.language}" if others else "the account has none"
        return
    if copy.status.upper() != APPROVED:
        yield f"it is {copy.status or 'without a status'}, not {APPROVED}"
    if copy.category.upper() == MARKETING:
        yield "its category is MARKETING, which customers have to opt in for"
    found = set(_PLACEHOLDER.findall(copy.part("BODY").text))
    if copy.named and found != wanted.parameters.keys():
        yield f"its body has the parameters {_listed(found)}, recado fills {_listed(wanted.parameters)}"
    if not copy.named and len(found) != len(wanted.parameters):
        yield f"its body has {len(found)} parameters, recado fills {len(wanted.parameters)}"
    header = copy.part("HEADER")
    if header.format.upper() not in ("", "TEXT") or _PLACEHOLDER.search(header.text):
        yield "its header has a value to be filled"
    buttons = copy.part("BUTTONS").buttons
    if wanted.payload and (not buttons or buttons[0].type.upper() != "QUICK_REPLY"):
        yield "its first button is no quick reply"
    if any(_PLACEHOLDER.search(button.url) for button in buttons):
        yield "the link of a button has a value to be filled"


def _copy_of(wanted: Template, copies: Sequence[Approved]) -> Approved | None:
    return next((one for one in copies if (one.name, one.language) == (wanted.name, wanted.language)), None)


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(names)) or "none"


Fetch = Callable[[], Awaitable[Sequence[Approved]]]


class TemplateBook:
    """The account's templates. It reads them when one is needed, and again after a while or if something is wrong."""

    def __init__(self, fetch: Fetch, *, clock: Callable[[], float] = time.time) -> None:
        """`fetch` may raise GraphError."""
        self._fetch = fetch
        self._clock = clock
        self._copies: Sequence[Approved] = ()
        self._read_at = 0.0

    async def problems(self, wanted: Template) -> list[str]:
        """Why a message must not be sent. Raises GraphError if the account cannot be read."""
        old = self._clock() >= self._read_at + FRESH_SECONDS
        if old or list(problems(wanted, self._copies)):
            self._copies, self._read_at = await self._fetch(), self._clock()
        return list(problems(wanted, self._copies))

    def formed(self, wanted: Template) -> Template:
        """A message in the format of the account's copy, as it was read last."""
        copy = _copy_of(wanted, self._copies)
        return replace(wanted, named=copy is not None and copy.named)


class _Cursors(msgspec.Struct):
    after: str = ""


class _Paging(msgspec.Struct):
    cursors: _Cursors = msgspec.field(default_factory=_Cursors)
    next: Any = None


class Page(msgspec.Struct):
    """A page of Graph's list of templates."""

    data: list[msgspec.Raw]
    paging: _Paging = msgspec.field(default_factory=_Paging)

    @property
    def templates(self) -> Iterator[Approved]:
        """The templates with a known shape; others are not recado's."""
        for one in self.data:
            with contextlib.suppress(msgspec.DecodeError):
                yield _approved(one)

    @property
    def after(self) -> str:
        """Where the next page begins; "" on the last."""
        return self.paging.cursors.after if self.paging.next else ""


_approved = msgspec.json.Decoder(Approved).decode
page = msgspec.json.Decoder(Page).decode
