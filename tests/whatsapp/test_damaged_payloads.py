"""Reading damaged or hostile webhooks: readable parts are kept, and the only exception is PayloadError."""

import json
from functools import partial
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.whatsapp.bodies import ANA, NUMBER, TEXT, body, webhook
from tests.work import lines_run

from recado.whatsapp.inbound import Batch
from recado.whatsapp.payloads import PayloadError, parse


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (None, "message:unreadable"),
        ("text", "message:unreadable"),
        ({**TEXT, "id": 7}, "message:unreadable"),
        ({**TEXT, "text": "hola"}, "message:unreadable"),
        ({**TEXT, "from": ["15550100001"]}, "message:unreadable"),
        ({**TEXT, "id": ""}, "message:no_id"),
        ({key: value for key, value in TEXT.items() if key != "id"}, "message:no_id"),
    ],
)
def test_one_bad_message_does_not_hurt_the_others(bad: Any, reason: str) -> None:
    """The messages before and after it and the statuses are read; the bad message is counted."""
    good = [{**TEXT, "id": f"wamid.{n}"} for n in range(3)]
    status = {"id": "wamid.OUT1", "status": "sent"}
    batch = parse(webhook(messages=[good[0], bad, *good[1:]], statuses=[status]))
    assert [message.wamid for message in batch.messages] == ["wamid.0", "wamid.1", "wamid.2"]
    assert [message.phone_number_id for message in batch.messages] == [NUMBER] * 3
    assert len(batch.statuses) == 1
    assert batch.ignored == [reason]


@pytest.mark.parametrize(
    ("damage", "reasons"),
    [
        ({"contacts": [7, ANA]}, ["contact:unreadable"]),
        ({"contacts": "x"}, ["contact:unreadable"]),
        ({"metadata": [1]}, ["metadata:unreadable"]),
        ({"statuses": [None, 5]}, ["status:unreadable"] * 2),
        ({"statuses": [{"status": "sent"}]}, ["status:no_id"]),
        ({"errors": {"code": 1}}, ["error:unreadable"]),
        ({"errors": [{"code": 1, "title": 7}]}, ["error:unreadable"]),
    ],
)
def test_damage_around_a_message_does_not_hurt_it(damage: dict[str, Any], reasons: list[str]) -> None:
    """The message is read even if contacts, metadata, statuses or errors beside it are damaged."""
    batch = parse(webhook(messages=[TEXT], **damage))
    assert [message.text for message in batch.messages] == ["hola"]
    assert batch.ignored == reasons


def test_damaged_entries_and_changes_do_not_hurt_the_others() -> None:
    """null, numbers and lists in place of an entry or a change."""
    good = {"field": "messages", "value": {"messages": [TEXT]}}
    bad_changes = [None, 7, {"field": 9}, {"field": "messages", "value": "x"}, good]
    batch = parse(body([None, 7, {"changes": "x"}, {"changes": None}, {}, {"changes": bad_changes}]))
    assert len(batch.messages) == 1
    assert sorted(batch.ignored) == ["change:unreadable"] * 3 + ["entry:unreadable"] * 3 + ["value:unreadable"]


def test_half_of_a_surrogate_pair_is_not_the_end_of_a_batch() -> None:
    r"""A lone `\ud83d` is valid JSON but not valid text. It becomes a question mark, and the messages beside it are
    read."""
    raw = webhook(messages=[{**TEXT, "text": {"body": "x"}}, {**TEXT, "text": {"body": "ñandú"}}])
    batch = parse(raw.replace(b'"x"', rb'"\ud83d 2 zapatos"'))
    assert [message.text for message in batch.messages] == ["? 2 zapatos", "ñandú"]


def test_no_text_or_id_holds_a_nul() -> None:
    r"""PostgreSQL accepts no NUL, so Meta would deliver the batch again and again. An escaped backslash before
    `u0000` is not a NUL and stays."""
    place = {"name": "x", "latitude": 1, "longitude": 2}
    raw = webhook(messages=[{**TEXT, "context": {"id": "x"}, "text": {"body": "x"}, "location": place}])
    for written, read in ((rb"\u0000\u0000 2", "\ufffd\ufffd 2"), (rb"\\\u0000", "\\\ufffd"), (rb"\\u0000", r"\u0000")):
        (message,) = parse(raw.replace(b'"x"', b'"' + written + b'"')).messages
        assert message.location
        assert [message.text, message.quoted, message.location.name] == [read] * 3


@pytest.mark.parametrize("digits", [b"9" * 5_000, b"-" + b"9" * 5_000, b"1e400"], ids=["large", "small", "float"])
def test_a_number_beyond_all_numbers_is_not_the_end_of_a_batch(digits: bytes) -> None:
    """Python reads no integer of more than 4,300 digits."""
    bad = {**TEXT, "id": "wamid.BAD", "timestamp": 4711}
    batch = parse(webhook(messages=[bad, TEXT], errors=[{"code": 1234}]).replace(b"4711", digits))
    assert [(message.wamid, message.sent_at) for message in batch.messages] == [
        ("wamid.BAD", None),
        ("wamid.T1", 1790000001.0),
    ]
    assert [error.code for error in batch.errors] == [1234]


def test_escaped_unicode_and_slashes_are_what_they_stand_for() -> None:
    r"""Meta escapes all of these: `\u00f1`, surrogate pairs, `\/`."""
    raw = webhook(messages=[{**TEXT, "text": {"body": "x"}}])
    [message] = parse(raw.replace(b'"x"', rb'"ma\u00f1ana \ud83d\udc4d 1\/2"')).messages
    assert message.text == "mañana 👍 1/2"


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"{",
        b"hola",
        b"\xff\xfe",
        b"[]",
        b"null",
        b'"entry"',
        b"7",
        b"{}",
        b'{"entry":null}',
        b'{"entry":{}}',
        b'{"object":"whatsapp_business_account"}',
        b"[" * 100_000,
        b'{"entry":[' + b'{"a":' * 100_000,
        b"9" * 10_000,
    ],
)
def test_what_is_not_a_webhook_is_a_payload_error(bad: bytes) -> None:
    """Invalid JSON, no object, or no list of entries is a PayloadError, even if the body is hostile."""
    with pytest.raises(PayloadError):
        parse(bad)


def test_an_empty_webhook_is_an_empty_batch() -> None:
    """Meta's own test vector V1 has no entries."""
    assert parse(b'{"object":"whatsapp_business_account","entry":[]}') == Batch()


KEYS = st.sampled_from(
    [
        "entry",
        "changes",
        "field",
        "value",
        "messages",
        "statuses",
        "contacts",
        "errors",
        "metadata",
        "phone_number_id",
        "id",
        "from",
        "from_user_id",
        "type",
        "timestamp",
        "text",
        "body",
        "image",
        "caption",
        "interactive",
        "button_reply",
        "title",
        "status",
        "code",
        "error_data",
        "wa_id",
        "user_id",
        "group_id",
        "context",
        "referred_product",
        "product_retailer_id",
        "order",
        "product_items",
        "quantity",
        "item_price",
        "currency",
        "location",
        "latitude",
        "longitude",
        "name",
        "address",
        "edit",
        "revoke",
        "original_message_id",
        "message",
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["messages", "text", "sent", "15550100001", "1" * 400, "1790000001"])
)
ANY_JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(max_size=5), inner, max_size=6)
)


@given(ANY_JSON)
def test_any_json_is_a_batch_or_a_payload_error(value: Any) -> None:
    """As the whole body, as the entries, as a value, as a message and as a status."""
    shapes = (value, {"entry": value}, {"entry": [value]}, {"entry": [{"changes": [value]}]})
    for shape in shapes:
        for text in (json.dumps(shape), json.dumps(shape, ensure_ascii=False)):
            assert_parses(text.encode(errors="surrogatepass"))
    for inside in ({"messages": [value]}, {"statuses": [value]}, {"contacts": [value], "messages": [TEXT]}):
        batch = assert_parses(webhook(**inside))
        assert batch is not None
        assert ("messages" not in inside or len(batch.messages) + len(batch.ignored)) >= 1


@given(st.binary(max_size=200))
def test_any_bytes_are_a_batch_or_a_payload_error(value: bytes) -> None:
    """Also bytes that are not JSON."""
    assert_parses(value)


def assert_parses(raw: bytes) -> Batch | None:
    try:
        batch = parse(raw)
    except PayloadError:
        return None
    for message in batch.messages:
        assert message.customer is None or message.customer_names
        for line in message.cart:
            assert 0 <= line.quantity < 10**309
            assert line.item_price is None or 0 <= line.item_price < 10**12
            assert len(line.sku) <= 256
        for id_ in (message.tapped, message.quoted, message.product, message.original):
            assert id_ is None or 0 < len(id_) <= 256
        msgspec.json.encode(message)  # everything that was read can be stored and logged
    return batch


def test_a_full_batch_costs_as_much_for_each_message() -> None:
    """For 1,000 messages in 3 MB, the most that Meta sends, at most 60 lines of Python run for each message, also if
    one is damaged."""
    messages = [{**TEXT, "id": f"wamid.{n}", "text": {"body": "x" * 2800}} for n in range(1000)]
    for damaged in (False, True):
        raw = webhook(messages=[*messages[:-1], "damaged"] if damaged else messages)
        assert 2_900_000 < len(raw) < 3_145_728
        assert lines_run(partial(parse, raw)) < 60 * 1000
        batch = parse(raw)
        assert len(batch.messages) + len(batch.ignored) == 1000
