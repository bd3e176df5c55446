"""What was reported, kept as sets: the order in which reports arrived leaves no trace here."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import NamedTuple

import msgspec

from streams.events import ChannelStatus, Event, Interval
from streams.spans import Span

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


class Signs:
    """Signs in order of time, each once."""

    __slots__ = ("_kept", "_kept_upto", "_stale", "_trimmed", "forgotten_from", "items", "vague")

    def __init__(self) -> None:
        self._kept: dict[int, int] = {}
        """How many signs ``changes`` gave of each stretch."""
        self._kept_upto: Sign | None = None
        self._stale: set[int] = set()
        self._trimmed: datetime | None = None
        self.items: list[Sign] = []
        self.forgotten_from: datetime | None = None
        """The earliest instant of any sign that was forgotten, UTC."""
        self.vague = False
        """Whether any sign was ever known less exactly than to the minute."""

    def add(self, sign: Sign) -> int | None:
        """Put the sign in its place; its place, or ``None`` where it was known."""
        items = self.items
        place = bisect_left(items, sign)
        if place < len(items) and items[place] == sign:
            return None
        items.insert(place, sign)
        self._stale.add(_stretch(sign.earliest))
        self.vague = self.vague or sign.earliest != sign.latest
        return place

    def remove(self, sign: Sign) -> bool:
        """Take the sign out; whether it was there."""
        place = bisect_left(self.items, sign)
        if place < len(self.items) and self.items[place] == sign:
            del self.items[place]
            self._stale.add(_stretch(sign.earliest))
            return True
        return False

    def first_from(self, moment: datetime) -> Sign | None:
        """The first sign that certainly came at or after ``moment``."""
        place = bisect_left(self.items, moment, key=_earliest)
        return self.items[place] if place < len(self.items) else None

    def first_after(self, moment: datetime) -> Sign | None:
        """The first sign that certainly came after ``moment``."""
        items = self.items
        place = bisect_left(items, moment, key=_earliest)
        while place < len(items) and items[place].earliest <= moment:
            place += 1
        return items[place] if place < len(items) else None

    def possibly_after(self, moment: datetime) -> Sign | None:
        """The first sign that can have come after ``moment``; one known to the day only may have."""
        items = self.items
        place = bisect_left(items, moment, key=_earliest)
        first = items[place] if place < len(items) else None
        while first is not None and first.latest <= moment:
            place += 1
            first = items[place] if place < len(items) else None
        # A sign known to the day began up to a day before the instant it may mean.
        for before in range(bisect_left(items, moment, key=_earliest) - 1, -1, -1):
            if items[before].latest > moment:
                first = items[before]
            elif moment - items[before].earliest > _TWO_DAYS:
                break
        return first

    def last_until(self, moment: datetime) -> Sign | None:
        """The last sign that can have come at or before ``moment``."""
        place = bisect_right(self.items, moment, key=_earliest)
        return self.items[place - 1] if place else None

    def heard_by(self, moment: datetime) -> bool:
        """Whether any sign, forgotten by now or not, can have come at or before ``moment``."""
        return self.last_until(moment) is not None or (self.forgotten_from is not None and self.forgotten_from <= moment)

    def within(self, start: datetime, end: datetime) -> list[Sign]:
        """The signs that can have come from ``start`` to ``end``, both inclusive."""
        place = bisect_right(self.items, end, key=_earliest)
        result = []
        # A day-precision sign begins up to a day before the instant it may mean.
        for number in range(place - 1, -1, -1):
            sign = self.items[number]
            if sign.latest >= start:
                result.append(sign)
            elif start - sign.earliest > _TWO_DAYS:
                break
        result.reverse()
        return result

    def forget(self, before: datetime, but: Sequence[Sign] = ()) -> None:
        """Drop what certainly came before ``before``, but the last of it, and but those that are named, in order."""
        if len(self.items) < 2 or self.items[1].earliest >= before:
            # The usual answer, found without a search.
            return
        place = bisect_left(self.items, before, key=_earliest) - 1
        if place > len(but):
            self._trimmed = before
            first = self.items[0].earliest
            if self.forgotten_from is None or first < self.forgotten_from:
                self.forgotten_from = first
            # One known to the day can reach beyond those that began after it.
            vague = [sign for sign in self.items[:place] if sign.latest >= before] if self.vague else []
            self.items[:place] = sorted({*vague, *(sign for sign in but if sign < self.items[place])})

    @property
    def changed(self) -> bool:
        """Whether ``changes`` has anything to give."""
        return bool(self._stale) or self._trimmed is not None or (self.items[-1] if self.items else None) is not self._kept_upto

    def changes(self) -> Iterator[tuple[int, list[Sign] | None]]:
        """The signs of every ten minutes (numbered since 1970) that changed since the last call; ``None`` where none is left.

        Most signs are put at the end, past ``add``: they are found by looking back to the last one that was given.
        """
        items, stale, start = self.items, self._stale, _NEVER
        for sign in reversed(items):
            if sign is self._kept_upto:
                break
            if sign.earliest < start:
                number = _stretch(sign.earliest)
                stale.add(number)
                start = _start(number)
        if self._trimmed is not None:
            last = _stretch(self._trimmed)
            stale.update(number for number, count in self._kept.items() if number <= last and count != len(self._of(number)))
            self._trimmed = None
        for number in sorted(stale):
            signs = self._of(number)
            if signs:
                self._kept[number] = len(signs)
                yield number, signs
            elif self._kept.pop(number, None) is not None:
                yield number, None
        stale.clear()
        self._kept_upto = items[-1] if items else None

    def _of(self, number: int) -> list[Sign]:
        start = bisect_left(self.items, _start(number), key=_earliest)
        return self.items[start : bisect_left(self.items, _start(number + 1), lo=start, key=_earliest)]

    def recall(self, signs: Iterable[Sign]) -> None:
        """Hold these signs, as ``changes`` gave them; whoever looks at ``items`` goes on looking at them."""
        self.items[:] = sorted(signs)
        self._kept = dict(Counter(_stretch(sign.earliest) for sign in self.items))
        self._kept_upto = self.items[-1] if self.items else None
        self.vague = any(sign.earliest != sign.latest for sign in self.items)


_NEVER = datetime.max.replace(tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STRETCH = timedelta(minutes=10)
"""So short that a check a minute means a small cell, and so long that a check a day is no more cells than signs."""


def _stretch(moment: datetime) -> int:
    return (moment - _EPOCH) // _STRETCH


def _start(number: int) -> datetime:
    return _EPOCH + number * _STRETCH


_earliest = attrgetter("earliest")


class Suspension(NamedTuple):
    """A stretch for which a channel stood suspended, from the declaration to the first contact after it."""

    declared: ChannelStatus
    start: Interval
    ended: Sign | None

    def holds(self, moment: datetime) -> bool:
        """Whether the channel stood suspended at ``moment``."""
        return self.start.earliest <= moment and (self.ended is None or moment < self.ended.earliest)


Post = tuple[list[datetime], int]
"""A board on which is written when channels were last heard, and the place of one."""
_NOWHERE = [_EPOCH]


class ChannelRecord:
    """All that was reported of one channel."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.quiet = False
        """Whether one more sign, later than all before, can change nothing that any duty finds."""
        self.post: Post = (_NOWHERE, 0)
        """Where a sentry looks when the channel was heard; until one does, a place at which nobody looks."""
        self.further_posts: tuple[Post, ...] = ()
        """Where other sentries do. Whoever puts a sign at the end by a short cut says so at every post."""
        self.settle = Span()
        """The longest that any rule lets evidence about this channel amend its judgement."""
        self.floor: datetime | None = None
        """What came before was forgotten, but the last of it, UTC."""
        self.signs = Signs()
        """Answered checks and calls, meetings held, contacts."""
        self.calls = Signs()
        """Those of the signs at which somebody spoke: not the routine checks."""
        self.silences = Signs()
        """Checks reported as unanswered or without a carrier."""
        self.statuses: list[tuple[datetime, str, ChannelStatus]] = []
        """Declarations, by the instant from which they can hold."""

    def guard(self, post: Post) -> None:
        """Let one more sentry look here."""
        self.post, former = post, self.post
        if former[0] is not _NOWHERE:
            self.further_posts += (former,)

    def declare(self, event: ChannelStatus) -> bool:
        """Take in a declared status; whether it is new."""
        if any((known.id, known.source) == (event.id, event.source) for _, _, known in self.statuses):
            return False
        self.statuses.append((event.occurred.earliest, event.id, event))
        self.statuses.sort(key=lambda known: (known[0], known[1], known[2].source))
        return True

    def undeclare(self, event: ChannelStatus) -> bool:
        """Take a retracted status out; whether it was there."""
        before = len(self.statuses)
        self.statuses = [known for known in self.statuses if (known[2].id, known[2].source) != (event.id, event.source)]
        return len(self.statuses) != before

    @property
    def first(self) -> datetime | None:
        """The earliest instant of any check or contact on record, UTC."""
        firsts = [signs.items[0].earliest for signs in (self.signs, self.silences) if signs.items]
        return min(firsts) if firsts else None

    def forget(self, now: datetime) -> None:
        """Drop signs that no rule can ask for any more as of ``now``, but the last of them."""
        before = self.settle.before(now)
        self.floor = before
        # Whether the channel stood suspended is asked of times long past too.
        ends = [ended for _, _, ended in self.suspensions() if ended is not None] if self.statuses else ()
        self.signs.forget(before, ends)
        self.calls.forget(before)
        self.silences.forget(before)

    def suspensions(self) -> list[Suspension]:
        """Stretches of declared suspension. A repeated declaration prolongs nothing; only contact ends one."""
        result: list[Suspension] = []
        for _, _, event in self.statuses:
            if event.data.status not in ("suspended", "cancelled"):
                continue
            start = event.occurred
            if result and (result[-1].ended is None or start.earliest < result[-1].ended.earliest):
                continue
            # The call in which they say so is no contact after it; a whole day ends where the next begins.
            exact = start.earliest == start.latest
            result.append(Suspension(event, start, (self.signs.first_after if exact else self.signs.first_from)(start.latest)))
        return result

    def suspended(self, moment: datetime) -> bool:
        """Whether the channel stood suspended at ``moment``."""
        return bool(self.statuses) and any(suspension.holds(moment) for suspension in self.suspensions())
