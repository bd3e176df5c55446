"""A feed's own heartbeat: it says that all the feed saw up to a moment is in the log.

A beat goes the same way as the events, behind them: through the spool, in order. So it reaches the log only once everything
before it has, however long the log was away. Where an event of the feed was refused, the feed is not complete, and there is
no beat: to the watch it is silent, and what hangs on it UNKNOWN, until somebody has looked at the dead letter.
"""

from datetime import datetime

from producers.delivery.outbox import Outbox
from streams.agreements.model import Feed
from streams.events import FeedHeartbeat
from streams.events.housekeeping import Beat


class Beats:
    """The heartbeats of one feed, at the interval that its agreement asks for."""

    def __init__(self, feed: Feed, source: str, outbox: Outbox) -> None:
        """Nothing is sent yet: the first beat is due at once.

        Args:
            feed: The feed, as an agreement has it.
            source: Who says so; each process of a producer needs one of its own.
            outbox: The way of the feed's own events, and no other: a beat must not overtake them.

        Raises:
            ValueError: when the outbox is another feed's.
        """
        if outbox.feed != feed.id:
            raise ValueError(f"expected the outbox of the feed {feed.id}, got that of {outbox.feed}")
        self._feed = feed
        self._source = source
        self._outbox = outbox
        self._due: datetime | None = None

    def due(self, now: datetime) -> bool:
        """Whether it is time for the next beat."""
        return self._due is None or now >= self._due

    def beat(self, complete: datetime, now: datetime) -> bool:
        """Put a beat behind everything that was put into the outbox so far, where one is due.

        Args:
            complete: Up to when the producer has put everything that it saw into the outbox, with its zone; not after ``now``.
            now: The time, with its zone.

        Returns:
            Whether a beat was put: none is before it is due, nor while an event of the feed lies refused.

        Raises:
            SpoolError: when the spool is full or cannot be written; the beat is still due.
            ValueError: when ``complete`` lies after ``now``: nobody has seen that yet.
        """
        if complete > now:
            raise ValueError(f"a feed cannot be complete up to {complete.isoformat()}: it is {now.isoformat()}")
        if not self.due(now) or not self._outbox.complete:
            return False
        stamp = complete.isoformat()
        beat = FeedHeartbeat(
            specversion="1.0",
            id=f"beat-{self._feed.id}-{stamp}",
            source=self._source,
            time=complete,
            data=Beat(feed=self._feed.id),
        )
        self._outbox.put((beat,), now)
        self._due = self._feed.heartbeat.after(now)
        return True
