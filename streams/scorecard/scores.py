"""What the scorecard says: every measure with its unit and its definition.

Moments are UTC, lengths are seconds, and ``days`` are calendar days: the difference of two dates, where an event known to
the day has the date its source gives it, and any other one its date in UTC (see ``dates.day_of``).
"""

from datetime import date, datetime
from typing import Literal

import msgspec


class Outage(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch for which a channel was lapsed. Lapses of one channel that overlap or touch are one outage.

    Attributes:
        start: When it began, not before the span.
        end: When it was over; ``None`` where it was not by the end of the span.
        seconds: Its length within the span.
    """

    start: datetime
    end: datetime | None
    seconds: float


class SwitchOff(msgspec.Struct, frozen=True, kw_only=True):
    """A declared suspension or cancellation. Declared again before there was contact, it is the same one.

    Attributes:
        declared: The first instant at which it can hold.
        status: What was declared.
        announcement: The announcement's id, where it has one; one announcement may switch off several channels.
        contact: The first contact that certainly came after it.
        days: Calendar days from ``declared_day`` to ``contact_day``, the dates of the two.
    """

    declared: datetime
    declared_day: date
    status: Literal["suspended", "cancelled"]
    announcement: str | None
    contact: datetime | None
    contact_day: date | None
    days: int | None


class Resumption(msgspec.Struct, frozen=True, kw_only=True):
    """A channel was said to be resumed. Said again before there was contact, it is the same promise.

    Attributes:
        promised: The first instant at which the promise can have been made.
        announcement: Its id, where it has one.
        cut: When the outage began that the promise was to end; ``None`` where the channel was not lapsed then.
        contact: The first contact that certainly came after the promise: not before the end of its day, where only the day is
            known. ``None`` where there was none yet.
        days: Calendar days from ``promised_day`` to ``contact_day``, the dates of the two.
        days_from_cut: Calendar days from ``cut_day`` to ``contact_day``.
    """

    promised: datetime
    promised_day: date
    announcement: str | None
    cut: datetime | None
    cut_day: date | None
    contact: datetime | None
    contact_day: date | None
    days: int | None
    days_from_cut: int | None


class Calls(msgspec.Struct, frozen=True, kw_only=True):
    """Requests for a call that were made in the span. Each is counted once under what became of it by the end of the span.

    Attributes:
        asked: All of them: the sum of the next five.
        answered: A call was held by the deadline.
        late: A call was held, after the deadline.
        declined: Refused, whatever came later.
        unanswered: No call was held, and the deadline is over; an acknowledgement is no answer.
        pending: No call was held, and the deadline is not over.
        median: Seconds from the request to the call, over ``answered`` and ``late``; ``None`` where there is none.
        longest: The most of them.
    """

    asked: int
    answered: int
    late: int
    declined: int
    unanswered: int
    pending: int
    median: float | None
    longest: float | None


class ChannelScore(msgspec.Struct, frozen=True, kw_only=True):
    """How one channel fared.

    At each instant from when it was first heard of, a channel is lapsed (a lapse stands: a missed check, too long a gap, a
    suspension, a call not answered), else unknown (the feed that carries it is silent, or there was no sign of life yet), else
    up.

    Attributes:
        channel: Its id.
        title: Its name.
        parties: Between whom.
        military: Whether it is a military channel.
        proposed: It does not exist yet.
        heard: When it was first heard of: a sign of life, a reported silence, a status, a request, or a check that a feed which
            was alive did not report.
        observed: Seconds of the span in which it had been heard of.
        up: Seconds of these in which it was neither lapsed nor unknown; ``lapsed`` and ``unknown`` are the rest.
        availability: ``up`` as a share of ``observed``, 0 to 1; ``None`` where nothing was observed.
        switch_offs: The suspensions declared in the span, by time.
        outages: How many outages there were in the span.
        longest_outage: The longest of them, the earliest where several are as long.
        calls: What became of requests for a call; ``None`` where there was none.
        resumptions: The promises made in the span, by time.
        last_sign: The last sign of life that can have come by the end of the span, by its first possible instant.
    """

    channel: str
    title: str
    parties: tuple[str, ...]
    military: bool
    proposed: bool
    heard: datetime
    observed: float
    up: float
    lapsed: float
    unknown: float
    availability: float | None
    switch_offs: tuple[SwitchOff, ...]
    outages: int
    longest_outage: Outage | None
    calls: Calls | None
    resumptions: tuple[Resumption, ...]
    last_sign: datetime | None


class Hours(msgspec.Struct, frozen=True, kw_only=True):
    """Leads in hours, negative where the notice came after the reference; over the notices whose lead is known."""

    least: float
    median: float
    most: float


class RegimeScore(msgspec.Struct, frozen=True, kw_only=True):
    """How one party kept one rule of prior notice toward one recipient.

    A notice counts in the span it was issued in, a launch in the span it happened in. A notice is the rule's where the launch
    that it announces would be in the rule's scope, or where it does not say what it announces.

    Attributes:
        agreement: Id of the agreement; ``rule`` that of the obligation.
        launcher: Who owes the notice; ``recipient`` is who is owed it.
        proposed: The agreement does not exist yet.
        unverified: Fields of the rule whose numbers rest on memory.
        notices: Notices the recipient was given, cancelled ones and voluntary ones included.
        voluntary: How many of these were given although nothing asked for them.
        lead_owed: The least lead, in words; ``lead_owed_hours`` in hours, ``None`` where it is in months.
        leads: From receipt to the rule's reference, each as long as the evidence allows, which is how the rule judges it.
        leads_unknown: Notices of which nobody says when they were received, or what for.
        short: Notices found too short: lapses that stand.
        launches: Launches in scope: the sum of the next five.
        matched: The recipient had a notice that meant the launch, before it.
        told_after: It had one only after the launch.
        unmatched: It had none, and one was owed.
        not_owed: It had none, and none was owed: the rule was not in force, or the party had ended its duty.
        unknown: None is on record, and the feed that would carry it does not vouch for the time.
        outside_window: Launches found outside the notified window: lapses that stand; ``None`` where no rule asks for it.
    """

    agreement: str
    rule: str
    launcher: str
    recipient: str
    proposed: bool
    unverified: tuple[str, ...]
    notices: int
    voluntary: int
    lead_owed: str
    lead_owed_hours: float | None
    leads: Hours | None
    leads_unknown: int
    short: int
    launches: int
    matched: int
    told_after: int
    unmatched: int
    not_owed: int
    unknown: int
    outside_window: int | None


class Reciprocity(msgspec.Struct, frozen=True, kw_only=True):
    """The notices that two parties gave each other in the span, where at least one of them owes the other notice.

    Counted is what would be in the scope of one of the agreement's rules of prior notice, whichever party that rule binds;
    each notice once, however many rules it serves.

    Attributes:
        agreement: Id of the agreement.
        dyad: Name of the pair.
        parties: The two, in the order of the counts.
        given: Notices that each gave the other, without the voluntary ones.
        voluntary: Notices that each gave the other although nothing asked for them.
    """

    agreement: str
    dyad: str
    parties: tuple[str, str]
    given: tuple[int, int]
    voluntary: tuple[int, int]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """From ``moment`` on so many channels were alive (up), lapsed and unknown; those never heard of until then are none."""

    moment: datetime
    alive: int
    lapsed: int
    unknown: int


class Extreme(msgspec.Struct, frozen=True, kw_only=True):
    """The least or the most channels alive, and when that was so first."""

    alive: int
    moment: datetime


class DyadScore(msgspec.Struct, frozen=True, kw_only=True):
    """How many channels between two parties were alive over time. Proposed channels are left out.

    Attributes:
        dyad: Name of the pair.
        channels: Ids of its channels that were heard of by the end of the span.
        steps: The counts at the beginning of the span, then at every change of one of them.
        at_since: The counts at the beginning; ``at_until`` those at the end.
        least: The fewest alive, from when the first channel was heard of; ``most`` likewise.
    """

    dyad: str
    channels: tuple[str, ...]
    steps: tuple[Step, ...]
    at_since: Step
    at_until: Step
    least: Extreme
    most: Extreme


class Scorecard(msgspec.Struct, frozen=True, kw_only=True):
    """How channels, regimes and dyads fared from ``since`` to ``until``, by all that is known now.

    Attributes:
        since: Where the span begins; ``None``, as ``until``, where there was nothing to score.
        until: Where it ends.
        channels: The channels heard of by the end of the span, by id.
        never_heard: How many other channels the agreements have.
        regimes: The lanes with a launch or a notice in the span, by agreement, rule, launcher and recipient.
        reciprocity: The pairs with a notice in the span, by agreement and dyad.
        dyads: The dyads of the channels heard of, by name.
        exercise_lapses: Lapses of drills in the span; they count in nothing else here.
    """

    since: datetime | None = None
    until: datetime | None = None
    channels: tuple[ChannelScore, ...] = ()
    never_heard: int = 0
    regimes: tuple[RegimeScore, ...] = ()
    reciprocity: tuple[Reciprocity, ...] = ()
    dyads: tuple[DyadScore, ...] = ()
    exercise_lapses: int = 0
