"""The web pod's preparations before it serves."""

import gc
from collections.abc import Iterator

import pytest

from recado.http.server import calm_collector


class Walks:
    """Counts the garbage collector's runs."""

    count = 0

    def __call__(self, phase: str, _info: dict[str, int]) -> None:
        self.count += phase == "start"


@pytest.fixture
def walks() -> Iterator[Walks]:
    """The garbage collector's runs during a test; restores its settings afterwards."""
    before, counter = gc.get_threshold(), Walks()
    gc.callbacks.append(counter)
    yield counter
    gc.callbacks.remove(counter)
    gc.set_threshold(*before)
    gc.unfreeze()


def test_the_collector_leaves_messages_alone_that_are_on_their_way(walks: Walks) -> None:
    """A hundred messages at once have some thousand objects, which are freed without the garbage collector."""
    calm_collector()
    walks.count = 0

    under_way = [{"place": place} for place in range(5000)]

    assert (len(under_way), walks.count) == (5000, 0)
