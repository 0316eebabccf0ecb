"""Meta's error table: the type of each code, what recado does about it, and misleading responses."""

import json
from email.utils import formatdate
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recado.outcome import Outcome, Scope
from recado.whatsapp import errors
from recado.whatsapp.errors import GraphError, error_from_status
from recado.whatsapp.responses import error_from_response

RETRYABLE, THROTTLED, PERMANENT, OPERATOR, UNKNOWN = (
    Outcome.RETRYABLE,
    Outcome.THROTTLED,
    Outcome.PERMANENT,
    Outcome.OPERATOR,
    Outcome.UNKNOWN,
)

#: The reference's table: code, HTTP status, retry, label.
TABLE = [
    (0, 401, OPERATOR, "auth"),
    (1, 400, RETRYABLE, "server"),
    (2, 503, THROTTLED, "server"),
    (3, 500, OPERATOR, "permission"),
    (4, 400, THROTTLED, "throttled"),
    (10, 403, OPERATOR, "permission"),
    (200, 403, OPERATOR, "permission"),
    (299, 403, OPERATOR, "permission"),
    (33, 400, OPERATOR, "account"),
    *((code, 400, OPERATOR, "configuration") for code in (12, 803, 2500)),
    *((code, 400, OPERATOR, "auth") for code in (101, 102)),
    (341, 400, THROTTLED, "throttled"),
    (100, 400, PERMANENT, "invalid"),
    (104, 400, OPERATOR, "auth"),
    (190, 401, OPERATOR, "auth"),
    (368, 403, OPERATOR, "account"),
    (613, 400, THROTTLED, "throttled"),
    (17, 400, THROTTLED, "throttled"),
    (32, 400, THROTTLED, "throttled"),
    (80007, 400, THROTTLED, "throttled"),
    (130403, 400, PERMANENT, "undeliverable"),
    (130429, 400, RETRYABLE, "throttled"),
    (130472, 400, PERMANENT, "undeliverable"),
    (130497, 403, PERMANENT, "undeliverable"),
    (131000, 500, RETRYABLE, "server"),
    (131005, 403, OPERATOR, "permission"),
    (131008, 400, PERMANENT, "invalid"),
    (131009, 400, PERMANENT, "invalid"),
    (131016, 500, RETRYABLE, "server"),
    (131020, 400, PERMANENT, "invalid"),
    (131021, 400, PERMANENT, "invalid"),
    (131026, 400, PERMANENT, "undeliverable"),
    (131030, 400, PERMANENT, "undeliverable"),
    (131031, 403, OPERATOR, "account"),
    (131037, 400, OPERATOR, "account"),
    (131041, 400, PERMANENT, "invalid"),
    (131201, 400, PERMANENT, "invalid"),
    (131042, 400, OPERATOR, "payment"),
    (131044, 400, OPERATOR, "payment"),
    (131045, 500, OPERATOR, "account"),
    (131047, 400, PERMANENT, "window_closed"),
    (131048, 400, OPERATOR, "account"),
    (131049, 400, PERMANENT, "undeliverable"),
    (131050, 400, PERMANENT, "undeliverable"),
    (131051, 400, PERMANENT, "invalid"),
    (131052, 400, PERMANENT, "invalid"),
    (131053, 400, PERMANENT, "invalid"),
    (131055, 400, PERMANENT, "invalid"),
    (131056, 400, THROTTLED, "pair_limit"),
    (131057, 500, THROTTLED, "throttled"),
    (131059, 400, PERMANENT, "invalid"),
    (131061, 400, PERMANENT, "template"),
    (131062, 400, PERMANENT, "undeliverable"),
    (131063, 400, OPERATOR, "template"),
    (131064, 400, OPERATOR, "account"),
    (132000, 400, PERMANENT, "template"),
    (132001, 404, OPERATOR, "template"),
    (132005, 400, PERMANENT, "template"),
    (132007, 400, PERMANENT, "template"),
    (132008, 400, PERMANENT, "template"),
    (132012, 400, PERMANENT, "template"),
    (132018, 400, PERMANENT, "template"),
    (132015, 400, OPERATOR, "template"),
    (132016, 400, OPERATOR, "template"),
    (132068, 400, OPERATOR, "template"),
    (132069, 400, THROTTLED, "throttled"),
    (133000, 500, OPERATOR, "account"),
    (133004, 503, RETRYABLE, "server"),
    *((code, 400, OPERATOR, "account") for code in (133005, 133006, 133008, 133009, 133010, 133015, 133016)),
    (134011, 400, OPERATOR, "payment"),
    *((code, 400, PERMANENT, "template") for code in (134100, 134101, 134102)),
    (135000, 400, RETRYABLE, "invalid"),
    (137000, 400, PERMANENT, "invalid"),
    (138000, 400, PERMANENT, "unknown_code"),
    (2494055, 400, PERMANENT, "unknown_code"),
    (999999, 500, RETRYABLE, "unknown_code"),
]


def answer(status: int, error: Any, **headers: str) -> GraphError:
    content = error if isinstance(error, bytes) else json.dumps({"error": error}).encode()
    named = httpx.Headers({name.replace("_", "-"): value for name, value in headers.items()})
    return error_from_response(status, named, content, seconds=0.25, clock=lambda: 1_790_000_000.0)


@pytest.mark.parametrize(("code", "status", "retry", "label"), TABLE, ids=[str(row[0]) for row in TABLE])
def test_the_whole_table(code: int, status: int, retry: Outcome, label: str) -> None:
    """Each code of the reference, as the response to a call."""
    error = answer(status, {"message": f"(#{code}) no", "code": code, "fbtrace_id": "A1"})
    assert (error.code, error.http_status, error.fbtrace_id) == (code, status, "A1")
    assert (error.outcome, error.error_class) == (retry, label)
    assert error.seconds == 0.25
    assert error.response_class == f"{status // 100}xx"


@pytest.mark.parametrize(("code", "retry", "label"), [(row[0], row[2], row[3]) for row in TABLE if row[0] != 999999])
def test_the_same_table_judges_failed_statuses(code: int, retry: Outcome, label: str) -> None:
    """A code means the same in a `failed` status as in a response."""
    error = error_from_status(code, "Re-engagement message")
    assert (error.outcome, error.error_class, error.detail) == (retry, label, "Re-engagement message")


def test_a_failed_status_without_a_code_is_the_messages_alone() -> None:
    """It does not say that the number or its token is at fault. So only this message fails."""
    error = error_from_status(None, "no")
    assert (error.outcome, error.scope, error.error_class, error.code) == (
        PERMANENT,
        Scope.MESSAGE,
        "unknown_code",
        None,
    )


@pytest.mark.parametrize(
    "error",
    [
        {"code": 100, "error_subcode": 33},
        {"code": 100, "error_subcode": "33", "type": "OAuthException"},
        {"code": "100", "type": "GraphMethodException"},
        {"code": 100, "error_subcode": 33, "type": "GraphMethodException", "fbtrace_id": "A"},
    ],
)
def test_a_number_that_graph_does_not_show_is_the_operators(error: dict[str, Any]) -> None:
    """Unsupported post request: the id is wrong, or the token has no access to the number. It is not the message's
    fault."""
    judged = answer(400, {"message": "Unsupported post request. Object with ID '1' does not exist", **error})
    assert (judged.outcome, judged.scope, judged.error_class) == (OPERATOR, Scope.NUMBER, "configuration")
    assert not judged.outage


@pytest.mark.parametrize("subcode", [None, 0, 34, 2494010, "x", [33], True, 10**30])
def test_another_wrong_parameter_is_the_messages(subcode: object) -> None:
    """The same code refuses a text that is too long."""
    judged = answer(
        400, {"message": "(#100) too long", "type": "OAuthException", "code": 100, "error_subcode": subcode}
    )
    assert (judged.outcome, judged.scope, judged.error_class) == (PERMANENT, Scope.MESSAGE, "invalid")


def test_a_refused_token_is_the_operators_by_any_code() -> None:
    """401 means that the token is refused, also with a code that is not in the table."""
    for error in ({"code": 424242}, {"message": "no"}, {}):
        judged = answer(401, error)
        assert (judged.outcome, judged.scope) == (OPERATOR, Scope.NUMBER)


#: The codes of configuration errors that affect a whole business number; no message may fail because of them.
CONFIGURATION = {0, 3, 10, 12, 33, 101, 102, 104, 190, 368, 803, 2500} | set(range(200, 300))
CONFIGURATION |= {131005, 131031, 131037, 131042, 131044, 131045, 131048, 131064, 134011}
CONFIGURATION |= {133000, 133005, 133006, 133008, 133009, 133010, 133015, 133016}


def test_no_fault_of_the_configuration_is_a_messages_fault() -> None:
    """These codes hold the number until an operator has fixed it, and codes of templates hold their message. No
    other code waits for an operator."""
    operators = {code for code in errors.OWNERS if error_from_status(code).outcome is OPERATOR}
    numbers = {code for code in operators if error_from_status(code).scope is Scope.NUMBER}
    assert numbers == CONFIGURATION
    assert operators - numbers == {131063, 132001, 132015, 132016, 132068}


def test_every_code_has_one_owner() -> None:
    """No two classes have the same code."""
    claimed = [code for kind in set(errors.OWNERS.values()) for code in kind.codes]
    assert len(claimed) == len(set(claimed)) == len(errors.OWNERS)


def test_limits_wait_and_block_only_what_they_hold_for() -> None:
    """131056 blocks the customer for 4^X seconds; the number's limits block the number; the others block only the
    message."""
    pair = error_from_status(131056)
    assert [pair.wait_seconds(n) for n in range(4)] == [1, 4, 16, 64]
    assert pair.scope is Scope.CUSTOMER
    throughput = error_from_status(130429)
    assert [throughput.wait_seconds(n) for n in range(3)] == [1, 2, 4]
    for code in (130429, 4, 80007, 131057, 613, 190, 131042):
        assert error_from_status(code).scope is Scope.NUMBER
    for code in (131026, 131047, 100, 131000, 132001):
        assert error_from_status(code).scope is Scope.MESSAGE
    assert error_from_status(131057).wait_seconds() == 90
    assert error_from_status(2).wait_seconds() == 300
    assert error_from_status(131016).wait_seconds() is None


def test_only_metas_own_faults_feed_the_breaker() -> None:
    """An outage is a failure of the transport or of the edge, or Graph's own report of an outage."""
    for code, status in ((2, 503), (131016, 500), (133004, 503), (131000, 500), (1, 400), (999999, 500)):
        assert answer(status, {"code": code, "message": ""}).outage, code
    assert not error_from_status(131000).outage
    for code, status in ((3, 500), (131045, 500), (190, 401), (130429, 400), (999999, 400)):
        assert not answer(status, {"code": code, "message": ""}).outage, code
    assert answer(502, b"<html>").outage
    assert errors.NotSentError().outage
    assert errors.ResponseTimeoutError().outage
    assert errors.UnreadableResponseError().outage
    assert not errors.PoolExhaustedError().outage


def test_our_own_busy_connections_cost_no_message_an_attempt() -> None:
    """The message waits for five seconds."""
    busy = errors.PoolExhaustedError()
    assert (busy.outcome, busy.scope, busy.wait_seconds()) == (THROTTLED, Scope.MESSAGE, 5.0)


def test_some_errors_are_hopeless_after_a_few_attempts() -> None:
    """Meta says: 1 and 131000 at most three times, 135000 once more."""
    assert [error_from_status(code).max_attempts for code in (1, 131000, 135000, 131016)] == [3, 3, 2, None]


@pytest.mark.parametrize(
    ("status", "content", "kind", "retry"),
    [
        (500, b"<html>oops</html>", errors.EdgeFailureError, UNKNOWN),
        (502, b"", errors.EdgeFailureError, UNKNOWN),
        (504, b"\xff\xfe", errors.EdgeFailureError, UNKNOWN),
        (503, b'{"errors":[]}', errors.EdgeFailureError, UNKNOWN),
        (503, b'{"error":"overloaded"}', errors.EdgeFailureError, UNKNOWN),
        (500, b"[" * 100_000, errors.EdgeFailureError, UNKNOWN),
        (429, b"<html>", errors.ThrottledError, THROTTLED),
        (429, b'{"error":{"code":424242,"message":"slow"}}', errors.ThrottledError, THROTTLED),
        (400, b"<html>", errors.EdgeRefusalError, RETRYABLE),
        (403, b"", errors.EdgeRefusalError, RETRYABLE),
        (307, b"", errors.EdgeRefusalError, RETRYABLE),
        (400, b'{"error":{}}', errors.UnknownCodeError, PERMANENT),
        (500, b'{"error":{"message":"?"}}', errors.UnknownCodeError, RETRYABLE),
        (400, b'{"error":{"code":424242,"is_transient":true}}', errors.UnknownCodeError, RETRYABLE),
        (400, b'{"error":{"code":"190"}}', errors.AuthenticationError, OPERATOR),
        (400, b'{"error":{"code":9223372036854775808}}', errors.UnknownCodeError, PERMANENT),
        (400, b'{"error":{"code":1%s}}' % (b"0" * 30), errors.UnknownCodeError, PERMANENT),
        (400, b'{"error":{"code":true}}', errors.UnknownCodeError, PERMANENT),
        (400, b'{"error":{"code":1.5}}', errors.UnknownCodeError, PERMANENT),
        (200, b'{"error":{"code":190}}', errors.AuthenticationError, OPERATOR),
        (200, b'{"error":{"code":424242}}', errors.UnreadableResponseError, UNKNOWN),
        (200, b'{"success":true}', errors.UnreadableResponseError, UNKNOWN),
        (200, b"", errors.UnreadableResponseError, UNKNOWN),
    ],
)
def test_responses_of_an_unexpected_form(status: int, content: bytes, kind: type[GraphError], retry: Outcome) -> None:
    """HTML, empty bodies, bytes, misleading JSON: each has a type, and `unknown` if the message may have been sent."""
    error = answer(status, content)
    assert type(error) is kind
    assert error.outcome is retry


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        ({"messaging_product": "whatsapp", "details": "Too many."}, "(#4) no: Too many."),
        ("Too many.", "(#4) no: Too many."),
        ({"details": "(#4) no"}, "(#4) no"),
        ({"details": 7}, "(#4) no"),
        (None, "(#4) no"),
        ([1], "(#4) no"),
    ],
)
def test_error_data_may_be_an_object_a_string_or_absent(data: Any, detail: str) -> None:
    """The details follow the error's message, unless they repeat it."""
    assert answer(400, {"message": "(#4) no", "code": 4, "error_data": data}).detail == detail


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        ("0", None),
        ("1.5", 1.5),
        ("-5", None),
        ("1e308", 86400.0),
        (formatdate(1_790_000_060, usegmt=True), 60.0),
        (formatdate(1_780_000_000, usegmt=True), None),
        ("soon", None),
        ("", None),
        ("inf", None),
        ("nan", None),
        ("Thu, 99 Foo 2026 00:00:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str, seconds: float | None) -> None:
    """It is respected for any error. Nonsense and a wait below a second are ignored."""
    error = answer(503, b"<html>", Retry_After=header)
    assert error.retry_after == seconds
    assert error.wait_seconds() == seconds


def test_the_longer_of_two_waits_counts() -> None:
    """Meta's Retry-After or the wait of the code. A given wait replaces the estimate for limits over rolling hours."""
    assert answer(503, {"code": 2, "message": ""}, Retry_After="10").wait_seconds() == 300
    assert answer(503, {"code": 2, "message": ""}, Retry_After="900").wait_seconds() == 900
    assert answer(400, {"code": 80007, "message": ""}).wait_seconds() == 900
    assert answer(400, {"code": 80007, "message": ""}, Retry_After="30").wait_seconds() == 30


@pytest.mark.parametrize(
    ("usage", "seconds"),
    [
        ('{"1":[{"type":"messages","estimated_time_to_regain_access":7}]}', 420.0),
        ('{"1":[{"estimated_time_to_regain_access":0},{}],"2":[]}', None),
        ('{"1":[{"estimated_time_to_regain_access":1e308}]}', 86400.0),
        ('{"1":{}}', None),
        ("{", None),
        ("{}", None),
    ],
)
def test_the_usage_header_names_a_wait_in_minutes(usage: str, seconds: float | None) -> None:
    """X-Business-Use-Case-Usage is used if there is no Retry-After. No wait is longer than a day."""
    assert answer(400, {"code": 80007}, X_Business_Use_Case_Usage=usage).retry_after == seconds


def test_the_detail_is_fit_for_a_log() -> None:
    """One line of limited length without tokens, phone numbers, wamids and user ids; codes stay readable."""
    text = (
        "(#131056) Malformed token EAAGabcdefghijklmnopqrstuvwxyz0123 for +1 (555) 010-0001\nand 15550100001, "
        "wamid.HBgLMTU1NTAxMDAwMDEVAgARGBI= of US.13491208655302741918" + " bla" * 200
    )
    detail = answer(400, {"message": text, "code": 131056}).detail
    assert detail.startswith("(#131056) Malformed token [...] for [...] and [...], [...] of [...] bla bla")
    assert len(detail) == 300
    assert str(answer(400, {"message": "no", "code": 190})) == "auth 190 (HTTP 400): no"
    assert answer(400, {"message": "no\x00 \u202ebla\x1b[2J", "code": 190}).detail == "no bla [2J"


@given(st.integers(200, 599), st.binary(max_size=60) | st.text(max_size=30).map(str.encode), st.text(max_size=20))
def test_no_response_makes_it_raise(status: int, content: bytes, header: str) -> None:
    """Any status, body and Retry-After becomes a GraphError."""
    headers = {"retry-after": header, "x-business-use-case-usage": header}
    assert isinstance(error_from_response(status, headers, content), GraphError)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), st.lists, max_leaves=4))
def test_no_error_object_makes_it_raise(value: Any) -> None:
    """Any JSON in any field of the error object."""
    for field in ("code", "message", "error_data", "fbtrace_id", "is_transient"):
        assert isinstance(answer(400, {"code": 190, field: value}), GraphError)
        assert isinstance(answer(400, {field: value, "error_data": {"details": value}}), GraphError)
