"""Which probes are due, and which slots have gone by without one. Pure: time is an argument."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from producers.probes.timetable import Stretch, Timetable

_STEP = timedelta(microseconds=1)


class Entry(NamedTuple):
    """One probe's place in the schedule.

    Attributes:
        late: How long after its slot it may begin.
    """

    probe: str
    timetable: Timetable
    late: timedelta


class Due(NamedTuple):
    """A probe that is to be made now, for the slot at ``slot`` (UTC)."""

    probe: str
    slot: datetime


class Missed(NamedTuple):
    """Slots that went by with nobody awake. Nothing is claimed about them, and none is made up for."""

    probe: str
    slots: Stretch


class Turn(NamedTuple):
    """What a look at the clock gives."""

    due: tuple[Due, ...]
    missed: tuple[Missed, ...]


class Schedule:
    """Every slot comes up once: due, or missed.

    A deadline is its slot and not the last start and a period, so nothing drifts; and a clock that is set back repeats none.
    """

    def __init__(self, entries: Iterable[Entry], start: datetime) -> None:
        """The slots from ``start`` (UTC) on; those before are nobody's."""
        self._entries = tuple(entries)
        self._from = {entry.probe: start for entry in self._entries}

    def turn(self, now: datetime) -> Turn:
        """What is due at ``now`` (UTC), and what was missed since the last turn.

        Of several slots that could still be met, the last is due: one answer is not an answer to each of them.
        """
        due, missed = [], []
        for entry in self._entries:
            start = self._from[entry.probe]
            if start > now:
                continue
            self._from[entry.probe] = now + _STEP
            slots = entry.timetable.stretch(start, now + _STEP)
            if slots is None:
                continue
            if now - slots.last <= entry.late:
                due.append(Due(entry.probe, slots.last))
                slots = entry.timetable.stretch(start, slots.last)
            if slots is not None:
                missed.append(Missed(entry.probe, slots))
        return Turn(tuple(due), tuple(missed))

    def next(self) -> datetime | None:
        """When the next slot comes, UTC; ``None`` where none does."""
        found = (entry.timetable.next_from(self._from[entry.probe]) for entry in self._entries)
        return min((slot for slot in found if slot is not None), default=None)
