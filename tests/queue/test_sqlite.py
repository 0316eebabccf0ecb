"""RetryQueue on SQLite: durability, statements, and opening a file."""

import asyncio
import contextlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import pytest

from recado.queue.errors import StoreError, StoreUnavailable
from recado.queue.operations import adding, erasing
from recado.queue.people import Traces
from recado.queue.sqlite import SqliteRetryQueue, database
from recado.queue.sqlite.database import open_database
from recado.queue.statements import Statements
from recado.runtime import retry_policy
from recado.settings import load
from recado.whatsapp.content import Text
from tests.clock import FakeClock
from tests.queue.conformance_erasure import ALL, PHONE, written
from tests.queue.replies import DELIVERED, REJECTED, UNLIMITED, add_leased, new_reply
from tests.queue.stores import OpenQueue, files_of, sqlite_store


@pytest.fixture
def open_queue(tmp_path: Path, clock: FakeClock) -> Iterator[OpenQueue]:
    with sqlite_store(tmp_path, clock) as open_:
        yield open_


#: Statements that may read a whole table: those of operators, of once an hour, and for a clock that was ahead.
RARE = {"clear", "forget_customers", "stale_customers", "recount", "put_counts", "repair_keys"}


def test_no_hot_statement_walks_through_a_table(tmp_path: Path) -> None:
    """Statements for every message or drain use an index."""
    connection = open_database(tmp_path / "recado.db")
    walks = {
        name
        for name, sql in database.load_queries().items()
        for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {sql}", [None] * len({*re.findall(r"\?\d+", sql)}))
        if re.match(r"SCAN (entry|m|e|f|customer|c|seen_message|identity|quote|q|shop_order|o)\b", step)
    }
    connection.close()

    assert walks == RARE


class TestDurability:
    """200 means durable."""

    async def test_what_is_erased_is_in_no_file(
        self, open_queue: Callable[..., SqliteRetryQueue], clock: FakeClock, tmp_path: Path
    ) -> None:
        """Neither in the database's free pages nor in its write-ahead log, while another process has it open."""
        web, operator = open_queue(), open_queue()
        text = "a reply to somebody who wants to be forgotten " * 88
        message = await add_leased(web, new_reply(1, clock, content=Text(text)))
        await web.update_message_attempt(message, REJECTED)
        assert b"wants to be forgotten" in b"".join(path.read_bytes() for path in tmp_path.iterdir())

        assert await operator.remove([message.id]) == 1
        assert b"wants to be forgotten" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
        assert (tmp_path / "recado.db-wal").stat().st_size == 0

    async def test_an_erase_that_leaves_something_behind_says_so(
        self,
        open_queue: Callable[..., SqliteRetryQueue],
        clock: FakeClock,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """During a read the write-ahead log cannot be emptied; the next erase empties it."""
        monkeypatch.setattr(database, "BUSY_TIMEOUT_SECONDS", 0.05)
        queue = open_queue()
        message = await add_leased(queue, new_reply(1, clock))
        await queue.update_message_attempt(message, REJECTED)
        reader = open_database(tmp_path / "recado.db", read_only=True)
        reader.execute("BEGIN; SELECT count(*) FROM entry").get  # noqa: B018 - the read starts the transaction
        with pytest.raises(StoreUnavailable, match="run the erase again"):
            await queue.remove([message.id])
        reader.close()
        assert await queue.clear() == 0
        assert (tmp_path / "recado.db-wal").stat().st_size == 0

    @pytest.mark.parametrize("loss", ["deleted", "replaced"])
    async def test_a_file_that_is_lost_takes_no_more_messages(
        self, open_queue: Callable[..., SqliteRetryQueue], clock: FakeClock, loss: str
    ) -> None:
        """SQLite would keep writing to a deleted file, so neither writes nor reads succeed."""
        queue = open_queue()
        await queue.add_message(new_reply(1, clock), lease=False)
        file = queue.database.path
        file.rename(file.with_name("elsewhere.db"))
        if loss == "replaced":
            file.write_bytes(b"")

        with pytest.raises(StoreUnavailable):
            await queue.add_message(new_reply(2, clock), lease=False)
        with pytest.raises(StoreUnavailable):
            await queue.status()

    async def test_a_damaged_file_is_unavailable(
        self, open_queue: Callable[..., SqliteRetryQueue], clock: FakeClock
    ) -> None:
        """It counts as a failure of the disk, not as a bug."""
        queue = open_queue()
        await queue.add_message(new_reply(1, clock), lease=False)
        file = queue.database.path
        with contextlib.closing(apsw.Connection(str(file))) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        whole = file.read_bytes()
        file.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))

        with pytest.raises(StoreUnavailable, match="malformed"):
            open_queue()

    async def test_a_full_disk_loses_nothing_and_recovers(
        self, open_queue: Callable[..., SqliteRetryQueue], clock: FakeClock
    ) -> None:
        """While the disk is full each operation fails; when there is space again, the queue works."""
        queue = open_queue()
        await queue.add_message(new_reply(1, clock), lease=False)
        connection = queue.database.writer
        pages = connection.execute("PRAGMA page_count").get
        connection.execute(f"PRAGMA max_page_count = {pages}")
        refused = 0
        for n in range(2, 40):
            try:
                await queue.add_message(new_reply(n, clock, content=Text("x" * 4000)), lease=False)
            except StoreUnavailable:
                refused += 1
        stored = (await queue.status()).queue_size
        connection.execute("PRAGMA max_page_count = 1000000")
        added = await queue.add_message(new_reply(39, clock), lease=False)

        assert refused > 0
        assert stored == 39 - refused
        assert not added.duplicate

    async def test_a_lock_held_by_somebody_else_is_unavailable(
        self,
        open_queue: Callable[..., SqliteRetryQueue],
        clock: FakeClock,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """If another process keeps the lock, the operation fails after the time-out."""
        monkeypatch.setattr(database, "BUSY_TIMEOUT_SECONDS", 0.05)
        queue = open_queue()
        other = apsw.Connection(str(tmp_path / "recado.db"))
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable):
            await queue.add_message(new_reply(1, clock), lease=False)
        other.execute("ROLLBACK")

        assert not (await queue.add_message(new_reply(1, clock), lease=False)).duplicate

    async def test_one_bad_operation_does_not_hurt_its_neighbours(
        self, open_queue: Callable[..., SqliteRetryQueue], clock: FakeClock
    ) -> None:
        """In one group commit, only the impossible message fails."""
        queue = open_queue()
        bad = new_reply(2, clock, phone=None, user_id=None)
        results = await asyncio.gather(
            queue.add_message(new_reply(1, clock), lease=False),
            queue.add_message(bad, lease=False),
            queue.add_message(new_reply(3, clock), lease=False),
            return_exceptions=True,
        )

        assert [isinstance(r, Exception) for r in results] == [False, True, False]
        assert (await queue.status()).queue_size == 2

    async def test_web_and_drain_both_progress_under_full_load(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Two writers without pause share the lock: of 4,000 messages, the slower writes at least a fifth."""
        queues, messages = [open_queue(**UNLIMITED), open_queue(**UNLIMITED)], [0, 0]

        async def write(which: int) -> None:
            while sum(messages) < 4_000:
                messages[which] += 1
                message = new_reply(which * 10_000 + messages[which], clock)
                await queues[which].update_message_attempt(await add_leased(queues[which], message), DELIVERED)

        await asyncio.gather(*(write(which) for which in (0, 1) for _ in range(20)))

        assert min(messages) >= 800


class TestOpening:
    """A store that could corrupt or lose data is not opened."""

    def test_the_bundled_sqlite_is_safe(self) -> None:
        """APSW's own SQLite is free of the WAL-reset bug."""
        database.refuse_bad_sqlite(apsw.sqlite_lib_version())

    @pytest.mark.parametrize("version", ["3.7.0", "3.40.1", "3.44.5", "3.46.1", "3.50.6", "3.51.2"])
    def test_a_sqlite_with_the_wal_reset_bug_is_refused(self, version: str) -> None:
        """Web and drain are the two writers that it corrupts."""
        with pytest.raises(StoreError, match="corrupt"):
            database.refuse_bad_sqlite(version)

    @pytest.mark.parametrize("version", ["3.51.3", "3.52.0", "4.0.0"])
    def test_a_mended_sqlite_is_accepted(self, version: str) -> None:
        """From 3.51.3 on."""
        database.refuse_bad_sqlite(version)

    @pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs", "9p"])
    def test_a_network_file_system_is_refused(self, tmp_path: Path, kind: str) -> None:
        """WAL is not safe where memory is not shared; the innermost mount counts."""
        mounts = tmp_path / "mounts"
        mounts.write_text(f"/dev/vda / ext4 rw 0 0\nserver:/x {tmp_path} {kind} rw 0 0\n")
        with pytest.raises(StoreError, match=kind):
            database.refuse_network_file_system(tmp_path / "data", mounts)

    def test_a_disk_inside_a_network_file_system_is_accepted(self, tmp_path: Path) -> None:
        """Only the mount that holds the folder matters."""
        mounts = tmp_path / "mounts"
        mounts.write_text(f"server:/x / nfs4 rw 0 0\n/dev/sdb {tmp_path} ext4 rw 0 0\n")
        database.refuse_network_file_system(tmp_path / "data", mounts)

    def test_a_file_that_is_no_database_is_refused(self, tmp_path: Path) -> None:
        """It stays unchanged."""
        file = tmp_path / "recado.db"
        file.write_text("this is a shopping list, not a database" * 100)
        with pytest.raises(StoreError, match="not a SQLite database"):
            open_database(file)

        assert file.read_text().startswith("this is a shopping list")

    @pytest.mark.parametrize(
        "statement",
        [
            "PRAGMA application_id = 7",
            "PRAGMA user_version = 2; CREATE TABLE message (id INTEGER)",
            "CREATE TABLE total (n INTEGER)",
        ],
    )
    def test_another_applications_database_is_refused(self, tmp_path: Path, statement: str) -> None:
        """It stays unchanged, byte for byte."""
        file = tmp_path / "recado.db"
        connection = apsw.Connection(str(file))
        connection.execute(statement)
        connection.close()
        before = file.read_bytes()
        with pytest.raises(StoreError, match="of another application"):
            open_database(file)

        assert file.read_bytes() == before

    def test_a_folder_that_cannot_be_written_is_unavailable(self) -> None:
        """The error is StoreUnavailable."""
        with pytest.raises(StoreUnavailable):
            open_database(Path("/proc/recado.db"))

    async def test_an_older_pod_works_on_a_newer_schema(self, tmp_path: Path) -> None:
        """During a rolling update the new pod migrates first; migrations only add."""
        path = tmp_path / "recado.db"
        connection = open_database(path)
        connection.execute(
            "ALTER TABLE entry ADD COLUMN later TEXT NOT NULL DEFAULT ''; CREATE TABLE later (id INTEGER)"
        )
        connection.execute("PRAGMA user_version = 99")
        connection.close()
        clock = FakeClock()
        queue = SqliteRetryQueue(path, retry_policy(load(UNLIMITED)), clock=clock)
        await queue.update_message_attempt(await add_leased(queue, new_reply(1, clock)), DELIVERED)
        await queue.add_message(new_reply(2, clock), lease=False)
        rows, size = queue.snapshot().rows, (await queue.status()).queue_size
        await queue.close()

        assert (rows["delivered"], size) == (1, 1)

    def test_commits_are_on_disk(self, tmp_path: Path) -> None:
        """WAL with synchronous=FULL."""
        connection = open_database(tmp_path / "recado.db")

        assert connection.execute("PRAGMA journal_mode").get == "wal"
        assert connection.execute("PRAGMA synchronous").get == 2


async def test_a_message_in_the_same_commit_goes_too(
    open_queue: Callable[..., SqliteRetryQueue], clock: FakeClock, tmp_path: Path
) -> None:
    """An erasure in the commit of a customer's message deletes the message's event, too, which is written last."""
    queue = open_queue(ALL)

    def work(found: Statements) -> None:
        transaction = queue._begin(found)
        adding.add(transaction, [adding.AddRequest(written(1, clock, PHONE), lease=False)])
        traces = Traces(names={PHONE})
        while erasing.erase(transaction, [traces]) == [None]:
            pass
        transaction.finish()

    queue.database.write(work)
    events = await queue.events.after(0, limit=10)
    await queue.erase_customer(PHONE)  # empties the write-ahead log

    assert [event.kind for event in events] == ["customer.erased"]
    assert PHONE[1:].encode() not in files_of(tmp_path)
