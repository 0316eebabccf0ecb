"""Runtime: are the process, the store and incoming traffic healthy?"""

from dashboards.boards import uids
from dashboards.model import ORANGE, RED, YELLOW, Board, Panel, Query, Row, Shape, above, below
from dashboards.queries import BOARD as Q
from dashboards.queries import INTERVAL
from recado.queue.sqlite.backup import BACKUP_LATE_SECONDS
from recado.telemetry import metrics

_FREE = Q.gauge(metrics.VOLUME_FREE, merge="min")
_SIZE = Q.gauge(metrics.VOLUME_SIZE, merge="min")

BOARD = Board(
    uid=uids.RUNTIME,
    title="recado / Runtime",
    description="Are the process, the store and incoming traffic healthy?",
    rows=(
        Row(
            "Which versions run, and since when?",
            (
                Panel(
                    title="Versions",
                    description=(
                        "Versions in use. SQLite must be 3.51.3 or later: earlier versions can corrupt a file that "
                        "two processes write."
                    ),
                    unit="none",
                    shape=Shape.TABLE,
                    width=8,
                    height=6,
                    queries=(
                        Query(f"count by (version, python, sqlite) ({Q.select(metrics.BUILD.name)})", "{{version}}"),
                    ),
                    runbook="RecadoDown",
                ),
                Panel(
                    title="Uptime",
                    description="Time since each web pod started.",
                    unit="s",
                    width=8,
                    height=6,
                    queries=(
                        Query(
                            f"time() - {Q.select('process_start_time_seconds')}"
                            f" and on (namespace, job, instance) {Q.select(metrics.BUILD.name)}",
                            "{{instance}}",
                        ),
                    ),
                    runbook="RecadoCrashLooping",
                ),
                Panel(
                    title="Warnings and errors logged",
                    bad=True,
                    description="Log lines of the web pods at level warning or above, in 15 minutes.",
                    unit="none",
                    width=8,
                    height=6,
                    shape=Shape.STACKED,
                    queries=(Query(Q.increase(metrics.WARNINGS, "15m", by=("level",)), "{{level}}"),),
                    logs=".+",
                ),
            ),
        ),
        Row(
            "Are there enough resources?",
            (
                Panel(
                    title="CPU",
                    description="Cores that each web pod uses.",
                    unit="none",
                    width=6,
                    decimals=2,
                    queries=(Query(f"rate({Q.select('process_cpu_seconds_total')}[{INTERVAL}])", "{{instance}}"),),
                    board=uids.OVERVIEW,
                ),
                Panel(
                    title="Memory",
                    description="Resident memory of each web pod.",
                    unit="bytes",
                    width=6,
                    queries=(Query(Q.select("process_resident_memory_bytes"), "{{instance}}"),),
                    board=uids.OVERVIEW,
                ),
                Panel(
                    title="Event loop lag",
                    description=(
                        "Delay between the time a timer was due and the time it ran. Above 50 ms webhooks are slower."
                    ),
                    unit="s",
                    width=6,
                    queries=tuple(
                        Query(Q.quantile(q, metrics.LOOP_LAG, INTERVAL), f"p{q * 100:g}") for q in (0.5, 0.99)
                    ),
                    steps=above((0.05, YELLOW), (0.25, ORANGE)),
                    runbook="RecadoWebhookLatencyBurn",
                ),
                Panel(
                    title="Webhooks in progress, open files",
                    description="Webhooks in progress (above 1,000 recado responds 503), and open file descriptors.",
                    unit="none",
                    width=6,
                    queries=(
                        Query(Q.gauge(metrics.IN_FLIGHT), "webhooks"),
                        Query(f"max({Q.select('process_open_fds')})", "open files"),
                    ),
                    steps=above((1000, RED)),
                    runbook="RecadoWebhookRefusalBurn",
                ),
            ),
        ),
        Row(
            "Is the store healthy?",
            (
                Panel(
                    title="Duration of write transactions",
                    description="From begin to commit on disk, including the wait for the lock.",
                    unit="s",
                    queries=tuple(
                        Query(Q.quantile(q, metrics.STORE_DURATION, INTERVAL), f"p{q * 100:g}")
                        for q in (0.5, 0.95, 0.99)
                    ),
                    steps=above((0.1, YELLOW), (0.5, RED)),
                    runbook="RecadoStoreBusy",
                ),
                Panel(
                    title="Transactions and operations",
                    description="Commits per second, and the operations in them (group commit).",
                    unit="ops",
                    queries=(
                        Query(Q.rate(metrics.STORE_DURATION, INTERVAL), "transactions"),
                        Query(Q.rate(metrics.STORE_BATCH, INTERVAL, part="sum"), "operations"),
                    ),
                    runbook="RecadoStoreBusy",
                ),
                Panel(
                    title="Failed transactions",
                    bad=True,
                    description=(
                        "Failed transactions in 15 minutes, by cause. `busy`: the lock timed out; `full`: the disk "
                        "is full."
                    ),
                    unit="none",
                    shape=Shape.STACKED,
                    queries=(Query(Q.increase(metrics.STORE_ERRORS, "15m", by=("cause",)), "{{cause}}"),),
                    steps=above((1, RED)),
                    runbook="RecadoStoreFailing",
                    logs="store.unavailable",
                ),
                Panel(
                    title="Volume free",
                    description="Free share of the database's volume.",
                    unit="percentunit",
                    width=6,
                    maximum=1,
                    queries=(
                        Query(
                            f"{_FREE} / {_SIZE}",
                            "free",
                        ),
                    ),
                    steps=below((0.03, ORANGE), (0.15, "green")),
                    runbook="RecadoVolumeFilling",
                ),
                Panel(
                    title="Size of the database",
                    description="Size of the database and of its write-ahead log.",
                    unit="bytes",
                    width=6,
                    shape=Shape.STACKED,
                    queries=(Query(Q.gauge(metrics.STORE_SIZE, by=("file",), merge="max"), "{{file}}"),),
                    runbook="RecadoVolumeFilling",
                ),
                Panel(
                    title="Age of the last backup",
                    description=(
                        "Time since the last backup, and since the last successful restore drill. Empty without "
                        "backups."
                    ),
                    unit="s",
                    width=6,
                    queries=(
                        Query(f"time() - {Q.gauge(metrics.BACKUP_LAST_SUCCESS)}", "made"),
                        Query(f"time() - {Q.gauge(metrics.RESTORE_DRILL_LAST_SUCCESS)}", "restore drill"),
                    ),
                    steps=above((BACKUP_LATE_SECONDS, RED)),
                    runbook="RecadoBackupStale",
                ),
                Panel(
                    title="Store readable",
                    description="1 if the last scrape could read the store. At 0 the scrape lacks the durable totals.",
                    unit="none",
                    shape=Shape.STAT,
                    width=6,
                    maximum=1,
                    queries=(Query(Q.gauge(metrics.STORE_READABLE, merge="min"), "readable"),),
                    steps=below((1, "green")),
                    runbook="RecadoStoreFailing",
                    logs="store.unreadable",
                ),
                Panel(
                    title="Dead rows",
                    description=(
                        "With PostgreSQL: rows that were updated or deleted and are not vacuumed yet. They slow down "
                        "every statement. Empty with SQLite."
                    ),
                    unit="none",
                    width=6,
                    queries=(Query(Q.gauge(metrics.DEAD_ROWS), "rows"),),
                    steps=above((100_000, ORANGE)),
                    runbook="RecadoVacuumBlocked",
                ),
                Panel(
                    title="Oldest snapshot",
                    description=(
                        "With PostgreSQL: age of the oldest transaction in the database, of recado or of anybody else. "
                        "While it lasts, no vacuum removes newer dead rows. Empty with SQLite."
                    ),
                    unit="s",
                    width=6,
                    queries=(Query(Q.gauge(metrics.OLDEST_SNAPSHOT), "age"),),
                    steps=above((900, ORANGE)),
                    runbook="RecadoVacuumBlocked",
                ),
                Panel(
                    title="Standbys",
                    description=(
                        "With PostgreSQL: connected standbys. With a synchronous one a failover loses nothing that was "
                        "acknowledged. Empty with SQLite."
                    ),
                    unit="none",
                    width=6,
                    queries=(Query(Q.gauge(metrics.STANDBYS, by=("state",)), "{{state}}"),),
                    runbook="RecadoStandbyLost",
                ),
                Panel(
                    title="Rows counted wrongly",
                    bad=True,
                    description=(
                        "Rows by which the counters of the queue's states were wrong at the last recount. Once an hour "
                        "a drain counts the rows and sets the counters right: anything but 0 is a defect of recado's."
                    ),
                    unit="none",
                    width=6,
                    queries=(Query(Q.gauge(metrics.MISCOUNTED_ROWS), "rows"),),
                    steps=above((1, ORANGE)),
                    runbook="RecadoStoreFailing",
                ),
                Panel(
                    title="Connections and commits in trouble",
                    bad=True,
                    description=(
                        "With PostgreSQL, per second: connections that were made again, transactions that were done "
                        "again after a deadlock, and commits that the server did not confirm, by what it said later. "
                        "Unresolved: the webhook got 503, and Meta delivers it again."
                    ),
                    unit="ops",
                    width=6,
                    queries=(
                        Query(Q.rate(metrics.STORE_RECONNECTS, INTERVAL), "reconnects"),
                        Query(Q.rate(metrics.STORE_DEADLOCKS, INTERVAL), "deadlocks"),
                        Query(Q.rate(metrics.STORE_IN_DOUBT, INTERVAL, by=("outcome",)), "in doubt: {{outcome}}"),
                    ),
                    runbook="RecadoStoreInDoubt",
                ),
                Panel(
                    title="Totals to add up",
                    description=(
                        "With PostgreSQL: rows by which transactions add to the durable totals. Processes that write "
                        "add them up once a second. Empty with SQLite."
                    ),
                    unit="none",
                    width=6,
                    queries=(Query(Q.gauge(metrics.DELTA_ROWS), "rows"),),
                    runbook="RecadoStoreBusy",
                ),
                Panel(
                    title="Problems of the server",
                    bad=True,
                    description=(
                        "With PostgreSQL: 1 for what `recado doctor` warns about: full_page_writes off, connections "
                        "short, tables not vacuumed, a replication slot that nobody reads, an invalid index, an old "
                        "version, a pooler in between. Empty with SQLite."
                    ),
                    unit="none",
                    width=6,
                    queries=(Query(Q.gauge(metrics.STORE_PROBLEMS, by=("problem",)), "{{problem}}"),),
                    runbook="RecadoStoreBusy",
                ),
                Panel(
                    title="Clock offset",
                    description=(
                        "With PostgreSQL: how far each pod's clock is ahead of the server's. recado uses the server's "
                        "clock; logs and traces have the pod's. Empty with SQLite."
                    ),
                    unit="s",
                    width=6,
                    queries=(Query(Q.gauge(metrics.CLOCK_OFFSET, by=("instance",), merge="max"), "{{instance}}"),),
                    steps=above((5, ORANGE)),
                    runbook="RecadoClockOffset",
                ),
            ),
        ),
        Row(
            "Is the incoming traffic genuine?",
            (
                Panel(
                    title="Rejected signatures",
                    bad=True,
                    description="Webhooks per second with a missing, malformed or wrong signature.",
                    unit="reqps",
                    width=6,
                    shape=Shape.STACKED,
                    queries=(Query(Q.rate(metrics.SIGNATURE_FAILURES, INTERVAL, by=("reason",)), "{{reason}}"),),
                    runbook="RecadoSignatureFailures",
                    logs="webhook.handled",
                ),
                Panel(
                    title="Rate limits exceeded",
                    bad=True,
                    description=(
                        "In 15 minutes: requests from addresses over the limit for wrong signatures, and messages "
                        "from customers over their limit."
                    ),
                    unit="none",
                    width=6,
                    queries=(Query(Q.increase(metrics.RATE_LIMITED, "15m", by=("kind",)), "{{kind}}"),),
                    runbook="RecadoSignatureFailures",
                ),
                Panel(
                    title="Handshakes and rejected admin requests",
                    description=(
                        "In an hour: handshakes with Meta's dashboard by outcome, and admin requests without the "
                        "right token."
                    ),
                    unit="none",
                    width=6,
                    queries=(
                        Query(Q.increase(metrics.HANDSHAKES, "1h", by=("outcome",)), "handshake {{outcome}}"),
                        Query(Q.increase(metrics.ADMIN_REFUSALS, "1h"), "admin refused"),
                    ),
                    logs="handshake.refused",
                ),
                Panel(
                    title="Ignored parts of webhooks",
                    description=(
                        "In 15 minutes: fields that recado does not use, and parts that it cannot read. New kinds "
                        "of updates from Meta appear here first."
                    ),
                    unit="none",
                    width=6,
                    shape=Shape.STACKED,
                    queries=(Query(Q.increase(metrics.IGNORED, "15m", by=("part",)), "{{part}}"),),
                    logs="webhook.handled",
                ),
                Panel(
                    title="Size of webhooks",
                    description="Body size of authentic webhooks. The limit is 3 MB.",
                    unit="bytes",
                    width=24,
                    height=6,
                    queries=tuple(
                        Query(Q.quantile(q, metrics.PAYLOAD_BYTES, INTERVAL), f"p{q * 100:g}") for q in (0.5, 0.99)
                    ),
                    board=uids.OVERVIEW,
                ),
            ),
        ),
    ),
)
