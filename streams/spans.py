"""Spans of time as agreements write them: ``24 h``, ``3 d``, ``8 months``.

A span in months or years is a calendar span: one month after 31 January is the last day of February.
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from dateutil.relativedelta import relativedelta

_UNITS = {
    "s": (0, 1),
    "min": (0, 60),
    "h": (0, 3_600),
    "d": (0, 86_400),
    "week": (0, 604_800),
    "month": (1, 0),
    "year": (12, 0),
}
_MOST = 86_400e9
_PATTERN = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|h|d|week|month|year)s?")


class Span:
    """A non-negative length of time: whole calendar months and seconds. Immutable."""

    # A plain class: msgspec reads it from text through a hook, and would take a dataclass for an object of its own.
    __slots__ = ("_length", "months", "seconds")
    months: int
    seconds: float
    _length: timedelta | None
    """The seconds, made ready; ``None`` where there are more than a date can be moved by."""

    def __init__(self, months: int = 0, seconds: float = 0.0) -> None:
        if months < 0 or seconds < 0:
            raise ValueError(f"expected a span that is not negative, got {months} months {seconds} s")
        object.__setattr__(self, "months", months)
        object.__setattr__(self, "seconds", float(seconds))
        object.__setattr__(self, "_length", timedelta(seconds=seconds) if seconds < _MOST else None)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a span cannot be changed: {name}")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Span):
            return NotImplemented
        return (self.months, self.seconds) == (other.months, other.seconds)

    def __hash__(self) -> int:
        return hash((self.months, self.seconds))

    def __repr__(self) -> str:
        return f"Span(months={self.months}, seconds={self.seconds})"

    @classmethod
    def parse(cls, text: str) -> "Span":
        """Read ``"90 s"``, ``"30 min"``, ``"24 h"``, ``"5 d"``, ``"2 weeks"``, ``"8 months"``, ``"1 year"``.

        Raises:
            ValueError: when the text is none of these, or half a month.
        """
        match = _PATTERN.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"expected a span such as '24 h', '3 d' or '8 months', got {text!r}")
        amount = float(match[1])
        months, seconds = _UNITS[match[2]]
        if months and amount != int(amount):
            raise ValueError(f"expected whole months or years, got {text!r}")
        return cls(months=int(amount) * months if months else 0, seconds=amount * seconds)

    def after(self, moment: datetime) -> datetime:
        """The moment this span after ``moment``."""
        if self.months:
            moment = moment + relativedelta(months=self.months)
        if self._length is None:
            raise OverflowError(f"no date is {self.seconds} s after another")
        return moment + self._length

    def before(self, moment: datetime) -> datetime:
        """The moment this span before ``moment``."""
        if self.months:
            moment = moment - relativedelta(months=self.months)
        if self._length is None:
            raise OverflowError(f"no date is {self.seconds} s before another")
        return moment - self._length

    def __str__(self) -> str:
        if self.months:
            return f"{self.months} months"
        return in_words(timedelta(seconds=self.seconds))


def longest(spans: Iterable[Span]) -> Span:
    """The longest of the spans, a month taken as 31 days; the default settling time where there are none."""
    return max(spans, key=lambda span: span.months * 31 * 86_400 + span.seconds, default=SETTLE)


SETTLE = Span(seconds=400 * 86_400)
"""How long evidence may amend a judgement where a rule says nothing else."""


def in_words(length: timedelta) -> str:
    """A length as people say it: ``2 h 50 min``, ``6 d 18 h``, ``45 s``; a negative one with a minus sign."""
    total = round(length.total_seconds())
    sign, total = ("-" if total < 0 else ""), abs(total)
    parts = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        amount, total = divmod(total, size)
        if unit == "d" and 0 < amount < 5 and total == 0:
            return f"{sign}{amount * 24} h"
        if amount:
            parts.append(f"{amount} {unit}")
    return sign + " ".join(parts[:2]) if parts else "0 s"
