"""A story published to Kafka and judged by a worker shows in a real InfluxDB, whatever happens on the way."""

import json
import os
import signal
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS

from dashboards.influx.schema import NO_REASON
from deploy.stack import Stack
from deploy.stack.influx import Influx
from producers.history.story import find_story, load_story
from producers.plan import Sending
from streams.agreements.load import load_builtin
from streams.events.decode import encode
from streams.floor import floor
from streams.letters import decode_letter
from streams.topics import DEAD_LETTERS
from streams.watch import Watch
from tests.broker import quiet
from tests.conftest import Database, database_of
from tests.core.world import event
from tests.influx.ground import Prepared, prepared, writer
from tests.influx.told import Told, by_time, rows, told
from tests.live.running import Ground, Worker, embedded, planned, until, worker
from tests.live.test_worker import QUICK, load


@pytest.fixture(scope="module")
def database(influx: Database, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """The session's database, set up."""
    return prepared(influx, tmp_path_factory.mktemp("secrets"))


def arrived(database: Prepared, run: str, expected: Told) -> bool:
    """Whether as many points are there as ought to be."""
    return database.counts(run) == {measurement: len(points) for measurement, points in expected.items()}


def assert_same(database: Prepared, run: str, expected: Told) -> None:
    """The database has the expected points of a run, each once, and no other."""
    for measurement, points in expected.items():
        rows = database.points(run, measurement)
        found = [{name: value for name, value in row.items() if value is not None} for row in rows]
        assert sorted(found, key=by_time) == points, measurement


def waited(database: Prepared, run: str, expected: Told, process: Worker) -> None:
    """Wait until all points are there, and hold them against what ought to be."""
    wanted = {measurement: len(points) for measurement, points in expected.items()}
    until(lambda: arrived(database, run, expected), lambda: f"{wanted}, there: {database.counts(run)}\n{process.said()}")
    assert_same(database, run, expected)


def test_a_story_shows_with_the_counts_of_the_embedded_run(kafka: str, run: str, database: Prepared) -> None:
    story = load_story(find_story("balloon-2023"))
    lines = [encode(event) for event in story.events]
    ground = Ground(kafka, run, 3)
    sendings = planned(lines, run, 3)
    ground.send(sendings)
    expected = told(rows(sendings, run, 3))
    with worker(ground) as judge, writer(ground, database) as service:
        judge.ready()
        waited(database, run, expected, service)
        assert judge.end() == 0
        assert service.end() == 0, service.said()
    # Held against the embedded run, which knows nothing of partitions, snapshots and rows.
    revisions = embedded(lines, run)
    assert sorted((row["id"], row["revision"]) for row in database.points(run, "lapse")) == sorted(
        (name, revision) for _, name, revision in revisions
    )
    watch = Watch(load_builtin(), run=run)
    for one in story.events:
        watch.advance(one.known)
        watch.receive(one)
    last = {(row["kind"], row["name"], row.get("party") or ""): row for row in database.points(run, "standing")}
    assert {thing: (row["stand"], row["reason"], row["open"]) for thing, row in last.items()} == {
        standing.thing: (int(standing.stand), standing.reason or NO_REASON, standing.open) for standing in floor(watch)
    }


def halves(run: str) -> tuple[list[Sending], list[Sending], Told]:
    """A load in two halves, and the points of both."""
    sendings = planned(load(1_500), run, 2)
    half = len(sendings) // 2
    return sendings[:half], sendings[half:], told(rows(sendings, run, 2))


def test_a_writer_that_is_killed_in_the_midst_loses_and_doubles_nothing(kafka: str, run: str, database: Prepared) -> None:
    first, second, expected = halves(run)
    ground = Ground(kafka, run, 2)
    with worker(ground, **QUICK) as judge:
        judge.ready()
        with writer(ground, database) as service:
            ground.send(first)
            until(lambda: "lapse" in database.counts(run), f"the first lapses\n{service.said()}")
            service.process.kill()
            service.process.wait(10)
        ground.send(second)
        with writer(ground, database) as service:
            waited(database, run, expected, service)
            assert service.end() == 0, service.said()


@pytest.fixture
def alone(influx: Database, tmp_path: Path) -> Iterator[Stack]:
    """A database of the test's own, which may be killed."""
    stack = Stack([Influx()], "alone", tmp_path / "stack")
    yield stack
    stack.down(quiet, wipe=True)


def up(stack: Stack) -> Database:
    (report,) = stack.up(quiet)
    return database_of(report)


def test_while_influxdb_is_away_nothing_is_lost_or_doubled(kafka: str, run: str, alone: Stack, tmp_path: Path) -> None:
    first, second, expected = halves(run)
    ground = Ground(kafka, run, 2)
    database = prepared(up(alone), tmp_path / "secrets")
    with worker(ground, **QUICK) as judge, writer(ground, database) as service:
        judge.ready()
        ground.send(first)
        until(lambda: "lapse" in database.counts(run), f"the first lapses\n{service.said()}")
        (report,) = alone.status()
        assert report.pid is not None
        os.kill(report.pid, signal.SIGKILL)
        ground.send(second)
        until(lambda: "InfluxDB is away" in service.said(), service.said)
        until(lambda: ground.caught_up(0.9), "the worker, which needs no database")
        page = health(service)
        assert any("InfluxDB is away" in why for why in page["why"])
        assert up(alone).url == database.url
        waited(database, run, expected, service)
        assert service.end() == 0, service.said()


def health(service: Worker) -> dict[str, list[str]]:
    """What its page says of its readiness."""
    address = next(word for word in service.said().replace('"', " ").split() if word.startswith("http://127.0.0.1:"))
    for line in service.said().splitlines():
        if "health at " in line:
            address = line.split("health at ")[1].split('"')[0]
    try:
        with urllib.request.urlopen(f"{address}/readyz", timeout=5) as answer:
            return json.load(answer)  # type: ignore[no-any-return]
    except urllib.error.HTTPError as error:
        return json.load(error)  # type: ignore[no-any-return]


def test_a_writer_that_waits_for_the_database_ends_when_asked(kafka: str, run: str, database: Prepared) -> None:
    ground = Ground(kafka, run, 1)
    ground.send(planned([encode(event("contact", "c", 0, {"parties": ["AA", "BB"]}))], run, 1))
    nowhere = database._replace(url="http://127.0.0.1:9")
    with writer(ground, nowhere) as service:
        until(lambda: "InfluxDB is away" in service.said(), service.said)
        assert service.end() == 0, service.said()


def test_a_poison_point_becomes_a_dead_letter_and_all_others_are_written(
    kafka: str, run: str, poisoned: Database, tmp_path: Path
) -> None:
    database = prepared(poisoned, tmp_path)
    # In one week of 1985 somebody wrote numbers where the schema has words: the database refuses the words there.
    week = "1985-05-01T12:00:00Z"
    with InfluxDBClient(url=poisoned.url, org=poisoned.org, token=poisoned.token) as client:
        line = f"contact,run={run},dyad=AA-BB,kind=contact level=1i 483796800000000000"
        client.write_api(write_options=SYNCHRONOUS).write(bucket="steadyline-runs", record=line)

    def told_at(name: str, time: str) -> bytes:
        record = json.loads(encode(event("contact", name, 0, {"parties": ["US", "PRC"]})))
        return json.dumps({**record, "time": time}).encode()

    good = [f"good-{number}" for number in range(40)]
    lines = [told_at(name, f"1985-03-{1 + number % 28:02}T0{number % 10}:00:00Z") for number, name in enumerate(good)]
    lines.insert(20, told_at("bad", week))
    ground = Ground(kafka, run, 1)
    ground.send(planned(lines, run, 1))
    with writer(ground, database) as service:
        until(lambda: {row.get("id") for row in database.points(run, "contact")} >= set(good), service.said)
        until(lambda: database.counts(run).get("dead_letter") == 1, service.said)
        assert service.end() == 0, service.said()
    (letter,) = [decode_letter(record) for record in ground.records(DEAD_LETTERS)]
    assert "field type conflict" in letter.why
    (row,) = database.points(run, "dead_letter")
    assert (row["topic"], row["kind"]) == ("influx", "not-stored")
