"""What was reported, kept as sets: the order in which reports arrived leaves no trace here."""

from datetime import UTC, datetime
from typing import NamedTuple

from streams.events import ChannelStatus, Interval
from streams.signs import Sign, Signs
from streams.spans import Span


class Suspension(NamedTuple):
    """A stretch for which a channel stood suspended, from the declaration to the first contact after it."""

    declared: ChannelStatus
    start: Interval
    ended: Sign | None

    def holds(self, moment: datetime) -> bool:
        """Whether the channel stood suspended at ``moment``."""
        return self.start.earliest <= moment and (self.ended is None or moment < self.ended.earliest)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Post = tuple[list[datetime], int]
"""A board on which is written when channels were last heard, and the place of one."""
_NOWHERE = [_EPOCH]


class ChannelRecord:
    """All that was reported of one channel."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.quiet = False
        """Whether one more sign, later than all before, can change nothing that any duty finds."""
        self.post: Post = (_NOWHERE, 0)
        """Where a sentry looks when the channel was heard; until one does, a place at which nobody looks."""
        self.further_posts: tuple[Post, ...] = ()
        """Where other sentries do. Whoever puts a sign at the end by a short cut says so at every post."""
        self.settle = Span()
        """The longest that any rule lets evidence about this channel amend its judgement."""
        self.floor: datetime | None = None
        """What came before was forgotten, but the last of it, UTC."""
        self.signs = Signs()
        """Answered checks and calls, meetings held, contacts."""
        self.calls = Signs()
        """Those of the signs at which somebody spoke: not the routine checks."""
        self.silences = Signs()
        """Checks reported as unanswered or without a carrier."""
        self.statuses: list[tuple[datetime, str, ChannelStatus]] = []
        """Declarations, by the instant from which they can hold."""

    def guard(self, post: Post) -> None:
        """Let one more sentry look here."""
        self.post, former = post, self.post
        if former[0] is not _NOWHERE:
            self.further_posts += (former,)

    def declare(self, event: ChannelStatus) -> bool:
        """Take in a declared status; whether it is new."""
        if any((known.id, known.source) == (event.id, event.source) for _, _, known in self.statuses):
            return False
        self.statuses.append((event.occurred.earliest, event.id, event))
        self.statuses.sort(key=lambda known: (known[0], known[1], known[2].source))
        return True

    def undeclare(self, event: ChannelStatus) -> bool:
        """Take a retracted status out; whether it was there."""
        before = len(self.statuses)
        self.statuses = [known for known in self.statuses if (known[2].id, known[2].source) != (event.id, event.source)]
        return len(self.statuses) != before

    @property
    def first(self) -> datetime | None:
        """The earliest instant of any check or contact on record, UTC."""
        firsts = [signs.earliest[0] for signs in (self.signs, self.silences) if signs]
        return min(firsts) if firsts else None

    def forget(self, now: datetime) -> None:
        """Drop signs that no rule can ask for any more as of ``now``, but the last of them."""
        before = self.settle.before(now)
        self.floor = before
        # Whether the channel stood suspended is asked of times long past too.
        ends = [ended for _, _, ended in self.suspensions() if ended is not None] if self.statuses else ()
        self.signs.forget(before, ends)
        self.calls.forget(before)
        self.silences.forget(before)

    def suspensions(self) -> list[Suspension]:
        """Stretches of declared suspension. A repeated declaration prolongs nothing; only contact ends one."""
        result: list[Suspension] = []
        for _, _, event in self.statuses:
            if event.data.status not in ("suspended", "cancelled"):
                continue
            start = event.occurred
            if result and (result[-1].ended is None or start.earliest < result[-1].ended.earliest):
                continue
            # The call in which they say so is no contact after it; a whole day ends where the next begins.
            exact = start.earliest == start.latest
            result.append(Suspension(event, start, (self.signs.first_after if exact else self.signs.first_from)(start.latest)))
        return result

    def suspended(self, moment: datetime) -> bool:
        """Whether the channel stood suspended at ``moment``."""
        return bool(self.statuses) and any(suspension.holds(moment) for suspension in self.suspensions())
