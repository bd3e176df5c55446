"""``steadyline notices read``: what is understood of warnings, for a person and for a machine."""

import json
from pathlib import Path

import pytest

from producers.warnings.texts import LONGEST
from tests.deploy.conftest import Steadyline

READ = (
    "221234Z SEP 24\nHYDROPAC 2345/24(97).\nWESTERN NORTH PACIFIC.\nDNC 11.\n1. HAZARDOUS OPERATIONS, ROCKET LAUNCHING\n"
    "   250014Z TO 250614Z SEP, ALTERNATE\n   260014Z TO 260614Z SEP IN AREA BOUND BY\n"
    "   23-45.00N 120-12.00E, 24-15.00N 120-12.00E, 24-15.00N 120-42.00W.\n2. CANCEL HYDROPAC 2301/24.\n"
).replace("42.00W", "42.00E")
UNREAD = "NAVAREA XI 24-0531\nGUNNERY EXERCISES 282200Z TO 010400Z SEP WITHIN 10 MILES OF 30-00S 150-30.5W.\n"
KEYS = {
    *("form", "series", "number", "id", "issuer", "kind", "status", "cancels", "replaces", "issued", "windows", "areas"),
    *("lower_ft", "upper_ft", "estimated", "unread", "unread_at", "assumed", "text"),
}


@pytest.fixture
def warnings(tmp_path: Path) -> Path:
    path = tmp_path / "warnings.txt"
    path.write_text(READ, encoding="utf-8")
    return path


def test_what_is_understood_is_told_with_date_time_groups(steadyline: Steadyline, warnings: Path) -> None:
    result = steadyline("notices", "read", warnings)
    assert result.exit_code == 0
    for said in ("HYDROPAC 2345/24", "launch", "221234Z SEP 24", "250014Z SEP 24 to 250614Z SEP 24", "HYDROPAC 2301/24"):
        assert said in result.stdout


def test_json_has_one_object_a_text(steadyline: Steadyline, warnings: Path) -> None:
    warnings.write_text(READ + "\n" + UNREAD, encoding="utf-8")
    result = steadyline("notices", "read", warnings, "--json")
    assert result.exit_code == 1
    first, second = (json.loads(line) for line in result.stdout.splitlines())
    assert set(first) == KEYS
    assert (first["series"], first["number"], first["kind"], first["cancels"]) == (
        "HYDROPAC",
        "2345/24",
        "launch",
        ["HYDROPAC 2301/24"],
    )
    assert first["windows"] == [
        ["2024-09-25T00:14:00Z", "2024-09-25T06:14:00Z"],
        ["2024-09-26T00:14:00Z", "2024-09-26T06:14:00Z"],
    ]
    assert first["areas"] == [[[23.75, 120.2], [24.25, 120.2], [24.25, 120.7]]]
    assert first["unread"] == []
    assert second["areas"] == [{"centre": [-30.0, -150.508333], "radius_km": 18.52}]
    assert second["unread"] == ["282200Z TO 010400Z SEP"]


def test_what_is_not_read_is_told_with_its_place_and_what_was_expected(steadyline: Steadyline) -> None:
    result = steadyline("notices", "read", "-", stdin=UNREAD.encode())
    assert result.exit_code == 1
    assert "2:19 '282200Z TO 010400Z SEP'" in result.stdout
    assert "expected an end after its start" in result.stdout


@pytest.mark.parametrize(("received", "year"), [("2023-09-01", "2023"), ("2026-03-01T00:00Z", "2026")])
def test_the_year_that_no_text_names_comes_from_the_receipt(steadyline: Steadyline, received: str, year: str) -> None:
    text = "ROCKET LAUNCHING 250014Z TO 250614Z MAY WITHIN 5 MILES OF 23-45N 120-12E."
    result = steadyline("notices", "read", "-", "--received", received, "--json", stdin=text.encode())
    (line,) = (json.loads(line) for line in result.stdout.splitlines())
    assert line["windows"] == [[f"{year}-05-25T00:14:00Z", f"{year}-05-25T06:14:00Z"]]
    assert len(line["assumed"]) == 1


def test_a_text_that_is_too_long_is_refused_with_its_place_and_the_others_are_read(
    steadyline: Steadyline, warnings: Path
) -> None:
    warnings.write_text(f"{READ}\nHYDROPAC 2346/24.\n{'GUNNERY. ' * LONGEST}\n\n{UNREAD}", encoding="utf-8")
    result = steadyline("notices", "read", warnings, "--json")
    assert result.exit_code == 3
    assert len(result.stdout.splitlines()) == 2
    assert "warnings.txt:11: expected a warning of at most 20,000 characters" in " ".join(result.stderr.split()).replace(
        " :", ":"
    )


def test_a_file_that_is_not_there_is_bad_input(steadyline: Steadyline, tmp_path: Path) -> None:
    result = steadyline("notices", "read", tmp_path / "none.txt")
    assert result.exit_code == 3
    assert "No such file" in result.stderr


def test_a_time_without_its_zone_is_bad_use(steadyline: Steadyline, warnings: Path) -> None:
    assert steadyline("notices", "read", warnings, "--received", "2024-09-24T08:00").exit_code == 2


def test_hostile_characters_are_seen_and_do_nothing(steadyline: Steadyline) -> None:
    text = "HYDROPAC 1/24.\nROCKET LAUNCHING 31\x1b[2J0014Z TO 310614Z SEP \u202e 99-99N.".encode() + b"\xff"
    result = steadyline("notices", "read", "-", stdin=text)
    assert result.exit_code == 1
    assert "\x1b" not in result.stdout
    assert "\u202e" not in result.stdout
