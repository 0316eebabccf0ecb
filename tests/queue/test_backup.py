"""Backups: complete, checked, restorable, and never restored over a database that is in use."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import apsw
import pytest

from recado.cli.backup import check_newest_copy, make_copy
from recado.delivery.channels.whatsapp import NAME
from recado.queue.errors import StoreError, StoreUnavailable
from recado.queue.model import Lane, NewReply, State
from recado.queue.sqlite import SqliteRetryQueue, backup
from recado.queue.sqlite import database as sqlite_database
from recado.queue.sqlite.copies import copies
from recado.runtime import retry_policy
from recado.settings import Settings
from recado.telemetry.totals import Key
from recado.whatsapp.content import Text

NOW = 1_800_000_000.0
ROOT = Path(__file__).resolve().parents[2]


def message(number: int) -> NewReply:
    return NewReply(
        wamid=f"wamid.{number}",
        lane=Lane(NAME, "1"),
        key=f"1:+{number}",
        phone=f"+{number}",
        user_id=None,
        content=Text("hola"),
        written_at=NOW,
        received_at=NOW,
        deadline_at=NOW + 86400,
    )


def fill(database: Path, numbers: range) -> None:
    """Writes messages and closes the queue."""

    async def run() -> None:
        queue = SqliteRetryQueue(database, retry_policy(Settings()), clock=lambda: NOW)
        await asyncio.gather(*(queue.add_message(message(n), lease=False) for n in numbers))
        await queue.close()

    asyncio.run(run())


def stored(database: Path) -> int:
    async def run() -> int:
        queue = SqliteRetryQueue(database, retry_policy(Settings()), clock=lambda: NOW)
        try:
            return len(await queue.list_messages([State.QUEUED], limit=1000))
        finally:
            await queue.close()

    return asyncio.run(run())


def integrity(database: Path) -> str:
    connection = apsw.Connection(str(database))
    try:
        return str(connection.execute("PRAGMA integrity_check(1)").get)
    finally:
        connection.close()


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


async def test_a_copy_is_made_while_the_queue_is_written(tmp_path: Path) -> None:
    """Writers continue while a copy is made, and it contains every message that was acknowledged before it."""
    database = tmp_path / "recado.db"
    queue = SqliteRetryQueue(database, retry_policy(Settings()), clock=lambda: NOW)
    await asyncio.gather(*(queue.add_message(message(n), lease=False) for n in range(200)))
    copying = asyncio.create_task(asyncio.to_thread(backup.back_up, database, tmp_path / "copies", keep=1, now=NOW))
    written = 200
    while not copying.done():
        await queue.add_message(message(written), lease=False)
        written += 1
    await queue.close()
    assert 200 <= (await copying).messages <= written


def test_only_the_newest_copies_are_kept(tmp_path: Path) -> None:
    """Older copies are deleted, the newest stay."""
    fill(tmp_path / "recado.db", range(1))
    for hour in range(4):
        backup.back_up(tmp_path / "recado.db", tmp_path / "copies", keep=2, now=NOW + 3600 * hour)
    assert [path.name[23:27] for path in copies(tmp_path / "copies")] == ["1000", "1100"]


def test_a_backup_removes_what_killed_ones_left(tmp_path: Path) -> None:
    """It removes incomplete copies, with SQLite's files beside them."""
    fill(tmp_path / "recado.db", range(1))
    (tmp_path / "copies").mkdir()
    for left in ("000007-20990101T000000Z.partial", "000007-20990101T000000Z.partial-journal"):
        (tmp_path / "copies" / f"recado-{left}").write_text("half")
    copy = backup.back_up(tmp_path / "recado.db", tmp_path / "copies", keep=2, now=NOW)
    assert list((tmp_path / "copies").iterdir()) == [copy.path]


def test_a_copy_of_the_future_is_not_the_newest_for_ever(tmp_path: Path) -> None:
    """After a copy with a clock that was ahead, later copies stay and are restored."""
    fill(tmp_path / "recado.db", range(1))
    folder = tmp_path / "copies"
    backup.back_up(tmp_path / "recado.db", folder, keep=2, now=NOW + 50 * 365 * 86400)
    fill(tmp_path / "recado.db", range(1, 3))
    made = [backup.back_up(tmp_path / "recado.db", folder, keep=2, now=NOW + hour * 3600) for hour in range(2)]
    assert copies(folder) == [copy.path for copy in made]
    assert backup.drill(folder).path == made[-1].path


def test_two_backups_at_once_both_succeed(tmp_path: Path) -> None:
    """In the same second, in any order; neither removes the other's incomplete copy."""
    fill(tmp_path / "recado.db", range(50))
    with ThreadPoolExecutor(8) as pool:
        made = list(
            pool.map(lambda _: backup.back_up(tmp_path / "recado.db", tmp_path / "copies", keep=9, now=NOW), range(8))
        )
    assert sorted(copy.path for copy in made) == copies(tmp_path / "copies")
    assert [copy.messages for copy in made] == [50] * 8


class Full:
    """A volume with space for `copies` copies: a further one fails with SQLite's error."""

    def __init__(self, folder: Path, room: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder, self._room = folder, room
        self._copy = backup._copy
        monkeypatch.setattr(backup, "_copy", self.copy)

    def copy(self, source: Path, target: Path) -> None:
        there = len(copies(self._folder)) + len(list(self._folder.glob("*.partial")))
        target.touch()
        if there >= self._room:
            raise apsw.FullError("the volume is full")
        self._copy(source, target)


def test_the_oldest_copies_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Backups continue on a full volume: as many copies stay as fit."""
    fill(tmp_path / "recado.db", range(1))
    folder = tmp_path / "copies"
    Full(folder, 2, monkeypatch)
    names = [backup.back_up(tmp_path / "recado.db", folder, keep=24, now=NOW + hour).path for hour in range(5)]
    assert copies(folder) == names[-2:]


def test_what_killed_backups_left_makes_room_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No copy is deleted for that."""
    fill(tmp_path / "recado.db", range(1))
    folder = tmp_path / "copies"
    Full(folder, 2, monkeypatch)
    first = backup.back_up(tmp_path / "recado.db", folder, keep=24, now=NOW).path
    (folder / "recado-000009-20990101T000000Z.partial").write_text("half")
    second = backup.back_up(tmp_path / "recado.db", folder, keep=24, now=NOW).path
    assert copies(folder) == [first, second]


def test_the_last_good_copy_makes_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not deleted even if damaged copies are newer."""
    fill(tmp_path / "recado.db", range(1))
    folder = tmp_path / "copies"
    made = [backup.back_up(tmp_path / "recado.db", folder, keep=9, now=NOW + hour).path for hour in range(3)]
    for damaged in made[1:]:
        damaged.write_bytes(b"damaged")
    Full(folder, 0, monkeypatch)
    with pytest.raises(StoreUnavailable, match="the volume is full"):
        backup.back_up(tmp_path / "recado.db", folder, keep=1, now=NOW)
    assert copies(folder) == made[:1]


def test_no_copy_is_deleted_where_that_makes_too_little_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the database is larger than the volume, no existing copy is deleted."""
    fill(tmp_path / "recado.db", range(1))
    folder = tmp_path / "copies"
    made = [backup.back_up(tmp_path / "recado.db", folder, keep=9, now=NOW + hour).path for hour in range(3)]
    with (tmp_path / "recado.db").open("r+b") as file:
        file.truncate(shutil.disk_usage(tmp_path).total * 2)
    Full(folder, 0, monkeypatch)
    with pytest.raises(StoreUnavailable, match="the volume is full"):
        backup.back_up(tmp_path / "recado.db", folder, keep=9, now=NOW)
    assert copies(folder) == made


def test_a_queue_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    """The first backup may start before the first web pod; without patience a missing queue is an error at once."""
    settings = Settings(database=tmp_path / "recado.db")
    with pytest.raises(StoreError, match="there is no queue"):
        make_copy(settings, tmp_path / "copies", keep=1)
    fill(tmp_path / "made.db", range(3))
    late = threading.Timer(0.3, (tmp_path / "made.db").rename, (settings.database,))
    late.start()
    try:
        made = make_copy(settings, tmp_path / "copies", keep=1, patience=30)
    finally:
        late.join()
    assert made.messages == 3


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


def test_a_damaged_copy_is_refused(tmp_path: Path) -> None:
    """A drill detects a damaged copy and a file that is not a queue; nothing is restored from them."""
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


@pytest.mark.parametrize("name", ["recado-prod.db", "recado-000000-20200101T000000Z.db"])
def test_only_copies_make_room_for_copies(tmp_path: Path, name: str) -> None:
    """Only copies are deleted: a database in the same folder stays, whatever its name, and so do other files."""
    database = tmp_path / name
    fill(database, range(2))
    for other in ("recado-old.db", "recado-000000-20200101T000000Z.db.before-1", "recado-000001-99999999T999999Zx.db"):
        (tmp_path / other).write_text("kept")
    before = {path.name for path in tmp_path.iterdir()}
    for hour in range(3):
        copy = backup.back_up(database, tmp_path, keep=1, now=NOW + 3600 * hour)
    assert {path.name for path in tmp_path.iterdir()} == {*before, copy.path.name}
    assert stored(database) == 2


def test_another_applications_database_is_no_queue(tmp_path: Path) -> None:
    """It is neither copied nor restored, although it has a table of the same name."""
    foreign = tmp_path / "foreign.db"
    connection = apsw.Connection(str(foreign))
    connection.execute("CREATE TABLE message (id INTEGER)")
    connection.close()
    calls: list[Callable[[], object]] = [
        lambda: backup.back_up(foreign, tmp_path / "copies", keep=1, now=NOW),
        lambda: backup.drill(foreign),
        lambda: backup.restore(foreign, tmp_path / "recado.db", now=NOW),
    ]
    for refused in calls:
        with pytest.raises(StoreError, match=r"foreign\.db is a database of another application"):
            refused()
    assert not (tmp_path / "recado.db").exists()


@pytest.mark.parametrize("name", ["what?.db", "#1.db", "100%41.db", "file:x.db", "two words.db"])
def test_a_copy_may_have_any_name(tmp_path: Path, name: str) -> None:
    """Its path may contain characters with a meaning in a URI."""
    fill(tmp_path / "recado.db", range(2))
    copy = backup.back_up(tmp_path / "recado.db", tmp_path, keep=1, now=NOW)
    copy.path.rename(tmp_path / name)
    assert backup.restore(tmp_path / name, tmp_path / "new.db", now=NOW).messages == 2


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    """A missing database, copy or volume space gives one sentence each."""
    with pytest.raises(StoreError, match="there is no queue at"):
        backup.back_up(tmp_path / "none.db", tmp_path, keep=1, now=NOW)
    with pytest.raises(StoreError, match="there is no copy in"):
        backup.drill(tmp_path)
    with pytest.raises(StoreError, match="there is no copy at"):
        backup.drill(tmp_path / "none.db")
    fill(tmp_path / "recado.db", range(1))
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot create the folder"):
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
    """The times of the last successful copy and drill are in the store, for the metrics."""
    settings = Settings(database=tmp_path / "recado.db")
    fill(settings.database, range(2))
    make_copy(settings, tmp_path / "copies", keep=2)
    check_newest_copy(settings, tmp_path / "copies")
    queue = SqliteRetryQueue(settings.database, retry_policy(settings))
    instants = queue.snapshot().instants
    asyncio.run(queue.close())
    assert instants["restore_drill_succeeded_at"] >= instants["backup_succeeded_at"] > 0
    backup.restore(tmp_path / "copies", settings.database, now=time.time())
    assert stored(settings.database) == 2
