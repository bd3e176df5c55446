"""Cadence: a check in every slot of a calendar.

Each slot is judged once, when its grace is over: met, missed, disputed (sources contradict each other about the same
attempt: the worse counts) or unknown (nothing was reported and the feed does not vouch for the time). Missed slots without
a sign of life between them are one outage, however many there are. A late report takes the judgement back from its slot on
and judges again.
"""

from bisect import bisect_left, bisect_right
from datetime import UTC, datetime, timedelta

from streams.agreements.model import Cadence, Channel, midnight
from streams.calendars import Slots
from streams.events.times import spoken
from streams.evidence import ChannelRecord, Suspension
from streams.feeds import FeedRecord
from streams.lapses import Finding
from streams.obligations.duty import INSTANT, Duty, earliest
from streams.obligations.outages import BadSlot, Expected, KeptOutage, KeptSlots, Outage
from streams.rulebook import Rule
from streams.severity import Severity, worst
from streams.signs import Sign
from streams.spans import in_words

_SAME_ATTEMPT = timedelta(minutes=5)


class SlotDuty(Duty):
    """One channel's checks by a calendar."""

    rule: Rule[Cadence]
    kept = KeptSlots

    def __init__(
        self, rule: Rule[Cadence], channel: Channel, record: ChannelRecord, slots: Slots, feed: FeedRecord | None
    ) -> None:
        super().__init__(rule, channel.id)
        self.channel = channel
        self.record = self.line = record
        self.siblings: tuple[SlotDuty, ...] = ()
        self._slots = slots
        self.feed = feed
        self._bad: list[BadSlot] = []
        self._outages: list[Outage] = []
        self._next: datetime | None = None
        self._judged: datetime | None = None
        self._armed: datetime | None = None
        self._ends: dict[datetime, Sign] = {}
        self._shown: tuple[Suspension | datetime | None, ...] = ()
        """What siblings look at beside the outages, as of the last judgement."""
        self.findings: list[Finding] = []

    def judge(self, now: datetime) -> list[tuple[str, list[Finding] | None]]:
        """Judge the slots whose grace is over, and say which outages there are."""
        self.record.forget(now)
        self._forget(self.settled(now))
        before = [(outage.slots[0].due, outage.known, self._end(outage)) for outage in self._outages]
        self._arm()
        self._judge_slots(now)
        after = [(outage.slots[0].due, outage.known, self._end(outage)) for outage in self._outages]
        shown, self._shown = self._shown, self._seen()
        self.moved = before != after or shown != self._shown
        told = {finding.onset: finding for finding in self.findings}
        self.findings = [self._stands(outage, told) or self._finding(outage, now) for outage in self._outages]
        self._ends = {outage.last.closes: end for outage in self._outages if (end := self._end(outage)) is not None}
        # An ongoing outage, a slot that waits for its feed and a suspension all listen for the next sign.
        self.quiet = not (
            self.record.statuses or (self._outages and self._end(self._outages[-1]) is None) or self._contestable()
        )
        return [(self.channel.id, self.findings)]

    def _seen(self) -> tuple[Suspension | datetime | None, ...]:
        """When it was heard first, and when it stood suspended: then it holds no sibling's page back."""
        signs = self.record.signs
        heard = earliest(signs.earliest[0] if signs else None, signs.forgotten_from)
        return (heard, *(self.record.suspensions() if self.record.statuses else ()))

    def _contestable(self) -> bool:
        """Whether the next sign, later than all before, can be of the same attempt as a check reported as unanswered."""
        answered, silent = self.record.signs.earliest, self.record.silences.earliest
        return bool(answered and silent) and answered[-1] <= silent[-1] + _SAME_ATTEMPT

    @property
    def _floor(self) -> datetime:
        """Signs before this were forgotten, UTC: slots that opened before it are not judged again."""
        return self.record.floor or _ALWAYS

    def reported(self, sign: Sign) -> None:
        """Judge the slots again that a report, which was just put on record, falls into."""
        if self.record.statuses:
            # It may have ended a suspension: then every slot after it is asked for.
            self.reconsider(sign.earliest)
            return
        if self._judged is None or self._armed is None or sign.earliest > self._judged:
            return
        rule = self.rule.obligation
        settled = rule.grace.after(rule.early.after(self._floor))
        for due in self._slots.between(rule.grace.before(sign.earliest), rule.early.after(sign.latest) + INSTANT):
            closes = rule.grace.after(due)
            if due < self._armed or closes < settled or closes > self._judged or (self._next is not None and due >= self._next):
                continue
            if not sign.falls(rule.early.before(due), closes):
                continue
            slot = self._verdict(due, closes, closes)
            place = bisect_left(self._bad, closes, key=_closes)
            known = place < len(self._bad) and self._bad[place].closes == closes
            assert slot is not None, "a slot with a report waits for no feed"
            self._bad[place : place + known] = [] if slot is _MET else [slot]
        self._recount()

    def reconsider(self, since: datetime) -> None:
        """Take back the judgement of every slot that a report about ``since`` or later can bear on."""
        if self._judged is None or since > self._judged or self._armed is None:
            return
        since = max(since, self.rule.obligation.grace.after(self.rule.obligation.early.after(self._floor)))
        del self._bad[bisect_left(self._bad, since, key=_closes) :]
        back = self._slots.next_from(max(self.rule.obligation.grace.before(since), self._armed))
        if self._next is None or (back is not None and back < self._next):
            self._next = back
        self._recount()

    def _recount(self) -> None:
        self._outages = []
        for slot in self._bad:
            self._count(slot)

    def disarm(self) -> None:
        """Begin anew: the report from which on checks were asked for may have been taken back."""
        if self._armed is None or self._armed < self._floor:
            # It has settled, and so has the answer to whether checks are asked for.
            return
        self._armed = self._next = self._judged = None
        self._bad, self._outages = [], []

    def remember(self) -> KeptSlots:
        """How far the slots were judged, and which were bad."""
        outages = [KeptOutage(outage.slots, outage.last, outage.count) for outage in self._outages]
        return KeptSlots(self._armed, self._next, self._judged, self._bad, outages, list(self._ends.items()), self.findings)

    def recall(self, kept: KeptSlots) -> None:
        """Go on from the slot after the last that was judged."""
        self._armed, self._next, self._judged, self._bad = kept.armed, kept.next, kept.judged, kept.bad
        self._ends, self.findings = dict(kept.ends), kept.findings
        for slots, last, count in kept.outages:
            outage = Outage(slots[0])
            outage.slots, outage.last, outage.count = slots, last, count
            self._outages.append(outage)

    def _forget(self, before: datetime) -> None:
        # One that made another line's louder is kept as long as that one is, and so on.
        lines = (self, *self.siblings)
        while True:
            kept = [one.slots[0].due for line in lines for one in line._outages if line._lasts(one, before)]  # noqa: SLF001 - lines of one group
            since = min([before, *kept])
            if since == before:
                break
            before = since
        while self._outages and (end := self._end(self._outages[0])) is not None and end.earliest < before:
            gone = self._outages.pop(0)
            del self._bad[: bisect_left(self._bad, gone.last.closes, key=_closes) + 1]

    def _lasts(self, outage: Outage, moment: datetime) -> bool:
        """Whether an outage ended at ``moment`` or later, or not yet."""
        end = self._end(outage)
        return end is None or end.earliest >= moment

    def expected(self, now: datetime) -> Expected:
        """The next check as of ``now``, up to which the watch has come."""
        rule, due = self.rule.obligation, self._next
        while due is not None and due <= now:
            closes = rule.grace.after(due)
            if self._asked(due) and not self.record.signs.within(rule.early.before(due), min(closes, now)):
                return Expected(due, self._slots.next_from(now + INSTANT), overdue=True)
            due = self._slots.next_from(due + INSTANT)
        return Expected(due if due is not None and self._asked(due) else None, due, overdue=False)

    def down(self, moment: datetime) -> bool:
        """Whether the line was in an outage at ``moment``, or nobody can say that it was not."""
        for outage in self._outages:
            if outage.slots[0].closes <= moment:
                end = self._end(outage)
                if end is None or moment < end.earliest:
                    return True
        return False

    def up(self, moment: datetime) -> bool:
        """Whether the line is known to have been up at ``moment``: heard before, in no outage, and asked for its checks."""
        return (
            self.rule.in_force(moment)
            and self.channel.epoch.holds(moment)
            and not self.record.suspended(moment)
            and self.record.signs.heard_by(moment)
            and not self.down(moment)
        )

    def _ceases(self, moment: datetime) -> datetime:
        """Up to when a line that is up at ``moment`` surely stays so; it may be up afterwards too."""
        epochs = (*(self.rule.obligation.epochs or (self.rule.agreement.epoch,)), self.channel.epoch)
        ends = [midnight(epoch.until) for epoch in epochs if epoch.until is not None]
        ends += [outage.slots[0].closes for outage in self._outages]
        if self.record.statuses:
            ends += [suspension.start.earliest for suspension in self.record.suspensions()]
        return min((end for end in ends if end > moment), default=_NEVER)

    def _alone(self, outage: Outage) -> BadSlot | None:
        """The first slot missed, after those that the outage names, at which no sibling line was up."""
        place = bisect_right(self._bad, outage.slots[-1].closes, key=_closes)
        while place < len(self._bad) and (slot := self._bad[place]).closes <= outage.last.closes:
            place += 1
            if slot.verdict == "unknown":
                continue
            up = [sibling for sibling in self.siblings if sibling.up(slot.closes)]
            if not up:
                return slot
            # Outages can be long: none of the slots before is looked at for which one is up all the time.
            place = bisect_left(self._bad, max(sibling._ceases(slot.closes) for sibling in up), lo=place, key=_closes)  # noqa: SLF001
        return None

    def _arm(self) -> None:
        """Checks are asked for from the first thing ever heard of the channel or its feed."""
        firsts = earliest(self.record.first, self.feed.starts[0] if self.feed is not None and self.feed.heard else None)
        if firsts is None or (self._armed is not None and (self._armed <= firsts or self._armed < self._floor)):
            return
        self._armed = firsts
        self._bad, self._outages = [], []
        self._next = self._slots.next_from(firsts)

    def _judge_slots(self, now: datetime) -> None:
        rule = self.rule.obligation
        self.wake = None
        while (due := self._next) is not None:
            closes = rule.grace.after(due)
            if now <= closes:
                self.wake = closes + INSTANT
                return
            slot = self._verdict(due, closes, now)
            if slot is None:
                # The feed may still tell; look again at its next beat, or when it is overdue.
                assert self.feed is not None
                self.wake = self.feed.overdue + INSTANT
                self.feed.listeners.add(self)
                return
            if slot is not _MET:
                self._bad.append(slot)
                self._count(slot)
            self._judged = closes
            self._next = self._slots.next_from(due + INSTANT)

    def _asked(self, due: datetime) -> bool:
        """Whether a check is owed at ``due`` at all."""
        return self.rule.in_force(due) and self.channel.epoch.holds(due) and not self.record.suspended(due)

    def _verdict(self, due: datetime, closes: datetime, now: datetime) -> BadSlot | None:
        """The slot's verdict; ``None`` while the feed may still tell."""
        opens = self.rule.obligation.early.before(due)
        if not self._asked(due):
            return _MET
        signs = self.record.signs.within(opens, closes)
        silences = self.record.silences.within(opens, closes)
        denials = [
            silence
            for silence in silences
            if any(silence.source != sign.source and abs(silence.earliest - sign.earliest) <= _SAME_ATTEMPT for sign in signs)
        ]
        if signs and not denials:
            return _MET
        events = tuple(sorted(report.event for report in (*signs, *silences)))
        if signs:
            answered = tuple(f"answered, says {sign.source}" for sign in signs)
            denied = tuple(f"not answered, says {silence.source}" for silence in denials)
            return BadSlot(due, closes, "disputed", events, answered + denied)
        if silences:
            return BadSlot(due, closes, "missed", events, ())
        if self.feed is None:
            return BadSlot(due, closes, "missed", (), ())
        vouched = self.feed.vouches(opens, closes, now) if self.feed.heard else False
        if vouched is None:
            return None
        return BadSlot(due, closes, "missed" if vouched else "unknown", (), ())

    def _count(self, slot: BadSlot) -> None:
        if self._outages:
            outage = self._outages[-1]
            if outage.takes(slot, self.record.signs.first_after(outage.slots[0].closes)):
                outage.last = slot
                outage.count += 1
                if slot.verdict != "unknown" and len(outage.slots) < max(2, len(self.rule.obligation.missed)):
                    outage.slots.append(slot)
                return
        self._outages.append(Outage(slot))

    def _end(self, outage: Outage) -> Sign | None:
        # The sign that ended an outage may be forgotten while a sibling still looks at the outage.
        ended = self._ends.get(outage.last.closes)
        if ended is not None and ended.earliest < self._floor:
            return ended
        return self.record.signs.first_after(outage.last.closes)

    def _stands(self, outage: Outage, told: dict[datetime, Finding]) -> Finding | None:
        """What was found of an outage that is over, where what it began with is forgotten: that stays as it was."""
        finding = told.get(outage.slots[0].due)
        if finding is None or finding.resolved is None or finding.state != "resolved" or outage.slots[0].closes >= self._floor:
            return None
        end = self._end(outage)
        return finding if end is not None and end.earliest == finding.resolved else None

    def _finding(self, outage: Outage, now: datetime) -> Finding:
        first, end = outage.slots[0], self._end(outage)
        rule = self.rule.obligation
        following = next((later for later in self._outages if later.slots[0].due > first.due), None)
        severity, changed, why = self._severity(outage, now)
        unknown = not outage.known or (end is None and outage.last.verdict == "unknown")
        resolved = end.earliest if end is not None else None
        if not outage.known and following is not None:
            resolved = earliest(resolved, following.slots[0].due)
        if unknown and resolved is None:
            changed = max(changed, outage.last.closes if not outage.known else self._unknown_since(outage))
        arithmetic = [
            f"check due {spoken(first.due)}, counted from {in_words(first.due - rule.early.before(first.due))} before"
            f" to {rule.grace} after",
            f"no answer by {spoken(first.closes)}"
            if outage.known
            else f"nothing reported by {spoken(first.closes)}, and the feed does not vouch for the time: unknown, not lapsed",
            *why,
        ]
        if resolved is not None:
            arithmetic.append(f"sign of life {spoken(resolved)}: out for {in_words(resolved - first.due)}")
        return Finding(
            subject=self.channel.id,
            parties=self.channel.parties,
            onset=first.due,
            deadline=first.closes,
            changed=resolved if resolved is not None else changed,
            resolved=resolved,
            state="unknown" if unknown else "resolved" if resolved is not None else "open",
            severity=severity,
            reason="feed-silent" if not outage.known else "missed-check",
            events=tuple(event for slot in outage.slots for event in slot.events) + ((end.event,) if end is not None else ()),
            arithmetic=tuple(arithmetic),
            claims=tuple(claim for slot in outage.slots for claim in slot.claims),
        )

    def _unknown_since(self, outage: Outage) -> datetime:
        """When the latest run of unknown slots of a known outage began."""
        since = outage.last.closes
        for slot in reversed(self._bad):
            if slot.verdict != "unknown":
                break
            since = slot.closes
        return since

    def _severity(self, outage: Outage, now: datetime) -> tuple[Severity, datetime, list[str]]:
        """How bad, since when, and why: by slots missed in a row unless a sibling line is up, or by siblings silent at once."""
        rule = self.rule.obligation
        first = outage.slots[0]
        severity, changed, why = rule.missed[0], first.closes, list[str]()
        if not outage.known:
            return Severity.WARN, changed, why
        for number, slot in enumerate(outage.slots[1:], start=2):
            louder = rule.missed[min(number, len(rule.missed)) - 1]
            if louder.rank > severity.rank and not any(sibling.up(slot.closes) for sibling in self.siblings):
                severity, changed = louder, slot.closes
                why.append(f"{number} checks in a row missed by {spoken(slot.closes)}: {louder.value}")
        if severity.rank < rule.missed[-1].rank and (alone := self._alone(outage)) is not None:
            severity, changed = rule.missed[-1], alone.closes
            why.append(f"missed as well by {spoken(alone.closes)}, and no other line up: {severity.value}")
        end = self._end(outage)
        for sibling in self.siblings:
            for other in sibling._outages:  # noqa: SLF001 - the lines of one group are judged together
                since = max(first.closes, other.slots[0].closes)
                until = earliest(end.earliest if end is not None else None, _earliest(sibling._end(other)))  # noqa: SLF001
                if not other.known or since >= now or (until is not None and until <= since):
                    continue
                together = rule.together
                if together is not None and worst(severity, together) != severity:
                    severity, changed = together, since
                    why.append(f"{sibling.channel.id} silent as well by {spoken(since)}: {together.value}")
        return severity, changed, why


def _earliest(sign: Sign | None) -> datetime | None:
    return sign.earliest if sign is not None else None


def _closes(slot: BadSlot) -> datetime:
    return slot.closes


_ALWAYS = datetime.min.replace(tzinfo=UTC)
_NEVER = datetime.max.replace(tzinfo=UTC)
_MET = BadSlot(_ALWAYS, _ALWAYS, "missed", (), ())
