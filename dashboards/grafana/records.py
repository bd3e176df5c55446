"""What happened, as queries: lapses, notices, contacts. Of each its last revision, without what was taken back."""

from dashboards.grafana.flux import EVER, START, STOP, keep, last_revision, read, wide
from dashboards.grafana.names import Buckets
from dashboards.influx.columns import fields_of
from dashboards.influx.schema import LapseRow, MeasureRow, NoticeRow, RetractionRow, Row

LAPSE_FIELDS = ("id", "revision", "subject", "clause", "deadline", "onset", "resolved", "text", "because", "group")
NOTICE_FIELDS = (
    "id notice revision status cancelled title lat lon radius_km window_start window_end recipients".split()  # noqa: SIM905
)


def lapses(*tests: str, buckets: Buckets, start: str = EVER) -> str:
    """Each lapse at its last revision before the end of the time shown, in the name ``lapses``.

    The tags of one revision are part of its series, so tests on state and severity come after this.
    """
    return (
        f"lapses = {read(LapseRow, LAPSE_FIELDS, *tests, buckets=buckets, start=start)}\n  {wide()}\n  {last_revision('id')}\n"
    )


def listed(*columns: str) -> str:
    """Those lapses that were not taken back, the latest first, with times as Grafana shows them, and these columns more."""
    return (
        'lapses |> filter(fn: (r) => r.state != "withdrawn")\n'
        "  |> map(fn: (r) => ({r with onset: r.onset * 1000, deadline: r.deadline * 1000, ended: r.resolved * 1000}))\n"
        '  |> sort(columns: ["onset"], desc: true)\n'
        f"  {keep('state', 'severity', 'reason', 'text', 'clause', 'onset', *columns)}"
    )


def notices(*tests: str, buckets: Buckets) -> str:
    """Each notice that stands at the end of the time shown, in the name ``notices``; windows open later than it was issued.

    Parties number alike, and where the last revision was taken back the one before it stands.
    """
    return (
        f"{_retracted(buckets)}"
        f"notices = {read(NoticeRow, NOTICE_FIELDS, *tests, buckets=buckets, start=EVER)}\n  {wide()}\n"
        "  |> filter(fn: (r) => not contains(value: r.id, set: retracted))\n"
        f"  {last_revision('party', 'notice')}\n"
        "  |> filter(fn: (r) => r.cancelled == 0)\n"
    )


def happened(row: type[Row], *tests: str, buckets: Buckets) -> str:
    """What happened in the time shown and was not taken back, in the name ``happened``."""
    return (
        f"{_retracted(buckets)}"
        f"happened = {read(row, fields_of(row), *tests, buckets=buckets)}\n  {wide()}\n"
        "  |> filter(fn: (r) => not contains(value: r.id, set: retracted))\n"
    )


def measured(*tests: str, buckets: Buckets, start: str = START) -> str:
    """What was measured in the time shown, in the name ``measured``; a measure that was amended is the same point."""
    return f"measured = {read(MeasureRow, ('value', 'owed', 'kept', 'of'), *tests, buckets=buckets, start=start)}\n  {wide()}\n"


def in_window(name: str) -> str:
    """Those notices whose windows are open at the end of the time shown."""
    at = f"int(v: {STOP}) / 1000000000"
    return f"{name} |> filter(fn: (r) => exists r.window_start and r.window_start <= {at} and r.window_end > {at})"


def _retracted(buckets: Buckets) -> str:
    """What is taken back, in the name ``retracted``: a retraction may be taken back too, and that likewise."""
    reports = read(RetractionRow, ("id", "retracts"), buckets=buckets, start=EVER)
    targets = 'findColumn(fn: (key) => true, column: "retracts")'
    standing = f"filter(fn: (r) => not contains(value: r.id, set: %s)) |> {targets}"
    return (
        f"retractions = {reports}\n  {wide()}\n"
        f"aimed = retractions |> {targets}\n"
        f"sure = retractions |> {standing % 'aimed'}\n"
        f"retracted = retractions |> {standing % 'sure'}\n"
    )
