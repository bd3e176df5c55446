"""The dashboards are sound, and the check finds what is not."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from dashboards.grafana.checking import faults_of_dashboards
from dashboards.grafana.files import files
from dashboards.grafana.names import LOOKS
from dashboards.grafana.render import dashboards
from streams.posture import Stand
from tests.deploy.conftest import Steadyline

COMMITTED = Path(__file__).parents[2] / "deploy" / "grafana"
BOARDS = dashboards()
README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def test_the_check_finds_no_fault_and_counts_what_it_saw(steadyline: Steadyline) -> None:
    result = steadyline("grafana", "check", "--json")
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert ", ".join(f"{count} {what}" for what, count in told.items() if what != "faults") in README
    assert told["faults"] == 0
    assert told["dashboards"] == len(BOARDS) == 7
    assert told["panels"] == sum(len(board["panels"]) for board in BOARDS.values())  # type: ignore[misc, arg-type]


def test_what_is_committed_is_what_is_rendered(steadyline: Steadyline, tmp_path: Path) -> None:
    assert steadyline("grafana", "render", str(tmp_path)).exit_code == 0
    written = {str(path.relative_to(tmp_path)): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    kept = {str(path.relative_to(COMMITTED)): path.read_bytes() for path in COMMITTED.rglob("*") if path.is_file()}
    assert written == {name: text.encode() for name, text in files().items()}
    assert written == kept, "run: steadyline grafana render deploy/grafana"


def test_the_states_are_told_apart_by_word_and_colour_and_unknown_is_like_none() -> None:
    assert len({look.word for look in LOOKS.values()}) == len({look.colour for look in LOOKS.values()}) == len(Stand)
    assert LOOKS[Stand.UNKNOWN].word == "UNKNOWN"


def broken(change: str) -> tuple[dict[str, Any], str]:
    """The dashboards with one thing wrong, and what must be said of it."""
    boards: dict[str, Any] = copy.deepcopy(BOARDS)
    floor = boards["steadyline-floor"]
    panel, target = floor["panels"][0], floor["panels"][0]["targets"][0]
    match change:
        case "uid":
            floor["uid"] = "another"
            return boards, "expected a uid"
        case "zone":
            floor["timezone"] = "browser"
            return boards, "expected UTC"
        case "twins":
            panel["id"] = floor["panels"][1]["id"]
            return boards, "an id of its own"
        case "speechless":
            panel["description"] = ""
            return boards, "expected a description"
        case "variable":
            target["query"] += "// ${dyed:regex}"
            return boards, "expected a variable of this page"
        case "format":
            target["query"] = target["query"].replace("${run:regex}", "${run}")
            return boards, "the one format"
        case "bare":
            target["query"] += "// $dyad"
            return boards, "the one format"
        case "bucket":
            target["query"] = target["query"].replace('"steadyline"', '"telegraf"')
            return boards, "expected one of our buckets"
        case "macro":
            target["query"] += "|> filter(fn: (r) => r.bucket)"
            return boards, "Grafana would put something else"
        case "source":
            target["datasource"] = {"type": "influxdb", "uid": "other"}
            return boards, "expected the data source"
        case "mute":
            panel["targets"] = []
            return boards, "expected a query"
        case "off":
            panel["gridPos"]["w"] = 30
            return boards, "within 24 columns"
        case "astray":
            floor["panels"][5]["title"] = "see /d/elsewhere"
            return boards, "a link to one of our pages"
        case _:
            boards["steadyline-channel"]["title"] = floor["title"]
            return boards, "a title of its own"


CHANGES = "uid zone twins speechless variable format bare bucket macro source mute off astray titles".split()  # noqa: SIM905


@pytest.mark.parametrize("change", CHANGES)
def test_the_check_says_what_is_wrong_and_where(change: str) -> None:
    boards, said = broken(change)
    faults = [str(fault) for fault in faults_of_dashboards(boards)]
    assert faults
    assert all(said in fault for fault in faults), faults
    assert all(fault.startswith("steadyline-") for fault in faults)
