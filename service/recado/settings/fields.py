"""All settings, in one class.

Values that Meta issues are named `WHATSAPP_*`, all others `RECADO_*`, but for `DATABASE_URL`, the name under which
platforms and operators hand out a database. `docs/settings.md` and `.env.example` are generated from the fields'
descriptions. The class is msgspec's, because importing pydantic-settings takes 186 ms, more than half of the drain's
start-up budget.
"""

from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

import msgspec
from msgspec import Meta

from recado.settings.values import MAX_NUMBER, PORT, AfterWindow, LogLevel, NotNegative, Positive, UnknownPolicy, about
from recado.urls import passwords_of

DEFAULT_API_VERSION = "v26.0"
DEFAULT_HOST = "127.0.0.1"
#: When a version expires (Unix seconds); Meta has announced no date for later versions.
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


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of all commands. Each command requires some of the WhatsApp settings."""

    whatsapp_verify_token: Annotated[
        str,
        about("Secret. The verify token from Meta's dashboard, at least 16 characters; the handshake contains it."),
    ] = ""
    whatsapp_app_secret: Annotated[
        str, about("Secret. The app secret (App settings > Basic), 32 characters; Meta signs every webhook with it.")
    ] = ""
    whatsapp_app_secret_previous: Annotated[
        str, about("Secret. The previous app secret, still accepted during a rotation.")
    ] = ""
    whatsapp_access_token: Annotated[str, about("Secret. A system user's access token; sends the replies.")] = ""
    whatsapp_phone_number_id: Annotated[
        tuple[str, ...],
        about("Meta's ids of the business numbers that recado serves, separated by commas; it ignores others."),
    ] = ()
    whatsapp_business_account_id: Annotated[
        str,
        about("Meta's id of the WhatsApp Business Account, whose templates recado checks before it sends one."),
        Meta(pattern=r"^([1-9][0-9]{14,19})?$"),
    ] = ""
    whatsapp_api_version: Annotated[str, about("The Graph API's version."), Meta(pattern=r"^v[0-9]+\.[0-9]+$")] = (
        DEFAULT_API_VERSION
    )
    whatsapp_api_url: Annotated[
        str,
        about("The Graph API's URL, without a version; `http` only for this machine and names inside a cluster."),
        Meta(pattern=r"^https?://[^/?#]+/?$"),
    ] = "https://graph.facebook.com"

    whatsapp_media_hosts: Annotated[
        tuple[str, ...],
        about(
            "The hosts from which recado fetches customers' files, besides the Graph API's own; `*.` means all"
            " subdomains. recado sends them the access token."
        ),
    ] = ("lookaside.fbsbx.com", "*.fbcdn.net", "*.whatsapp.net")

    admin_token: Annotated[
        str,
        about(
            "Secret. Bearer token of the admin endpoints, at least 16 characters; if empty, they refuse all requests."
        ),
    ] = ""
    database: Annotated[Path, about("The queue's SQLite file. A network file system corrupts it.")] = Path(
        "data/recado.db"
    )
    database_url: Annotated[
        str,
        about(
            "Secret. `postgresql://user:password@host/name`: keeps the queue in this PostgreSQL database instead of a"
            " file; `?sslmode=verify-full` and libpq's other parameters may follow. Run `recado migrate` first."
        ),
    ] = ""
    catalogue: Annotated[Path | None, about("The catalogue, a CSV file; by default a sample.")] = None
    language: Annotated[
        Path | None, about("A folder of tables that add words for reading orders; by default none.")
    ] = None
    host: Annotated[str, about("The address that the web and metrics ports listen on.")] = DEFAULT_HOST
    port: Annotated[int, about("The web port."), PORT] = 8000
    metrics_port: Annotated[int, about("The metrics port."), PORT] = 9464
    forwarded_allow_ips: Annotated[
        str,
        about(
            "Proxies whose X-Forwarded-For header is trusted: addresses or networks, separated by commas. `*` trusts"
            " every client, which can then forge its address."
        ),
    ] = "127.0.0.1"
    events_deployment: Annotated[
        str,
        about("In Kubernetes: the Deployment that gets an Event when replies are given up. The chart sets it."),
    ] = ""
    events_file: Annotated[
        Path | None, about("The endpoints that get events, a JSON file with secrets; see docs/events.md.")
    ] = None
    notify_file: Annotated[
        Path | None,
        about("The targets of notices about lost replies and new orders, a JSON file; see docs/notices.md."),
    ] = None
    notify_seconds: Annotated[
        float, about("How long after a notice further ones of its kind are collected into one."), Positive
    ] = 900
    log_level: Annotated[LogLevel, about("debug, info, warning or error.")] = LogLevel.INFO

    ack_budget_seconds: Annotated[
        float, about("How long the response to a webhook waits for its replies to be sent."), NotNegative
    ] = 0.2
    mark_as_read: Annotated[
        bool,
        about("Mark messages as read and show `typing`; takes one more Graph API request per message."),
    ] = False
    buttons: Annotated[
        bool,
        about("Send quotes and questions with buttons or a list to tap; if false, as text. Typed answers always work."),
    ] = True
    max_body_bytes: Annotated[int, about("The maximum size of a webhook; Meta sends up to 3 MB."), Positive] = (
        3 * 1024 * 1024
    )
    keep_alive_seconds: Annotated[
        int,
        about("How long an idle connection stays open. Must exceed the proxy's own limit, or some webhooks get a 502."),
        Positive,
    ] = 3900
    max_concurrent_webhooks: Annotated[
        int, about("Webhooks handled at once; more get a 503 response, and Meta sends them again."), Positive
    ] = 1000
    max_concurrent_sends: Annotated[
        int, about("Replies that the web pod sends at once; others wait in the queue for the drain."), Positive
    ] = 512
    customer_messages_per_minute: Annotated[
        int, about("Messages per minute of one customer that get a reply; 0 for no limit."), NotNegative
    ] = 20
    bad_signatures_per_minute: Annotated[
        int,
        about("Wrong signatures per minute from an address before it gets 429; also the limit of wrong tokens."),
        Positive,
    ] = 10

    messages_per_second: Annotated[
        float, about("Replies per second from one business number; 0 for no limit."), NotNegative
    ] = 80
    customer_interval_seconds: Annotated[
        float, about("Minimum time between two replies to one customer; 0 for none."), NotNegative
    ] = 6
    backoff_seconds: Annotated[
        tuple[Annotated[float, Positive], ...],
        about("Delays before each retry, separated by commas; their number is the number of retries."),
    ] = (120, 240, 480, 960)
    backoff_jitter: Annotated[float, about("The share by which each delay varies at random."), Meta(ge=0, le=1)] = 0.1
    retry_after_max_seconds: Annotated[
        float, about("The longest delay accepted from a `Retry-After` header or an error of Meta."), Positive
    ] = 3600
    lease_seconds: Annotated[
        float, about("How long an attempt may take before another process takes it over."), Positive
    ] = 60
    unknown_grace_seconds: Annotated[
        float, about("How long an attempt with an unknown outcome waits for a status from Meta."), Positive
    ] = 180
    unknown_policy: Annotated[
        UnknownPolicy,
        about("After that: `retry` once, quoting the customer's message, or `fail` and keep it for an operator."),
    ] = UnknownPolicy.RETRY
    reply_window_seconds: Annotated[
        float, about("How long after the customer's message a reply may be sent (Meta's window)."), Positive
    ] = 86400
    reply_window_margin_seconds: Annotated[
        float, about("How long before the end of the window recado stops sending."), NotNegative
    ] = 300
    after_window: Annotated[
        AfterWindow,
        about(
            "What recado sends if Meta's window has closed before a quote or an order notice: `none`, a `template`"
            " that Meta has approved, or `direct_send`, which Meta allows only for some accounts. See"
            " docs/operations.md."
        ),
    ] = AfterWindow.NONE
    template_quote: Annotated[
        str,
        about("The template for a quote outside the window: {{1}} products, {{2}} total, a quick reply."),
        Meta(pattern=r"^[a-z0-9_]{1,512}$"),
    ] = "recado_cotizacion_lista"
    template_order: Annotated[
        str,
        about("The template for the state of an order: {{1}} its number, {{2}} its state."),
        Meta(pattern=r"^[a-z0-9_]{1,512}$"),
    ] = "recado_pedido_estado"
    template_language: Annotated[
        str,
        about("The language of the templates, as Meta writes it; `es` and `es_MX` are two templates."),
        Meta(pattern=r"^[a-z]{2,3}(_[A-Z]{2,4})?$"),
    ] = "es"
    breaker_failures: Annotated[int, about("Consecutive failures of Meta that open the breaker."), Positive] = 5
    breaker_probe_seconds: Annotated[float, about("Time between two probes while the breaker is open."), Positive] = 30
    connect_timeout_seconds: Annotated[float, about("Timeout for connecting to Meta."), Positive] = 5
    read_timeout_seconds: Annotated[float, about("Timeout for Meta's response."), Positive] = 15

    drain_seconds: Annotated[float, about("The time budget of one drain."), Positive] = 50
    drain_concurrency: Annotated[int, about("Replies that a drain sends at once."), Positive] = 128
    drain_batch: Annotated[int, about("The maximum number of replies that a drain claims at once."), Positive] = 200
    dedupe_seconds: Annotated[
        float, about("How long recado remembers a message's id; Meta sends it again for up to 7 days."), Positive
    ] = 691200
    delivered_retention_seconds: Annotated[
        float, about("How long a sent reply is kept, in case a `failed` status follows."), Positive
    ] = 3600
    failed_retention_seconds: Annotated[float, about("How long failed and discarded replies are kept."), Positive] = (
        2592000
    )
    events_retention_seconds: Annotated[
        float, about("How long events are kept, for `recado events` and the API; the default is 30 days."), Positive
    ] = 2592000

    quote_retention_seconds: Annotated[float, about("How long quotes are kept."), Positive] = 7776000
    order_retention_seconds: Annotated[
        float, about("How long orders are kept, with their customers' addresses, and counts of hand-offs."), Positive
    ] = 34560000
    asked_retention_seconds: Annotated[
        float, about("How long words that match no product are kept for the report; the default is 90 days."), Positive
    ] = 7776000
    report_min_customers: Annotated[
        int,
        about("The report shows only words of at least this many customers; rarer ones may identify a customer."),
        Meta(ge=2, le=MAX_NUMBER),
    ] = 3

    max_quantity: Annotated[int, about("The maximum quantity in a quote."), Positive] = 100_000
    confidence_threshold: Annotated[
        float,
        about("Quote lines below this confidence are marked, and the customer is asked to check them."),
        Meta(ge=0, le=1),
    ] = 0.9
    quote_valid_seconds: Annotated[
        float, about("How long a quote can be confirmed at its prices; later it is made again."), Positive
    ] = 86400
    quote_merge_seconds: Annotated[
        float,
        about(
            "How long after its last change an order without a word such as *agrega* adds to the open quote; later it"
            " opens a new one."
        ),
        NotNegative,
    ] = 1800
    reminder_seconds: Annotated[
        float,
        about(
            "How long after a quote recado reminds a customer who has not written since: once, inside Meta's window,"
            " from 9 to 20 h in RECADO_TIMEZONE; 0: never."
        ),
        NotNegative,
    ] = 0
    hold_seconds: Annotated[
        float,
        about("How long recado is silent after a customer has asked for a person, or the shop has written to him."),
        Positive,
    ] = 14400
    business_hours: Annotated[
        str,
        about(
            "When the staff is available, such as `mon-fri 9-18, sat 9:30-13`, in RECADO_TIMEZONE. A customer who"
            " asks for a person at another time reads when somebody will write; recado quotes at all hours."
        ),
    ] = ""
    handoff_total: Annotated[
        float, about("A quote with a higher total also offers a person; 0: no quote does."), NotNegative
    ] = 0
    handoff_on_foreign_status: Annotated[
        bool,
        about(
            "If Meta reports a status of a message that recado did not send, a person is writing through another"
            " system: stop replying, as after a message from the shop's phone."
        ),
    ] = False
    handoff_answer_seconds: Annotated[
        float,
        about("An alert reports a customer who asked for a person and has waited longer than this; 0: no alert."),
        NotNegative,
    ] = 0
    order_accept_seconds: Annotated[
        float,
        about("An alert reports an order that the staff has not accepted or cancelled after this time; 0: no alert."),
        NotNegative,
    ] = 0
    order_prefix: Annotated[str, about("The prefix of order numbers."), Meta(pattern=r"^[A-Za-z0-9#-]{0,8}$")] = "P-"
    transcribe_url: Annotated[
        str,
        about(
            "The base URL of a service with OpenAI's `/audio/transcriptions`, such as `https://api.openai.com/v1`."
            " recado sends customers' voice notes there and replies to the transcripts; if empty, it asks customers to"
            " write."
        ),
    ] = ""
    transcribe_token: Annotated[str, about("Secret. The bearer token for it; if empty, none is sent.")] = ""
    transcribe_model: Annotated[
        str, about("The model that transcribes, as that service names it."), Meta(pattern=r"^[!-~]{1,100}$")
    ] = "whisper-1"
    transcribe_seconds: Annotated[
        float,
        about(
            "How long it may take to fetch and transcribe one voice note; after 55 seconds in total recado asks the"
            " customer to write."
        ),
        Meta(gt=0, le=50),
    ] = 20
    voice_max_bytes: Annotated[
        int, about("The maximum size of a voice note; a minute takes about 150 kB."), Meta(gt=0, le=16 * 1024 * 1024)
    ] = 2 * 1024 * 1024
    timezone: Annotated[
        str, about("The shop's time zone, such as America/Mexico_City; the report's days and hours are in it.")
    ] = "UTC"

    @property
    def app_secrets(self) -> tuple[str, ...]:
        """The valid app secrets, newest first."""
        return tuple(s for s in (self.whatsapp_app_secret, self.whatsapp_app_secret_previous) if s)

    @property
    def secrets(self) -> tuple[str, ...]:
        """All secrets that are set, and the parts of them that stand alone; logs redact them."""
        whole = (value for s in all_settings() if s.secret and (value := getattr(self, s.field)))
        return (*whole, *passwords_of(self.database_url))

    @property
    def send_seconds(self) -> float:
        """The maximum duration of one send, in seconds."""
        return self.connect_timeout_seconds + self.read_timeout_seconds

    def public(self) -> dict[str, object]:
        """The effective settings; of each secret only whether it is set."""
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
    return name if name.startswith(("WHATSAPP_", "DATABASE_")) else f"RECADO_{name}"


#: The settings that each command requires.
SERVE_NEEDS = (
    "whatsapp_verify_token",
    "whatsapp_app_secret",
    "whatsapp_access_token",
    "whatsapp_phone_number_id",
)
DRAIN_NEEDS = ("whatsapp_access_token",)
