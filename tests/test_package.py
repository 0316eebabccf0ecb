"""The package as a whole."""

import recado


def test_version_is_semantic() -> None:
    """The version is MAJOR.MINOR.PATCH, as chart and image labels expect."""
    assert len(recado.__version__.split(".")) == 3
