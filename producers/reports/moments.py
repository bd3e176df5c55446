"""A moment as a person writes it down: with its zone, and as exactly as it is known.

Only what has one meaning is understood. ``KST`` or ``CST`` names several zones (China, Cuba, Chicago), and a time without its
day is another day around midnight somewhere: both are refused, with what to write instead.
"""

import re
from datetime import UTC, datetime, timezone
from typing import NamedTuple, get_args
from zoneinfo import ZoneInfo

from streams.events.times import Precision, zone_named

NOW = "now"
EXPECTED = "expected 2026-11-23T09:00Z, 2026-11-23T09:00+09:00, '2026-11-23 09:00 Asia/Seoul', 2026-11-23 (a day) or now"
_LONGEST = 80
_WRITTEN = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})"
    r"(?:[T ](?P<hour>\d{2})(?::(?P<minute>\d{2})(?::(?P<second>\d{2}))?)?)?"
    r" ?(?P<zone>[A-Za-z+-][A-Za-z0-9_:/+-]*)?"
)
_CLOCK = re.compile(r"\d{1,2}:\d{2}")
_OFFSET = re.compile(r"[+-]\d{2}:\d{2}")
_PRECISIONS: tuple[Precision, ...] = get_args(Precision)


class When(NamedTuple):
    """A moment, as an event's fields have it.

    Attributes:
        time: UTC; of a day its first instant in ``zone``.
        precision: How exactly it is known.
        zone: The zone in which it was written.
        local: The local time as it was written, where that was not UTC.
    """

    time: datetime
    precision: Precision
    zone: str = "UTC"
    local: str | None = None


def when(text: str, now: datetime, zone: str | None = None, precision: str | None = None) -> When:
    """Read a moment.

    Args:
        text: What was written; ``now`` is understood.
        now: The time, with its zone.
        zone: The zone in which ``text`` is meant, where it does not say so itself; UTC for a day without one.
        precision: How exactly it is known, where that is less exact than it is written.

    Raises:
        ValueError: when it has no meaning, or more than one.
    """
    text = text.strip()
    if text == NOW:
        return When(now.astimezone(UTC).replace(microsecond=0), _coarser("second", precision))
    found = _WRITTEN.fullmatch(text[: _LONGEST + 1])
    if found is None and _CLOCK.match(text):
        raise ValueError(f"{EXPECTED}; got {text[:_LONGEST]!r}, which does not say its day")
    if found is None:
        raise ValueError(f"{EXPECTED}; got {text[:_LONGEST]!r}")
    hour, minute, second = found["hour"], found["minute"], found["second"]
    written: Precision = "second" if second else "minute" if minute else "hour" if hour else "day"
    try:
        wall = datetime.fromisoformat(f"{found['day']}T{hour or '00'}:{minute or '00'}:{second or '00'}")
    except ValueError as error:
        raise ValueError(f"{EXPECTED}; got {text!r}: {error}") from None
    name = _one_zone(found["zone"], zone, wall)
    if name is None and written != "day":
        raise ValueError(f"{EXPECTED}; got {text!r}, which does not say its zone (--zone Asia/Seoul would)")
    name = name or "UTC"
    where = _known(name)
    if written != "day":
        _meant_once(wall, where, name, text)
    try:
        time = wall.replace(tzinfo=where).astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{EXPECTED}; got {text!r}, which no calendar has in UTC") from None
    local = None if name == "UTC" or written == "day" else wall.isoformat(timespec="seconds" if second else "minutes")
    return When(time, _coarser(written, precision), name, local)


def _one_zone(written: str | None, given: str | None, wall: datetime) -> str | None:
    """The zone that text and option mean together."""
    written = {None: None, "Z": "UTC", "z": "UTC"}.get(written, written)
    if written is None or given is None or written == given:
        return written or given
    if _OFFSET.fullmatch(written) is None and written != "UTC":
        raise ValueError(f"the time says {written}, and --zone {given}: expected one of them")
    apart = _known(written).utcoffset(wall), wall.replace(tzinfo=_known(given)).utcoffset()
    other = wall.replace(tzinfo=_known(given), fold=1).utcoffset()
    if apart[0] not in (apart[1], other):
        raise ValueError(f"the time says {written}, but --zone {given} is another: expected one of them")
    return written


def _known(name: str) -> ZoneInfo | timezone:
    if name not in ("UTC", "Z") and "/" not in name and _OFFSET.fullmatch(name) is None:
        raise ValueError(f"expected a zone such as Z, +09:00 or Asia/Seoul, got {name!r}: letters alone name several")
    return zone_named(name)


def _meant_once(wall: datetime, where: ZoneInfo | timezone, name: str, text: str) -> None:
    """Refuse what the clocks of the zone showed twice, or never."""
    first, second = wall.replace(tzinfo=where, fold=0), wall.replace(tzinfo=where, fold=1)
    try:
        if first.utcoffset() == second.utcoffset():
            return
        shown = first.astimezone(UTC).astimezone(where).replace(tzinfo=None) == wall
    except OverflowError:
        return
    happened = "happened twice" if shown else "was never shown by the clocks"
    raise ValueError(f"{text!r} {happened} in {name}, where they changed: write it with its offset, such as +01:00")


def _coarser(written: Precision, asked: str | None) -> Precision:
    if asked is None:
        return written
    for precision in _PRECISIONS:
        if precision == asked:
            if _PRECISIONS.index(precision) < _PRECISIONS.index(written):
                raise ValueError(f"it is written to the {written}: expected no finer precision, got {asked}")
            return precision
    raise ValueError(f"expected one of {', '.join(_PRECISIONS)}, got {asked!r}")
