"""What the database must have before anybody writes: buckets with their retention, the sum by the hour, and two tokens.

Idempotent: what is there as it ought to be is left alone, what differs is put right, and each difference is told. Whoever
writes may do nothing but write, whoever reads nothing but read, and only in these buckets; the administrator's token is used
here alone.
"""

import os
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Literal, NamedTuple

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.domain.authorization import Authorization
from influxdb_client.domain.bucket import Bucket
from influxdb_client.domain.bucket_retention_rules import BucketRetentionRules
from influxdb_client.domain.permission import Permission
from influxdb_client.domain.permission_resource import PermissionResource
from influxdb_client.domain.task_create_request import TaskCreateRequest
from influxdb_client.domain.task_update_request import TaskUpdateRequest
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from dashboards.influx.schema import (
    HOURLY,
    MINUTES,
    MINUTES_KEPT,
    RECORDS,
    RUNS,
    DialogueRow,
    StandingRow,
)
from streams.posture import Stand
from streams.private_file import open_to_others

WRITTEN = (MINUTES, RECORDS, RUNS)
"""Buckets that the writer writes."""
READ = (MINUTES, HOURLY, RECORDS, RUNS)
"""Buckets that Grafana reads."""
KEPT: dict[str, timedelta | None] = {MINUTES: MINUTES_KEPT, HOURLY: None, RECORDS: None, RUNS: None}
"""How long each bucket keeps its points; ``None`` for ever."""
TASK = "steadyline-hourly"
_TIMEOUT_MS = 15_000

What = Literal["bucket", "task", "token"]
Done = Literal["as it was", "created", "changed", "missing", "differs"]


class SetupError(Exception):
    """The database cannot be set up: it is away, or will not have it. The message says which."""


class Step(NamedTuple):
    """One thing that the database must have, and what became of it.

    Attributes:
        what: What it is.
        name: Its name.
        done: ``missing`` and ``differs`` where nothing was to be changed.
        told: What differed, in words; empty where nothing did.
    """

    what: What
    name: str
    done: Done
    told: str = ""


class Token(NamedTuple):
    """A token to be.

    Attributes:
        name: By which the database knows it.
        file: Where it is kept, readable by its owner alone.
        action: What it lets its holder do, in these buckets and no other.
    """

    name: str
    file: Path
    action: Literal["read", "write"]
    buckets: tuple[str, ...]


def tokens(folder: Path) -> tuple[Token, Token]:
    """The writer's token and Grafana's, as files of a folder."""
    return (
        Token("steadyline writer", folder / "influxdb-writer-token", "write", WRITTEN),
        Token("steadyline grafana", folder / "grafana-influxdb-token", "read", READ),
    )


def hourly(org: str) -> str:
    """The task that sums up by the hour, in Flux.

    Of each thing the share of the hour that it stood so (``good``, ``late``, ``lapsed``, ``unknown``: 0 to 1), the most lapses
    that were open and the worst severity; of each dyad the mean of how many channels were alive, of how many. An hour is summed
    up again for a day, so that what is written late counts.
    """
    shares = "\n".join(f'share(name: "{stand.name.lower()}", stand: {int(stand)})' for stand in Stand)
    return f"""import "date"

option task = {{name: "{TASK}", every: 1h, offset: 10m}}

since = date.truncate(t: -25h, unit: 1h)
until = date.truncate(t: now(), unit: 1h)
told = (measurement) => from(bucket: "{MINUTES}")
  |> range(start: since, stop: until)
  |> filter(fn: (r) => r._measurement == measurement)
kept = (name, tables=<-) => tables |> to(bucket: "{HOURLY}", org: "{org}") |> yield(name: name)
share = (name, stand) => told(measurement: "{StandingRow.measurement}")
  |> filter(fn: (r) => r._field == "stand")
  |> map(fn: (r) => ({{r with _field: name, _value: if r._value == stand then 1.0 else 0.0}}))
  |> aggregateWindow(every: 1h, fn: mean, createEmpty: false, timeSrc: "_start")
  |> kept(name: name)

{shares}
told(measurement: "{StandingRow.measurement}")
  |> filter(fn: (r) => r._field == "open" or r._field == "severity")
  |> aggregateWindow(every: 1h, fn: max, createEmpty: false, timeSrc: "_start")
  |> kept(name: "worst")
told(measurement: "{DialogueRow.measurement}")
  |> map(fn: (r) => ({{r with _value: float(v: r._value)}}))
  |> aggregateWindow(every: 1h, fn: mean, createEmpty: false, timeSrc: "_start")
  |> kept(name: "dialogue")
"""


def set_up(url: str, org: str, token: str, wanted: Sequence[Token], *, change: bool = True) -> list[Step]:
    """Hold the database against what it must have, and put right what differs.

    Args:
        url: Where it is.
        org: The organisation.
        token: An administrator's.
        wanted: The tokens to make.
        change: Put right what differs; else only say so.

    Raises:
        SetupError: when the database is away or does not let itself be set up.
        OSError: when a token cannot be written to its file.
    """
    try:
        with InfluxDBClient(url=url, token=token, org=org, timeout=_TIMEOUT_MS, retries=False) as client:
            found = [each for each in client.organizations_api().find_organizations() if each.name == org]
            if not found:
                raise SetupError(f"InfluxDB at {url} has no organisation {org} that this token may see")
            setup = _Setup(client, org, str(found[0].id), change=change)
            return [*setup.buckets(), setup.task(), *map(setup.token, wanted)]
    except ApiException as error:
        body = error.body.decode("utf-8", "replace") if isinstance(error.body, bytes) else str(error.body or error.reason)
        raise SetupError(f"InfluxDB at {url} refuses: {error.status} {body.strip()[:500]}") from None
    except (HTTPError, OSError) as error:
        if isinstance(error, OSError) and error.filename is not None:
            raise
        raise SetupError(f"InfluxDB at {url} does not answer: {error}") from None


class _Setup:
    def __init__(self, client: InfluxDBClient, org: str, org_id: str, *, change: bool) -> None:
        self._client = client
        self._org = org
        self._org_id = org_id
        self._change = change
        self._ids: dict[str, str] = {}

    def buckets(self) -> Iterator[Step]:
        api = self._client.buckets_api()
        for name, kept in KEPT.items():
            seconds = 0 if kept is None else int(kept.total_seconds())
            rules = [BucketRetentionRules(type="expire", every_seconds=seconds)]
            found = api.find_bucket_by_name(name)
            if found is None:
                if self._change:
                    found = api.create_bucket(bucket_name=name, org=self._org, retention_rules=rules)
                yield Step("bucket", name, "created" if self._change else "missing", _days(seconds))
            elif (before := _kept(found)) != seconds:
                if self._change:
                    found.retention_rules = rules
                    api.update_bucket(found)
                told = f"kept {_days(before)}, {_days(seconds)} expected"
                yield Step("bucket", name, "changed" if self._change else "differs", told)
            else:
                yield Step("bucket", name, "as it was")
            if found is not None:
                self._ids[name] = str(found.id)

    def task(self) -> Step:
        api, flux = self._client.tasks_api(), hourly(self._org)
        found = api.find_tasks(name=TASK)
        if not found:
            if self._change:
                api.create_task(task_create_request=TaskCreateRequest(org_id=self._org_id, flux=flux, status="active"))
            return Step("task", TASK, "created" if self._change else "missing")
        task = found[0]
        if task.flux.strip() == flux.strip() and task.status == "active":
            return Step("task", TASK, "as it was")
        told = "its text differs" if task.flux.strip() != flux.strip() else f"it is {task.status}, active expected"
        if self._change:
            api.update_task_request(task.id, TaskUpdateRequest(flux=flux, status="active"))
        return Step("task", TASK, "changed" if self._change else "differs", told)

    def token(self, wanted: Token) -> Step:
        """Make a token and keep it; one that is kept, known and lets its holder do just what it should is left alone."""
        api = self._client.authorizations_api()
        known = [each for each in api.find_authorizations(org_id=self._org_id) if each.description == wanted.name]
        kept = wanted.file.read_text(encoding="utf-8").strip() if wanted.file.exists() else None
        asked = sorted((wanted.action, self._ids.get(name, name)) for name in wanted.buckets)
        fit = [each for each in known if kept is not None and each.token == kept]
        told = ""
        if kept is None:
            told = f"no file {wanted.file}" if known else ""
        elif not fit:
            told = f"the database does not know the one in {wanted.file}"
        elif _granted(fit[0]) != asked or fit[0].status != "active":
            told = "it does not grant just what it should"
        elif open_to_others(wanted.file.stat()) is not None:
            told = f"others could read {wanted.file}"
        else:
            return Step("token", wanted.name, "as it was")
        done: Done = "changed" if known or kept is not None else "created"
        if not self._change:
            return Step("token", wanted.name, "differs" if done == "changed" else "missing", told)
        granted = [
            Permission(action=action, resource=PermissionResource(type="buckets", id=bucket, org_id=self._org_id))
            for action, bucket in asked
        ]
        made = api.create_authorization(
            authorization=Authorization(org_id=self._org_id, description=wanted.name, permissions=granted)
        )
        _keep(wanted.file, str(made.token))
        # Only now: whoever held the old one is not left without any if something fails on the way.
        for old in known:
            api.delete_authorization(old)
        return Step("token", wanted.name, done, told)


def _keep(file: Path, token: str) -> None:
    """Write a token to its file, whole or not at all, for its owner alone."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f".{file.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as opened:
        opened.write(f"{token}\n")
    fresh.replace(file)


def _granted(authorization: Authorization) -> list[tuple[str, str]]:
    return sorted((each.action, str(each.resource.id)) for each in authorization.permissions)


def _kept(bucket: Bucket) -> int:
    return sum(int(rule.every_seconds or 0) for rule in bucket.retention_rules or ())


def _days(seconds: int) -> str:
    return f"for {seconds / 86_400:g} days" if seconds else "for ever"
