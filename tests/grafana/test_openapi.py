"""Every body that goes to Grafana is what its own OpenAPI models say it must be."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from dashboards.grafana.alerting.templates import TEXT
from dashboards.grafana.server import write
from dashboards.grafana.source import datasource
from dashboards.grafana.sync import _tree
from dashboards.grafana.wanted import wanted
from tests.grafana.models import faults

pytestmark = pytest.mark.timeout(600)
WANTED = wanted(
    address=lambda contact: f"https://example.org/{contact.place.rpartition('-')[2]}",
    source=datasource("http://influxdb:8086", "reads-only"),
)
MODELS = [
    ("/v1/provisioning/folder/", "group"),
    ("/v1/provisioning/contact-points", "contact"),
    ("/v1/provisioning/mute-timings", "mute"),
    ("/v1/provisioning/templates/", "template"),
    ("/v1/provisioning/policies", "policy"),
    ("/dashboards/db", "dashboard"),
    ("/datasources", "source"),
    ("/folders/", "folder-change"),
    ("/folders", "folder"),
]
"""Which model a body sent there has."""


class Wire:
    """What goes out, caught at the one method by which it goes; nothing is there yet, so that it is created too."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Any]] = []

    def ask(self, verb: str, path: str, body: object = None) -> object:
        from dashboards.grafana.api import ApiError

        self.sent.append((next(model for place, model in MODELS if path.startswith(place)), body))
        if verb == "PUT" and ("datasources" in path or "folders" in path or "contact-points" in path or "mute-timings" in path):
            raise ApiError("not found", 404)
        return None


def bodies() -> list[tuple[str, Any]]:
    """Every body that a push to an empty Grafana sends."""
    wire = Wire()
    for kind in ("sources", "folders", "mutes", "templates", "contacts", "dashboards", "groups"):
        for name, thing in getattr(WANTED, kind).items():
            write(wire, kind, name, thing)
    from dashboards.grafana.server import Found

    others: Any = {"receiver": "grafana-default-email", "routes": [{"receiver": "x", "matchers": None}]}
    write(wire, "policies", "", _tree(WANTED, Found({}, {}, {}, {}, {}, {}, others, {})))
    return wire.sent


def test_every_body_is_what_the_models_say() -> None:
    sent = [*bodies(), *(("rule", rule) for rule in WANTED.rules())]
    assert {model for model, _ in sent} == {model for _, model in MODELS} | {"rule"}
    assert len(sent) == 2 * (1 + 2 + 1 + 4) + 1 + 7 + 4 + 1 + 12
    told = faults(sent)
    assert [(model, fault) for (model, _), fault in zip(sent, told, strict=True) if fault] == []


def _rule(change: Callable[[dict[str, Any]], object]) -> tuple[str, Any]:
    rule = copy.deepcopy(WANTED.rules()[0])
    change(rule)
    return "rule", rule


WRONG: list[tuple[tuple[str, Any], str]] = [
    (_rule(lambda rule: rule.pop("noDataState")), "noDataState"),
    (_rule(lambda rule: rule.update(execErrState="Calm")), "execErrState"),
    (_rule(lambda rule: rule.update(keepFiringFor="5m")), "keepFiringFor"),
    (_rule(lambda rule: rule.update({"for": "a while"})), "a while"),
    (_rule(lambda rule: rule.update(uid="x" * 41)), "uid"),
    (_rule(lambda rule: rule.update(title="")), "title"),
    (("contact", {"name": "a", "uid": "a", "type": "pigeon", "settings": {}}), "type in body"),
    (("mute", {"name": "a", "time_intervals": [{"times": [{"from": "20:00", "to": "24:00"}]}]}), "from"),
    (("policy", {"receiver": "a", "object_matchers": "exercise=yes"}), "ObjectMatchers"),
]


def test_the_models_refuse_what_is_wrong() -> None:
    told = faults([body for body, _ in WRONG])
    for (_, said), fault in zip(WRONG, told, strict=True):
        assert said in fault, (said, fault)


def _alert(status: str, **labels: str) -> dict[str, Any]:
    (rule,) = [rule for rule in WANTED.rules() if rule["uid"] == "sl-lapse-page"]
    annotations = {"summary": "PRC declined the call", "description": rule["annotations"]["description"]}
    return {
        "Status": status,
        "Labels": labels,
        "Annotations": annotations,
        "PanelURL": "https://g/d/steadyline-floor?viewPanel=5",
    }


def _said(status: str, *alerts: dict[str, Any], **common: str) -> str:
    data = {"Status": status, "Alerts": list(alerts), "CommonLabels": common}
    names = ["steadyline.title", "steadyline.message"]
    return faults([("spoken", {"text": TEXT, "names": names, "data": data})])[0]


def test_a_notification_says_what_lapsed_and_where_to_look() -> None:
    common = {"alertname": "Lapse: page", "severity": "page", "dyad": "PRC-US"}
    said = _said("firing", _alert("firing"), _alert("resolved"), **common)
    title, first, *_ = said.splitlines()
    assert (title, first) == ("[page] Lapse: page, PRC-US", "PRC declined the call")
    assert said.count("https://g/d/steadyline-floor?viewPanel=5") == 2
    assert "Resolved: PRC declined the call" in said
    assert "EXERCISE" not in said
    assert "<no value>" not in said


def test_a_drill_says_so_first_and_everywhere() -> None:
    title, message, *_ = _said(
        "resolved", _alert("resolved"), alertname="EXERCISE: lapse in a drill", exercise="yes"
    ).splitlines()
    assert title.startswith("EXERCISE EXERCISE EXERCISE [resolved]")
    assert message == "EXERCISE EXERCISE EXERCISE: nothing of this is happening."


def test_what_grafana_makes_of_a_blind_detector_has_words_too() -> None:
    blind = {"Status": "firing", "Labels": {"alertname": "DatasourceError", "rulename": "Lapse: page"}, "Annotations": {}}
    assert "DatasourceError Lapse: page" in _said("firing", blind, alertname="DatasourceError", severity="page")


def test_a_template_in_a_text_of_the_world_is_not_run() -> None:
    evil = '{{ printf "%s" "taken" }} {{ template "no.such" }}'
    alert = _alert("firing", name=evil)
    alert["Annotations"]["summary"] = evil
    said = _said("firing", alert, alertname=evil, severity="page")
    assert said.count(evil) >= 2


def test_every_annotation_is_a_template() -> None:
    texts = [text for rule in WANTED.rules() for text in rule["annotations"].values()]
    assert faults([("annotation", text) for text in texts]) == [""] * len(texts)
    assert faults([("annotation", "{{ $labels.a ")])[0]
    assert faults([("spoken", {"text": "{{ define }}", "names": [], "data": {}})])[0]
