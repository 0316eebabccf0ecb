"""The doctor's checks of a queue in PostgreSQL, based on the web pod's metrics about the server."""

from collections.abc import Iterator

from recado.cluster.doctor import Finding, Installation, fault, ok, warning
from recado.telemetry import metrics

#: An older snapshot blocks vacuums. It matters once this many rows wait for a vacuum.
OLD_SNAPSHOT_SECONDS = 900.0
MANY_DEAD_ROWS = 100_000.0
#: How much a pod's clock may differ from the database's: logs and traces still show the order of events.
CLOCK_OFFSET_SECONDS = 5.0
#: A busy server has a few thousand additions to totals at a time. A scrape reads all of them.
MANY_DELTA_ROWS = 50_000.0
#: Problems that the server's own tables show: the finding, and what to do.
PROBLEMS: dict[str, tuple[str, str]] = {
    "full_page_writes_off": (
        "full_page_writes is off: a crash can leave pages that are half written",
        "ALTER SYSTEM SET full_page_writes = on; SELECT pg_reload_conf()",
    ),
    "connections_short": (
        "more than nine tenths of the server's connections are in use",
        "raise max_connections (3 for each pod, twice that during an upgrade), or use fewer pods",
    ),
    "tables_not_vacuumed": (
        "autovacuum is off, or a table with many dead rows was not vacuumed for a day",
        "ALTER SYSTEM SET autovacuum = on; SELECT pg_reload_conf(); then VACUUM ANALYZE",
    ),
    "slot_holds_back": (
        "a replication slot that nobody reads keeps the server's log, until its disk is full",
        "SELECT slot_name, wal_status FROM pg_replication_slots WHERE NOT active; pg_drop_replication_slot drops one",
    ),
    "index_invalid": (
        "an index of recado's is invalid: statements that need it are slow",
        "SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid; then REINDEX INDEX CONCURRENTLY",
    ),
    "version_old": ("the server is older than PostgreSQL 15", "upgrade it: recado is tested on 15 and later"),
    "pooler_between": (
        "a pooler is in between: recado keeps no prepared statements, and each costs the server more",
        "connect to the server directly if you can: docs/operations.md, PgBouncer",
    ),
}


def database(installation: Installation) -> Iterator[Finding]:
    """Checks that the database can be used, keeps acknowledged messages in a failover, and is vacuumed."""
    if installation.claim_name is not None or not installation.metrics:
        return
    found = installation.metrics
    if found.get(metrics.STORE_READABLE.name) == 0:
        fix = installation.kubectl(f"logs -l {installation.selector('web')} --tail=20")
        yield fault("database", "the web pod cannot read the database", fix)
        return
    if found.get(f'{metrics.STANDBYS.name}{{state="synchronous"}}'):
        yield ok("database", "a synchronous standby has what was acknowledged")
    else:
        yield warning(
            "database",
            "no synchronous standby can be seen: a failover can lose what was acknowledged",
            "set synchronous_standby_names, or grant pg_monitor to recado's role if it is set",
        )
    offset = found.get(metrics.CLOCK_OFFSET.name, 0.0)
    if abs(offset) > CLOCK_OFFSET_SECONDS:
        yield warning(
            "database",
            f"the web pod's clock is {abs(offset):.0f} s {'ahead of' if offset > 0 else 'behind'} the database's",
            "repair time synchronisation on the one that is wrong: compare both with `date -u`",
        )
    for problem, (text, fix) in PROBLEMS.items():
        if found.get(f'{metrics.STORE_PROBLEMS.name}{{problem="{problem}"}}'):
            yield warning("database", text, fix)
    snapshot, dead = found.get(metrics.OLDEST_SNAPSHOT.name, 0.0), found.get(metrics.DEAD_ROWS.name, 0.0)
    if snapshot > OLD_SNAPSHOT_SECONDS and dead > MANY_DEAD_ROWS:
        yield warning(
            "database",
            f"a transaction of {snapshot / 60:.0f} minutes keeps {dead:,.0f} dead rows from being vacuumed",
            "end it: SELECT pid, usename, query FROM pg_stat_activity ORDER BY xact_start",
        )
    deltas = found.get(metrics.DELTA_ROWS.name, 0.0)
    if deltas > MANY_DELTA_ROWS:
        yield warning(
            "database",
            f"{deltas:,.0f} additions to totals are not added up: each scrape reads all of them",
            "look for a session that holds recado's lock: SELECT pid, query FROM pg_stat_activity JOIN pg_locks "
            "USING (pid) WHERE locktype = 'advisory'",
        )


def counters(installation: Installation) -> Iterator[Finding]:
    """The counters of the queue's states, in either store, agreed with the rows when they were last compared."""
    if miscounted := installation.metrics.get(metrics.MISCOUNTED_ROWS.name):
        yield warning(
            "database",
            f"the counters of the queue's states were wrong by {miscounted:,.0f} rows; a drain has set them right",
            "report it as a defect of recado's, unless somebody has changed the tables by hand",
        )
