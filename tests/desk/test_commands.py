"""``steadyline alerts check`` and ``simulate`` as a person meets them."""

import json
from pathlib import Path

import pytest

from alerts.policies import example_text
from tests.deploy.conftest import Steadyline


@pytest.fixture
def policy_file(tmp_path: Path) -> Path:
    path = tmp_path / "policy.toml"
    path.write_text(example_text())
    return path


def test_the_example_has_no_hole(steadyline: Steadyline, policy_file: Path) -> None:
    result = steadyline("alerts", "check", policy_file)
    assert result.exit_code == 0
    assert result.stdout.startswith("Every lapse reaches a person at every moment: ")
    assert "url_file" in result.stderr
    assert "secrets/ann-phone: No such file or directory; nothing reaches it on this machine" in result.stderr


def test_a_hole_is_named_with_its_route_its_time_and_its_rules(steadyline: Steadyline, policy_file: Path) -> None:
    text = policy_file.read_text().replace("start = 1999-01-04", "start = 2026-12-07").replace('"person:chief", ', "")
    policy_file.write_text(text.replace('    { after = "15 min", to = ["person:chief"] },\n', ""))
    result = steadyline("alerts", "check", policy_file, "--from", "2026-12-01T00:00Z")
    assert result.exit_code == 1
    assert "HOLE nobody has the watch, and no other step leads to a person (route watch)" in result.stdout
    assert "from 2026-12-01 00:00Z to 2026-12-07 14:00Z: page, critical of accidents-1971" in result.stdout
    found = [json.loads(line) for line in steadyline("alerts", "check", policy_file, "--json").stdout.splitlines()]
    assert found[-1]["summary"]["holes"] == len([line for line in found if "hole" in line])


def test_every_fault_of_a_policy_is_told_at_once(steadyline: Steadyline, policy_file: Path) -> None:
    text = policy_file.read_text().replace('to = ["rota:watch"]', 'to = ["rota:wach"]', 1)
    policy_file.write_text(text.replace('exercise = ["drill-room"]', 'exercise = ["siren"]'))
    result = steadyline("alerts", "check", policy_file)
    assert result.exit_code == 3
    assert "no drill may reach a real one, got 'siren'" in result.stdout
    assert "did you mean 'watch'?" in result.stdout


def test_the_example_is_printed_as_it_is(steadyline: Steadyline) -> None:
    assert steadyline("alerts", "example").stdout == example_text()
    assert json.loads(steadyline("alerts", "example", "--json").stdout)["routes"][0]["id"] == "watch"


def test_simulate_says_who_was_called_and_who_was_only_told(steadyline: Steadyline) -> None:
    told = steadyline("alerts", "simulate", "korea-2022").stdout
    assert "Paged: nobody." in told
    assert "Told without a page: analysts-mail 2 times." in told
    called = steadyline("alerts", "simulate", "korea-2023", "--ack-after", "never").stdout
    assert "escalation" in called
    assert "chief-phone 16 times" in called


def test_simulate_speaks_json_with_the_subject_that_people_would_have_read(steadyline: Steadyline) -> None:
    lines = [json.loads(line) for line in steadyline("alerts", "simulate", "hawaii-2018", "--json").stdout.splitlines()]
    drill = next(line for line in lines if line.get("exercise"))
    assert drill["subject"].startswith("EXERCISE: [WARN] LAPSED: ")
    assert drill["subject"].endswith(" EXERCISE")
    assert lines[-1]["summary"]["paged"] == {}


def test_a_span_that_is_none_is_bad_use(steadyline: Steadyline) -> None:
    result = steadyline("alerts", "simulate", "korea-2022", "--ack-after", "soon")
    assert result.exit_code == 2
    assert "expected a span" in result.stderr
