"""A judge without a memory: what the documents ask for, reckoned anew from all that is on record by a moment.

Slow and plain on purpose. It shares the words of the rules with the watch (spans, dates, calendars) and none of its reckoning,
so that both are wrong in the same way only where both read the documents wrongly.
"""

from datetime import datetime, timedelta
from itertools import combinations, pairwise
from typing import NamedTuple

from streams.agreements.model import Cadence, Channel, Prior, Response, Standing, midnight
from streams.calendars import Slots
from streams.events import ChannelRequest, IncidentReport, RegimeStatement
from streams.severity import Severity
from tests.core.naive_prior import prior
from tests.core.naive_record import Record, Verdict, overlaps

SAME_ATTEMPT = timedelta(minutes=5)
LEVELS = list(Severity)
GRAVITIES = ["low", "elevated", "high", "critical"]
FINENESS = ["second", "minute", "hour", "day"]


class Slot(NamedTuple):
    """A check that was owed and did not come; where it is not known, nobody can say."""

    due: datetime
    closes: datetime
    known: bool


class Judge(Record):
    """What follows from what is on record."""

    def verdicts(self) -> list[Verdict]:
        """Every lapse, sorted."""
        found: list[Verdict] = []
        for rule in self.agreement.obligations:
            if isinstance(rule, Cadence):
                for name in rule.channels:
                    found += self.gaps(rule, name) if rule.longest_gap is not None else self.slots(rule, name)
            elif isinstance(rule, Standing):
                found += self.regimes(rule) if rule.regime else [one for name in rule.channels for one in self.cuts(rule, name)]
            elif isinstance(rule, Prior):
                found += prior(self, rule)
            elif isinstance(rule, Response):
                found += self.incidents(rule) if rule.trigger == "incident" else self.requests(rule)
        return sorted(found, key=lambda one: (one.rule, one.subject, one.onset))

    # Cadence by the longest gap.

    def owed(self, rule: Cadence, channel: Channel, last: datetime) -> datetime:
        """By when the next sign is owed after one at ``last``; where that is not in force, the next time it begins counts."""
        assert rule.longest_gap is not None
        epochs = (*(rule.epochs or (self.agreement.epoch,)), channel.epoch)
        deadline = rule.longest_gap.after(last)
        for start in sorted(midnight(epoch.start) for epoch in epochs if epoch.start is not None):
            if deadline < start and not self.there(rule, channel, deadline):
                deadline = rule.longest_gap.after(start)
        return deadline

    def gaps(self, rule: Cadence, name: str) -> list[Verdict]:
        """Every gap between two signs that follow each other, and the one since the last."""
        channel, signs, found = self.channels[name], self.signs(name), []
        feed = rule.feed or channel.feed
        for before, after in pairwise([*signs, None]):
            assert before is not None
            last = max(one.end for one in signs if one <= before)
            deadline = self.owed(rule, channel, last)
            until = self.now if after is None else after.start
            if until <= deadline or not self.there(rule, channel, deadline) or self.suspended(name, deadline):
                continue
            vouched = self.vouches(feed, before.end, deadline)
            if after is None and vouched is None:
                continue
            silence = None if feed is None or after is not None else self.silence(feed)
            silent = silence is not None and self.now > silence
            if silent and silence is not None:
                until = silence
            severity = Severity.WARN
            for step in rule.steps:
                if vouched and step.after.after(deadline) < until:
                    severity = step.severity
            state = "unknown" if not vouched or silent else "open" if after is None else "resolved"
            found.append(Verdict(rule.id, name, deadline, state, severity, None if after is None else after.start))
        return found

    # Standing.

    def cuts(self, rule: Standing, name: str) -> list[Verdict]:
        """Every stretch for which the channel was suspended."""
        return [
            Verdict(rule.id, name, start, "open" if end is None else "resolved", rule.severity, end)
            for said, start, end in self.cut(name)
            if self.throughout(rule, *said.occurred) and self.throughout(self.channels[name], *said.occurred)
        ]

    def regimes(self, rule: Standing) -> list[Verdict]:
        """Every stretch for which a party said that it does not hold itself bound."""
        found: list[Verdict] = []
        for party in self.agreement.parties:
            said = [
                one
                for one in self.events
                if isinstance(one, RegimeStatement)
                and one.data.party == party
                and self.agreement.id in one.data.agreements
                and (not one.data.notice_types or rule.notice_type in one.data.notice_types)
            ]
            ended: datetime | None = None
            for one in sorted(said, key=lambda one: (one.occurred.earliest, one.data.status != "in-force", one.id)):
                moment = one.occurred.earliest
                subject = f"{party}/{rule.notice_type}"
                before = [other for other in said if other.data.status != "in-force" and other.occurred.earliest < moment]
                if one.data.status == "in-force":
                    if any(other.occurred.latest > moment for other in before):
                        continue
                    if ended is not None:
                        found.append(Verdict(rule.id, subject, ended, "resolved", rule.severity, moment))
                    ended = None
                elif ended is None and self.throughout(rule, *one.occurred):
                    ended = moment
            if ended is not None:
                found.append(Verdict(rule.id, f"{party}/{rule.notice_type}", ended, "open", rule.severity, None))
        return found

    # Cadence by a calendar.

    def outages(self, rule: Cadence, name: str) -> list[list[Slot]]:
        """Slots that were not met, in runs without a sign of life between them."""
        assert rule.calendar is not None
        channel, signs, silences = self.channels[name], self.signs(name), self.checks(name, answered=False)
        feed = rule.feed or channel.feed
        heard = [one.start for one in (*signs, *silences)] + ([] if feed is None else self.beats(feed))
        runs: list[list[Slot]] = []
        for due in Slots(rule.calendar).between(min(heard), self.now) if heard else []:
            opens, closes = rule.early.before(due), rule.grace.after(due)
            if closes >= self.now:
                break
            if not self.there(rule, channel, due) or self.suspended(name, due):
                continue
            yes = [one for one in signs if overlaps(one, opens, closes)]
            no = [one for one in silences if overlaps(one, opens, closes)]
            if yes and not any(a.source != b.source and abs(a.start - b.start) <= SAME_ATTEMPT for a in yes for b in no):
                continue
            # What somebody reports needs no feed's word.
            vouched = True if yes or no else self.vouches(feed, opens, closes)
            if vouched is None:
                break
            run = runs[-1] if runs else None
            spoken = run is not None and any(run[0].closes < one.start <= closes for one in signs)
            if run is None or spoken or (vouched and not run[0].known):
                runs.append([])
            runs[-1].append(Slot(due, closes, vouched))
        return runs

    def back(self, name: str, run: list[Slot]) -> datetime | None:
        """When the channel was heard again after an outage."""
        return min((one.start for one in self.signs(name) if one.start > run[-1].closes), default=None)

    def siblings(self, rule: Cadence, name: str) -> list[tuple[Cadence, str]]:
        """The other lines of the group."""
        group = self.channels[name].group
        return [
            (other, line)
            for other in self.agreement.obligations
            if isinstance(other, Cadence) and other.calendar is not None
            for line in other.channels
            if line != name and group is not None and self.channels[line].group == group
        ]

    def up(self, rule: Cadence, name: str, moment: datetime) -> bool:
        """Whether a line is known to have been up: asked for its checks, heard before, and in no outage."""
        if not self.there(rule, self.channels[name], moment) or self.suspended(name, moment):
            return False
        for run in self.outages(rule, name):
            back = self.back(name, run)
            if run[0].closes <= moment and (back is None or moment < back):
                return False
        return any(one.start <= moment for one in self.signs(name))

    def slots(self, rule: Cadence, name: str) -> list[Verdict]:
        """Every outage of a line that is checked by a calendar."""
        found: list[Verdict] = []
        runs = self.outages(rule, name)
        siblings = self.siblings(rule, name)
        for run, following in pairwise([*runs, None]):
            assert run is not None
            back, known = self.back(name, run), run[0].known
            severity = rule.missed[0] if known else Severity.WARN
            missed = [slot for slot in run if slot.known]
            for number, slot in enumerate(missed if known else [], start=1):
                louder = rule.missed[min(number, len(rule.missed)) - 1]
                if number > 1 and louder.rank > severity.rank and not any(self.up(*line, slot.closes) for line in siblings):
                    severity = louder
            for other, line in siblings if known and rule.together is not None else []:
                for one in self.outages(other, line):
                    since = max(run[0].closes, one[0].closes)
                    ends = [end for end in (back, self.back(line, one)) if end is not None]
                    both = one[0].known and since < self.now and all(since < end for end in ends)
                    if both and rule.together is not None and rule.together.rank > severity.rank:
                        severity = rule.together
            if not known and following is not None:
                back = min(following[0].due, back or following[0].due)
            unknown = not known or (back is None and not run[-1].known)
            state = "unknown" if unknown else "open" if back is None else "resolved"
            found.append(Verdict(rule.id, name, run[0].due, state, severity, back))
        return found

    # Response.

    def requests(self, rule: Response) -> list[Verdict]:
        """Every call that was asked for."""
        asked = [one for one in self.events if isinstance(one, ChannelRequest) and one.data.channel in rule.channels]
        found = []
        for name, call in sorted({(one.data.channel, one.data.request) for one in asked}):
            claims = [one for one in asked if (one.data.channel, one.data.request) == (name, call)]
            first = min(claims, key=lambda one: (one.data.outcome != "placed", one.occurred, one.id))
            start, end = first.occurred
            if not self.throughout(rule, start, end):
                continue
            deadline = rule.steps[0].after.after(end)
            held = min((one.start for one in self.calls(name) if one.end >= start), default=None)
            refused = min((one.occurred.earliest for one in claims if one.data.outcome == "declined"), default=None)
            subject = f"{name}/{call}"
            if refused is not None and not (held is not None and held < refused):
                state = "open" if held is None else "resolved"
                found.append(Verdict(rule.id, subject, start, state, rule.declined, held))
                continue
            if (held is not None and held <= deadline) or self.now <= deadline:
                continue
            feed = rule.feed or self.channels[name].feed
            if any(one.data.outcome == "unanswered" for one in claims):
                feed = None
            vouched = self.vouches(feed, start, deadline)
            if vouched is None:
                continue
            silence = self.silence(feed) if feed is not None and held is None else None
            silent = bool(vouched) and silence is not None and self.now > silence
            until = held or (silence if silent and silence is not None else self.now)
            severity = Severity.WARN
            for step in rule.steps:
                if vouched and step.after.after(end) < until:
                    severity = step.severity
            state = "unknown" if not vouched or silent else "open" if held is None else "resolved"
            found.append(Verdict(rule.id, subject, start, state, severity, held))
        return found

    def incidents(self, rule: Response) -> list[Verdict]:
        """Every incident after which contact is owed."""
        reports = [one for one in self.events if isinstance(one, IncidentReport)]
        found = []
        for pair in map(set, rule.dyads or combinations(self.agreement.parties, 2)):
            when: dict[str, tuple[datetime, datetime]] = {}
            gravity: dict[str, int] = {}
            for key in {one.data.incident for one in reports if set(one.data.parties) == pair}:
                claims = [one for one in reports if one.data.incident == key and set(one.data.parties) == pair]
                when[key] = min(claims, key=lambda one: (FINENESS.index(one.precision), one.time, one.id)).occurred
                gravity[key] = max(GRAVITIES.index(one.data.gravity) for one in claims)
            for key, (start, end) in when.items():
                if gravity[key] < GRAVITIES.index(rule.gravity) or not self.throughout(rule, start, end):
                    continue
                deadline = rule.steps[0].after.after(end)
                spoke = min((one.start for one in self.contacts(pair) if one.end > start), default=None)
                if self.now <= deadline or (spoke is not None and spoke <= deadline):
                    continue
                severity = rule.steps[0].severity
                for step in rule.steps:
                    if step.after.after(end) < (spoke or self.now):
                        severity = step.severity
                since = start if rule.raised is None else rule.raised.within.before(start)
                close = sum(since <= other <= start for other, _ in when.values())
                if self.raises(rule, pair, start, end, close):
                    severity = LEVELS[min(LEVELS.index(severity) + 1, len(LEVELS) - 1)]
                subject = f"{'-'.join(sorted(pair))}/{key}"
                found.append(Verdict(rule.id, subject, start, "open" if spoke is None else "resolved", severity, spoke))
        return found

    def raises(self, rule: Response, pair: set[str], start: datetime, end: datetime, close: int) -> bool:
        """Whether the channels of the two make an incident worse."""
        if rule.raised is None:
            return False
        lines = [one for one in self.channels.values() if one.military and not one.hypothetical and pair <= set(one.parties)]
        there = {one.id for one in lines if one.epoch.holds(start)}
        down = set()
        for other in self.agreement.obligations:
            judged: list[Verdict] = []
            if isinstance(other, Cadence):
                for name in there.intersection(other.channels):
                    judged += self.gaps(other, name) if other.longest_gap is not None else self.slots(other, name)
            elif isinstance(other, Standing):
                judged += [one for name in there.intersection(other.channels) for one in self.cuts(other, name)]
            elif isinstance(other, Response) and other.trigger == "request":
                judged += self.requests(other)
            for one in judged:
                if one.onset <= start and (one.resolved is None or one.resolved >= end) and one.state != "unknown":
                    down.add(one.subject.split("/")[0])
        down &= there
        many = rule.raised.incidents and close >= rule.raised.incidents
        return bool(down) and (down == there or bool(many))
