"""The web pod's preparations before it serves."""

import enum
import gc
from collections.abc import Iterator

import pytest

from recado.http.server import calm_collector, quicken_enumerations


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


@pytest.fixture
def enumerations() -> Iterator[None]:
    """Restores how members are looked up."""
    method = vars(enum.EnumType).get("__getattr__")
    yield
    if method is not None:
        type.__setattr__(enum.EnumType, "__getattr__", method)


@pytest.mark.usefixtures("enumerations")
def test_members_are_found_without_the_method_of_python_3_11() -> None:
    """Members are attributes of their class, also those named as an attribute of its members; other names are not."""

    class Part(enum.Enum):
        NAME = "name"
        name = "a member that is called as the attribute of all members"

    quicken_enumerations()

    assert (Part.NAME.value, Part["name"] is Part.name, Part("name")) == ("name", True, Part.NAME)
    with pytest.raises(AttributeError):
        _ = Part.OTHER  # type: ignore[attr-defined]  # there is none
