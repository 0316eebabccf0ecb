"""Copies of the queue: complete, checked, restorable, and never over a database that is in use."""

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import apsw
import pytest

from recado import backup
from recado.queue.errors import StoreError, StoreUnavailable
from recado.queue.model import NewMessage, State
from recado.queue.policy import RetryPolicy
from recado.queue.sqlite import SqliteRetryQueue
from recado.settings import Settings

NOW = 1_800_000_000.0


def message(number: int) -> NewMessage:
    return NewMessage(
        wamid=f"wamid.{number}",
        phone_number_id="1",
        customer=f"1:+{number}",
        phone=f"+{number}",
        user_id=None,
        text="hola",
        received_at=NOW,
        deadline_at=NOW + 86400,
    )


def fill(database: Path, numbers: range) -> None:
    """Writes messages and closes the queue."""

    async def run() -> None:
        queue = SqliteRetryQueue(database, RetryPolicy(Settings()), clock=lambda: NOW)
        await asyncio.gather(*(queue.add_message(message(n), lease=False) for n in numbers))
        await queue.close()

    asyncio.run(run())


def stored(database: Path) -> int:
    async def run() -> int:
        queue = SqliteRetryQueue(database, RetryPolicy(Settings()), clock=lambda: NOW)
        try:
            return len(await queue.list_messages([State.QUEUED], limit=1000))
        finally:
            await queue.close()

    return asyncio.run(run())


def test_a_copy_can_be_restored_elsewhere(tmp_path: Path) -> None:
    """What was in the queue when the copy was made is in the queue that is restored from it."""
    fill(tmp_path / "recado.db", range(100))
    copy = backup.back_up(tmp_path / "recado.db", tmp_path / "copies", keep=3, now=NOW)
    assert copy.path.name == "recado-20270115T080000Z.db"
    assert copy.messages == 100
    backup.restore(tmp_path / "copies", tmp_path / "elsewhere" / "recado.db", now=NOW)
    assert stored(tmp_path / "elsewhere" / "recado.db") == 100


async def test_a_copy_is_made_while_the_queue_is_written(tmp_path: Path) -> None:
    """Writers go on while a copy is made, and every message that was acknowledged before it is in it."""
    database = tmp_path / "recado.db"
    queue = SqliteRetryQueue(database, RetryPolicy(Settings()), clock=lambda: NOW)
    await asyncio.gather(*(queue.add_message(message(n), lease=False) for n in range(200)))
    copying = asyncio.create_task(asyncio.to_thread(backup.back_up, database, tmp_path / "copies", keep=1, now=NOW))
    written = 200
    while not copying.done():
        await queue.add_message(message(written), lease=False)
        written += 1
    await queue.close()
    assert 200 <= (await copying).messages <= written


def test_only_the_newest_copies_are_kept(tmp_path: Path) -> None:
    """Older copies go, newest stay, and a half-written one never counts."""
    fill(tmp_path / "recado.db", range(1))
    (tmp_path / "copies").mkdir()
    (tmp_path / "copies" / "recado-20990101T000000Z.partial").write_text("half")
    for hour in range(4):
        backup.back_up(tmp_path / "recado.db", tmp_path / "copies", keep=2, now=NOW + 3600 * hour)
    assert [path.name[16:20] for path in backup.copies(tmp_path / "copies")] == ["1000", "1100"]


def test_a_queue_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    """The first backup may start before the first web pod; without patience a missing queue is an error at once."""
    settings = Settings(database=tmp_path / "recado.db")
    with pytest.raises(StoreError, match="there is no queue"):
        backup.run_backup(settings, tmp_path / "copies", keep=1)
    fill(tmp_path / "made.db", range(3))
    late = threading.Timer(0.3, (tmp_path / "made.db").rename, (settings.database,))
    late.start()
    try:
        made = backup.run_backup(settings, tmp_path / "copies", keep=1, patience=30)
    finally:
        late.join()
    assert made.messages == 3


def test_a_database_in_use_is_not_overwritten(tmp_path: Path) -> None:
    """A restore refuses while another process has the queue open, and works once that has ended."""
    database = tmp_path / "recado.db"
    fill(database, range(5))
    backup.back_up(database, tmp_path / "copies", keep=1, now=NOW)
    fill(database, range(5, 8))
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, apsw; c = apsw.Connection(sys.argv[1]); c.execute('SELECT count(*) FROM message').get;"
            "print('open', flush=True); sys.stdin.read()",
            str(database),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout
    assert holder.stdin
    holder.stdout.readline()
    with pytest.raises(StoreError, match="in use; stop web and drain first"):
        backup.restore(tmp_path / "copies", database, now=NOW)
    ending = threading.Timer(0.3, holder.communicate)
    ending.start()
    backup.restore(tmp_path / "copies", database, now=NOW, patience=30)
    ending.join()
    assert stored(database) == 5
    assert stored(tmp_path / f"recado.db.before-{int(NOW)}") == 8


def test_a_restore_replaces_a_damaged_database_with_all_that_belongs_to_it(tmp_path: Path) -> None:
    """No WAL of the old database is ever applied to the restored one."""
    database = tmp_path / "recado.db"
    fill(database, range(5))
    backup.back_up(database, tmp_path / "copies", keep=1, now=NOW)
    database.write_bytes(b"this was a database" * 1000)
    database.with_name("recado.db-wal").write_bytes(b"old")
    backup.restore(tmp_path / "copies", database, now=NOW)
    assert stored(database) == 5


def test_a_damaged_copy_is_refused(tmp_path: Path) -> None:
    """A drill finds a copy whose pages were damaged, and a file that is no queue; nothing is restored from them."""
    database = tmp_path / "recado.db"
    fill(database, range(300))
    copy = backup.back_up(database, tmp_path / "copies", keep=1, now=NOW)
    content = bytearray(copy.path.read_bytes())
    content[8192:40960] = b"\xff" * (40960 - 8192)
    copy.path.write_bytes(content)
    with pytest.raises(StoreError, match="damaged"):
        backup.drill(tmp_path / "copies")
    copy.path.write_text("not a database")
    with pytest.raises(StoreError, match="not a queue"):
        backup.restore(copy.path, tmp_path / "new.db", now=NOW)
    assert not (tmp_path / "new.db").exists()


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    """No database, no copy, no room: one sentence each."""
    with pytest.raises(StoreError, match="there is no queue at"):
        backup.back_up(tmp_path / "none.db", tmp_path, keep=1, now=NOW)
    with pytest.raises(StoreError, match="there is no copy in"):
        backup.drill(tmp_path)
    with pytest.raises(StoreError, match="there is no copy at"):
        backup.drill(tmp_path / "none.db")
    fill(tmp_path / "recado.db", range(1))
    (tmp_path / "file").write_text("")
    with pytest.raises((StoreUnavailable, FileExistsError)):
        backup.back_up(tmp_path / "recado.db", tmp_path / "file", keep=1, now=NOW)


def test_a_copy_stands_alone(tmp_path: Path) -> None:
    """A copy is one file that opens without a WAL beside it, even from a read-only volume."""
    fill(tmp_path / "recado.db", range(3))
    copy = backup.back_up(tmp_path / "recado.db", tmp_path / "copies", keep=1, now=NOW)
    assert [path.name for path in (tmp_path / "copies").iterdir()] == [copy.path.name]
    connection = apsw.Connection(str(copy.path), flags=apsw.SQLITE_OPEN_READONLY)
    assert connection.execute("PRAGMA journal_mode").get == "delete"
    connection.close()


def test_the_commands_note_their_success_in_the_queue(tmp_path: Path) -> None:
    """When a copy and a drill last went well is in the store, from where metrics can take it."""
    settings = Settings(database=tmp_path / "recado.db")
    fill(settings.database, range(2))
    backup.run_backup(settings, tmp_path / "copies", keep=2)
    backup.run_drill(settings, tmp_path / "copies")
    queue = SqliteRetryQueue(settings.database, RetryPolicy(settings))
    instants = queue.snapshot().instants
    asyncio.run(queue.close())
    assert instants["restore_drill_succeeded_at"] >= instants["backup_succeeded_at"] > 0
    backup.run_restore(settings, tmp_path / "copies")
    assert stored(settings.database) == 2
