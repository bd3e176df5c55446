"""Every rule fires and clears on points of which it is known when it must, and blindness is an alert of its own."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from dashboards.grafana.alerting.rules import INTERVAL_S
from dashboards.grafana.names import Buckets
from dashboards.influx.schema import LIVE, LapseRow, Row, WriterRow
from dashboards.influx.times import at_minute, at_second
from tests.conftest import Database
from tests.grafana.asking import Base, base, rules
from tests.grafana.evaluating import Evaluator, seconds
from tests.grafana.handmade import CALL, DRILL, NOW, START, world

MINUTE = timedelta(seconds=INTERVAL_S)
RULES = rules(Buckets())
BEFORE_LAPSE, LAPSED, ESCALATED, NEARLY_OVER, CALM = (START + timedelta(minutes=minute) for minute in (55, 61, 125, 170, 185))

CASES: list[tuple[str, datetime, datetime, dict[str, str]]] = [
    ("sl-lapse-warn", LAPSED, ESCALATED, {"lapse": "declined-call", "subject": CALL, "severity": "warn"}),
    ("sl-lapse-page", ESCALATED, CALM, {"lapse": "declined-call", "clause": "A call is taken.", "dyad": "PRC-US"}),
    ("sl-lapse-critical", CALM, BEFORE_LAPSE, {"lapse": "second-call", "reason": "declined", "severity": "critical"}),
    ("sl-unknown", START + timedelta(minutes=210), CALM, {"kind": "channel", "name": "nk-line"}),
    ("sl-late", BEFORE_LAPSE, NOW, {"kind": "channel", "name": "nk-line", "severity": "info"}),
    ("sl-dark", START + timedelta(minutes=70), NOW, {"dyad": "PRC-US", "severity": "page"}),
    ("sl-blind", NOW + timedelta(minutes=12), NOW, {"severity": "blind"}),
    ("sl-behind", NOW + timedelta(minutes=4), NOW, {"partition": "0", "severity": "blind"}),
    ("sl-dead-letters", NOW - timedelta(minutes=5), NOW - timedelta(minutes=30), {"topic": "channels", "kind": "not-an-event"}),
    ("sl-writes", START + timedelta(minutes=108), START + timedelta(minutes=90), {"severity": "warn"}),
    ("sl-exercise", CALM, BEFORE_LAPSE, {"lapse": "second-call", "run": "drill-1", "exercise": "yes"}),
]


def rule(base: Base, uid: str) -> dict[str, Any]:
    """The rule on the buckets of this test."""
    return rules(base.buckets)[uid]


def settled(evaluator: Evaluator, at: datetime, uid: str) -> list[dict[str, str]]:
    """What fires once it has been asked for as long as it waits before it fires."""
    wait = timedelta(seconds=seconds(RULES[uid]["for"]))
    return list(evaluator.through(at - wait, at, MINUTE))[-1][1]


def test_every_rule_has_its_case() -> None:
    # The rule of notes has a test of its own below.
    assert {case[0] for case in CASES} | {"sl-lapse-info"} == set(RULES)


@pytest.mark.parametrize(("uid", "fires", "calm", "labels"), CASES, ids=[case[0] for case in CASES])
def test_the_rule_fires_with_its_evidence_and_not_when_all_is_well(
    handmade: Base, uid: str, fires: datetime, calm: datetime, labels: dict[str, str]
) -> None:
    fired = settled(Evaluator(rule(handmade, uid), handmade), fires, uid)
    assert any(labels.items() <= alert.items() for alert in fired), fired
    assert settled(Evaluator(rule(handmade, uid), handmade), calm, uid) == []


@pytest.mark.parametrize(
    ("uid", "fires", "labels"), [("sl-lapse-page", NEARLY_OVER, "lapse"), ("sl-dark", NEARLY_OVER, "dyad")]
)
def test_it_clears_once_the_state_says_so_and_its_keeping_time_is_over(
    handmade: Base, uid: str, fires: datetime, labels: str
) -> None:
    evaluator = Evaluator(rule(handmade, uid), handmade)
    fired = {at: bool(alerts) for at, alerts in evaluator.through(NEARLY_OVER, CALM + timedelta(minutes=15), MINUTE)}
    ended = START + timedelta(minutes=180)
    keep = timedelta(seconds=seconds(RULES[uid]["keep_firing_for"]))
    assert fired[ended - MINUTE]
    # A lapse that is closed is missing from the answer; so it goes after two askings, and what has a zero at once.
    assert not fired[ended + keep + 3 * MINUTE]
    if keep:
        assert fired[ended + keep - MINUTE]


@pytest.mark.parametrize("uid", [uid for uid in RULES if uid != "sl-exercise"])
def test_a_rule_that_sees_nothing_at_all_says_so_and_never_that_all_is_well(empty: Base, uid: str) -> None:
    evaluator = Evaluator(rule(empty, uid), empty)
    fired = settled(evaluator, NOW, uid)
    assert evaluator.special == "NoData"
    assert RULES[uid]["noDataState"] in ("NoData", "Alerting")
    assert bool(fired) == (uid == "sl-blind")


def test_while_the_watch_speaks_no_rule_is_without_an_answer(handmade: Base) -> None:
    for uid in RULES:
        evaluator = Evaluator(rule(handmade, uid), handmade)
        evaluator.at(NOW)
        assert evaluator.special is None or uid == "sl-exercise", uid


def test_an_open_lapse_goes_on_firing_when_the_watch_falls_silent(handmade: Base) -> None:
    evaluator = Evaluator(rule(handmade, "sl-lapse-critical"), handmade)
    fired = evaluator.at(NOW + timedelta(days=120))
    assert [alert["lapse"] for alert in fired] == ["second-call"]


def test_a_note_for_the_record_fires_its_rule_and_clears(influx: Database) -> None:
    """No story has a lapse of severity info."""
    revisions = [(row, at) for row, at in world() if isinstance(row, LapseRow) and (row.id, row.run) == ("declined-call", LIVE)]
    with base(influx) as made:
        made.write([(replace(row, severity="info"), at) for row, at in revisions])
        evaluator = Evaluator(rules(made.buckets)["sl-lapse-info"], made)
        fired = {
            minute: [alert["lapse"] for alert in evaluator.at(START + timedelta(minutes=minute))]
            for minute in (59, 61, 179, 181, 182)
        }
    assert fired == {59: [], 61: ["declined-call"], 179: ["declined-call"], 181: ["declined-call"], 182: []}


def test_what_an_agreement_would_ask_that_does_not_exist_yet_says_so(influx: Database) -> None:
    lapse, at = next((row, at) for row, at in world() if isinstance(row, LapseRow) and row.id == "second-call")
    with base(influx) as made:
        made.write([(replace(lapse, agreement="proposed-us-china"), at)])
        (alert,) = Evaluator(rules(made.buckets)["sl-lapse-critical"], made).at(NOW)
    assert alert["text"] == "proposed agreement: PRC declined the call"


def test_two_drills_of_one_story_are_told_apart(influx: Database) -> None:
    """A lapse is called alike in every run of the same story, and one of them may be over."""
    lapses = [(row, at) for row, at in world() if isinstance(row, LapseRow) and row.run == DRILL]
    revisions = [(row, at) for row, at in lapses if row.id == "declined-call"]
    with base(influx) as made:
        made.write(revisions)
        made.write([(replace(row, run="drill-2"), at) for row, at in revisions[:2]])
        fired = Evaluator(rules(made.buckets)["sl-exercise"], made).at(START + timedelta(minutes=125))
        assert sorted(alert["run"] for alert in fired) == [DRILL, "drill-2"]
        # Over in one, and open in the other.
        evaluator = Evaluator(rules(made.buckets)["sl-exercise"], made)
        amended = replace(revisions[1][0], run="drill-2", revision=3, change="amended")
        made.write([(amended, at_second(START + timedelta(minutes=179), "declined-call", 3))])
        assert [alert["run"] for alert in evaluator.at(CALM)] == ["drill-2"]


@pytest.mark.parametrize("before", [[], [0], [5]], ids=["the first there is", "none before", "more before"])
def test_a_writer_that_began_with_failures_is_told_of(influx: Database, before: list[int]) -> None:
    def said(minutes: int, failures: int) -> tuple[Row, int]:
        row = WriterRow(run=LIVE, points=1, failures=failures, behind=0, letters=0)
        return row, at_minute(NOW - timedelta(minutes=minutes))

    with base(influx) as made:
        made.write([said(30, failures) for failures in before])
        made.write([said(minutes, 3) for minutes in range(1, 6)])
        evaluator = Evaluator(rules(made.buckets)["sl-writes"], made)
        assert settled(evaluator, NOW, "sl-writes")
        # It fails no more.
        made.write([said(-minutes, 3) for minutes in range(20)])
        assert not settled(Evaluator(rules(made.buckets)["sl-writes"], made), NOW + timedelta(minutes=15), "sl-writes")
