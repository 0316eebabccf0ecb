"""Every metric of recado, as data: the only place where a metric's name is written.

Code, dashboards, alerts, tests and docs/metrics.md import the constants below. There are two sources:

- `store`: durable totals and the state of the queue. The web pod and drains write them in the transaction of the fact
  that they count, and the web pod exports them, so a drain that runs for ten seconds loses no number.
- `process`: what one web pod counts in memory, until it ends.

No label contains personal data: no phone number, no id of a user or a message, no text, no URL. The drain imports this
module before its first claim, so it must stay cheap to import.
"""

from recado.telemetry.metric import Metric, Source, counter, gauge, histogram, info

STORE, PROCESS = Source

#: Edges for calls over the network, after OpenTelemetry's advice; 0.25 is the webhook's objective.
CALL_EDGES = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
#: From a reply within the webhook's budget to the end of Meta's window; 300 is the delivery objective.
AGE_EDGES = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 14400.0, 86400.0)

ERROR_CLASSES = (
    *("none", "transport", "timeout", "pool", "edge", "server", "unreadable", "throttled", "pair_limit"),
    *("auth", "permission", "account", "configuration", "payment"),
    *("invalid", "window_closed", "undeliverable", "template", "unknown_code"),
)
#: Errors that a person has to fix; until then recado sends nothing.
OPERATOR_CLASSES = ("auth", "permission", "account", "configuration", "payment")
FAILURE_REASONS = ("retries_exhausted", "window_closed", "rejected", "unknown")
#: The types of events, as docs/events.md describes them.
EVENT_TYPES = (
    *("message.received", "quote.created", "quote.replaced", "quote.rejected", "quote.expired", "quote.withdrawn"),
    *("quote.delivered", "quote.read", "order.created", "order.updated", "order.cancelled", "order.cancel_requested"),
    *("handoff.requested", "handoff.started", "handoff.ended", "reply.failed"),
    *("customer.opted_out", "customer.opted_in", "customer.erased", "template.paused", "template.approved"),
)
STATES = ("queued", "sending", "unknown", "delivered", "failed", "discarded")

# -- the store: deliveries -----------------------------------------------------------------------------------

QUEUED = counter(
    STORE,
    "recado_replies_queued_total",
    "Replies written to the queue; each customer message that gets a reply adds one.",
)

ATTEMPTS = counter(
    STORE,
    "recado_attempts_total",
    "Send attempts, by outcome and class of error.",
    outcome=("delivered", "retryable", "throttled", "permanent", "operator", "unknown"),
    error_class=ERROR_CLASSES,
)

FINISHED = counter(
    STORE,
    "recado_replies_finished_total",
    "Replies that finished. The success rate is delivered / (delivered + failed).",
    outcome=("delivered", "failed", "discarded"),
)

FAILED_REASONS = counter(
    STORE, "recado_replies_failed_total", "Replies that were given up, by reason.", reason=FAILURE_REASONS
)

SUPERSEDED = counter(
    STORE,
    "recado_replies_superseded_total",
    "Replies that were not sent because a newer quote answers their message too; they finish as discarded.",
)

ASYNC_FAILURES = counter(
    STORE, "recado_async_failures_total", "Replies that Meta had accepted and later reported as failed."
)

TEXT_FALLBACKS = counter(
    STORE,
    "recado_text_fallbacks_total",
    "Replies whose buttons or list Meta refused, and that go out as plain text instead.",
)

DELIVERY_AGE = histogram(
    STORE,
    "recado_delivery_age_seconds",
    "From the arrival of a customer's message to Meta's acceptance of the reply.",
    buckets=AGE_EDGES,
)

DELIVERED_ATTEMPTS = histogram(
    STORE,
    "recado_delivered_reply_attempts",
    "Attempts that a delivered reply took; sum / count is the average.",
    buckets=(1, 2, 3, 4, 5),
)

GRAPH_DURATION = histogram(
    STORE,
    "recado_graph_request_duration_seconds",
    "Calls to the Graph API that send a reply, by class of response; the count is the number of requests.",
    buckets=(*CALL_EDGES, 15.0, 20.0),
    code_class=("2xx", "3xx", "4xx", "5xx", "timeout", "transport"),
)

SETTLED = counter(
    STORE,
    "recado_unknown_settled_total",
    "Attempts with an unknown outcome, resolved by a status, by one more attempt, or given up after the grace period.",
    by=("status", "retry", "grace"),
)

THROTTLED = counter(
    STORE,
    "recado_throttled_total",
    "Throttles by Meta, for one customer or for a whole business number.",
    scope=("customer", "number"),
)

BREAKER_TRIPS = counter(
    STORE,
    "recado_breaker_transitions_total",
    "How often the breaker of a business number opened or closed.",
    phone_number_id=None,
    to=("open", "closed"),
)

RESCUES = counter(
    STORE, "recado_lease_rescues_total", "Replies taken over because the process that was sending them died."
)

HANDLED = counter(
    STORE,
    "recado_messages_handled_total",
    "Customers' messages that recado handled, each counted once; messages without a reply do not count.",
)

SOURCES = ("text", "cart", "button", "voice")

QUOTES = counter(
    STORE,
    "recado_quotes_total",
    "Quotes that were opened, and their outcomes. An edit replaces a quote with another one.",
    outcome=("opened", "confirmed", "rejected", "replaced", "expired", "withdrawn"),
    source=SOURCES,
)

QUOTE_VALUE = counter(
    STORE,
    "recado_quote_value_total",
    "Value of the quotes that were opened, and by outcome, in units of the currency.",
    outcome=("opened", "confirmed", "rejected", "replaced", "expired", "withdrawn"),
    currency=None,
)

QUOTE_DECISION = histogram(
    STORE,
    "recado_quote_decision_seconds",
    "From Meta's acceptance of a quote to the customer's yes or no.",
    buckets=(5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 14400.0, 43200.0, 86400.0),
)

ORDERS = counter(
    STORE,
    "recado_orders_total",
    "Orders that customers placed and that staff accepted, completed or cancelled, by the source of the quote.",
    state=("placed", "accepted", "completed", "cancelled"),
    source=SOURCES,
)

ORDER_VALUE = counter(
    STORE,
    "recado_order_value_total",
    "Value of the orders that customers placed, in units of the currency. For accounting, export the orders.",
    currency=None,
)

OLDEST_PLACED = gauge(
    STORE,
    "recado_orders_oldest_placed_seconds",
    "How long the oldest order has waited to be accepted or cancelled; 0 if none waits.",
)

HANDOFFS = counter(
    STORE,
    "recado_handoffs_total",
    "Conversations that a person took over: the customer asked, the shop wrote from its phone, the staff said so, or"
    " another system wrote from the business number.",
    reason=("asked", "echo", "staff", "foreign"),
)

PERMISSIONS = counter(
    STORE,
    "recado_permissions_total",
    "Customers who opted out (`out`) or in again (`in`); `refused`: Meta refused a message because the customer had.",
    change=("out", "in"),
    said=("message", "preferences", "refused"),
)

HANDOFFS_WAITING = gauge(
    STORE,
    "recado_handoffs_waiting",
    "Customers who asked for a person and still wait.",
)

HANDOFFS_OLDEST_WAITING = gauge(
    STORE,
    "recado_handoffs_oldest_waiting_seconds",
    "How long the customer who asked for a person first has waited; 0 if nobody waits.",
)

HANDOFF_ANSWER_WITHIN = gauge(
    PROCESS,
    "recado_handoffs_answer_within_seconds",
    "RECADO_HANDOFF_ANSWER_SECONDS: how soon a person should write to a customer who asked for one; 0: no limit.",
)

ACCEPT_WITHIN = gauge(
    PROCESS,
    "recado_orders_accept_within_seconds",
    "RECADO_ORDER_ACCEPT_SECONDS: how soon the staff should accept an order; 0: no limit.",
)

ACCOUNT_NOTICES = counter(
    STORE,
    "recado_account_notices_total",
    "Meta's notices about the account, its numbers and templates.",
    event=(
        *("account_restricted", "account_disabled", "account_disabling", "account_deleted", "account_offboarded"),
        *("account_violation", "account_reinstated", "account_other", "access_removed"),
        *("review_rejected", "review_other", "alert_critical", "alert_warning", "alert_other", "capability_changed"),
        *("quality_flagged", "quality_downgraded", "quality_other", "name_rejected", "name_other"),
        *("security_pin", "security_other"),
        *("template_approved", "template_refused", "template_quality", "template_category", "template_other"),
    ),
)

ACCOUNT_STOPPED_AT = gauge(
    STORE,
    "recado_account_stopped_timestamp_seconds",
    "When Meta last said that it restricts, disables or removes the account; 0 after a reinstatement, absent if never.",
)

ACCOUNT_THREATENED_AT = gauge(
    STORE,
    "recado_account_threatened_timestamp_seconds",
    "When Meta last warned about the account or a number; 0 after it withdrew the warning, absent if never.",
)

# -- the store: the queue and its drain ----------------------------------------------------------------------

QUEUE_ROWS = gauge(
    STORE,
    "recado_queue_replies",
    "Replies in the queue's table by state; the queue size is queued + sending + unknown + failed.",
    state=STATES,
)

OLDEST_DUE_AGE = gauge(
    STORE, "recado_queue_oldest_due_seconds", "How long the oldest due reply has been due; 0 if none is due."
)

BREAKER_OPEN = gauge(
    STORE,
    "recado_breaker_open",
    "1 while the breaker of a business number is open: Meta is down (outage), or an operator must act (operator).",
    phone_number_id=None,
    reason=("outage", "operator"),
)

DRAIN_RUNS = counter(
    STORE,
    "recado_drain_runs_total",
    "Drains that ended, by outcome.",
    outcome=("ok", "failed"),
)

DRAIN_DURATION = histogram(
    STORE,
    "recado_drain_duration_seconds",
    "How long a drain took.",
    buckets=(0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 45.0, 60.0),
)

DRAIN_MESSAGES = histogram(
    STORE,
    "recado_drain_attempted_replies",
    "Attempts that one drain made.",
    buckets=(0, 1, 5, 10, 50, 100, 500, 1000, 5000),
)

DRAIN_CLAIMED = counter(
    STORE,
    "recado_replies_claimed_total",
    "Waiting replies that were leased for another try, by drains and by the web pod's follow-ups.",
)

DRAIN_LAST_START = gauge(
    STORE, "recado_drain_last_start_timestamp_seconds", "When a drain last started; absent before the first."
)

DRAIN_LAST_SUCCESS = gauge(
    STORE,
    "recado_drain_last_success_timestamp_seconds",
    "When a drain last succeeded; absent before the first.",
)

BACKUP_LAST_SUCCESS = gauge(
    STORE,
    "recado_backup_last_success_timestamp_seconds",
    "When the last backup was made and checked; absent before the first.",
)

RESTORE_DRILL_LAST_SUCCESS = gauge(
    STORE,
    "recado_restore_drill_last_success_timestamp_seconds",
    "When a restore drill last succeeded; absent before the first.",
)

STORE_CREATED = gauge(
    STORE,
    "recado_store_created_timestamp_seconds",
    "When this store was created; alerts use it as the start if no drain ever succeeded.",
)

PRUNED = counter(
    STORE,
    "recado_rows_pruned_total",
    "Rows deleted because their retention was over.",
    kind=("dedupe", "delivered", "failed", "discarded", "customer", "event", "quote", "order", "handoff", "asked"),
)

# -- the store: what is sent outside the window ---------------------------------------------------------------

REMINDERS = counter(
    STORE,
    "recado_reminders_total",
    "Reminders that were queued for customers who have not answered a quote.",
)

TEMPLATES = counter(
    STORE,
    "recado_templates_total",
    "Messages outside Meta's window, by template (`direct_send`: Meta makes the template): queued, and how they ended.",
    template=None,
    outcome=("queued", "delivered", "failed", "discarded"),
)

TEMPLATE_ATTEMPTS = counter(
    STORE,
    "recado_template_attempts_total",
    "Attempts to send a message outside Meta's window, by template and outcome.",
    template=None,
    outcome=("delivered", "retryable", "throttled", "permanent", "operator", "unknown"),
)

TEMPLATE_PAUSED = gauge(
    STORE,
    "recado_template_paused",
    "1 while recado holds a template: Meta has paused, disabled or changed it, or the account does not have it.",
    template=None,
)

# -- the store: events to the shop's systems ------------------------------------------------------------------

EVENTS = counter(
    STORE,
    "recado_events_total",
    "Events that recado wrote for the shop's systems, by type; it writes none that no endpoint wants.",
    type=EVENT_TYPES,
)

EVENT_ATTEMPTS = counter(
    STORE,
    "recado_event_attempts_total",
    "Attempts to send an event, by endpoint and outcome.",
    endpoint=None,
    outcome=("delivered", "retryable", "throttled", "ended", "operator", "unknown"),
)

EVENT_DELIVERIES = counter(
    STORE,
    "recado_event_deliveries_total",
    "Deliveries of events that ended, by endpoint: one for each event and each endpoint that wants it.",
    endpoint=None,
    outcome=("delivered", "failed", "discarded"),
)

NOTICE_ATTEMPTS = counter(
    STORE,
    "recado_notice_attempts_total",
    "Attempts to send a notice to the operator, by target and outcome.",
    target=None,
    outcome=("delivered", "retryable", "throttled", "permanent", "operator", "unknown"),
)

NOTICES = counter(
    STORE,
    "recado_notices_total",
    "Notices to the operator that ended, by target.",
    target=None,
    outcome=("delivered", "failed", "discarded"),
)

VOICE_NOTES = counter(
    STORE,
    "recado_voice_notes_total",
    "Voice notes by outcome: heard (transcribed), asked (recado asked the customer to write), discarded.",
    outcome=("heard", "asked", "discarded"),
)

VOICE_ATTEMPTS = counter(
    STORE,
    "recado_voice_attempts_total",
    "Attempts to fetch and transcribe a voice note, by outcome and what went wrong.",
    outcome=("delivered", "retryable", "throttled", "permanent", "operator", "unknown"),
    error_class=None,
)

VOICE_AGE = histogram(
    STORE,
    "recado_voice_age_seconds",
    "From a voice note's arrival to the reply to its transcript.",
    buckets=(0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 20.0, 30.0, 45.0, 60.0),
)

EVENT_AGE = histogram(
    STORE,
    "recado_event_delivery_age_seconds",
    "From an event to its acceptance by an endpoint.",
    buckets=AGE_EDGES,
)

EVENT_BACKLOG = gauge(
    STORE, "recado_event_backlog", "Deliveries of events that are waiting or under way, by endpoint.", endpoint=None
)

EVENT_OLDEST_AGE = gauge(
    STORE,
    "recado_event_oldest_seconds",
    "How long the oldest event has waited for an endpoint; 0 if none waits.",
    endpoint=None,
)

EVENT_ENDPOINT_HELD = gauge(
    STORE,
    "recado_event_endpoint_held",
    "1 while recado holds an endpoint's events: it is down (outage), wrongly configured (operator), or responded"
    " with 410 (ended). Except after a 410, it still gets trials.",
    endpoint=None,
    reason=("outage", "operator", "ended"),
)

# -- the process: the webhook --------------------------------------------------------------------------------

WEBHOOK_DURATION = histogram(
    PROCESS,
    "recado_webhook_duration_seconds",
    "Webhook POSTs from arrival to response, by outcome; the count is the number of requests.",
    buckets=CALL_EDGES,
    outcome=(
        *("accepted", "bad_signature", "bad_request", "too_large", "shed", "rate_limited"),
        *("store_unavailable", "error", "client_gone"),
    ),
)

SIGNATURE_FAILURES = counter(
    PROCESS,
    "recado_signature_failures_total",
    "Webhooks whose signature was refused, by reason.",
    reason=("missing", "malformed", "mismatch"),
)

RATE_LIMITED = counter(
    PROCESS,
    "recado_rate_limited_total",
    "Rate limits exceeded: requests from an address (429 response), messages from a customer (acknowledged).",
    kind=("address", "customer"),
)

PAYLOAD_BYTES = histogram(
    PROCESS,
    "recado_webhook_payload_bytes",
    "Size of authentic webhooks.",
    buckets=(512, 1024, 4096, 16384, 65536, 262144, 1048576, 3145728),
)

MESSAGES = counter(
    PROCESS,
    "recado_messages_received_total",
    "Customers' messages in authentic webhooks, by type; duplicates included.",
    type=(
        *("text", "image", "audio", "video", "document", "sticker", "location", "contacts", "reaction"),
        *("interactive", "button", "order", "system", "unsupported", "edit", "revoke", "request_welcome"),
        "unknown",
    ),
)

DUPLICATES = counter(
    PROCESS, "recado_duplicates_total", "Customers' messages that Meta sent again after recado had acknowledged them."
)

STATUSES = counter(
    PROCESS,
    "recado_statuses_received_total",
    "Statuses of our replies, by kind.",
    kind=("sent", "delivered", "read", "played", "failed", "other"),
)

IGNORED = counter(
    PROCESS,
    "recado_updates_ignored_total",
    "Parts of webhooks that recado acknowledged but ignored: unused fields, what another agent has to reply to"
    " (`standby`), and parts that it cannot read.",
    part=(
        *("field", "entry", "change", "value", "metadata", "contact", "contacts", "message", "messages"),
        *("status", "statuses", "error", "errors", "standby", "other"),
    ),
)

ACCOUNT_ERRORS = counter(
    PROCESS, "recado_account_errors_total", "Errors of the account as a whole that Meta reported by webhook."
)

UNANSWERED = counter(
    PROCESS,
    "recado_messages_unanswered_total",
    "Customers' messages that were acknowledged and get no reply, by reason.",
    reason=(
        *("type", "group", "other_number", "unusable_address", "too_many", "error", "repetitive", "album"),
        *("human", "revoked", "opted_out"),
    ),
)

MESSAGE_ERRORS = counter(
    PROCESS,
    "recado_message_errors_total",
    "Messages or statuses that hit a defect in recado; the rest of their webhook was handled.",
    stage=("read", "reply", "record", "send", "status"),
)

HANDSHAKES = counter(
    PROCESS,
    "recado_handshakes_total",
    "Handshakes with Meta's dashboard (GET of the webhook), by whether the verify token was right.",
    outcome=("accepted", "refused"),
)

ADMIN_REFUSALS = counter(PROCESS, "recado_admin_refusals_total", "Requests to the admin API without the right token.")

# -- the process: quotes -------------------------------------------------------------------------------------

REPLIES = counter(
    PROCESS,
    "recado_replies_total",
    "Replies to customers, by what they say.",
    kind=(
        *("quote", "prices", "question", "emptied", "not_understood", "instructions", "please_write"),
        *("confirmed", "already_confirmed", "rejected", "no_open_quote", "how_to_change", "ask_staff"),
        *("handed_over", "given_back", "opted_out", "opted_in", "located", "slow_down", "thanks", "too_long"),
    ),
)

READINGS = counter(
    PROCESS,
    "recado_readings_total",
    "Messages read as orders: all products matched, some parts unmatched, or no product recognised.",
    outcome=("complete", "partial", "none"),
)

QUOTE_CONFIDENCE = histogram(
    PROCESS,
    "recado_quote_line_confidence",
    "Confidence of quoted lines, 0 to 1; the count is the number of lines.",
    buckets=(0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0),
)

UNMATCHED = counter(PROCESS, "recado_quote_unmatched_total", "Parts of orders for which no product was found.")

EDITS = counter(
    PROCESS,
    "recado_quote_edits_total",
    "Lines of open quotes that customers changed, by what became of the line.",
    edit=("added", "removed", "more", "less"),
)

CATALOGUE_RELOADS = counter(
    PROCESS,
    "recado_catalogue_reloads_total",
    "Changes of the catalogue file: loaded, or refused (the previous catalogue stays in use).",
    outcome=("loaded", "refused"),
)

CATALOGUE_MISREAD = gauge(
    PROCESS,
    "recado_catalogue_misread_names",
    "Names and aliases of the catalogue that recado, reading them as orders, does not read as their product.",
)

# -- the process: store and runtime --------------------------------------------------------------------------

STORE_DURATION = histogram(
    PROCESS,
    "recado_store_transaction_duration_seconds",
    "Write transactions from begin to commit on disk, waits for the lock included.",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)

STORE_BATCH = histogram(
    PROCESS,
    "recado_store_transaction_operations",
    "Operations that shared one transaction (group commit).",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000),
)

STORE_ERRORS = counter(
    PROCESS,
    "recado_store_errors_total",
    "Failed transactions, by cause; busy: the lock timed out; cannot_open: no file, or no connection to the server.",
    cause=("busy", "full", "io", "readonly", "corrupt", "cannot_open", "memory", "other"),
)

STORE_READABLE = gauge(
    PROCESS,
    "recado_store_readable",
    "1 if this scrape could read the store; otherwise the scrape lacks the durable totals.",
)

DEAD_ROWS = gauge(
    STORE,
    "recado_store_dead_rows",
    "With PostgreSQL: recado's updated or deleted rows that still take space and time, until a vacuum.",
)

OLDEST_SNAPSHOT = gauge(
    STORE,
    "recado_store_oldest_snapshot_seconds",
    "With PostgreSQL: age of the oldest transaction in this database; vacuums keep the rows that it may see.",
)

STANDBYS = gauge(
    STORE,
    "recado_store_standbys",
    "With PostgreSQL: connected standbys. A commit waits for the synchronous ones, so a failover to one loses nothing.",
    state=("synchronous", "asynchronous"),
)

DELTA_ROWS = gauge(
    STORE,
    "recado_store_delta_rows",
    "With PostgreSQL: additions to totals that are not added up yet; processes that write do so once a second.",
)

MISCOUNTED_ROWS = gauge(
    STORE,
    "recado_store_miscounted_rows",
    "Rows by which the counters of the queue's states were wrong. A drain counts once an hour, and sets them right.",
)

STORE_PROBLEMS = gauge(
    STORE,
    "recado_store_problems",
    "With PostgreSQL: 1 for what is wrong with the server's configuration or tables; `recado doctor` says what to do.",
    problem=(
        "full_page_writes_off",
        "connections_short",
        "tables_not_vacuumed",
        "slot_holds_back",
        "index_invalid",
        "version_old",
        "pooler_between",
    ),
)

CLOCK_OFFSET = gauge(
    PROCESS,
    "recado_store_clock_offset_seconds",
    "With PostgreSQL: how far this pod's clock is ahead of the server's, which recado uses; negative: behind.",
)

STORE_RECONNECTS = counter(
    PROCESS,
    "recado_store_reconnects_total",
    "With PostgreSQL: connections that were made again, because the server or the network had ended them.",
)

STORE_IN_DOUBT = counter(
    PROCESS,
    "recado_store_in_doubt_total",
    "With PostgreSQL: commits that were not confirmed, by what was found out afterwards; unresolved: nothing in time.",
    outcome=("committed", "not_committed", "unresolved"),
)

STORE_DEADLOCKS = counter(
    PROCESS,
    "recado_store_deadlocks_total",
    "With PostgreSQL: transactions that the server ended because of another one; recado did them again.",
)

STORE_SIZE = gauge(PROCESS, "recado_store_size_bytes", "Size of the database's files.", file=("database", "wal"))

VOLUME_FREE = gauge(PROCESS, "recado_volume_free_bytes", "Free space on the database's volume.")

VOLUME_SIZE = gauge(PROCESS, "recado_volume_size_bytes", "Size of the database's volume.")

LOOP_LAG = histogram(
    PROCESS,
    "recado_event_loop_lag_seconds",
    "Delay of a timer in the event loop, sampled four times per second.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5),
)

IN_FLIGHT = gauge(PROCESS, "recado_webhooks_in_progress", "Webhooks in progress.")

WARNINGS = counter(
    PROCESS,
    "recado_log_warnings_total",
    "Log lines of the web pod at warning or above, by level.",
    level=("warning", "error", "critical"),
)

BUILD = info(
    PROCESS,
    "recado_build_info",
    "What is running: 1, with the versions as labels.",
    version=None,
    python=None,
    sqlite=None,
)

#: Every metric, in the order of this page.
REGISTRY: tuple[Metric, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Metric))
