"""Signs of life in order of time, in columns: a channel that is checked every minute has hundreds of them."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from streams.events import Event

_TWO_DAYS = timedelta(days=2)


class Sign(msgspec.Struct, frozen=True, order=True, gc=False, array_like=True):
    """A sign of life of a channel or a contact of a dyad, by the instants at which it can have happened (UTC)."""

    earliest: datetime
    latest: datetime
    event: str
    source: str

    @classmethod
    def of(cls, event: Event) -> "Sign":
        """The sign that an event gives."""
        earliest, latest = event.occurred
        return cls(earliest, latest, event.id, event.source)

    def falls(self, start: datetime, end: datetime) -> bool:
        """Whether it can have come from ``start`` to ``end``, both inclusive; a day that only touches an end lies outside."""
        if self.earliest == self.latest:
            return start <= self.earliest <= end
        # A day ends where the next begins, which is not part of it; nor is it by its first instant alone that it was in time.
        return self.earliest < end and start < self.latest


class Signs:
    """Signs in order, each once.

    Attributes:
        earliest: The earliest instant of each, UTC; ``latest``, ``events`` and ``sources`` likewise.
        forgotten_from: The earliest instant of any sign that was forgotten, UTC.
        vague: Whether any sign was ever known less exactly than to the minute.
    """

    __slots__ = (
        "_kept",
        "_kept_upto",
        "_stale",
        "_trimmed",
        "earliest",
        "events",
        "forgotten_from",
        "latest",
        "sources",
        "vague",
    )

    def __init__(self) -> None:
        self._kept: dict[int, int] = {}
        """How many signs ``changes`` gave of each stretch."""
        self._kept_upto: datetime | None = None
        self._stale: set[int] = set()
        self._trimmed: datetime | None = None
        self.earliest: list[datetime] = []
        self.latest: list[datetime] = []
        self.events: list[str] = []
        self.sources: list[str] = []
        self.forgotten_from: datetime | None = None
        self.vague = False

    def __len__(self) -> int:
        return len(self.earliest)

    def __getitem__(self, place: int) -> Sign:
        return Sign(self.earliest[place], self.latest[place], self.events[place], self.sources[place])

    def __iter__(self) -> Iterator[Sign]:
        return map(Sign, self.earliest, self.latest, self.events, self.sources)

    def part(self, start: int, end: int) -> list[Sign]:
        """The signs from one place to before another."""
        where = slice(start, end)
        return list(map(Sign, self.earliest[where], self.latest[where], self.events[where], self.sources[where]))

    def place(self, sign: Sign) -> int:
        """Where the sign stands, or would."""
        start = bisect_left(self.earliest, sign.earliest)
        end = bisect_right(self.earliest, sign.earliest, lo=start)
        return start if start == end else start + bisect_left(self.part(start, end), sign)

    def append(self, moment: datetime, event: str, source: str) -> None:
        """Put an exact sign at the end; it must come later than all before."""
        self.earliest.append(moment)
        self.latest.append(moment)
        self.events.append(event)
        # The same words again need not be kept again.
        self.sources.append(self.sources[-1] if self.sources and source == self.sources[-1] else source)

    def add(self, sign: Sign) -> int | None:
        """Put the sign in its place; its place, or ``None`` where it was known."""
        place = self.place(sign)
        if self._stands(place, sign):
            return None
        self.earliest.insert(place, sign.earliest)
        self.latest.insert(place, sign.latest)
        self.events.insert(place, sign.event)
        self.sources.insert(place, sign.source)
        self._stale.add(_stretch(sign.earliest))
        self.vague = self.vague or sign.earliest != sign.latest
        return place

    def remove(self, sign: Sign) -> bool:
        """Take the sign out; whether it was there."""
        place = self.place(sign)
        if not self._stands(place, sign):
            return False
        del self.earliest[place], self.latest[place], self.events[place], self.sources[place]
        self._stale.add(_stretch(sign.earliest))
        return True

    def _stands(self, place: int, sign: Sign) -> bool:
        return place < len(self.earliest) and self[place] == sign

    def find(self, event: str) -> Sign | None:
        """The first sign that the event gave; looks through all of them."""
        return self[self.events.index(event)] if event in self.events else None

    def first_from(self, moment: datetime) -> Sign | None:
        """The first sign that certainly came at or after ``moment``."""
        place = bisect_left(self.earliest, moment)
        return self[place] if place < len(self.earliest) else None

    def first_after(self, moment: datetime) -> Sign | None:
        """The first sign that certainly came after ``moment``."""
        place = bisect_right(self.earliest, moment)
        return self[place] if place < len(self.earliest) else None

    def possibly_after(self, moment: datetime) -> Sign | None:
        """The first sign that can have come after ``moment``; one known to the day only may have."""
        place = start = bisect_left(self.earliest, moment)
        while place < len(self.latest) and self.latest[place] <= moment:
            place += 1
        # A sign known to the day began up to a day before the instant it may mean.
        for before in range(start - 1, -1, -1):
            if self.latest[before] > moment:
                place = before
            elif moment - self.earliest[before] > _TWO_DAYS:
                break
        return self[place] if place < len(self.earliest) else None

    def last_until(self, moment: datetime) -> Sign | None:
        """The last sign that can have come at or before ``moment``."""
        place = bisect_right(self.earliest, moment)
        return self[place - 1] if place else None

    def heard_by(self, moment: datetime) -> bool:
        """Whether any sign, forgotten by now or not, can have come at or before ``moment``."""
        return (bool(self.earliest) and self.earliest[0] <= moment) or (
            self.forgotten_from is not None and self.forgotten_from <= moment
        )

    def within(self, start: datetime, end: datetime) -> list[Sign]:
        """The signs that can have come from ``start`` to ``end``, both inclusive."""
        place = bisect_right(self.earliest, end)
        if not self.vague:
            return self.part(bisect_left(self.earliest, start, hi=place), place)
        result = []
        # A day-precision sign begins up to a day before the instant it may mean.
        for number in range(place - 1, -1, -1):
            if self.latest[number] >= start:
                if (sign := self[number]).falls(start, end):
                    result.append(sign)
            elif start - self.earliest[number] > _TWO_DAYS:
                break
        result.reverse()
        return result

    def forget(self, before: datetime, but: Sequence[Sign] = ()) -> None:
        """Drop what certainly came before ``before``, but the last of it, and but those that are named, in order."""
        earliest = self.earliest
        if len(earliest) < 2 or earliest[1] >= before:
            # The usual answer, found without a search.
            return
        place = bisect_left(earliest, before) - 1
        if place <= len(but):
            return
        self._trimmed = before
        if self.forgotten_from is None or earliest[0] < self.forgotten_from:
            self.forgotten_from = earliest[0]
        # One known to the day can reach beyond those that began after it.
        vague = [sign for sign in self.part(0, place) if sign.latest >= before] if self.vague else []
        kept = sorted({*vague, *(sign for sign in but if sign < self[place])}) if vague or but else []
        self._replace(place, kept)

    def _replace(self, upto: int, signs: Sequence[Sign]) -> None:
        """Let these signs stand where those before a place stood."""
        self.earliest[:upto] = [sign.earliest for sign in signs]
        self.latest[:upto] = [sign.latest for sign in signs]
        self.events[:upto] = [sign.event for sign in signs]
        self.sources[:upto] = [sign.source for sign in signs]

    @property
    def changed(self) -> bool:
        """Whether ``changes`` has anything to give."""
        last = self.earliest[-1] if self.earliest else None
        # What comes past ``add`` comes later than all before: never at the same moment.
        return bool(self._stale) or self._trimmed is not None or last is not self._kept_upto

    def changes(self) -> Iterator[tuple[int, list[Sign] | None]]:
        """The signs of every ten minutes (numbered since 1970) that changed since the last call; ``None`` where none is left.

        Most signs are put at the end, past ``add``: they are found by looking back to the last one that was given.
        """
        stale, start = self._stale, _NEVER
        for moment in reversed(self.earliest):
            if moment is self._kept_upto:
                break
            if moment < start:
                number = _stretch(moment)
                stale.add(number)
                start = _start(number)
        if self._trimmed is not None:
            last = _stretch(self._trimmed)
            stale.update(number for number, count in self._kept.items() if number <= last and count != len(self._of(number)))
            self._trimmed = None
        for number in sorted(stale):
            where = self._of(number)
            signs = self.part(where.start, where.stop)
            if signs:
                self._kept[number] = len(signs)
                yield number, signs
            elif self._kept.pop(number, None) is not None:
                yield number, None
        stale.clear()
        self._kept_upto = self.earliest[-1] if self.earliest else None

    def _of(self, number: int) -> range:
        """The places of the signs of a stretch."""
        start = bisect_left(self.earliest, _start(number))
        return range(start, bisect_left(self.earliest, _start(number + 1), lo=start))

    def recall(self, signs: Iterable[Sign]) -> None:
        """Hold these signs, as ``changes`` gave them."""
        self._replace(len(self.earliest), sorted(signs))
        self._kept = dict(Counter(map(_stretch, self.earliest)))
        self._kept_upto = self.earliest[-1] if self.earliest else None
        self.vague = self.earliest != self.latest


_NEVER = datetime.max.replace(tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STRETCH = timedelta(minutes=10)
"""So short that a check a minute means a small cell, and so long that a check a day is no more cells than signs."""


def _stretch(moment: datetime) -> int:
    return (moment - _EPOCH) // _STRETCH


def _start(number: int) -> datetime:
    return _EPOCH + number * _STRETCH
