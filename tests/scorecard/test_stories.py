"""The scorecards of real stories, and the command that prints them."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from deploy.commands import scorecard as command
from deploy.replaying.session import Session, run
from streams.scorecard import Reciprocity, Scorecard, Step, scorecard
from tests.core.world import RULES

Scorecards = Callable[..., Result]

app = typer.Typer(rich_markup_mode="rich", pretty_exceptions_enable=False)
app.command(epilog=command.EXAMPLES)(command.scorecard)


@lru_cache(maxsize=8)
def told(name: str) -> tuple[Session, Scorecard]:
    session = run(name, progress=False)
    transitions = [revision for revisions in session.result.history.values() for revision in revisions]
    assert session.given.start is not None
    assert session.result.end is not None
    return session, scorecard(session.watch, transitions, session.given.start, session.result.end)


@pytest.fixture
def steadyline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scorecards:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    return lambda *arguments, stdin=None: CliRunner().invoke(app, [str(each) for each in arguments], input=stdin)


def test_eight_switch_offs_of_one_announcement() -> None:
    offs = [off for score in told("us-china-2022")[1].channels for off in score.switch_offs]
    assert len(offs) == 8
    assert {off.announcement for off in offs} == {"prc-mfa-2022-08-05"}
    assert {off.declared_day for off in offs} == {date(2022, 8, 5)}
    assert sorted(off.status for off in offs) == ["cancelled"] * 3 + ["suspended"] * 5
    assert sorted(off.days for off in offs if off.days is not None) == [521, 607, 767]


def test_days_from_the_promise_of_woodside_to_real_contact() -> None:
    found = {
        score.channel: (promise.promised_day, promise.days, promise.days_from_cut)
        for score in told("us-china-2022")[1].channels
        for promise in score.resumptions
    }
    promised = date(2023, 11, 15)
    assert found == {
        "us-china-cjcs": (promised, 36, 503),
        "us-china-dpct": (promised, 54, 521),
        "us-china-mmca": (promised, 140, 607),
        "us-china-theater": (promised, 300, 767),
    }


def test_the_telephone_that_rang() -> None:
    scores = {score.channel: score for score in told("us-china-2022")[1].channels}
    link, chiefs = scores["us-china-dtl"].calls, scores["us-china-cjcs"].calls
    assert link is not None
    assert chiefs is not None
    assert (link.asked, link.declined, link.unanswered, link.median) == (2, 1, 1, None)
    assert (chiefs.asked, chiefs.late) == (1, 1)
    assert chiefs.longest == timedelta(days=503, hours=1).total_seconds()
    assert scores["us-china-climate"].availability == 0.0


def test_from_one_channel_to_none_to_four() -> None:
    (dyad,) = told("us-china-2022")[1].dyads
    assert dyad.dyad == "PRC-US"
    assert [step.alive for step in dyad.steps] == [0, 1, 1, 0, 1, 2, 3, 4]
    assert dyad.least.alive == 0
    assert dyad.least.moment == datetime(2022, 8, 5, 4, tzinfo=UTC)
    assert dyad.most.alive == dyad.at_until.alive == 4


def test_the_liaison_line_of_2023_is_one_outage() -> None:
    scores = told("korea-2023")[1]
    liaison = next(score for score in scores.channels if score.channel == "inter-korean-liaison")
    assert liaison.observed == timedelta(days=221).total_seconds()
    assert liaison.availability == pytest.approx(11 / 221)
    assert (liaison.outages, liaison.unknown) == (1, 0)
    assert liaison.longest_outage is not None
    assert liaison.longest_outage.start == datetime(2023, 4, 7, tzinfo=UTC)
    assert liaison.longest_outage.end is None
    assert liaison.longest_outage.seconds == timedelta(days=210).total_seconds()
    (dyad,) = scores.dyads
    assert dyad.steps == (
        Step(moment=datetime(2023, 3, 27, tzinfo=UTC), alive=3, lapsed=0, unknown=0),
        Step(moment=datetime(2023, 4, 7, tzinfo=UTC), alive=0, lapsed=3, unknown=0),
    )


def test_one_missed_call_is_eight_hours() -> None:
    liaison = next(score for score in told("korea-2022")[1].channels if score.channel == "inter-korean-liaison")
    assert liaison.longest_outage is not None
    assert (liaison.outages, liaison.longest_outage.seconds) == (1, timedelta(hours=8).total_seconds())


def test_a_launch_told_to_three_and_returned() -> None:
    scores = told("pacific-icbm-2024")[1]
    lanes = {(lane.agreement, lane.launcher, lane.recipient): lane for lane in scores.regimes}
    for party, matched in (("US", 1), ("FRA", 1), ("NZL", 1), ("JPN", 0)):
        lane = lanes["customary-prelaunch", "PRC", party]
        assert (lane.launches, lane.matched, lane.unmatched) == (1, matched, 1 - matched)
        assert (lane.notices, lane.voluntary, lane.leads, lane.leads_unknown) == (matched, matched, None, matched)
    pairs = {(pair.agreement, pair.dyad): pair for pair in scores.reciprocity}
    assert pairs["customary-prelaunch", "PRC-US"] == Reciprocity(
        agreement="customary-prelaunch", dyad="PRC-US", parties=("PRC", "US"), given=(0, 0), voluntary=(1, 1)
    )
    assert pairs["customary-prelaunch", "NZL-PRC"].voluntary == (0, 1)
    assert ("customary-prelaunch", "JPN-PRC") not in pairs


def test_the_satellites_of_the_north() -> None:
    (lane,) = told("dprk-satellites")[1].regimes
    assert (lane.notices, lane.lead_owed_hours, lane.short, lane.leads_unknown) == (4, 120.0, 4, 0)
    assert lane.leads is not None
    assert lane.leads.most == 48.0
    assert (lane.launches, lane.matched, lane.outside_window) == (4, 4, 1)


@pytest.mark.parametrize("name", ["us-china-2022", "korea-2023", "pacific-icbm-2024", "dprk-satellites", "hawaii-2018"])
def test_the_command_tells_people(steadyline: Scorecards, name: str) -> None:
    result = steadyline(name)
    assert result.exit_code == 0, result.output
    assert "channels heard of" in result.stdout or "channel heard of" in result.stdout
    assert ("EXERCISE" in result.stdout) == (name == "hawaii-2018")
    for score in told(name)[1].channels:
        assert score.channel in result.stdout


def test_the_command_tells_machines_in_one_object(steadyline: Scorecards) -> None:
    result = steadyline("us-china-2022", "--json")
    assert result.exit_code == 0
    (line,) = result.stdout.splitlines()
    found = json.loads(line)
    assert found["recording"] == "us-china-2022"
    assert found["since"] == "2022-07-01T00:00:00Z"
    assert set(found) >= {"until", "channels", "never_heard", "regimes", "reciprocity", "dyads", "exercise_lapses"}
    assert steadyline("us-china-2022", "--json").stdout == result.stdout


def test_the_span_can_be_set(steadyline: Scorecards) -> None:
    found = json.loads(steadyline("us-china-2022", "--json", "--since", "2023-11-15", "--until", "2024-02-29").stdout)
    assert (found["since"], found["until"]) == ("2023-11-15T00:00:00Z", "2024-02-29T23:59:59Z")
    (dyad,) = found["dyads"]
    assert [step["alive"] for step in dyad["steps"]] == [0, 1, 2]
    late = steadyline("us-china-2022", "--since", "2030-01-01")
    assert late.exit_code == 2
    assert "after the end" in late.output
    assert steadyline("us-china-2022", "--since", "yesterday").exit_code == 2
    assert steadyline("no-such-story").exit_code == 2


def test_a_recording_under_rules_of_ones_own(steadyline: Scorecards, tmp_path: Path) -> None:
    hostile = "\x1b[2J[bold red]"
    rules = tmp_path / "small-world.toml"
    rules.write_text(RULES)
    lines = [
        {"id": "c0", "time": "2026-02-26T00:00:00Z", "type": "contact", "data": {"channel": "phone", "parties": ["AA", "BB"]}},
        {
            "id": "s0",
            "time": "2026-02-27T00:00:00Z",
            "type": "channel.status",
            "data": {"channels": ["phone"], "party": "BB", "status": "suspended", "text": hostile},
        },
        {"id": "c1", "time": "2026-02-28T00:00:00Z", "type": "contact", "data": {"channel": "phone", "parties": ["AA", "BB"]}},
    ]
    path = tmp_path / f"r{hostile}.jsonl"
    path.write_text(
        "".join(
            json.dumps({**line, "specversion": "1.0", "source": "urn:x", "type": f"org.steadyline.{line['type']}.v1"}) + "\n"
            for line in lines
        )
    )
    result = steadyline(path, "--rules", rules)
    assert result.exit_code == 0, result.output
    assert "\x1b" not in result.stdout
    assert "\\x1b[2J[bold red]" in result.stdout
    assert "50.0%" in result.stdout
    found = json.loads(steadyline(path, "--rules", rules, "--json").stdout)
    assert (found["since"], found["until"]) == ("2026-02-26T00:00:00Z", "2026-02-28T00:00:00Z")
    assert found["channels"][0]["availability"] == 0.5
    path.write_text(path.read_text() + "{}\n")
    assert steadyline(path, "--rules", rules).exit_code == 3


def test_a_recording_with_nothing_in_it(steadyline: Scorecards) -> None:
    result = steadyline("-", stdin=b"")
    assert result.exit_code == 0
    assert "nothing to measure" in result.stdout
    assert json.loads(steadyline("-", "--json", stdin=b"").stdout)["since"] is None


def test_help_has_an_example(steadyline: Scorecards) -> None:
    result = steadyline("--help")
    assert result.exit_code == 0
    assert "steadyline scorecard us-china-2022" in result.stdout
    assert "--rules" in result.stdout


def test_the_sparkline_shows_the_least_of_each_part() -> None:
    since = datetime(2024, 1, 1, tzinfo=UTC)

    def step(hours: float, alive: int) -> Step:
        return Step(moment=since + timedelta(hours=hours), alive=alive, lapsed=0, unknown=0)

    until = since + timedelta(hours=4)
    assert command.sparkline([step(0, 1), step(1, 2), step(2.2, 0), step(2.4, 2)], since, until, 4) == "▅█·█"
    assert command.sparkline([step(0, 0)], since, until, 4) == "····"
    assert command.sparkline([step(0, 3)], since, since, 4) == "····"
