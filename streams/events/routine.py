"""The event that comes by the million: an answered check with nothing unusual about it, read past all that it does not have.

It asks the same of the fields that it knows as ``decode`` does, and knows no others. What it does not read is not refused: it
is for ``decode`` to say what that is.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC
from typing import Literal

import msgspec

from streams.events import ChannelCheck
from streams.events.channels import Check, Latency
from streams.events.decode import FAR_AHEAD, LONG_AGO, MAX_BYTES
from streams.events.envelope import EventId, Name, Source
from streams.events.times import Moment


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """What an answered check tells."""

    channel: Name
    outcome: Literal["answered"] = "answered"
    latency_ms: Latency | None = None


class RoutineCheck(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A ``ChannelCheck`` that was answered and has no optional field but ``ingested``.

    Whoever takes it must hold against ``decode``'s bounds what no type can: that the record is not over-long, its id
    printable and without spaces, and its times UTC, in their order and in years that can be reckoned with.
    """

    specversion: Literal["1.0"]
    type: Literal["org.steadyline.channel.check.v1"]
    source: Source
    id: EventId
    time: Moment
    ingested: Moment
    data: Answer

    @property
    def whole(self) -> ChannelCheck:
        """The event as ``decode`` reads it."""
        data = Check(channel=self.data.channel, latency_ms=self.data.latency_ms)
        return ChannelCheck(
            specversion="1.0", id=self.id, source=self.source, time=self.time, ingested=self.ingested, data=data
        )


read_routine = msgspec.json.Decoder(RoutineCheck).decode
"""Read one record, if it is a routine check; it raises one of ``UNUSUAL`` otherwise."""
UNUSUAL = (msgspec.DecodeError, UnicodeDecodeError)
_TYPE = b'"org.steadyline.channel.check.v1"'


def routine(record: bytes) -> RoutineCheck | None:
    """The record, if it is a routine check and within ``decode``'s bounds; ``None`` where that is for ``decode`` to say.

    ``Watch.skim`` asks the same, of many lines at once where it can.
    """
    if _TYPE not in record:
        return None
    try:
        check = read_routine(record)
    except UNUSUAL:
        return None
    moment = check.time
    if not LONG_AGO < moment <= check.ingested < FAR_AHEAD or moment.tzinfo is not UTC:
        return None
    return check if _bounded(check, record) else None


def leading(records: Sequence[bytes]) -> list[RoutineCheck]:
    """The routine checks that these records begin with, within ``decode``'s bounds but for those of time."""
    checks: list[RoutineCheck] = []
    with suppress(*UNUSUAL):
        checks.extend(map(read_routine, records))
    names = "".join([check.id for check in checks])
    if names.isprintable() and " " not in names and sum(map(len, records)) <= MAX_BYTES:
        # Nearly always: asked of all at once.
        return checks
    for number, (check, record) in enumerate(zip(checks, records, strict=False)):
        if not _bounded(check, record):
            return checks[:number]
    return checks


def _bounded(check: RoutineCheck, record: bytes) -> bool:
    """Whether its id and its length are within ``decode``'s bounds."""
    return check.id.isprintable() and " " not in check.id and len(record) <= MAX_BYTES
