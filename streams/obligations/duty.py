"""A duty: one rule applied to one subject. It holds evidence, and says what it finds as of a moment."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, ClassVar

from streams.evidence import ChannelRecord
from streams.lapses import Finding
from streams.rulebook import Rule

INSTANT = timedelta(microseconds=1)
"""Deadlines are inclusive: what comes at the deadline is in time, and the lapse begins an instant later."""


class Duty:
    """What one rule asks of one subject.

    Attributes:
        rule: The rule.
        name: Unique among the duties of a watch; duties that fall due together are judged in the order of their names.
        layer: Duties of a higher layer are judged after those of a lower one, whose findings they use.
        wake: When the findings can next change without an event, UTC; ``None`` where only an event can change them.
        moved: Whether the last judgement changed what other duties look at.
        quiet: Whether one more sign of life, later than all before, can change nothing.
        done: Settled for good: no report can bear on it any more.
    """

    layer = 0
    kept: ClassVar[Any] = None
    """The type of what it must keep beyond the evidence, its wake and its quiet; ``None`` where that is nothing."""

    def __init__(self, rule: Rule[Any], subject: str) -> None:
        self.rule = rule
        self.name = f"{rule.name}/{subject}"
        self.wake: datetime | None = None
        self.moved = False
        self.scheduled: datetime | None = None
        self.quiet = False
        self.done = False
        self.line: ChannelRecord | None = None
        """The channel it is about, where it is about one."""
        self.owes: str | None = None
        """The party whose notices, launches or word it is about, where it is one's."""

    def judge(self, now: datetime) -> Iterable[tuple[str, list[Finding] | None]]:
        """What is found as of ``now``, slot by slot of the register, for the slots that may have changed.

        ``None`` in place of a slot's findings means that it is settled and can be forgotten.
        """
        raise NotImplementedError

    def rests(self, now: datetime) -> bool:
        """Whether the wake was idle: nothing can have changed, and ``wake`` says when to look again."""
        del now
        return False

    def remember(self) -> Any:  # noqa: ANN401 - each duty has its own, of the type ``kept``
        """What it found or decided: what it rests on may be forgotten by now."""
        return None

    def recall(self, kept: Any) -> None:  # noqa: ANN401
        """Take back what ``remember`` gave; the evidence is on record already."""

    def retired(self, latest: datetime, now: datetime, findings: Iterable[Finding]) -> bool:
        """Whether the subject, whose last report speaks of ``latest``, is settled; then the duty is done.

        What is still open is not: the contact that ends it may come after years.
        """
        settled = self.settled(now)
        self.done = latest < settled and all(
            finding.resolved is not None and finding.resolved < settled for finding in findings
        )
        return self.done

    def retires_at(self, latest: datetime, now: datetime) -> datetime | None:
        """When to look whether the subject is settled; ``None`` where that time is over and something is still open."""
        moment: datetime = self.rule.obligation.settle.after(latest) + 2 * INSTANT
        return moment if moment > now else None

    def settled(self, now: datetime) -> datetime:
        """What ended before this moment is history, UTC: no report amends it any more."""
        settle: datetime = self.rule.obligation.settle.before(now)
        return settle


def earliest(*moments: datetime | None) -> datetime | None:
    """The first of the moments that are there."""
    known = [moment for moment in moments if moment is not None]
    return min(known) if known else None


def lapsed_through(findings: Iterable[Finding], start: datetime, end: datetime) -> bool:
    """Whether one finding shows a lapse, known as such, from ``start`` through ``end``."""
    return any(
        finding.onset <= start and (finding.resolved is None or finding.resolved >= end) and finding.state != "unknown"
        for finding in findings
    )
