"""How fast what is judged gets into InfluxDB: ``python -m tests.benchmarks influx``.

A real broker and a real database on the same machine, beside the writer: they share its cores. The writer runs as the command
runs it, but in this process, so that the lag of every single lapse can be noted.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from threading import Event, Thread

import msgspec
from kafka import KafkaProducer

from dashboards.influx import writer
from dashboards.influx.settings import WriterSettings
from dashboards.influx.vitals import Vitals
from deploy.stack import Stack
from deploy.stack.influx import Influx
from deploy.stack.kafka import Kafka
from producers.synthetic import generate
from streams.agreements.load import load_builtin
from streams.lapses import Lapse, encode_lapse
from streams.live.settings import WorkerSettings
from streams.log.admin import Admin
from streams.topics import LAPSES, STATES, catalogue, in_run
from tests.benchmarks.bars import kept
from tests.broker import missing, missing_database, quiet
from tests.conftest import Database
from tests.influx.ground import Prepared, prepared
from tests.influx.told import records, told
from tests.live.running import Ground, planned

BAR_LAG = 2.0
"""Seconds from the record of a lapse to its point that are allowed for, at the 99th percentile."""


class Noted(Vitals):
    """Vitals that keep every lag."""

    def __init__(self) -> None:
        super().__init__()
        self.lags: list[float] = []

    def lagged(self, seconds: float) -> None:
        """Keep it."""
        self.lags.append(seconds)


@contextmanager
def ground() -> Iterator[tuple[str, Prepared]]:
    """A broker, and a database that was set up, which nobody else uses."""
    with tempfile.TemporaryDirectory(prefix="steadyline-bench-") as folder:
        stack = Stack([Kafka({}), Influx()], "bench", Path(folder))
        facts = {each.service: each.facts for each in stack.up(quiet)}
        try:
            of = facts["influxdb"]
            database = Database(str(of["url"]), str(of["org"]), Path(str(of["token_file"])).read_text().strip())
            yield str(facts["kafka"]["bootstrap"]), prepared(database, Path(folder) / "secrets")
        finally:
            stack.down(quiet, wipe=True)


@contextmanager
def writing(bootstrap: str, database: Prepared, run: str) -> Iterator[Noted]:
    """The writer of a run, in a thread."""
    log = WorkerSettings(bootstrap=bootstrap, run=run)
    settings = WriterSettings(log, database.url, database.org, database.writer, None)
    stop, vitals = Event(), Noted()
    thread = Thread(target=writer.run, args=(settings, settings.token(), load_builtin(), stop, vitals))
    thread.start()
    try:
        yield vitals
    finally:
        stop.set()
        thread.join(60)


def reached(condition: Callable[[], bool], patience: float = 600.0) -> None:
    """Wait for it.

    Raises:
        SystemExit: when it does not come true.
    """
    end = time.monotonic() + patience
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"waited {patience:g} s in vain")
        time.sleep(0.01)


def rate(bootstrap: str, database: Prepared, run: str, events: int) -> tuple[int, float]:
    """Points, and points a second: a whole run that stands in the log beforehand."""
    lines = [line.rstrip() for line in generate(events, 1, 200)]
    sendings = planned(lines, run, 1)
    made = list(records(sendings, run, 1))
    expected = {name: len(points) for name, points in told(list(writer.Writer(run, load_builtin()).rows(made))).items()}
    place = Ground(bootstrap, run, 1)
    place.send(sendings)
    producer = KafkaProducer(bootstrap_servers=bootstrap, linger_ms=5)
    for record in made:
        if record.topic in (LAPSES, STATES):
            producer.send(in_run(record.topic, run), record.value, partition=0)
    producer.flush(60)
    producer.close()
    began = time.perf_counter()
    with writing(bootstrap, database, run) as vitals:
        reached(lambda: vitals.points >= sum(expected.values()))
        seconds = time.perf_counter() - began
    if database.counts(run) != expected:
        raise SystemExit(f"what is there is not what ought to be: {database.counts(run)}, expected {expected}")
    return sum(expected.values()), sum(expected.values()) / seconds


def lags(bootstrap: str, database: Prepared, run: str, count: int, a_second: float) -> list[float]:
    """Seconds from the record of a lapse to its point, for lapses that come one by one."""
    with Admin(bootstrap) as admin:
        admin.create(catalogue(1, run))
    lines = [line.rstrip() for line in generate(3_000, 1, 40)]
    lapse = next(
        msgspec.json.decode(record.value, type=Lapse)
        for record in records(planned(lines, run, 1), run, 1)
        if record.topic == LAPSES and record.value is not None
    )
    producer = KafkaProducer(bootstrap_servers=bootstrap, linger_ms=0)
    with writing(bootstrap, database, run) as vitals:
        reached(lambda: vitals.started)
        due = time.perf_counter()
        for number in range(count):
            record = encode_lapse(msgspec.structs.replace(lapse, id=f"{number:016x}"))
            producer.send(in_run(LAPSES, run), record, partition=0).get(10)
            due += 1 / a_second
            time.sleep(max(0.0, due - time.perf_counter()))
        reached(lambda: len(vitals.lags) == count)
    producer.close()
    if database.counts(run) != {"lapse": count}:
        raise SystemExit(f"expected {count} lapses, and there are {database.counts(run)}")
    return vitals.lags


def report(*, smoke: bool) -> str:
    """Measure; the part of the results.

    Raises:
        SystemExit: when there is no broker or no database to be had.
    """
    if why := missing() or missing_database():
        raise SystemExit(why)
    events, runs, count = (2_000, 1, 20) if smoke else (20_000, 3, 1_000)
    with ground() as (bootstrap, database):
        found = [rate(bootstrap, database, f"rate-{number}", events) for number in range(runs)]
        some = [lag * 1_000 for lag in lags(bootstrap, database, "lag", count, 50.0)]
    points, speeds = found[0][0], sorted(speed for _, speed in found)
    p99 = quantiles(some, n=100)[98]
    lines = [
        "A real broker and a real database on the same machine, beside the writer: they share its cores. Times are the wall's.",
        "The first row is a run of the synthetic load that stands in the log beforehand, from the start of the writer until",
        "the database has acknowledged every point; it counts only if what is there afterwards is what ought to be.",
        "",
        "| what | least | median | most |",
        "|---|---:|---:|---:|",
        f"| points a second: {points:,} points of {events:,} events, {runs} runs"
        f" | {speeds[0]:,.0f} | {median(speeds):,.0f} | {speeds[-1]:,.0f} |",
        f"| from the record of a lapse to its point, ms: {count:,} lapses, 50 a second"
        f" | {min(some):,.0f} | {median(some):,.0f} | {max(some):,.0f} |",
        "",
        kept("the 99th percentile of that, ms", p99, "less than", BAR_LAG * 1_000),
    ]
    return "\n".join(lines) + "\n"
