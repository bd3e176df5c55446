"""A recording, told so that any moment of it can be looked at: as it was known then, or as it is known now.

The whole recording is judged once, at its opening. On the way the state of the watch is put aside every so often; a moment is
then reached from the last state before it, over the few events between. What the watch said and when is kept as it was said:
the last revision of a lapse by a moment is what was known of it then.
"""

import threading
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Literal, NamedTuple

from msgspec.structs import replace

from streams.agreements.model import Agreement
from streams.events import AnyEvent, Tick
from streams.events.decode import Refused
from streams.lapses import Lapse, State
from streams.memory import Name
from streams.scorecard.stretches import Stretch, lapsed_and_unknown
from streams.watch import Watch

Known = Literal["then", "now"]
LapseKey = tuple[bool, str]

_EVERY = 256
"""Events between two states that are put aside: some ten milliseconds' work."""
_MOST = 500_000


class TooLongError(ValueError):
    """The recording has more events than can be held. The message says how many."""


class Step(NamedTuple):
    """An event of a recording; ``at`` is the time of the log when it came, UTC."""

    at: datetime
    event: AnyEvent


class Turn(NamedTuple):
    """A revision, and when the watch said it."""

    at: datetime
    lapse: Lapse


class _Mark(NamedTuple):
    """The state of the watch before the step of this number."""

    step: int
    now: datetime
    cells: dict[Name, bytes]


class Chronicle:
    """One recording under one set of agreements. Safe to be asked from several threads."""

    def __init__(
        self,
        agreements: Sequence[Agreement],
        steps: Iterable[Step],
        *,
        start: datetime | None = None,
        until: datetime | None = None,
    ) -> None:
        """Judge the recording from its beginning to its end.

        Args:
            agreements: What it is judged by.
            steps: Its events in the order of the log.
            start: When its clock starts, UTC; with its first event without it.
            until: When it ends, UTC; with its last event without it.

        Raises:
            TooLongError: when it has too many events to be held.
        """
        self.agreements = tuple(agreements)
        self.steps: list[Step] = []
        self.refused = 0
        self._turns: list[Turn] = []
        self._marks: list[_Mark] = []
        self._lock = threading.Lock()
        watch = Watch(self.agreements)
        self._tell(start, watch, steps, until)
        self.final = watch
        self.end = watch.now
        self.start = start if start is not None else (self.steps[0].at if self.steps else watch.now)
        self.books: dict[LapseKey, list[Turn]] = {}
        for turn in self._turns:
            self.books.setdefault((turn.lapse.exercise, turn.lapse.id), []).append(turn)
        self._said = [turn.at for turn in self._turns]
        self._came = [step.at for step in self.steps]
        self._cursor: tuple[Watch, int] | None = None

    @property
    def turns(self) -> Sequence[Turn]:
        """Everything the watch said, in order."""
        return self._turns

    def came_by(self, at: datetime) -> int:
        """How many events had come by ``at``."""
        return bisect_right(self._came, at)

    def lapses(self, at: datetime, known: Known) -> list[Lapse]:
        """Every lapse that was on the books at ``at``, resolved ones too, by onset, then id.

        ``then``: the last revision that had been said. ``now``: by all that is known today, as it stood at ``at``.
        """
        if known == "then":
            last = {_key(turn.lapse): turn.lapse for turn in self._turns[: bisect_right(self._said, at)]}
            found = [lapse for lapse in last.values() if lapse.state != "withdrawn"]
        else:
            found = [lapse for book in self.books.values() if (lapse := _in_hindsight(book, at)) is not None]
        return sorted(found, key=lambda lapse: (lapse.onset, lapse.id, lapse.exercise))

    def revisions(self, key: LapseKey, at: datetime, known: Known) -> list[Lapse]:
        """The revisions of one lapse, in order; those said by ``at`` where it is looked at as it was known then."""
        return [turn.lapse for turn in self.books.get(key, ()) if known == "now" or turn.at <= at]

    def events(self, at: datetime, known: Known) -> Iterator[AnyEvent]:
        """What had come by ``at``, or all that is known today to have happened by then."""
        if known == "then":
            yield from (step.event for step in self.steps[: self.came_by(at)])
        else:
            yield from (step.event for step in self.steps if step.event.time <= at)

    @contextmanager
    def with_watch(self, at: datetime) -> Iterator[Watch]:
        """The watch as it was at ``at``, lent to one thread at a time; nothing may be fed to it."""
        with self._lock:
            yield self._watch_at(at)

    def _tell(self, start: datetime | None, watch: Watch, steps: Iterable[Step], until: datetime | None) -> None:
        if start is not None:
            self._say(watch, None, watch.advance(start))
        cells: dict[Name, bytes] = {}
        for step in steps:
            if until is not None and step.at > until:
                break
            if len(self.steps) % _EVERY == 0 and watch.now is not None:
                for name, cell in watch.changes(clock=True).items():
                    if cell is None:
                        cells.pop(name, None)
                    else:
                        cells[name] = cell
                self._marks.append(_Mark(len(self.steps), watch.now, dict(cells)))
            if len(self.steps) >= _MOST:
                raise TooLongError(f"expected at most {_MOST:,} events to look back over; choose a stretch of the recording")
            try:
                self._take(watch, step)
            except Refused:
                self.refused += 1
                continue
            self.steps.append(step)
        if until is not None:
            self._say(watch, watch.now, watch.advance(until))

    def _take(self, watch: Watch, step: Step) -> None:
        before = watch.now
        if before is None or step.at > before:
            if watch.absorb(step.event, step.at):
                return
            if not isinstance(step.event, Tick):
                self._say(watch, before, watch.advance(step.at))
        self._say(watch, before if isinstance(step.event, Tick) else watch.now, watch.receive(step.event))

    def _say(self, watch: Watch, since: datetime | None, lapses: Sequence[Lapse]) -> None:
        """Note what was said between ``since`` and the watch's time: what fell due on the way was said when it did."""
        for lapse in lapses:
            assert watch.now is not None
            at = min(lapse.at, watch.now)
            if since is not None:
                at = max(at, since)
            if self._turns:
                at = max(at, self._turns[-1].at)
            self._turns.append(Turn(at, lapse))

    def _watch_at(self, at: datetime) -> Watch:
        upto = self.came_by(at)
        watch: Watch | None = None
        done = 0
        if self._cursor is not None and self._cursor[0].now is not None and self._cursor[0].now <= at:
            # Time going on is the common case: nothing need be recalled.
            watch, done = self._cursor
        place = bisect_right(self._marks, at, key=lambda mark: mark.now) - 1
        if place >= 0 and (watch is None or self._marks[place].step > done):
            mark = self._marks[place]
            watch, done = Watch(self.agreements), mark.step
            watch.recall(mark.cells)
        elif watch is None:
            watch = Watch(self.agreements)
            if self.start is not None and self.start <= at:
                watch.advance(self.start)
        for step in self.steps[done:upto]:
            before = watch.now
            if before is None or step.at > before:
                if watch.absorb(step.event, step.at):
                    continue
                if not isinstance(step.event, Tick):
                    watch.advance(step.at)
            watch.receive(step.event)
        watch.advance(at)
        self._cursor = watch, max(upto, done)
        return watch


def _key(lapse: Lapse) -> LapseKey:
    return lapse.exercise, lapse.id


def _in_hindsight(book: Sequence[Turn], at: datetime) -> Lapse | None:
    """How a lapse stood at ``at`` by all that is known today; ``None`` where it did not stand then, or never did."""
    revisions = [turn.lapse for turn in book]
    last = revisions[-1]
    if last.state == "withdrawn" or max(last.onset, last.deadline) > at:
        return None
    lapsed, unknown = lapsed_and_unknown(revisions, at)
    state: State = "unknown" if _still(unknown) else "open" if _still(lapsed) else "resolved"
    if state == "resolved":
        return last
    # How loud it was is a matter of how long it had lasted by then.
    then = next((revision for revision in reversed(revisions) if revision.at <= at), revisions[0])
    return replace(last, state=state, resolved=None, severity=then.severity, revision=then.revision, at=then.at)


def _still(stretches: Sequence[Stretch]) -> bool:
    return bool(stretches) and stretches[-1].still
