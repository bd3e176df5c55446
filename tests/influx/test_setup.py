"""``steadyline influx setup`` on a real database: buckets, the sum by the hour, and tokens that let nobody do too much."""

import json
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.domain.bucket_retention_rules import BucketRetentionRules
from influxdb_client.domain.task_update_request import TaskUpdateRequest
from influxdb_client.rest import ApiException
from typer.testing import CliRunner, Result

from dashboards.influx.columns import point
from dashboards.influx.schema import HOURLY, MINUTES, DialogueRow, StandingRow
from dashboards.influx.setup import READ, TASK, WRITTEN, hourly
from dashboards.influx.times import at_minute
from deploy.commands import influx as command
from deploy.stack import Stack
from deploy.stack.influx import Influx
from tests.broker import quiet
from tests.conftest import Database

Setup = Callable[..., Result]


@pytest.fixture
def alone(influx: Database, tmp_path: Path) -> Iterator[Database]:
    """A new database of a test's own, whose tokens nobody else makes."""
    stack = Stack([Influx()], "setup", tmp_path / "stack")
    (report,) = stack.up(quiet)
    yield Database(
        str(report.facts["url"]), str(report.facts["org"]), Path(str(report.facts["token_file"])).read_text().strip()
    )
    stack.down(quiet, wipe=True)


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    return tmp_path / "secrets"


def caller(url: str, token: str, folder: Path) -> Setup:
    file = folder.with_name("admin.token")
    file.write_text(f"{token}\n")
    usual = ("setup", "--url", url, "--token-file", str(file), "--secrets", str(folder), "--json")
    return lambda *arguments: CliRunner().invoke(command.app, [*usual, *arguments])


@pytest.fixture
def setup(alone: Database, secrets: Path) -> Setup:
    return caller(alone.url, alone.token, secrets)


def done(result: Result) -> dict[str, str]:
    """What became of each thing, by its name."""
    return {row["name"]: row["done"] for row in map(json.loads, result.stdout.splitlines())}


def client(database: Database, token: str) -> InfluxDBClient:
    return InfluxDBClient(url=database.url, org=database.org, token=token)


def test_it_makes_what_is_missing_once_and_says_and_mends_what_differs(setup: Setup, alone: Database, secrets: Path) -> None:
    missing = setup("--check")
    assert missing.exit_code == 2
    assert set(done(missing).values()) <= {"missing", "differs"}
    assert not secrets.exists()
    first = setup()
    assert first.exit_code == 0, first.output
    # The stack made the first bucket, and keeps it for ever.
    assert done(first).pop(MINUTES) == "changed"
    assert set(done(first).values()) == {"changed", "created"}
    files = sorted(secrets.iterdir())
    assert [file.name for file in files] == ["grafana-influxdb-token", "influxdb-writer-token"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert not any(file.read_text().strip() in first.output for file in files)
    again = setup()
    assert set(done(again).values()) == {"as it was"}
    with client(alone, alone.token) as admin:
        bucket = admin.buckets_api().find_bucket_by_name(MINUTES)
        bucket.retention_rules = [BucketRetentionRules(type="expire", every_seconds=30 * 86_400)]
        admin.buckets_api().update_bucket(bucket)
        (task,) = admin.tasks_api().find_tasks(name=TASK)
        admin.tasks_api().update_task_request(task.id, TaskUpdateRequest(status="inactive"))
    files[0].chmod(0o644)
    files[1].write_text("lost\n")
    differs = setup("--check")
    assert differs.exit_code == 2
    told = {row["name"]: row["told"] for row in map(json.loads, differs.stdout.splitlines()) if row["told"]}
    assert told == {
        MINUTES: "kept for 30 days, for 90 days expected",
        TASK: "it is inactive, active expected",
        "steadyline writer": f"the database does not know the one in {files[1]}",
        "steadyline grafana": f"others could read {files[0]}",
    }
    assert setup().exit_code == 0
    assert set(done(setup("--check")).values()) == {"as it was"}


def test_who_writes_only_writes_and_who_reads_only_reads(setup: Setup, alone: Database, secrets: Path) -> None:
    assert setup().exit_code == 0
    database = alone
    writing, reading = ((secrets / name).read_text().strip() for name in ("influxdb-writer-token", "grafana-influxdb-token"))
    ask = 'from(bucket: "{}") |> range(start: -1h)'
    with client(database, writing) as writer, client(database, reading) as reader:
        for bucket in WRITTEN:
            writer.write_api(write_options=SYNCHRONOUS).write(bucket=bucket, record="trial value=1i")
            assert reader.query_api().query(ask.format(bucket))
            with pytest.raises(ApiException):
                writer.query_api().query(ask.format(bucket))
        for bucket in READ:
            reader.query_api().query(ask.format(bucket))
            with pytest.raises(ApiException):
                reader.write_api(write_options=SYNCHRONOUS).write(bucket=bucket, record="trial value=1i")
        with pytest.raises(ApiException):
            writer.write_api(write_options=SYNCHRONOUS).write(bucket=HOURLY, record="trial value=1i")
        for one in (writer, reader):
            assert one.authorizations_api().find_authorizations() == []


def test_the_hour_is_summed_up_as_shares(setup: Setup, alone: Database) -> None:
    assert setup().exit_code == 0
    database = alone
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)
    lines = []
    for minute in range(60):
        time = at_minute(hour + timedelta(minutes=minute))
        stand = 2 if minute < 15 else 0
        row = StandingRow(run="live", kind="channel", name="x", stand=stand, reason="none", open=stand // 2, severity=stand)
        lines += [point(row, time).to_line_protocol()]
        dialogue = DialogueRow(run="live", dyad="A-B", alive=1 + (minute < 30), unknown=0, declared=2)
        lines += [point(dialogue, time).to_line_protocol()]
    with client(database, database.token) as admin:
        admin.write_api(write_options=SYNCHRONOUS).write(bucket=MINUTES, record="\n".join(lines))
        # The very text of the task, run at once.
        admin.query_api().query(hourly(database.org))
        tables = admin.query_api().query(f'from(bucket: "{HOURLY}") |> range(start: -4h)')
        found = {(record["_field"], record["_time"]): record["_value"] for table in tables for record in table.records}
    assert found == {
        ("good", hour): 0.75,
        ("late", hour): 0.0,
        ("lapsed", hour): 0.25,
        ("unknown", hour): 0.0,
        ("open", hour): 1,
        ("severity", hour): 2,
        ("alive", hour): 1.5,
        ("declared", hour): 2.0,
    }


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (("--token-file", "nothing-here"), 2, "expected a file that holds a token"),
        (("--url", "http://user:secret@127.0.0.1:1"), 2, "without a user"),
        (("--url", "http://127.0.0.1:1"), 3, "does not answer"),
    ],
)
def test_what_it_cannot_use_is_said(secrets: Path, arguments: tuple[str, ...], code: int, why: str) -> None:
    result = caller("http://127.0.0.1:1", "token", secrets)(*arguments)
    assert result.exit_code == code
    assert why in result.stderr
