"""``steadyline report``: checked at once, kept, handed over."""

import json
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from deploy.commands.report import app as report_app
from streams.agreements.load import load_builtin
from streams.events.decode import decode
from streams.log.sqlite import Log
from streams.watch import Watch
from tests.delivery.stub_gateway import TOKEN, StubGateway, stub_gateway
from tests.deploy.conftest import Steadyline

CALL = ("report", "call", "--channel", "us-china-dtl", "--party", "US")
FORMS: list[tuple[str, ...]] = [
    CALL,
    (*CALL, "--request", "call-7", "--outcome", "unanswered", "--at", "2026-01-05T09:20Z", "--text", "no answer: <b>\x1b[31m"),
    (
        "report",
        "incident",
        "--parties",
        "US,PRC",
        "--gravity",
        "high",
        "--domain",
        "air",
        "--at",
        "2026-01-05 09:10 Asia/Seoul",
    ),
    (
        *("report", "incident", "--parties", "US,RUS", "--gravity", "elevated", "--domain", "sea", "--at", "2026-01-05"),
        *("--zone", "Asia/Tokyo", "--place", "38.5,-132.2", "--closest-m", "50", "--platform", "USS Chafee", "--platform", "X"),
    ),
    ("report", "status", "--channel", "us-china-mmca", "--channel", "us-china-dtl", "--party", "PRC", "--status", "suspended"),
    (
        "report",
        "check",
        "--channel",
        "unc-kpa-pink-phone",
        "--outcome",
        "no-carrier",
        "--at",
        "2026-01-05 09:30",
        "--zone",
        "Asia/Seoul",
    ),
    ("report", "contact", "--parties", "US,PRC", "--channel", "us-china-dtl", "--level", "chief", "--at", "2026-01-05T09Z"),
    ("report", "retract", "report-1", "--reason", "the wrong channel"),
]


def told(output: str) -> Any:
    return json.loads(output)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: " ".join(form[1:4]))
def test_each_form_goes_into_the_embedded_log_and_is_judged(steadyline: Steadyline, state: Path, form: tuple[str, ...]) -> None:
    result = steadyline(*form, "--json")
    assert result.exit_code == 0, result.output
    row = told(result.stdout)
    assert (row["state"], row["why"], row["to"]) == ("sent", None, str(state))
    with Log(state) as log:
        (record,) = log.read()
    event = decode(record.data)
    assert event.id == row["id"] == row["event"]["id"]
    assert event.source.startswith("urn:steadyline:report:")
    assert event.reported is not None
    Watch(load_builtin()).receive(event)
    assert steadyline("spool", "status").exit_code == 0


def test_every_command_of_it_is_in_the_table() -> None:
    names = {command.callback.__name__ for command in report_app.registered_commands if command.callback}
    assert names == {form[1] for form in FORMS}


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (FORMS[2], {"time": "2026-01-05T00:10:00Z", "precision": "minute", "zone": "Asia/Seoul", "local": "2026-01-05T09:10"}),
        (FORMS[3], {"time": "2026-01-04T15:00:00Z", "precision": "day", "zone": "Asia/Tokyo"}),
        (FORMS[6], {"time": "2026-01-05T09:00:00Z", "precision": "hour"}),
    ],
    ids=["minute", "day", "hour"],
)
def test_a_time_keeps_its_zone_and_precision(steadyline: Steadyline, form: tuple[str, ...], expected: dict[str, str]) -> None:
    event = told(steadyline(*form, "--dry-run", "--json").stdout)
    assert {name: event.get(name) for name in ("time", "precision", "zone", "local") if name in event} == expected


def test_a_dry_run_prints_the_event_and_leaves_nothing_behind(steadyline: Steadyline, state: Path) -> None:
    result = steadyline(*CALL, "--dry-run", "--exercise", "--id", "e1", "--source", "urn:test")
    assert result.exit_code == 0
    event = decode(result.stdout.encode())
    assert (event.id, event.source, event.exercise) == ("e1", "urn:test", True)
    assert not state.parent.exists()


def test_all_faults_are_told_at_once(steadyline: Steadyline, state: Path) -> None:
    result = steadyline(
        *("report", "call", "--channel", "us-china-dlt", "--party", "USA", "--outcome", "plced", "--at", "09:00 KST"),
        *("--reported", "soon", "--id", "two words", "--source", ""),
    )
    assert result.exit_code == 2
    lines = result.stderr.splitlines()
    assert {re.findall(r"--[a-z]+", line)[0] for line in lines} >= {
        *("--at", "--reported", "--id", "--source", "--channel", "--party", "--outcome"),
    }
    assert "did you mean us-china-dtl" in result.stderr
    assert "did you mean placed" in result.stderr
    assert "does not say its day" in result.stderr
    assert not state.parent.exists()


FAULTS: list[tuple[tuple[str, ...], str]] = [
    ((*CALL[:-1], "DPRK"), "DPRK is no party of us-china-dtl: expected one of"),
    ((*CALL, "--outcome", "declined"), "--request: expected the call that was declined"),
    ((*CALL, "--request", "no good"), "--request: expected letters, digits"),
    ((*CALL, "--at", "2999-01-01T00:00Z"), "has not come yet"),
    ((*CALL, "--at", "2026-01-05T09:00Z", "--reported", "2026-01-04T09:00Z"), "is before it happened"),
    ((*CALL, "--reported", "2999-01-01T00:00Z"), "has not come yet"),
    ((*CALL, "--text", "x" * 20_001), "expected at most 20,000 characters"),
    ((*CALL, "--precision", "week"), "expected one of second, minute, hour, day"),
    ((*CALL, "--to", "http://gateway.example"), "--plain-http"),
    ((*CALL, "--to", "https://me:secret@gateway.example"), "do not belong into the address"),
    (("report", "incident", "--parties", "US", "--gravity", "high", "--domain", "air"), "two different parties"),
    (("report", "incident", "--parties", "US,US", "--gravity", "high", "--domain", "air"), "two different parties"),
    (("report", "incident", "--parties", "US,PRC", "--gravity", "hihg", "--domain", "air"), "did you mean high"),
    ((*FORMS[2], "--place", "91,0"), "expected LATITUDE,LONGITUDE"),
    ((*FORMS[2], "--place", "nan,0"), "expected LATITUDE,LONGITUDE"),
    ((*FORMS[2], "--closest-m", "-1"), "expected metres"),
    ((*FORMS[2], "--closest-m", "inf"), "expected metres"),
    ((*FORMS[2], "--platform", "x" * 201), "at most 200 characters"),
    ((*FORMS[4], "--channel", "us-china-dtl"), "expected 1 to 100 different channels"),
    ((*FORMS[5], "--latency-ms", "nan"), "expected milliseconds"),
    (("report", "contact", "--parties", "US,DPRK", "--channel", "us-china-dtl"), "DPRK is no party of us-china-dtl"),
    (("report", "contact", "--parties", "US,PRC", "--level", "boss"), "--level: expected one of leader"),
    (("report", "retract", "two words", "--reason", "x"), "ID: expected 1 to 200 characters without spaces"),
]


@pytest.mark.parametrize(("arguments", "words"), FAULTS, ids=[words[:40] for _, words in FAULTS])
def test_what_is_wrong_is_said_and_not_kept(
    steadyline: Steadyline, state: Path, arguments: tuple[str, ...], words: str
) -> None:
    result = steadyline(*arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert "secret" not in result.output
    assert not state.parent.exists()


def test_the_same_words_are_a_new_report_unless_the_id_says_otherwise(steadyline: Steadyline, state: Path) -> None:
    for _ in range(2):
        assert steadyline(*CALL).exit_code == 0
    for _ in range(2):
        result = steadyline(*CALL, "--id", "mine", "--at", "2026-01-05T09:00Z", "--reported", "2026-01-05T09:01Z")
        assert (result.exit_code, result.stdout) == (0, f"mine: handed over to {state}\n")
    with Log(state) as log:
        assert len(log) == 3


def test_another_report_under_an_id_that_the_log_has_is_refused_and_kept_aside(steadyline: Steadyline, state: Path) -> None:
    mine = ("--id", "mine", "--at", "2026-01-05T09:00Z", "--reported", "2026-01-05T09:01Z")
    assert steadyline(*CALL, *mine).exit_code == 0
    result = steadyline(*CALL, *mine, "--text", "it was another call")
    assert result.exit_code == 3, result.output
    assert "other content" in result.stderr
    assert "other content" in steadyline("spool", "dead-letters", "--json").stdout
    with Log(state) as log:
        assert len(log) == 1


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[StubGateway]:
    monkeypatch.setenv("STEADYLINE_TOKEN", TOKEN)
    monkeypatch.setattr("deploy.delivering.PATIENCE_S", 0.0)
    with stub_gateway() as stub:
        yield stub


def test_what_a_gateway_refuses_for_good_is_said_and_kept_aside(steadyline: Steadyline, stub: StubGateway) -> None:
    stub.refuse = lambda event: "not a channel of this token"
    result = steadyline(*CALL, "--to", stub.url, "--id", "mine")
    assert result.exit_code == 3
    assert "mine: refused by" in result.stdout
    assert "not a channel of this token" in result.stderr
    stub.refuse = lambda event: None
    assert steadyline("report", "check", "--channel", "unc-kpa-pink-phone", "--to", stub.url).exit_code == 0, "not held up"


def test_a_gateway_that_is_away_leaves_it_in_the_spool(
    steadyline: Steadyline, state: Path, stub: StubGateway, tmp_path: Path
) -> None:
    with stub_gateway() as gone:
        url = gone.url
    result = steadyline(*CALL, "--to", url, "--id", "first")
    assert (result.exit_code, result.stdout) == (75, "first: kept, will be sent: steadyline spool send\n")
    assert "no answer from the gateway" in result.stderr
    row = told(steadyline(*CALL, "--to", url, "--id", "second", "--exercise", "--json").stdout)
    assert (row["state"], row["id"]) == ("kept", "second")
    assert steadyline(*CALL, "--to", url, "--id", "second").exit_code == 3, "another event under its id"
    assert not state.exists()
    result = steadyline("spool", "status")
    assert result.exit_code == 75
    assert f"{url}: 2 events wait" in result.stdout
    row = told(steadyline("spool", "status", "--json").stdout)
    assert (row["target"], row["waiting"], row["dead_letters"]) == (url, 2, 0)
    assert abs((datetime.now(UTC) - datetime.fromisoformat(row["oldest"])).total_seconds()) < 60
    result = steadyline("spool", "send", "--patience", "0")
    assert result.exit_code == 75
    assert "0 handed over, 2 still wait" in result.stdout
    with stub_gateway(int(url.rpartition(":")[2])) as back:
        assert steadyline("spool", "send", "--to", stub.url).stdout == "nothing waits\n"
        result = steadyline("spool", "send")
        assert (result.exit_code, result.stdout) == (0, f"{url}: 2 handed over\n")
        assert back.ids == ["first", "second"]
        assert [event.get("exercise", False) for event in back.log.values()] == [False, True]
    assert (steadyline("spool", "status").exit_code, steadyline("spool", "send").exit_code) == (0, 0)


def test_a_wrong_token_is_said_and_the_report_is_kept(steadyline: Steadyline, stub: StubGateway, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("another-secret")
    result = steadyline(*CALL, "--to", stub.url, "--token-file", token)
    assert result.exit_code == 75
    assert "401 Unauthorized" in result.stderr
    assert "another-secret" not in result.output
    token.write_text(TOKEN)
    assert steadyline("spool", "send", "--token-file", token).exit_code == 0
    assert len(stub.ids) == 1


def test_the_target_comes_from_the_environment_too(
    steadyline: Steadyline, stub: StubGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEADYLINE_TO", stub.url)
    assert steadyline(*CALL, "--id", "mine").exit_code == 0
    assert stub.ids == ["mine"]


def test_dead_letters_are_listed_put_back_and_dropped(steadyline: Steadyline, stub: StubGateway) -> None:
    assert steadyline("spool", "dead-letters").stdout == "no dead letters\n"
    assert steadyline("spool", "retry", 1).exit_code == 2
    stub.refuse = lambda event: "why \x1b[31m not"
    for name in ("one", "two"):
        assert steadyline(*CALL, "--to", stub.url, "--id", name).exit_code == 3
    result = steadyline("spool", "dead-letters")
    assert result.exit_code == 3
    assert "channel.request one" in result.stdout
    assert "\x1b" not in result.stdout
    rows = [told(line) for line in steadyline("spool", "dead-letters", "--json").stdout.splitlines()]
    assert [(row["number"], row["id"], row["data"]["id"]) for row in rows] == [(1, "one", "one"), (2, "two", "two")]
    assert steadyline("spool", "drop", 1, 9).exit_code == 2, "all or none"
    assert steadyline("spool", "drop", 1).stdout == "1: deleted\n"
    assert told(steadyline("spool", "retry", 2, "--json").stdout) == {"number": 2, "state": "waiting"}
    assert steadyline("spool", "send").exit_code == 3, "refused once more"
    stub.refuse = lambda event: None
    steadyline("spool", "retry", 3)
    assert steadyline("spool", "send", "--json").exit_code == 0
    assert stub.ids == ["two"]


def test_a_full_spool_is_said_and_nothing_is_dropped(
    steadyline: Steadyline, stub: StubGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("producers.delivery.spool.Limits.__new__.__defaults__", (1, 10_000))
    with stub_gateway() as gone:
        url = gone.url
    assert steadyline(*CALL, "--to", url, "--id", "first").exit_code == 75
    result = steadyline(*CALL, "--to", url, "--id", "second")
    assert result.exit_code == 3
    assert "the spool is full (1 events" in result.stderr
    assert told(steadyline("spool", "status", "--json").stdout)["waiting"] == 1


def test_a_spool_that_cannot_be_used_is_said_so(steadyline: Steadyline, tmp_path: Path) -> None:
    path = tmp_path / "other"
    path.write_text("not a database at all" * 100)
    for command in (CALL, ("spool", "status"), ("spool", "send"), ("spool", "dead-letters"), ("spool", "drop", "1")):
        result = steadyline(*command, "--spool", path)
        assert result.exit_code == 3, command
        assert "not a Steadyline spool" in result.stderr
    assert steadyline("spool", "status", "--spool", tmp_path / "missing").exit_code == 3


def test_a_user_without_a_name_reports_all_the_same(steadyline: Steadyline, monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise OSError("no such user")

    monkeypatch.setattr("getpass.getuser", nameless)
    assert told(steadyline(*CALL, "--dry-run").stdout)["source"] == "urn:steadyline:report:unknown"
    monkeypatch.setattr("getpass.getuser", lambda: f"a b/{os.sep}ü")
    assert told(steadyline(*CALL, "--dry-run").stdout)["source"] == "urn:steadyline:report:a%20b%2F%2F%C3%BC"
