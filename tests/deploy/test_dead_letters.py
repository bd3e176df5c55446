"""``steadyline dead-letters``: listed, shown, mended and retried."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from streams.log.sqlite import Log
from tests.deploy.conftest import Steadyline
from tests.deploy.records import DECLINED, QUIET

Recording = Callable[..., Path]


@pytest.fixture
def refused(steadyline: Steadyline, recording: Recording) -> Path:
    """A recording of which two lines were refused; the first lacks the zone of its time, the second is a text."""
    path = recording(DECLINED[0], DECLINED[1].replace("20:00:00Z", "20:00:00", 1), "nonsense")
    assert steadyline("replay", path).exit_code == 3
    return path


def test_there_are_none_at_first(steadyline: Steadyline, state: Path) -> None:
    result = steadyline("dead-letters", "list")
    assert (result.exit_code, result.stdout) == (0, "no dead letters\n")
    assert steadyline("dead-letters", "list", "--json").stdout == ""
    assert steadyline("dead-letters", "retry").stdout == "no dead letters wait\n"
    assert steadyline("dead-letters", "retry", 1).exit_code == 2
    assert steadyline("dead-letters", "show", 1).exit_code == 2
    assert not state.exists(), "to look makes no file"


def test_they_are_listed_with_file_line_and_reason(steadyline: Steadyline, refused: Path) -> None:
    result = steadyline("dead-letters", "list")
    assert result.exit_code == 0
    rows = [json.loads(line) for line in steadyline("dead-letters", "list", "--json").stdout.splitlines()]
    assert [(row["number"], row["place"], row["line"], row["state"]) for row in rows] == [
        (1, str(refused), 2, "waiting"),
        (2, str(refused), 3, "waiting"),
    ]
    assert "$.time" in rows[0]["reason"]
    assert "malformed" in result.stdout


def test_one_is_shown_with_its_text(steadyline: Steadyline, refused: Path) -> None:
    result = steadyline("dead-letters", "show", 2)
    assert result.exit_code == 0
    assert "nonsense" in result.stdout
    assert f"{refused}:3" in result.stdout
    assert json.loads(steadyline("dead-letters", "show", 2, "--json").stdout)["data"] == "nonsense"


def test_what_is_still_no_event_is_still_refused(steadyline: Steadyline, refused: Path) -> None:
    result = steadyline("dead-letters", "retry")
    assert result.exit_code == 3
    assert result.stdout.count("still refused") == 2


@pytest.mark.parametrize("laid_out", [False, True])
def test_a_mended_one_goes_to_the_log_and_is_judged(
    steadyline: Steadyline, refused: Path, state: Path, tmp_path: Path, laid_out: bool
) -> None:
    mended = tmp_path / "mended.json"
    mended.write_text(json.dumps(json.loads(DECLINED[1]), indent=2) if laid_out else DECLINED[1] + "\n")
    result = steadyline("dead-letters", "retry", 1, "--with", mended)
    assert (result.exit_code, result.stdout) == (0, "1: mended, in the log as declined\n")
    with Log(state) as log:
        assert [record.id for record in log.read()] == ["declined"]
        assert all(b"\n" not in record.data for record in log.read())
    listed = [json.loads(line)["number"] for line in steadyline("dead-letters", "list", "--json").stdout.splitlines()]
    assert listed == [2]
    everything = steadyline("dead-letters", "list", "--all", "--json").stdout.splitlines()
    assert [json.loads(line)["state"] for line in everything] == ["mended", "waiting"]
    replayed = steadyline("replay", state, "--json")
    assert json.loads(replayed.stdout.splitlines()[0])["reason"] == "declined"


def test_several_are_mended_line_by_line_from_standard_input(steadyline: Steadyline, refused: Path) -> None:
    text = "\n".join([DECLINED[1], QUIET[0]]).encode()
    result = steadyline("dead-letters", "retry", 1, 2, "--with", "-", "--json", stdin=text)
    assert result.exit_code == 0
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(row["number"], row["state"], row["event"]) for row in rows] == [
        (1, "mended", "declined"),
        (2, "mended", "quiet-1"),
    ]


def test_as_many_lines_as_numbers_are_asked_for(steadyline: Steadyline, refused: Path) -> None:
    result = steadyline("dead-letters", "retry", 1, 2, "--with", "-", stdin=QUIET[0].encode())
    assert result.exit_code == 2
    assert "one line for each of 2" in result.stderr


@pytest.mark.parametrize(
    ("change", "reason"),
    [(("2023-02-04T20", "2999-02-04T20"), "has not come yet"), (("us-china-dtl", "unheard-of"), "unheard-of")],
)
def test_a_retry_refuses_what_a_replay_would(
    steadyline: Steadyline, refused: Path, change: tuple[str, str], reason: str
) -> None:
    record = json.loads(DECLINED[1].replace(*change))
    del record["reported"]
    result = steadyline("dead-letters", "retry", 1, "--with", "-", stdin=json.dumps(record).encode())
    assert result.exit_code == 3
    assert reason in result.stdout


def test_a_run_with_a_log_keeps_events_and_dead_letters_there(
    steadyline: Steadyline, recording: Recording, state: Path, tmp_path: Path
) -> None:
    log = tmp_path / "kept.db"
    path = recording(*DECLINED, "nonsense")
    for _ in range(2):
        result = steadyline("replay", path, "--log", log)
        assert result.exit_code == 3
        assert f"dead-letters list --log {log}" in result.stderr
    assert not state.exists()
    with Log(log) as kept:
        assert [record.id for record in kept.read()] == ["placed", "declined"], "twice replayed, once kept"
        assert [letter.line for letter in kept.dead_letters()] == [3]
    assert len(steadyline("dead-letters", "list", "--log", log, "--json").stdout.splitlines()) == 1
    from_file, from_log = steadyline("replay", path, "--json"), steadyline("replay", log, "--json")
    assert from_log.stdout.splitlines()[:-1] == from_file.stdout.splitlines()[:-1]
    assert from_log.exit_code == 1


def test_a_file_that_is_no_log_is_bad_input(steadyline: Steadyline, recording: Recording) -> None:
    path = recording("x" * 5_000)
    for arguments in (("dead-letters", "list", "--log", path), ("replay", path, "--log", path)):
        result = steadyline(*arguments)
        assert result.exit_code == 3
        assert "not a Steadyline log" in result.stderr
