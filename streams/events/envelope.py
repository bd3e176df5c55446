"""The envelope every event travels in: CloudEvents 1.0 with the extension attributes of crisis reporting.

Source: CloudEvents 1.0.2 (context attributes, JSON format).
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from streams.events.times import Interval, Moment, Precision, interval

EventId = Annotated[str, Meta(min_length=1, max_length=200, extra_json_schema={"pattern": r"^[^\s\x00-\x1f]+$"})]
Party = Annotated[str, Meta(pattern=r"^[A-Z][A-Z0-9-]{1,19}$(?!\n)", description="a state or body: US, PRC, DPRK, IMO")]
Key = Annotated[
    str,
    Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$(?!\n)", description="the id of a channel, a notice, an incident, ..."),
]
Name = Annotated[str, Meta(min_length=1, max_length=100, extra_json_schema={"pattern": r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"})]
"""A ``Key`` in the one event that comes by the million: the rules decide whether it exists."""
Source = Annotated[str, Meta(min_length=1, max_length=2_000)]
Text = Annotated[str, Meta(max_length=20_000)]


class Data(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False, omit_defaults=True):
    """The content of an event. A field that its type does not know is refused: a typing error must not pass as silence."""


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", gc=False, omit_defaults=True):
    """A CloudEvent with the four times kept apart.

    Attributes:
        specversion: Always ``1.0``.
        id: Unique with its source; the same id is the same event, however often it arrives.
        source: Who says so: a URI reference, most often the report's address or the feed's name.
        time: When it occurred, as exactly as ``precision`` says.
        precision: How exactly the source knew ``time``; a ``day`` is the whole local day in ``zone``.
        zone: The zone in which ``precision`` and ``local`` are meant, an IANA name or an offset.
        local: The local time as printed by the source, for a cross-check against ``time``.
        received: When the other party had it.
        reported: When it was first public or first reported.
        ingested: When the log took it in; the log stamps it where it is missing.
        exercise: A drill: judged in a world of its own, delivered on the exercise route only.
        run: The replay or drill it belongs to.
        fact: The row of the history it rests on.
        subject: CloudEvents ``subject``; not interpreted.
    """

    specversion: Literal["1.0"]
    id: EventId
    source: Source
    time: Moment
    precision: Precision = "second"
    zone: Annotated[str, Meta(max_length=64)] = "UTC"
    local: Annotated[str, Meta(max_length=40)] | None = None
    received: Moment | None = None
    reported: Moment | None = None
    ingested: Moment | None = None
    exercise: bool = False
    run: Key | None = None
    fact: Key | None = None
    subject: Annotated[str, Meta(max_length=500)] | None = None
    datacontenttype: Literal["application/json"] | None = None
    dataschema: Annotated[str, Meta(max_length=500)] | None = None

    @property
    def occurred(self) -> Interval:
        """The instants at which it can have happened, in UTC."""
        return interval(self.time, self.precision, self.zone)

    @property
    def known(self) -> datetime:
        """When the log knew it: ``ingested``, else when it was reported, else the last instant it can have happened."""
        return self.ingested or self.reported or self.received or self.occurred.latest
