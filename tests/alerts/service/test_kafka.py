"""The desk on a real broker: behaviours of every desk, on a journal on Kafka."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from kafka import KafkaProducer

from alerts.people import change
from alerts.policy import Policy
from alerts.service.kafka import DeskWorkerSettings, create_app
from alerts.service.runner import Runner
from alerts.service.settings import DeskSettings
from streams.actions import Action
from streams.allowing import AllowList
from streams.lapses import Lapse, encode_lapse
from streams.topics import ACTIONS, DESK, LAPSES
from tests.alerts.delivery.running import QUICK
from tests.alerts.service.behaviours import Behaviours, Desk, came
from tests.live.running import Ground


class KafkaDesk:
    """A desk on topics of its own."""

    def __init__(self, ground: Ground, folder: Path) -> None:
        self.ground = ground
        self.folder = folder
        self.worker = DeskWorkerSettings(
            bootstrap=ground.bootstrap, run=ground.run, session_timeout=6.0, heartbeat=1.0, commit=0.2, datadir=folder / "faust"
        )
        change(folder / "people.json", lambda kept: kept)

    @asynccontextmanager
    async def running(self, policy: Policy, run: str | None = None) -> AsyncIterator[Runner]:
        settings = DeskSettings(
            policy=policy,
            base=self.folder,
            people=self.folder / "people.json",
            allow=AllowList.of(["127.0.0.0/8"]),
            run=run,
            bind="127.0.0.1:0",
            patience=QUICK,
        )
        app = create_app(settings, self.worker)
        app.finalize()
        await app.start()
        self._app = app
        try:
            await came(lambda: app.side.runner is not None and app.side.runner.live, "the desk")
            assert app.side.runner is not None
            yield app.side.runner
        finally:
            await app.stop()
        assert app.side.fault is None

    async def publish(self, *lapses: Lapse) -> None:
        def send() -> None:
            producer = KafkaProducer(bootstrap_servers=self.ground.bootstrap, max_block_ms=20_000)
            for lapse in lapses:
                producer.send(self.ground.topic(LAPSES), encode_lapse(lapse), key=lapse.id.encode())
            producer.flush(20)
            producer.close()

        await asyncio.to_thread(send)

    async def act(self, action: Action) -> None:
        await self._app.side.act(action)

    async def journal(self) -> list[bytes]:
        return await asyncio.to_thread(self.ground.records, DESK)

    async def trail(self) -> list[bytes]:
        return await asyncio.to_thread(self.ground.records, ACTIONS)


class TestKafka(Behaviours):
    @pytest.fixture
    def desk(self, kafka: str, run: str, tmp_path: Path) -> Desk:
        return KafkaDesk(Ground(kafka, run, 1), tmp_path)
