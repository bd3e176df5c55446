"""Points into a real InfluxDB, and what the sink makes of every answer: nothing is given up, nothing bad holds up the rest."""

import gzip
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import pytest

from dashboards.influx import sink
from dashboards.influx.points import Timed
from dashboards.influx.schema import ContactRow, StandingRow
from dashboards.influx.sink import Sink, Stopped
from dashboards.influx.times import at_minute, at_second
from dashboards.influx.vitals import Vitals
from tests.conftest import Database
from tests.influx.ground import Prepared, prepared

POISONED = datetime(1986, 5, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def database(influx: Database, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return prepared(influx, tmp_path_factory.mktemp("secrets"))


class Kept:
    """A sink, with what it refused and what it knows of itself."""

    def __init__(self, url: str, org: str = "steadyline", token: str = "token") -> None:
        self.refused: list[tuple[str, str, str]] = []
        self.vitals = Vitals()
        self.stop = Event()
        self.sink = Sink(url, org, token, refuse=lambda *told: self.refused.append(told), stop=self.stop, vitals=self.vitals)

    @classmethod
    def of(cls, database: Prepared) -> "Kept":
        return cls(database.url, database.org, database.writer.read_text().strip())


def contact(run: str, name: str, at: datetime) -> Timed:
    row = ContactRow(run=run, dyad="PRC-US", kind="contact", id=name, level="duty", source="urn:test")
    return Timed(row, at_second(at, name))


def test_each_row_goes_to_its_bucket_and_minutes_that_are_kept_no_more_are_left_out(run: str, database: Prepared) -> None:
    kept = Kept.of(database)
    now = datetime.now(UTC).replace(second=0, microsecond=0)

    def standing(at: datetime) -> Timed:
        # The name is this test's own: the live buckets are everybody's.
        row = StandingRow(run="live", kind="channel", name=run, stand=0, reason="none", open=0)
        return Timed(row, at_minute(at))

    old = now - timedelta(days=4_000)
    kept.sink.write([standing(now), standing(now - timedelta(days=91)), contact("live", run, old), contact(run, run, old)])
    assert (kept.vitals.points, kept.vitals.expired, kept.refused) == (3, 1, [])
    assert [row["_time"] for row in database.points("live", "standing", "steadyline") if row["name"] == run] == [now]
    assert [row["id"] for row in database.points("live", "contact", "steadyline-records") if row["id"] == run] == [run]
    assert [row["id"] for row in database.points(run, "contact")] == [run]


def test_of_many_points_just_the_bad_ones_are_refused(run: str, poisoned: Database, tmp_path: Path) -> None:
    database = prepared(poisoned, tmp_path)
    # Somebody wrote a number in that week where the schema has a word.
    raw = Kept(poisoned.url, poisoned.org, poisoned.token).sink
    raw._put("steadyline-runs", [f"contact,run={run},dyad=A-B,kind=contact level=1i {at_second(POISONED, 'first')}"])
    good = [contact(run, f"good-{number}", POISONED - timedelta(days=30, minutes=number)) for number in range(193)]
    bad = [contact(run, f"bad-{number}", POISONED + timedelta(minutes=number)) for number in range(7)]
    mixed = [*good[:50], *bad[:2], *good[50:120], *bad[2:6], *good[120:], bad[6]]
    kept = Kept.of(database)
    kept.sink.write(mixed)
    assert (kept.vitals.points, kept.vitals.letters) == (193, 7)
    assert sorted(line.split('id="')[1].split('"')[0] for _, line, _ in kept.refused) == [
        f"bad-{number}" for number in range(7)
    ]
    assert {bucket for bucket, _, _ in kept.refused} == {"steadyline-runs"}
    assert all("field type conflict" in why for _, _, why in kept.refused)
    assert sum("id" in row and row["id"] is not None for row in database.points(run, "contact")) == 193


def test_hostile_text_stays_in_its_field(run: str, database: Prepared) -> None:
    text = 'a"b\\c\nlapse,run=live value=1i\r\t\u202e\x00 end\\'
    row = ContactRow(run=run, dyad="PRC-US", kind="contact", id="x", level="duty", source="urn:test", text=text)
    kept = Kept.of(database)
    kept.sink.write([Timed(row, at_second(POISONED - timedelta(days=60), "x"))])
    assert kept.refused == []
    (found,) = database.points(run, "contact")
    # The answer's lines end as those of CSV do.
    assert found["text"].replace("\r", "") == text.replace("\r", "")


class Scripted:
    """A test double of InfluxDB's write endpoint: gives the answers it was told, then 204, and keeps what it took."""

    def __init__(self, answers: Sequence[int], *, most: int | None = None) -> None:
        self.answers = list(answers)
        self.most = most
        self.taken: list[str] = []
        self.asked = 0

    @contextmanager
    def serving(self) -> Iterator[str]:
        double = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                double.asked += 1
                body = self.rfile.read(int(self.headers["Content-Length"]))
                lines = gzip.decompress(body).decode().splitlines()
                status = double.answers.pop(0) if double.answers else 204
                if double.most is not None and len(lines) > double.most:
                    status = 413
                if status == 204:
                    double.taken += lines
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nobody reads it."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sink, "_LONGEST_WAIT", 0.01)


@pytest.mark.parametrize("answers", [[503, 500, 429], [401, 403, 404]], ids=["busy", "not let in"])
def test_what_is_nothing_about_the_points_is_tried_again_until_it_is_over(impatient: None, answers: list[int]) -> None:
    double = Scripted(answers)
    with double.serving() as url:
        kept = Kept(url)
        kept.sink.write([contact("r", f"c{number}", POISONED) for number in range(3)])
    assert (len(double.taken), double.asked, kept.refused) == (3, 4, [])
    assert (kept.vitals.failures, kept.vitals.points, kept.vitals.trouble) == (3, 3, None)


@pytest.mark.parametrize("answer", [200, 202, 301])
def test_what_answers_and_is_not_the_database_has_taken_nothing(impatient: None, answer: int) -> None:
    """A page to log in at, of whatever stands before the database, says that all is well."""
    double = Scripted([answer])
    with double.serving() as url:
        kept = Kept(url)
        kept.sink.write([contact("r", f"c{number}", POISONED) for number in range(3)])
    assert (len(double.taken), double.asked, kept.refused) == (3, 2, [])
    assert kept.vitals.failures == 1


def test_a_batch_that_is_too_large_is_halved(impatient: None) -> None:
    double = Scripted([], most=10)
    with double.serving() as url:
        kept = Kept(url)
        kept.sink.write([contact("r", f"c{number}", POISONED) for number in range(100)])
    assert (len(set(double.taken)), len(double.taken), kept.refused) == (100, 100, [])


def test_while_it_waits_it_says_so_and_ends_when_asked() -> None:
    kept = Kept("http://127.0.0.1:9")
    done: list[str] = []

    def write() -> None:
        try:
            kept.sink.write([contact("r", "c", POISONED)])
        except Stopped:
            done.append("stopped")

    thread = Thread(target=write)
    thread.start()
    reached(lambda: kept.vitals.failures > 0)
    assert "InfluxDB is away" in (kept.vitals.trouble or "")
    assert any("InfluxDB is away" in why for why in kept.vitals.ready(0.0))
    assert kept.vitals.alive() is None
    kept.stop.set()
    thread.join(10)
    assert done == ["stopped"]


def reached(condition: Callable[[], bool], patience: float = 20.0) -> None:
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_writer_whose_loop_does_not_come_round_is_not_well() -> None:
    clock = [0.0]
    vitals = Vitals(lambda: clock[0])
    clock[0] = 119.0
    assert vitals.alive() is None
    clock[0] = 121.0
    assert "has not come round for 121 s" in (vitals.alive() or "")
    vitals.failed("InfluxDB is away")
    assert vitals.alive() is None


def test_rows_are_made_while_they_are_written() -> None:
    """A stretch of a century is no more in memory than one batch of it."""
    made: list[int] = []

    def rows() -> Iterator[Timed]:
        for number in range(3 * sink.AT_ONCE):
            made.append(number)
            yield contact("r", f"c{number}", POISONED)

    first = next(sink._cut(rows()))
    assert len(first) == len(made) == sink.AT_ONCE
