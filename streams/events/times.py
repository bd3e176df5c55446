"""When something happened, as precisely as its source knew it.

A day-precision time is an interval in its own zone, not midnight. Judgements use the interval: a lapse is claimed only
where every instant of it would be one.
"""

from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Annotated, Literal, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

Moment = Annotated[
    datetime,
    msgspec.Meta(
        tz=True,
        description="RFC 3339 date-time with its offset; UTC is canonical",
        # A datetime has no bounds in its type: the decoder and the events hold it against these years.
        extra_json_schema={"pattern": "^(?:[1-8][0-9]{3}|9000)-"},
    ),
]
EARLIEST, LATEST = 1_000, 9_000
"""Years with room on both sides for zones, precisions and terms: no calendar reckons beyond 1 and 9999."""
EXACT = frozenset(("second", "minute"))
"""Precisions of which a time is an instant, and no interval need be reckoned."""
Precision = Literal["second", "minute", "hour", "day"]

_HOUR = timedelta(hours=1)


class Interval(NamedTuple):
    """The instants at which something can have happened, both in UTC; equal for an exact time."""

    earliest: datetime
    latest: datetime


def bounded(*moments: datetime | None) -> None:
    """Hold moments against the years that can be reckoned with.

    Raises:
        ValueError: when one lies outside.
    """
    for moment in moments:
        if moment is not None and not EARLIEST <= moment.year <= LATEST:
            raise ValueError(f"expected a year from {EARLIEST} to {LATEST}, got {moment.year}")


@lru_cache(maxsize=1024)
def zone_named(name: str) -> ZoneInfo | timezone:
    """The zone of an IANA name or of a fixed offset such as ``+09:00``.

    Raises:
        ValueError: when there is no such zone.
    """
    if name in ("UTC", "Z"):
        return UTC
    if name[:1] in "+-" and len(name) == 6:
        try:
            offset = datetime.strptime(name, "%z").utcoffset()
        except ValueError:
            offset = None
        if offset is not None:
            return timezone(offset)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"expected an IANA time zone or an offset such as +09:00, got {name!r}") from error


def interval(moment: datetime, precision: Precision, zone: str) -> Interval:
    """All instants that ``moment`` stands for.

    A second or a minute is taken as exact (agreements count in minutes at the finest), an hour stands for its sixty
    minutes, a day for the whole local day in ``zone`` that holds the moment (23 or 25 hours long where clocks change).
    """
    if precision == "second" or precision == "minute":
        return Interval(moment, moment)
    if precision == "hour":
        return Interval(moment, moment + _HOUR)
    tz = zone_named(zone)
    day = moment.astimezone(tz).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    # Wall-clock arithmetic in the zone: the next local midnight, however long the day is.
    return Interval(day.astimezone(UTC), (day + timedelta(days=1)).astimezone(UTC))


def spoken(moment: datetime) -> str:
    """A moment as arithmetic prints it, UTC to the minute: ``2023-11-21 13:42Z``."""
    moment = moment.astimezone(UTC)
    if moment.year < EARLIEST:
        return moment.strftime("%Y-%m-%d %H:%M" + (":%S" if moment.second else "") + "Z")
    # The same, without reading a format.
    return moment.isoformat(" ")[: 19 if moment.second else 16] + "Z"
