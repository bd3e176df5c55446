"""Benchmark: a pre-negotiated measure is reached by its date."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

from streams.agreements.model import Benchmark
from streams.events import BenchmarkReport
from streams.events.times import spoken
from streams.lapses import Finding
from streams.obligations.duty import INSTANT, Duty
from streams.rulebook import Rule
from streams.spans import Span

LIVE_CHANNELS = "live-channels"
"""The measure that the watch counts itself: channels of the agreement in contact and not lapsed."""


class BenchmarkDuty(Duty):
    """One measure against its date. Asked for from the first report of it on; counted measures from the first sign of life."""

    layer = 2
    rule: Rule[Benchmark]
    kept = int

    def __init__(self, rule: Rule[Benchmark], count: Callable[[datetime], int | None], forgets: Span) -> None:
        super().__init__(rule, rule.obligation.measure)
        self.owes = rule.obligation.party
        self.reports: dict[tuple[str, str], BenchmarkReport] = {}
        self._count = count
        self._counted: int | None = None
        self._forgets = forgets
        self.deadline = datetime.combine(rule.obligation.by, time(), UTC) + timedelta(days=1)

    def judge(self, now: datetime) -> list[tuple[str, list[Finding] | None]]:
        """Find whether the measure was reached when its day was over."""
        self.wake = self.deadline + INSTANT if now <= self.deadline else None
        return [(self.rule.obligation.measure, self._find(now))]

    def remember(self) -> int | None:
        """What was counted last: what the channels were then is forgotten in time."""
        return self._counted

    def recall(self, kept: int) -> None:
        """Take the count back."""
        self._counted = kept

    def takes(self, report: BenchmarkReport) -> bool:
        """Whether the report is about this measure."""
        obligation = self.rule.obligation
        return (
            report.data.agreement == self.rule.agreement.id
            and report.data.measure == obligation.measure
            and obligation.party in (None, report.data.party)
        )

    def _find(self, now: datetime) -> list[Finding]:
        rule = self.rule.obligation
        if now <= self.deadline or not self.rule.in_force(self.deadline - INSTANT):
            return []
        reports = sorted(self.reports.values(), key=lambda report: (report.occurred, report.id))
        by_then = [report for report in reports if report.occurred.earliest <= self.deadline]
        if rule.measure == LIVE_CHANNELS:
            if self.deadline >= self._forgets.before(now):
                self._counted = self._count(self.deadline)
            # Later what the channels were then is forgotten: what was counted last stays.
            counted = self._counted
            if counted is None or self._reached(counted):
                return []
            value, events = f"{counted}", tuple[str, ...]()
        elif not reports:
            return []
        else:
            if by_then and self._reached(by_then[-1].data.value):
                return []
            value = f"{by_then[-1].data.value:g}" if by_then else "not reported"
            events = tuple(report.id for report in by_then[-1:])
        met = next(
            (report for report in reports if report.occurred.earliest > self.deadline and self._reached(report.data.value)),
            None,
        )
        over = None if met is None else met.occurred.earliest
        arithmetic = [f"{rule.measure}: {value} by {spoken(self.deadline)}, at {rule.at} {rule.target:g} owed"]
        if met is not None:
            arithmetic.append(f"reached {spoken(met.occurred.earliest)}: {met.data.value:g}")
        return [
            Finding(
                subject=rule.measure,
                parties=(rule.party,) if rule.party is not None else self.rule.agreement.parties,
                onset=self.deadline,
                deadline=self.deadline,
                changed=over or self.deadline,
                resolved=over,
                state="open" if over is None else "resolved",
                severity=rule.severity,
                reason="not-reached",
                events=events if met is None else (*events, met.id),
                arithmetic=tuple(arithmetic),
            )
        ]

    def _reached(self, value: float) -> bool:
        rule = self.rule.obligation
        return value >= rule.target if rule.at == "least" else value <= rule.target
