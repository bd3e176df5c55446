"""The desk's time: it goes on where a clock is set back, so that whoever must be told is; and it ends when the desk does."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from alerts.delivery.ports import Message
from alerts.journal import AnyEntry, LapseEntry, OutcomeEntry
from alerts.service.runner import Runner
from alerts.station import Station
from tests.alerts.build import NOON, lapse
from tests.alerts.service.policies import policy

RULES = policy("json://127.0.0.1:9/hook", gather=0.05)


class Clock:
    """A clock that can be set."""

    now = NOON

    def __call__(self) -> datetime:
        return self.now


class Hook:
    """A double of a receiver."""

    def __init__(self) -> None:
        self.got: asyncio.Queue[str] = asyncio.Queue()

    async def deliver(self, message: Message) -> None:
        self.got.put_nowait(message.sending.lapses[0].subject)

    async def close(self) -> None:
        pass


class Journal:
    """A journal in memory: what is appended comes back at once."""

    def __init__(self) -> None:
        self.entries: list[AnyEntry] = []
        self.runner: Runner | None = None
        self.recorded = asyncio.Event()

    async def append(self, entries: Sequence[AnyEntry]) -> None:
        assert self.runner is not None
        self.entries += entries
        self.runner.took(entries)
        if any(isinstance(entry, OutcomeEntry) for entry in entries):
            self.recorded.set()


def test_a_clock_that_was_set_back_keeps_no_alarm_waiting() -> None:
    async def scenario() -> None:
        clock, hook, journal, faults = Clock(), Hook(), Journal(), list[BaseException]()
        runner = Runner(Station(RULES), RULES, {"hook": hook, "log": Hook()}, journal, clock=clock, crash=faults.append)
        journal.runner = runner
        runner.go_live()
        try:
            async with asyncio.timeout(20):
                await journal.append([LapseEntry(at=clock(), lapse=lapse("east", parties=("AA", "BB")))])
                clock.now += timedelta(seconds=1)
                assert await hook.got.get() == "east"
                await journal.recorded.wait()
                clock.now -= timedelta(days=365)
                await journal.append([LapseEntry(at=clock(), lapse=lapse("west", parties=("CC", "DD")))])
                assert await hook.got.get() == "west"
        finally:
            await runner.close()
        assert faults == []
        # Nothing but the time to gather has passed for the desk.
        assert runner.station.desk.now < NOON + timedelta(seconds=30)

    asyncio.run(scenario())


def test_what_comes_as_the_desk_ends_keeps_it_from_ending_no_longer() -> None:
    async def scenario() -> None:
        journal = Journal()
        runner = Runner(Station(RULES), RULES, {"hook": Hook(), "log": Hook()}, journal, clock=Clock(), crash=lambda _: None)
        journal.runner = runner
        runner.go_live()
        # The clockwork waits for something to come, and hears of it in the moment in which it is to end.
        await asyncio.sleep(0.01)
        runner.took([LapseEntry(at=NOON, lapse=lapse("east"))])
        await asyncio.sleep(0)
        ended, _ = await asyncio.wait({asyncio.create_task(runner.close())}, timeout=5)
        assert ended

    asyncio.run(scenario())
