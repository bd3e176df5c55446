"""A database for tests that spoil one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.stack.influx import Influx
from tests.broker import shared
from tests.conftest import Database, database_of


@pytest.fixture(scope="session")
def poisoned(request: pytest.FixtureRequest, influx: Database) -> Iterator[Database]:
    """A database apart, in which a week may hold a number where others hold a word.

    Asked for both at once, InfluxDB leaves out the words of the other weeks without saying so.
    """
    with shared(Path(request.config.rootpath) / ".pytest_cache" / "poisoned", Influx()) as (_, report):
        yield database_of(report)
