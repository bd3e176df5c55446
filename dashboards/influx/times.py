"""The times of points: whoever writes a point again writes the same point."""

import hashlib
from datetime import UTC, datetime, timedelta

from dashboards.influx.schema import Seconds

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_MICROSECOND = timedelta(microseconds=1)


def below_second(name: str, revision: int = 0) -> int:
    """Nanoseconds below the second for something of this id: the same ever after, and rising with its revision."""
    place = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) % 10_000_000
    return place * 100 + revision % 100


def at_second(moment: datetime, name: str, revision: int = 0) -> int:
    """The time of the point of something that happened, in nanoseconds since 1970."""
    return seconds(moment) * 1_000_000_000 + below_second(name, revision)


def at_minute(moment: datetime) -> int:
    """The time of the point of a minute, or of a reading of the wall clock, in nanoseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND * 1_000


def seconds(moment: datetime) -> Seconds:
    """A moment in whole seconds since 1970, rounded down."""
    return (moment - _EPOCH) // _SECOND
