"""What every desk must do, whatever keeps its journal: one suite, run against each."""

import asyncio
import gc
import warnings
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from itertools import count
from typing import Any, Protocol

from alerts.audit import verify
from alerts.journal import ActionEntry, decode_entry
from alerts.policy import Policy
from alerts.service.runner import Runner
from alerts.service.store import Store
from alerts.station import Station
from streams.actions import Acknowledge, Action
from streams.lapses import Lapse
from tests.alerts.build import lapse
from tests.alerts.receivers import Webhook, webhook
from tests.alerts.service.policies import policy


class Desk(Protocol):
    """A desk that can be started again and again on the same journal."""

    def running(self, policy: Policy, run: str | None = None) -> AbstractAsyncContextManager[Runner]: ...

    async def publish(self, *lapses: Lapse) -> None: ...

    async def act(self, action: Action) -> None: ...

    async def journal(self) -> list[bytes]: ...

    async def trail(self) -> list[bytes]: ...


OVER: dict[str, Any] = {
    "change": "resolved",
    "state": "resolved",
    "revision": 2,
    "resolved": datetime(2026, 3, 1, 13, tzinfo=UTC),
}
_marks = count()


class Behaviours:
    """The suite."""

    def test_a_lapse_is_paged_once_and_its_end_is_told(self, desk: Desk) -> None:
        async def scenario(hook: Webhook) -> None:
            async with desk.running(policy(hook.url)) as runner:
                await desk.publish(lapse())
                await came(lambda: len(hook.calls) == 1 and not runner.station.pending, "the alarm")
                await desk.publish(lapse(), lapse(**OVER))
                await came(lambda: len(hook.calls) == 2 and not runner.station.pending, "the all-clear")
            async with desk.running(policy(hook.url)) as runner:
                await came(lambda: runner.live, "the desk")
                await desk.publish(lapse(), lapse(**OVER))
                await settled(desk, runner)
            assert [call.body["kind"] for call in hook.calls] == ["alarm", "all-clear"]

        with_hook(scenario)

    def test_what_could_not_be_delivered_before_a_restart_is_delivered_after_it_with_the_same_key(self, desk: Desk) -> None:
        async def scenario(hook: Webhook) -> None:
            hook.answer = lambda _: 503
            async with desk.running(policy(hook.url)) as runner:
                await desk.publish(lapse())
                # That nobody takes it is a page of its own.
                await came(lambda: bool(troubles(runner)), "the desk's own trouble")
                assert "receiver:hook: took nothing" in str(troubles(runner))
                (key,) = [each.key for each in runner.station.pending.values() if each.receiver == "hook"]
            hook.answer = lambda _: 200
            async with desk.running(policy(hook.url)) as runner:
                await came(lambda: bool(hook.calls) and runner.live and not runner.station.pending, "the page")
                assert not troubles(runner)
            # An attempt that was under way when the first one ended may arrive as well: by the key its receiver knows it again.
            assert hook.keys() in ([key], [key, key])

        with_hook(scenario)

    def test_what_somebody_does_is_taken_in_once_and_stays_on_the_trail(self, desk: Desk) -> None:
        async def scenario(hook: Webhook) -> None:
            async with desk.running(policy(hook.url)) as runner:
                await desk.publish(lapse())
                await came(lambda: len(hook.calls) == 1, "the alarm")
                await desk.act(ack(runner))
                await came(lambda: runner.station.desk.pages()[0].state == "acknowledged", "the acknowledgement")
            async with desk.running(policy(hook.url)) as runner:
                await came(lambda: runner.live, "the desk")
                (page,) = runner.station.desk.pages()
                assert page.has is not None
                assert page.has.by == "ann"
            trail = await desk.trail()
            assert (verify(trail).head.number, verify(trail).faults) == (1, [])
            entries = [decode_entry(entry) for entry in await desk.journal()]
            assert sum(isinstance(entry, ActionEntry) for entry in entries) == 1

        with_hook(scenario)

    def test_time_alone_is_told_by_ticks_and_no_more_of_them_than_there_is_to_do(self, desk: Desk) -> None:
        async def scenario(hook: Webhook) -> None:
            async with desk.running(policy(hook.url, gather=0.2, again=(0.3, 0.6))) as runner:
                await desk.publish(lapse())
                await came(lambda: len(hook.calls) == 3, "the steps")
                assert runner.ticks == 3
            assert [call.body["kind"] for call in hook.calls] == ["alarm", "escalation", "escalation"]

        with_hook(scenario)

    def test_the_journal_alone_says_what_was_sent(self, desk: Desk) -> None:
        async def scenario(hook: Webhook) -> None:
            rules = policy(hook.url)
            async with desk.running(rules) as runner:
                await desk.publish(*(lapse(f"line-{number}", group=f"announcement-{number % 3}") for number in range(9)))
                await came(lambda: len(hook.calls) >= 3 and not runner.station.pending, "pages")
                await desk.act(ack(runner))
                await came(lambda: acted(runner), "the acknowledgement")
                await desk.publish(lapse("line-0", group="announcement-0", **OVER))
                await settled(desk, runner)
            again = Station(rules)
            told = [sending.key for entry in await desk.journal() for sending in again.take(decode_entry(entry))]
            assert sorted(hook.keys()) == sorted(told)
            assert not again.pending

        with_hook(scenario)

    def test_a_drill_goes_to_the_exercise_route_alone(self, desk: Desk) -> None:
        async def scenario(hook: Webhook) -> None:
            with webhook() as drill:
                async with desk.running(policy(hook.url, drill=drill.url)) as runner:
                    await desk.publish(lapse(exercise=True), lapse("other-line", run="story-1"))
                    await came(lambda: bool(drill.calls) and not runner.station.pending, "the drill's page")
                for text in [call.body[part] for call in drill.calls for part in ("title", "message")]:
                    first, last = text.splitlines()[0], text.splitlines()[-1]
                    assert "EXERCISE" in first[:12]
                    assert "EXERCISE" in last[-32:]
            assert hook.calls == []

        with_hook(scenario)

    async def acted_from_outside(self, desk: Desk) -> None:
        """For a desk in a file: another process writes to its trail."""
        with webhook() as hook:
            async with desk.running(policy(hook.url)) as runner:
                await desk.publish(lapse())
                await came(lambda: len(hook.calls) == 1, "the alarm")
                with Store(desk.path) as other:  # type: ignore[attr-defined]
                    other.act(ack(runner))
                await came(lambda: runner.station.desk.pages()[0].state == "acknowledged", "the acknowledgement")


def ack(runner: Runner) -> Action:
    """Ann acknowledges the first page that is open."""
    page = runner.station.desk.pages()[0].id
    return Action(id="ack-1", at=datetime.now(UTC), by="ann", deed=Acknowledge(target=page, note="on it"))


def troubles(runner: Runner) -> list[str]:
    """What the desk has in trouble itself."""
    return [page.trouble for page in runner.station.desk.pages() if page.trouble is not None]


def acted(runner: Runner) -> bool:
    """Whether what Ann did was taken in."""
    return any(deed.by == "ann" for page in runner.station.desk.pages(settled=True) for deed in page.deeds)


async def settled(desk: Desk, runner: Runner) -> None:
    """Wait until every lapse that was published is taken in, and everything that was to be said is on record."""
    # Lapses come in their order. One that is over before the desk hears of it is no page, only a mark in their row.
    mark = lapse(f"mark-{next(_marks)}", state="withdrawn", change="withdrawn")
    await desk.publish(mark)
    await came(lambda: runner.station.knows(mark), "the last lapse")
    await came(lambda: not (due(runner) or runner.station.pending or runner.outbox.waiting), "the end of deliveries")


def due(runner: Runner) -> bool:
    """Whether the desk has something to do at once."""
    wake = runner.station.desk.wake
    return wake is not None and wake <= runner.clock()


def lived(life: Coroutine[Any, Any, object]) -> None:
    """Let desks live within this process, and let what their clients leave open at the end be closed here and now.

    A connection that Kafka's client is making when its thread ends is left to the collector, which would else come in somebody
    else's test. A desk that is a process of its own ends then.
    """
    asyncio.run(life)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def with_hook(scenario: Callable[[Webhook], object]) -> None:
    with webhook() as hook:
        lived(scenario(hook))  # type: ignore[arg-type]


async def came(condition: Callable[[], bool], what: str, patience: float = 30.0) -> None:
    """Wait in the loop until ``condition`` holds."""
    end = asyncio.get_running_loop().time() + patience
    while not condition():
        assert asyncio.get_running_loop().time() < end, f"waited {patience:g} s for {what}"
        await asyncio.sleep(0.01)
