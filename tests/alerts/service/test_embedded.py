"""The desk without Kafka: behaviours of every desk, on a journal in a file."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alerts.delivery.opening import open_ports
from alerts.policy import Policy
from alerts.service.embedded import Alone, Embedded
from alerts.service.runner import Runner
from alerts.service.store import Store, StoreError
from streams.actions import Action
from streams.allowing import AllowList
from streams.lapses import Lapse
from tests.alerts.delivery.running import QUICK
from tests.alerts.service.behaviours import Behaviours, Desk


class Handed:
    """A double of a log: lapses that are handed to it. All of them are told again after a restart, as a log tells them."""

    def __init__(self) -> None:
        self.lapses: list[Lapse] = []
        self._told = 0

    def poll(self) -> list[Lapse]:
        found = self.lapses[self._told :]
        self._told += len(found)
        return found

    def close(self) -> None:
        self._told = 0


class EmbeddedDesk:
    """A desk on a file of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.source = Handed()
        self.faults: list[BaseException] = []
        self._actions: list[Action] = []

    @asynccontextmanager
    async def running(self, policy: Policy, run: str | None = None) -> AsyncIterator[Runner]:
        with Store(self.path) as store:
            ports = open_ports(policy.receivers, self.path.parent, AllowList.of(["127.0.0.0/8"]), now)
            embedded = Embedded(store, policy, self.source, ports, run=run, clock=now, crash=self.faults.append, patience=QUICK)
            embedded.start()
            self._embedded = embedded
            try:
                yield embedded.runner
            finally:
                await embedded.stop()
        assert not self.faults

    async def publish(self, *lapses: Lapse) -> None:
        self.source.lapses += lapses

    async def act(self, action: Action) -> None:
        await self._embedded.act(action)

    async def journal(self) -> list[bytes]:
        with Store(self.path, create=False) as store:
            return list(store.journal())

    async def trail(self) -> list[bytes]:
        with Store(self.path, create=False) as store:
            return [data for _, data in store.actions()]


def now() -> datetime:
    return datetime.now(UTC)


class TestEmbedded(Behaviours):
    @pytest.fixture
    def desk(self, tmp_path: Path) -> Desk:
        return EmbeddedDesk(tmp_path / "watch.desk.db")


def test_two_desks_never_have_one_file(tmp_path: Path) -> None:
    path = tmp_path / "watch.desk.db"
    first = Alone(path)
    with pytest.raises(StoreError, match="another desk runs on this file"):
        Alone(path)
    first.close()
    Alone(path).close()


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.db").write_bytes(b"no database at all, whatever it is called" * 100)
    with pytest.raises(StoreError, match=r"other\.db: not a Steadyline desk file"):
        Store(tmp_path / "other.db")
    with pytest.raises(StoreError, match="no such file of a desk's"):
        Store(tmp_path / "none.db", create=False)


def test_an_action_of_another_process_is_taken_in(tmp_path: Path) -> None:
    """The command line writes to the trail while the desk runs."""
    asyncio.run(Behaviours().acted_from_outside(EmbeddedDesk(tmp_path / "watch.desk.db")))
