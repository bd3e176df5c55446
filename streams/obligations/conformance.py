"""Conformance: the launch agrees with its notice, and the notice says what it must."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from streams.agreements.model import Conformance
from streams.events.times import Interval, spoken
from streams.lapses import Finding, Reason
from streams.matching.launches import Launch
from streams.matching.match import Match
from streams.matching.notices import UNREAD, Revision, Series, receipt
from streams.obligations.duty import Duty
from streams.obligations.prior import LaneDuty
from streams.rulebook import Rule
from streams.spans import in_words

_BALLISTIC = frozenset(("icbm", "slbm", "irbm", "mrbm", "srbm", "ballistic", "hypersonic"))


class ConformanceDuty(Duty):
    """The launches of one lane, held against the notices they were matched with."""

    layer = 1
    rule: Rule[Conformance]

    def __init__(self, rule: Rule[Conformance], lane: LaneDuty) -> None:
        super().__init__(rule, f"{lane.launcher}/{lane.recipient}")
        self._lane = lane
        self.owes = lane.launcher

    def judge(self, now: datetime) -> Iterator[tuple[str, list[Finding] | None]]:
        """Find what differs from the notice, for the launches and notices whose matching changed."""
        settled = self.settled(now)
        for key in sorted(self._lane.dropped):
            yield key, None
        for key in sorted(self._lane.touched):
            outcome = self._lane.matches.get(key)
            if outcome is not None and outcome.launch.occurred.latest < settled:
                continue
            finding = self._finding(outcome) if outcome is not None else None
            yield f"launch/{key}", [] if finding is None else [finding]
        for key in sorted(self._lane.series_touched):
            series = self._lane.series(key)
            finding = self._incomplete(series) if series is not None else None
            yield f"notice/{key}", [] if finding is None else [finding]

    def _finding(self, outcome: Match) -> Finding | None:
        launch, revision = outcome.launch, outcome.revision
        if not self.rule.in_force_throughout(launch.occurred) or not self._lane.owed(launch):
            return None
        rule = self.rule.obligation
        faults: list[tuple[Reason, str]] = []
        if revision is not None:
            faults += self._off_window(launch, revision)
            if rule.area_km is not None and outcome.metres_off > rule.area_km * 1_000:
                faults.append(
                    (
                        "outside-area",
                        f"{outcome.metres_off / 1_000:.0f} km outside the notified area, {rule.area_km:g} km allowed",
                    )
                )
            if rule.launch_class and revision.launch_class is not None and _differ(revision.launch_class, launch.launch_class):
                faults.append(("class-differs", f"announced as {revision.launch_class}, observed as {launch.launch_class}"))
        for what, least, actual in (
            ("launch site", rule.site_border_km, launch.site_to_border_km),
            ("impact", rule.impact_border_km, launch.impact_to_border_km),
        ):
            if least is not None and actual is not None and actual < least:
                faults.append(("near-border", f"{what} {actual:g} km from the border, {least:g} km owed"))
        if not faults:
            return None
        if revision is not None and revision.unread:
            faults.append((faults[0][0], UNREAD))
        series = outcome.series
        when = launch.occurred.earliest
        return Finding(
            subject=f"{self._lane.launcher}/{launch.key}/{self._lane.recipient}",
            parties=(self._lane.launcher, self._lane.recipient),
            onset=when,
            deadline=when,
            changed=when,
            severity=rule.severity,
            reason=faults[0][0],
            events=(
                *(claim.id for claim in launch.claims),
                *((claim.id for one in series.revisions for claim in one.claims) if series is not None else ()),
            ),
            arithmetic=tuple(words for _, words in faults),
            claims=launch.disagreements,
        )

    def _off_window(self, launch: Launch, revision: Revision) -> Iterator[tuple[Reason, str]]:
        if not self.rule.obligation.window or revision.window is None:
            return
        # Where claims differ the worst one counts, one before a window first; each must lie outside all of them with every
        # instant it can mean.
        off = [found for claim in launch.claims if (found := self._off(claim.occurred, revision)) is not None]
        if off:
            *_, words = min(off)
            yield "outside-window", words

    def _off(self, occurred: Interval, revision: Revision) -> tuple[bool, timedelta, str] | None:
        """A claim off every window: whether it came after the nearest, minus how far, and the words. The least is the worst."""
        rule, count = self.rule.obligation, len(revision.windows)
        best: tuple[timedelta, bool, int, datetime] | None = None
        for number, window in enumerate(revision.windows, start=1):
            opens, closes = window.opens, window.closes
            if rule.valid_for is not None:
                if self._lane.rule.obligation.reference == "date":
                    # Valid from the start of the planned date on (UTC, however it is written), whatever the window says.
                    opens = opens.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
                closes = max(closes, rule.valid_for.after(opens))
            if occurred.latest < rule.tolerance.before(opens):
                found = (opens - occurred.latest, False, number, opens)
            elif occurred.earliest > rule.tolerance.after(closes):
                found = (occurred.earliest - closes, True, number, closes)
            else:
                return None
            best = found if best is None else min(best, found)
        assert best is not None
        away, after, number, moment = best
        named = "window" if count == 1 else f"window {number} of {count}"
        if after:
            words = f"launched {spoken(occurred.earliest)}, {named} closed {spoken(moment)}: {in_minutes(away)} after it"
        else:
            words = f"launched {spoken(occurred.latest)}, {named} opens {spoken(moment)}: {in_minutes(away)} before it"
        return after, -away, words

    def _incomplete(self, series: Series) -> Finding | None:
        rule = self.rule.obligation
        revision = next((one for one in reversed(series.revisions) if one.status != "cancelled"), None)
        if revision is None or not rule.required:
            return None
        when = revision.issued.earliest
        has = {
            "window": revision.window is not None,
            "launch_area": revision.launch_area is not None,
            "impact_areas": bool(revision.impact_areas),
            "class": revision.launch_class is not None,
            "range_km": revision.range_km is not None,
        }
        missing = [name for name in rule.required if not has[name]]
        # A report that notice was given is not the notice: only one whose receipt is on record can be held incomplete.
        if receipt(series, revision, self._lane.recipient) is None:
            return None
        if not missing or not self.rule.in_force(when) or not self._lane.duty_in_force(revision.issued):
            return None
        return Finding(
            subject=f"{self._lane.launcher}/{series.key}/{self._lane.recipient}",
            parties=(self._lane.launcher, self._lane.recipient),
            onset=when,
            deadline=when,
            changed=when,
            severity=rule.incomplete,
            reason="incomplete-notice",
            events=tuple(claim.id for claim in revision.claims),
            arithmetic=(f"the notice does not give: {', '.join(missing)}", *([UNREAD] if revision.unread else [])),
        )


def in_minutes(length: timedelta) -> str:
    """A length with its minutes where it is less than two days: ``1 h 18 min (78 min)``."""
    minutes = round(length.total_seconds() / 60)
    return f"{in_words(length)} ({minutes} min)" if 60 <= minutes < 2_880 else in_words(length)


def _differ(announced: str, observed: str) -> bool:
    if "unknown" in (announced, observed) or announced == observed:
        return False
    return not (announced in _BALLISTIC and observed in _BALLISTIC and "ballistic" in (announced, observed))
