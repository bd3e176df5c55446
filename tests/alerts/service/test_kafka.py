"""The desk on a real broker: behaviours of every desk, on a journal on Kafka."""

import asyncio
import gc
import socket
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from aiokafka import AIOKafkaConsumer
from kafka import KafkaConsumer, KafkaProducer
from typer.testing import CliRunner

from alerts.audit import Head, chained
from alerts.people import change
from alerts.policy import Policy
from alerts.service import tenure
from alerts.service.kafka import DeskWorkerSettings, create_app
from alerts.service.runner import Runner
from alerts.service.settings import DeskSettings
from deploy.cli import app
from streams.actions import Action, Note
from streams.allowing import AllowList
from streams.lapses import Lapse, encode_lapse
from streams.live.ledger import meant, stamp
from streams.log.admin import Admin
from streams.topics import ACTIONS, DESK, LAPSES
from tests.alerts.build import NOON, lapse
from tests.alerts.delivery.running import QUICK
from tests.alerts.receivers import Webhook
from tests.alerts.service.behaviours import Behaviours, Desk, ack, came, with_hook
from tests.alerts.service.policies import policy
from tests.live.running import Ground


class KafkaDesk:
    """A desk on topics of its own."""

    def __init__(self, ground: Ground, folder: Path) -> None:
        self.ground = ground
        self.may_end = False
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
        desk = create_app(settings, self.worker)
        desk.finalize()
        await desk.start()
        self._app = desk
        try:
            await came(lambda: desk.side.runner is not None and desk.side.runner.live, "the desk")
            assert desk.side.runner is not None
            yield desk.side.runner
        finally:
            await desk.stop()
        assert self.may_end or desk.side.fault is None

    def fault(self) -> BaseException | None:
        return self._app.side.fault

    def deafen(self) -> None:
        """Let nothing come in any more."""

        async def ignore(_: object) -> None:
            pass

        vars(self._app)["take"] = ignore

    async def publish(self, *lapses: Lapse) -> None:
        def send() -> None:
            producer = KafkaProducer(bootstrap_servers=self.ground.bootstrap, max_block_ms=20_000)
            for each in lapses:
                producer.send(self.ground.topic(LAPSES), encode_lapse(each), key=each.id.encode())
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


def test_a_desk_that_reads_no_more_though_there_is_something_to_read_ends(
    kafka: str, run: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Consumers can stop fetching and go on answering their group."""
    monkeypatch.setattr(tenure, "STALL", 0.5)
    looks: list[object] = []

    class Looking(AIOKafkaConsumer):  # type: ignore[misc]  # it comes without types
        async def end_offsets(self, partitions: object) -> object:
            looks.append(partitions)
            return await super().end_offsets(partitions)

    monkeypatch.setattr(tenure, "AIOKafkaConsumer", Looking)

    async def scenario() -> None:
        desk = KafkaDesk(Ground(kafka, run, 1), tmp_path)
        desk.may_end = True
        async with desk.running(policy("json://127.0.0.1:9/none")) as runner:
            await desk.publish(lapse())
            await came(lambda: bool(runner.station.desk.pages()), "the page")
            # With nothing more to read, silence is no reason: it looks again only where it found none.
            seen = len(looks)
            await came(lambda: len(looks) >= seen + 3, "looks at what the broker has")
            assert desk.fault() is None
            desk.deafen()
            await desk.publish(lapse("other-line"))
            await came(lambda: desk.fault() is not None, "the end")
            assert isinstance(desk.fault(), tenure.StalledError)

    asyncio.run(scenario())


def test_a_desk_whose_state_was_deleted_comes_back_by_its_journal_and_says_nothing_twice(
    kafka: str, run: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the operator begins anew where another version wrote the state."""
    monkeypatch.setattr(tenure, "_PATIENCE", 0.5)

    async def scenario(hook: Webhook) -> None:
        desk = KafkaDesk(Ground(kafka, run, 1), tmp_path)
        async with desk.running(policy(hook.url)) as runner:
            await desk.publish(lapse())
            await came(lambda: len(hook.calls) == 1, "the alarm")
            await desk.act(ack(runner))
            await came(lambda: runner.station.desk.pages()[0].state == "acknowledged", "the acknowledgement")
        with Admin(kafka) as admin:
            admin._client.delete_topics([f"{desk.worker.app_id}-state-changelog"])
        async with desk.running(policy(hook.url)) as runner:
            assert [page.state for page in runner.station.desk.pages()] == ["acknowledged"]
            assert not runner.station.pending
        assert len(hook.calls) == 1

    with_hook(scenario)


def test_what_another_desk_writes_late_into_its_state_does_not_count(kafka: str, run: str, tmp_path: Path) -> None:
    desk = KafkaDesk(Ground(kafka, run, 1), tmp_path)
    changelog = f"{desk.worker.app_id}-state-changelog"

    async def scenario(hook: Webhook) -> None:
        async with desk.running(policy(hook.url)):
            await desk.publish(lapse())
            await came(lambda: len(hook.calls) == 1, "the alarm")
        with KafkaConsumer(changelog, bootstrap_servers=kafka, auto_offset_reset="earliest") as consumer:
            kept = [next(consumer) for _ in range(desk.ground.end(changelog))]
        assert [meant(one.headers) for one in kept] == [one.offset for one in kept]
        with KafkaProducer(bootstrap_servers=kafka) as late:
            # All that it has is gone, if that counted.
            for key in {one.key for one in kept}:
                late.send(changelog, None, key=key, headers=stamp(0)).get(20)
        async with desk.running(policy(hook.url)) as runner:
            assert len(runner.station.desk.pages()) == 1
            await desk.publish(lapse("another-line"))
            await came(lambda: len(hook.calls) == 2, "the next alarm")

    with_hook(scenario)


def test_a_desk_that_is_cut_short_while_it_connects_leaves_nothing_open() -> None:
    async def scenario() -> None:
        # A broker that takes the connection and says no word.
        with socket.create_server(("127.0.0.1", 0)) as silent:
            silent.setblocking(False)
            desk = tenure.Tenure.__new__(tenure.Tenure)
            bootstrap = f"127.0.0.1:{silent.getsockname()[1]}"
            vars(desk)["_owner"] = SimpleNamespace(worker=DeskWorkerSettings(bootstrap=bootstrap))
            looking = asyncio.create_task(desk._look())
            async with asyncio.timeout(10):
                connection, _ = await asyncio.get_running_loop().sock_accept(silent)
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
            connection.close()

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        asyncio.run(scenario())
        gc.collect()
    assert [str(each.message) for each in told if "Unclosed" in str(each.message)] == []


def test_the_trail_on_kafka_is_verified_by_the_command(kafka: str, run: str, tmp_path: Path) -> None:
    ground = Ground(kafka, run, 1)
    head, records = Head(), []
    for number in range(3):
        deed = Note(target="00000000000000aa", note=f"note {number}")
        data, head = chained(head, Action(id=f"n-{number}", at=NOON, by="ann", deed=deed))
        records.append(data)
    producer = KafkaProducer(bootstrap_servers=kafka, max_block_ms=20_000)
    for data in (records[0], records[1], records[2].replace(b"note 2", b"nota 2")):
        producer.send(ground.topic(ACTIONS), data)
    producer.flush(20)
    producer.close()
    command = ["audit", "verify", "--bootstrap", kafka, "--run", run]
    # What was done to the last record is seen by who has kept its head.
    assert CliRunner().invoke(app, command).exit_code == 0
    found = CliRunner().invoke(app, [*command, "--head", str(head)])
    assert found.exit_code == 1
    assert "record 3 is not the one that was known" in found.output
