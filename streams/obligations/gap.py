"""Cadence without a calendar: signs of life never further apart than the longest gap.

A gap between two signs is found from the two alone, so a late report that falls into one changes that one only.
"""

from bisect import bisect_left, insort
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import compress, count, pairwise
from typing import NamedTuple

from streams.agreements.model import Cadence, Channel, midnight
from streams.events.times import spoken
from streams.evidence import ChannelRecord, Post
from streams.feeds import FeedRecord
from streams.lapses import Finding
from streams.obligations.duty import INSTANT, Duty, earliest
from streams.rulebook import Rule
from streams.severity import Severity
from streams.signs import Sign
from streams.spans import Span, in_words

_ROUNDS = 4
"""How often within the longest gap the sentry goes its round, at most."""
_TWO_DAYS = timedelta(days=2)
"""So far back one that is known to the day can reach beyond a later, exact one; a day is 25 hours at most."""
_SWEEP = 128
"""Every how many rounds old signs are forgotten."""
_NEVER = datetime.max.replace(tzinfo=UTC)
_ALWAYS = datetime.min.replace(tzinfo=UTC)


class GapSentry(Duty):
    """Looks after all channels of one rule that are well, so that a check need not set a timer of its own.

    It goes its round when the channel that has been silent longest could lapse, but only a few times within the longest gap:
    a channel that could lapse before the next round gets a timer. Where all is well that is none.
    """

    kept = tuple[datetime | None, int]

    def __init__(self, rule: Rule[Cadence], schedule: Callable[[Duty], None]) -> None:
        super().__init__(rule, "sentry")
        gap = rule.obligation.longest_gap
        assert gap is not None
        # A month is at least 28 days: whoever was heard within this is surely well.
        self._gap = timedelta(days=28 * gap.months, seconds=gap.seconds)
        self._period = self._gap / _ROUNDS
        self._schedule = schedule
        self._posts: list[GapDuty] = []
        self._heard: list[datetime] = []
        """When each was surely heard; whoever puts a routine sign on record says so here (``ChannelRecord.post``)."""
        self._rounds = 0
        self._next: datetime | None = None

    def remember(self) -> tuple[datetime | None, int]:
        """When the next round is due, and how many there were."""
        return self._next, self._rounds

    def recall(self, kept: tuple[datetime | None, int]) -> None:
        """Go the next round when it was due."""
        self._next, self._rounds = kept

    def post(self, duty: "GapDuty") -> Post:
        """Where to say when a channel was heard, which is under guard from then on."""
        self._posts.append(duty)
        self._heard.append(_NEVER)
        return self._heard, len(self._posts) - 1

    def timer(self, deadline: datetime, now: datetime) -> datetime | None:
        """When the channel must be woken for this deadline; ``None`` where the next round is soon enough."""
        if self._next is None:
            self._next = self.wake = now + self._period
            self._schedule(self)
        return deadline + INSTANT if deadline <= self._next else None

    def judge(self, now: datetime) -> list[tuple[str, list[Finding] | None]]:
        """Nothing: a sentry finds nothing by itself."""
        self.rests(now)
        return []

    def rests(self, now: datetime) -> bool:
        """Go the round."""
        heard = self._heard
        soonest = now + self._period
        stale = soonest - self._gap
        if (first := min(heard, default=_NEVER)) <= stale:
            for post in list(compress(count(), map(stale.__ge__, heard))):
                heard[post] = self._look(self._posts[post], soonest)
            first = min(heard)
        self._next = self.wake = max(soonest, min(first, now) + self._gap)
        self._rounds += 1
        if self._rounds % _SWEEP == 0:
            for duty in self._posts:
                duty.record.forget(now)
        return True

    def _look(self, duty: "GapDuty", soonest: datetime) -> datetime:
        """See to a channel that may have been silent for long; when it was surely heard."""
        if not duty.guarded:
            return _NEVER
        deadline = duty.deadline
        if deadline > soonest:
            return deadline - self._gap
        duty.guarded = False
        duty.wake = deadline + INSTANT
        self._schedule(duty)
        return _NEVER


class KeptGaps(NamedTuple):
    """What a gap's duty remembers: pairs of signs far apart, what was found, and whether the sentry looks after it."""

    wide: list[tuple[Sign, Sign]]
    findings: list[Finding]
    guarded: bool


class GapDuty(Duty):
    """One channel's signs of life by the longest gap."""

    rule: Rule[Cadence]
    kept = KeptGaps

    def __init__(
        self, rule: Rule[Cadence], channel: Channel, record: ChannelRecord, feed: FeedRecord | None, sentry: GapSentry
    ) -> None:
        super().__init__(rule, channel.id)
        self._sentry = sentry
        assert rule.obligation.longest_gap is not None
        self.channel = channel
        self.record = self.line = record
        self.gap: Span = rule.obligation.longest_gap
        self.findings: list[Finding] = []
        self.feed = feed
        self._wide: list[tuple[Sign, Sign]] = []
        """Pairs of signs further apart than is surely within the gap, in order."""
        self._told: dict[tuple[Sign, Sign], Finding] = {}
        """What was found about gaps that are over."""
        self.guarded = False
        """Whether the sentry must set the timer, because none is set."""
        epochs = (*(rule.obligation.epochs or (rule.agreement.epoch,)), channel.epoch)
        self._starts = sorted(midnight(epoch.start) for epoch in epochs if epoch.start is not None)
        self._post = sentry.post(self)
        record.guard(self._post)
        # A month is at least 28 days: whatever is no further apart than this is within the gap.
        self._surely_within = timedelta(days=28 * self.gap.months, seconds=self.gap.seconds)

    def judge(self, now: datetime) -> list[tuple[str, list[Finding] | None]]:
        """Find every gap between two signs on record, and the one since the last."""
        self.record.forget(now)
        settled = self.settled(now)
        signs = self.record.signs
        found: list[Finding] = []
        waits = False
        self.wake = None
        self._guard(None)
        while self._wide and self._wide[0][1].earliest < settled:
            del self._wide[0]
        for before, after in self._wide:
            deadline = self._owed_after(before)
            if after.earliest > deadline and self._asked(deadline):
                found.append(self._over(before, after, deadline, now))
        if signs:
            last = signs[-1]
            deadline = self.deadline
            if now <= deadline:
                self._set_timer(deadline, now)
            elif self._asked(deadline):
                vouched = self._vouched(last.latest, deadline, now)
                if vouched is None:
                    waits = True
                    self._wait_for_feed()
                else:
                    found.append(self._finding(last, None, deadline, now))
        before_count = [(finding.onset, finding.state) for finding in self.findings]
        self.moved = before_count != [(finding.onset, finding.state) for finding in found]
        self.findings = found
        # While it waits for its feed's word, the next sign ends a gap that nobody has spoken of yet.
        self.quiet = not (waits or self.record.statuses) and (not found or found[-1].resolved is not None)
        return [(self.channel.id, found)]

    def rests(self, now: datetime) -> bool:
        """Whether the last sign is recent enough for nothing to have lapsed."""
        if not self.quiet or not self.record.signs:
            return False
        deadline = self.deadline
        if now > deadline:
            return False
        self._set_timer(deadline, now)
        return True

    def _set_timer(self, deadline: datetime, now: datetime) -> None:
        """Be woken for the deadline after the last sign, or leave that to the sentry."""
        self.wake = self._sentry.timer(deadline, now)
        self._guard(self.record.signs.latest[-1] if self.wake is None else None)

    def _guard(self, heard: datetime | None) -> None:
        """Be under guard as of when it was last heard; not, where it has a timer of its own."""
        self.guarded = heard is not None
        board, number = self._post
        board[number] = _NEVER if heard is None else heard

    @property
    def deadline(self) -> datetime:
        """By when the next sign is owed, UTC. Only for a channel that was heard of."""
        return self._owed_from(self._reach(len(self.record.signs) - 1))

    def _owed_after(self, sign: Sign) -> datetime:
        """By when a sign is owed after this one; where that lies before a rule, or the channel, began: from there on."""
        return self._owed_from(self._reach(self.record.signs.place(sign)) if self.record.signs.vague else sign.latest)

    def _owed_from(self, latest: datetime) -> datetime:
        deadline = self.gap.after(latest)
        for start in self._starts:
            # What falls due within an earlier epoch was owed then, whatever begins later.
            if deadline < start and not self._there(deadline):
                deadline = self.gap.after(start)
        return deadline

    def _there(self, moment: datetime) -> bool:
        return self.rule.in_force(moment) and self.channel.epoch.holds(moment)

    def _reach(self, place: int) -> datetime:
        """The last instant that the sign at ``place``, or one just before it that is known to the day, can mean."""
        signs = self.record.signs
        if not signs.vague:
            return signs.latest[place]
        since = bisect_left(signs.earliest, signs.earliest[place] - _TWO_DAYS)
        return max(signs.latest[since : place + 1])

    def placed(self, place: int) -> bool:
        """Take note of the sign at ``place``, which was just put in; whether it can have changed what is found."""
        signs = self.record.signs
        sign = signs[place]
        before = signs[place - 1] if place else None
        after = signs[place + 1] if place + 1 < len(signs) else None
        # Where one is known to the day, how far it reaches is part of the reckoning for those beside it.
        changed = before is None or not self.quiet or signs.vague
        if before is not None and after is not None and self._far(before, after):
            # It is gone where it has settled under this rule, while others still take reports of that time.
            if (before, after) in self._wide:
                self._wide.remove((before, after))
            changed = True
        for pair in ((before, sign), (sign, after)):
            if pair[0] is not None and pair[1] is not None and self._far(pair[0], pair[1]):
                insort(self._wide, (pair[0], pair[1]))
                changed = True
        return changed

    def measure_again(self) -> None:
        """Look for gaps among all signs: one was taken out."""
        self._wide = [(before, after) for before, after in pairwise(self.record.signs) if self._far(before, after)]

    def remember(self) -> KeptGaps:
        """The wide gaps: the signs around them may be forgotten."""
        return KeptGaps(self._wide, self.findings, self.guarded)

    def recall(self, kept: KeptGaps) -> None:
        """Take the wide gaps back."""
        self._wide, self.findings, guarded = kept
        # The sentry finds out at its next round when it was heard.
        self._guard(_ALWAYS if guarded else None)

    def _far(self, before: Sign, after: Sign) -> bool:
        return after.earliest - before.latest > self._surely_within

    def _asked(self, deadline: datetime) -> bool:
        return self._there(deadline) and not self.record.suspended(deadline)

    def _vouched(self, start: datetime, end: datetime, now: datetime) -> bool | None:
        if self.feed is None:
            return True
        return self.feed.vouches(start, end, now) if self.feed.heard else False

    def _wait_for_feed(self) -> None:
        assert self.feed is not None
        self.wake = earliest(self.wake, self.feed.overdue + INSTANT)
        self.feed.listeners.add(self)

    def _over(self, before: Sign, after: Sign, deadline: datetime, now: datetime) -> Finding:
        """The finding about a gap that is over: without a feed nothing can change it but its own bounds."""
        if self.feed is not None:
            return self._finding(before, after, deadline, now)
        known = self._told.get((before, after))
        if known is None or known.deadline != deadline:
            if len(self._told) > len(self._wide):
                self._told = {}
            known = self._told[before, after] = self._finding(before, after, deadline, now)
        return known

    def _finding(self, before: Sign, after: Sign | None, deadline: datetime, now: datetime) -> Finding:
        rule = self.rule.obligation
        vouched = self._vouched(before.latest, deadline, now)
        silent = after is None and self.feed is not None and self.feed.heard and self.feed.silent(now)
        severity, changed = Severity.WARN, deadline
        why: list[str] = []
        if vouched:
            # While the feed is silent nobody can say that it goes on: it grows no louder.
            known = self.feed.overdue if silent and self.feed is not None else now
            until = min(now, after.earliest) if after is not None else known
            for step in rule.steps:
                begins = step.after.after(deadline)
                if begins < until:
                    severity, changed = step.severity, begins
                    if step is not rule.steps[0]:
                        why.append(f"{step.after} past the deadline: {step.severity.value}")
                elif after is None:
                    self.wake = earliest(self.wake, begins + INSTANT) if not silent else self.wake
                    break
        if silent and vouched and self.feed is not None:
            changed = self.feed.overdue
            self.feed.listeners.add(self)
        elif self.feed is not None and after is None:
            # The lapse becomes unknown when the feed falls silent, so look again when it would be overdue.
            self.wake = earliest(self.wake, self.feed.overdue + INSTANT if self.feed.heard and not silent else None)
            self.feed.listeners.add(self)
        unknown = not vouched or silent
        arithmetic = [
            f"last sign of life {spoken(before.latest)}; the next is owed within {self.gap}: by {spoken(deadline)}",
            *([] if vouched else ["the feed does not vouch for that time: unknown, not lapsed"]),
            *why,
        ]
        if after is not None:
            arithmetic.append(f"next sign of life {spoken(after.earliest)}: {in_words(after.earliest - before.latest)} apart")
        return Finding(
            subject=self.channel.id,
            parties=self.channel.parties,
            onset=deadline,
            deadline=deadline,
            changed=changed if after is None else after.earliest,
            resolved=None if after is None else after.earliest,
            state="unknown" if unknown else "open" if after is None else "resolved",
            severity=severity,
            reason="too-long-apart" if vouched else "feed-silent",
            events=(before.event,) if after is None else (before.event, after.event),
            arithmetic=tuple(arithmetic),
        )
