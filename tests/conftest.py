"""What holds for all tests."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from _pytest.nodeid import NodeId
from hypothesis import settings

MEMORY = Path("/dev/shm")
#: Bytes that the tests' folders take at most at a time: four workers, each with a backup's database or a server.
ROOM = 4 * 2**30

#: No example has a time limit: machines differ by more than any that would say something.
settings.register_profile("recado", deadline=None)
settings.load_profile("recado")

#: Debian's programs that some tests need, by the tests' mark: the program, and the package that has it.
PROGRAMS = {"prometheus": ("promtool", "prometheus"), "nginx": ("nginx", "nginx-light")}


def pytest_configure() -> None:
    """Tests keep their files in memory where it has room: each waits for hundreds of commits, and the disk is not what
    they test. TMPDIR decides otherwise; processes that tests start inherit it."""
    if "TMPDIR" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests whose program is not installed are skipped; never in CI."""
    name_groups(items)
    if os.environ.get("CI"):
        return
    for mark, (program, package) in PROGRAMS.items():
        if shutil.which(program) or shutil.which(program, path="/usr/sbin"):
            continue
        missing = pytest.mark.skip(reason=f"{program} is not installed (Debian: apt install {package})")
        for item in items:
            if item.get_closest_marker(mark):
                item.add_marker(missing)


def name_groups(items: list[pytest.Item]) -> None:
    """Lets `--dist loadgroup` see the groups: xdist 3.8 writes a group behind a test's id in an attribute that pytest
    9.2 no longer reads, and so would spread each group over all workers (pytest-xdist's issue 1386)."""
    for item in items:
        if named := vars(item).get("_nodeid"):
            item._id = NodeId.parse(named)
