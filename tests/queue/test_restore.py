"""Restores of backups: complete, never over a database that is in use, and harmless if they are killed."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import apsw
import pytest

from recado.queue.errors import StoreError, StoreUnavailable
from recado.queue.sqlite import SqliteRetryQueue, backup
from recado.queue.sqlite import database as sqlite_database
from recado.runtime import retry_policy
from recado.settings import Settings
from recado.telemetry.totals import Key
from tests.queue.copies import NOW, fill, integrity, stored

ROOT = Path(__file__).resolve().parents[2]


@contextlib.contextmanager
def held(database: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that keeps the database open until its input ends."""
    program = (
        "import sys, apsw; c = apsw.Connection(sys.argv[1]); c.execute('SELECT count(*) FROM entry').get;"
        "print('open', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        holder.stdout.readline()
        yield holder


class Moment(NamedTuple):
    """When a file beside the database has so many bytes."""

    suffix: str
    size: int


class Old:
    """A queue of eight messages, and a copy with five; both are larger than SQLite's cache, so that a restore writes
    while it goes on."""

    SIZE = 6_000_000
    PREPARING = Moment(".restoring", 0)
    SETTING_ASIDE = Moment(".before-*", 1)
    #: The overwriting of a damaged database, which is smaller, has begun.
    OVERWRITING = Moment("", 100_000)

    def __init__(self, folder: Path) -> None:
        self.database = folder / "recado.db"
        self.copies = folder / "copies"
        fill(self.database, range(5))
        connection = apsw.Connection(str(self.database))
        connection.execute(f"CREATE TABLE ballast AS SELECT randomblob({self.SIZE}) AS b")
        connection.close()
        backup.back_up(self.database, self.copies, keep=1, now=NOW)
        fill(self.database, range(5, 8))
        self.inode = self.database.stat().st_ino

    @classmethod
    def replacing(cls, share: float) -> Moment:
        """When this share of the old content is in the journal."""
        return Moment("-journal", max(1, int(share * cls.SIZE)))

    @contextlib.contextmanager
    def restoring(self, number: signal.Signals, at: Moment) -> Iterator[subprocess.Popen[str]]:
        """`recado restore`, which has got the signal at that moment."""
        moment = (number.name, f"{self.database}{at.suffix}", str(at.size))
        command = [sys.executable, "-m", "tests.interrupted", *moment, "restore", str(self.copies)]
        environment = {**os.environ, "RECADO_DATABASE": str(self.database)}
        with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as process:
            os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
            assert process.poll() in (None, -number), process.communicate()
            try:
                yield process
            finally:
                process.kill()


@pytest.fixture
def old(tmp_path: Path) -> Old:
    return Old(tmp_path)


def test_a_copy_can_be_restored_elsewhere(tmp_path: Path) -> None:
    """The restored queue has the content of the queue at the time of the copy."""
    fill(tmp_path / "recado.db", range(100))
    copy = backup.back_up(tmp_path / "recado.db", tmp_path / "copies", keep=3, now=NOW)
    assert copy.path.name == "recado-000001-20270115T080000Z.db"
    assert copy.messages == 100
    backup.restore(tmp_path / "copies", tmp_path / "elsewhere" / "recado.db", now=NOW)
    assert stored(tmp_path / "elsewhere" / "recado.db") == 100


def counted(database: Path) -> dict[Key, float]:
    queue = SqliteRetryQueue(database, retry_policy(Settings()), clock=lambda: NOW)
    try:
        return dict(queue.snapshot().totals)
    finally:
        asyncio.run(queue.close())


def test_a_restore_takes_no_total_back(old: Old) -> None:
    """Otherwise Prometheus would consider the counter reset, and add all of it again."""
    before = counted(old.database)
    backup.restore(old.copies, old.database, now=NOW)
    assert stored(old.database) == 5
    assert counted(old.database) == before


def test_a_restore_into_an_empty_volume_brings_the_totals_of_the_copy(tmp_path: Path) -> None:
    fill(tmp_path / "recado.db", range(3))
    backup.back_up(tmp_path / "recado.db", tmp_path / "copies", keep=1, now=NOW)
    backup.restore(tmp_path / "copies", tmp_path / "new" / "recado.db", now=NOW)
    assert counted(tmp_path / "new" / "recado.db") == counted(tmp_path / "recado.db") != {}


def test_a_database_in_use_is_not_overwritten(tmp_path: Path) -> None:
    """A restore refuses while another process has the queue open, and works once that has ended."""
    database = tmp_path / "recado.db"
    fill(database, range(5))
    backup.back_up(database, tmp_path / "copies", keep=1, now=NOW)
    fill(database, range(5, 8))
    with held(database) as holder:
        with pytest.raises(StoreError, match="in use: stop web and drain"):
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


def test_a_queue_opened_while_the_copy_is_prepared_is_left_alone(old: Old) -> None:
    """A web pod that comes back then keeps its queue, with all that it acknowledged; the restore is refused."""
    with old.restoring(signal.SIGSTOP, old.PREPARING) as restore, held(old.database):
        fill(old.database, range(100, 110))
        restore.send_signal(signal.SIGCONT)
        _, said = restore.communicate()
        assert restore.returncode != 0
        assert "in use: stop web and drain" in said
    assert stored(old.database) == 18
    assert integrity(old.database) == "ok"
    assert not list(old.database.parent.glob("*.restoring"))


@pytest.mark.parametrize("moment", [Old.SETTING_ASIDE, Old.replacing(0.1)])
def test_a_queue_opened_while_it_is_replaced(old: Old, moment: Moment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opens it is told that it is busy, or waits and then finds what was restored, and can write."""
    with old.restoring(signal.SIGSTOP, moment) as restore:
        monkeypatch.setattr(sqlite_database, "BUSY_TIMEOUT_SECONDS", 0.1)
        with pytest.raises(StoreUnavailable):
            stored(old.database)
        monkeypatch.setattr(sqlite_database, "BUSY_TIMEOUT_SECONDS", 30.0)
        late = threading.Thread(target=fill, args=(old.database, range(100, 110)))
        late.start()
        time.sleep(0.2)
        restore.send_signal(signal.SIGCONT)
        late.join()
        assert restore.wait() == 0
    assert stored(old.database) == 15
    assert integrity(old.database) == "ok"
    assert old.database.stat().st_ino == old.inode
    (aside,) = old.database.parent.glob("recado.db.before-*")
    assert stored(aside) == 8


@pytest.mark.parametrize("moment", [Old.SETTING_ASIDE, *map(Old.replacing, (0.0, 0.1, 0.5, 0.9))])
def test_a_restore_that_is_killed_leaves_the_old_queue(old: Old, moment: Moment) -> None:
    """The old queue is complete, and the next restore succeeds."""
    with old.restoring(signal.SIGKILL, moment) as restore:
        restore.wait()
    assert stored(old.database) == 8
    assert integrity(old.database) == "ok"
    backup.restore(old.copies, old.database, now=NOW)
    assert stored(old.database) == 5
    assert stored(old.database.with_name(f"recado.db.before-{int(NOW)}")) == 8


def test_a_database_that_was_damaged_while_in_use_is_in_use(old: Old) -> None:
    """The lock of the process that has it open counts, although SQLite no longer accepts the file as a database."""
    with held(old.database) as holder:
        with old.database.open("r+b") as file:
            file.write(b"damaged" * 100)
        with pytest.raises(StoreError, match="in use: stop web and drain"):
            backup.restore(old.copies, old.database, now=NOW)
        holder.communicate()
    backup.restore(old.copies, old.database, now=NOW)
    assert stored(old.database) == 5
    assert old.database.stat().st_ino == old.inode
    assert old.database.with_name(f"recado.db.before-{int(NOW)}").read_bytes().startswith(b"damaged")


def test_a_killed_restore_of_a_damaged_database_leaves_none(old: Old) -> None:
    """An incomplete result is never accepted as a queue; the old file is kept, and the next restore succeeds."""
    old.database.write_bytes(b"damaged" * 100)
    with old.restoring(signal.SIGKILL, old.OVERWRITING) as restore:
        restore.wait()
    with pytest.raises(StoreError, match="not a SQLite database"):
        stored(old.database)
    (aside,) = old.database.parent.glob("recado.db.before-*")
    assert aside.read_bytes() == b"damaged" * 100
    backup.restore(old.copies, old.database, now=NOW)
    assert stored(old.database) == 5


def test_a_database_of_another_kind_is_replaced(tmp_path: Path) -> None:
    """Pages of another size, other tables, an invalid header."""
    database = tmp_path / "recado.db"
    fill(database, range(5))
    backup.back_up(database, tmp_path / "copies", keep=1, now=NOW)
    for path in tmp_path.glob("recado.db*"):
        path.unlink()
    connection = apsw.Connection(str(database))
    connection.execute("PRAGMA page_size = 512; CREATE TABLE other AS SELECT randomblob(1000000) AS b")
    connection.close()
    backup.restore(tmp_path / "copies", database, now=NOW)
    assert stored(database) == 5
    content = bytearray(database.read_bytes())
    content[18:60] = b"\x07" * 42
    database.write_bytes(content)
    backup.restore(tmp_path / "copies", database, now=NOW + 1)
    assert stored(database) == 5
    assert integrity(database) == "ok"
    assert database.with_name(f"recado.db.before-{int(NOW + 1)}").read_bytes() == content


@pytest.mark.parametrize("name", ["what?.db", "#1.db", "100%41.db", "file:x.db", "two words.db"])
def test_a_copy_may_have_any_name(tmp_path: Path, name: str) -> None:
    """Its path may contain characters with a meaning in a URI."""
    fill(tmp_path / "recado.db", range(2))
    copy = backup.back_up(tmp_path / "recado.db", tmp_path, keep=1, now=NOW)
    copy.path.rename(tmp_path / name)
    assert backup.restore(tmp_path / name, tmp_path / "new.db", now=NOW).messages == 2
