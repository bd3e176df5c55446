"""A database set up for one test's run, the writer as a process, and what then stands there."""

import os
import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from influxdb_client.client.influxdb_client import InfluxDBClient

from dashboards.influx.setup import set_up, tokens
from tests.conftest import Database
from tests.live.running import Ground, Worker

Point = tuple[tuple[tuple[str, Any], ...], Any]
"""A point's columns, and its value."""


class Prepared(NamedTuple):
    """A database that was set up, with the writer's token and the reader's."""

    url: str
    org: str
    writer: Path
    reader: Path

    def ask(self, flux: str) -> list[dict[str, Any]]:
        """The rows that a query of the reader's gives."""
        with InfluxDBClient(url=self.url, org=self.org, token=self.reader.read_text().strip(), timeout=60_000) as client:
            return [dict(record.values) for table in client.query_api().query(flux) for record in table.records]

    def points(self, run: str, measurement: str, bucket: str = "steadyline-runs") -> list[dict[str, Any]]:
        """All points of a measurement of a run, a column for each tag and field."""
        flux = f"""from(bucket: "{bucket}") |> range(start: 1900-01-01T00:00:00Z, stop: 2100-01-01T00:00:00Z)
            |> filter(fn: (r) => r.run == "{run}" and r._measurement == "{measurement}")
            |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value") |> group() |> sort(columns: ["_time"])"""
        unnamed = {"result", "table", "_start", "_stop", "_measurement"}
        return [{name: value for name, value in row.items() if name not in unnamed} for row in self.ask(flux)]

    def counts(self, run: str, bucket: str = "steadyline-runs") -> dict[str, int]:
        """How many points of each measurement of a run there are, by a field that all of them have."""
        flux = f"""from(bucket: "{bucket}") |> range(start: 1900-01-01T00:00:00Z, stop: 2100-01-01T00:00:00Z)
            |> filter(fn: (r) => r.run == "{run}")
            |> filter(fn: (r) => contains(value: r._field, set: ["id", "of", "stand", "declared", "reason"]))
            |> filter(fn: (r) => r._measurement != "standing" or r._field == "stand")
            |> group(columns: ["_measurement"]) |> map(fn: (r) => ({{r with _value: 1}})) |> count()"""
        return {row["_measurement"]: row["_value"] for row in self.ask(flux)}


def prepared(database: Database, folder: Path) -> Prepared:
    """Set a database up as the command does, with tokens of one's own: tests share it."""
    mine = uuid.uuid4().hex[:8]
    wanted = [token._replace(name=f"{token.name} {mine}") for token in tokens(folder)]
    set_up(database.url, database.org, database.token, wanted)
    return Prepared(database.url, database.org, wanted[0].file, wanted[1].file)


@contextmanager
def writer(ground: Ground, database: Prepared, *arguments: str, **environment: str) -> Iterator[Worker]:
    """The writer of a run, as a person starts it; killed at the end where it still runs."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        told = {
            **{name: value for name, value in os.environ.items() if not name.startswith("STEADYLINE_")},
            "STEADYLINE_KAFKA": ground.bootstrap,
            "STEADYLINE_INFLUX_URL": database.url,
            "STEADYLINE_INFLUX_ORG": database.org,
            "STEADYLINE_INFLUX_TOKEN_FILE": str(database.writer),
            "STEADYLINE_INFLUX_HEALTH_BIND": "127.0.0.1:0",
            **({} if ground.run is None else {"STEADYLINE_RUN": ground.run}),
            **environment,
        }
        command: Sequence[str] = (str(Path(sys.executable).parent / "steadyline"), "influx", "write", *arguments)
        with log.open("wb") as out:
            process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=told)
        try:
            yield Worker(process, log)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                process.wait(10)
