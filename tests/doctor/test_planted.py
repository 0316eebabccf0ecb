"""The tests of the cluster wait for findings that the doctor can still make."""

from pathlib import Path

import pytest

from recado import cluster
from tests.cluster.test_doctor import FAULTS, OTHERS

SOURCE = "".join(path.read_text() for path in Path(cluster.__file__).parent.glob("checks_*.py"))


@pytest.mark.parametrize("text", sorted({text for _, text in FAULTS.values()} - OTHERS))
def test_the_text_that_a_cluster_test_waits_for_exists(text: str) -> None:
    """If a finding's text changes, its cluster test has to change, too; that test only runs where there is a
    cluster."""
    assert text in SOURCE
