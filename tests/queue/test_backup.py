"""Backups: complete, checked, and never at the cost of the last good copy."""

import asyncio
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import apsw
import pytest

from recado.cli.backup import check_newest_copy, make_copy
from recado.queue.errors import StoreError, StoreUnavailable
from recado.queue.sqlite import SqliteRetryQueue, backup
from recado.queue.sqlite.copies import copies
from recado.runtime import retry_policy
from recado.settings import Settings
from tests.queue.copies import NOW, fill, message, stored


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
