"""Where the events of probes go: lines of JSON, or the spool from which they are sent."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from producers.delivery.outbox import Outbox
from producers.delivery.spool import Spool, SpoolError
from streams.events import AnyEvent
from streams.events.decode import encode


class UndeliveredError(Exception):
    """The events were not kept. Nobody will know of them, so nobody may vouch for their time."""


class Sink(Protocol):
    """Takes events in."""

    async def deliver(self, feed: str | None, events: Sequence[AnyEvent]) -> None:
        """Take events in, in order; they are kept safe once this returns.

        Args:
            feed: The feed whose evidence they are.
            events: What happened.

        Raises:
            UndeliveredError: when they are not kept.
        """

    def complete(self, feed: str) -> bool:
        """Whether none of the feed's events was refused, as far as is known."""


class Lines:
    """One line of CloudEvents JSON an event."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        """``write`` takes a line without its end."""
        self._write = write

    async def deliver(self, feed: str | None, events: Sequence[AnyEvent]) -> None:  # noqa: ARG002 - all feeds in one stream
        """Write the lines."""
        for event in events:
            self._write(encode(event))

    def complete(self, feed: str) -> bool:  # noqa: ARG002
        """Nobody refuses a line."""
        return True


class Spooled:
    """The spool: on disk when ``deliver`` returns, and sent from there, in order."""

    def __init__(self, spool: Spool, target: str, now: Callable[[], datetime], put: Callable[[], None] = lambda: None) -> None:
        """Bind them.

        Args:
            spool: Where events are kept.
            target: Where they go, as ``producers.delivery.target.named`` writes it.
            now: The clock, UTC.
            put: Called when there is something new: wakes the courier.
        """
        self._spool, self._target, self._now, self._put = spool, target, now, put
        self._outboxes: dict[str | None, Outbox] = {}

    async def deliver(self, feed: str | None, events: Sequence[AnyEvent]) -> None:
        """Keep the events.

        Raises:
            UndeliveredError: when the spool is full or cannot be written.
        """
        try:
            # The disk takes its time, and other probes are being timed meanwhile.
            await asyncio.to_thread(self._outbox(feed).put, events, self._now())
        except SpoolError as error:
            raise UndeliveredError(str(error)) from error

    def complete(self, feed: str) -> bool:
        """Whether the other side refused none of the feed's events, as far as is known."""
        try:
            return self._outbox(feed).complete
        except SpoolError:
            return False

    def _outbox(self, feed: str | None) -> Outbox:
        if feed not in self._outboxes:
            self._outboxes[feed] = Outbox(self._spool, self._target, feed=feed, put=self._put)
        return self._outboxes[feed]
