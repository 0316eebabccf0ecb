"""The package as a whole."""

import re

import recado


def test_version_is_semantic() -> None:
    """The version is MAJOR.MINOR.PATCH, as chart and image labels expect."""
    assert re.fullmatch(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)", recado.__version__)
