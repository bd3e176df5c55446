"""Up to when a feed may say that all it owed is in the log. Pure: time is an argument.

Beats no further apart than the feed's ``silent_after`` make one stretch that vouches for all within it (``streams.feeds``). So
a slot that was not made must lie in a hole: the next beat has to come later than ``silent_after`` behind the last one before
it, else the watch would take our sleep for the other side's silence.
"""

from datetime import datetime, timedelta

from streams.spans import Span

_STEP = timedelta(microseconds=1)


class Voucher:
    """Keeps one feed's word."""

    def __init__(self, silent_after: Span) -> None:
        """Nothing is vouched for yet."""
        self._silent_after = silent_after
        self._open: dict[datetime, int] = {}
        self._last: datetime | None = None
        self._barrier: datetime | None = None

    def began(self, slot: datetime) -> None:
        """A probe for ``slot`` is being made: what lies behind it is not complete before it is settled."""
        self._open[slot] = self._open.get(slot, 0) + 1

    def settled(self, slot: datetime) -> None:
        """What came of a probe for ``slot`` is in the log."""
        count = self._open.pop(slot) - 1
        if count:
            self._open[slot] = count

    def lost(self, slot: datetime) -> None:
        """No probe was made for ``slot``, or nobody knows whether one was: it must lie in a hole."""
        # A beat before it may have been another process's, which is not known here; but it lay before the slot.
        before = slot if self._last is None or self._last > slot else self._last
        barrier = self._silent_after.after(before)
        self._barrier = barrier if self._barrier is None else max(self._barrier, barrier)

    def complete(self, now: datetime) -> datetime | None:
        """The time of a beat that may be sent at ``now``: complete up to there; ``None`` where none may."""
        upto = min(self._open) - _STEP if self._open else now
        upto = min(upto, now)
        if self._last is not None and upto <= self._last:
            return None
        if self._barrier is not None and upto <= self._barrier:
            return None
        return upto

    def beat(self, moment: datetime) -> None:
        """A beat of this time is in the log."""
        self._last, self._barrier = moment, None
