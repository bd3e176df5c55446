"""What the watch will make of an event that the log takes in: nothing, where its names are unknown or its time is long over.

Such an event is taken in all the same. The log is the record, a replay judges it, and the gateway's rules may be older than the
watch's. But whoever sent it is told, for a 202 alone would let him believe that somebody looks at it.
"""

from datetime import datetime, timedelta

from streams.docket.docket import Docket
from streams.events import AnyEvent
from streams.events.decode import Refused
from streams.obligations.duty import Duty
from streams.rulebook import RuleBook

_RECENT = timedelta(days=1)
"""What is no older has not settled by any rule."""


class Foresight:
    """The part of the watch that receives events, under the gateway's own rules."""

    def __init__(self, book: RuleBook) -> None:
        self._docket = Docket(book, _nothing, _nothing)

    def unjudged(self, event: AnyEvent, now: datetime) -> str | None:
        """Why the watch will not judge an event that comes in ``now``; ``None`` where it will."""
        try:
            self._docket.vet(event)
            if event.time < now - _RECENT:
                self._docket.in_time(event, now)
        except Refused as refused:
            return str(refused)
        return None


def _nothing(_: Duty) -> None:
    """Nothing is judged here."""
