"""An agreement as data: who owes what to whom, by when, under which article, said by which source.

Every rule of the watch is one of seven kinds of obligation. A new regime is a new TOML file, not new code.
"""

from datetime import UTC, date, datetime, time
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from streams.events.envelope import Key, Party
from streams.events.incidents import Gravity
from streams.events.launches import LaunchClass
from streams.severity import Severity
from streams.spans import SETTLE, Span

Sources = Annotated[tuple[Annotated[str, Meta(min_length=1)], ...], Meta(min_length=1)]
Sentence = Annotated[str, Meta(min_length=1, max_length=2_000)]
Compass = Literal["N", "NE", "E", "SE", "S", "SW", "W", "NW"]


class Spec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of an agreement file; a field that is not known is an error."""


class Epoch(Spec, frozen=True, kw_only=True):
    """Days from and until which (exclusive) a rule is in force, UTC; an open end is left out."""

    start: date | None = msgspec.field(default=None, name="from")
    until: date | None = None

    def __post_init__(self) -> None:
        if self.start is not None and self.until is not None and self.until <= self.start:
            raise ValueError(f"expected `until` after `from`, got {self.start} to {self.until}")

    def holds(self, moment: datetime) -> bool:
        """Whether the rule is in force at ``moment``."""
        return (self.start is None or moment >= midnight(self.start)) and (self.until is None or moment < midnight(self.until))


def midnight(day: date) -> datetime:
    """The instant at which a day begins, UTC."""
    return datetime.combine(day, time(), UTC)


class Feed(Spec, frozen=True, kw_only=True):
    """A carrier of reports with a heartbeat: silent for ``silent_after``, its subjects are UNKNOWN."""

    id: Key
    title: Sentence
    heartbeat: Span
    silent_after: Span


class Channel(Spec, frozen=True, kw_only=True):
    """A way for two parties to talk.

    Attributes:
        military: Counts when the watch asks whether every military channel of the dyad is lapsed.
        group: Sibling lines; two of them silent at once are worse than one.
        feed: The feed that carries its checks; none where people report by hand.
        hypothetical: Proposed, not existing.
        unverified: Names of fields whose values rest on memory, not on a source that was read.
    """

    id: Key
    title: Sentence
    parties: Annotated[tuple[Party, ...], Meta(min_length=2, max_length=50)]
    kind: Literal[
        "leader", "adviser", "minister", "chief", "theater", "mfa", "working", "center", "liaison", "line", "cooperation"
    ]
    military: bool = False
    group: Key | None = None
    feed: Key | None = None
    epoch: Epoch = Epoch()
    staffing: str | None = None
    clause: str | None = None
    sources: Sources
    hypothetical: bool = False
    unverified: tuple[str, ...] = ()


class Calendar(Spec, frozen=True, kw_only=True):
    """When checks are due: recurrence rules in a zone's wall-clock time, less holidays.

    Attributes:
        rules: RFC 5545 recurrence rules without DTSTART, e.g. ``FREQ=DAILY;BYHOUR=9,16;BYMINUTE=0;BYSECOND=0``.
        zone: IANA zone in which the rules are meant, daylight saving included.
        holidays: ISO 3166 code of the country whose public holidays are skipped.
        skip: Single days that are skipped, and why is said in a comment.
    """

    rules: Annotated[tuple[str, ...], Meta(min_length=1)]
    zone: str = "UTC"
    holidays: str | None = None
    skip: tuple[date, ...] = ()


class Step(Spec, frozen=True, kw_only=True):
    """From ``after`` the deadline on, the lapse has this severity."""

    after: Span = Span()
    severity: Severity


class Obligation(Spec, frozen=True, kw_only=True, tag_field="kind"):
    """What every kind of obligation has.

    Attributes:
        id: Unique in its agreement.
        clause: The article, and what it asks, in words.
        notice_type: What a party names when it suspends a part of the agreement.
        epochs: When it is in force; none means the agreement's own dates.
        suspendable: Whether a party's own statement can end the duty; a norm's does not.
        settle: How long after its deadline evidence may still amend it.
        feed: The feed whose silence makes the absence of evidence mean nothing.
        unverified: Names of fields whose numbers rest on memory; shown with every lapse.
    """

    id: Key
    clause: Sentence
    sources: Sources
    notice_type: Key | None = None
    epochs: tuple[Epoch, ...] = ()
    suspendable: bool = True
    settle: Span = SETTLE
    feed: Key | None = None
    unverified: tuple[str, ...] = ()


class Scope(Spec, frozen=True, kw_only=True):
    """Which launches are meant: of one of the classes, and (where set) beyond the range or the apogee.

    Attributes:
        min_range_km: Range above which the launch is in scope (strictly more), kilometres.
        min_apogee_km: Apogee above which it is in scope even where its range is not, kilometres.
        always: Classes in scope whatever their range.
        directions: Per launching party the compass sectors (45 degrees each) flown into.
    """

    classes: tuple[LaunchClass, ...] = ("icbm", "slbm", "irbm", "mrbm", "srbm", "ballistic", "hypersonic", "unknown")
    always: tuple[LaunchClass, ...] = ()
    min_range_km: Annotated[float, Meta(ge=0)] | None = None
    min_apogee_km: Annotated[float, Meta(ge=0)] | None = None
    directions: dict[Party, tuple[Compass, ...]] = {}
    combat: bool = True


class Slack(Spec, frozen=True, kw_only=True):
    """How far a launch may lie off a notice and still be the launch that was meant."""

    before: Span = Span(seconds=48 * 3_600)
    after: Span = Span(seconds=48 * 3_600)
    km: Annotated[float, Meta(ge=0)] = 500.0


class Salvo(Spec, frozen=True, kw_only=True):
    """Unnotified launches of one party that follow each other ``within`` this span are one lapse."""

    within: Span


class Prior(Obligation, frozen=True, kw_only=True, tag="prior"):
    """Before a launch a matching notice, at least ``lead`` ahead, received by each recipient.

    Attributes:
        launchers: The parties that owe the notice; none named means all parties of the agreement.
        recipients: The parties that are owed it; none named means all other parties of the agreement.
        lead: Least lead, measured from receipt to the reference.
        reference: Start of the notified window, or the UTC day on which it starts (1988: the planned date).
        wait: How long a late notice record is waited for before a missing notice is louder.
        missing: Severity of a launch nobody was told of: first at once, then after ``wait``.
        short: Severity of a notice that came later than owed.
        channels: The channels by which it ought to come; by another one it counts, and the watch says so.
        slack: See Slack.
    """

    launchers: tuple[Party, ...] = ()
    recipients: tuple[Party, ...] = ()
    scope: Scope = Scope()
    lead: Span
    longest_lead: Span | None = None
    reference: Literal["window", "date"] = "window"
    wait: Span = Span(seconds=6 * 3_600)
    missing: tuple[Severity, Severity] = (Severity.WARN, Severity.PAGE)
    short: Severity = Severity.WARN
    channels: tuple[Key, ...] = ()
    slack: Slack = Slack()
    salvo: Salvo = Salvo(within=Span(seconds=2 * 3_600))


class Conformance(Obligation, frozen=True, kw_only=True, tag="conformance"):
    """The launch agrees with its notice, and the notice says what it must.

    Attributes:
        notices: Id of the ``prior`` obligation of the same agreement whose matching is used.
        window: Whether the launch must lie in the window; ``tolerance`` is how far off it may be.
        valid_for: The launch may also come up to this span after the window opens, or where the lead is counted to the planned
            date, from the start of that day on (1988: four days from the date).
        area_km: How far outside the notified areas launch and impact may lie, kilometres; unset: not judged.
        launch_class: Whether the class must be the notified one.
        required: Fields a notice must have: window, launch_area, impact_areas, class, range_km.
        site_border_km: Least distance of the launch site from the border, kilometres; ``impact_border_km`` likewise.
    """

    notices: Key
    window: bool = True
    tolerance: Span = Span()
    valid_for: Span | None = None
    area_km: Annotated[float, Meta(ge=0)] | None = None
    launch_class: bool = msgspec.field(default=False, name="class")
    required: tuple[Literal["window", "launch_area", "impact_areas", "class", "range_km"], ...] = ()
    site_border_km: Annotated[float, Meta(ge=0)] | None = None
    impact_border_km: Annotated[float, Meta(ge=0)] | None = None
    severity: Severity = Severity.PAGE
    incomplete: Severity = Severity.INFO


class Cadence(Obligation, frozen=True, kw_only=True, tag="cadence"):
    """A sign of life of each channel in every slot of a calendar, or never longer apart than ``longest_gap``.

    Attributes:
        channels: The channels that owe it.
        early: How long before a slot is due a check still counts for it.
        grace: How long after it is due.
        missed: Severity of the first, the second, ... consecutive missed slot; the last one holds from there on.
        together: Severity when two channels of a group are silent at once.
        steps: For ``longest_gap``: severities by time since the deadline.

    While a channel stands suspended its checks are not asked for: that is its ``standing`` obligation's lapse.
    """

    channels: Annotated[tuple[Key, ...], Meta(min_length=1)]
    calendar: Calendar | None = None
    longest_gap: Span | None = None
    early: Span = Span(seconds=300)
    grace: Span = Span(seconds=1_800)
    missed: Annotated[tuple[Severity, ...], Meta(min_length=1)] = (Severity.WARN, Severity.PAGE)
    together: Severity | None = Severity.PAGE
    steps: Annotated[tuple[Step, ...], Meta(min_length=1)] = (Step(severity=Severity.WARN),)

    def __post_init__(self) -> None:
        if (self.calendar is None) == (self.longest_gap is None):
            raise ValueError("expected either `calendar` or `longest_gap`")


class Raise(Spec, frozen=True, kw_only=True):
    """The compound rule: louder by one level while every military channel of the dyad is lapsed.

    Attributes:
        incidents: So many incidents within ``within`` while lapsed raise it too (0: no such rule).
    """

    incidents: Annotated[int, Meta(ge=0)] = 0
    within: Span = Span(seconds=10 * 86_400)


class Response(Obligation, frozen=True, kw_only=True, tag="response"):
    """After a trigger, a response within a time, in steps of severity.

    Attributes:
        trigger: An ``incident`` (answered by contact of its dyad) or a ``request`` for a call (answered by the call).
        dyads: For incidents: the pairs of parties meant; none named means the agreement's parties.
        gravity: For incidents: the least gravity that asks for contact.
        channels: For requests: the channels meant.
        steps: Severities by time since the trigger; the first one's ``after`` is the deadline.
        declined: For requests: severity of a refusal, at once.
        raised: For incidents: the compound rule, JSON/TOML ``raise``.
    """

    trigger: Literal["incident", "request"]
    dyads: tuple[Annotated[tuple[Party, ...], Meta(min_length=2, max_length=2)], ...] = ()
    gravity: Gravity = "high"
    channels: tuple[Key, ...] = ()
    steps: Annotated[tuple[Step, ...], Meta(min_length=1)]
    declined: Severity = Severity.PAGE
    raised: Raise | None = msgspec.field(default=None, name="raise")


class Standing(Obligation, frozen=True, kw_only=True, tag="standing"):
    """A declared status stays in force: channels stay open, or a regime (one type of notice) is kept."""

    channels: tuple[Key, ...] = ()
    regime: bool = False
    severity: Severity = Severity.PAGE

    def __post_init__(self) -> None:
        if bool(self.channels) == self.regime:
            raise ValueError("expected either `channels` or `regime = true`")
        if self.regime and self.notice_type is None:
            raise ValueError("expected `notice_type` with `regime = true`")


class Balance(Obligation, frozen=True, kw_only=True, tag="balance"):
    """Two parties keep pace over a period, or one party stays within its quota.

    Attributes:
        notices: Id of the ``prior`` obligation of the same agreement whose matching is counted.
        measure: ``notices`` given by each party, or launches ``withheld`` (in scope and not notified).
        period: One ``calendar-year``, or a span counted from ``start``.
        most_apart: For ``notices``: how far the two counts may lie apart.
        quota: For ``withheld``: how many each party may withhold in a period.
    """

    notices: Key
    measure: Literal["notices", "withheld"]
    period: Literal["calendar-year", "calendar-month"] = "calendar-year"
    most_apart: Annotated[int, Meta(ge=0)] | None = None
    quota: Annotated[int, Meta(ge=0)] | None = None
    severity: Severity = Severity.WARN

    def __post_init__(self) -> None:
        if (self.measure == "notices") != (self.most_apart is not None):
            raise ValueError('expected `most_apart` with measure = "notices", and only there')
        if (self.measure == "withheld") != (self.quota is not None):
            raise ValueError('expected `quota` with measure = "withheld", and only there')


class Benchmark(Obligation, frozen=True, kw_only=True, tag="benchmark"):
    """A pre-negotiated measure is reached by its date.

    Attributes:
        measure: The name under which reports give it; ``live-channels`` is counted by the watch itself.
        target: The value to reach, by the end of the UTC day ``by``.
        at: ``least`` or ``most``.
        party: Whose report counts; none named means any.
    """

    measure: Key
    target: float
    by: date
    at: Literal["least", "most"] = "least"
    party: Party | None = None
    severity: Severity = Severity.WARN


AnyObligation = Prior | Conformance | Cadence | Response | Standing | Balance | Benchmark


class Agreement(Spec, frozen=True, kw_only=True):
    """One agreement, norm or proposal, with its channels, feeds and obligations.

    Attributes:
        standing: ``treaty`` and ``political`` bind in different ways; a ``norm`` binds everybody; ``proposed`` does not
            exist yet and is judged as if it did, which every lapse says; ``trial`` is no regime but rules for trials of the
            watch itself.
        parties: Its parties; for a norm, the parties watched.
        epoch: When it is in force.
    """

    id: Key
    title: Sentence
    standing: Literal["treaty", "political", "norm", "proposed", "trial"]
    parties: Annotated[tuple[Party, ...], Meta(min_length=1)]
    epoch: Epoch = Epoch()
    summary: Sentence
    sources: Sources
    unverified: tuple[str, ...] = ()
    feeds: tuple[Feed, ...] = ()
    channels: tuple[Channel, ...] = ()
    obligations: tuple[AnyObligation, ...] = ()

    def in_force(self, obligation: Obligation, moment: datetime) -> bool:
        """Whether the obligation is in force at ``moment`` by its own epochs, else by the agreement's."""
        if obligation.epochs:
            return any(epoch.holds(moment) for epoch in obligation.epochs)
        return self.epoch.holds(moment)


def from_toml(kind: type, value: object) -> object:
    """Build the types TOML has no word for (msgspec ``dec_hook``): spans."""
    if kind is Span and isinstance(value, str):
        return Span.parse(value)
    raise NotImplementedError(f"no way to read {kind}")
