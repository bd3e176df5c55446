"""What stands in InfluxDB: the buckets, the measurements, their tags and fields. Who writes and who asks both go by this.

**Buckets.** What is said again each minute goes to ``steadyline``, is kept for 90 days, and is summed up by the hour into
``steadyline-hourly``. What happened once (lapses, notices, launches, ...) goes to ``steadyline-records`` and stays. Replays,
and drills in the live log, go to ``steadyline-runs``, all of it, and stay.

**Times** (``times``). A point of a minute stands at that minute, UTC. A point of something that happened stands in its second;
what is below the second is made of its id and revision. So two things that happened in one second are two points, the revisions
of one thing stay in order, and whoever writes a point again writes the same point.

**Tags** make series, and the database holds an index of all of them, so no id is a tag. Every tag is one of a set that the
agreements bound: their own ids and those of their rules, channels, feeds and parties; words of the program; partition numbers.
A party that no agreement names goes by ``other`` (see ``names``). All of history that comes along makes fewer than 300 series.
What grows is only ``run``, by one for each replay.

A tag or field that has nothing to say is left out.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from streams.lapses import Change, Reason, State
from streams.posture import Kind, Measured

ORGANISATION = "steadyline"
MINUTES = "steadyline"
"""The bucket of what is said each minute, live."""
HOURLY = "steadyline-hourly"
"""The same by the hour: of the fields of ``standing`` the share of the hour that it stood so."""
RECORDS = "steadyline-records"
"""The bucket of what happened, live."""
RUNS = "steadyline-runs"
"""The bucket of replays and drills: all measurements."""
MINUTES_KEPT = timedelta(days=90)

LIVE = "live"
"""The tag ``run`` of what is no replay and no drill."""
DRILL = "exercise"
"""The tag ``run`` of drills in the live log."""
NO_REASON = "none"
"""The reason of what stands well. Not an empty text: of some of those Flux tells another row's."""
OTHER = "other"
"""The tag of a party that no agreement names."""

TAG = "tag"
Tag = Annotated[str, TAG]
PartyTag = Annotated[str, TAG]
"""A party of some agreement, or ``other``."""
DyadTag = Annotated[str, TAG]
"""Two parties, or all parties of a channel with more, in order, with hyphens: ``PRC-US``."""
Seconds = int
"""Seconds since 1970, UTC."""
What = Measured | Literal["check"]
"""What is measured; what a check took is in the check itself, all else in the states topic."""
LetterReason = Literal["no-value", "not-an-event", "unknown-name", "too-late", "not-stored"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One point to be.

    Attributes:
        run: ``live``, the name of a replay, or ``exercise``.
    """

    measurement: ClassVar[str]
    minutely: ClassVar[bool] = False
    """Whether it is said each minute, so that it grows old."""

    run: Tag


@dataclass(frozen=True, kw_only=True, slots=True)
class StandingRow(Row):
    """How one thing stands, at each whole minute. ``party`` is who owes, for regimes: each party has a standing of its own.

    A channel and a dyad have their ``dyad``; a channel, a regime and a feed the ``agreement`` that they stand in.

    Attributes:
        stand: 0 good, 1 late, 2 lapsed, 3 unknown.
        reason: Why; ``none`` where it is good.
        open: How many of its lapses are open. The sum over all kinds is every open lapse, each once.
        severity: Of the worst of them: 0 of none, 1 info, 2 warn, 3 page, 4 critical.
        since: Since when it has stood so; unknown where it is left out.
        last: The last contact.
        due: When the next sign is expected.
    """

    measurement: ClassVar[str] = "standing"
    minutely: ClassVar[bool] = True

    kind: Annotated[Kind, TAG]
    name: Tag
    party: PartyTag | None = None
    dyad: DyadTag | None = None
    agreement: Tag | None = None
    stand: int
    reason: str
    open: int
    severity: int = 0
    since: Seconds | None = None
    last: Seconds | None = None
    due: Seconds | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DialogueRow(Row):
    """How many channels of a dyad are alive, at each whole minute.

    Attributes:
        alive: Channels that are not lapsed and not unknown.
        unknown: Channels of which nobody can say.
        declared: All of them.
    """

    measurement: ClassVar[str] = "dialogue"
    minutely: ClassVar[bool] = True

    dyad: DyadTag
    alive: int
    unknown: int
    declared: int


@dataclass(frozen=True, kw_only=True, slots=True)
class LapseRow(Row):
    """One revision of a lapse, in the second at which it took effect by the evidence.

    Attributes:
        party: Who owes.
        channel: The channel it is about, where it is about one.
        subject: What it is about: a channel's id, ``PRC-US/incident``, ...
        exercise: 1 of a drill.
        text: One line for people.
        value: Always 1, to count by.
    """

    measurement: ClassVar[str] = "lapse"

    agreement: Tag
    rule: Tag
    obligation: Tag
    dyad: DyadTag | None = None
    party: PartyTag
    channel: Tag | None = None
    severity: Tag
    state: Annotated[State, TAG]
    change: Annotated[Change, TAG]
    reason: Annotated[Reason, TAG]
    id: str
    revision: int
    subject: str
    clause: str
    deadline: Seconds
    onset: Seconds
    resolved: Seconds | None = None
    because: str | None = None
    group: str | None = None
    exercise: int
    text: str
    value: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class MeasureRow(Row):
    """One thing that was measured, in the second that it belongs to.

    Attributes:
        what: ``lead`` (hours from the receipt of a notice to its window), ``answer`` (seconds from a request to its answer),
            ``check`` (milliseconds), ``contact`` (seconds from an incident to contact), ``launch`` (1 where notice was given
            of it, 0 where none, -1 where nobody can say; at the launch).
        subject: The channel, the dyad, the launcher.
        recipient: The party told, for leads and launches.
        value: In the unit above.
        owed: What the rule asks for, in the same unit.
        kept: 1 or 0, where something is owed.
        of: The notice, request, incident or launch.
    """

    measurement: ClassVar[str] = "measure"

    what: Annotated[What, TAG]
    agreement: Tag | None = None
    rule: Tag | None = None
    subject: Tag
    recipient: PartyTag | None = None
    value: float
    owed: float | None = None
    kept: int | None = None
    of: str


@dataclass(frozen=True, kw_only=True, slots=True)
class NoticeRow(Row):
    """One revision of a notice of a launch, in the second at which it was issued. The last revision of a notice counts.

    Attributes:
        id: The event.
        notice: The notice: the same for all its revisions.
        status: ``planned``, ``amended`` or ``cancelled``; ``cancelled`` is 1 of the last.
        lat: Of the middle of its areas, degrees north; ``lon`` likewise, east.
        radius_km: From the middle to the farthest border, kilometres.
        window_start: When the first window opens; ``window_end``: when the last one closes.
        recipients: Who was told, with commas.
    """

    measurement: ClassVar[str] = "notice"

    party: PartyTag
    launch_class: Annotated[str, TAG]
    id: str
    notice: str
    revision: int
    status: str
    cancelled: int
    title: str
    via: str | None = None
    lat: float | None = None
    lon: float | None = None
    radius_km: float | None = None
    window_start: Seconds | None = None
    window_end: Seconds | None = None
    recipients: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LaunchRow(Row):
    """A launch as one source saw it, in the second of the launch. Whether notice was given is a ``measure``.

    Attributes:
        id: The event.
        launch: The name by which sources share it.
        lat: Of the site, degrees north; ``lon`` likewise, east; ``impact_lat`` and ``impact_lon`` of the impact.
        says_notified: What the source says about notice: 1, 0, -1 where it says nothing.
    """

    measurement: ClassVar[str] = "launch"

    party: PartyTag
    launch_class: Annotated[str, TAG]
    id: str
    launch: str | None = None
    source: str
    lat: float | None = None
    lon: float | None = None
    impact_lat: float | None = None
    impact_lon: float | None = None
    range_km: float | None = None
    says_notified: int
    text: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class IncidentRow(Row):
    """An incident as one source reports it, in its second. Whether contact followed is a ``measure``.

    Attributes:
        id: The event.
        incident: The incident: the same for all claims about it.
    """

    measurement: ClassVar[str] = "incident"

    dyad: DyadTag
    gravity: Tag
    domain: Tag
    id: str
    incident: str
    source: str
    lat: float | None = None
    lon: float | None = None
    text: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ContactRow(Row):
    """A contact between two parties, in its second.

    Attributes:
        channel: The channel it went over, where that is known.
        kind: ``contact``, ``public`` (a statement; it ends nothing) or ``alternate`` (over somebody else's line).
        id: The event.
    """

    measurement: ClassVar[str] = "contact"

    dyad: DyadTag
    channel: Tag | None = None
    kind: Tag
    id: str
    level: str
    source: str
    text: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RetractionRow(Row):
    """A report that was taken back, in the second at which it was: notices, launches, ... with this ``id`` do not count."""

    measurement: ClassVar[str] = "retraction"

    id: str
    retracts: str
    why: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PipelineRow(Row):
    """How far a partition number was judged, every ten seconds by the wall clock, live only.

    Attributes:
        now: The event time up to which it was judged.
        age: The wall clock less ``now``, seconds: it rises while nobody judges.
        standings: How many things it judges.
        open: How many of its lapses are open.
    """

    measurement: ClassVar[str] = "pipeline"
    minutely: ClassVar[bool] = True

    partition: Tag
    now: Seconds
    age: float
    standings: int
    open: int


@dataclass(frozen=True, kw_only=True, slots=True)
class WriterRow(Row):
    """The writer of all of this, every ten seconds by the wall clock, live only.

    Attributes:
        points: Points written since its start.
        lag: The longest time from the record of a lapse to its point since the last such row, seconds.
        failures: Writes that failed since its start.
        behind: Records on Kafka that it has not read yet.
        letters: Points that the database refused since its start.
    """

    measurement: ClassVar[str] = "writer"
    minutely: ClassVar[bool] = True

    points: int
    lag: float | None = None
    failures: int
    behind: int
    letters: int


@dataclass(frozen=True, kw_only=True, slots=True)
class LetterRow(Row):
    """A dead letter, in the second of its record.

    Attributes:
        topic: The input topic by its live name; ``file`` of a line that was never sent; ``influx`` of a refused point.
        kind: What is wrong with it, as a class; ``reason`` says it in words.
        partition: Where the refused record stands; ``offset`` likewise.
    """

    measurement: ClassVar[str] = "dead_letter"

    topic: Tag
    kind: Annotated[LetterReason, TAG]
    reason: str
    partition: int | None = None
    offset: int | None = None


ROWS: tuple[type[Row], ...] = (
    StandingRow,
    DialogueRow,
    LapseRow,
    MeasureRow,
    NoticeRow,
    LaunchRow,
    IncidentRow,
    ContactRow,
    RetractionRow,
    PipelineRow,
    WriterRow,
    LetterRow,
)
"""Every measurement."""
