"""The search for the highest rate that holds."""

import pytest
from loadtests.bench.webhooks import FIRST_RATE, rates


@pytest.mark.parametrize("capacity", [1.0, 100.0, 550.0, FIRST_RATE, 777.0, 2_000.0])
def test_a_search_ends_around_the_capacity(capacity: float) -> None:
    """Whatever the capacity is, the found rate holds, and the next one does not."""
    search = rates()
    tried = [next(search)]
    while True:
        try:
            tried.append(search.send(tried[-1] <= capacity))
        except StopIteration as found:
            low, high = found.value
            break

    assert low <= capacity < high
    assert {low, high} <= {0.0, *tried}
    assert len(tried) < 12
