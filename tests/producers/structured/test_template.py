"""The form to fill in: empty it is refused for what is missing alone, filled in it is read, and it leaves out no field."""

import csv
import io
import json
import re
import tomllib

import pytest

from producers.structured.flat import FIELDS, Usual
from producers.structured.reading import Read, form_of, read
from producers.structured.template import PARTED, PLAIN, Format, template
from streams.agreements.load import load_builtin

USUAL = Usual("urn:steadyline:report:me")
FILLED = {"notice": "NAVAREA-XI-123-26", "party": "PRC", "issued": "2026-11-23T09:00:00Z"}


def told(text: str, form: Format) -> Read:
    return read("form", text.encode(), form, USUAL)


@pytest.mark.parametrize("form", ["toml", "csv", "json"])
def test_it_is_recognised_and_names_every_field(form: Format) -> None:
    text = template(form)
    assert form_of("standard input", text.encode()) == form
    assert {name for name in FIELDS if not re.search(rf"\b{name}\b", text)} == set()
    assert {line.name for line in (*PLAIN, *PARTED)} == set(FIELDS)


@pytest.mark.parametrize("form", ["toml", "json"])
def test_empty_it_asks_for_what_is_needed_and_nothing_else(form: Format) -> None:
    problems = told(template(form), form).problems
    assert sorted(problem.field for problem in problems) == ["issued", "notice", "party", "recipients[0].party"]
    if form == "toml":
        lines = template(form).splitlines()
        for problem in problems:
            assert problem.line is not None
            assert lines[problem.line - 1].startswith(problem.field.rpartition(".")[2])


def test_an_empty_table_holds_no_notice() -> None:
    assert [str(problem) for problem in told(template("csv"), "csv").problems] == ["form: expected a notice, got none"]


def test_the_toml_form_with_every_line_in_use_is_a_notice() -> None:
    text = re.sub(r"^# (?=[a-z_]+ = |\[)", "", template("toml"), flags=re.MULTILINE)
    for name, value in FILLED.items():
        text = re.sub(rf'^{name} = ""', f'{name} = "{value}"', text, flags=re.MULTILINE)
    text = text.replace('party = ""', 'party = "JPN"')
    result = told(text, "toml")
    assert result.problems == []
    (event,) = result.events
    data = event.data
    assert (event.id, data.party, data.range_km, len(data.windows), len(data.impact_areas)) == ("mine-1", "PRC", 5500, 2, 2)
    assert set(tomllib.loads(text)) == set(FIELDS)


def test_the_table_with_its_own_examples_in_a_row_is_a_notice() -> None:
    row = [line.example.strip('"[]') for line in (*PLAIN, *PARTED)]
    told_row = io.StringIO()
    csv.writer(told_row).writerow(row)
    result = told(template("csv") + told_row.getvalue(), "csv")
    assert result.problems == []
    assert result.events[0].data.unread == ("line 4",)


def test_the_json_form_filled_in_by_its_own_remarks_is_a_notice() -> None:
    form = json.loads(template("json"))
    form |= {name: form[f"# {name}"] for name in ("recipients", "window", "further_windows", "launch_area", "impact_areas")}
    result = told(json.dumps(form | FILLED), "json")
    assert result.problems == []
    assert [one.party for one in result.events[0].data.recipients] == ["JPN", "ROK"]


def test_the_agreement_of_its_example_is_there() -> None:
    example = next(line.example for line in PLAIN if line.name == "agreements")
    assert set(json.loads(example)) <= {agreement.id for agreement in load_builtin()}
