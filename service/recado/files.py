"""Creates files with customers' data, which no other user can read, whatever the umask.

Only the owner has access (0600, folders 0700). Kubernetes shares a volume among pods by its fsGroup: the volume's
folder is setgid and writable for the group. In such a folder the group has access, too (0660, 2770), because the pods
of the next release may run as another user of the same group.
"""

import contextlib
import os
import stat
from pathlib import Path

_SHARED = stat.S_ISGID | stat.S_IWGRP


def make_private_folder(folder: Path) -> None:
    """Creates the folder and its missing parents; an existing folder stays unchanged. Raises OSError."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(0o700, exist_ok=True)
        path.chmod(0o2770 if _shared(path.parent) else 0o700)
    if not missing and not folder.is_dir():
        raise NotADirectoryError(20, os.strerror(20), str(folder))


def make_private_file(path: Path) -> None:
    """Creates the file, empty and private; an existing file stays unchanged. Raises OSError."""
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        path.chmod(_mode_in(path.parent))


def close_to_others(path: Path) -> None:
    """Removes other users' access to a file, if it exists. Raises OSError.

    The file is not opened: closing it again would drop the locks that SQLite has on it in this process.
    """
    with contextlib.suppress(FileNotFoundError):
        found = path.stat()
        mode = found.st_mode & _mode_in(path.parent)
        # Only the owner can change the mode; other users of the group use the file as it is.
        if found.st_mode & 0o777 != mode and found.st_uid == os.geteuid():
            path.chmod(mode)


def _mode_in(folder: Path) -> int:
    return 0o660 if _shared(folder) else 0o600


def _shared(folder: Path) -> bool:
    """Whether the folder is shared with its group."""
    return folder.stat().st_mode & _SHARED == _SHARED
