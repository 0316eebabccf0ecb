"""Meta's error table as a tree of types; each class has its codes and knows how to handle them.

    GraphError
    ├── NotSentError                connect, TLS, pool, write: nothing can have reached Meta
    ├── PoolExhaustedError          all of our own connections are busy: nothing was sent
    ├── OutcomeUnknownError         the request was sent and no clear result came back
    │   ├── NoResponseError         read time-out, reset, closed
    │   ├── EdgeFailureError        5xx without Graph's error object
    │   └── UnreadableResponseError 2xx without a message id
    ├── EdgeRefusalError            4xx or 3xx without Graph's error object
    ├── ServerError                 Graph itself reports a fault of Meta's: nothing was sent
    ├── ThrottledError              a limit of the number or the app
    ├── PairLimitError              too many messages to this customer
    ├── OperatorError               a person has to fix something
    │   ├── AuthenticationError
    │   ├── MissingPermissionError
    │   ├── AccountError
    │   ├── ConfigurationError
    │   └── PaymentError
    ├── RejectedError               Meta will never accept it as it is
    │   ├── InvalidRequestError
    │   ├── WindowClosedError
    │   ├── UndeliverableError
    │   └── TemplateError
    └── UnknownCodeError            a code that is in no table

Branch on `outcome`, `scope` and `outage`, not on classes. The same table classifies the codes in `failed` statuses.
This module does not import httpx, because the queue uses these types without a client.
"""

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from recado.outcome import Outcome, Scope

#: Meta's code if the customer has stopped messages that a shop sends on its own initiative.
STOPPED: Final = 131050


class GraphError(Exception):
    """A call to the Graph API that did not succeed.

    detail: Meta's text, bounded, without numbers, ids or tokens. retry_after: the wait that Meta asked for, in seconds.
    seconds: the duration of the call, if there was one. max_attempts: after this many attempts recado gives up.
    """

    codes: ClassVar[frozenset[int]] = frozenset()
    outcome: Outcome = Outcome.PERMANENT
    scope: Scope = Scope.MESSAGE
    #: The fault is Meta's or the network's: it counts for the breaker, not for the message.
    outage: bool = False
    #: A bounded label for metrics.
    error_class: str = "unknown_code"
    max_attempts: int | None = None
    #: The form may be the cause: Meta may accept plain text instead of buttons or a list.
    form_refused: bool = False

    def __init__(
        self,
        detail: str = "",
        *,
        code: int | None = None,
        http_status: int | None = None,
        fbtrace_id: str | None = None,
        retry_after: float | None = None,
        seconds: float | None = None,
    ) -> None:
        self.detail = harmless(detail)
        self.code = code
        self.http_status = http_status
        self.fbtrace_id = fbtrace_id
        self.retry_after = retry_after
        self.seconds = seconds
        super().__init__(self.detail)

    def __str__(self) -> str:
        number = f" {self.code}" if self.code is not None else ""
        status = f" (HTTP {self.http_status})" if self.http_status is not None else ""
        return f"{self.error_class}{number}{status}: {self.detail}"

    @property
    def response_class(self) -> str:
        """`2xx` to `5xx` for a response, else `timeout` or `transport`: a label for durations."""
        if self.http_status is not None:
            return f"{self.http_status // 100}xx"
        return "timeout" if self.error_class == "timeout" else "transport"

    def wait_seconds(self, failures: int = 0) -> float | None:
        """The minimum wait before the next attempt; None if Meta does not require one.

        `failures`: how many attempts failed in the same way before this one; the wait grows with it.
        """
        waits = [wait for wait in (self.retry_after, self._own_wait(failures)) if wait is not None]
        return max(waits, default=None)

    def _own_wait(self, failures: int) -> float | None:
        return None


class NotSentError(GraphError):
    """There was no connection, or the request was not written completely: it is safe to try again."""

    outcome, outage, error_class = Outcome.RETRYABLE, True, "transport"


class ConnectTimeoutError(NotSentError):
    """No connection in time."""

    error_class = "timeout"


class PoolExhaustedError(GraphError):
    """All of recado's own connections stayed busy: neither Meta nor the message is the cause."""

    outcome, error_class = Outcome.THROTTLED, "pool"
    WAIT = 5.0

    def _own_wait(self, failures: int) -> float | None:
        return self.WAIT


class OutcomeUnknownError(GraphError):
    """The request was sent, but it is unknown whether Meta accepted the message. Never blindly send it again."""

    outcome, outage = Outcome.UNKNOWN, True


class NoResponseError(OutcomeUnknownError):
    """The connection was reset or closed after the request was written."""

    error_class = "transport"


class ResponseTimeoutError(NoResponseError):
    """The response was not complete in time."""

    error_class = "timeout"


class EdgeFailureError(OutcomeUnknownError):
    """A 5xx that Graph itself did not write, such as a gateway's HTML."""

    error_class = "server"


class UnreadableResponseError(OutcomeUnknownError):
    """A 2xx without a message id: most likely the message was sent, unless the response is another server's page."""

    error_class = "unreadable"


class EdgeRefusalError(GraphError):
    """A refusal that Graph itself did not write, such as a proxy's HTML or a redirect; nothing was sent."""

    outcome, outage, error_class = Outcome.RETRYABLE, True, "edge"


class ServerError(GraphError):
    """Meta's own failure; nothing was sent."""

    codes = frozenset({1, 2, 131000, 131016, 133004})
    outcome, outage, error_class = Outcome.RETRYABLE, True, "server"
    #: Meta asks for five minutes while the API is being upgraded.
    WAITS: ClassVar[Mapping[int | None, float]] = {2: 300.0}

    def __init__(self, detail: str = "", **about: Any) -> None:
        super().__init__(detail, **about)
        if self.code in self.WAITS:
            self.outcome = Outcome.THROTTLED
        # These two may be the message's fault or Meta's: the queue finds out. A status reports an attempt that Graph
        # had accepted, so it does not indicate an outage.
        if self.code in (1, 131000):
            self.max_attempts = 3
            self.outage = self.http_status is not None

    def _own_wait(self, failures: int) -> float | None:
        return self.WAITS.get(self.code)


class ThrottledError(GraphError):
    """A limit of the business number or of the app: all sends of this number must slow down."""

    codes = frozenset({4, 17, 32, 341, 613, 80007, 130429, 131057, 132069})
    outcome, scope, error_class = Outcome.THROTTLED, Scope.NUMBER, "throttled"
    #: Limits per hour recover slowly; 131057 is an upgrade that takes a minute; 132069 allows ten an hour.
    WAITS: ClassVar[Mapping[int | None, float]] = {
        4: 900.0,
        341: 900.0,
        80007: 900.0,
        17: 300.0,
        32: 300.0,
        613: 300.0,
        131057: 90.0,
        132069: 3600.0,
    }
    DEFAULT_WAIT = 60.0

    def __init__(self, detail: str = "", **about: Any) -> None:
        super().__init__(detail, **about)
        if self.code == 130429:  # messages a second
            self.outcome = Outcome.RETRYABLE

    def _own_wait(self, failures: int) -> float | None:
        if self.code in (130429, None):  # messages a second, or a 429 that Graph did not write
            return float(2 ** min(failures, 8))
        return None if self.retry_after is not None else self.WAITS.get(self.code, self.DEFAULT_WAIT)


class PairLimitError(GraphError):
    """More than one message in six seconds to one customer; only that customer has to wait."""

    codes = frozenset({131056})
    outcome, scope, error_class = Outcome.THROTTLED, Scope.CUSTOMER, "pair_limit"

    def _own_wait(self, failures: int) -> float | None:
        return float(4 ** min(failures, 6))


class OperatorError(GraphError):
    """No send of this number works until a person has fixed the cause."""

    outcome, scope = Outcome.OPERATOR, Scope.NUMBER


class AuthenticationError(OperatorError):
    """The access token is invalid or has expired."""

    codes = frozenset({0, 101, 102, 104, 190})
    error_class = "auth"


class MissingPermissionError(OperatorError):
    """The token may not do this."""

    codes = frozenset({3, 10, 131005, *range(200, 300)})
    error_class = "permission"


class AccountError(OperatorError):
    """The account or the number is restricted, locked, not registered or not approved."""

    codes = frozenset(
        {33, 368, 131031, 131037, 131045, 131048, 131064}
        | {133000, 133005, 133006, 133008, 133009, 133010, 133015, 133016}
    )
    error_class = "account"


class ConfigurationError(OperatorError):
    """Graph does not know this business number, or not at this path or version, or not for this token."""

    codes = frozenset({12, 803, 2500})
    error_class = "configuration"


class PaymentError(OperatorError):
    """No payment method, credit line, currency or time zone, or terms not accepted."""

    codes = frozenset({131042, 131044, 134011})
    error_class = "payment"


class RejectedError(GraphError):
    """Meta will never accept this message as it is."""


class InvalidRequestError(RejectedError):
    """A parameter is missing or wrong."""

    codes = frozenset(
        {100, 131008, 131009, 131020, 131021, 131041, 131051, 131052, 131053, 131055, 131059, 135000, 137000}
        | set(range(131200, 131300))
    )
    error_class = "invalid"
    #: Meta's codes for refused buttons and lists: a missing or wrong parameter, an unknown type of message.
    OF_FORM: ClassVar[frozenset[int | None]] = frozenset({100, 131008, 131009, 131051})

    def __init__(self, detail: str = "", **about: Any) -> None:
        super().__init__(detail, **about)
        self.form_refused = self.code in self.OF_FORM
        if self.code == 135000:  # Meta does not know the cause either: one more attempt
            self.outcome, self.max_attempts = Outcome.RETRYABLE, 2


class WindowClosedError(RejectedError):
    """More than 24 hours since the customer's last message: only a template may be sent."""

    codes = frozenset({131047})
    error_class = "window_closed"


class UndeliverableError(RejectedError):
    """This customer cannot be reached."""

    codes = frozenset({130403, 130472, 130497, 131026, 131030, 131049, STOPPED, 131062})
    error_class = "undeliverable"


class TemplateError(RejectedError):
    """A template, Flow or marketing message cannot be used like this."""

    codes = frozenset(
        {131061, 132000, 132005, 132007, 132008, 132012, 132018, 134100, 134101, 134102}
        | {131063, 132001, 132015, 132016, 132068}
    )
    error_class = "template"
    #: Missing, paused, disabled or switched off: a person can fix it.
    OPERATORS: ClassVar[frozenset[int | None]] = frozenset({131063, 132001, 132015, 132016, 132068})

    def __init__(self, detail: str = "", **about: Any) -> None:
        super().__init__(detail, **about)
        if self.code in self.OPERATORS:
            self.outcome = Outcome.OPERATOR


class UnknownCodeError(GraphError):
    """A code that is in no table: with a 5xx recado tries again, with a 401 the token is wrong; everything else is
    permanent."""

    def __init__(self, detail: str = "", *, transient: bool = False, **about: Any) -> None:
        super().__init__(detail, **about)
        server_fault = (self.http_status or 0) >= 500
        if server_fault or transient:
            self.outcome, self.outage = Outcome.RETRYABLE, server_fault
        elif self.http_status == 401:
            self.outcome, self.scope = Outcome.OPERATOR, Scope.NUMBER


#: The class of each code.
OWNERS: Mapping[int, type[GraphError]] = {
    code: kind
    for kind in (
        ServerError,
        ThrottledError,
        PairLimitError,
        AuthenticationError,
        MissingPermissionError,
        AccountError,
        ConfigurationError,
        PaymentError,
        InvalidRequestError,
        WindowClosedError,
        UndeliverableError,
        TemplateError,
    )
    for code in kind.codes
}


#: Codes with one subcode of another class. 100/33: the object in the path is the business number.
_SUBCODE_OWNERS: Mapping[tuple[int, int], type[GraphError]] = {(100, 33): ConfigurationError}


def owner_of(code: int | None, subcode: int | None = None) -> type[GraphError] | None:
    """The class of a code; None for unknown codes."""
    if code is None:
        return None
    return _SUBCODE_OWNERS.get((code, subcode or 0)) or OWNERS.get(code)


def code_in(raw: object) -> int | None:
    """Meta's code as a number that every store can hold; None for anything else."""
    if isinstance(raw, str) and raw.isascii() and raw.isdigit() and len(raw) < 10:
        return int(raw)
    return raw if isinstance(raw, int) and not isinstance(raw, bool) and abs(raw) < 2**31 else None


def error_from_status(code: int | None, detail: str = "") -> GraphError:
    """The error that a `failed` status reports; without a code it concerns only the message."""
    return (owner_of(code) or UnknownCodeError)(detail, code=code)


_PERSONAL = re.compile(
    r"wamid\.\S+"
    r"|\b[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{6,}"  # BSUIDs
    r"|[A-Za-z0-9_\-|=]{24,}"  # tokens
    r"|\+?[0-9][0-9 ()\-]{6,}[0-9]"  # phone numbers; no code of Meta's has eight digits
)
_MAX_DETAIL = 300


def harmless(text: str) -> str:
    """Meta's text in a form for logs: one line, limited, without anything that looks like personal data or a secret."""
    return _PERSONAL.sub("[...]", one_line(text[: _MAX_DETAIL * 4]))[:_MAX_DETAIL]


def one_line(text: str) -> str:
    """A foreign text as one line without unprintable characters; PostgreSQL, for example, refuses NUL."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
