"""The parts by themselves: what holds for every input."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from producers.appending import AppendError, open_log
from producers.gateway.bodies import Cutter
from producers.gateway.ledger import Ledger
from producers.gateway.reading import Read, Unread, read
from producers.gateway.tokens import Kept, TokensError, change, new_token
from producers.gateway.tokens import read as read_tokens
from streams.events.decode import Refused, decode, encode
from streams.web.buckets import Bucket
from tests.events.strategies import events
from tests.gateway.running import a_token, book, incident

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@given(some.lists(some.binary(max_size=8)), some.data())
def test_lines_are_the_same_however_they_are_cut(pieces: list[bytes], data: some.DataObject) -> None:
    whole = b"".join(pieces)
    longest = data.draw(some.integers(1, 6))
    cutter = Cutter(longest)
    found = [line for piece in pieces for line in cutter.cut(piece)] + cutter.last()
    expected = whole.split(b"\n")
    if not expected[-1]:
        expected.pop()
    assert len(found) == len(expected)
    for (kept, dropped), line in zip(found, expected, strict=True):
        assert kept == line[: longest + 1].removesuffix(b"\r")
        assert dropped == max(0, len(line) - longest - 1)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(events())
def test_whatever_decodes_is_read_and_only_its_stamp_is_new(event: object) -> None:
    raw = encode(event)  # type: ignore[arg-type]
    found = read(raw, datetime(9000, 1, 1, tzinfo=UTC))
    assert isinstance(found, Read)
    assert decode(found.data) == found.event
    assert msgspec.structs.replace(found.event, ingested=None) == msgspec.structs.replace(decode(raw), ingested=None)
    again = read(found.data, NOW + timedelta(days=400 * 365))
    assert isinstance(again, Read)
    assert again.digest == found.digest


@given(some.lists(some.tuples(some.floats(0, 5), some.integers(1, 9)), max_size=40))
def test_no_bucket_lets_more_through_than_its_rate(sent: list[tuple[float, int]]) -> None:
    bucket, now, through = Bucket(2.0, 10.0), 0.0, 0
    for gap, amount in sent:
        now += gap
        if bucket.wait(amount, now) == 0:
            bucket.take(amount, now)
            through += amount
        assert through <= 10 + 2 * now + 1e-6


def test_the_ledger_forgets_what_is_too_old_and_nothing_else(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.db", timedelta(days=30))
    with ledger.together():
        for number in range(500):
            ledger.take("s", f"old-{number}", b"x" * 16, NOW)
            ledger.take("s", f"new-{number}", b"x" * 16, NOW + timedelta(days=20))
        ledger.sweep(NOW + timedelta(days=31))
        ledger.sweep(NOW + timedelta(days=32, hours=1))
        assert all(ledger.take("s", f"old-{number}", b"y" * 16, NOW) == "new" for number in range(500))
        assert all(ledger.take("s", f"new-{number}", b"y" * 16, NOW) == "conflict" for number in range(500))
    ledger.close()


def test_what_is_not_written_is_not_remembered(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.db")

    def away() -> None:
        with ledger.together():
            assert ledger.take("s", "a", b"x" * 16, NOW) == "new"
            raise AppendError

    with pytest.raises(AppendError):
        away()
    with ledger.together():
        assert ledger.take("s", "a", b"x" * 16, NOW) == "new"
    assert ledger.path.stat().st_mode & 0o077 == 0
    ledger.close()


def test_the_file_of_tokens_is_its_owners_alone_and_holds_no_token(tmp_path: Path) -> None:
    path, secret = tmp_path / "tokens.json", new_token()
    change(path, lambda kept: Kept(tokens=(a_token(secret),)))
    assert path.stat().st_mode & 0o777 == 0o600
    assert secret not in path.read_text()
    path.chmod(0o640)
    with pytest.raises(TokensError, match="chmod 600"):
        read_tokens(path)
    path.chmod(0o600)
    path.write_text('{"version":1,"tokens":[{"name":"a b"}]}')
    with pytest.raises(TokensError, match=r"tokens\.json: .*\$\.tokens"):
        read_tokens(path)


def test_what_could_not_be_read_again_is_never_written(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    change(path, lambda kept: Kept(tokens=(a_token(new_token()),)))
    before = path.read_bytes()
    with pytest.raises(TokensError, match=r"tokens\.json: Expected `array` of length <= 1000 - at `\$\.tokens`"):
        change(path, lambda kept: Kept(tokens=kept.tokens * 1_001))
    assert path.read_bytes() == before


@pytest.mark.parametrize("target", ["http://x", "postgres://x"])
def test_another_log_than_kafka_or_a_file_is_refused(target: str) -> None:
    with pytest.raises(ValueError, match="expected kafka://"):
        open_log(target, book())


def test_a_file_that_is_no_log_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("something else, and long enough to be looked at " * 40)
    with pytest.raises(AppendError, match="not a Steadyline log"):
        open_log(str(tmp_path / "x.db"), book())


def test_an_event_without_a_stamp_gets_one_even_where_a_key_comes_twice() -> None:
    raw = msgspec.json.encode(incident("twice"))[:-1] + b',"ingested":"2001-01-01T00:00:00Z","\\u0069ngested":null}'
    found = read(raw, NOW)
    assert isinstance(found, Read)
    assert found.event.ingested == NOW
    assert found.data.count(b"ingested") == 1


FAULTY = [
    {"time": "2060-01-01T00:00:00Z", "precision": "day", "zone": "Nowhere/At_All"},
    {"time": "9999-12-31T23:59:59Z", "precision": "hour"},
    {"time": "0001-01-01T00:00:00+12:00", "precision": "day", "zone": "Asia/Tokyo"},
]


@pytest.mark.parametrize("changed", FAULTY, ids=range(len(FAULTY)))
def test_times_that_no_calendar_can_reckon_with_are_refused_with_their_field(changed: dict[str, str]) -> None:
    """Found by fuzzing: the decoder itself broke on them."""
    for stamp in ({}, {"ingested": "2026-01-01T00:00:00Z"}):
        with pytest.raises(Refused, match=r"\$\.(zone|time)"):
            decode(msgspec.json.encode(incident("edge") | changed | stamp))
    found = read(msgspec.json.encode(incident("edge") | changed), NOW)
    assert isinstance(found, Unread)
    assert found.field in ("$.zone", "$.time")
