"""The event that comes by the million: an answered check with nothing unusual about it, read past all that it does not have.

It asks the same of the fields that it knows as ``decode`` does, and knows no others. What it does not read is not refused: it
is for ``decode`` to say what that is.
"""

from typing import Literal

import msgspec

from streams.events.channels import Latency
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


read_routine = msgspec.json.Decoder(RoutineCheck).decode
"""Read one record, if it is a routine check; it raises one of ``UNUSUAL`` otherwise."""
UNUSUAL = (msgspec.DecodeError, UnicodeDecodeError)
