"""Which stretches of time a feed vouches for. Absence of evidence is evidence only where its carrier was alive.

A heartbeat says that the feed is complete up to its time. Beats no further apart than ``silent_after`` make one stretch
without a hole; between two stretches the feed was silent and nothing can be said.
"""

from bisect import bisect_right
from datetime import datetime
from typing import TYPE_CHECKING

from streams.agreements.model import Feed

if TYPE_CHECKING:
    from streams.obligations.duty import Duty


class FeedRecord:
    """The heartbeats of one feed, folded into stretches.

    None is forgotten: they are few, one for each outage of the feed, and what lapsed years ago and is still open rests on
    one of them.
    """

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self.starts: list[datetime] = []
        self.ends: list[datetime] = []
        self.listeners: set[Duty] = set()
        """Duties that wait for the next beat."""
        self.dependants: list[Duty] = []
        """Duties that take this feed's word for the absence of reports."""

    @property
    def heard(self) -> bool:
        """Whether the feed ever gave a sign of life."""
        return bool(self.starts)

    def beat(self, moment: datetime) -> bool:
        """Take in a heartbeat, in any order; whether it told anything new."""
        starts, ends = self.starts, self.ends
        after = self.feed.silent_after
        # The stretch that starts at or before the beat, and the one that starts behind it.
        right = bisect_right(starts, moment)
        left = right - 1
        if left >= 0 and moment <= ends[left]:
            return False
        joins_left = left >= 0 and moment <= after.after(ends[left])
        joins_right = right < len(starts) and starts[right] <= after.after(moment)
        if joins_left and joins_right:
            ends[left] = ends[right]
            del starts[right], ends[right]
        elif joins_left:
            ends[left] = moment
        elif joins_right:
            starts[right] = moment
        else:
            starts.insert(right, moment)
            ends.insert(right, moment)
        return True

    def vouches(self, start: datetime, end: datetime, now: datetime) -> bool | None:
        """Whether the feed would have carried what happened from ``start`` to ``end``, UTC.

        ``None`` while that is open: the last beat lies before ``end`` and the next is not overdue.
        """
        place = bisect_right(self.starts, start) - 1
        if place < 0:
            return False
        if self.ends[place] >= end:
            return True
        if place == len(self.ends) - 1 and now <= self.overdue:
            return None
        return False

    @property
    def overdue(self) -> datetime:
        """The moment after which the feed counts as silent, UTC. Only for a feed that was heard."""
        return self.feed.silent_after.after(self.ends[-1])

    def silent(self, now: datetime) -> bool:
        """Whether the feed is silent as of ``now``; one that was never heard is."""
        return not self.ends or now > self.overdue
