"""When somebody of the shop is there: "mon-fri 9-18, sat 9:30-13", by the shop's clock."""

import re
from datetime import datetime
from typing import Final

import msgspec

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NAMES: Final = ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo")
SPAN: Final = re.compile(
    r"(mon|tue|wed|thu|fri|sat|sun)(?:-(mon|tue|wed|thu|fri|sat|sun))? ([0-9]{1,2})(?::([0-9]{2}))?"
    r"-([0-9]{1,2})(?::([0-9]{2}))?"
)
_DAY_MINUTES: Final = 24 * 60


class OpeningTime(msgspec.Struct, frozen=True):
    """From a minute of the day to the one before another, on the days from `first` to `last` (0: Monday)."""

    first: int
    last: int
    opens: int
    closes: int

    def holds(self, at: datetime) -> bool:
        """Whether an instant is in it."""
        return self.first <= at.weekday() <= self.last and self.opens <= at.hour * 60 + at.minute < self.closes

    def __str__(self) -> str:
        """As customers read it."""
        days = _NAMES[self.first] if self.first == self.last else f"de {_NAMES[self.first]} a {_NAMES[self.last]}"
        return f"{days} de {_clock(self.opens)} a {_clock(self.closes)} h"


class Hours(msgspec.Struct, frozen=True):
    """The shop's hours; none are all hours."""

    spans: tuple[OpeningTime, ...] = ()

    def hold(self, at: datetime) -> bool:
        """Whether somebody is there at an instant of the shop's clock."""
        return not self.spans or any(span.holds(at) for span in self.spans)

    def __str__(self) -> str:
        """As customers read them: "de lunes a viernes de 9 a 18 h y sábado de 9:30 a 13 h"."""
        spans = [str(span) for span in self.spans]
        return " y ".join([", ".join(spans[:-1]), spans[-1]] if len(spans) > 1 else spans)


def parse(text: str) -> Hours:
    """The hours that a setting names, separated by commas. Raises ValueError."""
    return Hours(tuple(_span(part.strip()) for part in text.lower().split(",") if part.strip()))


def _span(text: str) -> OpeningTime:
    found = SPAN.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a list of hours such as mon-fri 9-18, sat 9:30-13")
    first, last = _DAYS.index(found[1]), _DAYS.index(found[2] or found[1])
    opens, closes = int(found[3]) * 60 + int(found[4] or 0), int(found[5]) * 60 + int(found[6] or 0)
    if not (first <= last and opens < closes <= _DAY_MINUTES):
        raise ValueError(f"{text!r} ends before it begins")
    return OpeningTime(first, last, opens, closes)


def _clock(minute: int) -> str:
    return f"{minute // 60}:{minute % 60:02d}" if minute % 60 else str(minute // 60)
