"""Which launches and notices must be matched together: the connected component around a change."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Generic, TypeVar

from streams.agreements.model import Prior, Slack
from streams.matching.edges import reach
from streams.matching.launches import Launch, launch_order
from streams.matching.notices import Series

_Name = TypeVar("_Name", str, int)


class Spans(Generic[_Name]):
    """Spans of time by their names, for finding those that overlap a given one without looking at all of them."""

    def __init__(self, spans: Sequence[tuple[datetime, datetime, _Name]] = ()) -> None:
        self._sorted: list[tuple[datetime, datetime, _Name]] = sorted(spans)
        # How far any span up to this place reaches: walking back from a moment can stop where none reaches it.
        self._reach: list[datetime] = list(accumulate((end for _, end, _ in self._sorted), max))
        self._of: dict[_Name, tuple[datetime, datetime, _Name]] = {span[2]: span for span in self._sorted}

    def put(self, name: _Name, start: datetime, end: datetime) -> None:
        """Add a span, or replace the one of this name."""
        span = (start, end, name)
        if self._of.get(name) == span:
            return
        self.drop(name)
        self._of[name] = span
        place = bisect_left(self._sorted, span)
        insort(self._sorted, span)
        self._reach.insert(place, max(end, self._reach[place - 1]) if place else end)
        for later in range(place + 1, len(self._reach)):
            if self._reach[later] >= end:
                break
            self._reach[later] = end

    def drop(self, name: _Name) -> None:
        """Forget a span; no error where it is not there."""
        span = self._of.pop(name, None)
        if span is None:
            return
        place = bisect_left(self._sorted, span)
        del self._sorted[place], self._reach[place]
        for later in range(place, len(self._reach)):
            here = self._sorted[later][1]
            far = max(here, self._reach[later - 1]) if later else here
            if self._reach[later] == far:
                break
            self._reach[later] = far

    def span(self, name: _Name) -> tuple[datetime, datetime]:
        """The span of this name.

        Raises:
            KeyError: when there is none.
        """
        return self._of[name][:2]

    def over(self, start: datetime, end: datetime) -> list[_Name]:
        """Names of the spans that share an instant with [start, end], latest first."""
        found = []
        place = bisect_right(self._sorted, end, key=_start) - 1
        while place >= 0 and self._reach[place] >= start:
            if self._sorted[place][1] >= start:
                found.append(self._sorted[place][2])
            place -= 1
        return found

    def beside(self, start: datetime, end: datetime, within: timedelta, most: int) -> list[_Name]:
        """Names of the spans nearest to [start, end] that share no instant with it, at most ``within`` away, nearest first."""
        place = bisect_right(self._sorted, end, key=_start)
        found = [(span[0] - end, span[2]) for span in self._sorted[place : place + most]]
        # Back by start: of spans about as long, the nearest in time come first.
        for before in range(place - 1, max(place - 1 - 4 * most, -1), -1):
            span = self._sorted[before]
            if span[1] < start:
                found.append((start - span[1], span[2]))
        return [name for away, name in sorted(found)[:most] if away <= within]


def _start(span: tuple[datetime, datetime, str | int]) -> datetime:
    return span[0]


class Index:
    """Launches and series of one party under one rule's slack, so that a component is found without looking at the rest."""

    def __init__(self, slack: Slack) -> None:
        self._slack = slack
        self._launches: dict[str, Launch] = {}
        self._series: dict[str, Series] = {}
        self._launched: Spans[str] = Spans()
        self._meant: Spans[str] = Spans()

    def put_launch(self, launch: Launch) -> None:
        """Add a launch, or replace the one with its key."""
        self._launches[launch.key] = launch
        self._launched.put(launch.key, *launch.occurred)

    def drop_launch(self, key: str) -> None:
        """Forget a launch; no error where it is not there."""
        self._launches.pop(key, None)
        self._launched.drop(key)

    def put_series(self, series: Series) -> None:
        """Add a series, or replace the one with its key."""
        self._series[series.key] = series
        self._meant.put(series.key, *reach(series, self._slack))

    def drop_series(self, key: str) -> None:
        """Forget a series; no error where it is not there."""
        self._series.pop(key, None)
        self._meant.drop(key)

    def nearest(self, launch: Launch, most: int = 3) -> list[Series]:
        """The series nearest to the launch that are off it by more than the slack, and by no more than twice: near misses."""
        earliest, latest = launch.occurred
        within = max(earliest - self._slack.before.before(earliest), self._slack.after.after(latest) - latest)
        return [self._series[name] for name in self._meant.beside(earliest, latest, within, most)] if within else []

    def component(self, changed: Launch | Series) -> tuple[list[Launch], list[Series]]:
        """All launches whose matching can depend on ``changed``, with all series that bear on them.

        Both in order. ``changed`` is among them where it is kept. A change can cut a component in two or move it: ask
        before and after it, and match the launches of both answers anew.
        """
        launches: dict[str, Launch] = {}
        linked: set[str] = set()
        if isinstance(changed, Launch):
            ahead = [changed.key] if changed.key in self._launches else []
            ahead += [
                key for name in self._meant.over(*changed.occurred) for key in self._launched.over(*self._meant.span(name))
            ]
        else:
            earliest, latest = reach(changed, self._slack)
            ahead = self._launched.over(earliest, latest)
        while ahead:
            key = ahead.pop()
            if key in launches:
                continue
            launches[key] = self._launches[key]
            for name in self._meant.over(*launches[key].occurred):
                if name not in linked:
                    linked.add(name)
                    ahead += self._launched.over(*self._meant.span(name))
        series = set(linked)
        if isinstance(changed, Series) and changed.key in self._series:
            series.add(changed.key)
        return sorted(launches.values(), key=launch_order), [self._series[key] for key in sorted(series)]


def component(
    launches: Sequence[Launch], series: Sequence[Series], changed: Launch | Series, rule: Prior
) -> tuple[list[Launch], list[Series]]:
    """The launches and series of the party concerned that are connected with ``changed``; see ``Index.component``.

    Costs O((n + m) log(n + m)); who asks often keeps an ``Index``.
    """
    index = Index(rule.slack)
    for launch in launches:
        if launch.party == changed.party:
            index.put_launch(launch)
    for each in series:
        if each.party == changed.party:
            index.put_series(each)
    return index.component(changed)
