"""Slots of a calendar that were not met, and what makes several of them one outage."""

from datetime import datetime
from typing import Literal, NamedTuple

from streams.lapses import Finding
from streams.signs import Sign


class BadSlot(NamedTuple):
    """A slot that was not met."""

    due: datetime
    closes: datetime
    verdict: Literal["missed", "disputed", "unknown"]
    events: tuple[str, ...]
    claims: tuple[str, ...]


class Outage:
    """Slots in a row that were not met, without a sign of life between them."""

    def __init__(self, first: BadSlot) -> None:
        self.slots = [first]
        """The first few slots, as many as severities tell apart."""
        self.last = first
        self.count = 1

    @property
    def known(self) -> bool:
        """Whether it is a lapse; else nobody can say."""
        return self.slots[0].verdict != "unknown"

    def takes(self, slot: BadSlot, sign: Sign | None) -> bool:
        """Whether ``slot`` is part of this outage, given the first sign of life after its first slot."""
        if sign is not None and sign.earliest <= slot.closes:
            return False
        return self.known or slot.verdict == "unknown"


class Expected(NamedTuple):
    """The next check.

    Attributes:
        due: When it is or was due, UTC; ``None`` where none is asked for.
        turns: When the calendar names the next moment, UTC.
        overdue: It is due, and has neither come nor been judged as missed yet.
    """

    due: datetime | None
    turns: datetime | None
    overdue: bool


class KeptOutage(NamedTuple):
    """An outage as it is remembered."""

    slots: list[BadSlot]
    last: BadSlot
    missed: int


class KeptSlots(NamedTuple):
    """What a calendar's duty remembers: the slots are judged once, and what they were judged by is forgotten in time.

    Attributes:
        ends: The signs that ended outages, by the last slot's close.
    """

    armed: datetime | None
    next: datetime | None
    judged: datetime | None
    bad: list[BadSlot]
    outages: list[KeptOutage]
    ends: list[tuple[datetime, Sign]]
    findings: list[Finding]
