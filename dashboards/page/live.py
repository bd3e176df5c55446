"""Follows the embedded log as gateways and reports write it, and judges it as it grows."""

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dashboards.page.books import Books
from dashboards.page.floor import Floor
from dashboards.page.pulse import Health, Pulse, lateness
from dashboards.page.reel import TimeLine, spans_of, track
from dashboards.page.scene import Scenes
from dashboards.page.survey import Surveyor
from dashboards.page.why import Why, names_cited
from streams.agreements.model import Agreement
from streams.events import AnyEvent, Interval, Tick
from streams.events.decode import SKEW, Refused, decode
from streams.floor import floor
from streams.lapses import Lapse
from streams.log.sqlite import Log, LogError
from streams.scorecard import first_heard
from streams.scorecard.lines import lines_of
from streams.scorecard.stretches import finals
from streams.watch import Watch

_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
_REDRAWN = timedelta(seconds=5)
"""How often the floor is drawn where nothing came: notices run out by themselves."""
_TICKS_TAKE = timedelta(seconds=2)
"""A clock's next tick may be on its way, with a time a little behind this one's."""
_INSTANT = timedelta(microseconds=1)
_BATCH = 20_000
"""Records that are read before the floor is drawn again, so that a long log is seen to be read."""


class LiveLog:
    """A log that grows, judged up to the time of day. Asked from several threads, driven by one."""

    def __init__(self, path: Path, agreements: Sequence[Agreement], now: Callable[[], datetime]) -> None:
        """Prepare; nothing is read yet.

        Args:
            path: The log. It need not be there yet: it is waited for.
            agreements: What it is judged by.
            now: Reads the time of day, with its zone.
        """
        self.path = path
        self.name = path.name
        self._agreements = tuple(agreements)
        self._surveyor = Surveyor(agreements)
        self._now = now
        self._lock = threading.Lock()
        self._log: Log | None = None
        self._begin()

    def _begin(self) -> None:
        self._watch = Watch(self._agreements)
        self._scenes = Scenes(self._surveyor.book)
        self._books = Books(self._surveyor)
        self._position = 0
        self._events = 0
        self._letters = 0
        self._refused = 0
        self._ticking = False
        self._drawn: Floor | None = None
        self._drawn_at = _BEFORE_ALL
        self._stale = True

    def read(self) -> tuple[Floor, Pulse]:
        """Take in what is new in the log, let time pass, and draw the floor."""
        wall = self._now().astimezone(UTC)
        with self._lock:
            health, says = self._follow(wall)
            at = self._watch.now
            if health == "good":
                health, says = lateness(wall, self._upto(wall))
            floor = self._drawn
            if floor is None or self._stale or wall - self._drawn_at >= _REDRAWN:
                floor = self._drawn = self._floor(at)
                self._drawn_at, self._stale = wall, False
            silent = tuple(row.title for row in floor.feeds.values() if row.stand == "unknown")
            return floor, Pulse(
                wall=wall,
                at=at if health == "blind" else self._upto(wall),
                health=health,
                says=says,
                letters=self._letters,
                refused=self._refused,
                silent=silent,
                events=self._events,
            )

    def why(self, name: str) -> Why | None:
        """One lapse in full; ``None`` where there is none of this name."""
        with self._lock:
            outline = self._books.outline(name)
        return None if outline is None else outline.why(self._cited(names_cited(outline.revisions)))

    def time_line(self) -> TimeLine | None:
        """Who was reachable when, from the first thing heard until now; ``None`` while nothing was."""
        with self._lock:
            turns = self._books.every()
            start, end = first_heard(self._watch, turns), self._watch.now
            if start is None or end is None:
                return None
            start = min(start, end)
            lines = lines_of(self._watch, finals(turns), Interval(start, end))
            lapses = self._books.standing()
            return TimeLine(
                start=start, end=end, tracks=tuple(map(track, lines)), lapses=tuple(spans_of(lapses, self._surveyor))
            )

    def close(self) -> None:
        """Let go of the log."""
        with self._lock:
            if self._log is not None:
                self._log.close()
                self._log = None

    def _follow(self, wall: datetime) -> tuple[Health, str]:
        try:
            if self._log is None:
                if not self.path.exists():
                    self._advance(wall)
                    return "blind", f"{self.path} is not there yet: nothing can be seen until events are written to it"
                self._log = Log(self.path, create=False)
            more = self._take_in(self._log, wall)
            if self._stale or wall - self._drawn_at >= _REDRAWN:
                self._letters = sum(1 for _ in self._log.dead_letters("waiting"))
        except LogError as error:
            self._log = None
            return "blind", f"the log cannot be read: {error}"
        if more:
            return "late", f"the log is being read: {self._events:,} events so far"
        # A log without a clock of its own is judged by the time of day. One that has a clock is judged by that alone: what
        # falls due waits for its tick, and until then time may pass.
        self._advance(wall if not self._ticking else self._upto(wall - _TICKS_TAKE))
        return "good", ""

    def _upto(self, wall: datetime) -> datetime:
        """Up to when nothing falls due that was not judged yet, at most ``wall``."""
        wake = self._watch.wake
        return wall if wake is None or wake > wall else wake - _INSTANT

    def _take_in(self, log: Log, wall: datetime) -> bool:
        """Take in the next records; whether there are more."""
        horizon = wall + SKEW
        count = 0
        for record in log.read(self._position):
            self._position = record.position
            count += 1
            try:
                event = decode(record.data)
                if not isinstance(event, Tick) and (event.ingested or event.known) > horizon:
                    self._refused += 1
                    continue
                self._take(event)
                self._events += 1
            except Refused:
                self._refused += 1
            if count >= _BATCH:
                return True
        return False

    def _take(self, event: AnyEvent) -> None:
        watch, self._stale = self._watch, True
        if isinstance(event, Tick):
            self._ticking = self._ticking or not event.exercise
        elif not self._ticking:
            known = (event.ingested or event.known).astimezone(UTC)
            if watch.now is None or known > watch.now:
                if watch.absorb(event, known):
                    self._scenes.take(event)
                    return
                self._note(watch.advance(known))
        self._note(watch.receive(event))
        self._scenes.take(event)

    def _advance(self, wall: datetime) -> None:
        self._note(self._watch.advance(wall))

    def _note(self, lapses: Sequence[Lapse]) -> None:
        for lapse in lapses:
            self._stale = self._books.note(lapse) or self._stale

    def _floor(self, at: datetime | None) -> Floor:
        lapses = self._books.standing()
        standings = () if at is None else floor(self._watch)
        return self._surveyor.floor(at, lapses, standings, self._scenes)

    def _cited(self, names: Sequence[str]) -> dict[str, list[AnyEvent]]:
        found: dict[str, list[AnyEvent]] = {}
        try:
            with Log(self.path, create=False) as log:
                for record in log.find(names):
                    found.setdefault(record.id, []).append(decode(record.data))
        except (LogError, Refused):
            pass
        return found
