"""``steadyline notices send`` and ``template``: forms and broadcast texts into the log, or every fault at once."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streams.agreements.load import load_builtin
from streams.events.decode import decode
from streams.events.launches import LaunchNotice
from streams.log.sqlite import Log
from streams.watch import Watch
from tests.delivery.stub_gateway import TOKEN, StubGateway, stub_gateway
from tests.deploy.conftest import Steadyline

FORM = """\
notice = "A-1"
party = "PRC"
issued = 2026-11-23T09:00:00Z
[[recipients]]
party = "JPN"
received = 2026-11-23T09:05:00Z
"""
AREA = "IN AREA BOUND BY 23-45N 120-12E, 24-15N 120-12E, 24-15N 120-42E."
PLAN = f"221234Z SEP 24\nHYDROPAC 2345/24(97).\nROCKET LAUNCHING 250014Z TO 250614Z SEP {AREA}\n"
CANCEL = "231234Z SEP 24\nHYDROPAC 2350/24.\nCANCEL HYDROPAC 2345/24.\n"
GUNNERY = PLAN.replace("ROCKET LAUNCHING", "GUNNERY").replace("2345/24(97)", "2346/24")
UNCLEAR = PLAN.replace("ROCKET LAUNCHING", "HAZARDOUS OPERATIONS").replace("2345/24(97)", "2347/24")


@pytest.fixture
def file(tmp_path: Path) -> Any:
    def write(content: str, name: str = "notices.txt") -> Path:
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return path

    return write


def logged(state: Path) -> list[LaunchNotice]:
    with Log(state) as log:
        found = [decode(record.data) for record in log.read()]
    assert all(isinstance(event, LaunchNotice) for event in found)
    return found  # type: ignore[return-value]


def rows(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def test_a_form_goes_into_the_log_and_is_judged(steadyline: Steadyline, state: Path, file: Any) -> None:
    result = steadyline("notices", "send", file(FORM, "notice.toml"))
    assert result.exit_code == 0, result.output
    (event,) = logged(state)
    assert result.stdout == f"{event.id}: handed over to {state}\n"
    assert event.source.startswith("urn:steadyline:report:")
    Watch(load_builtin()).receive(event)
    assert steadyline("notices", "send", file(FORM, "notice.toml")).exit_code == 0
    assert len(logged(state)) == 1, "what is sent again counts once"


def test_a_text_and_what_cancels_it_later_are_one_notice(steadyline: Steadyline, state: Path, file: Any) -> None:
    for text in (PLAN, CANCEL):
        result = steadyline("notices", "send", file(text), "--party", "PRC", "--json")
        assert result.exit_code == 0, result.output
        (row,) = rows(result.stdout)
        assert (row["state"], row["why"], row["to"]) == ("sent", None, str(state))
    assert [(event.data.notice, event.data.revision, event.data.status) for event in logged(state)] == [
        ("hydropac-2345-24", 1, "planned"),
        ("hydropac-2345-24", 2, "cancelled"),
    ]


def test_what_is_no_launch_is_passed_over_and_what_is_unclear_waits(steadyline: Steadyline, state: Path, file: Any) -> None:
    result = steadyline("notices", "send", file(f"{GUNNERY}\n{UNCLEAR}\n{PLAN}"), "--received", "2024-09-24T00:00Z")
    assert result.exit_code == 1
    assert "HYDROPAC 2346/24: passed over: gunnery is no launch" in result.stderr
    assert "notices.txt:5: HYDROPAC 2347/24: left out" in result.stderr.replace("\n", "")
    assert "goes in, marked: who launches" in result.stderr
    (event,) = logged(state)
    assert (event.data.party, event.received) == ("UNKNOWN", event.data.recipients[0].received)
    assert steadyline("notices", "send", file(UNCLEAR), "--hazard", "launch").exit_code == 0
    assert len(logged(state)) == 2


FAULTY = "notice,party,issued,recipients\nA-1,PRC,2026-11-23T09:00Z,JPN\nA-2,prc,soon,\n"


@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_where_one_notice_is_faulty_all_faults_are_told_and_none_is_sent(
    steadyline: Steadyline, state: Path, file: Any, as_json: bool
) -> None:
    path = file(FAULTY, "n.csv")
    result = steadyline("notices", "send", path, *(["--json"] if as_json else []))
    assert result.exit_code == 3
    assert not state.parent.exists()
    if as_json:
        assert [(row["ok"], row["line"], row["field"]) for row in rows(result.stdout)] == [
            (False, 3, "issued"),
            (False, 3, "party"),
            (False, 3, "recipients"),
        ]
    else:
        said = result.stderr.replace("\n", "")
        for expected in (":3: party: expected", ":3: issued: expected 2026-11-23T09:00Z", ":3: recipients: expected this"):
            assert f"{path}{expected}" in said
        assert "nothing was sent; --partial" in said


def test_what_is_sound_is_sent_where_that_is_asked_for(steadyline: Steadyline, state: Path, file: Any) -> None:
    assert steadyline("notices", "send", file(FAULTY, "n.csv"), "--partial").exit_code == 3
    assert [event.data.notice for event in logged(state)] == ["A-1"]


def test_a_text_that_is_too_long_holds_the_others_back(steadyline: Steadyline, state: Path, file: Any) -> None:
    path = file(f"{PLAN}\nHYDROPAC 2346/24.\n{'GUNNERY. ' * 3_000}\n")
    result = steadyline("notices", "send", path, "--party", "PRC")
    assert result.exit_code == 3
    assert f"{path}:5: expected a warning of at most 20,000 characters" in result.stderr.replace("\n", "")
    assert not state.exists()
    assert steadyline("notices", "send", path, "--party", "PRC", "--partial").exit_code == 3
    assert len(logged(state)) == 1


def test_a_dry_run_prints_the_events_and_leaves_nothing_behind(steadyline: Steadyline, state: Path, file: Any) -> None:
    result = steadyline("notices", "send", file(PLAN), "--dry-run", "--json", "--exercise")
    assert result.exit_code == 0
    event = decode(result.stdout.encode())
    assert (event.exercise, event.id.startswith("exercise-hydropac-2345-24-r1-")) == (True, True)
    assert not state.parent.exists()
    assert steadyline("notices", "send", file(PLAN)).exit_code == 0
    result = steadyline("notices", "send", file(CANCEL), "--dry-run", "--json")
    assert decode(result.stdout.encode()).data.revision == 2, "what was sent is remembered"  # type: ignore[union-attr]
    assert len(logged(state)) == 1


def test_the_sign_of_life_of_a_feed_goes_after_its_warnings_and_only_where_all_of_them_went_in(
    steadyline: Steadyline, state: Path, file: Any
) -> None:
    told = ("--feed", "navarea-xi", "--received", "2024-09-24T00:00Z", "--json")
    result = steadyline("notices", "send", file(PLAN), *told)
    assert result.exit_code == 0, result.output
    assert [row["event"]["type"] for row in rows(result.stdout)] == [
        "org.steadyline.launch.notice.v1",
        "org.steadyline.feed.heartbeat.v1",
    ]
    beat = rows(result.stdout)[-1]["event"]
    assert (beat["data"], beat["time"]) == ({"feed": "navarea-xi"}, "2024-09-24T00:00:00Z")
    quiet = steadyline("notices", "send", file("\n"), "--form", "text", "--feed", "navarea-xi", "--json")
    assert (quiet.exit_code, len(rows(quiet.stdout))) == (0, 1), "on some days none is broadcast"
    for content, code in ((UNCLEAR, 1), (f"HYDROPAC 2346/24.\n{'GUNNERY. ' * 3_000}\n", 3)):
        result = steadyline("notices", "send", file(content), "--partial", *told)
        assert (result.exit_code, result.stdout) == (code, "" if code == 1 else result.stdout)
        assert "no sign of life of navarea-xi" in result.stderr
        assert "feed.heartbeat" not in result.stdout


BAD_USE = [
    (("--feed", "navarea-x"), "--feed: no agreement knows the feed 'navarea-x'; did you mean navarea-xi?"),
    (("--received", "2999-01-01T00:00Z"), "--received: 2999-01-01 00:00Z has not come yet"),
    (("--form", "yaml"), "--form: expected one of json, jsonl, csv, toml, text, got 'yaml'"),
    (("--hazard", "gunnery"), "--hazard: expected launch or debris, got 'gunnery'"),
    (("--party", "PCR"), "--party: no agreement knows the party 'PCR'; did you mean PRC?"),
    (("--to", "http://gateway.example"), "--plain-http"),
    (("--received", "yesterday"), "--received"),
]


@pytest.mark.parametrize(("arguments", "expected"), BAD_USE, ids=[arguments[0] for arguments, _ in BAD_USE])
def test_bad_use_is_told(steadyline: Steadyline, state: Path, file: Any, arguments: tuple[str, ...], expected: str) -> None:
    result = steadyline("notices", "send", file(PLAN), *arguments)
    assert result.exit_code == 2
    assert expected in result.stderr
    assert not state.parent.exists()


def test_nothing_to_send_and_nothing_to_read_are_bad_input(steadyline: Steadyline, tmp_path: Path) -> None:
    assert steadyline("notices", "send", tmp_path / "none.txt").exit_code == 3
    result = steadyline("notices", "send", "-", stdin=b"")
    assert (result.exit_code, "standard input: expected a warning, got none" in result.stderr) == (3, True)
    other = tmp_path / "other.db"
    other.write_bytes(b"no database" * 100)
    result = steadyline("notices", "send", "-", "--memory", other, stdin=PLAN.encode())
    assert (result.exit_code, f"{other}: not a Steadyline memory of warnings" in " ".join(result.stderr.split())) == (3, True)


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[StubGateway]:
    monkeypatch.setenv("STEADYLINE_TOKEN", TOKEN)
    monkeypatch.setattr("deploy.delivering.PATIENCE_S", 0.0)
    with stub_gateway() as stub:
        yield stub


def test_a_gateway_gets_them_refuses_some_and_is_waited_for(steadyline: Steadyline, stub: StubGateway, file: Any) -> None:
    table = "notice,party,issued,recipients\nA-1,PRC,2026-11-23T09:00Z,JPN\nA-2,PRC,2026-11-23T09:00Z,JPN\n"
    stub.refuse = lambda event: "not yours" if event["data"]["notice"] == "A-2" else None
    result = steadyline("notices", "send", file(table, "n.csv"), "--to", stub.url, "--json")
    assert result.exit_code == 3
    assert [(row["event"]["data"]["notice"], row["state"], row["why"]) for row in rows(result.stdout)] == [
        ("A-1", "sent", None),
        ("A-2", "refused", "not yours"),
    ]
    with stub_gateway() as gone:
        url = gone.url
    result = steadyline("notices", "send", file(FORM, "n.toml"), "--to", url)
    assert (result.exit_code, "kept, will be sent: steadyline spool send" in result.stdout) == (75, True)


@pytest.mark.parametrize("arguments", [(), ("--format", "csv"), ("--format", "json"), ("--json",)])
def test_the_template_is_a_form_that_send_reads(steadyline: Steadyline, file: Any, arguments: tuple[str, ...]) -> None:
    form = steadyline("notices", "template", *arguments)
    assert form.exit_code == 0
    result = steadyline("notices", "send", "-", stdin=form.stdout.encode())
    assert result.exit_code == 3
    assert "expected" in result.stderr
    assert steadyline("notices", "template", "--format", "yaml").exit_code == 2


def test_hostile_characters_do_nothing(steadyline: Steadyline, file: Any) -> None:
    result = steadyline("notices", "send", file("notice,party\n\x1b[2J,\u202ex\n", "n.csv"))
    assert result.exit_code == 3
    assert "\x1b" not in result.output
    assert "\u202e" not in result.output
