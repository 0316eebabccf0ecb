"""Runtime: are the process, the store and the door in order?"""

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
    description="Are the process, the store and the door in order?",
    rows=(
        Row(
            "What runs, and since when?",
            (
                Panel(
                    title="Versions",
                    description=(
                        "Versions in use. The SQLite must be 3.51.3 or later: earlier ones can corrupt a file that "
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
                    title="Running since",
                    description="Time since each web pod began.",
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
                    description="Log lines of the web pods that an operator should look at, in 15 minutes.",
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
            "Has it room to breathe?",
            (
                Panel(
                    title="CPU",
                    description="Cores in use by each web pod.",
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
                    description="How late the event loop was for a timer. Above 50 ms webhooks feel it.",
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
                    description=(
                        "Webhooks being handled at once (1,000 at most, then 503), and open file descriptors."
                    ),
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
                    title="Time of a write transaction",
                    description="From its begin to its commit on disk, waiting for the lock included.",
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
                    description="Commits a second, and operations that shared them (group commit).",
                    unit="ops",
                    queries=(
                        Query(Q.rate(metrics.STORE_DURATION, INTERVAL), "transactions"),
                        Query(Q.rate(metrics.STORE_BATCH, INTERVAL, part="sum"), "operations"),
                    ),
                    runbook="RecadoStoreBusy",
                ),
                Panel(
                    title="Transactions failed",
                    bad=True,
                    description=(
                        "In 15 minutes, by cause. `busy`: the lock was not free in time; `full`: no space left."
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
                    description="Free share of the volume that the database is on.",
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
                    title="Size of the files",
                    description="The database and its write-ahead log.",
                    unit="bytes",
                    width=6,
                    shape=Shape.STACKED,
                    queries=(Query(Q.gauge(metrics.STORE_SIZE, by=("file",), merge="max"), "{{file}}"),),
                    runbook="RecadoVolumeFilling",
                ),
                Panel(
                    title="Age of the last backup",
                    description="Since a backup was made, and since one was restored on trial; empty without backups.",
                    unit="s",
                    width=6,
                    queries=(
                        Query(f"time() - {Q.gauge(metrics.BACKUP_LAST_SUCCESS)}", "made"),
                        Query(f"time() - {Q.gauge(metrics.RESTORE_DRILL_LAST_SUCCESS)}", "restored on trial"),
                    ),
                    steps=above((BACKUP_LATE_SECONDS, RED)),
                    runbook="RecadoBackupStale",
                ),
                Panel(
                    title="Store readable",
                    description="1 when the last scrape could read the store; at 0 the totals are missing.",
                    unit="none",
                    shape=Shape.STAT,
                    width=6,
                    maximum=1,
                    queries=(Query(Q.gauge(metrics.STORE_READABLE, merge="min"), "readable"),),
                    steps=below((1, "green")),
                    runbook="RecadoStoreFailing",
                    logs="store.unreadable",
                ),
            ),
        ),
        Row(
            "Who is at the door?",
            (
                Panel(
                    title="Signatures refused",
                    bad=True,
                    description="Webhooks a second whose signature is missing, malformed or wrong.",
                    unit="reqps",
                    width=6,
                    shape=Shape.STACKED,
                    queries=(Query(Q.rate(metrics.SIGNATURE_FAILURES, INTERVAL, by=("reason",)), "{{reason}}"),),
                    runbook="RecadoSignatureFailures",
                    logs="webhook.handled",
                ),
                Panel(
                    title="Limits hit",
                    bad=True,
                    description=(
                        "In 15 minutes: addresses with too many wrong signatures, customers with too many messages."
                    ),
                    unit="none",
                    width=6,
                    queries=(Query(Q.increase(metrics.RATE_LIMITED, "15m", by=("kind",)), "{{kind}}"),),
                    runbook="RecadoSignatureFailures",
                ),
                Panel(
                    title="Handshakes, admin refusals",
                    description=(
                        "In an hour: handshakes with Meta's dashboard by outcome, and admin requests without the token."
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
                    title="Parts of webhooks ignored",
                    description=(
                        "In 15 minutes: fields that are none of ours, and shapes that could not be read. A new kind "
                        "of Meta's shows here first."
                    ),
                    unit="none",
                    width=6,
                    shape=Shape.STACKED,
                    queries=(Query(Q.increase(metrics.IGNORED, "15m", by=("part",)), "{{part}}"),),
                    logs="webhook.handled",
                ),
                Panel(
                    title="Size of webhooks",
                    description="Bytes of authentic webhooks; 3 MB is the limit.",
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
