"""Launches without a notice in time, by salvo, kept so that one more is not reckoned with all that are on record.

Launches that follow each other closely are one salvo, and one lapse. Which do so is a matter of neighbours in time: a launch
that comes, goes or changes touches the salvos next to it, and all others stay as they were found.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from streams.events import Interval
from streams.lapses import Finding
from streams.matching.match import Match
from streams.spans import Span

When = tuple[Interval, str]
"""A launch by the instants at which it can have happened, and its key."""


class Judged(NamedTuple):
    """A salvo, and what was found about it.

    Attributes:
        launches: The keys of its launches, by time.
        wake: When the finding can next change without an event, UTC.
        finding: What was found; ``None`` while a feed may still tell.
        certain: Whether no beat of a feed can change it.
    """

    launches: tuple[str, ...]
    wake: datetime | None
    finding: Finding | None
    certain: bool


class Salvos:
    """The launches of one lane that have no notice in time. A salvo goes by the key of its first launch."""

    def __init__(self, within: Span) -> None:
        """Start with none; ``within`` is how closely launches of one salvo follow each other."""
        self.judged: dict[str, Judged] = {}
        """What was found about each salvo."""
        self.changed: set[str] = set()
        """Salvos that were judged, or are no more, since whoever keeps them emptied this."""
        self._near: set[str] = set()
        """Launches whose salvo is still to be formed."""
        self._within = within
        self._bare: dict[str, Match] = {}
        self._ordered: list[When] = []
        self._longest = timedelta()
        self._first: dict[str, str] = {}
        self._launches: dict[str, tuple[str, ...]] = {}
        self._starts: dict[str, When] = {}
        self._ended: dict[str, When] = {}
        """Salvos that had a finding and are no more."""
        self._due: set[str] = set()
        self._doubtful: set[str] = set()
        self._wakes: list[tuple[datetime, str]] = []

    def put(self, key: str, outcome: Match | None) -> None:
        """Let ``outcome`` be what became of a launch that has no notice in time; ``None`` where it has one, or is none."""
        known = self._bare.get(key)
        if known is outcome:
            return
        if known is not None:
            self._take_out(key, known)
        if outcome is None:
            return
        self._bare[key] = outcome
        when = _when(outcome)
        place = bisect_left(self._ordered, when)
        left, right = self._beside(place - 1), self._beside(place)
        first = None if left is None else self._first.get(left)
        if first is not None and right is not None and self._first.get(right) == first:
            # It may stand between two that followed each other, and part them.
            self._end(first)
        self._ordered.insert(place, when)
        self._longest = max(self._longest, when[0].latest - when[0].earliest)
        self._near.add(key)

    def forget(self, keys: Iterable[str]) -> None:
        """Leave out launches that are settled, and say nothing of it."""
        for key in keys:
            if (outcome := self._bare.get(key)) is not None:
                self._take_out(key, outcome)
            self._ended.pop(key, None)
        self._form()
        for first in self._due - self.judged.keys():
            # What is left of a salvo is judged with the next.
            self.judged[first] = Judged(self._launches[first], None, None, certain=False)
            self._doubtful.add(first)
            self.changed.add(first)

    def noticed(self, start: datetime, end: datetime) -> bool:
        """Judge those anew whose first launch can lie from ``start`` to ``end``; whether anything is found about any."""
        found = False
        place = bisect_left(self._ordered, start - self._longest, key=_earliest)
        for _, key in self._ordered[place : bisect_right(self._ordered, end, key=_earliest)]:
            if self._first.get(key) == key:
                self._due.add(key)
                known = self.judged.get(key)
                found = found or (known is not None and known.finding is not None)
        return found

    def due(self, now: datetime) -> list[tuple[str, list[Match]]]:
        """The salvos to be judged as of ``now``, by time: those that changed, whose time has come, that hang on a feed."""
        self._form()
        while self._wakes and self._wakes[0][0] <= now:
            wake, first = heappop(self._wakes)
            if (known := self.judged.get(first)) is not None and known.wake == wake:
                self._due.add(first)
        firsts = {first for first in self._due | self._doubtful if first in self._launches}
        self._due.clear()
        ordered = sorted(firsts, key=self._starts.__getitem__)
        return [(first, [self._bare[key] for key in self._launches[first]]) for first in ordered]

    def found(self, first: str, finding: Finding | None, wake: datetime | None, *, certain: bool) -> None:
        """Take note of what was found about a salvo."""
        known = self.judged.get(first)
        if finding is None and known is not None and known.finding is not None:
            self._ended[first] = self._starts[first]
        self.judged[first] = Judged(self._launches[first], wake, finding, certain)
        self.changed.add(first)
        if finding is not None:
            self._ended.pop(first, None)
        if wake is not None:
            heappush(self._wakes, (wake, first))
        if certain:
            self._doubtful.discard(first)
        else:
            self._doubtful.add(first)

    def ended(self) -> list[str]:
        """The salvos of which nothing is found any more, by time; asked once."""
        ended = [key for key, _ in sorted(self._ended.items(), key=lambda item: item[1])]
        self._ended.clear()
        return ended

    def wake(self) -> datetime | None:
        """When one of them can next change without an event, UTC."""
        while self._wakes:
            wake, first = self._wakes[0]
            if (known := self.judged.get(first)) is not None and known.wake == wake:
                return wake
            heappop(self._wakes)
        return None

    def recall(self, judged: Mapping[str, Judged], matches: Mapping[str, Match]) -> None:
        """Put back what was found; ``matches`` are the lane's, by launch."""
        for first, known in judged.items():
            self.judged[first] = known
            self._bare.update((key, matches[key]) for key in known.launches)
            self._gather(known.launches)
            if known.wake is not None:
                self._wakes.append((known.wake, first))
            if not known.certain:
                self._doubtful.add(first)
        heapify(self._wakes)
        self._ordered = sorted(map(_when, self._bare.values()))
        self._longest = max((span.latest - span.earliest for span, _ in self._ordered), default=timedelta())

    def _take_out(self, key: str, outcome: Match) -> None:
        place = bisect_left(self._ordered, _when(outcome))
        del self._ordered[place], self._bare[key]
        first = self._first.get(key)
        if first is not None:
            self._end(first)
        self._near.discard(key)
        left, right = self._beside(place - 1), self._beside(place)
        if left is not None and right is not None and self._follows(self._bare[left], self._bare[right]):
            # Those on either side of it may follow each other now.
            self._near.add(left)

    def _gather(self, launches: tuple[str, ...]) -> None:
        first = launches[0]
        self._launches[first] = launches
        self._starts[first] = _when(self._bare[first])
        self._first.update(dict.fromkeys(launches, first))

    def _end(self, first: str) -> None:
        """Let a salvo be no more; what is left of it is formed anew."""
        launches = self._launches.pop(first)
        for key in launches:
            del self._first[key]
        self._near.update(key for key in launches if key in self._bare)
        known = self.judged.pop(first, None)
        start = self._starts.pop(first)
        if known is not None and known.finding is not None:
            self._ended[first] = start
        self.changed.add(first)
        self._doubtful.discard(first)

    def _form(self) -> None:
        """Form the salvos of the launches that wait for it."""
        while self._near:
            key = next(iter(self._near))
            launches = self._around(key)
            for other in launches:
                if (first := self._first.get(other)) is not None:
                    self._end(first)
            self._near.difference_update(launches)
            self._gather(launches)
            self._due.add(launches[0])

    def _around(self, key: str) -> tuple[str, ...]:
        """The launches of the salvo that this one is in."""
        start = bisect_left(self._ordered, _when(self._bare[key]))
        end = start + 1
        while start > 0 and self._follows(self._at(start - 1), self._at(start)):
            start -= 1
        while end < len(self._ordered) and self._follows(self._at(end - 1), self._at(end)):
            end += 1
        return tuple(name for _, name in self._ordered[start:end])

    def _follows(self, one: Match, other: Match) -> bool:
        """Whether the second, the next by time, is of one salvo with the first."""
        return (
            not one.after_launch
            and not other.after_launch
            and other.launch.occurred.earliest <= self._within.after(one.launch.occurred.latest)
        )

    def _at(self, place: int) -> Match:
        return self._bare[self._ordered[place][1]]

    def _beside(self, place: int) -> str | None:
        return self._ordered[place][1] if 0 <= place < len(self._ordered) else None


def _when(outcome: Match) -> When:
    return outcome.launch.occurred, outcome.launch.key


def _earliest(when: When) -> datetime:
    return when[0].earliest
