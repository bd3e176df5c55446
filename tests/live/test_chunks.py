"""What the transport by chunks leans on is there: this fails where Faust has changed inside."""

import asyncio
import inspect
from types import SimpleNamespace

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import IllegalStateError
from faust.transport.consumer import Consumer, Fetcher
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams.live import chunks
from streams.live.chunks import ChunkConsumer, _Forgetful


def test_faust_is_as_the_chunks_need_it() -> None:
    assert chunks.fits() is None


def test_every_method_that_is_overridden_is_on_the_list() -> None:
    own = {name for name, value in vars(ChunkConsumer).items() if inspect.isfunction(value)}
    of_faust = {name for name in own if hasattr(driver.Consumer, name)} - {"__init__", "on_partitions_revoked"}
    assert of_faust <= set(chunks.LEANT_ON)
    of_thread = {name for name, value in vars(chunks._Thread).items() if inspect.isfunction(value)}
    assert of_thread == set(chunks.LEANT_ON_THREAD)


CALLS = {
    "_fetch_records": driver.AIOKafkaConsumerThread.getmany,
    "_seek_wait": driver.AIOKafkaConsumerThread.seek_wait,
    "getmany": Consumer._drain_messages,
    "_add_gap": Consumer._drain_messages,
    "_new_offset": Consumer._filter_committable_offsets,
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


def test_aiokafka_still_has_the_wait_of_a_fetch() -> None:
    assert "_fetch_max_wait_ms" in inspect.getsource(AIOKafkaConsumer)


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
