"""What Grafana knows our things by, and how a state looks. Every uid is fixed, so that whoever writes twice writes the same."""

from typing import NamedTuple

from grafana_foundation_sdk.models.dashboard import DataSourceRef

from dashboards.influx.schema import MINUTES, RECORDS, RUNS
from streams.posture import Stand

FOLDER = "steadyline"
"""The uid of the folder that is ours: whatever is in it is ours to change and to remove."""
FOLDER_TITLE = "Steadyline"
ALERTS_FOLDER, ALERTS_TITLE = "steadyline-alerts", "Steadyline alerts"
"""Rules have a folder of their own: Grafana provisions them before it knows the folder of the dashboards."""
DATASOURCE = "steadyline-influxdb"
DATASOURCE_TYPE = "influxdb"
EXPRESSIONS = "__expr__"
"""What Grafana calls its own arithmetic where a data source is asked for."""
ORGANISATION_ID = 1


class Buckets(NamedTuple):
    """The buckets that queries name; a trial has others."""

    minutes: str = MINUTES
    records: str = RECORDS
    runs: str = RUNS


class Look(NamedTuple):
    """How a state is shown: always with its word, for one man in twelve does not tell red from green."""

    word: str
    colour: str


BLUE, ORANGE, VERMILION, GREY, PURPLE, SKY = "#0072B2", "#E69F00", "#D55E00", "#8C8C8C", "#CC79A7", "#56B4E9"
"""Of the colours that Okabe and Ito chose so that everybody tells them apart."""

LOOKS = {
    Stand.GOOD: Look("good", BLUE),
    Stand.LATE: Look("late", ORANGE),
    Stand.LAPSED: Look("LAPSED", VERMILION),
    Stand.UNKNOWN: Look("UNKNOWN", GREY),
}
SEVERITIES = {
    "info": Look("info", SKY),
    "warn": Look("warn", ORANGE),
    "page": Look("page", VERMILION),
    "critical": Look("CRITICAL", PURPLE),
}


def source() -> DataSourceRef:
    """The database, by its fixed uid."""
    return DataSourceRef(type_val=DATASOURCE_TYPE, uid=DATASOURCE)
