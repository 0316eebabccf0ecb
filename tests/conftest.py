"""What holds for all tests."""

import os
import shutil

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that need Debian's prometheus are skipped where it is not installed; never in CI."""
    if os.environ.get("CI") or shutil.which("promtool"):
        return
    missing = pytest.mark.skip(reason="promtool is not installed (Debian: apt install prometheus)")
    for item in items:
        if item.get_closest_marker("prometheus"):
            item.add_marker(missing)
