"""The shop's hours: how the setting is read, when they hold, and how customers read them."""

from datetime import datetime

import pytest

from recado.hours import Hours, parse

MONDAY, SATURDAY, SUNDAY = "2026-11-23", "2026-11-28", "2026-11-29"


@pytest.mark.parametrize(
    ("at", "held"),
    [
        (f"{MONDAY}T08:59", False),
        (f"{MONDAY}T09:00", True),
        (f"{MONDAY}T17:59", True),
        (f"{MONDAY}T18:00", False),
        (f"{SATURDAY}T09:29", False),
        (f"{SATURDAY}T09:30", True),
        (f"{SUNDAY}T10:00", False),
    ],
)
def test_hours_hold_by_the_clock(at: str, held: bool) -> None:
    """The shop is open from the first minute until just before the last."""
    assert parse("mon-fri 9-18, Sat 9:30-13").hold(datetime.fromisoformat(at)) is held


def test_hours_are_read_in_spanish() -> None:
    assert str(parse("mon-fri 9-18, sat 9:30-13")) == "de lunes a viernes de 9 a 18 h y sábado de 9:30 a 13 h"
    assert str(parse("mon 9-24, wed 9-12, fri 9-12")) == (
        "lunes de 9 a 24 h, miércoles de 9 a 12 h y viernes de 9 a 12 h"
    )


def test_no_hours_are_all_hours() -> None:
    assert parse("") == Hours()
    assert Hours().hold(datetime.fromisoformat(f"{SUNDAY}T03:00"))


@pytest.mark.parametrize("text", ["9-18", "lun-vie 9-18", "mon-fri 18-9", "sun-mon 9-18", "mon 9-25", "mon-fri"])
def test_what_are_no_hours(text: str) -> None:
    with pytest.raises(ValueError, match=r"hours|ends before"):
        parse(text)
