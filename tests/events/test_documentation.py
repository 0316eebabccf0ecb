"""The pages, schemas and examples of events match the events."""

import re
from pathlib import Path
from typing import Any, get_args

import jsonschema
import msgspec
import pytest

from recado.events import documentation
from recado.events.endpoints import Shown, ShownText
from recado.events.event import shown
from recado.events.examples import EXAMPLES
from recado.events.facts import TYPES
from recado.telemetry import metrics

ROOT = Path(__file__).parent.parent.parent


def test_every_type_has_an_example() -> None:
    assert EXAMPLES.keys() == TYPES.keys()


def test_every_type_is_counted() -> None:
    """The metric's label has every type of event as a value."""
    assert set(metrics.EVENT_TYPES) == TYPES.keys()


def test_the_page_is_that_of_the_code() -> None:
    page = (ROOT / documentation.PAGE).read_text()

    assert documentation.with_types(page) == page


def test_the_schemas_are_those_of_the_code() -> None:
    committed = {path.stem: path.read_text() for path in (ROOT / documentation.SCHEMAS).glob("*.json")}

    assert documentation.schemas() == committed


def test_descriptions_are_whole_lines() -> None:
    """They are docstrings, whose line breaks and indentation do not belong in a schema."""
    assert [type_ for type_, schema in documentation.schemas().items() if "\\n" in schema] == []


@pytest.mark.parametrize("type_", TYPES)
@pytest.mark.parametrize("customer", Shown)
@pytest.mark.parametrize("text", ShownText)
def test_what_is_sent_fits_the_schema(type_: str, customer: Shown, text: ShownText) -> None:
    sent = msgspec.json.decode(msgspec.json.encode(shown(EXAMPLES[type_], customer, text)))
    schema = documentation.schema(TYPES[type_])

    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(sent)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate({**sent, "type": "order.made"})


@pytest.mark.parametrize("type_", TYPES)
def test_nothing_of_the_customer_where_nothing_may_be_seen(type_: str) -> None:
    sent = msgspec.json.encode(shown(EXAMPLES[type_], Shown.NONE, ShownText.NONE)).decode()

    assert not re.search(r"15550100001|Quiero|jeans|wamid", sent)


#: Every text field of an event's data, except times: its content comes from recado, the catalogue or Meta.
OURS = {
    *("token", "replaces", "quote", "number", "source", "state", "reason", "kind", "error_class"),
    *("currency", "total", "unit_price", "line_total", "sku", "name", "unit", "language", "event"),
}


def test_what_a_customer_wrote_is_in_fields_named_text() -> None:
    """A new field with a customer's words must be named `text`; otherwise `text: none` does not remove it."""

    def texts(kind: Any) -> set[str]:
        found = set()
        for field in msgspec.structs.fields(kind):
            for part in (field.type, *get_args(field.type)):
                if isinstance(part, type) and issubclass(part, msgspec.Struct):
                    found |= texts(part)
                elif part is str:
                    found.add(field.encode_name)
        return found

    assert set().union(*map(texts, TYPES.values())) == OURS | {"text"}


def test_masked_is_two_digits() -> None:
    customer = shown(EXAMPLES["order.created"], Shown.MASKED, ShownText.FULL)["data"]["customer"]

    assert msgspec.to_builtins(customer) == {"ref": "cu_5b1c9e77d2f0", "phone": "••••••01"}
