"""Fixtures of the tests of telemetry."""

import logging
from collections.abc import Iterator

import pytest

from recado.telemetry import logging as logs


@pytest.fixture
def root_logger() -> Iterator[logging.Logger]:
    """The root logger, restored afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield root
    root.handlers[:], root.level = handlers, level
    logs._direct = None
    logging.captureWarnings(False)
