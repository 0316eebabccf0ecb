"""The signature and the handshake, with the vectors of the WhatsApp reference."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recado.whatsapp.signature import (
    HandshakeError,
    SignatureProblem,
    SignatureVerifier,
    malformed,
    verify_challenge,
)

SECRET = "test-app-secret-0123456789abcdef"
V1 = b'{"object":"whatsapp_business_account","entry":[]}'
V2 = (
    rb'{"object":"whatsapp_business_account","entry":[{"id":"100","changes":[{"field":"messages","value":'
    rb'{"messages":[{"id":"wamid.A","type":"text","text":{"body":"caf\u00e9 5\u20ac \ud83d\udc4d"}}]}}]}]}'
)
V3 = V2.replace(rb"caf\u00e9 5\u20ac \ud83d\udc4d", "café 5€ 👍".encode())
V4 = rb'{"url":"https:\/\/example.test\/a?b=1","pct":"10\u0025","at":"a\u0040b","lt":"\u003C"}'

VECTORS = {
    "V1": (V1, "e814cc45c638238dc7758f778c70b51fcd95e3f240932ed56e3abcd3146d07ab"),
    "V1 and a newline": (V1 + b"\n", "f1cd3bf133b53b411b7047ac3f3153160450e1d1a67b6301ede8eda423c5cf58"),
    "V2": (V2, "48ad1a287e330fc9bdad2ef94907808b912937019b31ebad477c6118c99dc198"),
    "V3": (V3, "18a7770a0a88a7adc3e036cbaa022096e511135a761496d51d1fc2449ab19cac"),
    "V4": (V4, "12406315fd2f058f812587e7a2616acb1905dc07d5291fe2193f8bb11c949032"),
    "V5": (b"", "2c03c1d245b8d3c614695d630e637ddd29dbf1b3433f71fb3bce5bd368da89c2"),
}


def header(digest: str) -> bytes:
    return f"sha256={digest}".encode()


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
def test_the_signature_covers_the_bytes_as_they_are_on_the_wire(vector: tuple[bytes, str]) -> None:
    """Every vector is accepted, and refused with one more byte in the body."""
    body, digest = vector
    verifier = SignatureVerifier([SECRET])
    assert verifier.reason_to_refuse(header(digest), body) is None
    assert verifier.reason_to_refuse(header(digest), body + b" ") is SignatureProblem.MISMATCH


def test_equal_json_with_other_bytes_has_another_signature() -> None:
    """V2 and V3 are the same JSON value. The signature of one is refused for the other, and so is the signature of
    the value encoded again."""
    verifier = SignatureVerifier([SECRET])
    redumped = "b1514173d55bd50a82eaefce4beb5930e133fac50b39eb6a4fa9cf9167a40fdf"
    for body, digest in ((V2, VECTORS["V3"][1]), (V3, VECTORS["V2"][1]), (V2, redumped), (V3, redumped)):
        assert verifier.reason_to_refuse(header(digest), body) is SignatureProblem.MISMATCH


def test_a_signature_by_another_secret_is_refused() -> None:
    """V1 signed with `wrong-secret` is a mismatch."""
    digest = "046829d70038912fe3901ad7358a8defdc98bd8c9358b40845cf59aa39a2427c"
    assert SignatureVerifier([SECRET]).reason_to_refuse(header(digest), V1) is SignatureProblem.MISMATCH


def test_two_secrets_are_valid_during_a_rotation() -> None:
    """Signatures by the new and by the old secret are accepted, in either order."""
    for secrets in ([SECRET, "new"], ["new", SECRET]):
        assert SignatureVerifier(secrets).reason_to_refuse(header(VECTORS["V1"][1]), V1) is None


@pytest.mark.parametrize("secrets", [[], [""], [SECRET, ""]])
def test_no_verifier_without_a_secret(secrets: list[str]) -> None:
    """A missing or empty secret raises an error when the verifier is created."""
    with pytest.raises(ValueError, match="app secret"):
        SignatureVerifier(secrets)


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"sha256=",
        b"sha1=" + b"0" * 40,
        b"sha256=" + b"0" * 63,
        b"sha256=" + b"0" * 65,
        b"sha256=" + b"0" * 64 + b"\n",
        b"sha256=" + b"A" * 64,
        b"SHA256=" + b"0" * 64,
        b"sha256=" + "é".encode() * 32,
        b"\xff" * 71,
        b" sha256=" + b"0" * 64,
    ],
)
def test_a_malformed_header_is_told_from_a_wrong_one(bad: bytes) -> None:
    """Anything but `sha256=` and 64 lower-case hexadecimal digits is malformed; that is known before the body is
    read."""
    assert malformed(bad) is SignatureProblem.MALFORMED
    assert SignatureVerifier([SECRET]).reason_to_refuse(bad, V1) is SignatureProblem.MALFORMED


def test_a_missing_header_is_missing() -> None:
    """A missing header is a problem with its own name."""
    assert malformed(None) is SignatureProblem.MISSING
    assert SignatureVerifier([SECRET]).reason_to_refuse(None, V1) is SignatureProblem.MISSING


@given(st.none() | st.binary(max_size=100), st.binary(max_size=50))
def test_no_header_raises_and_no_guess_is_accepted(guess: bytes | None, body: bytes) -> None:
    """A hostile header is refused with a reason and raises nothing."""
    assert SignatureVerifier([SECRET]).reason_to_refuse(guess, body) in set(SignatureProblem)


def test_the_handshake_returns_the_bare_challenge() -> None:
    """The challenge is returned unchanged."""
    assert verify_challenge("tok", mode="subscribe", verify_token="tok", challenge="007 a") == "007 a"


@pytest.mark.parametrize(
    ("ours", "mode", "token", "challenge"),
    [
        ("", "subscribe", "", "1"),
        ("", "subscribe", None, "1"),
        ("tok", "subscribe", None, "1"),
        ("tok", "subscribe", "tok2", "1"),
        ("tok", "subscribe", "ñandú", "1"),
        ("tok", "subscribe", "\ud83d", "1"),
        ("tok", "unsubscribe", "tok", "1"),
        ("tok", None, "tok", "1"),
        ("tok", "subscribe", "tok", None),
        ("tok", "subscribe", "tok", ""),
    ],
)
def test_any_other_handshake_is_refused(ours: str, mode: str, token: str, challenge: str) -> None:
    """A wrong or missing parameter is refused, and the error does not contain the token. If our token is empty,
    every handshake is refused."""
    with pytest.raises(HandshakeError) as refused:
        verify_challenge(ours, mode=mode, verify_token=token, challenge=challenge)
    assert "tok2" not in str(refused.value)
