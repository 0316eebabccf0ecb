"""The load consists of Meta's webhooks, signed, at the rate of the shape."""

import json

import pytest
from loadtests.customers import AGAIN_SECONDS, ANSWERS, ORDERS, Crowd, Shop
from loadtests.shapes import SECONDS, SHAPES, rate_at

from recado.whatsapp.payloads import parse
from recado.whatsapp.signature import SignatureVerifier

SECRET = "load-secret"
SHOP = Shop("106540352242922", SECRET)


def test_recado_accepts_the_signature_and_reads_every_message() -> None:
    """200 messages in one POST, also from customers without a phone number."""
    crowd = Crowd(seed=1)
    written = [(crowd.customer(), crowd.wamid(), crowd.order()) for _ in range(200)]
    body = SHOP.messages(written, 1_800_000_000)
    signature = SHOP.headers(body)["X-Hub-Signature-256"].encode()
    assert SignatureVerifier([SECRET]).reason_to_refuse(signature, body) is None
    batch = parse(body)
    assert [message.wamid for message in batch.messages] == [wamid for _, wamid, _ in written]
    for message, (customer, _, text) in zip(batch.messages, written, strict=True):
        assert message.text == text
        assert message.customer is not None
        assert customer.address in (message.customer.phone, message.customer.user_id)
    assert {customer.hidden for customer, _, _ in written} == {True, False}


def test_customers_come_back_to_their_quotes() -> None:
    """A fifth of them reply to the quote, once each, after it has had time to arrive."""
    now = [0.0]
    crowd = Crowd(seed=1, clock=lambda: now[0])
    first = dict(crowd.writes() for _ in range(1000))
    assert len(first) == 1000
    assert set(first.values()) <= set(ORDERS)
    now[0] = AGAIN_SECONDS
    later = [crowd.writes() for _ in range(1000)]
    again = [(customer, text) for customer, text in later if customer in first]
    assert 150 < len(again) < 250
    assert len({customer for customer, _ in again}) == len(again)
    assert {text for _, text in again} == set(ANSWERS)


def test_statuses_are_read_as_statuses() -> None:
    """Three kinds, in turn."""
    crowd = Crowd(seed=1)
    body = SHOP.statuses([crowd.customer() for _ in range(6)], [crowd.wamid() for _ in range(6)], 1_800_000_000)
    assert [status.status.value for status in parse(body).statuses] == ["sent", "delivered", "read"] * 2


def test_no_two_processes_share_a_customer_or_a_message() -> None:
    """Otherwise one of them would count as delivered twice by Meta."""
    crowds = [Crowd(seed=seed) for seed in range(20)]
    wamids = [crowd.wamid() for crowd in crowds for _ in range(10)]
    customers = {crowd.customer().phone[:7] for crowd in crowds}
    assert len(set(wamids)) == len(wamids)
    assert len(customers) == len(crowds)


def test_orders_can_be_escaped_as_meta_does() -> None:
    """ASCII only, with escaped slashes; decoded, the text is the original."""
    crowd = Crowd(seed=1)
    for text in [*ORDERS, "a/b"]:
        body = SHOP.messages([(crowd.customer(), crowd.wamid(), text)], 0)
        assert body.isascii()
        assert b"a/b" not in body
        assert json.loads(body)["entry"][0]["changes"][0]["value"]["messages"][0]["text"]["body"] == text


@pytest.mark.parametrize("shape", list(SHAPES))
def test_every_shape_ends_and_never_exceeds_its_peak(shape: str) -> None:
    """Every run ends, and no shape exceeds five times the tier."""
    seconds = SECONDS[shape]
    rates = [rate_at(shape, second, rate=80, seconds=seconds) for second in range(int(seconds))]
    assert all(rate is not None and 0 < rate <= 400 for rate in rates)
    assert rate_at(shape, seconds, rate=80, seconds=seconds) is None


def test_shapes_are_what_their_names_say() -> None:
    """A ramp rises to the tier; a spike is in the middle."""
    ramp = [rate_at("ramp", second, rate=80, seconds=100) for second in (0, 50, 99)]
    assert ramp == [8, 48, 80]
    spike = [rate_at("spike", second, rate=80, seconds=100) for second in (39, 40, 59, 60)]
    assert spike == [80, 400, 400, 80]
