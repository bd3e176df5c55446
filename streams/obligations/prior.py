"""Prior: before a launch, a matching notice, far enough ahead, received by each recipient.

One lane is one rule, one launching party and one recipient: what was told to others does not help the one who was not told.
Launches and notices of a lane are matched as a whole (an assignment), but only the part that a report can change is matched
anew.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from streams.agreements.model import Prior
from streams.events import Interval
from streams.feeds import FeedRecord
from streams.lapses import Finding
from streams.launchbook import LaunchBook, over
from streams.matching.edges import edge, linked, reach
from streams.matching.launches import Launch
from streams.matching.linkage import Index, Spans
from streams.matching.match import Match, match
from streams.matching.notices import Series, told
from streams.matching.scope import in_scope
from streams.obligations.duty import INSTANT, Duty, earliest
from streams.obligations.notices import notice_findings
from streams.obligations.salvos import Judged, Salvos
from streams.obligations.standing import RegimeRecord
from streams.obligations.unnotified import unnotified
from streams.rulebook import Rule
from streams.spans import Span

_SWEEP_FROM = 64


class KeptLane(NamedTuple):
    """What a lane remembers beside its matches, notices and salvos, which are kept one by one.

    Attributes:
        dropped: Places that are settled, and were not said to be so yet.
        sweep_at: How many launches and notices are kept before the settled ones are forgotten.
    """

    dropped: list[str]
    sweep_at: int


class KeptNotice(NamedTuple):
    """A notice that a lane still looks at.

    Attributes:
        last: The last moment it speaks of, UTC; ``None`` where it went to others only.
    """

    last: datetime | None


class LaneDuty(Duty):
    """The notices that one party owes one recipient."""

    rule: Rule[Prior]
    kept = KeptLane

    def __init__(
        self,
        rule: Rule[Prior],
        recipient: str,
        book: LaunchBook,
        regime: RegimeRecord,
        feed: FeedRecord | None,
    ) -> None:
        super().__init__(rule, f"{book.party}/{recipient}")
        self.launcher = self.owes = book.party
        self.recipient = recipient
        self.matches: dict[str, Match] = {}
        """What became of every launch in scope, by its key."""
        self.touched: set[str] = set()
        """Keys of launches whose match changed at the last judgement; ``conformance`` reads them."""
        self.series_touched: set[str] = set()
        self._book = book
        self._regime = regime
        self.feed = feed
        self._index = Index(rule.obligation.slack)
        self._fresh_launches: set[str] = set()
        self._fresh_series: set[str] = set()
        self._salvos = Salvos(rule.obligation.salvo.within)
        self._series: dict[str, datetime] = {}
        self._untold: dict[str, Series] = {}
        self._untold_reach: Spans[str] = Spans()
        self._rematched: set[str] = set()
        self._renoticed: set[str] = set()
        self._dropped: set[str] = set()
        self.dropped: set[str] = set()
        """Places that were settled at the last judgement; who keeps findings under them forgets them too."""
        self._sweep_at = _SWEEP_FROM
        self.keeps: Span = rule.obligation.settle
        """How long launches and notices are kept: longer than they can be amended where somebody counts them by the year."""

    def launch_changed(self, before: Launch | None, after: Launch | None, now: datetime) -> bool:
        """Take in a launch as all claims tell it now; whether it concerns this lane."""
        if before is not None and before.key not in self.matches:
            before = None
        if after is not None and after.occurred.latest < self.settled(now):
            # It has settled: what is on record of it stays as it was.
            return False
        if after is not None and not self._in_scope(after):
            after = None
        if before is None and after is None:
            return False
        stale_launches, stale_series = self._around(before)
        if before is not None:
            self._index.drop_launch(before.key)
            self.matches.pop(before.key, None)
            self._fresh_launches.add(before.key)
        if after is not None:
            self._index.put_launch(after)
            self.matches[after.key] = Match(launch=after)
            self._fresh_launches.add(after.key)
        self._rematch((stale_launches, stale_series), self._around(after))
        return True

    def series_changed(self, before: Series | None, after: Series | None, now: datetime) -> bool:
        """Take in a notice series as it stands now; whether it concerns this lane."""
        # Who was told instead, and of what near by, is part of the reckoning for a launch that this recipient was not told of.
        bears = False
        for one in (before, after):
            if one is not None:
                bears = self._salvos.noticed(*self._near(one)) or bears
        untold = after is not None and not told(after, self.recipient)
        if after is not None and (untold or over(after) < self.settled(now)):
            if untold:
                self._put_untold(after)
            after = None
        elif after is not None:
            self._drop_untold(after.key)
        elif before is not None:
            self._drop_untold(before.key)
        if before is not None and not told(before, self.recipient):
            before = None
        if before is None and after is None:
            return bears
        stale = self._around(before)
        if before is not None:
            self._index.drop_series(before.key)
            self._series.pop(before.key, None)
            self._renoticed.add(before.key)
            self._fresh_series.add(before.key)
        if after is not None:
            self._index.put_series(after)
            self._series[after.key] = over(after)
            self._renoticed.add(after.key)
            self._fresh_series.add(after.key)
        self._rematch(stale, self._around(after))
        return True

    @property
    def unkept(self) -> bool:
        """Whether ``parts`` has a notice to give."""
        return bool(self._renoticed)

    def reconsider(self) -> None:
        """Judge everything again: the party's duty began or ended."""
        self._fresh_launches.update(self.matches)
        self._fresh_series.update(self._series)

    def remember(self) -> KeptLane:
        """What is not kept one by one."""
        return KeptLane(sorted(self._dropped), self._sweep_at)

    def parts(self) -> Iterator[tuple[str, str, Match | KeptNotice | Judged | None]]:
        """What is kept one by one and changed since the last call: kind, key, and what it is; ``None`` where it is gone."""
        for key in sorted(self._rematched):
            yield "match", key, self.matches.get(key)
        for key in sorted(self._renoticed):
            last = self._series.get(key)
            yield "notice", key, KeptNotice(last) if last is not None or key in self._untold else None
        for key in sorted(self._salvos.changed):
            yield "salvo", key, self._salvos.judged.get(key)
        for changed in (self._rematched, self._renoticed, self._salvos.changed):
            changed.clear()

    def recall_parts(self, matches: dict[str, Match], notices: dict[str, KeptNotice], judged: dict[str, Judged]) -> None:
        """Take back what ``parts`` gave, by key; before the rest."""
        self.matches = matches
        for outcome in matches.values():
            self._index.put_launch(outcome.launch)
        told = self._book.series
        for key, kept in notices.items():
            if kept.last is None:
                if key in told:
                    self._put_untold(told[key])
            elif key in told:
                self._series[key] = kept.last
                self._index.put_series(told[key])
            else:
                self._dropped.add(f"notice/{key}")
        self._renoticed.clear()
        self._salvos.recall(judged, matches)

    def recall(self, kept: KeptLane) -> None:
        """Take back what ``remember`` gave."""
        self._dropped.update(kept.dropped)
        self._sweep_at = kept.sweep_at

    def judge(self, now: datetime) -> Iterator[tuple[str, list[Finding] | None]]:
        """Find launches that nobody was told of, and notices that came too late."""
        self.wake = None
        self.touched, self._fresh_launches = self._fresh_launches, set()
        self._rematched |= self.touched
        self.series_touched, self._fresh_series = self._fresh_series, set()
        self.moved = bool(self.touched or self.series_touched or self._dropped)
        self.dropped, self._dropped = self._dropped, set()
        for key in sorted(self.dropped):
            yield key, None
        for key in sorted(self.series_touched):
            series = self.series(key)
            yield f"notice/{key}", list(notice_findings(self, series)) if series is not None else []
        yield from self._launch_findings(now)
        if len(self.matches) + len(self._series) > self._sweep_at:
            self._sweep(self.keeps.before(now))

    def owed(self, launch: Launch) -> bool:
        """Whether notice of this launch was owed at all when it happened."""
        return self.duty_in_force(launch.occurred)

    def duty_in_force(self, moment: Interval) -> bool:
        """Whether the rule was in force, and not ended by the party's own statement."""
        rule = self.rule
        if not rule.in_force_throughout(moment):
            return False
        return not rule.obligation.suspendable or (
            self._regime.suspended(rule.agreement.id, rule.obligation.notice_type, moment) is None
        )

    def withheld(self) -> list[Match]:
        """The launches of which this recipient is known not to have been told, by time."""
        found = [
            outcome
            for outcome in self.matches.values()
            if outcome.series is None and self.owed(outcome.launch) and self.vouched(outcome.launch)
        ]
        return sorted(found, key=lambda outcome: (outcome.launch.occurred, outcome.launch.key))

    def hear_out(self, duty: Duty) -> None:
        """Let ``duty``, which counts what was withheld, be judged at the feed's next beat where that may vouch for a launch."""
        feed = self.feed
        if feed is not None and feed.heard:
            last = feed.ends[-1]
            if any(outcome.series is None and outcome.launch.occurred.latest > last for outcome in self.matches.values()):
                feed.listeners.add(duty)

    def vouched(self, launch: Launch) -> bool:
        """Whether the feed that would carry a notice of the launch vouches for the time."""
        if self.feed is None:
            return True
        owed_by = self.rule.obligation.lead.before(launch.occurred.earliest)
        return self.feed.heard and self.feed.vouches(owed_by, launch.occurred.latest, self.feed.ends[-1]) is True

    def salvo(self, first: str) -> tuple[str, ...]:
        """The launches without a notice that are judged as one with this one, itself among them."""
        known = self._salvos.judged.get(first)
        return known.launches if known is not None and known.finding is not None else (first,)

    def given(self) -> list[Series]:
        """The notices that this recipient was given, by key."""
        return [series for _, series in sorted(self._book.series.items()) if told(series, self.recipient)]

    def series(self, key: str) -> Series | None:
        """The notice with this key, where this recipient was told."""
        series = self._book.series.get(key)
        return series if series is not None and told(series, self.recipient) else None

    def _in_scope(self, launch: Launch) -> bool:
        return in_scope(launch, self.rule.obligation.scope).in_scope

    def _around(self, changed: Launch | Series | None) -> tuple[list[Launch], list[Series]]:
        return ([], []) if changed is None else self._index.component(changed)

    def _rematch(self, *parts: tuple[list[Launch], list[Series]]) -> None:
        """Match the launches around a change again, with all notices near them."""
        launches = {launch.key: launch for part in parts for launch in part[0] if launch.key in self.matches}
        series = {one.key: one for part in parts for one in part[1] if one.key in self._book.series}
        for outcome in match(
            [self.matches[key].launch for key in sorted(launches)],
            [self._book.series[key] for key in sorted(series)],
            self.recipient,
            self.rule.obligation,
        ).matches:
            key = outcome.launch.key
            if self.matches.get(key) != outcome:
                self.matches[key] = outcome
                self._fresh_launches.add(key)

    def _launch_findings(self, now: datetime) -> Iterator[tuple[str, list[Finding] | None]]:
        """Launches without a notice in time, those of one salvo as one: whatever may have changed of them."""
        for key in self.touched:
            outcome = self.matches.get(key)
            bare = outcome is not None and (outcome.series is None or outcome.after_launch) and self.owed(outcome.launch)
            self._salvos.put(key, outcome if bare else None)
        for first, salvo in self._salvos.due(now):
            finding = self._unnotified_finding(first, salvo, now)
            if finding is not None:
                yield f"launch/{first}", [finding]
        for first in self._salvos.ended():
            yield f"launch/{first}", []
        self.wake = earliest(self.wake, self._salvos.wake())

    def _unnotified_finding(self, first: str, salvo: list[Match], now: datetime) -> Finding | None:
        """The finding about a salvo; ``None`` while the feed that would carry a notice may still tell."""
        launch = salvo[0].launch
        doubt: str | None = None
        if self.feed is not None:
            vouched = self._any_vouched(self.feed, salvo, now)
            if vouched is None:
                self.feed.listeners.add(self)
                self._salvos.found(first, None, self.feed.overdue + INSTANT, certain=False)
                return None
            if not vouched:
                silent = "does not vouch for the time" if self.feed.heard else "was never heard"
                doubt = f"the feed that would carry the notice, {self.feed.feed.id}, {silent}: unknown, not lapsed"
        near = [
            why
            for one in self._index.nearest(launch)
            if isinstance(why := edge(launch, one, self.recipient, self.rule.obligation), str)
        ]
        finding, wake = unnotified(self, salvo, now, doubt=doubt, near=near, others=list(self._told_others(launch)))
        # What a feed has vouched for it never takes back.
        self._salvos.found(first, finding, wake, certain=doubt is None)
        return finding

    def _any_vouched(self, feed: FeedRecord, salvo: list[Match], now: datetime) -> bool | None:
        """Whether the feed vouches for any launch of the salvo: doubt about the first hides none that nobody was told of."""
        lead, waits = self.rule.obligation.lead, False
        for occurred in (outcome.launch.occurred for outcome in salvo):
            vouched = feed.vouches(lead.before(occurred.earliest), occurred.latest, now)
            if vouched:
                return True
            waits = waits or vouched is None
        return None if waits else False

    def _told_others(self, launch: Launch) -> Iterator[str]:
        """Notices that would have covered the launch and went to others only."""
        for key in sorted(self._untold_reach.over(*launch.occurred)):
            series = self._untold[key]
            others = sorted({party for one in series.revisions for party in one.received})
            if any(linked(launch, series, other, self.rule.obligation) for other in others):
                yield f"notice {key} went to {', '.join(others)}, not to {self.recipient}"

    def _near(self, series: Series) -> tuple[datetime, datetime]:
        """From when to when launches are that a notice can have to do with: those it can mean, and those it misses narrowly."""
        slack = self.rule.obligation.slack
        far = max(timedelta(days=31 * span.months, seconds=span.seconds) for span in (slack.before, slack.after))
        earliest, latest = reach(series, slack)
        return earliest - far, latest + far

    def _put_untold(self, series: Series) -> None:
        self._untold[series.key] = series
        self._untold_reach.put(series.key, *reach(series, self.rule.obligation.slack))
        self._renoticed.add(series.key)

    def _drop_untold(self, key: str) -> None:
        if self._untold.pop(key, None) is not None:
            self._untold_reach.drop(key)
            self._renoticed.add(key)

    def _sweep(self, settled: datetime) -> None:
        """Forget what no report can change any more; it stays on record as it was.

        Launches and notices that can still be matched with something that has not settled are kept: without them it would
        be matched anew. So is every launch of a salvo that goes on.
        """
        kept: set[str] = set()
        held: set[str] = set()
        for outcome in list(self.matches.values()):
            if outcome.launch.occurred.latest >= settled and outcome.launch.key not in kept:
                launches, series = self._index.component(outcome.launch)
                kept.update(launch.key for launch in launches)
                held.update(one.key for one in series)
        for salvo in self._salvos.judged.values():
            if salvo.finding is not None and kept.intersection(salvo.launches):
                kept.update(salvo.launches)
        over_and_done = [
            key for key, outcome in self.matches.items() if key not in kept and outcome.launch.occurred.latest < settled
        ]
        for key in over_and_done:
            del self.matches[key]
            self._rematched.add(key)
            self._index.drop_launch(key)
            self._dropped.add(f"launch/{key}")
        self._salvos.forget(over_and_done)
        for key in [key for key, series in self._untold.items() if over(series) < settled]:
            self._drop_untold(key)
        slack = self.rule.obligation.slack
        for key in [key for key, last in self._series.items() if key not in held and slack.after.after(last) < settled]:
            del self._series[key]
            self._renoticed.add(key)
            self._index.drop_series(key)
            self._dropped.add(f"notice/{key}")
        self._sweep_at = max(_SWEEP_FROM, 2 * (len(self.matches) + len(self._series)))
