"""The watch's own obligation: every feed shows a sign of life. What a silent one carries is UNKNOWN, and the watch says so."""

from datetime import datetime
from itertools import pairwise

from streams.agreements.model import Agreement, Cadence, Feed
from streams.events.times import spoken
from streams.feeds import FeedRecord
from streams.lapses import Finding
from streams.obligations.duty import INSTANT, Duty
from streams.rulebook import Rule
from streams.severity import Severity
from streams.spans import in_words

HEARTBEAT = "feed-heartbeat"
"""The id of the rule, in every agreement that has a feed."""


def heartbeat_rule(feed: Feed, home: Agreement) -> Rule[Cadence]:
    """The rule a feed is held to: a heartbeat, and silence after so long."""
    return Rule(
        home,
        Cadence(
            id=HEARTBEAT,
            clause=f"The feed {feed.id} shows a sign of life every {feed.heartbeat}; after {feed.silent_after} it is silent.",
            sources=home.sources,
            channels=(feed.id,),
            longest_gap=feed.silent_after,
        ),
    )


class HeartbeatDuty(Duty):
    """One feed's signs of life."""

    rule: Rule[Cadence]
    kept = bool

    def __init__(self, rule: Rule[Cadence], record: FeedRecord, *, told: bool = True) -> None:
        super().__init__(rule, record.feed.id)
        self.record = record
        self._told = told
        self.alarmed = False
        """Whether the feed was found silent when it was last looked at."""

    def judge(self, now: datetime) -> list[tuple[str, list[Finding] | None]]:
        """Find the stretches for which the feed was silent."""
        record = self.record
        settled = self.settled(now)
        if not record.heard:
            return []
        silences = [(end, start) for (_, end), (start, _) in pairwise(zip(record.starts, record.ends, strict=True))]
        found = [self._finding(last, again) for last, again in silences if again >= settled]
        self.wake = None
        self.alarmed = record.silent(now)
        if self.alarmed:
            found.append(self._finding(record.ends[-1], None))
        else:
            self.wake = record.overdue + INSTANT
        # Every watch must know whether a feed is silent; one of them says so.
        return [(record.feed.id, found)] if self._told else []

    def remember(self) -> bool:
        """Whether the feed was found silent."""
        return self.alarmed

    def recall(self, kept: bool) -> None:
        """Take that back."""
        self.alarmed = kept

    def _finding(self, last: datetime, again: datetime | None) -> Finding:
        feed = self.record.feed
        overdue = feed.silent_after.after(last)
        arithmetic = [
            f"last heartbeat {spoken(last)}, silent from {spoken(overdue)} on: what it carries is unknown, not lapsed"
        ]
        if again is not None:
            arithmetic.append(f"heard again {spoken(again)}, after {in_words(again - last)}")
        return Finding(
            subject=f"feed/{feed.id}",
            parties=(),
            onset=last,
            deadline=overdue,
            changed=again or overdue,
            resolved=again,
            state="unknown",
            severity=Severity.WARN,
            reason="feed-silent",
            arithmetic=tuple(arithmetic),
        )
