"""Files with customers' data cannot be read by other users, whatever the umask."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from recado.files import close_to_others, make_private_folder
from recado.queue.sqlite import backup
from recado.queue.sqlite.database import open_database

#: The mode of a folder that fsGroup gives to a group.
SHARED = 0o2770


@pytest.fixture(autouse=True, params=[0o000, 0o022, 0o277], ids=oct)
def umask(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(("folders", "files"), [(0o700, 0o600), (SHARED, 0o660)])
@pytest.mark.parametrize("damaged", [False, True])
def test_whatever_the_umask(tmp_path: Path, folders: int, files: int, damaged: bool) -> None:
    """The database, its write-ahead log, copies, and the file that a restore sets aside. If the volume belongs to a
    group, the group may read and write them."""
    volume = tmp_path / "volume"
    volume.mkdir()
    volume.chmod(folders)
    database = volume / "queue" / "recado.db"
    open_database(database).close()
    copy = backup.back_up(database, volume / "far" / "copies", keep=2, now=1.0)
    if damaged:
        database.write_bytes(b"damaged")
    backup.restore(volume / "far" / "copies", database, now=1.0)
    connection = open_database(database)
    beside = [database.with_name(f"recado.db{end}") for end in ("", "-wal", "-shm", ".before-1")]
    found = {path.name: oct(mode(path)) for path in (*beside, copy.path)}
    connection.close()

    assert found == dict.fromkeys(found, oct(files))
    assert {mode(folder) for folder in (database.parent, copy.path.parent, copy.path.parent.parent)} == {folders}


def test_what_was_open_is_closed(tmp_path: Path) -> None:
    """Files that were made under a permissive umask become private; the folder stays as its owner has set it."""
    database = tmp_path / "recado.db"
    connection = open_database(database)
    files = [database.with_name(f"recado.db{end}") for end in ("", "-wal", "-shm")]
    for path in files:
        path.chmod(0o644)
    open_database(database).close()
    assert [oct(mode(path)) for path in files] == [oct(0o600)] * 3
    connection.close()


def test_nobody_gets_a_right_that_was_taken(tmp_path: Path) -> None:
    """A file that its owner has made unwritable for himself stays so."""
    path = tmp_path / "recado.db"
    path.touch()
    path.chmod(0o404)
    close_to_others(path)
    assert mode(path) == 0o400


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    """The mode of an existing folder is not changed."""
    folder = tmp_path / "there"
    folder.mkdir()
    folder.chmod(0o755)
    make_private_folder(folder)
    assert mode(folder) == 0o755
