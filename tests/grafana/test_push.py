"""Writing to Grafana: what differs and nothing else, read back, and only what is ours. Against a double of its API."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dashboards.grafana.alerting.contacts import Contact
from dashboards.grafana.api import ApiError, Remote, path
from dashboards.grafana.sameness import REDACTED, differences
from dashboards.grafana.server import found, wrong_source
from dashboards.grafana.source import datasource
from dashboards.grafana.sync import NotTakenError, compare, kept, push
from dashboards.grafana.wanted import wanted
from tests.grafana.double import TOKEN, Double, running

SECRET = "https://example.org/hook/secret-"


def address(contact: Contact) -> str:
    """An address for each contact."""
    return SECRET + contact.place.rpartition("-")[2]


WANTED = wanted(address=address)


@pytest.fixture
def double() -> Iterator[Double]:
    with running() as made:
        yield made


def remote(double: Double, **more: Any) -> Remote:
    """The client, impatient."""
    return Remote(double.url, TOKEN, **({"timeout": 2.0, "pause": 0.001} | more))


def test_everything_is_written_once_and_the_second_time_nothing(double: Double) -> None:
    done = push(remote(double), WANTED)
    assert {one.what for one in done} == {"missing"}
    assert len(done) == 2 + 7 + 4 + 4 + 1 + 1 + 1
    assert compare(WANTED, found(remote(double))) == []
    double.asked.clear()
    assert push(remote(double), WANTED) == []
    assert double.writes() == []


def test_what_somebody_changed_is_told_and_put_right(double: Double) -> None:
    push(remote(double), WANTED)
    double.dashboards["steadyline-floor"]["dashboard"]["panels"][0]["title"] = "Fine"
    double.dashboards["steadyline-floor"]["dashboard"]["panels"][1]["more"] = "of theirs"
    double.groups[("steadyline-alerts", "lapses")]["rules"][0]["isPaused"] = True
    double.groups[("steadyline-alerts", "lapses")]["rules"][1]["labels"]["severity"] = "info"
    double.contacts["steadyline-page"]["settings"]["url"] = "https://example.org/elsewhere"
    double.policies["routes"][0]["routes"][0]["receiver"] = "steadyline-page"
    told = [str(one) for one in compare(WANTED, found(remote(double)))]
    assert told == [
        "contacts steadyline-page: differs: settings.url",
        "policies steadyline: differs: routes[0].receiver",
        "dashboards steadyline-floor: differs: panels[0].title, panels[1].more (not ours)",
        "groups lapses: differs: rules[0].isPaused, rules[1].labels.severity",
    ]
    assert "secret" not in "".join(told)
    assert len(push(remote(double), WANTED)) == 4
    assert compare(WANTED, found(remote(double))) == []


def test_only_what_is_ours_is_removed(double: Double) -> None:
    push(remote(double), WANTED)
    board = {"uid": "old", "title": "Old", "tags": ["steadyline"]}
    theirs = {"uid": "theirs", "title": "Theirs", "tags": []}
    double.dashboards |= {
        "old": {"dashboard": board, "folderUid": "steadyline"},
        "theirs": {"dashboard": theirs, "folderUid": "steadyline"},
        "elsewhere": {"dashboard": board | {"uid": "elsewhere"}, "folderUid": "other"},
    }
    rule = WANTED.rules()[0]
    double.groups[("steadyline-alerts", "old")] = {"rules": [rule | {"ruleGroup": "old"}]}
    double.groups[("steadyline-alerts", "mixed")] = {
        "rules": [rule | {"ruleGroup": "mixed"}, {"ruleGroup": "mixed", "folderUID": "steadyline-alerts"}]
    }
    double.groups[("other", "lapses")] = {"rules": [rule | {"folderUID": "other"}]}
    double.contacts |= {
        "steadyline-old": {"uid": "steadyline-old", "name": "steadyline-old"},
        "pager": {"uid": "pager", "name": "pager"},
    }
    double.mutes |= {"weekends": {"name": "weekends"}}
    other = {"receiver": "pager", "object_matchers": [["team", "=", "web"]]}
    double.policies["routes"].append(other)
    assert push(remote(double), WANTED, prune=False) == []
    done = push(remote(double), WANTED)
    assert {(one.kind, one.name) for one in done} == {("dashboards", "old"), ("groups", "old"), ("contacts", "steadyline-old")}
    assert {"theirs", "elsewhere"} <= set(double.dashboards)
    assert {("steadyline-alerts", "mixed"), ("other", "lapses")} <= set(double.groups)
    assert "pager" in double.contacts
    assert "weekends" in double.mutes


def test_the_branches_of_others_stay_and_ours_comes_first(double: Double) -> None:
    others = [{"receiver": "grafana-default-email", "object_matchers": [["team", "=", "web"]], "continue": True}]
    double.policies["routes"] = others
    push(remote(double), WANTED)
    assert double.policies["receiver"] == "grafana-default-email"
    assert double.policies["routes"] == [WANTED.policy, *others]


def test_a_server_that_says_yes_and_keeps_something_else_is_found_out(double: Double) -> None:
    double._kept = lambda rule: rule | {"isPaused": True}  # type: ignore[method-assign]
    with pytest.raises(NotTakenError, match=r"groups lapses: differs: rules\[0\].isPaused"):
        push(remote(double), WANTED)


FAULTS: list[tuple[str, str, object, int | None, str]] = [
    ("GET", "/api/v1/provisioning/policies", (403, {"message": "no permission to read"}), 403, "no permission"),
    ("POST", "/api/dashboards/db", (500, {"message": "out of order"}), 500, "out of order"),
    ("PUT", "/api/v1/provisioning/policies", (400, {"message": "bad matcher"}), 400, "bad matcher"),
    ("PUT", "/api/v1/provisioning/policies", (409, {"message": "provenance"}), 409, "provenance"),
    ("GET", "/api/search", (200, b"<html>sign in</html>"), 200, "is no JSON"),
    ("GET", "/api/search", (302, b""), 302, "sent elsewhere"),
    ("GET", "/api/search", (400, b"null"), 400, "without a word"),
    ("GET", "/api/search", (200, {"not": "a list"}), None, "expected a list"),
]


@pytest.mark.parametrize(("verb", "place", "answer", "status", "said"), FAULTS)
def test_a_refusal_is_told_with_what_was_asked(
    double: Double, verb: str, place: str, answer: object, status: int | None, said: str
) -> None:
    double.faults = [(verb, place, answer)]
    with pytest.raises(ApiError, match=said) as raised:
        push(remote(double), WANTED)
    assert raised.value.status == status
    assert "secret-" not in str(raised.value)
    # Whatever was written until then stays, and the next attempt goes on from there.
    push(remote(double), WANTED)
    assert compare(WANTED, found(remote(double))) == []


def test_a_server_that_is_away_for_a_moment_is_asked_again(double: Double) -> None:
    double.faults = [
        ("GET", "/api/folders", (503, {"message": "starting"})),
        ("GET", "/api/folders", (502, b"")),
        ("PUT", "/api/v1/provisioning/templates", (504, b"gateway")),
        ("GET", "/api/search", "slow"),
    ]
    push(remote(double, timeout=0.3), WANTED)
    assert double.faults == []
    assert compare(WANTED, found(remote(double))) == []


def test_one_that_stays_away_is_given_up_with_its_address(double: Double) -> None:
    double.faults = [("GET", "/api/folders", "slow")] * 3
    with pytest.raises(ApiError, match=f"{double.url} does not answer: ReadTimeout"):
        found(remote(double, timeout=0.1))
    with pytest.raises(ApiError, match="does not answer: ConnectionError"):
        found(Remote("http://127.0.0.1:9", TOKEN, pause=0.001))


def test_an_answer_that_was_lost_after_something_was_created_does_no_harm(double: Double) -> None:
    push(remote(double), WANTED)
    del double.mutes["steadyline-nights"]
    # Created by an attempt whose answer never came: asked to change it is not there, asked to create it is.
    double.faults = [("PUT", "/api/v1/provisioning/mute-timings", (404, {"message": "not found"}))]
    double.mutes["steadyline-nights"] = {"name": "steadyline-nights", "time_intervals": []}
    done = push(remote(double), WANTED)
    assert [str(one) for one in done] == ["mutes steadyline-nights: differs: time_intervals: 0 in the place of 1"]
    assert ("POST", "/api/v1/provisioning/mute-timings") in double.writes()


def test_a_wrong_token_is_told_and_is_in_no_message(double: Double) -> None:
    with pytest.raises(ApiError, match="Unauthorized") as raised:
        found(Remote(double.url, "glsa_wrong", pause=0.001))
    assert raised.value.status == 401
    assert "glsa" not in str(raised.value)


def test_what_is_there_can_be_kept_without_addresses(double: Double) -> None:
    push(remote(double), WANTED)
    made = kept(found(remote(double)))
    assert len(made) == 7 + 4 + 4 + 1 + 1 + 1
    assert "secret-" not in json.dumps(made)
    assert made["contacts/steadyline-page.json"]["settings"]["url"] == REDACTED


def test_a_data_source_that_is_missing_or_another_is_told(double: Double) -> None:
    assert wrong_source(found(remote(double))) is None
    double.sources["steadyline-influxdb"]["jsonData"] = {"version": "InfluxQL"}
    assert "speaks Flux" in (wrong_source(found(remote(double))) or "")
    double.sources.clear()
    assert "is missing" in (wrong_source(found(remote(double))) or "")


def test_the_data_source_is_made_where_the_database_is_named(double: Double) -> None:
    double.sources.clear()
    asked = wanted(address=address, source=datasource("http://influxdb:8086", "reads-only"))
    assert [one.name for one in push(remote(double), asked) if one.kind == "sources"] == ["steadyline-influxdb"]
    (sent,) = [body for verb, path, body in double.asked if (verb, path) == ("POST", "/api/datasources")]
    assert sent["secureJsonData"] == {"token": "reads-only"}
    assert push(remote(double), asked) == []
    double.sources["steadyline-influxdb"]["url"] = "http://elsewhere:8086"
    assert [str(one) for one in push(remote(double), asked)] == ["sources steadyline-influxdb: differs: url"]
    assert "reads-only" not in json.dumps(kept(found(remote(double))))


@pytest.mark.parametrize("url", ["grafana.example.org", "ftp://x", "https://u:p@x", "https://x/?a=b", "https://", "http://x:y"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"expected https|Port could not"):
        Remote(url, TOKEN)


def test_plain_http_is_for_this_machine_alone() -> None:
    assert not Remote.is_plain("http://127.0.0.1:3000")
    assert not Remote.is_plain("https://grafana.example.org")
    assert Remote.is_plain("http://grafana.example.org")


def test_names_are_names_in_a_path() -> None:
    assert path("v1", "a/../b ?#") == "/v1/a%2F..%2Fb%20%3F%23"


SAME = [
    ({"for": "5m"}, {"for": "5m0s"}),
    ({"for": "0s"}, {}),
    ({"for": "1d"}, {"for": "24h"}),
    ({"continue": False, "routes": []}, {}),
    ({"from": 600}, {"from": 600.0}),
    ({"url": "x"}, {"url": REDACTED}),
    ({"a": 1}, {"a": 1, "theirs": 2}),
    ({"orgID": 1, "schemaVersion": 41}, {"orgID": 7, "schemaVersion": 42}),
]
OTHER = [
    ({"a": True}, {"a": 1}),
    ({"for": "5m"}, {"for": "5s"}),
    ({"labels": {"a": "b"}}, {"labels": {"a": "b", "c": "d"}}),
    ({"a": [1, 2]}, {"a": [1]}),
    ({"a": "x"}, {}),
    ({"a": {"b": 1}}, {"a": []}),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_what_the_server_spells_otherwise_is_the_same(one: object, other: object) -> None:
    assert list(differences(one, other)) == []


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_what_is_something_else_is_not(one: object, other: object) -> None:
    assert len(list(differences(one, other))) == 1


def test_pulled_names_cannot_leave_their_folder(double: Double, tmp_path: Path) -> None:
    double.contacts["steadyline-../../x"] = {"uid": "steadyline-../../x", "name": "x", "settings": {}}
    assert all(".." not in name for name in kept(found(remote(double))))
