"""A producer's way out: what it puts here is on disk, and will be sent."""

from collections.abc import Callable, Iterable
from datetime import datetime

from producers.delivery.spool import Spool
from streams.events import AnyEvent


class Outbox:
    """The part of a spool that is one producer's, for one target and one feed."""

    def __init__(self, spool: Spool, target: str, *, feed: str | None = None, put: Callable[[], None] = lambda: None) -> None:
        """Bind them.

        Args:
            spool: Where events are kept.
            target: Where they go, as ``target.named`` writes it.
            feed: The feed whose evidence they are.
            put: Called when there is something new: wakes the courier.
        """
        self.spool = spool
        self.target = target
        self.feed = feed
        self._put = put

    def put(self, events: Iterable[AnyEvent], now: datetime) -> None:
        """Keep events in this order, all or none; they are on disk when this returns.

        Raises:
            SpoolFullError: when there is no room: the producer still has its events, and is to try again later.
            SpoolError: when the spool cannot be written.
        """
        if self.spool.append(events, self.target, now, self.feed):
            self._put()

    @property
    def complete(self) -> bool:
        """Whether the other side refused none of the feed's events, as far as is known."""
        return self.feed is None or self.feed not in self.spool.incomplete(self.target)
