"""The account's templates, and the checks that Meta makes on a message that uses one."""

import re
from typing import Any

import msgspec

from recado.simulator.interactive import GraphRefusal, Tappable

_PLACEHOLDER = re.compile(r"\{\{([a-z0-9_]+)\}\}")
_UNFIT = re.compile(r"[\n\r\t]| {5}")
#: Meta's codes for a template that cannot be sent, by its status. Templates in other states are not approved yet, or
#: deleted.
_STOPPED = {"PAUSED": (132015, "Template is paused"), "DISABLED": (132016, "Template is disabled")}


class Definition(msgspec.Struct, kw_only=True):
    """A template of the account. body: its text. button: the title of its quick reply, "" for none."""

    name: str
    language: str = "es"
    status: str = "APPROVED"
    category: str = "UTILITY"
    parameter_format: str = "POSITIONAL"
    body: str = ""
    button: str = ""

    @property
    def parameters(self) -> tuple[str, ...]:
        """Their names or numbers, in the order of the body."""
        return tuple(dict.fromkeys(_PLACEHOLDER.findall(self.body)))

    def listed(self, id_: int) -> dict[str, Any]:
        """As Graph lists it."""
        buttons = {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": self.button}]}
        components = [{"type": "BODY", "text": self.body}, *([buttons] if self.button else [])]
        fields = {name: getattr(self, name) for name in ("name", "language", "status", "category", "parameter_format")}
        return {**fields, "components": components, "id": str(id_)}


class Parameter(msgspec.Struct, frozen=True):
    type: str = ""
    parameter_name: str = ""
    text: str = ""
    payload: str = ""


class Component(msgspec.Struct, frozen=True):
    type: str = ""
    sub_type: str = ""
    index: str = ""
    parameters: tuple[Parameter, ...] = ()


class Language(msgspec.Struct, frozen=True):
    code: str = ""


class Template(msgspec.Struct, frozen=True):
    """A template message as it is posted. Headers and links are not simulated."""

    name: str = ""
    language: Language = Language()
    components: tuple[Component, ...] = ()

    @property
    def values(self) -> dict[str, str]:
        """The values of the body's parameters by their names; by their numbers where they have none."""
        given = (one for part in self.components if part.type == "body" for one in part.parameters)
        return {one.parameter_name or str(place): one.text for place, one in enumerate(given, 1)}

    @property
    def payload(self) -> str:
        """What a tap on its quick reply returns; "" if it returns the label."""
        return next((one.payload for part in self.components if part.type == "button" for one in part.parameters), "")


class Templates:
    """The templates of one account: initially those that recado uses by default."""

    def __init__(self) -> None:
        self._definitions: dict[tuple[str, str], Definition] = {}
        self.reset()

    def reset(self) -> None:
        """Restores the initial ones."""
        self._definitions.clear()
        for one in (
            Definition(
                name="recado_cotizacion_lista",
                body="Tu cotización de {{1}} productos por {{2}} está lista. Toca el botón para verla.",
                button="Ver cotización",
            ),
            Definition(name="recado_pedido_estado", body="Tu pedido {{1}} está {{2}}. Gracias por tu compra."),
            Definition(name="recado_aviso", body="recado: {{1}} de {{2}}. Mira la guía."),
        ):
            self.put(one)

    def put(self, definition: Definition) -> None:
        """Adds or changes a template."""
        self._definitions[definition.name, definition.language] = definition

    def get(self, name: str, language: str) -> Definition:
        """A template. Raises ValueError if there is none."""
        if (name, language) not in self._definitions:
            raise ValueError(f"there is no template {name} in {language}")
        return self._definitions[name, language]

    def page(self, after: int, limit: int) -> dict[str, Any]:
        """A page of Graph's list."""
        listed = [one.listed(id_) for id_, one in enumerate(self._definitions.values(), 1)]
        end = after + limit
        more = {"next": "https://graph.facebook.com/next"} if end < len(listed) else {}
        return {"data": listed[after:end], "paging": {"cursors": {"after": str(end)}, **more}}

    def refusal(self, template: Template | None) -> GraphRefusal | None:
        """The error that Meta would return; None if it accepts the message."""
        if template is None or not template.name:
            return GraphRefusal(131008, "Required parameter is missing", "template.name is required.")
        definition = self._definitions.get((template.name, template.language.code))
        if definition is None or definition.status.upper() not in ("APPROVED", *_STOPPED):
            name = f"template name ({template.name}) does not exist in {template.language.code}"
            return GraphRefusal(132001, "Template name does not exist in the translation", name)
        if stopped := _STOPPED.get(definition.status.upper()):
            return GraphRefusal(*stopped, "The template cannot be sent until it is active again.")
        if len(template.values) != len(definition.parameters):
            counts = f"number of localizable_params ({len(template.values)}) does not match the expected number"
            return GraphRefusal(
                132000, "Number of parameters does not match", f"{counts} ({len(definition.parameters)})"
            )
        if template.values.keys() != set(definition.parameters):
            return GraphRefusal(132012, "Parameter format does not match", "A parameter's name is missing or wrong.")
        if any(not value.strip() or _UNFIT.search(value) for value in template.values.values()):
            return GraphRefusal(132018, "Template validation failed", "A parameter is empty or has a line break.")
        if template.payload and not definition.button:
            return GraphRefusal(132012, "Parameter format does not match", "The template has no quick reply.")
        return None

    def says(self, template: Template) -> str:
        """What the customer reads."""
        text = self.get(template.name, template.language.code).body
        for name, value in template.values.items():
            text = text.replace(f"{{{{{name}}}}}", value)
        return text

    def choices(self, template: Template) -> tuple[Tappable, ...]:
        """What the customer can tap."""
        label = self.get(template.name, template.language.code).button
        return (Tappable(id=template.payload or label, title=label),) if label else ()
