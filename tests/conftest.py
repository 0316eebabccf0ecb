"""What holds for all tests."""

import os
import shutil

import pytest

#: Debian's programs that some tests need, by the tests' mark: the program, and the package that has it.
PROGRAMS = {"prometheus": ("promtool", "prometheus"), "nginx": ("nginx", "nginx-light")}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests whose program is not installed are skipped; never in CI."""
    if os.environ.get("CI"):
        return
    for mark, (program, package) in PROGRAMS.items():
        if shutil.which(program) or shutil.which(program, path="/usr/sbin"):
            continue
        missing = pytest.mark.skip(reason=f"{program} is not installed (Debian: apt install {package})")
        for item in items:
            if item.get_closest_marker(mark):
                item.add_marker(missing)
