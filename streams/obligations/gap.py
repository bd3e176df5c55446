"""Cadence without a calendar: signs of life never further apart than the longest gap.

A gap between two signs is found from the two alone, so a late report that falls into one changes that one only.
"""

from datetime import datetime, timedelta
from itertools import pairwise

from streams.agreements.model import Cadence, Channel
from streams.events.times import spoken
from streams.evidence import ChannelRecord, Sign
from streams.feeds import FeedRecord
from streams.lapses import Finding
from streams.obligations.duty import INSTANT, Duty, earliest
from streams.rulebook import Rule
from streams.severity import Severity
from streams.spans import Span, in_words


class GapDuty(Duty):
    """One channel's signs of life by the longest gap."""

    rule: Rule[Cadence]

    def __init__(self, rule: Rule[Cadence], channel: Channel, record: ChannelRecord, feed: FeedRecord | None) -> None:
        super().__init__(rule, channel.id)
        assert rule.obligation.longest_gap is not None
        self.channel = channel
        self.record = self.line = record
        self.gap: Span = rule.obligation.longest_gap
        self.findings: list[Finding] = []
        self._feed = feed
        # A month is at least 28 days: whatever is no further apart than this is within the gap.
        self._surely_within = timedelta(days=28 * self.gap.months, seconds=self.gap.seconds)

    def judge(self, now: datetime) -> list[tuple[str, list[Finding] | None]]:
        """Find every gap between two signs on record, and the one since the last."""
        self.record.forget(now)
        settled = self.settled(now)
        signs = self.record.signs.items
        found: list[Finding] = []
        self.wake = None
        for before, after in pairwise(signs):
            if after.earliest - before.latest <= self._surely_within or after.earliest < settled:
                continue
            deadline = self.gap.after(before.latest)
            if after.earliest > deadline and self._asked(deadline):
                found.append(self._finding(before, after, deadline, now))
        if signs:
            last = signs[-1]
            deadline = self.gap.after(last.latest)
            if now <= deadline:
                self.wake = deadline + INSTANT
            elif self._asked(deadline):
                vouched = self._vouched(last.latest, deadline, now)
                if vouched is None:
                    self._wait_for_feed()
                else:
                    found.append(self._finding(last, None, deadline, now))
        before_count = [(finding.onset, finding.state) for finding in self.findings]
        self.moved = before_count != [(finding.onset, finding.state) for finding in found]
        self.findings = found
        self.quiet = not self.record.statuses and (not found or found[-1].resolved is not None)
        return [(self.channel.id, found)]

    def rests(self, now: datetime) -> bool:
        """Whether the last sign is recent enough for nothing to have lapsed."""
        signs = self.record.signs.items
        if not self.quiet or not signs:
            return False
        deadline = self.gap.after(signs[-1].latest)
        if now > deadline:
            return False
        self.record.forget(now)
        self.wake = deadline + INSTANT
        return True

    def touched(self, place: int) -> bool:
        """Whether a sign that was put in at ``place``, behind others, can have changed a gap."""
        signs = self.record.signs.items
        if place == 0 or place + 1 >= len(signs):
            return True
        return signs[place + 1].earliest - signs[place - 1].latest > self._surely_within

    def _asked(self, deadline: datetime) -> bool:
        return self.rule.in_force(deadline) and self.channel.epoch.holds(deadline) and not self.record.suspended(deadline)

    def _vouched(self, start: datetime, end: datetime, now: datetime) -> bool | None:
        if self._feed is None:
            return True
        return self._feed.vouches(start, end, now) if self._feed.heard else False

    def _wait_for_feed(self) -> None:
        assert self._feed is not None
        self.wake = earliest(self.wake, self._feed.overdue + INSTANT)
        self._feed.listeners.add(self)

    def _finding(self, before: Sign, after: Sign | None, deadline: datetime, now: datetime) -> Finding:
        rule = self.rule.obligation
        vouched = self._vouched(before.latest, deadline, now)
        silent = after is None and self._feed is not None and self._feed.heard and self._feed.silent(now)
        severity, changed = Severity.WARN, deadline
        why: list[str] = []
        if vouched:
            until = min(now, after.earliest) if after is not None else now
            for step in rule.steps:
                begins = step.after.after(deadline)
                if begins < until:
                    severity, changed = step.severity, begins
                    if step is not rule.steps[0]:
                        why.append(f"{step.after} past the deadline: {step.severity.value}")
                elif after is None:
                    self.wake = earliest(self.wake, begins + INSTANT)
                    break
        if silent and vouched and self._feed is not None:
            changed = self._feed.overdue
            self._feed.listeners.add(self)
        elif self._feed is not None and after is None:
            # The lapse becomes unknown when the feed falls silent, so look again when it would be overdue.
            self.wake = earliest(self.wake, self._feed.overdue + INSTANT if self._feed.heard and not silent else None)
            self._feed.listeners.add(self)
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
