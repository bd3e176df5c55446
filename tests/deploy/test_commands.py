"""What each command prints, for people and for machines."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.agreements.load import load_builtin
from streams.lapses import decode_lapse
from tests.deploy.conftest import Steadyline
from tests.deploy.records import DECLINED, QUIET, request

Recording = Callable[..., Path]

FIELDS: dict[str, Any] = {
    "id": str,
    "agreement": str,
    "obligation": str,
    "rule": str,
    "subject": str,
    "parties": list,
    "onset": str,
    "deadline": str,
    "resolved": (str, type(None)),
    "state": str,
    "severity": str,
    "events": list,
    "clause": str,
}
"""What every lapse has in JSON, whatever else it has."""


def lines(output: str) -> list[Any]:
    """The JSON of each line."""
    return [json.loads(line) for line in output.splitlines()]


def test_json_has_a_lapse_a_line_and_a_summary_at_the_end(steadyline: Steadyline) -> None:
    result = steadyline("replay", "us-china-2022", "--json")
    assert result.exit_code == 1
    *lapses, last = lines(result.stdout)
    assert lapses
    for lapse in lapses:
        for name, kind in FIELDS.items():
            assert isinstance(lapse[name], kind), name
        assert lapse["state"] in ("open", "resolved", "withdrawn", "unknown")
        assert lapse["severity"] in ("info", "warn", "page", "critical")
        assert lapse["onset"].endswith("Z")
        decode_lapse(msgspec.json.encode(lapse))
    assert [(lapse["onset"], lapse["id"]) for lapse in lapses] == sorted((lapse["onset"], lapse["id"]) for lapse in lapses)
    assert len({lapse["id"] for lapse in lapses}) == len(lapses), "the final revision of each, once"
    summary = last["summary"]
    assert summary["events"] == sum(summary["events_by_type"].values())
    standing = [lapse for lapse in lapses if lapse["state"] in ("open", "resolved")]
    assert summary["lapses"] == len(standing)
    assert sum(summary["lapses_by_state"].values()) == len(lapses)
    assert sum(summary["lapses_by_severity"].values()) == len(standing)
    assert summary["dead_letters"] == 0
    assert summary["seconds"] > 0
    assert summary["events_per_second"] > 0
    assert result.stderr == ""


def test_the_same_history_gives_the_same_bytes(steadyline: Steadyline) -> None:
    outputs = [steadyline("replay", "us-china-2022", "--json").stdout.splitlines()[:-1] for _ in range(2)]
    assert outputs[0] == outputs[1]


def test_the_table_names_rule_subject_onset_length_severity_and_state(steadyline: Steadyline, recording: Recording) -> None:
    result = steadyline("replay", recording(*DECLINED, request("late", "2023-02-09T00:00:00Z", "unanswered")))
    assert result.exit_code == 1
    for word in ("rule", "subject", "onset (UTC)", "how long", "severity", "state"):
        assert word in result.stdout
    told = result.stdout.splitlines()
    row = next(number for number, line in enumerate(told) if "us-china-dtl-2008" in line)
    for word in ("us-china-dtl/call-1", "2023-02-04 19:00Z", "OPEN"):
        assert word in told[row]
    assert told[row + 1].split() == ["call-request", "declined"]
    assert "1 lapse (1 open, 0 resolved)" in result.stdout
    assert "\x1b" not in result.stdout, "no colours where there is no terminal"
    assert result.stderr == ""


def test_explain_shows_clause_evidence_reckoning_and_history(steadyline: Steadyline, recording: Recording) -> None:
    result = steadyline("replay", recording(*DECLINED), "--explain")
    text = " ".join(result.stdout.split())
    rule = next(rule for agreement in load_builtin() for rule in agreement.obligations if rule.id == "call-request")
    for words in ("asked", rule.clause, "reckoning", "evidence", "declined channel.request 2023-02-04 20:00Z", "urn:test"):
        assert words in text
    assert "reported 2023-02-07 20:00Z" in text
    assert "history 1." in text


def test_explain_reads_standard_input_a_second_time(steadyline: Steadyline, recording: Recording) -> None:
    path = recording(*DECLINED)
    piped = steadyline("replay", "-", "--explain", stdin=path.read_bytes())
    assert "not in this recording" not in piped.stdout
    assert "urn:test" in piped.stdout


def test_json_with_explain_brings_evidence_and_history(steadyline: Steadyline, recording: Recording) -> None:
    lapse = lines(steadyline("replay", recording(*DECLINED), "--json", "--explain").stdout)[0]
    assert {event["id"] for event in lapse["evidence"]} == {"placed", "declined"}
    assert [revision["revision"] for revision in lapse["history"]] == list(range(1, lapse["revision"] + 1))


def test_exercise_is_said_at_both_ends_and_does_not_count(steadyline: Steadyline, recording: Recording) -> None:
    drill = [line.replace('"urn:test"', '"urn:test", "exercise": true') for line in DECLINED]
    result = steadyline("replay", recording(*drill))
    assert result.exit_code == 0
    told = [line.strip() for line in result.stdout.splitlines() if line.strip()]
    row = next(line for line in told if "us-china-dtl-2008" in line)
    assert row.startswith("EXERCISE")
    assert row.endswith("EXERCISE")
    assert told[0] == told[-1] == "EXERCISE"
    assert "1 in EXERCISE" in result.stdout
    assert lines(steadyline("replay", recording(*drill), "--json").stdout)[-1]["summary"]["exercise_lapses"] == 1


def test_until_ends_the_replay(steadyline: Steadyline, recording: Recording) -> None:
    path = recording(*DECLINED)
    result = steadyline("replay", path, "--until", "2023-02-04T19:30Z", "--json")
    assert lines(result.stdout)[-1]["summary"]["events_left_out"] == 1
    day = steadyline("replay", path, "--until", "2023-03-01", "--json")
    assert lines(day.stdout)[-1]["summary"]["until"] == "2023-03-01T23:59:59Z"


def test_a_pace_tells_changes_as_they_happen_on_standard_error(steadyline: Steadyline, recording: Recording) -> None:
    result = steadyline("replay", recording(*DECLINED), "--speed", "100000 d/s", "--json")
    assert result.exit_code == 1
    assert "us-china-dtl/call-1" in result.stderr
    lines(result.stdout)


def test_a_picture_needs_nobody_elses_server(steadyline: Steadyline, tmp_path: Path) -> None:
    pictures = [tmp_path / "a.svg", tmp_path / "b.svg"]
    for picture in pictures:
        assert steadyline("replay", "us-china-2022", "--svg", picture).exit_code == 1
    svg = pictures[0].read_text()
    assert pictures[1].read_text() == svg
    assert svg.startswith("<svg")
    assert "us-china-mmca" in svg.replace("&#160;", " ")
    assert "url(" not in svg.replace("url(#", "")


def stricter(tmp_path: Path) -> Path:
    """A rule of one's own: any incident between the two asks for contact within the hour."""
    path = tmp_path / "within-the-hour.toml"
    path.write_text(
        """
id = "within-the-hour"
title = "Contact within the hour"
standing = "proposed"
parties = ["US", "PRC"]
summary = "After any incident the two sides talk within the hour."
sources = ["urn:test"]

[[obligations]]
kind = "response"
id = "within-the-hour"
clause = "Contact within the hour."
sources = ["urn:test"]
unverified = ["steps"]
trigger = "incident"
gravity = "low"
steps = [{ after = "1 h", severity = "warn" }]
"""
    )
    return path


def test_rules_of_ones_own_judge_the_same_history(steadyline: Steadyline, tmp_path: Path) -> None:
    rules = stricter(tmp_path)
    for given in (rules, tmp_path):
        result = steadyline("replay", "us-china-2022", "--rules", given, "--json")
        found = [lapse for lapse in lines(result.stdout)[:-1] if lapse["agreement"] == "within-the-hour"]
        assert found
        assert all(lapse["proposed"] for lapse in found)
    table = steadyline("replay", "us-china-2022", "--rules", rules).stdout
    assert "[unverified]" in table
    assert "proposed" in table


def test_diff_shows_what_other_rules_change(steadyline: Steadyline, tmp_path: Path) -> None:
    rules = stricter(tmp_path)
    result = steadyline("diff", "us-china-2022", "--rules", rules, "--json")
    assert result.exit_code == 1
    *found, last = lines(result.stdout)
    assert {each["change"] for each in found} == {"added"}
    assert {each["after"]["agreement"] for each in found} == {"within-the-hour"}
    assert last["summary"]["added"] == len(found)
    told = steadyline("diff", "us-china-2022", "--rules", rules)
    assert f"{len(found)} only under the other rules" in told.stdout


def test_diff_with_the_same_rules_finds_nothing(steadyline: Steadyline, tmp_path: Path) -> None:
    result = steadyline("diff", "us-china-2022", "--rules", tmp_path)
    assert (result.exit_code, result.stdout) == (0, "nothing differs\n")


def test_diff_shows_both_judgements_of_one_lapse(steadyline: Steadyline, tmp_path: Path) -> None:
    source = next(Path("streams/agreements").glob("incident-contact.toml"))
    text = source.read_text()
    assert 'after = "2 h"' in text
    (tmp_path / source.name).write_text(text.replace('after = "2 h"', 'after = "3 h"'))
    result = steadyline("diff", "us-china-2022", "--rules", tmp_path / source.name)
    assert result.exit_code == 1
    assert "judged otherwise" in result.stdout
    assert "deadline" in result.stdout


@pytest.mark.parametrize(
    ("text", "named"), [("id = ", "broken.toml:1"), ('id = "broken"\n', "title"), ('id = "other"\n', "broken.toml")]
)
def test_a_faulty_agreement_is_bad_input_with_its_place(steadyline: Steadyline, tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "broken.toml"
    path.write_text(text)
    checked = steadyline("agreements", "check", path)
    assert checked.exit_code == 3
    assert named in checked.stdout
    assert lines(steadyline("agreements", "check", path, "--json").stdout)[0]["ok"] is False
    replayed = steadyline("replay", "us-china-2022", "--rules", path)
    assert replayed.exit_code == 3
    assert named in replayed.stderr
    assert replayed.stdout == ""


@pytest.mark.parametrize("arguments", [("agreements", "check"), ("replay", "us-china-2022", "--rules")])
def test_a_missing_agreement_is_bad_input(steadyline: Steadyline, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    result = steadyline(*arguments, tmp_path / "missing.toml")
    assert result.exit_code == 3
    assert "missing.toml" in result.stderr


def test_an_agreement_is_shown_with_what_rests_on_memory(steadyline: Steadyline) -> None:
    shown = steadyline("agreements", "show", "washington-moscow-link").stdout.splitlines()
    assert "washington-moscow-link, treaty, 1963-06-20.., US, RUS [unverified] epoch" in shown
    assert "channel washington-moscow-link: Washington-Moscow link (US, RUS) [unverified] clause" in shown
    assert not any("\\x0a" in line for line in shown)


def test_agreements_are_listed_and_shown(steadyline: Steadyline) -> None:
    names = [agreement.id for agreement in load_builtin()]
    for arguments in (("agreements",), ("agreements", "list")):
        assert [line["id"] for line in lines(steadyline(*arguments, "--json").stdout)] == names
        told = steadyline(*arguments).stdout
        assert all(name in told for name in names)
    for agreement in load_builtin():
        shown = steadyline("agreements", "show", agreement.id)
        assert shown.exit_code == 0
        assert agreement.title in " ".join(shown.stdout.split())
        assert lines(steadyline("agreements", "show", agreement.id, "--json").stdout)[0]["id"] == agreement.id


def test_a_sound_agreement_is_said_to_be(steadyline: Steadyline, tmp_path: Path) -> None:
    result = steadyline("agreements", "check", stricter(tmp_path))
    assert (result.exit_code, result.stdout) == (0, "within-the-hour: sound\n")


def test_stories_are_listed(steadyline: Steadyline) -> None:
    rows = lines(steadyline("stories", "--json").stdout)
    assert "us-china-2022" in {row["story"] for row in rows}
    assert all(row["must"] or row["must_not"] for row in rows)
    assert "us-china-2022" in steadyline("stories").stdout


def test_schemas_are_printed(steadyline: Steadyline) -> None:
    one = json.loads(steadyline("schema", "channel.check").stdout)
    assert one["title"] == "ChannelCheck"
    everything = json.loads(steadyline("schema", "--json").stdout)
    assert len(everything["anyOf"]) == len(steadyline("schema", "--list").stdout.splitlines())


def test_generated_events_can_be_replayed(steadyline: Steadyline, tmp_path: Path) -> None:
    path = tmp_path / "load.jsonl"
    told = steadyline("generate", "--events", 500, "--seed", 7, "-o", path, "--json")
    assert lines(told.stdout)[0]["bytes"] == path.stat().st_size
    assert steadyline("generate", "--events", 500, "--seed", 7).stdout.encode() == path.read_bytes()
    summary = lines(steadyline("replay", path, "--json").stdout)[-1]["summary"]
    assert (summary["events"], summary["dead_letters"]) == (500, 0)


def test_quiet_history_prints_no_table(steadyline: Steadyline, recording: Recording) -> None:
    result = steadyline("replay", recording(*QUIET))
    assert result.exit_code == 0
    assert "0 lapses." in result.stdout
    assert "onset" not in result.stdout
