"""Who is told what: by severity and dyad; and no exercise reaches a real pager, neither as made nor as changed by hand."""

import copy
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dashboards.grafana.alerting.contacts import Contact, DyadRoute, Routing, usual
from dashboards.grafana.alerting.policies import NIGHTS, receivers, tree
from dashboards.grafana.alerting.rule import OURS
from dashboards.grafana.alerting.templates import TEXT
from dashboards.grafana.checking_alerts import faults_of_alerts
from dashboards.grafana.files import files
from dashboards.grafana.wanted import Wanted, wanted
from tests.deploy.conftest import Steadyline

ROUTING = usual()
WANTED = wanted()
WAYS = [
    ({"severity": "critical", "dyad": "PRC-US"}, "steadyline-page"),
    ({"severity": "page"}, "steadyline-page"),
    ({"severity": "warn"}, "steadyline-watch"),
    ({"severity": "info"}, "steadyline-watch"),
    ({"severity": "blind"}, "steadyline-blind"),
    ({"severity": "critical", "alertname": "DatasourceNoData"}, "steadyline-blind"),
    ({"severity": "info", "alertname": "DatasourceError"}, "steadyline-blind"),
    ({"severity": "a word nobody knows"}, "steadyline-watch"),
    ({}, "steadyline-watch"),
    ({"severity": "critical", "exercise": "yes"}, "steadyline-exercise"),
    ({"severity": "blind", "exercise": "yes", "alertname": "DatasourceError"}, "steadyline-exercise"),
]


@pytest.mark.parametrize(("labels", "contact"), WAYS)
def test_an_alert_comes_out_where_it_belongs(labels: dict[str, str], contact: str) -> None:
    assert receivers(tree(WANTED.policy), OURS | labels) == [contact]


def test_a_dyad_can_have_contacts_of_its_own() -> None:
    contacts = ROUTING.contacts | {"steadyline-pacific": Contact(kind="email", address_file="/run/secrets/pacific")}
    route = DyadRoute(dyad="PRC-US", to={"critical": "steadyline-pacific"})
    routing = Routing(contacts=contacts, to=ROUTING.to, exercise=ROUTING.exercise, dyads=(route,))
    made = wanted(routing)
    assert receivers(tree(made.policy), OURS | {"severity": "critical", "dyad": "PRC-US"}) == ["steadyline-pacific"]
    assert receivers(tree(made.policy), OURS | {"severity": "critical", "dyad": "DPRK-ROK"}) == ["steadyline-page"]
    assert receivers(tree(made.policy), OURS | {"severity": "page", "dyad": "PRC-US"}) == ["steadyline-page"]
    assert receivers(tree(made.policy), OURS | {"severity": "critical", "dyad": "PRC-US", "exercise": "yes"}) == [
        "steadyline-exercise"
    ]
    assert faults_of_alerts(made, routing) == []


def test_a_routing_that_lets_an_exercise_ring_for_real_cannot_be_made() -> None:
    drill = Contact(address_file="/run/secrets/drill", exercise=True)
    real = Contact(address_file="/run/secrets/page")
    to = dict.fromkeys(ROUTING.to, "steadyline-real")
    good: dict[str, Any] = {
        "contacts": {"steadyline-real": real, "steadyline-drill": drill},
        "to": to,
        "exercise": "steadyline-drill",
    }
    assert Routing(**good).exercise == "steadyline-drill"
    for change, said in (
        ({"exercise": "steadyline-real"}, "would ring for real"),
        ({"to": to | {"page": "steadyline-drill"}}, "a real alert must not go there"),
        ({"dyads": (DyadRoute(dyad="PRC-US", to={"page": "steadyline-drill"}),)}, "a real alert must not go there"),
        (
            {"contacts": {"steadyline-real": real, "steadyline-drill": msgspec.structs.replace(real, exercise=True)}},
            "also a real contact's",
        ),
        ({"to": {"page": "steadyline-real"}}, "expected a contact for info"),
        ({"to": to | {"page": "nobody"}}, "expected one of the contacts"),
    ):
        with pytest.raises(ValueError, match=said):
            Routing(**good | change)


FILE = """
exercise = "steadyline-EXERCISE"
to.info = "steadyline-watch"
to.warn = "steadyline-watch"
to.page = "steadyline-page"
to.critical = "steadyline-page"
to.blind = "steadyline-watch"
contacts.steadyline-page = { kind = "pagerduty", address_file = "/etc/steadyline/page" }
contacts.steadyline-watch = { kind = "email", address_file = "/etc/steadyline/watch" }
contacts.steadyline-drill = { address_file = "/etc/steadyline/drill", exercise = true }

[[dyads]]
dyad = "PRC-US"
to = { warn = "steadyline-page" }
"""


def test_a_file_that_mixes_them_is_refused_with_its_name(steadyline: Steadyline, tmp_path: Path) -> None:
    path = tmp_path / "contacts.toml"
    path.write_text(FILE.replace("EXERCISE", "page"))
    result = steadyline("grafana", "check", "--contacts", path)
    assert result.exit_code == 3
    assert "contacts.toml" in result.stderr
    assert "would ring for real" in result.stderr
    path.write_text(FILE.replace("EXERCISE", "drill"))
    assert steadyline("grafana", "check", "--contacts", path).exit_code == 0


def changed(what: str) -> tuple[Wanted, str]:
    """Everything with one thing changed by hand, and what must be said of it."""
    made = copy.deepcopy(WANTED)
    policy: Any = made.policy
    rule = made.groups["exercises"]["rules"][0]
    real = made.groups["lapses"]["rules"][0]
    match what:
        case "first":
            policy["routes"].insert(0, {"receiver": "steadyline-page", "object_matchers": [["severity", "=", "page"]]})
            return made, "an exercise would reach steadyline-page"
        case "gone":
            del policy["routes"][0]
            return made, "an exercise would reach"
        case "goes on":
            policy["routes"][0]["continue"] = True
            policy["routes"][1]["object_matchers"].pop()
            return made, "an exercise would reach steadyline-blind"
        case "default":
            policy["receiver"] = "steadyline-exercise"
            return made, "a real alert would reach steadyline-exercise"
        case "shared":
            made.contacts["steadyline-exercise"]["settings"]["url"] = made.contacts["steadyline-page"]["settings"]["url"]
            return made, "has the address of steadyline-page"
        case "unmarked":
            del rule["labels"]["exercise"]
            return made, "a real alert must not be judged by steadyline-runs"
        case "marked":
            real["labels"]["exercise"] = "yes"
            return made, "a drill must not be judged by"
        case "calm":
            real["noDataState"] = "OK"
            return made, "must be an alert of its own"
        case "quiet":
            policy["routes"][3]["mute_time_intervals"] = [NIGHTS]
            return made, "may wait for the morning"
        case "unproved":
            real["annotations"]["__panelId__"] = "99"
            return made, "a panel that shows the evidence"
        case "unresolved":
            made.contacts["steadyline-page"]["disableResolveMessage"] = True
            return made, "must be told that it is resolved"
        case "label":
            real["annotations"]["summary"] += "{{ $labels.colour }}"
            return made, "speaks of colour"
        case "twin":
            real["uid"] = rule["uid"]
            return made, "a uid of its own"
        case _:
            policy["routes"][3]["receiver"] = "somebody"
            return made, "expected one of the contacts, got somebody"


CHANGES = ["first", "gone", "goes on", "default", "shared", "unmarked", "marked", "calm", "quiet", "unproved", "unresolved"]


@pytest.mark.parametrize("what", [*CHANGES, "label", "twin", "stranger"])
def test_the_check_finds_what_was_changed(what: str) -> None:
    made, said = changed(what)
    faults = [str(fault) for fault in faults_of_alerts(made, ROUTING)]
    assert any(said in fault for fault in faults), faults


def test_the_example_in_the_documentation_is_sound() -> None:
    shown = (Path(__file__).parents[2] / "deploy" / "compose" / "README.md").read_text().split("```toml\n")[1].split("```")[0]
    routing = msgspec.toml.decode(shown, type=Routing)
    assert faults_of_alerts(wanted(routing), routing) == []
    assert receivers(tree(wanted(routing).policy), OURS | {"severity": "critical", "dyad": "PRC-US"}) == ["steadyline-watch"]


def test_no_file_holds_an_address_and_nothing_in_them_is_taken_for_the_environment() -> None:
    made = files()
    alerting = json.loads(made["provisioning/alerting/steadyline.yaml"])
    for contact in alerting["contactPoints"]:
        (receiver,) = contact["receivers"]
        assert receiver["settings"]["url"].startswith("$__file{/run/secrets/")
    assert "$" not in TEXT
    assert "$" not in json.dumps(alerting["policies"])
    for group in alerting["groups"]:
        for rule in group["rules"]:
            assert "$" not in json.dumps(rule["labels"])
            assert "${" not in json.dumps(rule["annotations"])
