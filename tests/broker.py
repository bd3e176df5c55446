"""One real broker and one real database for all tests of this checkout that want one, whichever process they run in."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from deploy.stack import Report, Service, Stack, golang
from deploy.stack.influx import Influx
from deploy.stack.java import java
from deploy.stack.kafka import Kafka
from deploy.stack.locks import locked
from deploy.stack.processes import Process, alive, born
from deploy.stack.service import MissingError

SETTINGS = {
    # Whether the broker deletes by age is seen in a second, not in minutes.
    "log.retention.check.interval.ms": "500",
    "log.initial.task.delay.ms": "0",
    # A segment's index is laid out in full at first: tests make hundreds of partitions.
    "log.index.size.max.bytes": "65536",
}
_WAITED = 1_500.0


def missing() -> str | None:
    """Why no broker can be had on this machine; ``None`` where one can."""
    try:
        java("Kafka")
    except MissingError as error:
        return str(error)
    if not Kafka.cached() and shutil.which("mvn") is None:
        return "Kafka's jars are fetched with Maven: no mvn on the PATH"
    return None


def missing_database() -> str | None:
    """Why no database can be had on this machine; ``None`` where one can."""
    if Influx.cached() or (reason := golang.missing()) is None:
        return None
    return f"InfluxDB is built from its sources: {reason}"


def quiet(_: str) -> None:
    """Nobody reads what the stack remarks."""


@contextmanager
def shared(folder: Path, service: Service) -> Iterator[tuple[Stack, Report]]:
    """The server that all users of ``folder`` share: the first starts it, the last one alive ends it.

    A user that dies without leaving is not waited for, and a server that was left so is ended by the next ones.
    """
    stack = Stack([service], "tests", folder)
    users, me = folder / "users.json", Process(os.getpid(), born(os.getpid()) or "")
    with locked(folder / "lock", _WAITED):
        others = _others(users, me)
        if not others:
            stack.down(quiet, wipe=True)
        (report,) = stack.up(quiet)
        users.write_bytes(msgspec.json.encode([*others, me]))
    try:
        yield stack, report
    finally:
        with locked(folder / "lock", _WAITED):
            others = _others(users, me)
            users.write_bytes(msgspec.json.encode(others))
            if not others:
                stack.down(quiet, wipe=True)


def _others(users: Path, me: Process) -> list[Process]:
    try:
        known = msgspec.json.decode(users.read_bytes(), type=list[Process])
    except (FileNotFoundError, msgspec.DecodeError):
        return []
    return [user for user in known if user != me and alive(user)]
