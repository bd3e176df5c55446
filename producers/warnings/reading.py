"""What was understood of one broadcast warning, and what was not.

A reader never guesses in silence: what it could not read is in ``unread`` with its place, what it had to suppose (the year
of a text that names none) is in ``assumed``.
"""

from datetime import datetime
from typing import Literal, NamedTuple

import msgspec

from streams.events.areas import Circle, Polygon

Form = Literal["notam", "navigational"]
Kind = Literal["launch", "debris", "gunnery", "other"]
"""What endangers: a launch (missile or space), the fall of what a launch drops, gunnery and bombing, anything else."""
Status = Literal["new", "replacement", "cancellation"]


class Span(NamedTuple):
    """A stretch of time, UTC; ``end`` is ``None`` where it ends only when somebody says so (PERM, until further notice)."""

    start: datetime
    end: datetime | None


class Unread(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the text that was not understood.

    Attributes:
        text: The part, as it stands there.
        line: Its line within the warning, from 1; ``column`` likewise.
        expected: What would have been understood there.
    """

    text: str
    line: int
    column: int
    expected: str


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One warning.

    Attributes:
        form: Which family of formats it is in.
        series: Who numbers it: ``A`` of a NOTAM, ``NAVAREA XI``, ``HYDROPAC``; ``None`` where it has no number.
        number: Its number in the series with the year, as printed: ``1234/26``.
        issuer: Location indicator of the NOTAM's office or flight region (``ZBPE``); the series' name of a navigational one.
        kind: What endangers.
        named: Whether the text itself says so. Where it does not, something may be launched although ``kind`` is another.
        status: New, in place of another, or nothing but a cancellation.
        cancels: The warnings that it cancels, by series and number: ``NAVAREA XI 123/24``, ``A1233/26``.
        replaces: The warnings in whose place it stands; a replaced NOTAM is also among ``cancels``.
        issued: When it was issued, UTC, where it says so.
        windows: When the danger is there, in order; daily windows one by one, as far as they are bounded.
        areas: Where it is.
        lower_ft, upper_ft: The limits in height, feet; ``None`` where not said or unlimited.
        estimated: Whether the end is only an estimate (``EST``).
        unread: What was not understood.
        assumed: What was supposed where the text is silent, one sentence each.
        text: The whole warning as it came.
    """

    form: Form
    text: str
    series: str | None = None
    number: str | None = None
    issuer: str | None = None
    kind: Kind = "other"
    named: bool = True
    status: Status = "new"
    cancels: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    issued: datetime | None = None
    windows: tuple[Span, ...] = ()
    areas: tuple[Circle | Polygon, ...] = ()
    lower_ft: int | None = None
    upper_ft: int | None = None
    estimated: bool = False
    unread: tuple[Unread, ...] = ()
    assumed: tuple[str, ...] = ()

    @property
    def id(self) -> str | None:
        """Series and number as one name: ``A1234/26``, ``NAVAREA XI 123/26``."""
        if self.series is None or self.number is None:
            return None
        return f"{self.series}{self.number}" if self.form == "notam" else f"{self.series} {self.number}"
