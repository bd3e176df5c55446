"""Records of the log to rows of the database, each with its time. Pure.

The time of a row follows from its record alone, so whoever reads a record again writes the same point. What is no record of its
topic gives no row: whoever wrote it to the log has been told.
"""

from collections.abc import Iterator
from typing import NamedTuple

from dashboards.influx.names import Names
from dashboards.influx.places import around
from dashboards.influx.schema import (
    DRILL,
    ContactRow,
    IncidentRow,
    LapseRow,
    LaunchRow,
    LetterReason,
    LetterRow,
    MeasureRow,
    NoticeRow,
    RetractionRow,
    Row,
)
from dashboards.influx.times import at_second, below_second, seconds
from streams.events import (
    AnyEvent,
    ChannelCheck,
    Contact,
    IncidentReport,
    LaunchNotice,
    LaunchObservation,
    Retraction,
)
from streams.events.times import spoken
from streams.lapses import Lapse
from streams.letters import DeadLetter
from streams.posture import Measure

LETTERS = "influxdb"
"""The place of dead letters that are points which the database refused."""
_LONGEST = 2_000
"""Characters of a text that are kept: the log has all of it."""


class Timed(NamedTuple):
    """A row with its time, nanoseconds since 1970."""

    row: Row
    time: int


def of_lapse(lapse: Lapse, run: str, names: Names) -> Timed:
    """The row of one revision of a lapse."""
    row = LapseRow(
        run=DRILL if lapse.exercise else run,
        agreement=lapse.agreement,
        rule=lapse.rule,
        obligation=lapse.obligation,
        dyad=names.dyad(lapse.parties),
        party=names.party(lapse.parties[0]) if lapse.parties else "",
        channel=names.channel(lapse.subject.partition("/")[0]),
        severity=lapse.severity.value,
        state=lapse.state,
        change=lapse.change,
        reason=lapse.reason,
        id=lapse.id,
        revision=lapse.revision,
        subject=lapse.subject,
        clause=lapse.clause,
        deadline=seconds(lapse.deadline),
        onset=seconds(lapse.onset),
        resolved=None if lapse.resolved is None else seconds(lapse.resolved),
        because=lapse.because,
        group=lapse.group,
        exercise=int(lapse.exercise),
        text=_told(lapse),
    )
    return Timed(row, at_second(lapse.at, lapse.id, lapse.revision))


def _told(lapse: Lapse) -> str:
    """One line for people."""
    since = f"since {spoken(lapse.onset)}"
    until = f" until {spoken(lapse.resolved)}" if lapse.resolved is not None else ""
    drill = "EXERCISE: " if lapse.exercise else ""
    return f"{drill}{lapse.state} {lapse.severity}: {lapse.subject}, {lapse.reason} {since}{until}"


def of_measure(measure: Measure, run: str, names: Names) -> Timed:
    """The row of one thing that was measured."""
    less = measure.what in ("answer", "contact")
    kept = None if measure.owed is None else (measure.value <= measure.owed if less else measure.value >= measure.owed)
    if measure.what == "launch" and measure.value < 0:
        kept = None
    row = MeasureRow(
        run=run,
        what=measure.what,
        agreement=measure.agreement,
        rule=measure.rule,
        subject=measure.subject if measure.what in ("answer", "contact") else names.party(measure.subject),
        recipient=None if measure.recipient is None else names.party(measure.recipient),
        value=measure.value,
        owed=measure.owed,
        kept=None if kept is None else int(kept),
        of=measure.of,
    )
    return Timed(row, at_second(measure.at, f"{measure.what}/{measure.of}"))


def of_event(event: AnyEvent, run: str, names: Names) -> Iterator[Timed]:
    """The row of an event; none of one that is judged and not shown."""
    where = DRILL if event.exercise else run
    row: Row
    match event:
        case ChannelCheck():
            channel = names.channel(event.data.channel)
            if channel is None or event.data.latency_ms is None or event.data.presumed:
                return
            row = MeasureRow(run=where, what="check", subject=channel, value=event.data.latency_ms, of=event.id)
        case LaunchNotice():
            row = _notice(event, where, names)
        case LaunchObservation():
            row = _launch(event, where, names)
        case IncidentReport():
            row = _incident(event, where, names)
        case Contact():
            row = _contact(event, where, names)
        case Retraction():
            data = event.data
            row = RetractionRow(run=where, id=event.id, retracts=data.retracts, why=_short(data.reason))
        case _:
            return
    yield Timed(row, at_second(event.time, f"{event.source} {event.id}"))


def _notice(event: LaunchNotice, run: str, names: Names) -> NoticeRow:
    data = event.data
    place = around(data.impact_areas or (() if data.launch_area is None else (data.launch_area,)))
    windows = data.windows
    return NoticeRow(
        run=run,
        party=names.party(data.party),
        launch_class=data.launch_class or "unknown",
        id=event.id,
        notice=data.notice,
        revision=data.revision,
        status=data.status,
        cancelled=int(data.status == "cancelled"),
        title=_short(data.text) or f"notice {data.notice} of {data.party}",
        via=data.via,
        lat=None if place is None else place.lat,
        lon=None if place is None else place.lon,
        radius_km=None if place is None else place.radius_km,
        window_start=seconds(windows[0].opens) if windows else None,
        window_end=seconds(max(window.closes for window in windows)) if windows else None,
        recipients=",".join(recipient.party for recipient in data.recipients),
    )


def _launch(event: LaunchObservation, run: str, names: Names) -> LaunchRow:
    data = event.data
    return LaunchRow(
        run=run,
        party=names.party(data.party),
        launch_class=data.launch_class,
        id=event.id,
        launch=data.launch,
        source=event.source,
        lat=None if data.site is None else data.site.lat,
        lon=None if data.site is None else data.site.lon,
        impact_lat=None if data.impact is None else data.impact.lat,
        impact_lon=None if data.impact is None else data.impact.lon,
        range_km=data.range_km,
        says_notified=-1 if data.notified is None else int(data.notified),
        text=_short(data.text),
    )


def _incident(event: IncidentReport, run: str, names: Names) -> IncidentRow:
    data = event.data
    return IncidentRow(
        run=run,
        dyad=names.dyad(data.parties) or names.party(data.parties[0]),
        gravity=data.gravity,
        domain=data.domain,
        id=event.id,
        incident=data.incident,
        source=event.source,
        lat=None if data.place is None else data.place.lat,
        lon=None if data.place is None else data.place.lon,
        text=_short(data.text),
    )


def _contact(event: Contact, run: str, names: Names) -> ContactRow:
    data = event.data
    return ContactRow(
        run=run,
        dyad=names.dyad(data.parties) or names.party(data.parties[0]),
        channel=names.channel(data.channel),
        kind="public" if data.public else "alternate" if data.alternate else "contact",
        id=event.id,
        level=data.level,
        source=event.source,
        text=_short(data.text),
    )


def of_letter(letter: DeadLetter, run: str, stamped: int) -> Timed:
    """The row of a dead letter.

    Args:
        letter: The letter.
        run: The run that it stands in.
        stamped: When the broker took it in, milliseconds since 1970. Nothing else tells its time.
    """
    refused = letter.place is not None and letter.place.startswith(f"{LETTERS}:")
    topic = "influx" if refused else "file" if letter.topic is None else letter.topic.rpartition(".")[2]
    kind: LetterReason = "not-stored" if refused else _class_of(letter)
    row = LetterRow(
        run=run, topic=topic, kind=kind, reason=letter.why[:_LONGEST], partition=letter.partition, offset=letter.offset
    )
    return Timed(row, stamped // 1_000 * 1_000_000_000 + below_second(letter.key.decode()))


def _class_of(letter: DeadLetter) -> LetterReason:
    if letter.record is None:
        return "no-value"
    if "too late to amend" in letter.why:
        return "too-late"
    return "unknown-name" if letter.why.startswith("no ") else "not-an-event"


def _short(text: str | None) -> str | None:
    return None if text is None else text[:_LONGEST]
