"""Backs up the queue's SQLite file while it is in use, checks copies, restores them, and drills restores.

SQLite's online backup makes a copy, so writers continue. A copy is written under another name, checked and renamed, so
an incomplete copy never exists. A restore never changes a database that another process has open, and holds SQLite's
lock from its first check to its end. It writes into the existing file: if it renamed a new file over it, a process that
has just opened the old one would have a WAL that belongs to neither. It keeps the previous database.
"""

import contextlib
import errno
import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import BinaryIO

import apsw
import msgspec

from recado.files import make_private_file, make_private_folder
from recado.queue.errors import StoreError, StoreUnavailable
from recado.queue.sqlite.copies import alone, check, copies, last_good, newest, next_copy, remove, remove_unfinished
from recado.queue.sqlite.database import COMPANIONS, UNAVAILABLE, refuse_stranger

#: Pages that are copied before a waiting writer gets its chance.
PAGES_A_STEP = 4096
#: A backup or a drill is late after this time without a success: by default backups run hourly, drills daily.
BACKUP_LATE_SECONDS = 26 * 3600
#: The system's errors for a volume without space.
FULL = (errno.ENOSPC, errno.EDQUOT)
#: How often a process checks that waits for the queue, or for the last process that uses it.
LOOK_SECONDS = 0.2
#: The first bytes of a file that SQLite accepts as a database.
MAGIC = b"SQLite format 3\0"
#: The bytes that SQLite locks: a connection in WAL mode has a shared lock on some of them for as long as it is open.
LOCK_START, LOCK_BYTES = 0x40000000, 512
#: What SQLite raises for a file that is not a database, or too damaged to be written.
DAMAGED = (apsw.NotADBError, apsw.CorruptError, apsw.ReadOnlyError, apsw.SQLError)


class Copy(msgspec.Struct, frozen=True):
    """A copy that passed its check. `messages` counts the replies in it, delivered ones too."""

    path: Path
    bytes: int
    messages: int


def back_up(database: Path, folder: Path, *, keep: int, now: float) -> Copy:
    """Copies the database into the folder and deletes all but the newest `keep` copies there; never the database.

    If the volume is full, it deletes the oldest copies, but never the last good one. Raises StoreError if there is no
    database or the copy fails its check, StoreUnavailable if no copy can be made now.
    """
    if not database.is_file():
        raise StoreError(f"there is no queue at {database}")
    _make_folder(folder)
    try:
        with alone(folder):
            made = [copy for copy in copies(folder) if copy.resolve() != database.resolve()]
            if len(made) > keep:
                _thin(made, keep, good=last_good(made))
            target = next_copy(folder, now)
            try:
                messages = _make(database, target, made)
            finally:
                remove_unfinished(folder)
            _thin([*made, target], keep, good=target)
    except (*UNAVAILABLE, OSError) as error:
        raise StoreUnavailable(f"cannot make a copy in {folder}: {error}") from error
    return Copy(target, target.stat().st_size, messages)


def _make(database: Path, target: Path, made: list[Path]) -> int:
    """Makes one checked copy, and deletes older copies if it needs their space; returns its number of messages."""
    partial = target.with_suffix(".partial")
    while True:
        try:
            _copy(database, partial)
            messages = check(partial)
            _to_disk(partial)
            partial.rename(target)
            _to_disk(target.parent)
            return messages
        except (apsw.FullError, OSError) as error:
            others = remove_unfinished(target.parent) - 1
            if not (_is_full(error) and (others > 0 or _make_room(database, made))):
                raise


def _thin(made: list[Path], keep: int, *, good: Path | None) -> None:
    """Deletes all but the newest `keep`, and never the good one."""
    for old in made[:-keep]:
        if old != good:
            old.unlink(missing_ok=True)


def _make_room(database: Path, made: list[Path]) -> bool:
    """Deletes the oldest copy that may be deleted; False if that would not free enough space."""
    there = [copy for copy in made if copy.is_file()]
    good = last_good(there)
    may_go = [copy for copy in there if copy != good]
    if not may_go:
        return False
    free = shutil.disk_usage(may_go[0].parent).free + sum(copy.stat().st_size for copy in may_go)
    if free < database.stat().st_size:
        return False  # even all of them would not free enough
    may_go[0].unlink()
    return True


def _is_full(error: Exception) -> bool:
    return isinstance(error, apsw.FullError) or (isinstance(error, OSError) and error.errno in FULL)


def restore(source: Path, database: Path, *, now: float, patience: float = 0.0) -> Copy:
    """Puts the content of a copy, or of the newest copy of a folder, into the database.

    A process that opens the database meanwhile waits or finds it busy, and then sees the restored content. The previous
    content is kept as `<name>.before-<time>`. Raises StoreError if the copy is damaged, or if a process still has the
    database open after `patience` seconds: stop web and drain first.
    """
    if database.is_dir():
        raise StoreError(f"{database} is a folder")
    prepared = database.with_name(database.name + ".restoring")
    aside = database.with_name(f"{database.name}.before-{int(now)}")
    try:
        # Meanwhile no backup can delete the copy.
        with alone(source) if source.is_dir() else contextlib.nullcontext():
            copy = newest(source)
            check(copy)
            _make_folder(database.parent)
            _copy(copy, prepared)
        messages = check(prepared)
        _replace_once_unused(database, prepared, aside, patience)
        _to_disk(database.parent)
    except (*UNAVAILABLE, OSError) as error:
        raise StoreUnavailable(f"{database} was not restored: {error}") from error
    finally:
        remove(prepared)
    return Copy(copy, database.stat().st_size, messages)


def drill(source: Path) -> Copy:
    """Restores the newest copy into a scratch folder and checks it there; it changes nothing else."""
    with tempfile.TemporaryDirectory(prefix="recado-drill-") as scratch:
        return restore(source, Path(scratch) / "recado.db", now=0)


def _replace_once_unused(database: Path, prepared: Path, aside: Path, patience: float) -> None:
    """Replaces the content once no other process has the database open; raises StoreError if that takes too long."""
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
                raise StoreError(f"{database} is in use: stop web and drain, then restore again") from error
        time.sleep(LOOK_SECONDS)


def _replace(database: Path, prepared: Path, aside: Path) -> None:
    """Replaces the content in one transaction, under a lock that SQLite grants only if no other connection is open.

    After a crash, the next process that opens the database restores the old content from the journal. Code in here must
    not open and close the database's file in other ways: that would drop the process's locks on it.
    """
    make_private_file(database)
    with (
        contextlib.closing(apsw.Connection(str(database))) as live,
        contextlib.closing(apsw.Connection(str(prepared))) as content,
    ):
        live.execute("PRAGMA locking_mode = EXCLUSIVE")
        # Leaving WAL mode writes the content of the WAL into the file.
        live.execute("PRAGMA journal_mode = DELETE")
        live.execute("BEGIN EXCLUSIVE; COMMIT")
        if live.execute("PRAGMA page_count").get:
            _set_aside(live, aside)
            _keep_totals(live, content)
        try:
            _transfer(content, live)
        except apsw.FullError:  # nothing has changed, and a second copy would only take space
            remove(aside)
            raise


def _keep_totals(live: apsw.Connection, content: apsw.Connection) -> None:
    """Totals are exported as counters, which must never fall: the higher count of the live database is kept."""
    if live.execute("SELECT 1 FROM sqlite_schema WHERE name = 'total'").get:
        with content:
            content.executemany(
                "INSERT INTO total (metric, labels, value) VALUES (?1, ?2, ?3)"
                " ON CONFLICT (metric, labels) DO UPDATE SET value = max(value, excluded.value)",
                live.execute("SELECT metric, labels, value FROM total"),
            )


def _set_aside(live: apsw.Connection, aside: Path) -> None:
    remove(aside)
    make_private_file(aside)
    kept = apsw.Connection(str(aside))
    try:
        _transfer(live, kept)
        kept.close()
    except BaseException:
        kept.close()
        remove(aside)
        raise
    _to_disk(aside.parent)


def _replace_damaged(database: Path, prepared: Path, aside: Path) -> None:
    """Byte by byte, for a file that SQLite does not accept; under the same lock.

    The first bytes, which make it a database, are written last: after a crash before that, every process refuses the
    file.
    """
    with database.open("r+b") as file, prepared.open("rb") as content:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, LOCK_BYTES, LOCK_START)
        make_private_file(aside)
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
    """Copies a database by SQLite's online backup into a single file without a WAL."""
    remove(target)
    make_private_file(target)
    reader = apsw.Connection(str(source), flags=apsw.SQLITE_OPEN_READWRITE)
    writer = apsw.Connection(str(target))
    try:
        reader.set_busy_timeout(5000)
        refuse_stranger(reader, source)
        # In one read transaction the source cannot change; otherwise each commit would restart the copy.
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM sqlite_schema").get  # noqa: B018 - the read starts the transaction
        _transfer(reader, writer)
        reader.execute("COMMIT")
        writer.execute("PRAGMA journal_mode = DELETE")
    finally:
        writer.close()
        reader.close()


def _transfer(reader: apsw.Connection, writer: apsw.Connection) -> None:
    """Replaces the content of the writer's database by the reader's, in one transaction."""
    try:
        with writer.backup("main", reader, "main") as backup:
            while not backup.done:
                backup.step(PAGES_A_STEP)
    except apsw.FullError as error:  # SQLite's own text is "not an error"
        raise apsw.FullError("the volume is full") from error


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _make_folder(folder: Path) -> None:
    try:
        make_private_folder(folder)
    except OSError as error:
        raise StoreError(f"cannot create the folder {folder}: {error.strerror}") from error


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
