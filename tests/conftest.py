"""What every test shares: settings, and a real broker or the reason why there is none."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.broker import missing, shared

# Whoever develops lets Hypothesis explore; continuous integration asks the same questions each time.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")

_COLD = 600
"""Seconds that a test may take which waits for the first download."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give tests that start a server the time for a first download."""
    for item in items:
        if {"kafka", "real"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.timeout(_COLD))


@pytest.fixture(scope="session")
def real() -> None:
    """Real servers can be had; where they cannot, the test is skipped, and fails where CI is set."""
    reason = missing()
    if reason is not None and os.environ.get("CI"):
        pytest.fail(f"CI must have what a real broker needs: {reason}")
    if reason is not None:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def kafka(real: None, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a real broker, one for the whole session."""
    with shared(Path(request.config.rootpath) / ".pytest_cache" / "stack") as (_, report):
        yield str(report.facts["bootstrap"])


@pytest.fixture
def run() -> str:
    """The id of a run of this test's own, so that tests share a broker and no topic."""
    return f"t-{uuid.uuid4().hex[:12]}"
