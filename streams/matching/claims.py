"""The claims of one party in order of time, so that a new one is clustered with its neighbours and not with all of history."""

from bisect import bisect_left, insort
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from streams.events.launches import LaunchObservation
from streams.events.times import Interval
from streams.matching.chains import Chains
from streams.matching.clusters import SALVO_GAP, SAME_TIME, Seen, claim_order, seen

_LONGEST = timedelta(hours=25)
"""The longest day of a year of clock changes: no claim reaches further."""


def affected(claims_sorted: Sequence[LaunchObservation], new: LaunchObservation) -> slice:
    """The run of claims (one party's, sorted by ``claim_order``) that must be clustered anew when ``new`` comes or goes.

    Runs are chained by gaps of at most 30 minutes, by intervals that overlap, and by shared names; a shared name takes in
    everything between its claims. ``new`` need not be among the claims. Clustering ``claims_sorted[run]`` with ``new``
    gives the launches it takes part in, and all other launches stay what they were.

    Shared names are looked for in the whole sequence; ``Claims`` finds them, and less between them, without that.
    """

    def at(place: int) -> Interval:
        return claims_sorted[place].occurred

    place = bisect_left(claims_sorted, claim_order(new), key=claim_order)
    start, end, span = _run(len(claims_sorted), at, place, place, new.occurred, SALVO_GAP, _LONGEST)
    names = {new.data.launch}
    while True:
        names.update(claim.data.launch for claim in claims_sorted[start:end])
        names.discard(None)
        if not names:
            return slice(start, end)
        named = [place for place, claim in enumerate(claims_sorted) if claim.data.launch in names]
        if not named or (start <= named[0] and named[-1] < end):
            return slice(start, end)
        start, end = min(start, named[0]), max(end, named[-1] + 1)
        spans = [at(place) for place in range(start, end)]
        span = Interval(min(span.earliest, spans[0].earliest), max(span.latest, *(each.latest for each in spans)))
        start, end, span = _run(len(claims_sorted), at, start, end, span, SALVO_GAP, _LONGEST)


def _run(
    size: int, at: Callable[[int], Interval], start: int, end: int, span: Interval, gap: timedelta, longest: timedelta
) -> tuple[int, int, Interval]:
    """Stretch the run [start, end), which covers ``span``, over all that it is chained to.

    ``gap`` is how far apart claims are still chained, ``longest`` how long the interval of any claim is at most.
    """
    earliest, latest = span
    grown = True
    while grown:
        grown = False
        while end < size and (nearby := at(end)).earliest - latest <= gap:
            latest = max(latest, nearby.latest)
            end += 1
        place = start - 1
        while place >= 0 and earliest - (nearby := at(place)).earliest <= longest + gap:
            if earliest - nearby.latest <= gap:
                # All that lies between began after it and so overlaps it or the run.
                latest = max(latest, *(at(between).latest for between in range(place, start)), latest)
                start, earliest, grown = place, nearby.earliest, True
            place -= 1
    return start, end, Interval(earliest, latest)


class Claims:
    """The claims of one party, kept so that a new one is clustered with its neighbours alone."""

    def __init__(self) -> None:
        self._sorted: list[Seen] = []
        self._known: dict[tuple[str, str], Seen] = {}
        self._named: dict[str, dict[tuple[str, str], Seen]] = {}
        self._chains = Chains()
        self._counts = 0
        self._longest = timedelta()

    def put(self, claim: LaunchObservation) -> list[LaunchObservation]:
        """Take in a claim; returns the claims (with it) that ``launches_of`` must now be asked about together.

        A claim of the same source and id that is there already is replaced; where it said something else, ``drop`` it
        first, or what it took part in before is not among the answers.
        """
        key = (claim.source, claim.id)
        if key in self._known:
            self._remove(key)
        new = seen(claim)
        self._known[key] = new
        insort(self._sorted, new)
        self._counts += claim.data.count > 1
        self._longest = max(self._longest, new.latest - new.earliest)
        if claim.data.launch is not None:
            self._named.setdefault(claim.data.launch, {})[key] = new
        self._chains.put(new)
        return [each.claim for each in self._affected(new)]

    def drop(self, claim: LaunchObservation) -> list[LaunchObservation]:
        """Take back a claim; returns the claims (without it) that must be clustered anew. Unknown: nothing to do."""
        key = (claim.source, claim.id)
        old = self._known.get(key)
        if old is None:
            return []
        around = self._affected(old)
        self._remove(key)
        return [each.claim for each in around if each is not old]

    def around(self, claim: LaunchObservation) -> list[LaunchObservation]:
        """The claims (with it) that ``launches_of`` must be asked about together for the launch of a claim that is there."""
        return [each.claim for each in self._affected(self._known[claim.source, claim.id])]

    def named(self, name: str) -> bool:
        """Whether any claim calls its launch by this name."""
        return name in self._named

    def _remove(self, key: tuple[str, str]) -> None:
        old = self._known.pop(key)
        self._counts -= old.claim.data.count > 1
        del self._sorted[bisect_left(self._sorted, old)]
        first = bisect_left(self._sorted, self._chains.begins(old), key=_earliest)
        self._chains.drop(old, (self._sorted[place] for place in range(first, len(self._sorted))))
        name = old.claim.data.launch
        if name is not None:
            del self._named[name][key]
            if not self._named[name]:
                del self._named[name]

    def _affected(self, seed: Seen) -> list[Seen]:
        """The claims to be clustered anew where ``seed`` comes or goes, with it: those of its name where no other has a say."""
        # A count speaks of all that follow each other within half an hour.
        if not self._counts:
            name = seed.claim.data.launch
            own = [seed] if name is None else sorted(self._named[name].values())
            if all(map(self._chains.apart, own)):
                return own
        return self._component(seed)

    def _component(self, seed: Seen) -> list[Seen]:
        runs: dict[int, int] = {}
        names: set[str] = set()
        ahead = [seed]
        while ahead:
            place = bisect_left(self._sorted, ahead.pop())
            if any(start <= place < end for start, end in runs.items()):
                continue
            found = self._sorted[place]
            span = Interval(found.earliest, found.latest)
            # Only a claim that counts several missiles reaches along a salvo; two single claims must be of one time.
            gap = SALVO_GAP if self._counts else SAME_TIME
            start, end, _ = _run(len(self._sorted), self._at, place, place + 1, span, gap, self._longest)
            runs[start] = end
            for each in self._sorted[start:end]:
                name = each.claim.data.launch
                if name is not None and name not in names:
                    names.add(name)
                    ahead.extend(self._named[name].values())
        return [each for start in sorted(runs) for each in self._sorted[start : runs[start]]]

    def _at(self, place: int) -> Interval:
        found = self._sorted[place]
        return Interval(found.earliest, found.latest)


def _earliest(claim: Seen) -> datetime:
    return claim.earliest
