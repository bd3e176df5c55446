"""The embedded log: append-only, each event once, dead letters beside it."""

import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from streams.log.recording import Lines
from streams.log.sqlite import VERSION, Entry, Log, LogError, LogSource, Refusal, is_log

AT = datetime(2024, 1, 1, tzinfo=UTC)


def entry(number: int, source: str = "feed:a") -> Entry:
    return Entry(source, f"e-{number}", "org.steadyline.tick.v1", b"%d" % number)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "made" / "on" / "demand.db"


def test_records_are_read_back_in_the_order_they_were_appended(path: Path) -> None:
    with Log(path) as log:
        assert log.append([entry(3), entry(1)], AT) == 2
        assert log.append([entry(2)], AT) == 1
    with Log(path) as log:
        assert [(record.position, record.data) for record in log.read()] == [(1, b"3"), (2, b"1"), (3, b"2")]
        assert [record.data for record in log.read(after=1)] == [b"1", b"2"]
        assert next(iter(log.read())).appended_at == "2024-01-01T00:00:00+00:00"
        assert len(log) == 3


def test_what_was_reported_is_its_owners_alone(path: Path) -> None:
    with Log(path) as log:
        log.append([entry(1)], AT)
        assert {file.name for file in path.parent.iterdir()} > {path.name}
        for file in path.parent.iterdir():
            assert file.stat().st_mode & 0o077 == 0, file.name


def test_the_same_event_is_kept_once_and_the_first_bytes_stay(path: Path) -> None:
    with Log(path) as log:
        assert log.append([entry(1), entry(1)], AT) == 1
        assert log.append([entry(1)._replace(data=b"changed"), entry(1, "feed:b")], AT) == 1
        assert [record.data for record in log.read()] == [b"1", b"1"]
        assert [record.position for record in log.read()] == [1, 2], "what was passed over leaves no gap"


@pytest.mark.parametrize("statement", ["DELETE FROM records", "UPDATE records SET data = x'00'"])
def test_records_cannot_be_changed_or_deleted(path: Path, statement: str) -> None:
    with Log(path) as log:
        log.append([entry(1)], AT)
    db = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        db.execute(statement)
    db.close()


def test_a_failed_append_appends_nothing(path: Path) -> None:
    with Log(path) as log:
        with pytest.raises(LogError, match="cannot write"):
            log.append([entry(1), Entry("feed:a", "e-2", None, b"2")], AT)  # type: ignore[arg-type]
        assert len(log) == 0
        log.append([entry(1)], AT)
        assert len(log) == 1


def test_two_writers_share_a_log(path: Path) -> None:
    with Log(path) as first, Log(path) as second:
        first.append([entry(1)], AT)
        second.append([entry(1), entry(2)], AT)
        assert len(first) == len(second) == 2


def test_what_is_appended_is_synced_at_each_commit(path: Path) -> None:
    with Log(path) as log:
        assert log._db.execute("PRAGMA synchronous").fetchone()[0] == 2
        assert log._db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


def something_else(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE recipes (name TEXT)")
    db.close()


def newer(path: Path) -> None:
    Log(path).close()
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA user_version = {VERSION + 1}")
    db.close()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(lambda path: path.write_text("not a database at all, " * 100), "not a Steadyline log", id="text"),
        pytest.param(something_else, "database of something else", id="another database"),
        pytest.param(newer, "newer Steadyline", id="a newer log"),
        pytest.param(lambda path: path.mkdir(), "cannot open the log", id="a directory"),
    ],
)
def test_what_is_no_log_is_refused_and_named(tmp_path: Path, make: object, message: str) -> None:
    path = tmp_path / "file.db"
    assert callable(make)
    make(path)
    with pytest.raises(LogError, match=message) as error:
        Log(path)
    assert str(path) in str(error.value)


def test_a_log_that_is_only_read_is_not_made(path: Path) -> None:
    with pytest.raises(LogError, match="no such log"):
        Log(path, create=False)
    assert not path.exists()


def test_dead_letters_are_filed_once_with_place_and_reason(path: Path) -> None:
    refusal = Refusal("a.jsonl", 7, b'{"type": 1}', "expected `str`")
    with Log(path) as log:
        assert log.refuse([refusal, refusal._replace(line=8)], AT) == 2
        assert log.refuse([refusal], AT) == 0
        assert log.refuse([refusal._replace(data=b"other")], AT) == 1
        letters = list(log.dead_letters())
    assert [(letter.number, letter.place, letter.line, letter.reason, letter.state) for letter in letters] == [
        (1, "a.jsonl", 7, "expected `str`", "waiting"),
        (2, "a.jsonl", 8, "expected `str`", "waiting"),
        (3, "a.jsonl", 7, "expected `str`", "waiting"),
    ]
    assert letters[0].data == b'{"type": 1}'


def test_a_mended_letter_is_in_the_log_and_stays_on_file(path: Path) -> None:
    with Log(path) as log:
        log.refuse([Refusal("a.jsonl", 7, b"?", "why"), Refusal("a.jsonl", 8, b"!", "why")], AT)
        log.mend(1, entry(5), AT)
        assert [record.data for record in log.read()] == [b"5"]
        assert [letter.number for letter in log.dead_letters("waiting")] == [2]
        assert log.dead_letter(1).state == "mended"
        log.refuse([Refusal("a.jsonl", 7, b"?", "why")], AT)
        assert log.dead_letter(1).state == "mended", "seen again, it stays mended"


def test_an_unknown_number_is_an_error(path: Path) -> None:
    with Log(path) as log, pytest.raises(LookupError, match="number 9"):
        log.dead_letter(9)


def test_a_log_is_replayed_like_a_recording(path: Path) -> None:
    with Log(path) as log:
        log.append([entry(number) for number in range(10_000)], AT)
    batches = [batch for batch in LogSource(path).batches() if isinstance(batch, Lines)]
    assert [batch.first for batch in batches] == [1, 4_097, 8_193]
    assert [line for batch in batches for line in batch.lines] == [b"%d" % number for number in range(10_000)]
    assert is_log(path)
    assert not is_log(path.with_name("missing"))


def test_several_may_make_the_same_log_at_the_same_moment(tmp_path: Path) -> None:
    """A producer and the desk begin together, and neither finds the other's tables in its way."""
    start = threading.Barrier(4)
    faults: list[BaseException] = []

    def make(path: Path) -> None:
        start.wait()
        try:
            Log(path).close()
        except LogError as error:
            faults.append(error)

    for number in range(10):
        threads = [threading.Thread(target=make, args=(tmp_path / f"{number}.db",)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert faults == []
