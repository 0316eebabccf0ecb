"""Reading webhooks: every type of message, statuses, and everything else that Meta sends."""

from decimal import Decimal
from typing import Any

import pytest
from tests.whatsapp.bodies import ANA, NUMBER, TEXT, body, webhook

from recado.whatsapp.inbound import (
    Batch,
    Customer,
    Echo,
    ErrorDetail,
    InboundMessage,
    Location,
    MessageType,
    Preference,
    Status,
    StatusKind,
)
from recado.whatsapp.payloads import parse


def one(**changes: Any) -> InboundMessage:
    """The text message of the reference with some fields changed; None removes a field."""
    raw = {key: value for key, value in {**TEXT, **changes}.items() if value is not None}
    [message] = parse(webhook(messages=[raw])).messages
    return message


def test_a_text_message() -> None:
    """Every field of the typical message."""
    assert one() == InboundMessage(
        wamid="wamid.T1",
        type=MessageType.TEXT,
        text="hola",
        customer=Customer(phone="+15550100001", user_id="US.ABC123"),
        phone_number_id=NUMBER,
        sent_at=1790000001.0,
        is_group=False,
    )


@pytest.mark.parametrize(
    ("kind", "content", "tapped"),
    [
        ("interactive", {"type": "button_reply", "button_reply": {"id": "yes:7", "title": "Sí"}}, "yes:7"),
        ("interactive", {"type": "list_reply", "list_reply": {"id": "sku:2", "title": "Camisa"}}, "sku:2"),
        ("interactive", {"type": "nfm_reply", "nfm_reply": {"response_json": "{}"}}, None),
        ("button", {"payload": "yes", "text": "Sí"}, "yes"),
        ("button", {"payload": {"a": 1}, "text": "Sí"}, None),
        ("text", {"body": "hola"}, None),
    ],
)
def test_a_tap_keeps_its_id(kind: str, content: object, tapped: str | None) -> None:
    """The id that recado gave to the button or the row."""
    assert one(type=kind, **{kind: content}).tapped == tapped


@pytest.mark.parametrize("tapped", ["x" * 257, "", 7, None])
def test_an_invalid_id_of_a_tap_is_dropped(tapped: object) -> None:
    """The id of a tap is untrusted input. The title is read in any case."""
    message = one(type="interactive", text=None, interactive={"button_reply": {"id": tapped, "title": "Sí"}})
    assert (message.tapped, message.text) == (None, "Sí")


@pytest.mark.parametrize(
    ("context", "product"),
    [
        ({"id": "wamid.OUT1", "referred_product": {"catalog_id": "1", "product_retailer_id": "CAL-001"}}, "CAL-001"),
        ({"referred_product": {"product_retailer_id": ""}}, None),
        ({"referred_product": {"product_retailer_id": "x" * 257}}, None),
        ({"referred_product": ["CAL-001"]}, None),
        ({"forwarded": True}, None),
        ("CAL-001", None),
    ],
)
def test_a_question_about_a_product_names_it(context: object, product: str | None) -> None:
    """The SKU in Meta's copy of the catalogue."""
    assert one(context=context).product == product


@pytest.mark.parametrize(
    ("kind", "content", "original"),
    [
        ("edit", {"original_message_id": "wamid.T0", "message": {"text": {"body": "3 gorras"}}}, "wamid.T0"),
        ("revoke", {"original_message_id": "wamid.T0"}, "wamid.T0"),
        ("revoke", {"original_message_id": 7}, None),
        ("revoke", "wamid.T0", None),
        ("edit", {}, None),
    ],
)
def test_an_edit_and_a_revoke_name_the_message_that_they_are_about(
    kind: str, content: object, original: str | None
) -> None:
    """They contain its wamid."""
    message = one(type=kind, text=None, **{kind: content})
    assert (message.type, message.original) == (MessageType(kind), original)


@pytest.mark.parametrize(
    ("raw", "location"),
    [
        ({"latitude": 4.65, "longitude": -74.1}, Location(4.65, -74.1)),
        (
            {"latitude": -90, "longitude": 180, "name": " La\ntienda ", "address": "Calle 1 # 2-3", "url": "x"},
            Location(-90.0, 180.0, "La tienda", "Calle 1 # 2-3"),
        ),
        (
            {"latitude": 1, "longitude": 2, "name": "n" * 300, "address": "a" * 900},
            Location(1.0, 2.0, "n" * 200, "a" * 500),
        ),
        ({"latitude": 1, "longitude": 2, "name": 7, "address": "  "}, Location(1.0, 2.0)),
        ({"latitude": 91, "longitude": 2}, None),
        ({"latitude": 1, "longitude": 1e400}, None),
        ({"latitude": "4.65", "longitude": "-74.1"}, None),
        ({"latitude": True, "longitude": 2}, None),
        ({"name": "La tienda"}, None),
        ("4.65,-74.1", None),
    ],
)
def test_a_location_is_a_place_on_earth(raw: object, location: Location | None) -> None:
    """Its name and address are one line each, with a limited length."""
    assert one(type="location", text=None, location=raw).location == location


@pytest.mark.parametrize(
    ("price", "currency", "read"),
    [
        (7.99, "USD", (Decimal("7.99"), "USD")),
        (0.1, "COP", (Decimal("0.1"), "COP")),
        (12000, "CLP", (Decimal(12000), "CLP")),
        ("45.50", "MXN", (Decimal("45.50"), "MXN")),
        (-1, "usd", (None, None)),
        ("1e9", "US$", (None, None)),
        (1e400, "USDT", (None, None)),
        (1e13, 7, (None, None)),
        (True, None, (None, None)),
        ([7], ["USD"], (None, None)),
    ],
)
def test_a_cart_keeps_the_prices_that_the_customer_saw(
    price: object, currency: object, read: tuple[Decimal | None, str | None]
) -> None:
    """As decimals with all digits; an invalid price is dropped."""
    item = {"product_retailer_id": "A-1", "quantity": 2, "item_price": price, "currency": currency}
    (line,) = one(type="order", text=None, order={"product_items": [item]}).cart
    assert (line.sku, line.quantity) == ("A-1", 2)
    assert (line.item_price, line.currency) == read


@pytest.mark.parametrize(
    ("context", "quoted"),
    [({"from": "1", "id": "wamid.OUT1"}, "wamid.OUT1"), ({"forwarded": True}, None), ({"id": 7}, None), ("x", None)],
)
def test_a_message_keeps_what_it_refers_to(context: object, quoted: str | None) -> None:
    """It keeps the wamid in its context. An invalid context has no other effect on the message."""
    message = one(context=context)
    assert (message.quoted, message.text) == (quoted, "hola")


@pytest.mark.parametrize(
    ("kind", "content", "text"),
    [
        ("text", {"body": "hola"}, "hola"),
        ("image", {"caption": "esta", "id": "9001"}, "esta"),
        ("image", {"id": "9001"}, None),
        ("video", {"caption": "c"}, "c"),
        ("document", {"caption": "lista", "filename": "order.pdf"}, "lista"),
        ("audio", {"id": "9002", "voice": True}, None),
        ("sticker", {"id": "9005", "animated": False}, None),
        ("location", {"latitude": 52.1, "longitude": 4.3}, None),
        ("contacts", [{"name": {"formatted_name": "Bo"}}], None),
        ("reaction", {"message_id": "wamid.OUT1", "emoji": "👍"}, None),
        ("interactive", {"type": "button_reply", "button_reply": {"id": "1", "title": "Sí"}}, "Sí"),
        ("interactive", {"type": "list_reply", "list_reply": {"id": "2", "title": "Camisa"}}, "Camisa"),
        ("interactive", {"type": "nfm_reply", "nfm_reply": {"response_json": "{}"}}, None),
        ("button", {"payload": "yes", "text": "Sí"}, "Sí"),
        ("order", {"catalog_id": "5001", "text": "por favor", "product_items": []}, "por favor"),
        ("system", {"type": "user_changed_number", "wa_id": "15550100009"}, None),
        ("unsupported", {"type": "edit"}, None),
        ("edit", {"original_message_id": "wamid.T0"}, None),
        ("edit", {"original_message_id": "wamid.T0", "message": {"type": "text", "text": {"body": "3"}}}, "3"),
        ("edit", {"original_message_id": "wamid.T0", "message": {"type": "image", "image": {"caption": "3"}}}, "3"),
        ("edit", {"original_message_id": "wamid.T0", "message": {"text": 7}}, None),
        ("edit", {"original_message_id": "wamid.T0", "message": {"edit": {"message": {"text": {"body": "x"}}}}}, None),
        ("edit", [7], None),
        ("revoke", {"original_message_id": "wamid.T0"}, None),
        ("request_welcome", {}, None),
        ("hologram", {"depth": 3}, None),
    ],
)
def test_every_type_and_what_it_says(kind: str, content: Any, text: str | None) -> None:
    """The text is a body, a caption or the title of a tap; an unknown type is `unknown`."""
    message = one(type=kind, **{"text": None, kind: content})
    assert message.type == (kind if kind in set(MessageType) else MessageType.UNKNOWN)
    assert message.text == text


@pytest.mark.parametrize(
    ("fields", "customer"),
    [
        ({}, Customer("+15550100001", "US.ABC123")),
        ({"from": None}, Customer("+15550100001", "US.ABC123")),
        ({"from_user_id": None}, Customer("+15550100001", "US.ABC123")),
        ({"from": None, "from_user_id": "US.OTHER1"}, Customer(None, "US.OTHER1")),
        ({"from": "5215512345678", "from_user_id": None}, Customer("+5215512345678")),
        ({"from": "5493512345678", "from_user_id": None}, Customer("+5493512345678")),
        ({"from": "390612345678", "from_user_id": None}, Customer("+390612345678")),
        ({"from": "22507014657", "from_user_id": None}, Customer("+22507014657")),
        ({"from": "22997123456", "from_user_id": None}, Customer("+22997123456")),
        ({"from": "99912345678", "from_user_id": None}, Customer("+99912345678")),
        ({"from": "1555", "from_user_id": "US.ENT.7x"}, Customer("+1555", "US.ENT.7x")),
        ({"from": "123456789012345678", "from_user_id": None}, Customer("+123456789012345678")),
        ({"from": "+15550100002", "from_user_id": None}, Customer("+15550100002")),
        ({"from": None, "from_user_id": "ana.q"}, Customer(None, "ana.q")),
        ({"from": None, "from_user_id": "us.4_7-x.Y"}, Customer(None, "us.4_7-x.Y")),
        ({"from": None, "from_user_id": "US." + "A" * 137}, Customer(None, "US." + "A" * 137)),
        ({"from": "١٥٥٥٠١٠٠٠٠٢", "from_user_id": None}, None),
        ({"from": "9" * 33, "from_user_id": "US." + "A" * 300}, None),
        ({"from": "", "from_user_id": ""}, None),
        ({"from": None, "from_user_id": "two words"}, None),
        ({"from": None, "from_user_id": None}, None),
    ],
)
def test_the_customer_is_a_phone_or_a_user_id_or_both(fields: dict[str, Any], customer: Customer | None) -> None:
    """Both are taken as Meta gives them, also in an unusual form. With neither there is no customer."""
    assert one(**fields).customer == customer


def test_a_customer_is_known_by_both_names() -> None:
    """The BSUID comes first, because it outlives a hidden phone number."""
    names = [who.names_at("7") for who in (Customer("+1", "US.A"), Customer("+1"), Customer(None, "US.A"))]
    assert names == [("7:US.A", "7:+1"), ("7:+1",), ("7:US.A",)]


def test_contacts_are_matched_by_id_not_by_position() -> None:
    """Two messages and their contacts in reverse order: each message gets its own user id."""
    bo = {"wa_id": "15550100002", "user_id": "US.BO2"}
    ids = {"from_user_id": None}
    first, second = {**TEXT, **ids}, {**TEXT, **ids, "from": "15550100002", "id": "wamid.T2"}
    batch = parse(webhook(contacts=[bo, ANA], messages=[first, second]))
    assert [message.customer and message.customer.user_id for message in batch.messages] == ["US.ABC123", "US.BO2"]


@pytest.mark.parametrize(
    ("timestamp", "sent_at"),
    [
        ("1790000001", 1790000001.0),
        (1790000001, 1790000001.0),
        (None, None),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("-5", None),
        ("0", None),
        ("1790000001000", None),
        ("9" * 5000, None),
    ],
)
def test_a_timestamp_is_a_moment_or_nothing(timestamp: object, sent_at: float | None) -> None:
    """An invalid timestamp is dropped, so later arithmetic does not fail."""
    assert one(timestamp=timestamp).sent_at == sent_at


def test_a_group_message_is_marked() -> None:
    """A message with a group_id comes from a group."""
    assert one(group_id="G1").is_group


def test_statuses_carry_the_attempt_and_the_errors() -> None:
    """`delivered` with the attempt's id, `failed` with Meta's codes and details; an unknown status is `other`."""
    failed = {
        "id": "wamid.OUT2",
        "status": "failed",
        "timestamp": "1790000031",
        "errors": [
            {"code": 131047, "title": "Re-engagement", "error_data": {"details": "More than 24 hours"}},
            {"code": 131026, "title": "Message undeliverable", "error_data": "a string"},
            {"code": 1, "title": "only a title"},
        ],
    }
    delivered = {
        "id": "wamid.OUT1",
        "status": "delivered",
        "timestamp": "1790000030",
        "biz_opaque_callback_data": "a-1",
        "pricing": {"category": "service"},
    }
    assert parse(webhook(statuses=[delivered, failed, {"id": "wamid.OUT3", "status": "teleported"}])).statuses == [
        Status(StatusKind.DELIVERED, "wamid.OUT1", "a-1", NUMBER, 1790000030.0),
        Status(
            StatusKind.FAILED,
            "wamid.OUT2",
            None,
            NUMBER,
            1790000031.0,
            (
                ErrorDetail(131047, "More than 24 hours"),
                ErrorDetail(131026, "a string"),
                ErrorDetail(1, "only a title"),
            ),
        ),
        Status(StatusKind.OTHER, "wamid.OUT3", None, NUMBER, None),
    ]


@pytest.mark.parametrize("code", [2**31, 2**63, -(10**30), 1.5, 1e999, True, "one", [1]])
def test_an_invalid_error_code_is_dropped(code: Any) -> None:
    """A failed status is read even if the code of its error is invalid, or too large for a store."""
    failed = {"id": "wamid.OUT1", "status": "failed", "errors": [{"code": code, "title": "no"}]}
    (status,) = parse(webhook(statuses=[failed])).statuses
    assert status.errors == (ErrorDetail(None, "no"),)


def test_every_entry_change_message_and_status_is_read() -> None:
    """2 entries x 2 changes x (2 messages + 1 status + 1 error)."""
    value = {
        "metadata": {"phone_number_id": NUMBER},
        "messages": [TEXT, TEXT],
        "statuses": [{"id": "wamid.OUT1", "status": "sent"}],
        "errors": [{"code": 130429, "message": "Rate limit hit"}],
    }
    batch = parse(body([{"changes": [{"field": "messages", "value": value}] * 2}] * 2))
    assert (len(batch.messages), len(batch.statuses), len(batch.errors)) == (8, 4, 4)
    assert batch.errors[0] == ErrorDetail(130429, "Rate limit hit")


def test_preferences_say_who_does_not_want_to_be_written_to() -> None:
    """By phone number or user id, with a time as number or text. An unusable preference is counted."""
    phone, user = "+15550100001", "US.ABC123"
    preferences = [
        {
            "wa_id": phone[1:],
            "user_id": user,
            "category": "marketing_messages",
            "value": "stop",
            "timestamp": 1790000000,
        },
        {"user_id": user, "value": "resume", "timestamp": "1790000001"},
        {"value": "stop"},
        {"wa_id": phone[1:], "value": "later"},
        {"wa_id": 7, "value": "stop"},
    ]
    value = {"metadata": {"phone_number_id": NUMBER}, "contacts": [], "user_preferences": preferences}
    batch = parse(body([{"changes": [{"field": "user_preferences", "value": value}]}]))

    assert batch.preferences == [
        Preference(Customer(phone, user), NUMBER, opted_out=True, set_at=1790000000.0),
        Preference(Customer(None, user), NUMBER, opted_out=False, set_at=1790000001.0),
    ]
    assert sorted(batch.ignored) == ["preference:no_customer", "preference:other", "preference:unreadable"]


def test_echoes_say_to_whom_and_when_the_shop_wrote() -> None:
    """All echoes of an array are read, by phone number or user id, even beside an unreadable one. Their text is not
    kept: only the word that gives the conversation back to recado matters."""
    echoes = [
        {"id": "E1", "from": "1555", "to": "15550100001", "timestamp": "1790000001", "text": {"body": "Hola, soy Eva"}},
        {"id": "E2", "from": "1555", "to_user_id": "US.ABC123", "timestamp": "1790000002", "type": "image", "text": 7},
        {"id": "E3", "to": "15550100001", "to_user_id": "US.ABC123", "text": {"body": "#bot"}},
        {"id": "E4", "to": "15550100001", "text": {"body": "usa #bot"}},
        {"id": 5},
    ]
    value = {"metadata": {"phone_number_id": NUMBER}, "message_echoes": echoes}
    batch = parse(body([{"changes": [{"field": "smb_message_echoes", "value": value}]}]))

    phone, user = "+15550100001", "US.ABC123"
    assert batch == Batch(
        echoes=[
            Echo("E1", Customer(phone, None), NUMBER, 1790000001.0, returns=False),
            Echo("E2", Customer(None, user), NUMBER, 1790000002.0, returns=False),
            Echo("E3", Customer(phone, user), NUMBER, None, returns=True),
            Echo("E4", Customer(phone, None), NUMBER, None, returns=False),
        ],
        ignored=["echo:unreadable"],
    )


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("calls", {"event": "terminate"}, "field:calls"),
        ("smb_message_echoes", {"message_echoes": [TEXT]}, "echo:no_customer"),
        ("smb_message_echoes", {"message_echoes": [{"to": "15550100001"}]}, "echo:no_id"),
        ("smb_message_echoes", {"message_echoes": [7]}, "echo:unreadable"),
        ("smb_message_echoes", {"message_echoes": "all"}, "echo:unreadable"),
        ("flows", {"messages": "not a list", "metadata": 7}, "field:flows"),
        ("something_of_2027", [1, 2], "field:other"),
        ("standby", {"messages": [TEXT], "metadata": {"phone_number_id": NUMBER}}, "standby:standby"),
        ("messaging_handovers", {"pass_thread_control": {}}, "standby:messaging_handovers"),
    ],
)
def test_other_fields_are_counted_by_name(field: str, value: Any, reason: str) -> None:
    """They come to the same URL and are acknowledged, whatever shape their value has. Unknown names share a label."""
    batch = parse(body([{"changes": [{"field": field, "value": value}]}]))
    assert batch == Batch(ignored=[reason])
