"""When probes are due: every so often, or by the calendars that agreements have for a channel. Pure."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

from producers.probes.model import Target
from streams.agreements.model import Cadence, Epoch, midnight
from streams.calendars import Slots
from streams.rulebook import Rule, RuleBook

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EVER = datetime.max.replace(tzinfo=UTC)


class Stretch(NamedTuple):
    """Slots in a row: how many (``number``), the first and the last, UTC."""

    number: int
    first: datetime
    last: datetime


class Timetable(Protocol):
    """The slots of one probe."""

    def next_from(self, moment: datetime) -> datetime | None:
        """The first slot at or after ``moment``, UTC; ``None`` where none follows."""

    def stretch(self, start: datetime, end: datetime) -> Stretch | None:
        """The slots from ``start`` (inclusive) to ``end`` (exclusive), UTC; ``None`` where there are none."""


class Every:
    """Slots at whole multiples of a period since 1970 UTC, so that restarts move none."""

    def __init__(self, period: timedelta) -> None:
        if period <= timedelta():
            raise ValueError(f"expected a period longer than nothing, got {period}")
        self._period = period

    def next_from(self, moment: datetime) -> datetime | None:
        """The first slot at or after ``moment``, UTC; ``None`` at the end of time."""
        number = -((_EPOCH - moment) // self._period)
        return self._at(number)

    def stretch(self, start: datetime, end: datetime) -> Stretch | None:
        """The slots from ``start`` (inclusive) to ``end`` (exclusive), UTC; however many, without counting them out."""
        first, after = -((_EPOCH - start) // self._period), -((_EPOCH - end) // self._period)
        if after <= first:
            return None
        return Stretch(after - first, _EPOCH + first * self._period, _EPOCH + (after - 1) * self._period)

    def _at(self, number: int) -> datetime | None:
        return _EPOCH + number * self._period if number <= (_EVER - _EPOCH) // self._period else None


class Kept:
    """The slots of the calendars that agreements have for a channel, each while its rule and the channel are in force."""

    def __init__(self, rules: list[Rule[Cadence]], channel: Epoch) -> None:
        """Put the calendars together; rules without one are left out."""
        self._parts = [
            (Slots(rule.obligation.calendar), (rule.obligation.epochs or (rule.agreement.epoch,)))
            for rule in rules
            if rule.obligation.calendar is not None
        ]
        self._channel = channel

    def __bool__(self) -> bool:
        return bool(self._parts)

    def next_from(self, moment: datetime) -> datetime | None:
        """The first slot at or after ``moment``, UTC; ``None`` where none follows within ten years."""
        found = [slot for slots, epochs in self._parts if (slot := self._first(slots, epochs, moment)) is not None]
        return min(found, default=None)

    def stretch(self, start: datetime, end: datetime) -> Stretch | None:
        """The slots from ``start`` (inclusive) to ``end`` (exclusive), UTC; one that two rules ask for is one."""
        found = {
            slot
            for slots, epochs in self._parts
            for begin, until in self._stretches(epochs)
            if max(start, begin) < min(end, until)
            for slot in slots.between(max(start, begin), min(end, until))
        }
        return Stretch(len(found), min(found), max(found)) if found else None

    def _first(self, slots: Slots, epochs: tuple[Epoch, ...], moment: datetime) -> datetime | None:
        found = []
        for begin, until in self._stretches(epochs):
            if until > moment:
                slot = slots.next_from(max(moment, begin))
                if slot is not None and slot < until:
                    found.append(slot)
        return min(found, default=None)

    def _stretches(self, epochs: tuple[Epoch, ...]) -> Iterator[tuple[datetime, datetime]]:
        """From when until when a rule is in force while the channel is."""
        first, last = _ends(self._channel)
        for epoch in epochs:
            begin, until = _ends(epoch)
            if max(first, begin) < min(last, until):
                yield max(first, begin), min(last, until)


def timetable_of(target: Target, book: RuleBook) -> Timetable | None:
    """The slots of a probe; ``None`` where nothing says when."""
    if target.every is not None:
        return Every(timedelta(seconds=target.every.seconds))
    channel = book.channels.get(target.channel or "")
    if channel is None:
        return None
    return Kept([rule for rule in book.cadences if channel.id in rule.obligation.channels], channel.epoch) or None


def _ends(epoch: Epoch) -> tuple[datetime, datetime]:
    start = _EPOCH if epoch.start is None else midnight(epoch.start)
    return start, _EVER if epoch.until is None else midnight(epoch.until)


def next_slots(target: Target, book: RuleBook, moment: datetime, count: int) -> list[datetime]:
    """The next so many slots of a probe from ``moment`` on, UTC; fewer where no more follow."""
    timetable, found = timetable_of(target, book), list[datetime]()
    while timetable is not None and len(found) < count and (slot := timetable.next_from(moment)) is not None:
        found.append(slot)
        moment = slot + timedelta(microseconds=1)
    return found
