"""What is sent outside the customer's window in place of a reply or notice that could not be sent inside it."""

from typing import Final

import msgspec

from recado.settings import AfterWindow, Settings
from recado.whatsapp.content import (
    MOST_BUTTONS_BODY,
    Buttons,
    Content,
    DirectSend,
    List,
    Outside,
    Template,
    Text,
    parameter,
)

#: Older messages are given up: after this time nobody wants to know about his quote or order.
OUTSIDE_SECONDS: Final = 12 * 3600.0
#: The names of a template's parameters, if the account's copy uses names.
PRODUCTS: Final = "products"
TOTAL: Final = "total"
NUMBER: Final = "number"
STATE: Final = "state"
_DIRECT: Final = "direct_send"


class Forms(msgspec.Struct, frozen=True, kw_only=True):
    """How the shop writes outside the window. quote, order: names of templates, in `language`."""

    mode: AfterWindow = AfterWindow.NONE
    quote: str = ""
    order: str = ""
    language: str = ""

    @property
    def used(self) -> bool:
        """Whether anything is sent outside the window."""
        return self.mode is not AfterWindow.NONE

    @property
    def shows_quotes(self) -> bool:
        """Whether the whole quote is sent, instead of a message that it is ready."""
        return self.mode is AfterWindow.DIRECT_SEND

    def of_quote(self, content: Content, token: str, *, products: int, total: str) -> Outside | None:
        """In place of a quote: a message that it is ready, with the number of products and the total. A tap shows
        it."""
        if self.mode is AfterWindow.TEMPLATE:
            return Template(
                self.quote, self.language, {PRODUCTS: str(products), TOTAL: parameter(total)}, f"q:{token}:show"
            )
        return self._direct(content)

    def of_order(self, content: Text, number: str, state: str) -> Outside | None:
        """In place of the notice about an order's new state; `state` is in words."""
        if self.mode is AfterWindow.TEMPLATE:
            return Template(self.order, self.language, {NUMBER: parameter(number), STATE: parameter(state)})
        return self._direct(content)

    def _direct(self, content: Content) -> DirectSend | None:
        if self.mode is not AfterWindow.DIRECT_SEND:
            return None
        if isinstance(content, List):
            content = Text(content.plain or content.body)
        if isinstance(content, Text | Buttons) and len(content.body) <= MOST_BUTTONS_BODY:
            return DirectSend(content)
        return None

    @property
    def templates(self) -> dict[str, Template]:
        """An example of each used template, by its name."""
        if self.mode is not AfterWindow.TEMPLATE:
            return {}
        examples = (
            Template(self.quote, self.language, {PRODUCTS: "2", TOTAL: "$1"}, "q:1:show"),
            Template(self.order, self.language, {NUMBER: "1", STATE: "x"}),
        )
        return {example.name: example for example in examples}


def forms(settings: Settings) -> Forms:
    """How the shop writes outside the window."""
    return Forms(
        mode=settings.after_window,
        quote=settings.template_quote,
        order=settings.template_order,
        language=settings.template_language,
    )


def lane_of(phone_number_id: str, content: Outside) -> str:
    """The lane that it is sent in: one for each template and business number, because a problem of a template affects
    all of its messages."""
    return (
        f"{phone_number_id}/{template_lane(content.name, content.language)}"
        if isinstance(content, Template)
        else (f"{phone_number_id}/{_DIRECT}")
    )


def template_lane(name: str, language: str) -> str:
    """The end of the names of a template's lanes, for all business numbers."""
    return f"{name}/{language}"


def number_in(lane: str) -> str:
    """The business number of a lane."""
    return lane.partition("/")[0]


def template_in(lane: str) -> str:
    """The template of a lane, or `direct_send`."""
    return lane.split("/")[1]
