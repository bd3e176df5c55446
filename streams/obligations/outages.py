"""Slots of a calendar that were not met, and what makes several of them one outage."""

from datetime import datetime
from typing import Literal, NamedTuple

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
