"""Each kind of bad input, end to end: the right dead letter, the rest processed, exit code 3."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from streams.events.decode import MAX_BYTES
from streams.log.sqlite import Log
from tests.deploy.conftest import Steadyline
from tests.deploy.records import DECLINED, QUIET, meeting, record, request

Recording = Callable[..., Path]


def notice(**data: Any) -> str:
    """A launch notice with these fields."""
    return record(
        "launch.notice", "n", "2023-01-03T00:00:00Z", {"notice": "n", "party": "US", "recipients": [{"party": "RUS"}]} | data
    )


BAD: list[Any] = [
    pytest.param("{not json", "malformed", id="no JSON"),
    pytest.param(QUIET[0][:-1], "truncated", id="cut off"),
    pytest.param(b"\xff\xfe\x00", "malformed", id="no UTF-8"),
    pytest.param(QUIET[0].encode().replace(b"urn:test", b"urn:\xff"), "utf-8", id="no UTF-8 in a text"),
    pytest.param(record("weather", "w", "2023-01-03T00:00:00Z", {}), "$.type", id="unknown type"),
    pytest.param(meeting("m", "2023-01-03T00:00:00"), "$.time", id="time without zone"),
    pytest.param(
        notice(window={"opens": "2023-01-05T00:00:00Z", "closes": "2023-01-04T00:00:00Z"}),
        "$.data.window",
        id="inverted window",
    ),
    pytest.param(
        notice(impact_areas=[{"shape": "polygon", "points": [[0, 0], [10, 10], [0, 10], [10, 0]]}]),
        "$.data.impact_areas",
        id="self-crossing polygon",
    ),
    pytest.param(notice(range_km=-5), "$.data.range_km", id="negative range"),
    pytest.param(
        request("r", "2023-01-03T04:44:00Z", zone="+08:00", local="2023-01-03T08:44"), "4:00:00 apart", id="4 h clash of times"
    ),
    pytest.param(meeting("m", "2999-01-01T00:00:00Z"), "has not come yet", id="the year mistyped"),
    pytest.param(
        request("r", "2023-01-03T00:00:00Z").replace("us-china-dtl", "us-chnia-dtl"), "us-chnia-dtl", id="no such channel"
    ),
    pytest.param(b"x" * (MAX_BYTES + 1), f"{MAX_BYTES} bytes", id="over-long"),
    pytest.param(b"x" * (5 * MAX_BYTES), f"{MAX_BYTES} bytes", id="far too long"),
]


@pytest.mark.parametrize(("bad", "reason"), BAD)
def test_a_bad_line_is_a_dead_letter_and_the_rest_is_judged(
    steadyline: Steadyline, recording: Recording, state: Path, bad: str | bytes, reason: str
) -> None:
    path = recording(DECLINED[0], bad, "", DECLINED[1])
    result = steadyline("replay", path, "--json")
    assert result.exit_code == 3, result.stderr
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(lapse["rule"], lapse["reason"]) for lapse in lines[:-1]] == [("call-request", "declined")]
    assert lines[-1]["summary"]["dead_letters"] == 1
    assert lines[-1]["summary"]["events"] == 2
    with Log(state) as log:
        (letter,) = log.dead_letters()
    assert (letter.place, letter.line, letter.state) == (str(path), 2, "waiting")
    assert reason.lower() in letter.reason.lower()
    assert f"{path}:2: " in result.stderr
    assert "1 dead letter: see `steadyline dead-letters list`" in result.stderr


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        pytest.param(QUIET, 0, id="nothing lapsed"),
        pytest.param(DECLINED, 1, id="a lapse"),
        pytest.param([*QUIET, "{"], 3, id="bad input"),
        pytest.param([*DECLINED, "{"], 3, id="bad input takes precedence"),
        pytest.param([], 0, id="nothing at all"),
        pytest.param([line.replace('"urn:test"', '"urn:test", "exercise": true') for line in DECLINED], 0, id="a drill"),
    ],
)
def test_the_exit_code_says_what_was_found(steadyline: Steadyline, recording: Recording, lines: list[str], code: int) -> None:
    assert steadyline("replay", recording(*lines)).exit_code == code


def test_plain_gzip_directory_and_standard_input_give_the_same(
    steadyline: Steadyline, recording: Recording, tmp_path: Path
) -> None:
    plain = recording(*DECLINED)
    packed = tmp_path / "packed"
    packed.mkdir()
    (packed / "b.jsonl.gz").write_bytes(gzip.compress(DECLINED[1].encode()))
    (packed / "a.jsonl").write_text(DECLINED[0])
    results = [
        steadyline("replay", plain, "--json"),
        steadyline("replay", packed, "--json"),
        steadyline("replay", "-", "--json", stdin=plain.read_bytes()),
        steadyline("replay", "-", "--json", stdin=gzip.compress(plain.read_bytes())),
    ]
    assert [result.exit_code for result in results] == [1] * 4
    assert len({tuple(result.stdout.splitlines()[:-1]) for result in results}) == 1


def test_a_cut_gzip_is_judged_as_far_as_it_goes(steadyline: Steadyline, tmp_path: Path) -> None:
    filler = [meeting(f"filler-{number}", "2023-02-08T00:00:00Z") for number in range(20_000)]
    path = tmp_path / "cut.jsonl.gz"
    packed = gzip.compress("\n".join([*DECLINED, *filler]).encode())
    path.write_bytes(packed[: len(packed) // 2])
    result = steadyline("replay", path, "--json")
    assert result.exit_code == 3
    assert "cut off" in result.stderr
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert lines[0]["reason"] == "declined"
    assert lines[-1]["summary"]["unreadable"][0]["place"] == str(path)
    assert lines[-1]["summary"]["dead_letters"] == 0, "half a line at the cut is no dead letter"


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        pytest.param("us-chna-2022", 2, "did you mean us-china-2022", id="a story mistyped"),
        pytest.param("qqq", 2, "`steadyline stories`", id="no story at all"),
        pytest.param("missing.jsonl", 3, "no such file", id="a missing file"),
        pytest.param("missing/directory", 3, "no such file", id="a missing path"),
        pytest.param(".", 3, "found none", id="an empty directory"),
    ],
)
def test_what_cannot_be_replayed_says_why(
    steadyline: Steadyline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, code: int, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = steadyline("replay", name)
    assert result.exit_code == code
    assert message in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("replay",),
        ("replay", "us-china-2022", "--speed", "fast"),
        ("replay", "us-china-2022", "--until", "soon"),
        ("replay", "us-china-2022", "--until", "2023-01-01T00:00"),
        ("replay", "us-china-2022", "--unheard-of"),
        ("unheard-of",),
        ("diff", "us-china-2022"),
        ("diff", "-", "--rules", "x.toml"),
        ("schema", "unheard.of"),
        ("agreements", "show", "unheard-of"),
        ("dead-letters", "show", "99"),
        ("dead-letters", "retry", "--with", "x"),
    ],
)
def test_bad_use_is_2_and_is_told_on_standard_error(steadyline: Steadyline, arguments: tuple[str, ...]) -> None:
    result = steadyline(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr


@pytest.mark.parametrize(
    "address", ["http://ada:hunter22@127.0.0.1:1", "https://ada:hunter22@[::1]:1/x", "ftp://ada:hunter22@x"]
)
@pytest.mark.parametrize(
    "arguments",
    [
        ("influx", "setup", "--secrets", "kept", "--token-file", "{token}", "--url"),
        ("influx", "write", "--check"),
        ("grafana", "pull", "kept", "--token-file", "{token}", "--url"),
        ("alerts", "handover", "--token-file", "{token}", "--to"),
        ("spool", "send", "--token-file", "{token}", "--to"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_password_in_an_address_is_not_repeated(
    steadyline: Steadyline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], address: str
) -> None:
    token = tmp_path / "token"
    token.write_text("a-token")
    monkeypatch.setenv("STEADYLINE_INFLUX_URL", address)
    monkeypatch.setenv("STEADYLINE_INFLUX_TOKEN_FILE", str(token))
    given = [each.format(token=token) for each in arguments]
    result = steadyline(*given, *([] if arguments[-1] == "--check" else [address]))
    assert result.exit_code == 2
    assert "hunter22" not in "".join(result.output.split())


def test_dead_letters_that_cannot_be_kept_are_counted_all_the_same(
    steadyline: Steadyline, recording: Recording, state: Path
) -> None:
    state.parent.parent.write_text("a file where the directory should be")
    result = steadyline("replay", recording(*QUIET, "{"), "--json")
    assert result.exit_code == 3
    assert "not kept" in result.stderr
    assert json.loads(result.stdout)["summary"]["dead_letters"] == 1


def test_the_same_recording_twice_files_its_dead_letters_once(
    steadyline: Steadyline, recording: Recording, state: Path
) -> None:
    path = recording("{", "[")
    for _ in range(2):
        assert steadyline("replay", path).exit_code == 3
    with Log(state) as log:
        assert [letter.line for letter in log.dead_letters()] == [1, 2]


def test_many_dead_letters_are_not_told_one_by_one(steadyline: Steadyline, recording: Recording) -> None:
    result = steadyline("replay", recording(*["{"] * 500))
    assert len(result.stderr.splitlines()) < 15
    assert "500 dead letters" in result.stderr


def test_a_good_recording_makes_no_log(steadyline: Steadyline, recording: Recording, state: Path) -> None:
    steadyline("replay", recording(*DECLINED))
    assert not state.exists()


def test_a_file_whose_name_is_no_utf8_is_read_and_told_of(steadyline: Steadyline, tmp_path: Path) -> None:
    path = tmp_path / "r\udcff.jsonl"
    path.write_bytes(b"\n".join([QUIET[0].encode(), b"nonsense"]) + b"\n")
    log = tmp_path / "kept.db"
    for arguments in [("replay", path), ("replay", path, "--log", log), ("scorecard", path)]:
        told = [steadyline(*arguments), steadyline(*arguments, "--json")]
        assert [result.exit_code for result in told] == [3, 3], [result.output for result in told]
    with Log(log) as kept:
        assert [letter.place[-len("\\udcff.jsonl") :] for letter in kept.dead_letters()] == ["\\udcff.jsonl"]
    recorded = steadyline("record", "--log", log, tmp_path / "again\udcff.jsonl", "--json")
    assert json.loads(recorded.stdout)["summary"]["recording"].endswith("again\\udcff.jsonl")
    assert steadyline("agreements", "check", path, "--json").exit_code == 3
