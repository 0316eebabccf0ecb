"""Opens one SQLite file: safely, or not at all.

The file uses WAL with `synchronous=FULL`: a commit is on disk when it returns. recado refuses a SQLite that has the
WAL-reset bug (it can corrupt a file that two processes write, and web and drain both write), and network file systems
(WAL needs memory that all processes share).
"""

import contextlib
import importlib.resources
import time
from collections.abc import Callable
from pathlib import Path

import apsw

from recado.files import close_to_others, make_private_file, make_private_folder
from recado.queue.errors import StoreError, StoreUnavailable
from recado.queue.statements import named_statements

#: The first version without the WAL-reset bug that also has `jsonb_each`: versions with a backported fix lack it.
FIXED_IN = (3, 51, 3)

NETWORK_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb2", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "beegfs"}
    | {
        "fuse.sshfs",
        "fuse.glusterfs",
        "fuse.ceph",
        "fuse.s3fs",
        "fuse.rclone",
        "fuse.gcsfuse",
        "fuse.juicefs",
    }
)

#: SQLite's lock is not fair. A waiting process tries this often, and a writer that has more to do leaves a longer gap
#: between two transactions, so that a waiting process gets the lock.
BUSY_POLL_SECONDS = 0.0004
BUSY_TIMEOUT_SECONDS = 5.0

#: Pages in the WAL at which it is copied back: few, large checkpoints disturb fewer commits than many small ones.
CHECKPOINT_PAGES = 4000


#: What sql/0001_outbox.sql writes into the file's header.
APPLICATION_ID = 0x72656361

#: What SQLite raises for a disk that is full, locked, read-only, damaged or gone; other errors are bugs of recado.
UNAVAILABLE = (
    apsw.BusyError,
    apsw.LockedError,
    apsw.FullError,
    apsw.IOError,
    apsw.ReadOnlyError,
    apsw.CantOpenError,
    apsw.NoMemError,
    apsw.CorruptError,
    apsw.NotADBError,
)


#: What SQLite keeps beside a database's own file, by the ends of their names.
COMPANIONS = ("-wal", "-shm", "-journal")


def companions(database: Path) -> list[Path]:
    """The files that may lie beside a database and belong to it."""
    return [database.with_name(database.name + suffix) for suffix in COMPANIONS]


def load_queries() -> dict[str, str]:
    """The statements of queries.sql by their names."""
    return named_statements(__package__)


def open_database(path: Path, *, read_only: bool = False) -> apsw.Connection:
    """A connection to the file; opened for writing, the file is created and migrated.

    Raises StoreError if it can never work, StoreUnavailable if it cannot work now.
    """
    refuse_bad_sqlite(apsw.sqlite_lib_version())
    try:
        if not read_only:
            make_private_folder(path.parent)
            refuse_network_file_system(path.parent, Path("/proc/mounts"))
            make_private_file(path)
        flags = apsw.SQLITE_OPEN_READONLY if read_only else apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
        connection = apsw.Connection(str(path), flags=flags)
        connection.set_busy_handler(_busy_handler())
        if not read_only:
            refuse_stranger(connection, path)
            # SQLite creates further files beside a database with the database's mode.
            for file in (path, *companions(path)):
                close_to_others(file)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            # Overwrites what is deleted: a pruned or erased message must not remain in the file's free pages.
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
            migrate(connection)
        return connection
    except apsw.NotADBError as error:
        raise StoreError(f"{path} is not a SQLite database") from error
    except (*UNAVAILABLE, OSError) as error:
        raise StoreUnavailable(f"{path}: {error}") from error


def empty_log(path: Path) -> None:
    """Moves the write-ahead log into the database and truncates it. Blocks while readers and writers use it.

    Raises StoreUnavailable if they use it for longer than the time-out.
    """
    with contextlib.closing(open_database(path)) as connection:
        try:
            busy = bool(connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").get[0])
        except UNAVAILABLE:
            busy = True
    if busy:
        raise StoreUnavailable(f"erased data is still in {path}-wal, which is in use: run the erase again")


def migrate(connection: apsw.Connection) -> None:
    """Brings the schema up to date, in one transaction.

    Migrations only add, so the older pods of a rolling update continue to work. A newer schema stays as it is.
    """
    files = importlib.resources.files(__package__).joinpath("sql")
    steps = sorted(f.name for f in files.iterdir() if f.name[:4].isdigit())
    if _version(connection) >= len(steps):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for step in steps[_version(connection) :]:
            connection.execute(files.joinpath(step).read_text())
        connection.execute(f"PRAGMA user_version = {len(steps)}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def refuse_stranger(connection: apsw.Connection, path: Path) -> None:
    """Raises StoreError for a database of another application; recado may use a file without tables."""
    id_ = connection.execute("PRAGMA application_id").get
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    if not (id_ == APPLICATION_ID or (id_ == 0 and not tables)):
        raise StoreError(f"{path} is a database of another application, not a recado queue")


def _version(connection: apsw.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").get)


def refuse_bad_sqlite(version: str) -> None:
    """Raises StoreError for a SQLite that has the WAL-reset bug or cannot run our statements."""
    if tuple(int(part) for part in version.split(".")) < FIXED_IN:
        raise StoreError(
            f"SQLite {version} is too old: {'.'.join(map(str, FIXED_IN))} or later is needed. Older versions can "
            "corrupt a database that two processes write, or lack jsonb_each"
        )


def refuse_network_file_system(folder: Path, mounts: Path) -> None:
    """Raises StoreError when the folder is on a network file system, by the mount table given."""
    if not mounts.exists():
        return
    kind, longest = "", -1
    target = str(folder.resolve())
    for line in mounts.read_text().splitlines():
        _, mount_point, file_system, *_ = line.split(" ")
        mount_point = mount_point.replace("\\040", " ")
        inside = target == mount_point or target.startswith(mount_point.rstrip("/") + "/")
        if inside and len(mount_point) >= longest:
            kind, longest = file_system, len(mount_point)
    if kind in NETWORK_FILE_SYSTEMS:
        raise StoreError(f"{folder} is on {kind}: SQLite can lose data on a network file system, use a local volume")


def _busy_handler() -> Callable[[int], bool]:
    """Waits for SQLite's lock: tries often, until the time-out."""
    since = 0.0

    def wait(tries: int) -> bool:
        nonlocal since
        now = time.monotonic()
        if tries == 0:
            since = now
        if now - since > BUSY_TIMEOUT_SECONDS:
            return False
        time.sleep(BUSY_POLL_SECONDS)
        return True

    return wait
