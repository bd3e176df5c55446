"""The outbox delivers each sending once, for as long as it takes, whatever the receivers do."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from alerts.delivery.outbox import Outbox
from alerts.delivery.ports import Message
from streams.live.pulse import SleptError
from tests.alerts.build import receiver, sending
from tests.alerts.delivery.running import QUICK, Recorded, Told, came, outbox, refuses, words


def test_what_is_put_is_delivered_once_and_recorded() -> None:
    async def scenario() -> None:
        hook, record, alarm = Told(), Recorded(), sending()
        async with outbox([receiver()], {"hook": hook}, record) as box:
            box.put(alarm)
            box.put(alarm)
            await came(lambda: box.waiting == 0, "the delivery")
        assert hook.keys() == [alarm.key]
        assert record.of(alarm) == [("hook", True, True)]

    asyncio.run(scenario())


def test_a_receiver_that_fails_twice_gets_it_at_the_third_try() -> None:
    async def scenario() -> None:
        hook, record, alarm = Told(), Recorded(), sending()
        hook.does = lambda message: refuses(message) if hook.asked < 3 else None
        async with outbox([receiver()], {"hook": hook}, record) as box:
            box.put(alarm)
            await came(lambda: box.waiting == 0, "the delivery")
        assert [(each.delivered, each.attempts) for each in record.outcomes] == [(True, 3)]

    asyncio.run(scenario())


def test_a_stand_in_takes_what_the_first_does_not_and_both_are_on_record() -> None:
    async def scenario() -> None:
        down, spare, record, alarm = Told(refuses), Told(), Recorded(), sending()
        receivers = [receiver(instead=("spare",)), receiver("spare")]
        async with outbox(receivers, {"hook": down, "spare": spare}, record) as box:
            box.put(alarm)
            await came(lambda: box.waiting == 0, "the delivery")
            assert box.failing == {"hook": "it is down"}
            # It is known to be down by now: one try is enough before the stand-in has it.
            box.put(sending(number=2))
            await came(lambda: box.waiting == 0, "the delivery")
        assert record.of(alarm) == [("hook", False, True), ("spare", True, True)]
        assert [each.attempts for each in record.outcomes if each.receiver == "hook"] == [3, 1]
        assert record.outcomes[0].reason == "it is down"

    asyncio.run(scenario())


def test_where_nobody_takes_it_that_is_said_once_and_tried_until_somebody_does() -> None:
    async def scenario() -> None:
        hook, record, alarm = Told(refuses), Recorded(), sending()
        async with outbox([receiver()], {"hook": hook}, record) as box:
            box.put(alarm)
            await came(lambda: hook.asked > 12, "rounds of tries")
            assert record.of(alarm) == [("hook", False, False)]
            hook.does = None
            await came(lambda: box.waiting == 0, "the delivery")
        assert record.of(alarm) == [("hook", False, False), ("hook", True, True)]
        assert not box.failing

    asyncio.run(scenario())


def test_after_the_day_it_is_given_up_and_the_next_thing_goes_on() -> None:
    async def scenario() -> None:
        hook, record = Told(refuses), Recorded()
        alarm, second = sending(), sending(number=2)
        async with outbox([receiver()], {"hook": hook}, record, QUICK._replace(give_up=0.05)) as box:
            box.put(alarm)
            box.put(second)
            await came(lambda: box.waiting == 0, "the end of patience")
        assert record.of(alarm)[-1] == record.of(second)[-1] == ("hook", False, True)
        assert "given up" in record.outcomes[-1].reason

    asyncio.run(scenario())


def test_an_all_clear_waits_for_its_alarm() -> None:
    async def scenario() -> None:
        hook, record = Told(), Recorded()
        hook.does = lambda message: refuses(message) if hook.asked < 6 else None
        alarm, clear, other = sending(), sending(number=2, kind="all-clear"), sending(page="00000000000000bb")
        async with outbox([receiver()], {"hook": hook}, record) as box:
            for each in (alarm, clear, other):
                box.put(each)
            await came(lambda: box.waiting == 0, "all deliveries")
        assert hook.keys().index(alarm.key) < hook.keys().index(clear.key)
        assert sorted(hook.keys()) == sorted((alarm.key, clear.key, other.key))

    asyncio.run(scenario())


def test_one_receiver_that_hangs_holds_up_nobody() -> None:
    async def scenario() -> None:
        free, record = asyncio.Event(), Recorded()
        stuck, quick = Told(lambda _: free.wait()), Told()
        async with outbox([receiver("stuck"), receiver("quick")], {"stuck": stuck, "quick": quick}, record) as box:
            for number in range(20):
                page = f"{number:016x}"
                box.put(sending("stuck", page))
                box.put(sending("quick", page))
            await came(lambda: len(quick.got) == 20, "the other's pages")
            # No more than so many tries are under way to the one that hangs.
            assert stuck.asked == 4
            free.set()
            await came(lambda: box.waiting == 0, "the rest")
        assert len(set(stuck.keys())) == 20

    asyncio.run(scenario())


def test_what_was_said_is_not_said_again_because_the_record_could_not_be_written() -> None:
    async def scenario() -> None:
        hook, record, alarm = Told(), Recorded(), sending()
        record.fails = 3
        async with outbox([receiver()], {"hook": hook}, record) as box:
            box.put(alarm)
            await came(lambda: box.waiting == 0, "the record")
        assert hook.keys() == [alarm.key]
        assert record.of(alarm) == [("hook", True, True)]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("drill", "of_the_receiver"),
    [({"exercise": True}, False), ({"run": "drill-7"}, False), ({}, True)],
    ids=["exercise", "replay", "the real thing to the exercise route"],
)
def test_no_drill_reaches_who_is_there_for_the_real_and_the_other_way_round(
    drill: dict[str, Any], of_the_receiver: bool
) -> None:
    async def scenario() -> None:
        hook, spare, record, alarm = Told(refuses), Told(), Recorded(), sending(**drill)
        # Not even by way of a stand-in.
        receivers = [receiver(exercise=of_the_receiver, instead=("spare",)), receiver("spare", exercise=of_the_receiver)]
        async with outbox(receivers, {"hook": hook, "spare": spare}, record) as box:
            box.put(alarm)
            await came(lambda: box.waiting == 0, "the refusal")
        assert hook.asked == spare.asked == 0
        assert record.of(alarm) == [("hook", False, True)]

    asyncio.run(scenario())


def test_words_that_cannot_be_found_keep_nothing_else_from_going_out() -> None:
    async def scenario() -> None:
        hook, record = Told(), Recorded()
        broken, fine = sending(page="00000000000000cc", lapses=None), sending()
        async with outbox([receiver()], {"hook": hook}, record) as box:
            box.put(broken)
            box.put(fine)
            await came(lambda: box.waiting == 0, "the deliveries")
        assert hook.keys() == [fine.key]
        assert record.of(broken) == [("hook", False, True)]

    asyncio.run(scenario())


def test_what_was_under_way_at_the_end_is_recorded_by_nobody() -> None:
    async def scenario() -> None:
        started, record = asyncio.Event(), Recorded()

        async def hang(_: Message) -> None:
            started.set()
            await asyncio.Event().wait()

        async with outbox([receiver()], {"hook": Told(hang)}, record) as box:
            box.put(sending())
            await asyncio.wait_for(started.wait(), 5)
        assert record.outcomes == []

    asyncio.run(scenario())


def test_a_desk_that_stood_still_and_may_be_the_desk_no_more_says_nothing_and_ends() -> None:
    def asleep() -> None:
        raise SleptError("stood still for 60 s")

    async def scenario() -> None:
        hook, record, faults = Told(), Recorded(), list[BaseException]()
        box = Outbox(
            [receiver()],
            {"hook": hook},
            words,
            record,
            clock=lambda: datetime.now(UTC),
            crash=faults.append,
            awake=asleep,
            patience=QUICK,
        )
        box.put(sending())
        await came(lambda: bool(faults), "the end")
        await box.close()
        assert [type(fault) for fault in faults] == [SleptError]
        assert hook.asked == 0
        assert record.outcomes == []

    asyncio.run(scenario())
