"""An opened recording, as the page asks about it: what there is to see, the floor at a moment, why, the time line."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Literal

import msgspec

from dashboards.page.chronicle import Chronicle, Known
from dashboards.page.floor import Floor, Row, pair_of
from dashboards.page.scene import Scenes
from dashboards.page.survey import Surveyor, drilled, dyad_of, in_hindsight
from dashboards.page.why import Why, names_cited, why
from dashboards.page.words import headline
from streams.events import AnyEvent, ChannelCheck, FeedHeartbeat, Interval, Tick
from streams.events.schemas import short_name
from streams.floor import floor
from streams.lapses import Change, Lapse
from streams.scorecard.lines import Line, lines_of
from streams.scorecard.stretches import finals
from streams.severity import Severity

_MOST_MARKS = 5_000


class Beat(Row, frozen=True, kw_only=True):
    """Something on the time line that one can step to: when it was known, and when it happened.

    Attributes:
        what: ``event`` or ``lapse``.
        id: The event's id, or the name of the lapse's row.
        says: In a few words.
    """

    what: Literal["event", "lapse"]
    known: datetime
    at: datetime
    id: str
    says: str
    change: Change | None = None
    severity: Severity | None = None
    exercise: bool = False


class Bar(Row, frozen=True, kw_only=True):
    """A stretch of one condition of a channel on the time line."""

    start: datetime
    end: datetime
    stand: Literal["good", "lapsed", "unknown"]


class Track(Row, frozen=True, kw_only=True):
    """A channel on the time line."""

    id: str
    title: str
    dyad: str
    bars: tuple[Bar, ...]
    military: bool = False
    proposed: bool = False


class Span(Row, frozen=True, kw_only=True):
    """A lapse on the time line."""

    id: str
    about: str
    wrong: str
    dyad: str
    severity: Severity
    state: str
    start: datetime
    end: datetime | None = None
    exercise: bool = False


class TimeLine(msgspec.Struct, frozen=True, kw_only=True):
    """Who was reachable when, and what lapsed."""

    start: datetime
    end: datetime
    tracks: tuple[Track, ...]
    lapses: tuple[Span, ...]


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """What an opened recording holds.

    Attributes:
        beats: What one can step to, by when it was known; routine checks and heartbeats are left out.
        left_out: How many more there are.
        events: How many events it has; ``refused`` are those that no rule could use.
        exercise: Whether any of it is a drill.
    """

    name: str
    title: str
    about: str
    rules: str
    start: datetime | None
    end: datetime | None
    events: int
    refused: int
    exercise: bool
    beats: tuple[Beat, ...]
    left_out: int


class Reel:
    """One recording, opened under one set of rules."""

    def __init__(self, name: str, title: str, about: str, rules: str, chronicle: Chronicle, refused: int = 0) -> None:
        self.name = name
        self.title = title
        self.about = about
        self.rules = rules
        self.chronicle = chronicle
        self._refused = refused
        self._surveyor = Surveyor(chronicle.agreements)
        self._events: dict[str, list[AnyEvent]] | None = None

    def overview(self) -> Overview:
        """What there is to see."""
        chronicle = self.chronicle
        beats = [*self._event_beats(), *self._lapse_beats()]
        beats.sort(key=lambda beat: (beat.known, beat.what))
        return Overview(
            name=self.name,
            title=self.title,
            about=self.about,
            rules=self.rules,
            start=chronicle.start,
            end=chronicle.end,
            events=len(chronicle.steps),
            refused=chronicle.refused + self._refused,
            exercise=any(step.event.exercise for step in chronicle.steps),
            beats=tuple(beats[:_MOST_MARKS]),
            left_out=max(0, len(beats) - _MOST_MARKS),
        )

    def floor(self, at: datetime, known: Known) -> Floor:
        """The floor at a moment, as it was known then or as it is known now."""
        at = self._within(at)
        chronicle = self.chronicle
        lapses = chronicle.lapses(at, known)
        scenes = Scenes(self._surveyor.book, chronicle.events(at, known))
        if known == "now":
            return self._surveyor.floor(at, lapses, in_hindsight(self._lines(at, known)), scenes)
        with chronicle.with_watch(at) as watch:
            standings = floor(watch)
        return self._surveyor.floor(at, lapses, standings, scenes)

    def time_line(self, at: datetime, known: Known) -> TimeLine:
        """The time line, to the end by what is known now, or up to ``at`` as it was known then."""
        end = self._within(at if known == "then" else datetime.max.replace(tzinfo=UTC))
        lapses = self.chronicle.lapses(end, known)
        span = self._span(end)
        return TimeLine(
            start=span.earliest,
            end=span.latest,
            tracks=tuple(track(line) for line in self._lines(end, known)),
            lapses=tuple(spans_of(lapses, self._surveyor)),
        )

    def why(self, name: str, at: datetime, known: Known) -> Why | None:
        """One lapse in full; ``None`` where it did not stand at ``at``."""
        at = self._within(at)
        exercise, _, key = name.rpartition(":")
        lapses = self.chronicle.lapses(at, known)
        lapse = next((one for one in lapses if one.id == key and one.exercise == bool(exercise)), None)
        if lapse is None:
            return None
        revisions = self.chronicle.revisions((lapse.exercise, lapse.id), at, known)
        others = [one for one in lapses if one.group is not None and one.group == lapse.group and one.id != lapse.id]
        kin = Counter(one.group for one in (lapse, *others))
        found = self._found()
        agreement = self._surveyor.agreements[lapse.agreement].title if lapse.agreement in self._surveyor.agreements else ""
        return why(
            self._surveyor.row(lapse, kin),
            agreement or lapse.agreement,
            revisions,
            {cited: found[cited] for cited in names_cited(revisions) if cited in found},
            [self._surveyor.row(one, kin) for one in others],
        )

    def _within(self, at: datetime) -> datetime:
        start, end = self.chronicle.start or at, self.chronicle.end or at
        return max(start, min(at, end))

    def _span(self, end: datetime) -> Interval:
        return Interval(min(self.chronicle.start or end, end), end)

    def _standing(self, at: datetime, known: Known) -> list[list[Lapse]]:
        turns = self.chronicle.turns
        upto = bisect_right(turns, at, key=lambda turn: turn.at) if known == "then" else len(turns)
        return finals(turn.lapse for turn in turns[:upto])

    def _lines(self, at: datetime, known: Known) -> list[Line]:
        if known == "now":
            return list(lines_of(self.chronicle.final, self._standing(at, known), self._span(at)))
        with self.chronicle.with_watch(at) as watch:
            return list(lines_of(watch, self._standing(at, known), self._span(at)))

    def _found(self) -> dict[str, list[AnyEvent]]:
        if self._events is None:
            found: dict[str, list[AnyEvent]] = {}
            for step in self.chronicle.steps:
                found.setdefault(step.event.id, []).append(step.event)
            self._events = found
        return self._events

    def _event_beats(self) -> Iterable[Beat]:
        for step in self.chronicle.steps:
            event = step.event
            if isinstance(event, FeedHeartbeat | Tick):
                continue
            if isinstance(event, ChannelCheck) and event.data.outcome == "answered":
                continue
            yield Beat(
                what="event",
                known=step.at,
                at=event.time,
                id=event.id,
                says=_says(event),
                exercise=event.exercise,
            )

    def _lapse_beats(self) -> Iterable[Beat]:
        for turn in self.chronicle.turns:
            lapse = turn.lapse
            if lapse.change == "amended":
                continue
            about, wrong = headline(lapse, self._surveyor.book, self._surveyor.agreements)
            yield Beat(
                what="lapse",
                known=turn.at,
                at=lapse.at,
                id=drilled(lapse.id, lapse.exercise),
                says=f"{lapse.change}: {about}, {wrong}",
                change=lapse.change,
                severity=lapse.severity,
                exercise=lapse.exercise,
            )


def _says(event: AnyEvent) -> str:
    """An event in a few words: its kind and what it names."""
    data = event.data
    words = [short_name(str(event.__struct_config__.tag)).replace(".", " ")]
    for field in ("channel", "channels", "incident", "launch", "notice", "status", "outcome", "parties", "party", "level"):
        value = getattr(data, field, None)
        if value:
            words.append(
                "-".join(value) if field == "parties" else ", ".join(value) if isinstance(value, tuple) else str(value)
            )
    return " ".join(words)[:200]


def track(line: Line) -> Track:
    """A channel on the time line."""
    channel = line.channel
    return Track(
        id=channel.id,
        title=channel.title,
        dyad=pair_of(channel),
        bars=tuple(
            Bar(start=one.start, end=one.end, stand="good" if one.condition == "up" else one.condition) for one in line.segments
        ),
        military=channel.military,
        proposed=channel.hypothetical,
    )


def spans_of(lapses: Iterable[Lapse], surveyor: Surveyor) -> Iterator[Span]:
    """The lapses on the time line."""
    for lapse in lapses:
        about, wrong = headline(lapse, surveyor.book, surveyor.agreements)
        yield Span(
            id=drilled(lapse.id, lapse.exercise),
            about=about,
            wrong=wrong,
            dyad=dyad_of(lapse),
            severity=lapse.severity,
            state=lapse.state,
            start=lapse.onset,
            end=lapse.resolved,
            exercise=lapse.exercise,
        )
