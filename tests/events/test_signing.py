"""Signatures follow the specification, by its test vector and an independent library."""

import base64
import secrets
import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from recado.events import signing

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
ID = "evt_01JDEXAMPLE"
BODY = b'{"type":"order.created","timestamp":"2026-11-26T15:04:05Z","data":{"order":{"number":"P-1042"}}}'
AT = 1790000000.0


def make_secret() -> str:
    return signing.PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def test_the_published_vector() -> None:
    headers = signing.signed_headers([SECRET], ID, BODY, now=AT + 0.9)

    assert headers == {
        "webhook-id": ID,
        "webhook-timestamp": "1790000000",
        "webhook-signature": "v1,1htJRk/GKjcwfs9rM6jkzO8eWk6n2lU0e97jxon5ClM=",
    }


@given(text=st.text(), id_=st.from_regex(r"evt_[0-9a-z]{1,20}", fullmatch=True))
def test_the_independent_library_accepts_what_we_sign(text: str, id_: str) -> None:
    body = msgspec.json.encode([text])
    headers = signing.signed_headers([SECRET], id_, body, now=time.time())

    assert Webhook(SECRET).verify(body, headers) == [text]


def test_two_secrets_are_two_signatures_that_each_verify() -> None:
    """During a rotation, a receiver with either secret accepts the signature."""
    new, old, other = make_secret(), make_secret(), make_secret()
    headers = signing.signed_headers([new, old], ID, BODY, now=time.time())

    for secret in (new, old):
        assert Webhook(secret).verify(BODY, headers)
        assert signing.verify(secret, headers, BODY, now=time.time())
    with pytest.raises(WebhookVerificationError):
        Webhook(other).verify(BODY, headers)
    assert not signing.verify(other, headers, BODY, now=time.time())


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "evt_2"},
        {"webhook-timestamp": "1790000001"},
        {"webhook-timestamp": "soon"},
        {"webhook-timestamp": ""},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,é"},
    ],
)
def test_what_was_changed_is_not_accepted(change: dict[str, str]) -> None:
    headers = signing.signed_headers([SECRET], ID, BODY, now=AT)

    assert signing.verify(SECRET, headers, BODY, now=AT)
    assert not signing.verify(SECRET, {**headers, **change}, BODY, now=AT)
    assert not signing.verify(SECRET, headers, BODY + b" ", now=AT)


@pytest.mark.parametrize(("seconds", "accepted"), [(-301, False), (-299, True), (300, True), (302, False)])
def test_an_old_or_future_attempt_is_not_accepted(seconds: float, accepted: bool) -> None:
    headers = signing.signed_headers([SECRET], ID, BODY, now=AT)

    assert signing.verify(SECRET, headers, BODY, now=AT + seconds) is accepted


@pytest.mark.parametrize(
    ("secret", "problem"),
    [
        ("MDEyMzQ1", "begin with whsec_"),
        ("whsec_not base64!", "base64"),
        ("whsec_" + base64.b64encode(b"x" * 23).decode(), "24 to 64 bytes"),
        ("whsec_" + base64.b64encode(b"x" * 65).decode(), "24 to 64 bytes"),
    ],
)
def test_a_secret_that_is_none_is_refused_without_being_shown(secret: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem) as error:
        signing.key_of(secret)

    assert secret.removeprefix("whsec_") not in str(error.value)


@pytest.mark.parametrize("size", [24, 64])
def test_secrets_of_every_allowed_size_are_taken(size: int) -> None:
    assert len(signing.key_of("whsec_" + base64.b64encode(b"x" * size).decode())) == size
