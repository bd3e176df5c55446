"""Claims of one party that follow each other in time, chain by chain, with what must be known of a chain at a glance.

Claims of different chains are never one launch, unless they share a name. Neither are those of a chain in which nobody can be
paired: where every claim has a name, or where one source made them all and gave none. In a barrage that one source reports such
a chain grows long, and each new claim would be clustered with all before it, to no effect.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from streams.matching.clusters import SAME_TIME, Seen


class _Chain:
    """A chain: from when to when its claims reach, how many have a name, how many have none by source."""

    __slots__ = ("earliest", "latest", "named", "nameless")

    def __init__(self, claim: Seen) -> None:
        self.earliest, self.latest = claim.earliest, claim.latest
        self.named = 0
        self.nameless: Counter[str] = Counter()
        self.count(claim)

    def count(self, claim: Seen) -> None:
        if claim.claim.data.launch is not None:
            self.named += 1
        else:
            self.nameless[claim.source] += 1

    def take_in(self, other: "_Chain") -> None:
        self.earliest, self.latest = min(self.earliest, other.earliest), max(self.latest, other.latest)
        self.named += other.named
        self.nameless += other.nameless


class Chains:
    """The chains of one party's claims."""

    def __init__(self) -> None:
        self._sorted: list[_Chain] = []

    def put(self, claim: Seen) -> None:
        """Add a claim, which may join chains."""
        chain = _Chain(claim)
        start, end = self._within(claim.earliest - SAME_TIME, claim.latest + SAME_TIME)
        for other in self._sorted[start:end]:
            chain.take_in(other)
        self._sorted[start:end] = [chain]

    def drop(self, claim: Seen, left: Iterable[Seen]) -> None:
        """Take a claim out, which may part its chain; ``left`` are all other claims from where the chain begins, by time."""
        chain = self._sorted.pop(self._place(claim))
        for each in left:
            if each.earliest > chain.latest:
                break
            self.put(each)

    def begins(self, claim: Seen) -> datetime:
        """When the chain of a claim begins."""
        return self._of(claim).earliest

    def apart(self, claim: Seen) -> bool:
        """Whether the claim can be paired with no other of its chain; those of its name are another matter."""
        chain = self._of(claim)
        return not chain.nameless if claim.claim.data.launch is not None else not chain.named and len(chain.nameless) == 1

    def _of(self, claim: Seen) -> _Chain:
        return self._sorted[self._place(claim)]

    def _place(self, claim: Seen) -> int:
        return bisect_right(self._sorted, claim.earliest, key=_earliest) - 1

    def _within(self, start: datetime, end: datetime) -> tuple[int, int]:
        """The places of the chains that share an instant with [start, end]; chains are in order by either end."""
        first = bisect_left(self._sorted, start, key=_latest)
        return first, bisect_right(self._sorted, end, lo=first, key=_earliest)


def _earliest(chain: _Chain) -> datetime:
    return chain.earliest


def _latest(chain: _Chain) -> datetime:
    return chain.latest
