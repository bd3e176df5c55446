"""Writes a log as a recording whose replay finds what the log's own partitions find. Prints nothing.

What the watch judges by are the events' bytes and the ticks between them, and nothing else: the time at which the broker took a
record in is transport (``streams.topics``). So the bytes are kept as they are and no time is added to them. Ticks are written
anew, each once, and only those behind which something was taken in: time that passes in one step or in ten is the same.

Judged, and so recorded, is up to the least of the partitions' last ticks. What lies behind waits for a tick in some of them: no
worker has judged it as a whole, and a replay would. A log in which nothing ticks is recorded whole, in the order in which its
events were known, and its replay lets time pass by them.
"""

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any, NamedTuple

from deploy.kafka.record_files import Aside, Files
from deploy.kafka.shelf import Shelf, Shelved
from deploy.replaying.replay import Edges, replay, ticks_itself
from streams.agreements.model import Agreement
from streams.events import Tick
from streams.events.decode import Refused, decode, encode
from streams.events.housekeeping import Reading
from streams.lapses import Lapse, encode_lapse
from streams.letters import of_line, of_record
from streams.log.admin import Admin
from streams.log.kafka import TopicReader, common_partitions, together
from streams.log.recording import Lines, Recording, named
from streams.log.sqlite import Log, LogSource
from streams.remit import Remit
from streams.routes import Homes, partition_of
from streams.rulebook import RuleBook
from streams.sequence import Barrier, Sequencer, Unread
from streams.topics import INPUTS, in_run
from streams.watch import Watch

MOST_WAITING = 2_000_000
"""Records between two ticks of a partition number that are held in memory at most."""
_SOURCE = "urn:steadyline:record"
_SECOND = timedelta(seconds=1)

Key = tuple[bool, str, int]
"""A revision: drill or not, the lapse's id, its number."""


class NoLogError(ValueError):
    """There is nothing to record under this name. The message says what is missing."""


class Span(NamedTuple):
    """What is wanted of a log: what was taken in behind ``since`` and by ``until``, UTC; all, where one is ``None``."""

    since: datetime | None = None
    until: datetime | None = None


ALL = Span()


@dataclass(kw_only=True)
class Recorded:
    """What was recorded.

    Attributes:
        path: The recording.
        run: The run whose log it is; ``None`` for the live log and a SQLite log.
        partitions: Partitions of each input topic; 0 for a SQLite log.
        events: Events written, by type; ticks are not counted.
        ticks: Ticks written.
        copies: Further copies of these events in the log: in other partitions and topics, or sent twice.
        waiting: Events left out because some partition has no tick behind them yet.
        left_out: Events outside the span.
        letters: Records that are no events.
        aside: The file that holds those; ``None`` where there are none.
        shortened: Records of input topics that were deleted before.
        until: Up to when the log was judged, UTC; ``None`` where nothing ticks in it.
        revisions: Revisions of lapses that a replay of the recording finds; ``None`` where that was not checked.
        differing: Revisions that a replay finds and the log's partitions do not, or the other way round.
        size: Bytes of the recording.
        seconds: How long it took.
    """

    path: Path
    run: str | None = None
    partitions: int = 0
    events: Counter[str] = field(default_factory=Counter)
    ticks: int = 0
    copies: int = 0
    waiting: int = 0
    left_out: int = 0
    letters: int = 0
    aside: Path | None = None
    shortened: int = 0
    until: datetime | None = None
    revisions: int | None = None
    differing: int = 0
    size: int = 0
    seconds: float = 0.0

    def summary(self) -> dict[str, Any]:
        """The counts for machines, under stable names."""
        return {
            "recording": named(self.path),
            "run": self.run,
            "partitions": self.partitions,
            "events": self.events.total(),
            "events_by_type": dict(sorted(self.events.items())),
            "ticks": self.ticks,
            "copies": self.copies,
            "events_waiting": self.waiting,
            "events_left_out": self.left_out,
            "dead_letters": self.letters,
            "dead_letters_file": None if self.aside is None else named(self.aside),
            "records_deleted": self.shortened,
            "until": self.until,
            "revisions": self.revisions,
            "revisions_differing": self.differing,
            "same": None if self.revisions is None else not self.differing,
            "bytes": self.size,
            "seconds": round(self.seconds, 6),
        }


def record_kafka(
    bootstrap: str,
    run: str | None,
    path: Path,
    *,
    span: Span = ALL,
    waiting: bool = False,
    check: Sequence[Agreement] | None = None,
    progress: Callable[[int, int, datetime], object] | None = None,
) -> Recorded:
    """Record the log on Kafka.

    Args:
        bootstrap: ``HOST:PORT``, several with commas.
        run: The run; the live log without it.
        path: Where to; packed where the name ends in ``.gz``. It is replaced as a whole, or not at all.
        span: What of it.
        waiting: Record also what waits for a tick.
        check: Agreements by which the recording is replayed and held against what the log's partitions find by themselves;
            only where all is recorded up to the end of the span, since what rests on missing evidence would differ.
        progress: Told how many bytes and events are read, and what time it is in the log.

    Raises:
        BrokerError: when the broker does not answer.
        KafkaLogError: when it stops answering.
        NoLogError: when the topics are not there or cannot be read together, or hold too much between two ticks.
        RecordError: when the recording cannot be written.
    """
    began = time.monotonic()
    told = Recorded(path=path, run=run)
    inputs = {in_run(topic, run): topic for topic in INPUTS}
    with Admin(bootstrap) as admin:
        held = admin.bounds(list(inputs))
    try:
        told.partitions = common_partitions(held, list(inputs), run)
    except ValueError as error:
        raise NoLogError(str(error)) from error
    told.shortened = sum(bounds.first for bounds in held.values())
    with Files(path) as files, Shelf(files.folder / "shelf") as shelf:
        with ExitStack() as stack:
            aside = Aside(stack.enter_context(files.writing(aside=True)))
            readers = [stack.enter_context(TopicReader(bootstrap, topic)) for topic in inputs]
            ends = [_shelve(shelf, aside, readers, inputs, number, run, progress) for number in range(told.partitions)]
        ticking = any(end is not None for end in ends)
        least = None if None in ends else min(end[0] for end in ends if end is not None)
        told.until = least if span.until is None else min(span.until, least or span.until)
        if ticking and least is None and not waiting:
            silent = ", ".join(str(number) for number, end in enumerate(ends) if end is None)
            raise NoLogError(f"no tick has come in partition {silent} yet, so nothing of the log was judged as a whole")
        shelf.choose(span.since, span.until if waiting or not ticking else told.until)
        _write(files, told, shelf, ends if ticking else [], since=span.since, waiting=waiting)
        counts = shelf.counts(least)
        told.copies, told.waiting, told.left_out = counts["copies"], counts["waiting"], counts["left_out"]
        if check is not None and ticking and not waiting and span.since is None:
            _check(told, files.recording, shelf, check)
        told.letters, told.aside = aside.count, files.finish(letters=aside.count)
    told.size, told.seconds = path.stat().st_size, time.monotonic() - began
    return told


def record_sqlite(
    log: Path, path: Path, *, span: Span = ALL, progress: Callable[[int, int, datetime], object] | None = None
) -> Recorded:
    """Record the embedded log: its events in the order in which it has them. The time they have is that of a replay.

    Raises:
        LogError: when it is no log.
        RecordError: when the recording cannot be written.
    """
    began = time.monotonic()
    told = Recorded(path=path)
    with Log(log, create=False) as opened, Files(path) as files, ExitStack() as stack:
        aside = Aside(stack.enter_context(files.writing(aside=True)))
        for letter in opened.dead_letters("waiting"):
            aside.put(of_line(letter.place, letter.line, letter.data, letter.reason))
        batches = (batch for batch in LogSource(log).batches() if isinstance(batch, Lines))
        now, ticking, first, read = datetime.min.replace(tzinfo=UTC), False, True, 0
        with files.writing() as out:
            for batch in batches:
                if first:
                    ticking, first = ticks_itself(batch.lines), False
                    if ticking:
                        # A replay looks for ticks among fewer lines than a log gives at once.
                        _opening(told, out, batch.lines)
                for number, line in enumerate(batch.lines, batch.first):
                    try:
                        event = decode(line)
                    except Refused as refused:
                        aside.put(of_line(named(log), number, line, str(refused)))
                        continue
                    tick = isinstance(event, Tick)
                    ticking = ticking or tick
                    if tick or not ticking:
                        now = max(now, event.time if tick else event.known)
                    if (span.since is not None and now <= span.since) or (span.until is not None and now > span.until):
                        told.left_out += 1
                        continue
                    told.until = now
                    told.ticks += tick
                    if not tick:
                        told.events[_type(event)] += 1
                    out.write(line + b"\n")
                    read += len(line)
                if progress is not None and told.until is not None:
                    progress(read, told.events.total(), told.until)
        stack.close()
        told.letters, told.aside = aside.count, files.finish(letters=aside.count)
    told.size, told.seconds = path.stat().st_size, time.monotonic() - began
    return told


def _shelve(
    shelf: Shelf,
    aside: "Aside",
    readers: Sequence[TopicReader],
    inputs: dict[str, str],
    partition: int,
    run: str | None,
    progress: Callable[[int, int, datetime], object] | None,
) -> Barrier | None:
    """Shelve what one partition number takes in, and return the last tick that it passed."""
    sequencer = Sequencer()
    before: Barrier | None = None
    read = events = 0

    def put(closed: datetime | None, items: Iterable[Any]) -> int:
        found = []
        for item in items:
            if isinstance(item, Unread):
                aside.put(of_record(in_run(item.topic, run), partition, item.offset, item.record, item.why))
            else:
                found.append((item.event, item.record))
        shelf.put(partition, before, closed, found)
        return len(found)

    for topic, batch in together(readers, partition):
        sequencer.put(inputs[topic], [(record.offset, record.value) for record in batch.records])
        for epoch in sequencer.epochs():
            events += put(epoch.now, epoch.items)
            before = sequencer.passed
        if sequencer.held > MOST_WAITING:
            raise NoLogError(
                f"partition {partition} has more than {MOST_WAITING:,} records without a tick that all its topics have"
            )
        read += sum(len(record.value or b"") for record in batch.records)
        if progress is not None and before is not None:
            progress(read, events, before[0])
    put(None, sequencer.rest())
    return before


def _write(
    files: "Files", told: Recorded, shelf: Shelf, ends: Sequence[Barrier | None], *, since: datetime | None, waiting: bool
) -> None:
    with files.writing() as out:
        if not ends:
            for record in shelf.by_known():
                told.events[_type(decode(record))] += 1
                out.write(record + b"\n")
            return
        last = datetime.min.replace(tzinfo=UTC)

        def tick(moment: datetime, name: str) -> None:
            nonlocal last
            out.write(_tick(moment, name))
            told.ticks += 1
            last = moment

        opening = since
        if opening is None and (earliest := shelf.earliest_without_tick()) is not None:
            # What comes before any tick waits for its own time; by its ticks alone a recording is ruled from the first line.
            opening = _before(earliest)
        if opening is not None:
            tick(opening, "record/first")
        begun: Barrier | None = None
        for start, record in shelf.in_order():
            if start is not None and start != begun:
                begun = start
                if start[0] >= last:
                    tick(*start)
            told.events[_type(decode(record))] += 1
            out.write(record + b"\n")
        end = max((one[0] for one in ends if one is not None), default=None) if waiting else told.until
        if end is not None and end > last:
            tick(end, "record/last")


def _check(told: Recorded, path: Path, shelf: Shelf, agreements: Sequence[Agreement]) -> None:
    """Replay the recording, and hold it against what each partition number finds by its own times."""
    expected: dict[Key, bytes] = {}
    homes = Homes.of(RuleBook(agreements))
    for partition in range(told.partitions):
        remit = Remit(homes, lambda home, mine=partition: partition_of(home.encode(), told.partitions) == mine)  # type: ignore[misc]
        for lapse in _judged(Watch(agreements, run=told.run, remit=remit), shelf.of(partition), told.until):
            expected[_key(lapse)] = _digest(lapse)
    watch = Watch(agreements, run=told.run)
    found: dict[Key, bytes] = {}

    def changed(lapses: Sequence[Lapse]) -> None:
        found.update({_key(lapse): _digest(lapse) for lapse in lapses})

    replay(watch, Recording([path]), Edges(clock=time.monotonic, changed=changed))
    told.revisions = len(found)
    told.differing = sum(1 for key in expected.keys() | found.keys() if expected.get(key) != found.get(key))


def _judged(watch: Watch, items: Iterator[Shelved], until: datetime | None) -> Iterator[Lapse]:
    begun: Barrier | None = None
    for start, record in items:
        if start is not None and start != begun:
            begun = start
            yield from watch.advance(start[0])
        try:
            yield from watch.receive(decode(record))
        except Refused:
            continue
    if until is not None:
        yield from watch.advance(until)


def _opening(told: Recorded, out: IO[bytes], lines: Sequence[bytes]) -> None:
    """A tick before the events that come before the first one, where there are any."""
    earliest: list[datetime] = []
    for line in lines:
        try:
            event = decode(line)
        except Refused:
            continue
        if isinstance(event, Tick):
            break
        earliest.append(event.occurred.earliest)
    if earliest:
        out.write(_tick(_before(min(earliest)), "record/first"))
        told.ticks += 1


def _before(moment: datetime) -> datetime:
    least = datetime.min.replace(tzinfo=UTC)
    return moment - _SECOND if moment > least + _SECOND else least


def _tick(moment: datetime, name: str) -> bytes:
    return encode(Tick(specversion="1.0", id=name, source=_SOURCE, time=moment, data=Reading())) + b"\n"


def _type(event: object) -> str:
    return str(type(event).__struct_config__.tag)  # type: ignore[attr-defined]


def _key(lapse: Lapse) -> Key:
    return lapse.exercise, lapse.id, lapse.revision


def _digest(lapse: Lapse) -> bytes:
    return hashlib.blake2b(encode_lapse(lapse), digest_size=16).digest()
