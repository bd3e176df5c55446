"""An outbox under test: its record of outcomes, and ways out that do as they are told."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from alerts.delivery.outbox import Outbox, Patience
from alerts.delivery.ports import Message, Port, UndeliveredError
from alerts.policy import Receiver
from alerts.sendings import Outcome, Sending

QUICK = Patience(tries=3, pause=0.001, longest_pause=0.002, rest=0.002, longest_rest=0.004, give_up=20.0)


class Told:
    """A double of a receiver: takes what comes, or does as it is told."""

    def __init__(self, does: Callable[[Message], object] | None = None) -> None:
        self.got: list[Message] = []
        self.asked = 0
        self.does = does

    async def deliver(self, message: Message) -> None:
        self.asked += 1
        if self.does is not None:
            found = self.does(message)
            if asyncio.iscoroutine(found):
                await found
        self.got.append(message)

    async def close(self) -> None:
        pass

    def keys(self) -> list[str]:
        return [message.sending.key for message in self.got]


def refuses(_: Message) -> None:
    raise UndeliveredError("it is down")


class Recorded:
    """Outcomes on record."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []
        self.fails = 0

    async def __call__(self, outcomes: Sequence[Outcome]) -> None:
        if self.fails:
            self.fails -= 1
            raise OSError("the disk is full")
        self.outcomes += outcomes

    def of(self, sending: Sending) -> list[tuple[str, bool, bool]]:
        """Who, delivered, final."""
        return [(each.receiver, each.delivered, each.final) for each in self.outcomes if each.key == sending.key]

    def delivered(self) -> set[str]:
        return {each.key for each in self.outcomes if each.delivered}


@asynccontextmanager
async def outbox(
    receivers: Iterable[Receiver], ports: Mapping[str, Port], record: Recorded, patience: Patience = QUICK
) -> AsyncIterator[Outbox]:
    faults: list[BaseException] = []
    box = Outbox(receivers, ports, words, record, clock=lambda: datetime.now(UTC), crash=faults.append, patience=patience)
    try:
        yield box
    finally:
        await box.close()
    assert not faults


def words(sending: Sending) -> tuple[str, str]:
    """A title and a text, plainly."""
    return f"{sending.kind} {sending.page}", f"{len(sending.lapses)} lapses\n"


async def came(condition: Callable[[], bool], what: str, patience: float = 15.0) -> None:
    """Wait in the loop until ``condition`` holds."""
    async with asyncio.timeout(patience):
        while not condition():  # noqa: ASYNC110 - doubles tell nobody
            await asyncio.sleep(0.002)
    assert condition(), what
