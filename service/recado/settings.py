"""Every setting, in one class; the only reader of the environment.

`WHATSAPP_*` are the client's names for what Meta gives out; everything else is `RECADO_*`. A field's description is
its documentation: `docs/settings.md` and `.env.example` are generated from it. Built on msgspec, since importing
pydantic-settings alone (186 ms) would cost the drain more than half of its start-up budget.
"""

import logging
import os
import re
import stat
import types
from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from recado.addresses import check_address, check_private, check_proxies, is_loopback, without_credentials
from recado.errors import Expected

log = logging.getLogger(__name__)

DEFAULT_API_VERSION = "v26.0"
DEFAULT_HOST = "127.0.0.1"
#: When Meta stopped, or will stop, serving a version as itself (Unix seconds); later versions have no end yet.
API_VERSION_ENDS = {
    "v18.0": 1769385600.0,  # 2026-01-26
    "v19.0": 1779321600.0,  # 2026-05-21
    "v20.0": 1790208000.0,  # 2026-09-24
    "v21.0": 1800489600.0,  # 2027-01-21
    "v22.0": 1810771200.0,  # 2027-05-20
    "v23.0": 1822953600.0,  # 2027-10-08
    "v24.0": 1834444800.0,  # 2028-02-18
    "v25.0": 1848441600.0,  # 2028-07-29
}


class UnknownPolicy(StrEnum):
    """What becomes of an attempt whose outcome nobody told us within the grace period."""

    RETRY = "retry"
    FAIL = "fail"


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class SettingsError(Expected):
    """The environment does not make valid settings; `problems` names every variable at once."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems

    def lines(self) -> Sequence[str]:
        return self.problems


#: Thirty years in seconds. Larger numbers are slips of the keyboard, and sums of them with a time lose their fractions.
MOST = 1_000_000_000
Positive = Meta(gt=0, le=MOST)
NotNegative = Meta(ge=0, le=MOST)
#: The least rate that is one: a message in a thousand seconds.
MIN_PER_SECOND = 0.001
PORT = Meta(ge=1, le=65535)
#: Meta's app secrets are 32 hexadecimal digits. A token of 16 characters cannot be guessed at the rate that is allowed.
SECRET_LENGTHS = {
    "whatsapp_app_secret": 32,
    "whatsapp_app_secret_previous": 32,
    "whatsapp_verify_token": 16,
    "whatsapp_access_token": 16,
    "admin_token": 16,
}
#: Meta's ids begin at 10^14; telephone numbers and numbers written like 1.06e+14 are none.
NUMBER_ID = re.compile("[1-9][0-9]{14,19}")


def about(text: str) -> Meta:
    return Meta(description=text)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of every command; which of the WhatsApp ones must be present depends on the command."""

    whatsapp_verify_token: Annotated[
        str,
        about(
            "Secret. The verify token typed into Meta's dashboard, at least 16 characters; comes with the handshake."
        ),
    ] = ""
    whatsapp_app_secret: Annotated[
        str, about("Secret. The app secret (App settings > Basic), 32 characters; signs every webhook.")
    ] = ""
    whatsapp_app_secret_previous: Annotated[
        str, about("Secret. A second app secret that is accepted too, while the first is being rotated.")
    ] = ""
    whatsapp_access_token: Annotated[str, about("Secret. A system user's access token; sends the replies.")] = ""
    whatsapp_phone_number_id: Annotated[
        tuple[str, ...],
        about("Meta's ids of the business numbers that are answered, separated by commas; others are ignored."),
    ] = ()
    whatsapp_api_version: Annotated[str, about("The Graph API's version."), Meta(pattern=r"^v[0-9]+\.[0-9]+$")] = (
        DEFAULT_API_VERSION
    )
    whatsapp_api_url: Annotated[
        str,
        about("The Graph API's address, without a version; `http` only for this machine and names inside a cluster."),
        Meta(pattern=r"^https?://[^/?#]+/?$"),
    ] = "https://graph.facebook.com"

    admin_token: Annotated[
        str,
        about(
            "Secret. Bearer token of the admin endpoints, at least 16 characters; while it is empty they refuse all."
        ),
    ] = ""
    database: Annotated[Path, about("The queue's SQLite file; never on a network file system.")] = Path(
        "data/recado.db"
    )
    catalogue: Annotated[Path | None, about("The catalogue, a CSV file; without one a sample catalogue is served.")] = (
        None
    )
    host: Annotated[str, about("The address that the web and metrics ports listen on.")] = DEFAULT_HOST
    port: Annotated[int, about("The web port."), PORT] = 8000
    metrics_port: Annotated[int, about("The metrics port."), PORT] = 9464
    forwarded_allow_ips: Annotated[
        str,
        about(
            "The proxies whose X-Forwarded-For is believed: addresses or networks, separated by commas. `*` believes"
            " anybody, and then clients can claim to be whoever they like."
        ),
    ] = "127.0.0.1"
    events_deployment: Annotated[
        str,
        about("In Kubernetes: the Deployment that gets an Event when replies are given up; the chart sets it."),
    ] = ""
    log_level: Annotated[LogLevel, about("debug, info, warning or error.")] = LogLevel.INFO

    ack_budget_seconds: Annotated[
        float, about("How long a webhook's answer waits for its replies to be sent."), NotNegative
    ] = 0.2
    mark_as_read: Annotated[
        bool,
        about("Mark messages as read and show `typing`, at the price of one more Graph call per message."),
    ] = False
    max_body_bytes: Annotated[int, about("The largest webhook that is read; Meta sends up to 3 MB."), Positive] = (
        3 * 1024 * 1024
    )
    keep_alive_seconds: Annotated[
        int,
        about(
            "How long an idle connection is kept; must exceed what the proxy in front keeps, or some orders get a 502."
        ),
        Positive,
    ] = 3900
    max_concurrent_webhooks: Annotated[
        int, about("Webhooks handled at once; more are told to come back (503)."), Positive
    ] = 1000
    max_concurrent_sends: Annotated[
        int, about("Replies sent at once by the web pod; more wait in the queue for the drain."), Positive
    ] = 512
    customer_messages_per_minute: Annotated[
        int, about("Messages a minute that one customer gets answered; 0 for no limit."), NotNegative
    ] = 20
    bad_signatures_per_minute: Annotated[
        int,
        about(
            "Wrong signatures a minute from one address before it gets 429; guesses of each token have that limit too."
        ),
        Positive,
    ] = 10

    messages_per_second: Annotated[
        float, about("Messages a second that one business number sends; 0 for no limit."), NotNegative
    ] = 80
    customer_interval_seconds: Annotated[
        float, about("Least time between two messages to one customer; 0 for none."), NotNegative
    ] = 6
    backoff_seconds: Annotated[
        tuple[Annotated[float, Positive], ...],
        about("Waits after failed attempts, separated by commas; there is one attempt more than waits."),
    ] = (120, 240, 480, 960)
    backoff_jitter: Annotated[float, about("The share by which each wait is varied at random."), Meta(ge=0, le=1)] = 0.1
    retry_after_max_seconds: Annotated[
        float, about("The longest wait that a `Retry-After` or an error of Meta's can ask for."), Positive
    ] = 3600
    lease_seconds: Annotated[
        float, about("How long an attempt may take before another process looks after it."), Positive
    ] = 60
    unknown_grace_seconds: Annotated[
        float, about("How long an attempt of unknown outcome waits for Meta's status to settle it."), Positive
    ] = 180
    unknown_policy: Annotated[
        UnknownPolicy,
        about("After that: `retry` once, quoting the customer's message, or `fail` and leave it to an operator."),
    ] = UnknownPolicy.RETRY
    reply_window_seconds: Annotated[
        float, about("How long after the customer's message a reply may be sent (Meta's window)."), Positive
    ] = 86400
    reply_window_margin_seconds: Annotated[
        float, about("How long before the window's end replies stop being sent."), NotNegative
    ] = 300
    breaker_failures: Annotated[
        int, about("Failures of Meta's, one after the other, that open the breaker."), Positive
    ] = 5
    breaker_probe_seconds: Annotated[float, about("Time between two probes while the breaker is open."), Positive] = 30
    connect_timeout_seconds: Annotated[float, about("Time-out of connecting to Meta."), Positive] = 5
    read_timeout_seconds: Annotated[float, about("Time-out of Meta's answer."), Positive] = 15

    drain_seconds: Annotated[float, about("The time budget of one drain."), Positive] = 50
    drain_concurrency: Annotated[int, about("Replies that a drain sends at once."), Positive] = 128
    drain_batch: Annotated[int, about("Messages that a drain claims at once, at most."), Positive] = 200
    dedupe_seconds: Annotated[
        float, about("How long a message's id is remembered; Meta redelivers for up to 7 days."), Positive
    ] = 691200
    delivered_retention_seconds: Annotated[
        float, about("How long a sent reply is kept for a late `failed` status."), Positive
    ] = 3600
    failed_retention_seconds: Annotated[float, about("How long failed and discarded replies are kept."), Positive] = (
        2592000
    )

    max_quantity: Annotated[int, about("The largest quantity that is quoted."), Positive] = 100_000
    confidence_threshold: Annotated[
        float,
        about("Quote lines below this confidence are marked for the customer to check."),
        Meta(ge=0, le=1),
    ] = 0.7

    @property
    def app_secrets(self) -> tuple[str, ...]:
        """The app secrets that are valid now, newest first."""
        return tuple(s for s in (self.whatsapp_app_secret, self.whatsapp_app_secret_previous) if s)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret that is set, for those who must blank them."""
        return tuple(value for s in all_settings() if s.secret and (value := getattr(self, s.field)))

    @property
    def send_seconds(self) -> float:
        """The longest that one send can take."""
        return self.connect_timeout_seconds + self.read_timeout_seconds

    def public(self) -> dict[str, object]:
        """The effective settings, with each secret reduced to whether it is there."""
        return {
            setting.variable: bool(value) if setting.secret else value
            for setting in all_settings()
            for value in [msgspec.to_builtins(getattr(self, setting.field), builtin_types=(), enc_hook=str)]
        }

    def __repr__(self) -> str:
        return f"Settings({self.public()})"


class Setting(msgspec.Struct, frozen=True):
    """One setting as the documentation and the environment see it."""

    field: str
    variable: str
    description: str
    type: Any
    default: Any

    @property
    def secret(self) -> bool:
        return self.description.startswith("Secret.")


def all_settings() -> list[Setting]:
    """The settings in the order of their definition."""
    hints = get_type_hints(Settings, include_extras=True)
    return [
        Setting(
            field=field.name,
            variable=variable_of(field.name),
            description=next(m.description for m in get_args(hints[field.name])[1:] if m.description),
            type=hints[field.name],
            default=field.default,
        )
        for field in msgspec.structs.fields(Settings)
    ]


def variable_of(field: str) -> str:
    """The environment variable of a field."""
    name = field.upper()
    return name if name.startswith("WHATSAPP_") else f"RECADO_{name}"


#: What each command cannot work without.
SERVE_NEEDS = (
    "whatsapp_verify_token",
    "whatsapp_app_secret",
    "whatsapp_access_token",
    "whatsapp_phone_number_id",
)
DRAIN_NEEDS = ("whatsapp_access_token",)


def read_environment() -> dict[str, str]:
    """The process's environment over the file `.env` of the working directory, if there is one to be trusted.

    Raises SettingsError when that file cannot be read.
    """
    path = Path(".env")
    if not path.is_file():
        return dict(os.environ)
    found = path.stat()
    owners = {found.st_uid, path.lstat().st_uid}
    if not owners <= {0, os.geteuid()} or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        # Whoever can write it would decide where the access token goes; so would a link to a file of ours that holds
        # what somebody else wrote, such as a mailbox.
        log.warning("%s is ignored: it is another user's, or others may write it", path.absolute())
        return dict(os.environ)
    from dotenv import dotenv_values

    try:
        file = dotenv_values(path)
    except UnicodeDecodeError as error:
        raise SettingsError([".env: is not UTF-8"]) from error
    except OSError as error:
        raise SettingsError([f".env: cannot be read: {error.strerror}"]) from error
    return {**{k: v for k, v in file.items() if v is not None}, **os.environ}


def load(environment: Mapping[str, str], *, needs: Collection[str] = ()) -> Settings:
    """Settings from an environment; an empty variable counts as absent.

    Raises SettingsError, naming every bad, missing or unknown `RECADO_*` variable at once.
    """
    problems, values = [], {}
    settings = all_settings()
    for setting in settings:
        raw = environment.get(setting.variable, "").strip()
        if raw:
            try:
                values[setting.field] = _value(setting, raw)
            except ValueError as error:
                shown = "" if setting.secret else f" {without_credentials(raw)!r}"
                problems.append(f"{setting.variable}{shown}: {error}")
                continue
        if setting.field in needs and not values.get(setting.field):
            problems.append(f"{setting.variable}: is required and not set")
    problems += _short_secrets(values)
    known = {setting.variable for setting in settings}
    problems += [f"{name}: no such setting" for name in environment if name.startswith("RECADO_") and name not in known]
    if not problems:
        problems = _contradictions(result := Settings(**values))
    if problems:
        raise SettingsError(problems)
    return result


def _value(setting: Setting, raw: str) -> Any:
    """What a variable says. Raises ValueError for what cannot be meant."""
    if setting.secret and not re.fullmatch("[!-~]+", raw):
        raise ValueError("must be printable ASCII without spaces")  # it goes into a header, or came from Meta
    if not raw.isprintable():
        raise ValueError("must be printable text")
    value = _convert(raw, setting.type)
    if setting.field == "whatsapp_api_url":
        check_address(value)
        check_private(value)
    if setting.field == "forwarded_allow_ips":
        check_proxies(value)
    if setting.field == "whatsapp_phone_number_id" and not all(map(NUMBER_ID.fullmatch, value)):
        raise ValueError(
            "an id is 15 to 20 digits (Meta's dashboard, API Setup > Phone number ID), no telephone number"
        )
    if setting.field == "messages_per_second" and 0 < value < MIN_PER_SECOND:
        raise ValueError(f"must be 0 or at least {MIN_PER_SECOND}")
    return value


def _convert(raw: str, kind: Any) -> Any:
    base = get_args(kind)[0]
    if get_origin(base) is tuple:
        parts = [part.strip() for part in raw.split(",") if part.strip()]
        return msgspec.convert(parts, kind, strict=False)
    if base is Path or isinstance(base, types.UnionType):
        return Path(raw)
    return msgspec.convert(raw, kind, strict=False)


def _short_secrets(values: Mapping[str, Any]) -> list[str]:
    """Secrets that could be guessed: no harm where Meta is simulated on this machine and only this machine connects."""
    if is_loopback(values.get("whatsapp_api_url", "")) and is_loopback(f"//{values.get('host', DEFAULT_HOST)}"):
        return []
    return [
        f"{variable_of(field)}: must have at least {length} characters"
        for field, length in SECRET_LENGTHS.items()
        if 0 < len(values.get(field, "")) < length
    ]


def _contradictions(settings: Settings) -> list[str]:
    """What is wrong between settings that are right one by one."""
    problems = []
    if settings.lease_seconds <= settings.send_seconds + 5:
        problems.append(
            "RECADO_LEASE_SECONDS: must exceed RECADO_CONNECT_TIMEOUT_SECONDS + RECADO_READ_TIMEOUT_SECONDS"
            " by more than 5, or an attempt that is still under way would be rescued"
        )
    if settings.reply_window_margin_seconds >= settings.reply_window_seconds:
        problems.append("RECADO_REPLY_WINDOW_MARGIN_SECONDS: must be less than RECADO_REPLY_WINDOW_SECONDS")
    if settings.port == settings.metrics_port:
        problems.append("RECADO_METRICS_PORT: must differ from RECADO_PORT")
    if not settings.database.name:
        problems.append("RECADO_DATABASE: is a folder; the queue is a SQLite file, so name one in it")
    elif len(scheme := settings.database.parts[0]) > 1 and scheme.endswith(":"):
        # The rest of an address may hold a password. Taken for a path it would make a queue that no other pod sees.
        problems.append(f"RECADO_DATABASE: is a {scheme}// address; the queue is a SQLite file, so give a path")
    return problems
