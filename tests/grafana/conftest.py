"""A real database with a small world of points written by hand."""

from collections.abc import Iterator

import pytest

from tests.conftest import Database
from tests.deploy.conftest import state, steadyline
from tests.grafana.asking import Base, base
from tests.grafana.handmade import world

__all__ = ["state", "steadyline"]


@pytest.fixture(scope="session")
def handmade(influx: Database) -> Iterator[Base]:
    """A real database that holds the hand-made world."""
    with base(influx) as made:
        made.write(world())
        yield made


@pytest.fixture(scope="session")
def empty(influx: Database) -> Iterator[Base]:
    """A real database into which nobody has written."""
    with base(influx) as made:
        yield made
