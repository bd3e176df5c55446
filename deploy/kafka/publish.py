"""``steadyline replay --to``: a replay sent to topics of its own on Kafka, where workers judge it as the embedded one does."""

import re
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import typer

from deploy.consoles import complain, emit, err, out, words
from deploy.exits import BAD_INPUT, FINE, bad_input, bad_use
from deploy.replaying.inputs import Input, UnknownNameError, opened
from deploy.replaying.pacing import FRAME, Pace
from deploy.replaying.replay import not_yet, ticks_itself
from deploy.replaying.session import rules_or_leave
from deploy.showing.progress import bar
from producers.history.story import StoryError
from producers.plan import BEFORE_ALL, Ahead, Plan, Sending
from producers.publish import Publisher, PublishError
from streams.events.decode import SKEW, Refused
from streams.events.times import spoken
from streams.letters import DeadLetter, encode_letter, of_line
from streams.log.admin import Admin, BrokerError, hushed
from streams.log.recording import Broken, Lines, NoRecordingError, Source, Unread
from streams.log.sqlite import LogError
from streams.routes import Homes
from streams.rulebook import RuleBook
from streams.topics import DEAD_LETTERS, catalogue, in_run

_AFTER_ALL = datetime.max.replace(tzinfo=UTC)
_TOLD = 10
"""Lines that are no events told one by one; the rest are only counted."""
_URL = re.compile(r"kafka://(?P<bootstrap>[^/?#@]+)/?")


class RunTakenError(ValueError):
    """There is something in the topics of a run already. The message says how much."""


@dataclass(frozen=True, kw_only=True)
class Published:
    """A replay that has been sent.

    Attributes:
        run: Its id.
        given: What was sent.
        partitions: How many partitions its input topics have.
        events: Events sent, by type, the recording's own ticks included.
        ticks: Records of ticks that were added.
        records: All records sent, dead letters included.
        refused: Lines that went to the dead letters.
        left_out: Events known only after the end.
        broken: The files that could not be read to their end.
        end: The time of the last tick, UTC.
        seconds: How long it took.
    """

    run: str
    given: Input
    partitions: int
    events: dict[str, int]
    ticks: int
    records: int
    refused: int
    left_out: int
    broken: list[Broken]
    end: datetime
    seconds: float

    def summary(self) -> dict[str, Any]:
        """The counts for machines, under stable names."""
        return {
            "recording": self.given.name,
            "run": self.run,
            "partitions": self.partitions,
            "until": self.end,
            "events": sum(self.events.values()),
            "events_by_type": dict(sorted(self.events.items())),
            "events_left_out": self.left_out,
            "ticks": self.ticks,
            "records": self.records,
            "refused": self.refused,
            "unreadable": [{"place": one.place, "line": one.line, "reason": one.reason} for one in self.broken],
            "seconds": round(self.seconds, 6),
        }


def tell(published: Published, *, as_json: bool) -> NoReturn:
    """Say what was sent, and what to do next; leaves with 0, or 3 where some of the input could not be used."""
    if as_json:
        emit(msgspec.json.encode({"summary": published.summary()}))
    else:
        events = sum(published.events.values())
        told = f"{events:,} event{'' if events == 1 else 's'} sent as run {published.run}, until {spoken(published.end)}"
        if published.left_out:
            told += f" ({published.left_out:,} more came only later)"
        out().print(words(f"{told}."), soft_wrap=True)
        out().print(
            words(f"{published.records:,} records, {published.ticks:,} of them ticks; {published.seconds:.1f} s.", "dim"),
            soft_wrap=True,
        )
    for broken in published.broken:
        complain(f"{broken.place}:{broken.line}: cannot read on: {broken.reason}")
    if published.refused:
        letters = f"{published.refused} dead letter{'' if published.refused == 1 else 's'}"
        complain(f"{letters}, in topic {in_run(DEAD_LETTERS, published.run)}")
    raise typer.Exit(BAD_INPUT if published.refused or published.broken else FINE)


class Sender:
    """Lets a plan pass over a source: what is to be sent comes out, what is refused is kept as a dead letter."""

    def __init__(self, plan: Plan, source: Source, *, start: datetime | None = None, now: datetime = _AFTER_ALL) -> None:
        """Begin.

        Args:
            plan: One that has seen nothing.
            source: The lines.
            start: The moment at which the replay's clock starts, UTC.
            now: The time of day: nothing can be known after it.
        """
        self.plan = plan
        self.letters: list[DeadLetter] = []
        """Dead letters that nobody has taken yet."""
        self.broken: list[Broken] = []
        self.refused = 0
        self.read = 0
        """Bytes read so far."""
        self._source = source
        self._start = start
        self._horizon = now if now == _AFTER_ALL else now + SKEW

    def __iter__(self) -> Iterator[list[Sending]]:
        """The records of one line after the other, beginning with a tick and ending with one."""
        plan = self.plan
        if self._start is not None:
            yield plan.advance(self._start)
        first = True
        for batch in self._source.batches():
            if isinstance(batch, Lines):
                plan.ticking = plan.ticking or (first and ticks_itself(batch.lines))
                first = False
                self.read = batch.read
                yield from self._batch(batch)
            elif isinstance(batch, Unread):
                self._refuse(of_line(batch.place, batch.line, batch.head, batch.reason))
                yield []
            else:
                self.broken.append(batch)
        yield plan.close()

    def _batch(self, batch: Lines) -> Iterator[list[Sending]]:
        plan, horizon = self.plan, self._horizon
        for place, line in enumerate(batch.lines):
            if plan.over:
                plan.leave_out(batch.lines[place:])
                return
            try:
                yield plan.take(line, horizon)
            except (Refused, Ahead) as refused:
                if line.strip():
                    why = not_yet(refused.known) if isinstance(refused, Ahead) else str(refused)
                    self._refuse(of_line(batch.place, batch.first + place, line, why))
                    yield []

    def _refuse(self, letter: DeadLetter) -> None:
        self.refused += 1
        self.letters.append(letter)


def address(to: str) -> str:
    """The brokers of ``kafka://HOST:PORT``; several with commas.

    Raises:
        ValueError: when it is no such address.
    """
    found = _URL.fullmatch(to)
    if found is None:
        raise ValueError(f"expected kafka://HOST:PORT, got {to!r}")
    return found["bootstrap"]


def run_named(name: str, now: datetime) -> str:
    """A run id that nobody has used: the story's or file's name, and when it was, UTC to the second."""
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(name).name.split(".")[0]).strip("-._")
    return f"{stem[:60] or 'replay'}-{now:%Y%m%dT%H%M%SZ}"


def publish(
    name: str,
    to: str,
    run: str | None = None,
    *,
    partitions: int,
    rules: Path | None = None,
    until: datetime | None = None,
    speed: float | None = None,
    every: timedelta | None = None,
    progress: bool = True,
) -> Published:
    """Send what ``name`` stands for; leaves with 2 or 3 where there is nothing to send, or nowhere.

    Args:
        name: A story, a file, a directory, or ``-``.
        to: ``kafka://HOST:PORT``.
        run: The id of the run; one that says when, without it.
        partitions: Partitions of each input topic, where the run's topics are not there yet.
        rules: Agreements over the built-in ones: they say where each event belongs.
        until: When the replay ends; the story's end without it.
        speed: Seconds of history a second; as fast as possible without it.
        every: Send ticks only so often, in the events' time.
        progress: Whether a bar is wanted, where standard error is a terminal.
    """
    agreements = rules_or_leave(rules)
    began = time.monotonic()
    now = datetime.now(UTC)
    try:
        bootstrap = address(to)
        if run is not None:
            in_run(DEAD_LETTERS, run)
    except ValueError as error:
        bad_use(str(error))
    try:
        given = opened(name, agreements)
        run = run or run_named(given.name, now)
        plan = Plan(Homes.of(RuleBook(agreements)), partitions, run, until=until or given.until, every=every)
        # A story was held against its own dates when it was loaded; it reads the same on a day whose clock is wrong.
        sender = Sender(plan, given.source, start=given.start, now=now if given.story is None else _AFTER_ALL)
        pace = None if speed is None else Pace(speed, clock=time.monotonic, sleep=time.sleep)
        with hushed(), ExitStack() as stack:
            prepared(bootstrap, partitions, run)
            publisher = stack.enter_context(Publisher(bootstrap, {one.name: in_run(one.name, run) for one in catalogue()}))
            move, reached, told = None, BEFORE_ALL, 0.0
            if progress and err().is_terminal:
                move = stack.enter_context(bar(err(), given.source.size))
            for number, sendings in enumerate(sender):
                if pace is not None and plan.now > reached:
                    reached = plan.now
                    for moment in pace.moments(reached):
                        _send(publisher, plan.pulse(moment) if moment < reached else ())
                _send(publisher, sendings)
                if pace is not None and time.monotonic() > told + FRAME:
                    # Who watches sees the time pass everywhere, where many events leave no pause between them too.
                    told = time.monotonic()
                    _send(publisher, plan.together())
                _file(publisher, sender.letters, sender.refused)
                if move is not None and number % 256 == 0:
                    move(sender.read, plan.counts.total(), plan.now)
    except (UnknownNameError, RunTakenError) as error:
        bad_use(str(error))
    except (NoRecordingError, StoryError, LogError, BrokerError) as error:
        bad_input(str(error))
    except PublishError as error:
        bad_input(f"{error}; run {run} is not complete: send it again under another id")
    return Published(
        run=run,
        given=given,
        partitions=partitions,
        events=dict(plan.counts),
        ticks=plan.ticks,
        records=publisher.records,
        refused=sender.refused,
        left_out=plan.left_out,
        broken=sender.broken,
        end=plan.now,
        seconds=time.monotonic() - began,
    )


def prepared(bootstrap: str, partitions: int, run: str) -> None:
    """Create the topics of a run, and make sure that they are as they ought to be, and empty.

    Raises:
        BrokerError: when the broker does not answer or refuses.
        RunTakenError: when they are of another kind, or somebody has sent something there.
    """
    topics = catalogue(partitions, run)
    with Admin(bootstrap) as admin:
        admin.create(topics)
        differences = admin.check(topics)
        if differences:
            raise RunTakenError(
                f"run {run} has topics of another kind: {'; '.join(map(str, differences))}; name it otherwise with --run,"
                " or its count of partitions with --partitions"
            )
        held = sum(bounds.end for bounds in admin.bounds([topic.name for topic in topics]).values())
    if held:
        raise RunTakenError(
            f"run {run} has {held:,} records in its topics already, and a run is sent once: name another with --run"
        )


def _send(publisher: Publisher, sendings: Iterable[Sending]) -> None:
    for topic, partition, key, value, timestamp in sendings:
        publisher.send(topic, partition, key, value, timestamp)


def _file(publisher: Publisher, letters: list[DeadLetter], refused: int) -> None:
    """Send dead letters, and name the first few of them."""
    for number, letter in enumerate(letters, refused - len(letters)):
        if number < _TOLD:
            complain(f"{letter.place}:{letter.line}: {letter.why}")
        publisher.send(DEAD_LETTERS, 0, letter.key, encode_letter(letter))
    letters.clear()
