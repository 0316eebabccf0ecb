"""Copies of the queue's SQLite file: made while it is in use, checked, restored, and drilled.

A copy is made by SQLite's online backup, so writers go on; it is complete or not there at all (written beside, checked,
renamed). Copies are named `recado-20261123T170000Z.db`: the newest is the last by name. A restore never touches a
database that some process has open, holds SQLite's lock from the first look to the end, writes into the file that is
there (a renamed one would leave whoever has just opened the old one with a WAL that belongs to neither), and sets what
it replaces aside.
"""

import contextlib
import datetime
import fcntl
import os
import re
import shutil
import tempfile
import time
from pathlib import Path
from typing import BinaryIO

import apsw
import msgspec

from recado.queue.errors import StoreError, StoreUnavailable
from recado.queue.sqlite.database import UNAVAILABLE, refuse_stranger

#: Pages that are copied between two looks at whether somebody else wants to write.
PAGES_A_STEP = 4096
#: After so long without a success a backup is late, and a drill too: by default the one is hourly, the other daily.
BACKUP_LATE_SECONDS = 26 * 3600
#: What a copy is called: the time at which it was made.
NAME = re.compile(r"recado-[0-9]{8}T[0-9]{6}Z\.db")
#: How often somebody who waits for the queue, or for the last process that has it, looks.
LOOK_SECONDS = 0.2
#: What belongs to a database beside its own file.
COMPANIONS = ("-wal", "-shm", "-journal")
#: What a file begins with that SQLite takes for a database.
MAGIC = b"SQLite format 3\0"
#: The bytes that SQLite locks: a connection in WAL mode has a shared lock on some of them for as long as it is open.
LOCK_START, LOCK_BYTES = 0x40000000, 512
#: What SQLite raises for a file that is no database, or too damaged to be written like one.
DAMAGED = (apsw.NotADBError, apsw.CorruptError, apsw.ReadOnlyError, apsw.SQLError)


class Copy(msgspec.Struct, frozen=True):
    """A copy that passed its check. `messages` counts the replies in it, delivered ones too."""

    path: Path
    bytes: int
    messages: int


def back_up(database: Path, folder: Path, *, keep: int, now: float) -> Copy:
    """Copies the database into the folder and deletes all but the newest `keep` copies there; never the database.

    Raises StoreError without a database or when the copy fails its check, StoreUnavailable when it cannot be made now.
    """
    if not database.is_file():
        raise StoreError(f"there is no queue at {database}")
    _make_folder(folder)
    target = folder / f"recado-{datetime.datetime.fromtimestamp(now, datetime.UTC):%Y%m%dT%H%M%SZ}.db"
    partial = target.with_suffix(".partial")
    try:
        _copy(database, partial)
        messages = check(partial)
        _to_disk(partial)
        partial.rename(target)
        _to_disk(folder)
    except (*UNAVAILABLE, OSError) as error:
        raise StoreUnavailable(f"no copy in {folder}: {error}") from error
    finally:
        _remove(partial)
    made = [copy for copy in copies(folder) if copy.resolve() != database.resolve()]
    for old in made[:-keep]:
        old.unlink(missing_ok=True)
    return Copy(target, target.stat().st_size, messages)


def copies(folder: Path) -> list[Path]:
    """The complete copies in a folder, oldest first; what is not named exactly as a copy is none."""
    return sorted(path for path in folder.iterdir() if NAME.fullmatch(path.name) and path.is_file())


def restore(source: Path, database: Path, *, now: float, patience: float = 0.0) -> Copy:
    """Puts the content of a copy (or of the newest of a folder) into the database.

    Whoever opens the database meanwhile waits or finds it busy, and then sees what was restored. What was in it is set
    aside as `<name>.before-<time>`. Raises StoreError when the copy is damaged or some process still has the database
    open after `patience` seconds: stop web and drain first.
    """
    copy = newest(source)
    check(copy)
    if database.is_dir():
        raise StoreError(f"{database} is a folder")
    _make_folder(database.parent)
    prepared = database.with_name(database.name + ".restoring")
    aside = database.with_name(f"{database.name}.before-{int(now)}")
    try:
        _copy(copy, prepared)
        messages = check(prepared)
        _replace_once_unused(database, prepared, aside, patience)
        _to_disk(database.parent)
    except (*UNAVAILABLE, OSError) as error:
        raise StoreUnavailable(f"{database} was not restored: {error}") from error
    finally:
        _remove(prepared)
    return Copy(copy, database.stat().st_size, messages)


def drill(source: Path) -> Copy:
    """Restores the newest copy into a scratch folder and checks it there; nothing else is touched."""
    with tempfile.TemporaryDirectory(prefix="recado-drill-") as scratch:
        return restore(source, Path(scratch) / "recado.db", now=0)


def newest(source: Path) -> Path:
    """The copy meant by a path: the file itself, or the last copy of a folder. Raises StoreError without one."""
    if source.is_dir():
        if found := copies(source):
            return found[-1]
        raise StoreError(f"there is no copy in {source}")
    if not source.is_file():
        raise StoreError(f"there is no copy at {source}")
    return source


def check(path: Path) -> int:
    """How many messages a copy holds. Raises StoreError when it is damaged, not a queue or unreadable."""
    try:
        # immutable: a copy may lie on a read-only volume, where SQLite could not make its lock files.
        uri = f"{path.absolute().as_uri()}?immutable=1"
        connection = apsw.Connection(uri, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
        try:
            # Python's signal handlers run in here, so that SIGTERM need not wait for the end of a long check.
            connection.set_progress_handler(lambda: False, 100_000)
            verdict = connection.execute("PRAGMA integrity_check(1)").get
            if verdict != "ok":
                raise StoreError(f"{path} is damaged: {verdict}")
            refuse_stranger(connection, path)
            return int(connection.execute("SELECT count(*) FROM message").get)
        finally:
            connection.close()
    except (apsw.NotADBError, apsw.CorruptError, apsw.SQLError) as error:
        raise StoreError(f"{path} is damaged or not a queue: {error}") from error
    except UNAVAILABLE as error:
        raise StoreError(f"{path} cannot be read: {error}") from error


def _replace_once_unused(database: Path, prepared: Path, aside: Path, patience: float) -> None:
    """Replaces as soon as no other process has the database open; raises StoreError when that takes too long."""
    until = time.monotonic() + patience
    while True:
        try:
            try:
                _replace(database, prepared, aside)
            except DAMAGED:
                _replace_damaged(database, prepared, aside)
            return
        except (apsw.BusyError, apsw.LockedError, BlockingIOError) as error:
            if time.monotonic() >= until:
                raise StoreError(f"{database} is in use; stop web and drain first, then restore") from error
        time.sleep(LOOK_SECONDS)


def _replace(database: Path, prepared: Path, aside: Path) -> None:
    """In one transaction, under a lock that is had only where no other connection is open, and kept to the end.

    A crash leaves a journal from which the next process that opens the database brings the old content back. Nothing
    in here may open and close the database's file by other means: that would drop the process's locks on it.
    """
    with (
        contextlib.closing(apsw.Connection(str(database))) as live,
        contextlib.closing(apsw.Connection(str(prepared))) as content,
    ):
        live.execute("PRAGMA locking_mode = EXCLUSIVE")
        # Leaving WAL mode brings what is in the WAL back into the file.
        live.execute("PRAGMA journal_mode = DELETE")
        live.execute("BEGIN EXCLUSIVE; COMMIT")
        if live.execute("PRAGMA page_count").get:
            _set_aside(live, aside)
            _keep_totals(live, content)
        try:
            _transfer(content, live)
        except apsw.FullError:  # all is as it was: the room is needed more than a second one of the same
            _remove(aside)
            raise


def _keep_totals(live: apsw.Connection, content: apsw.Connection) -> None:
    """Totals are exported as counters, which never go back: where the live database counted further, that is kept."""
    if live.execute("SELECT 1 FROM sqlite_schema WHERE name = 'total'").get:
        with content:
            content.executemany(
                "INSERT INTO total (metric, labels, value) VALUES (?1, ?2, ?3)"
                " ON CONFLICT (metric, labels) DO UPDATE SET value = max(value, excluded.value)",
                live.execute("SELECT metric, labels, value FROM total"),
            )


def _set_aside(live: apsw.Connection, aside: Path) -> None:
    _remove(aside)
    kept = apsw.Connection(str(aside))
    try:
        _transfer(live, kept)
        kept.close()
    except BaseException:
        kept.close()
        _remove(aside)
        raise
    _to_disk(aside.parent)


def _replace_damaged(database: Path, prepared: Path, aside: Path) -> None:
    """Byte by byte, for a file that SQLite would not work on; under the same lock.

    What makes it a database is written last: a crash before that leaves a file that every process refuses.
    """
    with database.open("r+b") as file, prepared.open("rb") as content:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, LOCK_BYTES, LOCK_START)
        with aside.open("wb") as kept:
            shutil.copyfileobj(file, kept)
            _flush(kept)
        for suffix in COMPANIONS:
            with contextlib.suppress(FileNotFoundError):
                database.with_name(database.name + suffix).rename(aside.with_name(aside.name + suffix))
        _to_disk(database.parent)
        file.seek(0)
        file.write(bytes(len(MAGIC)))
        _flush(file)
        content.seek(len(MAGIC))
        shutil.copyfileobj(content, file)
        file.truncate()
        _flush(file)
        file.seek(0)
        file.write(MAGIC)
        _flush(file)


def _copy(source: Path, target: Path) -> None:
    """Copies a database by SQLite's online backup into one file that stands alone (no WAL beside it)."""
    _remove(target)
    reader = apsw.Connection(str(source), flags=apsw.SQLITE_OPEN_READWRITE)
    writer = apsw.Connection(str(target))
    try:
        reader.set_busy_timeout(5000)
        refuse_stranger(reader, source)
        # In one read transaction the source cannot change underneath, or each commit would start the copy again.
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM sqlite_schema").get  # noqa: B018 - the read starts the transaction
        _transfer(reader, writer)
        reader.execute("COMMIT")
        writer.execute("PRAGMA journal_mode = DELETE")
    finally:
        writer.close()
        reader.close()


def _transfer(reader: apsw.Connection, writer: apsw.Connection) -> None:
    """Replaces all that is in the writer's database by what is in the reader's, in one transaction."""
    try:
        with writer.backup("main", reader, "main") as backup:
            while not backup.done:
                backup.step(PAGES_A_STEP)
    except apsw.FullError as error:  # SQLite's own words are "not an error"
        raise apsw.FullError("the volume is full") from error


def _remove(database: Path) -> None:
    for suffix in ("", *COMPANIONS):
        database.with_name(database.name + suffix).unlink(missing_ok=True)


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder} cannot be a folder: {error.strerror}") from error


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
