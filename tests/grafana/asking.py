"""What Grafana does to a query before it sends it, and a real database that answers.

Grafana's part is written here after its own sources (the format ``regex`` of variables, the macros of its data source): no
server of it is at hand. What runs the query is real.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import uuid4

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS

from dashboards.grafana.names import Buckets
from dashboards.grafana.render import dashboards
from dashboards.grafana.wanted import wanted
from dashboards.influx.columns import bucket_of, point
from dashboards.influx.schema import MINUTES, RECORDS, Row
from tests.conftest import Database

EVERYTHING = ".*"
"""What the lists on our pages put in where everything is chosen."""


def interpolated(query: str, start: datetime, stop: datetime, chosen: Mapping[str, str], *, period: str = "1m") -> str:
    """The query as Grafana sends it: each choice as a regular expression, the time range as its two ends."""
    for name, value in chosen.items():
        spelled = value if value == EVERYTHING else re.sub(r"[\\^$*+?.()|\[\]{}/]", lambda found: f"\\{found[0]}", value)
        query = query.replace(f"${{{name}:regex}}", spelled)
    ends = {"v.timeRangeStart": start, "v.timeRangeStop": stop}
    for macro, moment in ends.items():
        query = query.replace(macro, moment.isoformat().replace("+00:00", "Z"))
    return query.replace("v.windowPeriod", period)


@cache
def boards(buckets: Buckets) -> dict[str, Any]:
    """Every page on these buckets, by its uid; not to be changed."""
    return dict(dashboards(buckets))


@cache
def rules(buckets: Buckets) -> dict[str, dict[str, Any]]:
    """Every rule on these buckets, by its uid; not to be changed."""
    return {str(rule["uid"]): rule for rule in wanted(buckets=buckets).rules()}


class Base(NamedTuple):
    """A real database with buckets of this test's own."""

    client: InfluxDBClient
    buckets: Buckets

    def write(self, rows: Sequence[tuple[Row, int]]) -> None:
        """Write points, each at its time in nanoseconds, into the bucket where it belongs."""
        kept: dict[str, list[str]] = {}
        for row, at in rows:
            kept.setdefault(self.bucket(row), []).append(point(row, at).to_line_protocol())
        with self.client.write_api(write_options=SYNCHRONOUS) as api:
            for bucket, lines in kept.items():
                for start in range(0, len(lines), 20_000):
                    api.write(bucket, record="\n".join(lines[start : start + 20_000]))

    def bucket(self, row: Row) -> str:
        """Our own bucket in the place of the one that the schema names."""
        named = bucket_of(row)
        return {MINUTES: self.buckets.minutes, RECORDS: self.buckets.records}.get(named, self.buckets.runs)

    def ask(self, query: str) -> list[dict[str, Any]]:
        """The rows that a query finds, in the order in which they come."""
        return [record.values for table in self.client.query_api().query(query) for record in table.records]


@contextmanager
def opened(database: Database, buckets: Buckets) -> Iterator[Base]:
    """Buckets that are there."""
    with InfluxDBClient(database.url, database.token, org=database.org, timeout=60_000) as client:
        yield Base(client, buckets)


@contextmanager
def base(database: Database, *, keep: bool = False) -> Iterator[Base]:
    """Buckets of this test's own, without an end to what they keep: history is older than ninety days."""
    buckets = Buckets(*(f"t-{uuid4().hex[:12]}" for _ in Buckets._fields))
    with opened(database, buckets) as made:
        api = made.client.buckets_api()
        for name in buckets:
            api.create_bucket(bucket_name=name, org=database.org)
        yield made
        for name in () if keep else buckets:
            api.delete_bucket(api.find_bucket_by_name(name))
