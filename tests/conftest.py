"""What every test shares: settings, real servers or the reason why there are none, and a leak of their client's."""

import os
import socket
import uuid
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pytest
import typer.testing
from hypothesis import settings
from kafka.net.inet import KafkaNetSocket
from kafka.net.transport import KafkaSSLTransport

from deploy.stack.influx import Influx
from deploy.stack.kafka import Kafka
from deploy.stack.stack import Report
from tests.broker import SETTINGS, missing, missing_database, shared

# What they assert on behalf of tests says what was found, as in a test.
pytest.register_assert_rewrite("tests.live.faults", "tests.live.running", "tests.alerts.service.behaviours")


class _Closed(socket.socket):
    """Closed when nobody holds it any more, without a warning."""

    def __del__(self) -> None:
        self.close()


# kafka-python forgets a connection that is half made when its client is closed, and these tests open many for a moment.
KafkaNetSocket.socket = lambda _, family, kind, proto: _Closed(family, kind, proto)

_shaken = KafkaSSLTransport.handshake


async def _shake(transport: KafkaSSLTransport) -> None:
    """Nor does it close one whose partner is not believed."""
    try:
        await _shaken(transport)
    except Exception:
        transport._sock.close()
        raise


KafkaSSLTransport.handshake = _shake

# Commands are called a thousand times here. Their tree would be made anew for each call, which takes longer than most calls.
typer.testing._get_command = lru_cache(typer.testing._get_command)  # type: ignore[attr-defined]

# Whoever develops lets Hypothesis explore; continuous integration asks the same questions each time.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")

_COLD = 600
"""Seconds that a test may take which waits for the first download."""
_BUILT = 1_500
"""And one that waits until the database is built."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give tests that start a server the time for a first download."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if "influx" in fixtures:
            item.add_marker(pytest.mark.timeout(_BUILT))
        elif {"kafka", "real"} & fixtures:
            item.add_marker(pytest.mark.timeout(_COLD))


@pytest.fixture(scope="session")
def real() -> None:
    """Real servers can be had; where they cannot, the test is skipped, and fails where CI is set."""
    _had(missing(), "a real broker")


def _had(reason: str | None, what: str) -> None:
    if reason is not None and os.environ.get("CI"):
        pytest.fail(f"CI must have what {what} needs: {reason}")
    if reason is not None:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def kafka(real: None, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a real broker, one for the whole session."""
    with shared(Path(request.config.rootpath) / ".pytest_cache" / "stack", Kafka(SETTINGS)) as (_, report):
        yield str(report.facts["bootstrap"])


class Database(NamedTuple):
    """A real InfluxDB, with an administrator's token."""

    url: str
    org: str
    token: str


def database_of(report: Report) -> Database:
    """The database that a report tells of."""
    facts = report.facts
    return Database(str(facts["url"]), str(facts["org"]), Path(str(facts["token_file"])).read_text().strip())


@pytest.fixture(scope="session")
def influx(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A real database, one for the whole session; each test makes buckets of its own."""
    _had(missing_database(), "a real database")
    with shared(Path(request.config.rootpath) / ".pytest_cache" / "influx", Influx()) as (_, report):
        yield database_of(report)


@pytest.fixture
def run() -> str:
    """The id of a run of this test's own, so that tests share a broker and no topic."""
    return f"t-{uuid.uuid4().hex[:12]}"
