"""Balance: two parties keep pace with each other over a period, or one party stays within its quota."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

from streams.agreements.model import Balance
from streams.events.incidents import dyad
from streams.events.times import spoken
from streams.lapses import Finding
from streams.matching.match import Match
from streams.matching.notices import Series
from streams.obligations.duty import INSTANT, Duty, earliest
from streams.obligations.prior import LaneDuty
from streams.rulebook import Rule


class PaceDuty(Duty):
    """Two parties give each other about as many notices in a period."""

    layer = 1
    rule: Rule[Balance]
    kept = set[datetime]

    def __init__(self, rule: Rule[Balance], there: LaneDuty, back: LaneDuty) -> None:
        self.pair = dyad(there.launcher, there.recipient)
        super().__init__(rule, self.pair)
        self._lanes = (there, back)
        self.owes = there.launcher
        self._periods: set[datetime] = set()

    def remember(self) -> set[datetime]:
        """The periods that were looked at."""
        return self._periods

    def recall(self, kept: set[datetime]) -> None:
        """Look at these periods again."""
        self._periods = kept

    def judge(self, now: datetime) -> Iterator[tuple[str, list[Finding] | None]]:
        """Compare the notices given in every period that is over."""
        self.wake = None
        rule, settled = self.rule.obligation, self.settled(now)
        assert rule.most_apart is not None
        counts = [Counter(_period(rule, _reference(series)) for series in lane.given()) for lane in self._lanes]
        periods = set(counts[0]) | set(counts[1])
        for start in sorted(self._periods | periods):
            end = _end(rule, start)
            if end < settled:
                continue
            if now <= end:
                self.wake = earliest(self.wake, end + INSTANT)
                continue
            there, back = counts[0][start], counts[1][start]
            findings = []
            if abs(there - back) > rule.most_apart and self.rule.in_force(start):
                lanes = sorted(self._lanes, key=lambda lane: (counts[self._lanes.index(lane)][start], lane.launcher))
                findings.append(
                    Finding(
                        subject=f"{self.pair}/{_name(rule, start)}",
                        parties=tuple(lane.launcher for lane in lanes),
                        onset=end,
                        deadline=end,
                        changed=end,
                        severity=rule.severity,
                        reason="out-of-step",
                        events=tuple(
                            claim.id
                            for lane in self._lanes
                            for series in lane.given()
                            if _period(rule, _reference(series)) == start
                            for one in series.revisions
                            for claim in one.claims
                        ),
                        arithmetic=(
                            f"notices given in {_name(rule, start)}: {self._lanes[0].launcher} {there},"
                            f" {self._lanes[1].launcher} {back}; at most {rule.most_apart} apart",
                        ),
                    )
                )
            yield _name(rule, start), findings
        self._periods = periods


class QuotaDuty(Duty):
    """One party withholds notice of no more launches than its quota in a period."""

    layer = 1
    rule: Rule[Balance]
    kept = set[datetime]

    def __init__(self, rule: Rule[Balance], lane: LaneDuty) -> None:
        super().__init__(rule, f"{lane.launcher}/{lane.recipient}")
        self._lane = lane
        self.owes = lane.launcher
        self._periods: set[datetime] = set()

    def remember(self) -> set[datetime]:
        """The periods that were looked at."""
        return self._periods

    def recall(self, kept: set[datetime]) -> None:
        """Look at these periods again."""
        self._periods = kept

    def judge(self, now: datetime) -> Iterator[tuple[str, list[Finding] | None]]:
        """Count what was withheld in each period."""
        rule, settled = self.rule.obligation, self.settled(now)
        assert rule.quota is not None
        self._lane.hear_out(self)
        withheld: dict[datetime, list[Match]] = {}
        for outcome in self._lane.withheld():
            # A launch is counted by the rules of its day: what was withheld before there was a quota is none of it.
            if self.rule.in_force_throughout(outcome.launch.occurred):
                withheld.setdefault(_period(rule, outcome.launch.occurred.earliest), []).append(outcome)
        for start in sorted(self._periods | set(withheld)):
            if _end(rule, start) < settled:
                continue
            launches = [outcome.launch for outcome in withheld.get(start, ())]
            findings = []
            if len(launches) > rule.quota:
                over = launches[rule.quota].occurred.earliest
                findings.append(
                    Finding(
                        subject=f"{self._lane.launcher}/{self._lane.recipient}/{_name(rule, start)}",
                        parties=(self._lane.launcher, self._lane.recipient),
                        onset=over,
                        deadline=over,
                        changed=over,
                        severity=rule.severity,
                        reason="over-quota",
                        events=tuple(claim.id for launch in launches for claim in launch.claims),
                        arithmetic=(
                            f"launches withheld in {_name(rule, start)}: {len(launches)}, {rule.quota} allowed;"
                            f" exceeded {spoken(over)}",
                        ),
                    )
                )
            yield _name(rule, start), findings
        self._periods = set(withheld)


def _reference(series: Series) -> datetime:
    """When the notified launch was planned, else when the notice was issued."""
    for revision in reversed(series.revisions):
        if revision.window is not None:
            return revision.window.opens
    return series.revisions[0].issued.earliest


def _period(rule: Balance, moment: datetime) -> datetime:
    moment = moment.astimezone(UTC)
    month = 1 if rule.period == "calendar-year" else moment.month
    return datetime(moment.year, month, 1, tzinfo=UTC)


def _end(rule: Balance, start: datetime) -> datetime:
    if rule.period == "calendar-year" or start.month == 12:
        return datetime(start.year + 1, 1, 1, tzinfo=UTC)
    return start.replace(month=start.month + 1)


def _name(rule: Balance, start: datetime) -> str:
    return f"{start:%Y}" if rule.period == "calendar-year" else f"{start:%Y-%m}"
