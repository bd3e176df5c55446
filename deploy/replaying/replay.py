"""The embedded run: drives the pure core over a recording. Prints nothing and reads no clock of its own.

How time passes in a replay:

1. Ticks are the only clock. A recording that carries ticks is judged by them alone: its first batch is searched for one,
   and a log that ticks does so from its first seconds. Should the first tick stand further down, it rules from there on.
2. A recording without ticks gets synthetic ones: before each event, time advances to when the log knew of it (``known``),
   where that is later than now. Time never goes back; a late event is simply received late.
3. Nothing can be known before it happened: an event that claims to have been known after the time of day (``Edges.now``) is
   refused, so that one mistyped year cannot let every deadline pass.
4. The clock starts at ``start`` where one is given. At the end it advances to ``until`` where one is given, and stays at the
   last known time otherwise. Events known only after ``until`` are left out.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from deploy.replaying.pacing import Pacing
from streams.events import AnyEvent, ChannelCheck, Tick
from streams.events.decode import SKEW, Refused, decode
from streams.events.times import spoken
from streams.lapses import Lapse
from streams.log.recording import Broken, Lines, Source, Unread
from streams.log.sqlite import Entry, Refusal
from streams.watch import Watch

_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
_AFTER_ALL = datetime.max.replace(tzinfo=UTC)
_TICK = Tick.__struct_config__.tag.encode() if isinstance(Tick.__struct_config__.tag, str) else b""


LapseKey = tuple[bool, str]


def key_of(lapse: Lapse) -> LapseKey:
    """What tells lapses apart: a drill's may have the id of a real one, in a world of its own."""
    return lapse.exercise, lapse.id


@dataclass(kw_only=True)
class ReplayResult:
    """What a replay found.

    Attributes:
        lapses: The last revision of every lapse, withdrawn ones too, by onset, then id.
        history: Every revision of every lapse in order, by ``key_of`` the lapse.
        events: How many events of each type were received, duplicates included.
        left_out: Events known only after ``until``.
        refused: How many lines went to the dead letters.
        broken: The files that could not be read to their end.
        end: The time at the end of the replay, UTC; ``None`` where nothing moved it.
        seconds: How long it took, by the caller's clock.
    """

    lapses: list[Lapse]
    history: dict[LapseKey, list[Lapse]]
    events: dict[str, int]
    left_out: int
    refused: int
    broken: list[Broken]
    end: datetime | None
    seconds: float

    @property
    def events_per_second(self) -> float:
        """Events received for each second of the run."""
        return sum(self.events.values()) / self.seconds if self.seconds > 0 else 0.0


@dataclass(kw_only=True)
class Edges:
    """What a replay touches outside the core; everything but ``clock`` may be left out.

    Attributes:
        clock: Reads a clock that never goes back, in seconds; measures the run and nothing else.
        now: Reads the time of day, with its zone; nothing can be known after it.
        refuse: Files lines that are no events.
        keep: Keeps events in the log.
        changed: Is told of changes as they happen.
        progress: Is told, once a batch, how many bytes and events are done and what time it is in the replay.
        pace: Waits between events.
    """

    clock: Callable[[], float]
    now: Callable[[], datetime] | None = None
    refuse: Callable[[Sequence[Refusal]], object] | None = None
    keep: Callable[[Sequence[Entry]], object] | None = None
    changed: Callable[[Sequence[Lapse]], object] | None = None
    progress: Callable[[int, int, datetime], object] | None = None
    pace: Pacing | None = None


@dataclass
class _Register:
    """Collects what the watch says."""

    changed: Callable[[Sequence[Lapse]], object] | None
    history: dict[LapseKey, list[Lapse]] = field(default_factory=dict)

    def take(self, changes: Sequence[Lapse]) -> None:
        for lapse in changes:
            self.history.setdefault(key_of(lapse), []).append(lapse)
        if self.changed is not None:
            self.changed(changes)

    def final(self) -> list[Lapse]:
        return sorted(
            (revisions[-1] for revisions in self.history.values()), key=lambda lapse: (lapse.onset, lapse.id, lapse.exercise)
        )


def replay(
    watch: Watch,
    source: Source,
    edges: Edges,
    *,
    start: datetime | None = None,
    until: datetime | None = None,
) -> ReplayResult:
    """Drive ``watch`` over ``source`` and return what it found.

    Args:
        watch: A watch that has seen nothing yet.
        source: The lines to decode, in the order of the log.
        edges: Where dead letters, kept events and reports of progress go.
        start: The moment at which the replay's clock starts, UTC.
        until: The moment at which it ends, UTC.

    Raises:
        LogError: when ``source`` is a log that cannot be read, or ``edges.keep`` or ``edges.refuse`` cannot write.
    """
    began = edges.clock()
    run = Run(watch, edges, until or _AFTER_ALL)
    if start is not None:
        run.advance(start)
    for batch in source.batches():
        if isinstance(batch, Lines):
            if not run.batches:
                run.ticking = ticks_itself(batch.lines)
            run.receive(batch)
        elif isinstance(batch, Unread):
            run.refuse([Refusal(*batch)])
        else:
            run.broken.append(batch)
    end = run.finish(until)
    return ReplayResult(
        lapses=run.register.final(),
        history=run.register.history,
        events={str(kind.__struct_config__.tag): count for kind, count in run.counts.items()},
        left_out=run.left_out,
        refused=run.refused,
        broken=run.broken,
        end=end,
        seconds=edges.clock() - began,
    )


class Run:
    """The state of one replay between its batches."""

    def __init__(self, watch: Watch, edges: Edges, until: datetime) -> None:
        self.watch = watch
        self.edges = edges
        self.until = until
        self.horizon = _AFTER_ALL
        self.register = _Register(edges.changed)
        self.counts: defaultdict[type[AnyEvent], int] = defaultdict(int)
        self.now = _BEFORE_ALL
        self.ticking = False
        self.over = False
        self.batches = 0
        self.received = 0
        self.left_out = 0
        self.refused = 0
        self.broken: list[Broken] = []

    def receive(self, batch: Lines) -> None:
        """Take in one batch of lines."""
        if self.over:
            self._leave_out(batch.lines)
            return
        # The loop that a million events pass through: names are bound once, and what is rare is handled elsewhere.
        read, absorb, receive, advance = decode, self.watch.absorb, self.watch.receive, self.watch.advance
        take = self.register.take
        counts, utc, tick, lines, place = self.counts, UTC, Tick, batch.lines, 0
        if self.edges.now is not None:
            self.horizon = self.edges.now() + SKEW
        now, ticking, limit = self.now, self.ticking, min(self.until, self.horizon)
        paced = self.edges.pace is not None
        entries: list[Entry] | None = None if self.edges.keep is None else []
        refusals: list[Refusal] = []
        while place < len(lines):
            if not (ticking or paced) and entries is None:
                place = self._skim(lines, place, limit)
                now = self.now
                if place == len(lines):
                    break
            line = lines[place]
            place += 1
            try:
                event = read(line)
                kind = event.__class__
                if kind is tick:
                    ticking, known = True, event.time
                elif ticking:
                    known = now
                else:
                    known = event.ingested or event.known
                if known > now:
                    if not paced and known <= limit and absorb(event, known):
                        self.now = now = known
                        counts[kind] += 1
                        if entries is not None:
                            entries.append(Entry(event.source, event.id, str(kind.__struct_config__.tag), line))
                        continue
                    if known > limit:
                        self._beyond(known)
                        if kind is tick:
                            # The clock itself is past the end: so is all that follows.
                            self._leave_out(lines[place:])
                            break
                        continue
                    self.now = now = known if known.tzinfo is utc else known.astimezone(utc)
                    if paced:
                        self._wait(now)
                    if kind is not tick and (due := advance(now)):
                        take(due)
                if changes := receive(event):
                    take(changes)
            except Refused as refused:
                if line.strip():
                    refusals.append(Refusal(batch.place, batch.first + place - 1, line, str(refused)))
                continue
            counts[kind] += 1
            if entries is not None:
                entries.append(Entry(event.source, event.id, str(kind.__struct_config__.tag), line))
        self.ticking = ticking
        self._settle(batch, refusals, entries)

    def _skim(self, lines: Sequence[bytes], place: int, limit: datetime) -> int:
        """Take in the routine lines from ``place`` on, as nearly all are; the place of the first that is not."""
        due: list[Lapse] | None = None
        while due is None or due:
            start = place
            place, due = self.watch.skim(lines, place, limit)
            if place > start:
                self.counts[ChannelCheck] += place - start
            if due:
                self.register.take(due)
        if self.watch.now is not None and self.watch.now > self.now:
            self.now = self.watch.now
        return place

    def _settle(self, batch: Lines, refusals: list[Refusal], entries: list[Entry] | None) -> None:
        self.batches += 1
        if refusals:
            self.refuse(refusals)
        if entries and self.edges.keep is not None:
            self.edges.keep(entries)
        if self.edges.progress is not None:
            self.edges.progress(batch.read, sum(self.counts.values()), self.now)

    def refuse(self, refusals: Sequence[Refusal]) -> None:
        """Hand lines that are no events to the dead letters."""
        self.refused += len(refusals)
        if self.edges.refuse is not None:
            self.edges.refuse(refusals)

    def finish(self, until: datetime | None) -> datetime | None:
        """Let the time be ``until``, and return the time at the end."""
        if until is not None and until > self.now:
            self.advance(until)
        return None if self.now == _BEFORE_ALL else self.now

    def advance(self, now: datetime) -> None:
        """Let the time be ``now``."""
        self.now = now.astimezone(UTC)
        self._wait(self.now)
        if due := self.watch.advance(self.now):
            self.register.take(due)

    def _beyond(self, known: datetime) -> None:
        """Deal with an event that was known only after the end of the replay.

        Raises:
            Refused: when that moment has not come yet.
        """
        if known > self.horizon:
            raise Refused(not_yet(known))
        self.left_out += 1

    def _leave_out(self, lines: Sequence[bytes]) -> None:
        self.over = True
        self.left_out += sum(1 for line in lines if line.strip())

    def _wait(self, until: datetime) -> None:
        """Let time pass at the pace of the run; what falls due on the way is reported on the way."""
        if self.edges.pace is None:
            return
        for moment in self.edges.pace.moments(until):
            if moment < until and (due := self.watch.advance(moment)):
                self.register.take(due)


def not_yet(known: datetime) -> str:
    """Why an event that was known only after now is refused."""
    return f"known at {spoken(known)}, which has not come yet: nothing is known before it happened - at `$.time`"


def ticks_itself(lines: Iterable[bytes]) -> bool:
    """Whether a tick is among the lines; a text that only mentions ticks is none."""
    for line in lines:
        if _TICK in line:
            try:
                if isinstance(decode(line), Tick):
                    return True
            except Refused:
                continue
    return False


def evidence(source: Source, ids: set[str]) -> dict[str, list[AnyEvent]]:
    """The events of these ids, found by reading ``source`` once more; all claims where several sources use one id."""
    found: dict[str, list[AnyEvent]] = {}
    for batch in source.batches():
        if not isinstance(batch, Lines):
            continue
        for line in batch.lines:
            try:
                event = decode(line)
            except Refused:
                continue
            if event.id in ids and event not in found.setdefault(event.id, []):
                found[event.id].append(event)
    return found
