"""How one thing stands as of a moment: the rules for a channel, a feed, a regime, a dyad. Pure.

Four answers, and the first that holds is given:

1. LAPSED where a lapse is open. One of severity ``info`` is a note for the record (a notice by the wrong channel) and changes
   nothing. What no later event can mend, such as a launch nobody was told of, stays open until its rule lets it settle.
2. UNKNOWN where the feed that would carry the evidence is silent, or where nothing was ever heard.
3. LATE where something is owed and its time runs.
4. GOOD.

A dyad is LAPSED too where every channel of the two is: then nobody can talk. A channel or an agreement whose dates are over or
have not begun has no standing at all, unless a lapse of it is still open; nor has what is proposed, or made up for a trial,
before anything was heard of it.

Whoever keeps a standing must look again when a duty of the thing was judged, when what it hangs on changed, and by time alone
at ``again``. All else in it (``last``, the deadline of the next sign where no calendar sets it) moves with every sign of life,
and is put right by ``freshened``.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, TypeGuard

from msgspec.structs import replace

from streams.agreements.model import Agreement, Channel, Epoch, midnight
from streams.docket.channels import ChannelDocket, ChannelDuty
from streams.docket.incidents import IncidentDocket
from streams.docket.launches import LaunchDocket
from streams.feeds import FeedRecord
from streams.lapses import Lapse
from streams.obligations.cadence import SlotDuty
from streams.obligations.duty import Duty, earliest
from streams.obligations.gap import GapDuty
from streams.obligations.prior import LaneDuty
from streams.obligations.response import RequestDuty
from streams.posture import Stand, Standing, Why
from streams.register import Register
from streams.severity import Severity

Thing = tuple[str, str, str]
"""Kind, name and party."""
Key = tuple[int, Why | None, datetime | None, datetime | None, int, Severity | None]
"""Stand, reason, since, due by a calendar, open lapses, severity."""


class Look(NamedTuple):
    """What one look shows.

    Attributes:
        standing: How it stands; ``None`` where it has no standing.
        key: What of it only changes when one must look again.
        again: When it can next change by time alone, UTC.
        restless: Whether a sign of life that nobody is told of can change it: look again whenever anything may have come.
    """

    standing: Standing | None
    key: Key | None = None
    again: datetime | None = None
    restless: bool = False


class Sum(NamedTuple):
    """The open lapses of one thing, summed up."""

    lapsed: Lapse | None
    unknown: Lapse | None
    since: datetime | None
    open: int
    severity: Severity | None


_NOTHING = Sum(None, None, None, 0, None)


def _summed(register: Register, duties: Iterable[Duty]) -> Sum:
    lapses = register.open_of(duty.name for duty in duties)
    if not lapses:
        return _NOTHING
    known = [lapse for lapse in lapses if lapse.state == "open"]
    counted = [lapse for lapse in known if lapse.severity is not Severity.INFO]
    doubted = [lapse for lapse in lapses if lapse.state == "unknown"]
    shown = counted or doubted
    return Sum(
        min(counted, key=_loudest_first, default=None),
        min(doubted, key=_loudest_first, default=None),
        min((lapse.onset for lapse in shown), default=None),
        len(known),
        max((lapse.severity for lapse in known), key=_rank, default=None),
    )


def _rank(severity: Severity) -> int:
    return severity.rank


def _loudest_first(lapse: Lapse) -> tuple[int, datetime, str]:
    return -lapse.severity.rank, lapse.onset, lapse.id


def _bound(epoch: Epoch, now: datetime) -> datetime | None:
    """When an epoch begins or ends next."""
    return earliest(*(moment for day in (epoch.start, epoch.until) if day is not None and (moment := midnight(day)) > now))


class Verdict(NamedTuple):
    """How something stands, why, and since when."""

    stand: Stand
    reason: Why | None = None
    since: datetime | None = None


_GOOD = Verdict(Stand.GOOD)
_NEVER = Verdict(Stand.UNKNOWN, "never-heard")


def _judged(found: Sum, feeds: Sequence[FeedRecord], now: datetime) -> Verdict | None:
    """The first two of the four answers, where one of them holds; whether anything was ever heard is another matter."""
    if found.lapsed is not None:
        return Verdict(Stand.LAPSED, found.lapsed.reason, found.since)
    if found.unknown is not None:
        return Verdict(Stand.UNKNOWN, found.unknown.reason, found.since)
    silent = [feed.overdue for feed in feeds if feed.heard and feed.silent(now)]
    return Verdict(Stand.UNKNOWN, "feed-silent", min(silent)) if silent else None


def _key(standing: Standing, due: datetime | None) -> Key:
    return int(standing.stand), standing.reason, standing.since, due, standing.open, standing.severity


class FeedSubject:
    """A feed: LATE once a heartbeat has failed to come, UNKNOWN once it is silent."""

    def __init__(self, record: FeedRecord, home: Agreement, duty: Duty, register: Register) -> None:
        self.thing = ("feed", record.feed.id, "")
        self.record = record
        self.agreement = home
        self._duty = duty
        self._register = register

    def look(self, now: datetime) -> Look:
        """How it stands as of ``now``, up to which the watch has come."""
        record, bound = self.record, _bound(self.agreement.epoch, now)
        found = _summed(self._register, (self._duty,))
        if not self.agreement.epoch.holds(now) and found is _NOTHING:
            return Look(None, again=bound)
        again, due = bound, None
        if not record.heard:
            verdict = _NEVER
        else:
            beat = record.feed.heartbeat
            due = beat.after(record.ends[-1])
            late = beat.after(due)
            verdict = _GOOD
            if record.silent(now):
                verdict = Verdict(Stand.UNKNOWN, "feed-silent", record.overdue)
            elif now >= late:
                verdict = Verdict(Stand.LATE, "overdue", due)
            else:
                again = earliest(again, late)
        standing = Standing(
            kind="feed",
            name=record.feed.id,
            stand=verdict.stand,
            reason=verdict.reason,
            since=verdict.since,
            last=record.ends[-1] if record.heard else None,
            due=due,
            open=found.open,
            severity=found.severity,
        )
        return Look(standing, _key(standing, None), again, restless=verdict.stand is Stand.LATE)

    def freshened(self, standing: Standing, due: datetime | None) -> Standing:
        """The same with what every heartbeat moves."""
        if not self.record.heard:
            return standing
        last = self.record.ends[-1]
        due = self.record.feed.heartbeat.after(last)
        return standing if last == standing.last else replace(standing, last=last, due=due)


class ChannelSubject:
    """A channel: by its checks, its calls, what was declared of it, and the feed that tells of it."""

    def __init__(self, channel: Channel, home: Agreement, docket: ChannelDocket, register: Register) -> None:
        self.thing = ("channel", channel.id, "")
        self.channel = channel
        self.agreement = home
        self._record = docket.records[channel.id]
        self._docket = docket
        self._register = register
        known = {duty.feed.feed.id: duty.feed for duty in docket.duties_of(channel.id) if _fed(duty) and duty.feed is not None}
        self.feeds = tuple(known.values())
        self._gaps = [duty for duty in docket.duties_of(channel.id) if isinstance(duty, GapDuty)]

    def look(self, now: datetime) -> Look:
        """How it stands as of ``now``, up to which the watch has come."""
        channel, record, bound = self.channel, self._record, _bound(self.channel.epoch, now)
        duties = self._docket.duties_of(channel.id)
        found = _summed(self._register, duties)
        if not channel.epoch.holds(now) and found is _NOTHING:
            return Look(None, again=bound)
        signs = record.signs
        heard = bool(signs or record.silences or record.statuses or any(map(_asked_for, duties)))
        if not heard and (channel.hypothetical or self.agreement.standing == "trial"):
            return Look(None, again=bound)
        again, due, overdue, awaited = bound, None, None, None
        for duty in duties:
            if isinstance(duty, SlotDuty):
                slot = duty.expected(now)
                again, due = earliest(again, slot.turns), earliest(due, slot.due)
                overdue = earliest(overdue, slot.due if slot.overdue else None)
            elif isinstance(duty, RequestDuty) and (deadline := duty.awaited(now)) is not None:
                due = earliest(due, deadline)
                awaited = earliest(awaited, duty.placed.earliest)
        verdict = _judged(found, self.feeds, now)
        if verdict is None and not heard:
            verdict = _NEVER
        elif verdict is None and overdue is not None:
            verdict = Verdict(Stand.LATE, "overdue", overdue)
        elif verdict is None:
            verdict = _GOOD if awaited is None else Verdict(Stand.LATE, "awaited", awaited)
        standing = Standing(
            kind="channel",
            name=channel.id,
            stand=verdict.stand,
            reason=verdict.reason,
            since=verdict.since,
            last=self.last,
            due=earliest(due, self._gap()),
            open=found.open,
            severity=found.severity,
        )
        return Look(standing, _key(standing, due), again, restless=overdue is not None)

    def freshened(self, standing: Standing, due: datetime | None) -> Standing:
        """The same with what every sign of life moves, given what is due by a calendar."""
        last, due = self.last, earliest(due, self._gap())
        return standing if (last, due) == (standing.last, standing.due) else replace(standing, last=last, due=due)

    @property
    def last(self) -> datetime | None:
        """The last sign of life, UTC."""
        signs = self._record.signs
        return signs.earliest[-1] if signs else None

    def _gap(self) -> datetime | None:
        """By when the next sign is owed where no calendar says, UTC."""
        if not self._gaps or self._record.statuses or not self._record.signs:
            return None
        return min(duty.deadline for duty in self._gaps)


class RegimeSubject:
    """What one party owes under one agreement about launches, notices and its own word; or what all of them owe together."""

    def __init__(
        self, agreement: Agreement, party: str | None, duties: Sequence[Duty], docket: LaunchDocket, register: Register
    ) -> None:
        self.thing = ("regime", agreement.id, party or "")
        self.agreement = agreement
        self.party = party
        self._duties = tuple(duties)
        self._docket = docket
        self._register = register
        fed = [duty.feed for duty in duties if isinstance(duty, LaneDuty) and duty.feed is not None]
        self.feeds = tuple({feed.feed.id: feed for feed in fed}.values())

    def look(self, now: datetime) -> Look:
        """How it stands as of ``now``, up to which the watch has come."""
        bound = _bound(self.agreement.epoch, now)
        found = _summed(self._register, self._duties)
        if not self.agreement.epoch.holds(now) and found is _NOTHING:
            return Look(None, again=bound)
        if self.agreement.standing == "trial" and found is _NOTHING and not self._heard():
            return Look(None, again=bound)
        verdict = _judged(found, self.feeds, now)
        if verdict is None:
            # Silence is the rule here, so only a feed can be missed.
            verdict = _GOOD if all(feed.heard for feed in self.feeds) else _NEVER
        standing = Standing(
            kind="regime",
            name=self.agreement.id,
            party=self.party,
            stand=verdict.stand,
            reason=verdict.reason,
            since=verdict.since,
            open=found.open,
            severity=found.severity,
        )
        return Look(standing, _key(standing, None), bound)

    def freshened(self, standing: Standing, due: datetime | None) -> Standing:
        """The same: nothing in it moves by itself."""
        del due
        return standing

    def _heard(self) -> bool:
        book = self._docket.books.get(self.party or "")
        return book is not None and bool(book.launches or book.series)


class DyadSubject:
    """Two parties: by contact after incidents, and by whether any channel between the two alone is left."""

    def __init__(
        self,
        pair: str,
        channels: Sequence[ChannelSubject],
        docket: IncidentDocket,
        register: Register,
        told: Callable[[Thing], Standing | None],
    ) -> None:
        self.thing = ("dyad", pair, "")
        self.pair = pair
        self.channels = tuple(channel for channel in channels if not channel.channel.hypothetical)
        self._docket = docket
        self._register = register
        self._told = told

    def look(self, now: datetime) -> Look:
        """How it stands as of ``now``, up to which the watch has come, and its channels were looked at."""
        # What was taken back was never heard of, whichever came first.
        incidents = [incident for incident in self._docket.between(self.pair) if incident.claims]
        lines = [standing for channel in self.channels if (standing := self._told(channel.thing)) is not None]
        if not (lines or incidents) and not self._docket.asked(self.pair):
            return Look(None)
        found = _summed(self._register, incidents)
        verdict, due = _judged(found, (), now), None
        if verdict is None and lines and all(line.stand is Stand.LAPSED for line in lines):
            last = max(lines, key=_since)
            verdict = Verdict(Stand.LAPSED, last.reason, last.since)
        for incident in incidents:
            if (deadline := incident.awaited(now)) is not None and incident.occurred is not None:
                due = earliest(due, deadline)
                if verdict is None or verdict.stand is Stand.LATE:
                    since = earliest(verdict and verdict.since, incident.occurred.earliest)
                    verdict = Verdict(Stand.LATE, "awaited", since)
        # A contact that no incident waits for is heard by nobody who keeps this: it shows in ``last`` alone.
        if verdict is None and all(line.stand is Stand.UNKNOWN for line in lines) and not incidents:
            silent = [line for line in lines if line.reason != "never-heard"]
            verdict = Verdict(Stand.UNKNOWN, silent[0].reason, min(map(_since, silent))) if silent else _NEVER
        verdict = verdict or _GOOD
        standing = Standing(
            kind="dyad",
            name=self.pair,
            stand=verdict.stand,
            reason=verdict.reason,
            since=verdict.since,
            last=self._last(),
            due=due,
            open=found.open,
            severity=found.severity,
        )
        return Look(standing, _key(standing, due))

    def freshened(self, standing: Standing, due: datetime | None) -> Standing:
        """The same with what every sign of life moves."""
        last = self._last()
        return standing if (last, due) == (standing.last, standing.due) else replace(standing, last=last, due=due)

    def _last(self) -> datetime | None:
        contacts = self._docket.contacts[self.pair].earliest if self.pair in self._docket.contacts else []
        signs = contacts[-1:]
        signs += [channel.last for channel in self.channels if channel.last is not None]
        return max(signs, default=None)


Subject = FeedSubject | ChannelSubject | RegimeSubject | DyadSubject


def _since(standing: Standing) -> datetime:
    return standing.since or _ALWAYS


def _asked_for(duty: ChannelDuty) -> bool:
    return isinstance(duty, RequestDuty) and bool(duty.claims)


def _fed(duty: ChannelDuty) -> TypeGuard[SlotDuty | GapDuty]:
    return isinstance(duty, SlotDuty | GapDuty)


_ALWAYS = datetime.min.replace(tzinfo=UTC)
