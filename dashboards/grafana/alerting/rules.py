"""The rules: what lapsed, by severity; what nobody can say; and the watch itself."""

from typing import NamedTuple

from grafana_foundation_sdk.models.alerting import RuleGroup

from dashboards.grafana.alerting import queries
from dashboards.grafana.alerting.rule import Alert, Loudness, made
from dashboards.grafana.boards import dialogues, exercises, floor, pipeline
from dashboards.grafana.names import ALERTS_FOLDER, Buckets
from streams.posture import Kind, Stand
from streams.severity import Severity

INTERVAL_S = 60
"""How often the rules are asked: standings come each minute."""
_ALL: tuple[Kind, ...] = ("channel", "regime", "dyad", "feed")
_OPEN = "{{ $labels.text }} ({{ $labels.reason }}, since {{ $labels.since }})"
_CLAUSE = (
    "Owed by {{ $labels.party }} under {{ $labels.agreement }}, {{ $labels.rule }}: {{ $labels.clause }} "
    "Evidence: steadyline replay --explain, lapse {{ $labels.lapse }}."
)


class Group(NamedTuple):
    """Rules that are asked together."""

    name: str
    alerts: tuple[Alert, ...]


def groups(buckets: Buckets | None = None) -> tuple[Group, ...]:
    """All rules."""
    asked = buckets or Buckets()
    return (
        Group("lapses", tuple(_lapses(severity, asked) for severity in Severity)),
        Group("standings", _standings(asked)),
        Group("watch", _watch(asked)),
        Group("exercises", (_drills(asked),)),
    )


def rule_group(group: Group) -> RuleGroup:
    """The group as Grafana knows it."""
    rules = [made(alert, group.name) for alert in group.alerts]
    return RuleGroup(title=group.name, folder_uid=ALERTS_FOLDER, interval=INTERVAL_S, rules=list(rules))


_TITLES: dict[Severity, Loudness] = {
    Severity.INFO: "info",
    Severity.WARN: "warn",
    Severity.PAGE: "page",
    Severity.CRITICAL: "critical",
}


def _lapses(severity: Severity, buckets: Buckets) -> Alert:
    """Each lapse is an alert of its own, so a second one in a dyad rings too. It is judged already: nothing to wait for."""
    return Alert(
        uid=f"sl-lapse-{severity}",
        title=f"Lapse: {severity}",
        query=queries.open_lapses(severity, buckets),
        above=0.5,
        severity=_TITLES[severity],
        says=_OPEN,
        means=_CLAUSE,
        shows=(floor.UID, floor.OPEN_LAPSES),
    )


def _standings(buckets: Buckets) -> tuple[Alert, ...]:
    return (
        Alert(
            uid="sl-unknown",
            title="Nobody can say",
            query=queries.standing(Stand.UNKNOWN, _ALL, buckets),
            above=0.5,
            severity="warn",
            pending="5m",
            keep="10m",
            says="{{ $labels.kind }} {{ $labels.name }} is UNKNOWN: the feed that would carry the evidence is silent",
            means="Neither good nor lapsed: while it is so, a lapse of {{ $labels.name }} would not be seen. Ask the source.",
            shows=(floor.UID, floor.WRONG),
        ),
        Alert(
            uid="sl-late",
            title="Overdue, within its grace",
            query=queries.standing(Stand.LATE, ("channel", "regime", "dyad"), buckets),
            above=0.5,
            severity="info",
            pending="5m",
            keep="5m",
            says="{{ $labels.kind }} {{ $labels.name }} is late",
            means="What {{ $labels.agreement }} asks for is overdue. It is no lapse until its grace has run out.",
            shows=(floor.UID, floor.WRONG),
        ),
        Alert(
            uid="sl-dark",
            title="No channel left",
            query=queries.dark(buckets),
            above=0.5,
            severity="page",
            pending="2m",
            keep="10m",
            says="{{ $labels.dyad }}: no channel between the two is known to be alive",
            means="Should anything happen between them now, there is no line over which to talk.",
            shows=(dialogues.UID, dialogues.ALIVE),
        ),
    )


def _watch(buckets: Buckets) -> tuple[Alert, ...]:
    return (
        Alert(
            uid="sl-blind",
            title="The detector is blind",
            query=queries.age(buckets),
            above=600,
            severity="blind",
            keep="2m",
            says="Nothing has been said about anything for ten minutes: the watch is blind",
            means="No lapse is seen while it is so. Look at the workers, Kafka, the writer and the database, in this order.",
            shows=(pipeline.UID, pipeline.AGE),
            silence="Alerting",
        ),
        Alert(
            uid="sl-behind",
            title="A partition stands still",
            query=queries.behind(buckets),
            above=120,
            severity="blind",
            pending="1m",
            keep="2m",
            says="Partition {{ $labels.partition }} is more than two minutes behind",
            means="What is keyed to this partition is not watched. steadyline worker: /readyz and /metrics say more.",
            shows=(pipeline.UID, pipeline.AGE),
        ),
        Alert(
            uid="sl-dead-letters",
            title="Dead letters",
            query=queries.dead_letters(buckets),
            above=0.5,
            severity="warn",
            keep="15m",
            says="What came on {{ $labels.topic }} could not be read ({{ $labels.kind }})",
            means="What is not read is not judged. steadyline dead-letters list shows it, retry sends it once it is mended.",
            shows=(pipeline.UID, pipeline.LETTERS),
        ),
        Alert(
            uid="sl-writes",
            title="Writes to the database fail",
            query=queries.failures(buckets),
            above=0.5,
            severity="warn",
            pending="2m",
            keep="10m",
            says="Writes to the database fail, or points are refused",
            means="Kafka keeps what is not written. While it lasts these pages show the past.",
            shows=(pipeline.UID, pipeline.FAILURES),
        ),
    )


def _drills(buckets: Buckets) -> Alert:
    return Alert(
        uid="sl-exercise",
        title="EXERCISE: lapse in a drill",
        query=queries.drills(buckets),
        above=0.5,
        severity="page",
        says=f"{_OPEN}, run {{{{ $labels.run }}}}",
        means=f"A drill, nothing real. {_CLAUSE}",
        shows=(exercises.UID, exercises.LAPSES),
        exercise=True,
        # Most of the time nobody drills.
        silence="OK",
    )
