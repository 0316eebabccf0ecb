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

#: Later nobody wants to know any more that his quote is ready, or what became of his order.
OUTSIDE_SECONDS: Final = 12 * 3600.0
#: What a template's parameters are named if its account's copy has names for them.
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
        """Whether a quote is sent whole, and not only that it is there."""
        return self.mode is AfterWindow.DIRECT_SEND

    def of_quote(self, content: Content, token: str, *, products: int, total: str) -> Outside | None:
        """In place of a quote: that it is there, over so many products and such a total. A tap shows it."""
        if self.mode is AfterWindow.TEMPLATE:
            return Template(
                self.quote, self.language, {PRODUCTS: str(products), TOTAL: parameter(total)}, f"q:{token}:show"
            )
        return self._direct(content)

    def of_order(self, content: Text, number: str, state: str) -> Outside | None:
        """In place of the notice that an order has come into a state, which is said in words."""
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
        """An example of each template that is used, by its name."""
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
    """The name of the lane that it is sent in: a template of a business number, since what Meta holds against one is
    held against all of its messages."""
    return (
        f"{phone_number_id}/{template_lane(content.name, content.language)}"
        if isinstance(content, Template)
        else (f"{phone_number_id}/{_DIRECT}")
    )


def template_lane(name: str, language: str) -> str:
    """How the names of a template's lanes end, whatever the business number."""
    return f"{name}/{language}"


def number_in(lane: str) -> str:
    """The business number of a lane."""
    return lane.partition("/")[0]


def template_in(lane: str) -> str:
    """The template of a lane, or `direct_send`."""
    return lane.split("/")[1]
