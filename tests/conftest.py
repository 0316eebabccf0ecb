"""Configuration for all tests."""

import os
import shutil
import signal
import tempfile
from pathlib import Path

import pytest
from _pytest.nodeid import NodeId
from hypothesis import settings

MEMORY = Path("/dev/shm")
#: The most bytes that the tests' folders take at a time: three workers, each with a large database or a server.
ROOM = 3 * 2**30

#: Examples have no time limit, because machines differ too much in speed.
settings.register_profile("recado", deadline=None)
settings.load_profile("recado")

#: Debian's programs that some tests need, by the tests' mark: the program and its package.
PROGRAMS = {"prometheus": ("promtool", "prometheus"), "nginx": ("nginx", "nginx-light")}


def pytest_configure() -> None:
    """Tests keep their files in memory if there is enough of it: each test waits for hundreds of commits, and the
    disk is not what they test. TMPDIR overrides this. Processes that tests start inherit it.

    They inherit, too, that SIGINT is ignored where a shell runs the tests in the background; a Ctrl-C must reach them.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # helm and promtool collect garbage four times less often: that was a sixth of their CPU time.
    os.environ.setdefault("GOGC", "400")
    if "TMPDIR" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips tests whose program is not installed, except in CI."""
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
    """Lets `--dist loadgroup` see the groups. xdist 3.8 writes a test's group into an attribute that pytest 9.2 no
    longer reads, so each group would be spread over all workers (pytest-xdist's issue 1386)."""
    for item in items:
        if named := vars(item).get("_nodeid"):
            item._id = NodeId.parse(named)
