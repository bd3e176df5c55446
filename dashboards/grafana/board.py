"""What all dashboards share: the lists to choose from, the marks of lapses, the way to the others, UTC."""

from collections.abc import Sequence
from typing import NamedTuple

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models import dashboard as models

from dashboards.grafana.flux import EVER, Variable, chosen, equals, or_absent, quoted, read, together, wide
from dashboards.grafana.names import VERMILION, Buckets, source
from dashboards.grafana.panels import Panel
from dashboards.influx.schema import LIVE, LapseRow

TAG = "steadyline"
ALL = "All"
_LABELS: dict[Variable, tuple[str, str, str]] = {
    "run": ("Run", "run", "The live log, a replay, or drills. Everything on the page is of this run alone."),
    "dyad": ("Dyad", "dyad", "The parties between whom it is."),
    "agreement": ("Agreement", "agreement", "The agreement that asks for it."),
    "channel": ("Channel", "name", "The channel that the page is about."),
}


class Board(NamedTuple):
    """A dashboard to be.

    Attributes:
        says: What the page is for, in one sentence.
        variables: What can be chosen on it, beside the run.
        past: The time it shows at first, back from now.
    """

    uid: str
    title: str
    says: str
    panels: Sequence[Panel]
    variables: Sequence[Variable] = ("dyad", "agreement")
    past: str = "now-24h"


def made(board: Board, buckets: Buckets) -> models.Dashboard:
    """The dashboard as Grafana knows it."""
    builder = (
        builders.Dashboard(board.title)
        .uid(board.uid)
        .description(board.says)
        .tags([TAG])
        .timezone("utc")
        .time(board.past, "now")
        .timepicker(builders.TimePicker().refresh_intervals(["10s", "30s", "1m", "5m", "1h"]))
        .refresh("30s")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .readonly()
        .link(
            builders.DashboardLink("Other pages")
            .type(models.DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .as_dropdown(True)
            .include_vars(True)
            .keep_time(True)
            .icon("external link")
            .tooltip("The other pages, of the same run and time")
        )
        .annotation(_lapses(board.variables, buckets))
    )
    for variable in ("run", *board.variables):
        builder.with_variable(_variable(variable, buckets))
    for panel in board.panels:
        builder.with_panel(_Built(panel.build()))
    return builder.build()


def of_chosen(*variables: Variable) -> tuple[str, ...]:
    """The tests for what was chosen of each; what has no dyad, no agreement or no channel at all stays."""
    return tuple(or_absent(variable, chosen(variable, variable)) for variable in variables)


def page(uid: str, **values: str) -> str:
    """Where another page is, with these values chosen and all else as it is here."""
    chosen_values = "".join(f"&var-{name}={value}" for name, value in values.items())
    kept = "" if "run" in values else "&${run:queryparam}"
    return f"/d/{uid}?${{__url_time_range}}{kept}{chosen_values}"


class _Built(builders.Panel):
    """A panel that is built already."""

    def __init__(self, panel: models.Panel) -> None:
        super().__init__()
        self._internal = panel


class _FluxMarks(models.AnnotationTarget):
    """The query of marks on the time axis: the official type knows only Grafana's own store."""

    def __init__(self, query: str) -> None:
        super().__init__()
        self._query = query

    def to_json(self) -> dict[str, object]:
        return {"query": self._query, "refId": "Anno", "fromAnnotations": True}


def _lapses(variables: Sequence[Variable], buckets: Buckets) -> builders.AnnotationQuery:
    """A mark where a lapse was opened, escalated, resolved or withdrawn, with its text."""
    query = "\n  ".join(
        (
            read(LapseRow, ("text", "clause"), *of_chosen(*variables), buckets=buckets),
            f"|> filter(fn: (r) => {equals('change', 'opened', 'escalated', 'resolved', 'reopened', 'withdrawn')})",
            wide(),
            '|> map(fn: (r) => ({time: r._time, title: r.change + ": " + r.reason, text: r.text, '
            'tags: r.severity + "," + r.agreement}))',
        )
    )
    builder = builders.AnnotationQuery().name("Lapses").datasource(source()).enable(True).icon_color(VERMILION)
    builder.build().target = _FluxMarks(query)
    return builder


def _variable(variable: Variable, buckets: Buckets) -> builders.QueryVariable:
    label, tag, says = _LABELS[variable]
    builder = (
        builders.QueryVariable(variable)
        .label(label)
        .description(says)
        .datasource(source())
        .query(_values(tag, variable, buckets))
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
    )
    if variable == "run":
        return builder.current(models.VariableOption(True, LIVE, LIVE))
    if variable == "channel":
        return builder
    # ``.*`` is what Grafana puts in as it stands where everything is chosen.
    return builder.multi(True).include_all(True).all_value(".*").current(models.VariableOption(True, [ALL], ["$__all"]))


def _values(tag: str, variable: Variable, buckets: Buckets) -> str:
    """Every value that a tag has ever had."""
    tests = "true" if variable == "run" else chosen("run", "run")
    if variable == "channel":
        tests += f" and {equals('_measurement', 'standing')} and {equals('kind', 'channel')}"
    some = together(
        f"schema.tagValues(bucket: {quoted(bucket)}, tag: {quoted(tag)}, predicate: (r) => {tests}, start: {EVER})"
        for bucket in buckets
    )
    return f'import "influxdata/influxdb/schema"\n{some} |> group() |> distinct() |> sort()'
