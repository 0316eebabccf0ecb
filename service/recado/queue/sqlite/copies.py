"""The folder of copies: its content, its order, and what may be deleted.

Copies are named `recado-000042-20261123T170000Z.db`. The number is one more than the highest in the folder and shows
which copy is the newest; by time, a copy that was made while the clock was ahead would be the newest forever. The time
is for people.
"""

import contextlib
import datetime
import fcntl
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import apsw

from recado.queue.errors import StoreError
from recado.queue.sqlite.database import UNAVAILABLE, companions, refuse_stranger

NAME = re.compile(r"recado-([0-9]{6,})-[0-9]{8}T[0-9]{6}Z\.db")
#: A copy that is being made, and what SQLite keeps beside it.
UNFINISHED = re.compile(r"recado-.*\.partial(-wal|-shm|-journal)?")


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Waits until no other process of this node works in the folder, then locks it.

    The folder itself is locked, so it contains nothing but copies. The lock ends with the process.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def copies(folder: Path) -> list[Path]:
    """The complete copies in a folder, oldest first; files that are not named exactly like a copy are ignored."""
    return sorted((path for path in folder.iterdir() if NAME.fullmatch(path.name) and path.is_file()), key=_number)


def newest(source: Path) -> Path:
    """The copy meant by a path: the file itself, or the newest copy of a folder. Raises StoreError without one."""
    if source.is_dir():
        if found := copies(source):
            return found[-1]
        raise StoreError(f"there is no copy in {source}")
    if not source.is_file():
        raise StoreError(f"there is no copy at {source}")
    return source


def next_copy(folder: Path, now: float) -> Path:
    """The path of the copy that is made next, at `now` (Unix seconds)."""
    number = max(map(_number, copies(folder)), default=0) + 1
    return folder / f"recado-{number:06}-{datetime.datetime.fromtimestamp(now, datetime.UTC):%Y%m%dT%H%M%SZ}.db"


def remove_unfinished(folder: Path) -> int:
    """Removes incomplete copies, such as those of killed runs; only for a caller that holds the folder's lock.

    Returns how many. A volume that was full of them has space again.
    """
    unfinished = [path for path in folder.iterdir() if UNFINISHED.fullmatch(path.name)]
    for path in unfinished:
        path.unlink(missing_ok=True)
    return sum(path.suffix == ".partial" for path in unfinished)


def remove(database: Path) -> None:
    """Removes a database with all that belongs to it."""
    for path in (database, *companions(database)):
        path.unlink(missing_ok=True)


def last_good(made: Sequence[Path]) -> Path | None:
    """The newest of the copies that passes its check."""
    for copy in reversed(made):
        with contextlib.suppress(StoreError):
            check(copy)
            return copy
    return None


def check(path: Path) -> int:
    """The number of messages in a copy. Raises StoreError if it is damaged, not a queue or unreadable."""
    try:
        # immutable: a copy may lie on a read-only volume, where SQLite could not make its lock files.
        uri = f"{path.absolute().as_uri()}?immutable=1"
        connection = apsw.Connection(uri, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
        try:
            # Lets Python's signal handlers run, so that SIGTERM need not wait for the end of a long check.
            connection.set_progress_handler(lambda: False, 100_000)
            verdict = connection.execute("PRAGMA integrity_check(1)").get
            if verdict != "ok":
                raise StoreError(f"{path} is damaged: {verdict}")
            refuse_stranger(connection, path)
            return int(connection.execute("SELECT count(*) FROM entry").get)
        finally:
            connection.close()
    except (apsw.NotADBError, apsw.CorruptError, apsw.SQLError) as error:
        raise StoreError(f"{path} is damaged or not a queue: {error}") from error
    except UNAVAILABLE as error:
        raise StoreError(f"{path} cannot be read: {error}") from error


def _number(copy: Path) -> int:
    found = NAME.fullmatch(copy.name)
    assert found
    return int(found[1])
