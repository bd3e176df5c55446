"""An alert rule: a query for the explicit state of things, the last value of each, and a threshold.

A rule never fires because something is missing. Each of its queries brings a row also when all is well, for as long as the
watch speaks; so no row at all, and a query that fails, mean one thing only: the detector is blind. Grafana makes alerts of
their own of both (``DatasourceNoData``, ``DatasourceError``), and the policies have a way of their own for them.
"""

from dataclasses import dataclass
from typing import Literal

from grafana_foundation_sdk.models.alerting import Query, RelativeTimeRange, Rule
from grafana_foundation_sdk.models.dashboard import DataSourceRef
from grafana_foundation_sdk.models.expr import (
    ExprTypeThresholdConditions,
    ExprTypeThresholdConditionsEvaluator,
    TypeReduce,
    TypeThreshold,
)

from dashboards.grafana.names import ALERTS_FOLDER, DATASOURCE, EXPRESSIONS, ORGANISATION_ID
from dashboards.grafana.target import Flux

Loudness = Literal["info", "warn", "page", "critical", "blind"]
"""``blind``: not a lapse, but the watch itself."""
Blindness = Literal["NoData", "Alerting", "OK"]
EXERCISE = "exercise"
"""The label of what comes from a replay or a drill; its value is ``yes``."""
SEVERITY = "severity"
OURS = {"steadyline": "yes"}
"""The label of every rule of ours, by which our branch of the policies knows its alerts."""
_DAY = 86_400
_QUERY, _LAST, _CONDITION = "A", "B", "C"


@dataclass(frozen=True, kw_only=True)
class Alert:
    """A rule to be.

    Attributes:
        uid: Fixed, so that it stays the same rule whatever its title says.
        query: Flux that brings ``_time``, ``_value`` and texts, which become labels; a table for each alert.
        above: It fires where the value is above this; and below ``below``, where that is said.
        pending: How long it must be so before it fires; what is judged already is not judged again, so mostly not at all.
        keep: How long it goes on firing once it is no longer so, so that a value on the edge does not ring twice.
        says: What it means, in one line; ``{{ $labels.x }}`` brings a label in.
        shows: The dashboard and panel with the evidence.
        exercise: Of replays and drills: they go nowhere but to the exercise's own contact.
        silence: What no row at all means.
    """

    uid: str
    title: str
    query: str
    above: float
    below: float | None = None
    severity: Loudness
    pending: str = "0s"
    keep: str = "0s"
    says: str
    means: str
    shows: tuple[str, int]
    exercise: bool = False
    silence: Blindness = "NoData"


class KeptRule(Rule):
    """The official type, which knows no keep-firing time yet: Grafana does, from 12.0 on."""

    def __init__(self, keep: str, **given: object) -> None:
        super().__init__(**given)  # type: ignore[arg-type]
        self.keep = keep

    def to_json(self) -> dict[str, object]:
        """As the provisioning API takes it."""
        return super().to_json() | {"keep_firing_for": self.keep}


def made(alert: Alert, group: str) -> KeptRule:
    """The rule as Grafana knows it."""
    dashboard, panel = alert.shows
    labels = {**OURS, SEVERITY: alert.severity, **({EXERCISE: "yes"} if alert.exercise else {})}
    return KeptRule(
        alert.keep,
        uid=alert.uid,
        title=alert.title,
        rule_group=group,
        folder_uid=ALERTS_FOLDER,
        org_id=ORGANISATION_ID,
        condition=_CONDITION,
        data=[
            _asked(_QUERY, DATASOURCE, Flux(alert.query, _QUERY)),
            _asked(_LAST, EXPRESSIONS, _last()),
            _asked(_CONDITION, EXPRESSIONS, _threshold(alert)),
        ],
        for_val=alert.pending,
        no_data_state=alert.silence,
        # A query that fails is never taken for calm, not in an exercise either.
        exec_err_state="Error",
        labels=labels,
        annotations={
            "summary": f"EXERCISE EXERCISE EXERCISE: {alert.says}" if alert.exercise else alert.says,
            "description": alert.means,
            "__dashboardUid__": dashboard,
            "__panelId__": str(panel),
        },
        is_paused=False,
    )


def _asked(ref: str, source: str, model: Flux | TypeReduce | TypeThreshold) -> Query:
    return Query(datasource_uid=source, model=model, ref_id=ref, relative_time_range=RelativeTimeRange(from_val=_DAY, to=0))


def _last() -> TypeReduce:
    return TypeReduce(expression=_QUERY, reducer="last", ref_id=_LAST, datasource=_arithmetic())


def _threshold(alert: Alert) -> TypeThreshold:
    if alert.below is None:
        evaluator = ExprTypeThresholdConditionsEvaluator(params=[alert.above], type_val="gt")
    else:
        evaluator = ExprTypeThresholdConditionsEvaluator(params=[alert.above, alert.below], type_val="within_range")
    condition = ExprTypeThresholdConditions(evaluator=evaluator)
    return TypeThreshold(expression=_LAST, conditions=[condition], ref_id=_CONDITION, datasource=_arithmetic())


def _arithmetic() -> DataSourceRef:
    return DataSourceRef(type_val=EXPRESSIONS, uid=EXPRESSIONS)
