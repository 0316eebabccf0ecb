"""Every metric of recado, as data: the only place where a metric's name is written.

Code, dashboards, alerts, tests and docs/metrics.md import the constants below. There are two sources:

- `store`: durable totals and the state of the queue. They are written in the transaction of the fact they
  count, by the web pod and by drains alike, and exported by the web pod: a drain that lives ten seconds loses
  no number.
- `process`: what one web pod sees and forgets when it ends.

No label ever carries a person: no phone, no id of a user or a message, no text, no URL. Importing this costs
next to nothing, since the drain does it before its first claim.
"""

from enum import StrEnum

import msgspec


class Kind(StrEnum):
    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    INFO = "info"


class Source(StrEnum):
    STORE = "store"
    PROCESS = "process"


#: The allowed values of a label; None where the configuration bounds them (`phone_number_id`, `version`).
Values = tuple[str, ...] | None


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """One metric. `name` is the full one, with unit and suffix; `buckets` are a histogram's upper edges."""

    name: str
    kind: Kind
    source: Source
    help: str
    unit: str = ""
    labels: dict[str, Values] = {}
    buckets: tuple[float, ...] = ()

    def __hash__(self) -> int:
        return hash(self.name)

    @property
    def edges(self) -> tuple[str, ...]:
        """The upper edges as Prometheus writes them in the label `le`, infinity included."""
        return (*(repr(float(edge)) for edge in self.buckets), "+Inf")

    @property
    def series(self) -> tuple[str, ...]:
        """The names under which Prometheus stores it."""
        if self.kind is Kind.HISTOGRAM:
            return (f"{self.name}_bucket", f"{self.name}_sum", f"{self.name}_count")
        return (self.name,)


#: Edges for calls over the network, after OpenTelemetry's advice; 0.25 is the webhook's objective.
CALL_EDGES = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
#: From an answer within the webhook's own budget to the end of Meta's window; 300 is the delivery objective.
AGE_EDGES = (
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    30.0,
    60.0,
    120.0,
    300.0,
    600.0,
    1800.0,
    3600.0,
    14400.0,
    86400.0,
)

ERROR_CLASSES = (
    *("none", "transport", "timeout", "pool", "edge", "server", "unreadable", "throttled", "pair_limit"),
    *("auth", "permission", "account", "payment"),
    *("invalid", "window_closed", "undeliverable", "template", "unknown_code"),
)
#: Errors that a person has to put right; until then nothing is sent.
OPERATOR_CLASSES = ("auth", "permission", "account", "payment")
FAILURE_REASONS = ("retries_exhausted", "window_closed", "rejected", "unknown")
STATES = ("queued", "sending", "unknown", "delivered", "failed", "discarded")

# -- the store: deliveries -----------------------------------------------------------------------------------

QUEUED = Metric(
    name="recado_messages_queued_total",
    kind=Kind.COUNTER,
    source=Source.STORE,
    help="Replies written to the queue; each customer message that is answered makes one.",
)
ATTEMPTS = Metric(
    name="recado_attempts_total",
    kind=Kind.COUNTER,
    source=Source.STORE,
    help="Attempts to send a reply, by how they ended and by the class of error.",
    labels={
        "outcome": ("delivered", "retry", "later", "never", "operator", "unknown"),
        "error_class": ERROR_CLASSES,
    },
)
FINISHED = Metric(
    name="recado_messages_finished_total",
    kind=Kind.COUNTER,
    source=Source.STORE,
    help="Replies that reached an end. The success rate is delivered / (delivered + failed).",
    labels={"outcome": ("delivered", "failed", "discarded")},
)
FAILED_REASONS = Metric(
    name="recado_messages_failed_total",
    kind=Kind.COUNTER,
    source=Source.STORE,
    help="Replies that were given up, by reason.",
    labels={"reason": FAILURE_REASONS},
)
ASYNC_FAILURES = Metric(
    name="recado_async_failures_total",
    kind=Kind.COUNTER,
    source=Source.STORE,
    help="Replies that Meta had accepted and later reported as failed.",
)
DELIVERY_AGE = Metric(
    name="recado_delivery_age_seconds",
    kind=Kind.HISTOGRAM,
    source=Source.STORE,
    unit="seconds",
    help="From the arrival of a customer's message to Meta's acceptance of the reply.",
    buckets=AGE_EDGES,
)
DELIVERED_ATTEMPTS = Metric(
    name="recado_delivered_message_attempts",
    kind=Kind.HISTOGRAM,
    source=Source.STORE,
    help="Attempts that a delivered reply took; sum / count is the average.",
    buckets=(1, 2, 3, 4, 5),
)
GRAPH_DURATION = Metric(
    name="recado_graph_request_duration_seconds",
    kind=Kind.HISTOGRAM,
    source=Source.STORE,
    unit="seconds",
    help="Calls to the Graph API that send a reply, by class of answer; the count is the number of requests.",
    labels={"code_class": ("2xx", "3xx", "4xx", "5xx", "timeout", "transport")},
    buckets=(*CALL_EDGES, 15.0, 20.0),
)
SETTLED = Metric(
    name="recado_unknown_settled_total",
    kind=Kind.COUNTER,
    source=Source.STORE,
    help="Attempts of unknown outcome that were settled: by a status, by one more try, or given up after grace.",
    labels={"by": ("status", "retry", "grace")},
)
THROTTLED = Metric(
    name="recado_throttled_total",
    kind=Kind.COUNTER,
    source=Source.STORE,
    help="Throttles by Meta, by whom they hold up.",
    labels={"scope": ("customer", "number")},
)
BREAKER_TRIPS = Metric(
    name="recado_breaker_transitions_total",
    kind=Kind.COUNTER,
    source=Source.STORE,
    help="Times that the breaker of a business number opened or closed.",
    labels={"phone_number_id": None, "to": ("open", "closed")},
)
RESCUES = Metric(
    name="recado_lease_rescues_total",
    kind=Kind.COUNTER,
    source=Source.STORE,
    help="Replies taken over because the process that was sending them died.",
)
QUOTE_DECISIONS = Metric(
    name="recado_quote_decisions_total",
    kind=Kind.COUNTER,
    source=Source.STORE,
    help="Open quotes that customers confirmed or rejected.",
    labels={"decision": ("confirms", "rejects")},
)

# -- the store: the queue and its drain ----------------------------------------------------------------------

QUEUE_ROWS = Metric(
    name="recado_queue_messages",
    kind=Kind.GAUGE,
    source=Source.STORE,
    help="Replies in the queue's table by state; the queue size is queued + sending + unknown + failed.",
    labels={"state": STATES},
)
OLDEST_DUE_AGE = Metric(
    name="recado_queue_oldest_due_seconds",
    kind=Kind.GAUGE,
    source=Source.STORE,
    unit="seconds",
    help="How long the reply that is due the longest has been due; 0 when none is.",
)
BREAKER_OPEN = Metric(
    name="recado_breaker_open",
    kind=Kind.GAUGE,
    source=Source.STORE,
    help="1 while the breaker of a business number is open: Meta is down (outage), or it takes an operator.",
    labels={"phone_number_id": None, "reason": ("outage", "operator")},
)
DRAIN_RUNS = Metric(
    name="recado_drain_runs_total",
    kind=Kind.COUNTER,
    source=Source.STORE,
    help="Drains that ended, by whether they could do their work.",
    labels={"outcome": ("ok", "failed")},
)
DRAIN_DURATION = Metric(
    name="recado_drain_duration_seconds",
    kind=Kind.HISTOGRAM,
    source=Source.STORE,
    unit="seconds",
    help="How long a drain took.",
    buckets=(0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 45.0, 60.0),
)
DRAIN_MESSAGES = Metric(
    name="recado_drain_attempted_messages",
    kind=Kind.HISTOGRAM,
    source=Source.STORE,
    help="Attempts that one drain made.",
    buckets=(0, 1, 5, 10, 50, 100, 500, 1000, 5000),
)
DRAIN_CLAIMED = Metric(
    name="recado_messages_claimed_total",
    kind=Kind.COUNTER,
    source=Source.STORE,
    help="Waiting replies that were leased for another try, by drains and by the web pod's follow-ups.",
)
DRAIN_LAST_START = Metric(
    name="recado_drain_last_start_timestamp_seconds",
    kind=Kind.GAUGE,
    source=Source.STORE,
    unit="seconds",
    help="When a drain last began; absent before the first.",
)
DRAIN_LAST_SUCCESS = Metric(
    name="recado_drain_last_success_timestamp_seconds",
    kind=Kind.GAUGE,
    source=Source.STORE,
    unit="seconds",
    help="When a drain last did its work to the end; absent before the first.",
)
STORE_CREATED = Metric(
    name="recado_store_created_timestamp_seconds",
    kind=Kind.GAUGE,
    source=Source.STORE,
    unit="seconds",
    help="When this store was made: what a drain that never succeeded is measured from.",
)
PRUNED = Metric(
    name="recado_rows_pruned_total",
    kind=Kind.COUNTER,
    source=Source.STORE,
    help="Rows deleted because their retention was over.",
    labels={"kind": ("dedupe", "delivered", "failed", "discarded", "customer")},
)

# -- the process: the webhook --------------------------------------------------------------------------------

WEBHOOK_DURATION = Metric(
    name="recado_webhook_duration_seconds",
    kind=Kind.HISTOGRAM,
    source=Source.PROCESS,
    unit="seconds",
    help="Webhook POSTs from arrival to answer, by outcome; the count is the number of requests.",
    labels={
        "outcome": (
            *("accepted", "bad_signature", "bad_request", "too_large", "shed", "rate_limited"),
            *("store_unavailable", "error"),
        )
    },
    buckets=CALL_EDGES,
)
SIGNATURE_FAILURES = Metric(
    name="recado_signature_failures_total",
    kind=Kind.COUNTER,
    source=Source.PROCESS,
    help="Webhooks whose signature was refused, by reason.",
    labels={"reason": ("missing", "malformed", "mismatch")},
)
RATE_LIMITED = Metric(
    name="recado_rate_limited_total",
    kind=Kind.COUNTER,
    source=Source.PROCESS,
    help="Limits hit: wrongly signed requests of an address (429), messages of a customer (acknowledged).",
    labels={"kind": ("address", "customer")},
)
PAYLOAD_BYTES = Metric(
    name="recado_webhook_payload_bytes",
    kind=Kind.HISTOGRAM,
    source=Source.PROCESS,
    unit="bytes",
    help="Size of authentic webhooks.",
    buckets=(512, 1024, 4096, 16384, 65536, 262144, 1048576, 3145728),
)
MESSAGES = Metric(
    name="recado_messages_received_total",
    kind=Kind.COUNTER,
    source=Source.PROCESS,
    help="Customers' messages in authentic webhooks, by type; duplicates included.",
    labels={
        "type": (
            *("text", "image", "audio", "video", "document", "sticker", "location", "contacts", "reaction"),
            *("interactive", "button", "order", "system", "unsupported", "edit", "revoke", "request_welcome"),
            "unknown",
        )
    },
)
DUPLICATES = Metric(
    name="recado_duplicates_total",
    kind=Kind.COUNTER,
    source=Source.PROCESS,
    help="Customers' messages that Meta brought again after they had been acknowledged.",
)
STATUSES = Metric(
    name="recado_statuses_received_total",
    kind=Kind.COUNTER,
    source=Source.PROCESS,
    help="Statuses of our replies, by kind.",
    labels={"kind": ("sent", "delivered", "read", "played", "failed", "other")},
)
IGNORED = Metric(
    name="recado_updates_ignored_total",
    kind=Kind.COUNTER,
    source=Source.PROCESS,
    help="Parts of webhooks acknowledged unread: a field that is none of ours, or an unreadable shape.",
    labels={
        "part": (
            *("field", "entry", "change", "value", "metadata", "contact", "contacts", "message", "messages"),
            *("status", "statuses", "error", "errors", "other"),
        )
    },
)
ACCOUNT_ERRORS = Metric(
    name="recado_account_errors_total",
    kind=Kind.COUNTER,
    source=Source.PROCESS,
    help="Errors of the account as a whole that Meta reported by webhook.",
)
UNANSWERED = Metric(
    name="recado_messages_unanswered_total",
    kind=Kind.COUNTER,
    source=Source.PROCESS,
    help="Customers' messages that were acknowledged and get no reply, by reason.",
    labels={"reason": ("type", "group", "other_number", "unusable_sender", "too_many")},
)
HANDSHAKES = Metric(
    name="recado_handshakes_total",
    kind=Kind.COUNTER,
    source=Source.PROCESS,
    help="Handshakes with Meta's dashboard (GET of the webhook), by whether the verify token was right.",
    labels={"outcome": ("answered", "refused")},
)
ADMIN_REFUSALS = Metric(
    name="recado_admin_refusals_total",
    kind=Kind.COUNTER,
    source=Source.PROCESS,
    help="Requests to the admin API without the right token.",
)

# -- the process: quotes -------------------------------------------------------------------------------------

ANSWERS = Metric(
    name="recado_answers_total",
    kind=Kind.COUNTER,
    source=Source.PROCESS,
    help="Answers to customers by what they say.",
    labels={
        "kind": (
            *("quote", "not_understood", "instructions", "please_write", "confirmed", "rejected"),
            *("no_open_quote", "slow_down", "thanks"),
        )
    },
)
QUOTES = Metric(
    name="recado_quotes_total",
    kind=Kind.COUNTER,
    source=Source.PROCESS,
    help="Orders that were read: every product matched, some left unmatched, or none recognised.",
    labels={"outcome": ("complete", "partial", "none")},
)
QUOTE_CONFIDENCE = Metric(
    name="recado_quote_line_confidence",
    kind=Kind.HISTOGRAM,
    source=Source.PROCESS,
    help="Confidence of quoted lines, 0 to 1; the count is the number of lines.",
    buckets=(0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0),
)
UNMATCHED = Metric(
    name="recado_quote_unmatched_total",
    kind=Kind.COUNTER,
    source=Source.PROCESS,
    help="Parts of orders for which no product was found.",
)
CATALOGUE_RELOADS = Metric(
    name="recado_catalogue_reloads_total",
    kind=Kind.COUNTER,
    source=Source.PROCESS,
    help="Changes of the catalogue's file: taken, or refused while the old one went on serving.",
    labels={"outcome": ("loaded", "refused")},
)

# -- the process: store and runtime --------------------------------------------------------------------------

STORE_DURATION = Metric(
    name="recado_store_transaction_duration_seconds",
    kind=Kind.HISTOGRAM,
    source=Source.PROCESS,
    unit="seconds",
    help="Write transactions from their begin to their commit on disk, waits for the lock included.",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
STORE_BATCH = Metric(
    name="recado_store_transaction_operations",
    kind=Kind.HISTOGRAM,
    source=Source.PROCESS,
    help="Operations that shared one transaction (group commit).",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000),
)
STORE_ERRORS = Metric(
    name="recado_store_errors_total",
    kind=Kind.COUNTER,
    source=Source.PROCESS,
    help="Transactions that failed, by cause; busy: the lock was not free in time.",
    labels={"cause": ("busy", "full", "io", "readonly", "corrupt", "cannot_open", "memory", "other")},
)
STORE_READABLE = Metric(
    name="recado_store_readable",
    kind=Kind.GAUGE,
    source=Source.PROCESS,
    help="1 when this scrape could read the store; otherwise its totals are missing from the scrape.",
)
STORE_SIZE = Metric(
    name="recado_store_size_bytes",
    kind=Kind.GAUGE,
    source=Source.PROCESS,
    unit="bytes",
    help="Size of the database's files.",
    labels={"file": ("database", "wal")},
)
VOLUME_FREE = Metric(
    name="recado_volume_free_bytes",
    kind=Kind.GAUGE,
    source=Source.PROCESS,
    unit="bytes",
    help="Free space of the volume that the database is on.",
)
VOLUME_SIZE = Metric(
    name="recado_volume_size_bytes",
    kind=Kind.GAUGE,
    source=Source.PROCESS,
    unit="bytes",
    help="Size of the volume that the database is on.",
)
LOOP_LAG = Metric(
    name="recado_event_loop_lag_seconds",
    kind=Kind.HISTOGRAM,
    source=Source.PROCESS,
    unit="seconds",
    help="How late the event loop was for a timer, sampled four times a second.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5),
)
IN_FLIGHT = Metric(
    name="recado_webhooks_in_progress",
    kind=Kind.GAUGE,
    source=Source.PROCESS,
    help="Webhooks that are being handled.",
)
WARNINGS = Metric(
    name="recado_log_warnings_total",
    kind=Kind.COUNTER,
    source=Source.PROCESS,
    help="Log lines of the web pod that an operator should look at, by level.",
    labels={"level": ("warning", "error", "critical")},
)
BUILD = Metric(
    name="recado_build_info",
    kind=Kind.INFO,
    source=Source.PROCESS,
    help="What is running: 1, with the versions as labels.",
    labels={"version": None, "python": None, "sqlite": None},
)

#: Every metric, in the order of this page.
REGISTRY: tuple[Metric, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Metric))
