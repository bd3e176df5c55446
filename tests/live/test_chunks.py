"""What the transport by chunks leans on is there: this fails where Faust has changed inside."""

import asyncio
import inspect
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer.subscription_state import SubscriptionState
from aiokafka.errors import IllegalStateError
from faust.tables.recovery import Recovery
from faust.transport.consumer import Consumer, Fetcher
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams.live import chunks
from streams.live.chunks import ChunkConsumer, _Forgetful

PLACE = TP("channels", 0)


def test_faust_is_as_the_chunks_need_it() -> None:
    assert chunks.fits() is None


def test_every_method_that_is_overridden_is_on_the_list() -> None:
    own = {name for name, value in vars(ChunkConsumer).items() if inspect.isfunction(value)}
    of_faust = {name for name in own if hasattr(driver.Consumer, name)} - {"__init__", "on_partitions_revoked"}
    assert of_faust <= set(chunks.LEANT_ON)
    of_thread = {name for name, value in vars(chunks._Thread).items() if inspect.isfunction(value)}
    assert of_thread <= set(chunks.LEANT_ON_THREAD)


CALLS = {
    "_fetch_records": driver.AIOKafkaConsumerThread.getmany,
    "_seek_wait": driver.AIOKafkaConsumerThread.seek_wait,
    "getmany": Consumer._drain_messages,
    "_add_gap": Consumer._drain_messages,
    "_new_offset": Consumer._filter_committable_offsets,
    "_should_commit": Consumer._filter_committable_offsets,
    "_commit": Consumer._commit_offsets,
    "perform_seek": Recovery.on_recovery_completed,
    "_seek": Consumer.seek,
    "maybe_wait_for_commit_to_finish": Consumer.commit,
    "commit_and_end_transactions": Consumer.on_stop,
    "_filter_tps_with_pending_acks": Consumer.force_commit,
    "_drain_messages": Fetcher._fetcher.fun,
}


@pytest.mark.parametrize("name", CALLS)
def test_faust_still_calls_what_is_overridden(name: str) -> None:
    assert name in inspect.getsource(CALLS[name])


def test_faust_still_asks_its_account_of_what_was_read() -> None:
    assert "_read_offset" in inspect.getsource(Consumer._drain_messages)


def test_nothing_is_dropped_for_having_been_read_once() -> None:
    """Faust would drop what is read again, where its account is of what was handed on before it was sought anew."""
    account, tp = _Forgetful(), TP("channels", 0)
    account[tp] = 7_118
    account.update({tp: 7_118})
    assert account[tp] is None
    assert tp not in account


class Elsewhere:
    """A test double of the thread that fetches: a loop in a thread of its own, which must be where everything is sought."""

    def __init__(self) -> None:
        self.sought: list[tuple[TP, int, str]] = []

    def seek(self, partition: TP, offset: int) -> None:
        self.sought.append((partition, offset, threading.current_thread().name))

    async def call_thread(self, fun: Callable[[], Awaitable[None]]) -> None:
        with ThreadPoolExecutor(1, thread_name_prefix="fetching") as pool:
            await asyncio.get_running_loop().run_in_executor(pool, lambda: asyncio.run(_waited(fun)))


async def _waited(fun: Callable[[], Awaitable[None]]) -> None:
    await fun()


def test_a_partition_is_sought_in_the_thread_that_fetches() -> None:
    """Where Faust's own thread does it, records vanish under a fetch that is about to hand them over: it ended the worker."""

    async def found() -> list[tuple[TP, int, str]]:
        consumer = object.__new__(ChunkConsumer)
        consumer.log = SimpleNamespace(dev=lambda *_: None)  # type: ignore[assignment]
        consumer._read_offset = _Forgetful()
        thread = consumer._thread = Elsewhere()  # type: ignore[assignment]
        await consumer.seek(PLACE, 7)
        return thread.sought

    assert asyncio.run(found()) == [(PLACE, 7, "fetching_0")]


class Rebalancing:
    """A test double of the consumer, at the moment when a wait for records ends for a rebalance has begun."""

    flow_active = True
    should_stop = False
    app = SimpleNamespace(consumer_generation_id=2)

    def _get_active_partitions(self) -> set[TP]:
        return {TP("channels", 0)}

    async def _wait_next_records(self, _: float) -> tuple[dict[TP, list[object]], set[TP]]:
        self.flow_active = False
        return {TP("channels", 0): [object()]}, {TP("channels", 0)}

    async def perform_seek(self) -> None:
        raise IllegalStateError("No current assignment for partition")


def test_a_rebalance_ends_a_wait_for_records_and_not_the_worker() -> None:
    async def found() -> list[object]:
        return [each async for each in ChunkConsumer.getmany(Rebalancing(), 1.0)]  # type: ignore[arg-type]

    assert asyncio.run(found()) == []


class Fetching:
    """A test double of aiokafka's fetcher, which gives whoever waits what was fetched under the next assignment."""

    _closed = False

    def __init__(self, subscriptions: SubscriptionState) -> None:
        self._subscriptions = subscriptions
        self.given = False

    async def fetched_records(
        self,
        partitions: set[TP],
        timeout: float,  # noqa: ASYNC109 - aiokafka's argument
        max_records: int | None,
    ) -> dict[TP, list[str]]:
        await self._subscriptions.wait_for_assignment()
        await asyncio.sleep(0.01)  # the broker's answer
        self.given = True
        return {PLACE: ["a record"]}


def test_a_wait_for_records_ends_with_the_assignment_in_which_it_began() -> None:
    """What it would get under the next one is dropped by Faust, which seeks back only where an offset is committed."""

    async def found() -> tuple[dict[TP, list[str]], bool]:
        subscriptions = SubscriptionState()
        subscriptions.subscribe({PLACE.topic})
        place = TopicPartition(*PLACE)
        subscriptions.assign_from_subscribed({place})
        fetcher = Fetching(subscriptions)
        thread = object.__new__(chunks._Thread)
        thread.consumer = SimpleNamespace(flow_active=True)  # type: ignore[assignment]
        consumer = SimpleNamespace(_fetcher=fetcher, _subscription=subscriptions, _closed=False)
        waiting = asyncio.create_task(thread._fetch_records(consumer, {PLACE}, 1.0))
        await asyncio.sleep(0)
        subscriptions.begin_reassignment()
        subscriptions.assign_from_subscribed({place})
        records = await asyncio.wait_for(waiting, 5)
        await asyncio.sleep(0.02)
        return records, fetcher.given

    assert asyncio.run(found()) == ({}, False)


class Seeking(ChunkConsumer):
    """A test double of the consumer after a rebalance, with what the group has committed."""

    def __init__(self, committed: int | None) -> None:
        self._read_offset, self._committed_offset = _Forgetful(), {}
        self._begins, self._done = {}, {}
        self._committed = committed
        self.sought: list[tuple[TP, int]] = []

    async def seek_to_committed(self) -> dict[TP, Any]:
        return {PLACE: self._committed}

    async def seek(self, partition: TP, offset: int) -> None:
        self.sought.append((partition, offset))


@pytest.mark.parametrize(
    ("committed", "state", "told"),
    [(None, 0, None), (None, 7, 7), (5, 7, 7), (9, 7, 7), (9, 0, None)],
)
def test_a_partition_is_read_from_where_the_state_is(committed: int | None, state: int, told: int | None) -> None:
    """Whatever the group has committed; and the group is told so, though no record may come any more."""
    consumer = Seeking(committed)
    consumer.begins(PLACE, state)
    asyncio.run(consumer.perform_seek())
    assert consumer.sought == [(PLACE, state)]
    assert consumer._new_offset(PLACE) == told


class Committing(ChunkConsumer):
    """A test double of the consumer of a group whose broker takes its time, and loses what a rebalance cuts short."""

    def __init__(self, generation: int = 1) -> None:
        self.app = SimpleNamespace(consumer_generation_id=generation, client_only=False)  # type: ignore[assignment]
        self._commit_fut = None
        self._done, self._told = {}, {}
        self._thread = SimpleNamespace(commit=self._arrives)  # type: ignore[assignment]
        self.loop = asyncio.get_running_loop()
        self.broker: dict[TP, int] = {}
        self.takes_in = True
        self.slow = asyncio.Event()
        self.slow.set()

    async def _arrives(self, offsets: dict[TP, int]) -> bool:
        await self.slow.wait()
        if self.takes_in:
            self.broker.update(offsets)
        return self.takes_in

    async def force_commit(self, topics: object = None, start_new_transaction: bool = True) -> bool:
        offsets = self._filter_committable_offsets(self._filter_tps_with_pending_acks())
        return bool(offsets) and await self._commit(offsets)


def test_what_was_refused_in_a_rebalance_is_committed_after_it() -> None:
    async def found() -> dict[TP, int]:
        consumer = Committing()
        consumer.takes_in = False
        consumer.done(PLACE, 7)
        await consumer.commit()
        consumer.takes_in = True
        await consumer.commit()
        return consumer.broker

    assert asyncio.run(found()) == {PLACE: 7}


def test_what_was_sent_without_partitions_in_a_rebalance_is_committed_after_it() -> None:
    """Faust's thread leaves out what is not assigned, and says that all was committed."""

    async def found() -> list[dict[TP, int]]:
        consumer = Committing()
        consumer.done(PLACE, 7)
        await consumer.commit()
        consumer.broker.clear()  # as if it had been left out
        await consumer.commit()
        before = dict(consumer.broker)
        consumer.app.consumer_generation_id = 2
        await consumer.commit()
        return [before, consumer.broker]

    assert asyncio.run(found()) == [{}, {PLACE: 7}], "only after a rebalance is there a doubt"


def test_the_last_commit_waits_for_one_that_is_under_way() -> None:
    """That one began before the last batch was done, and would leave its offsets out."""

    async def found() -> dict[TP, int]:
        consumer = Committing()
        consumer.slow.clear()
        consumer.done(PLACE, 7)
        under_way = asyncio.create_task(consumer.commit())
        await asyncio.sleep(0)
        consumer.done(PLACE, 9)
        last = asyncio.create_task(consumer.commit_and_end_transactions())
        await asyncio.sleep(0)
        consumer.slow.set()
        await asyncio.gather(under_way, last)
        return consumer.broker

    assert asyncio.run(found()) == {PLACE: 9}


def test_aiokafka_still_has_the_wait_of_a_fetch() -> None:
    assert "_fetch_max_wait_ms" in inspect.getsource(AIOKafkaConsumer)


def test_aiokafka_still_has_the_subscription_that_knows_of_an_assignments_end() -> None:
    assert "self._subscription = SubscriptionState" in inspect.getsource(AIOKafkaConsumer)


@pytest.mark.parametrize(
    ("found", "why"),
    [("0.15.2", "got 0.15.2"), ("0.16.0", "got 0.16.0"), ("1.0", "got 1.0"), ("0.15.9", None)],
)
def test_other_versions_of_faust_are_taken_one_by_one(monkeypatch: pytest.MonkeyPatch, found: str, why: str | None) -> None:
    monkeypatch.setattr(chunks, "version", lambda _: found)
    reason = chunks.fits()
    assert reason is None if why is None else reason is not None and why in reason


def test_a_method_that_changed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver.Consumer, "_new_offset", lambda self, tp, more: None)
    assert chunks.fits() == "expected Faust's _new_offset(self, tp), got _new_offset(self, tp, more)"
