"""The writer: what is judged, said and measured, from the log into InfluxDB, for as long as it runs.

A batch of records becomes points; the points are written; then, and only then, the offsets move. So whatever ends the writer or
keeps the database away, the next start reads again from where the database has everything, and writes what it writes twice as
the same points. Rows are made one by one while they are written: a batch costs the memory of its records, however many minutes
lie between two snapshots.

How things stand is told in changes, and everything only every six hours. The offset of the states topic therefore stays at the
oldest of the last whole snapshots of all partition numbers: the next start has what it needs.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event, Thread

import msgspec

from dashboards.influx.minutes import Minutes
from dashboards.influx.names import Names
from dashboards.influx.points import Timed, of_event, of_lapse, of_letter, of_measure
from dashboards.influx.reading import Log, LogAway, Place, Record, furthest
from dashboards.influx.schema import LIVE, LetterRow, PipelineRow, WriterRow
from dashboards.influx.settings import WriterSettings
from dashboards.influx.sink import Sink, Stopped
from dashboards.influx.times import at_minute, seconds
from dashboards.influx.vitals import Vitals, registry
from streams.agreements.model import Agreement
from streams.events.decode import Refused, decode
from streams.lapses import decode_lapse
from streams.letters import DeadLetter, decode_letter
from streams.live.health import Health
from streams.posture import decode_posture
from streams.topics import DEAD_LETTERS, LAPSES, STATES

log = logging.getLogger(__name__)

EVERY = 10.0
"""Seconds from one point about the pipeline and the writer to the next."""
_POLL = 0.5
_AGAIN = 2.0
"""Seconds after which a broker that is away is asked again."""
_LETTERS_KNOWN = 10_000


class Writer:
    """Turns the records of one run, or the live ones, into rows."""

    def __init__(self, run: str, agreements: Sequence[Agreement]) -> None:
        self._run = run
        self._names = Names(agreements)
        self.minutes: dict[int, Minutes] = {}
        """By partition number."""
        self._wholes: dict[int, int] = {}
        """By partition number, where in the states topic everything was told last."""
        self._letters: OrderedDict[bytes, None] = OrderedDict()

    def rows(self, records: Sequence[Record]) -> Iterator[Timed]:
        """The rows of some records, each partition's in order. What is no record of its topic is passed over."""
        for record in records:
            if record.value is None:
                continue
            try:
                yield from self._rows(record, record.value)
            except (Refused, msgspec.DecodeError) as error:
                # In an input topic it is a dead letter by now; in any other somebody wrote what no worker writes.
                if record.topic in (LAPSES, STATES, DEAD_LETTERS):
                    log.warning("%s, offset %d: no record of that topic: %s", record.topic, record.offset, error)

    def offsets(self, records: Sequence[Record]) -> dict[Place, int]:
        """How far is done with once the rows of these records are in the database."""
        offsets = furthest(records)
        if self._wholes and (STATES, 0) in offsets:
            offsets[STATES, 0] = min(self._wholes.values())
        return offsets

    def pipeline(self, now: datetime) -> Iterator[Timed]:
        """How far each partition number was judged, as of this time of day."""
        for number, minutes in sorted(self.minutes.items()):
            if minutes.at is not None:
                row = PipelineRow(
                    run=self._run,
                    partition=str(number),
                    now=seconds(minutes.at),
                    age=(now - minutes.at).total_seconds(),
                    standings=len(minutes.standings),
                    open=sum(standing.open for standing in minutes.standings.values()),
                )
                yield Timed(row, at_minute(now))

    def _rows(self, record: Record, value: bytes) -> Iterator[Timed]:
        if record.topic == LAPSES:
            yield of_lapse(decode_lapse(value), self._run, self._names)
        elif record.topic == STATES:
            posture = decode_posture(value)
            if posture.whole:
                self._wholes[posture.partition] = record.offset
            if posture.partition not in self.minutes:
                self.minutes[posture.partition] = Minutes(self._run, self._names)
            yield from self.minutes[posture.partition].take(posture)
            for measure in posture.measures:
                yield of_measure(measure, self._run, self._names)
        elif record.topic == DEAD_LETTERS:
            letter = decode_letter(value)
            if self._fresh(letter):
                yield of_letter(letter, self._run, record.stamped)
        else:
            yield from of_event(decode(value), self._run, self._names)

    def _fresh(self, letter: DeadLetter) -> bool:
        """Whether a letter is not there yet: a worker that was killed may write one twice, at two times."""
        known = self._letters
        if letter.key in known:
            return False
        known[letter.key] = None
        if len(known) > _LETTERS_KNOWN:
            known.popitem(last=False)
        return True


def run(settings: WriterSettings, token: str, agreements: Sequence[Agreement], stop: Event, vitals: Vitals) -> None:
    """Write until ``stop`` is set."""
    with _page(settings, vitals):
        while not stop.is_set():
            try:
                with Log(settings) as source:
                    _write(settings, token, agreements, source, stop, vitals)
            except LogAway as away:
                log.warning("%s; trying again", away)
                vitals.failed(str(away))
                stop.wait(_AGAIN)
            except Stopped:
                return


def _write(
    settings: WriterSettings, token: str, agreements: Sequence[Agreement], source: Log, stop: Event, vitals: Vitals
) -> None:
    writer = Writer(settings.run, agreements)
    told_at = float("-inf")

    def refuse(bucket: str, line: str, why: str) -> None:
        log.error("InfluxDB refused a point of %s: %s", bucket, why)
        # A letter about a letter would have no end.
        if not line.startswith(f"{LetterRow.measurement},"):
            source.refuse(bucket, line, why)

    with Sink(settings.url, settings.org, token, refuse=refuse, stop=stop, vitals=vitals) as sink:
        log.info("writing to %s", settings.url)
        while not stop.is_set():
            vitals.turned()
            records = source.poll(_POLL)
            if records:
                sink.write(writer.rows(records))
                source.commit(writer.offsets(records))
                now = time.time()
                for record in records:
                    if record.topic == LAPSES:
                        vitals.lagged(now - record.stamped / 1_000)
            vitals.started, vitals.trouble = True, None
            if settings.run == LIVE and time.monotonic() - told_at >= EVERY:
                told_at = time.monotonic()
                sink.write(_of_itself(writer, source, vitals))


def _of_itself(writer: Writer, source: Log, vitals: Vitals) -> Iterator[Timed]:
    now = datetime.now(UTC)
    behind = source.behind()
    vitals.behind = vitals.behind if behind is None else behind
    yield from writer.pipeline(now)
    row = WriterRow(
        run=LIVE,
        points=vitals.points,
        lag=vitals.lag(),
        failures=vitals.failures,
        behind=vitals.behind,
        letters=vitals.letters,
    )
    yield Timed(row, at_minute(now))


@contextmanager
def _page(settings: WriterSettings, vitals: Vitals) -> Iterator[None]:
    """The page for probes, in a thread of its own: it answers while the writer waits for the database."""
    if settings.health is None:
        yield
        return
    loop = asyncio.new_event_loop()
    page = Health(vitals, registry(vitals), bind=settings.health, hosts=settings.log.health_hosts)
    loop.run_until_complete(page.start())
    log.info("health at http://%s", page.bind)
    thread = Thread(target=loop.run_forever, name="health", daemon=True)
    thread.start()
    try:
        yield
    finally:
        asyncio.run_coroutine_threadsafe(page.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def serve(settings: WriterSettings, token: str, agreements: Sequence[Agreement], listen: Callable[[Event], None]) -> None:
    """Write until a signal asks it to end; ``listen`` is told what to set then."""
    stop = Event()
    listen(stop)
    run(settings, token, agreements, stop, Vitals())
    log.info("ended")
