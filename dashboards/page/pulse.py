"""How the page's own pipeline does: whether what is seen can be trusted to be all there is, and how old it is."""

from datetime import datetime, timedelta
from typing import Literal

import msgspec

LATE = timedelta(seconds=10)
"""So far the log's own time may lie behind the time of day before the page says so."""

Health = Literal["good", "late", "blind"]


class Pulse(msgspec.Struct, frozen=True, kw_only=True):
    """One beat of the pipeline.

    Attributes:
        wall: The time of day when it was taken, UTC.
        at: The log's own time; ``None`` where nothing was read yet.
        health: ``late``: the floor is older than it ought to be. ``blind``: nothing is read, so nothing new can be seen.
        says: Why, in words; empty where all is well.
        letters: Dead letters that wait: what could not be read was not judged.
        refused: Records of the log that no rule could use, or that claim to come from the future; they were not judged.
        silent: Feeds that are silent: what they carry is unknown.
        events: How many events were read.
    """

    wall: datetime
    at: datetime | None
    health: Health
    says: str = ""
    letters: int = 0
    refused: int = 0
    silent: tuple[str, ...] = ()
    events: int = 0


def lateness(wall: datetime, at: datetime | None) -> tuple[Health, str]:
    """Whether a log that stands at ``at`` is late."""
    if at is None:
        return "late", "nothing was read yet"
    behind = wall - at
    if behind > LATE:
        return "late", f"the log's own time is {behind.total_seconds():,.0f} s behind"
    return "good", ""
