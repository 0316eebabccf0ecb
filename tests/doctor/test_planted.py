"""The cluster's tests wait for findings that the doctor can still make."""

from pathlib import Path

import pytest

from recado import cluster
from tests.cluster.test_doctor import FAULTS, OTHERS

SOURCE = "".join(path.read_text() for path in Path(cluster.__file__).parent.glob("checks_*.py"))


@pytest.mark.parametrize("text", sorted({text for _, text in FAULTS.values()} - OTHERS))
def test_the_text_that_a_cluster_test_waits_for_exists(text: str) -> None:
    """A finding that is worded anew changes its cluster test too, which runs only where there is a cluster."""
    assert text in SOURCE
