"""The service: what it claims, what it leaves unsaid, and what the watch makes of its feed."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from producers.delivery.spool import Limits, Spool
from producers.probes.attempt import Outcome, Result
from producers.probes.model import AnyTarget, Site, Tcp
from producers.probes.service import Service
from producers.probes.sinks import Sink, Spooled, UndeliveredError
from streams.agreements.load import load_builtin
from streams.events import AnyEvent, ChannelCheck, FeedHeartbeat
from streams.events.decode import decode, encode
from streams.feeds import FeedRecord
from streams.rulebook import RuleBook
from streams.spans import Span

BOOK = RuleBook(load_builtin())
FEED = BOOK.feeds["rok-mou-mnd"]
"""Beats every hour, and is silent after three."""
WEST, EAST = "inter-korean-military-west", "inter-korean-military-east"
T = datetime(2026, 3, 2, 12, 30, tzinfo=UTC)


def probe(name: str, channel: str, **fields: Any) -> Tcp:
    return Tcp(id=name, channel=channel, host="127.0.0.1", port=1, **{"every": Span(seconds=3_600), **fields})


class Kept:
    """A sink, a test double: it keeps what it takes, and refuses while it is full."""

    def __init__(self) -> None:
        self.events: list[AnyEvent] = []
        self.full = False
        self.some = asyncio.Event()

    async def deliver(self, feed: str | None, events: Sequence[AnyEvent]) -> None:
        if self.full:
            raise UndeliveredError("full")
        # What is handed over can be read by whoever reads the log.
        self.events.extend(decode(encode(event)) for event in events)
        self.some.set()

    def complete(self, feed: str) -> bool:
        return True

    @property
    def claims(self) -> list[tuple[str, str]]:
        return [(event.id, event.data.outcome) for event in self.events if isinstance(event, ChannelCheck)]

    def vouches(self, moment: datetime, now: datetime) -> bool | None:
        """What the watch makes of the heartbeats."""
        record = FeedRecord(FEED)
        for event in self.events:
            if isinstance(event, FeedHeartbeat):
                record.beat(event.time)
        return record.vouches(moment, moment, now)


class World:
    """Time goes as the test says, and each probe comes out as it says."""

    def __init__(self, sink: Sink, *, self_check: bool = False, start: datetime = T, **outcomes: Outcome) -> None:
        self.now = start
        self.outcomes = outcomes
        self.asked: list[str] = []
        self.gate: asyncio.Event | None = None
        probes = (probe("west", WEST), probe("east", EAST))
        own: tuple[AnyTarget, ...] = (Tcp(id="own", host="127.0.0.1", port=2),) if self_check else ()
        site = Site(site="s", feed=FEED.id, allow=("127.0.0.1",), probes=probes, self_check=own)
        self.service = Service(site, BOOK, sink, base=Path(), now=lambda: self.now, maker=self._make)

    async def _make(self, target: AnyTarget) -> Result:
        self.asked.append(target.id)
        if self.gate is not None and target.id == "east":
            await self.gate.wait()
        outcome = self.outcomes.get(target.id, "answered")
        return Result(outcome, "up" if outcome == "answered" else "unknown", 1.5 if outcome == "answered" else None, "seen")

    async def hours(self, count: int) -> None:
        """Look at the clock each hour, and a second after it."""
        for _ in range(count):
            self.now += timedelta(hours=1)
            await self.service.step()
            await self.service.finish()


def live(story: Callable[[], Any]) -> None:
    asyncio.run(asyncio.wait_for(story(), 20))


def test_each_slot_is_one_check_and_the_feed_beats() -> None:
    async def story() -> None:
        sink = Kept()
        world = World(sink, start=datetime(2026, 3, 2, 12, 0, 0, 2_000, tzinfo=UTC), west="no-carrier")
        await world.hours(8)
        assert world.asked.count("west") == world.asked.count("east") == 8
        first = [event for event in sink.events if isinstance(event, ChannelCheck)][:2]
        assert {(each.id, each.data.outcome) for each in first} == {
            ("probe-s-west-20260302T130000Z", "no-carrier"),
            ("probe-s-east-20260302T130000Z", "answered"),
        }
        answered = next(each for each in first if each.data.outcome == "answered")
        assert (answered.source, answered.time) == ("steadyline:probes:s", T.replace(hour=13, minute=0, microsecond=2_000))
        assert (answered.data.channel, answered.data.latency_ms) == (EAST, 1.5)
        assert answered.data.text == "tcp from s: transport up; seen"
        # Whoever ran before might have missed the slots before the start: silence first, and then a word for each slot.
        assert sink.vouches(T.replace(hour=13, minute=0), world.now) is False
        assert sink.vouches(T.replace(hour=19, minute=0), world.now) is True

    live(story)


def test_slots_that_a_machine_slept_through_are_not_told_and_not_vouched_for() -> None:
    async def story() -> None:
        sink = Kept()
        world = World(sink, start=T.replace(minute=0, microsecond=2_000))
        await world.hours(6)
        # An hour and a half asleep is less than the feed may be silent; the slot at 19:00 is missed all the same.
        world.now += timedelta(minutes=90)
        await world.service.step()
        await world.service.finish()
        world.now -= timedelta(minutes=30)
        await world.hours(8)
        assert not [name for name, _ in sink.claims if "T190000Z" in name]
        assert [name for name, _ in sink.claims if "T200000Z" in name]
        assert sink.vouches(T.replace(hour=18, minute=0), world.now) is True
        assert sink.vouches(T.replace(hour=19, minute=0), world.now) is False
        assert sink.vouches(datetime(2026, 3, 3, 2, tzinfo=UTC), world.now) is True

    live(story)


def test_while_our_own_network_is_down_nothing_is_claimed() -> None:
    async def story() -> None:
        sink = Kept()
        world = World(sink, self_check=True, start=T.replace(minute=0, microsecond=2_000))
        await world.hours(6)
        told = len(sink.claims)
        world.outcomes |= {"west": "no-carrier", "east": "unanswered", "own": "no-carrier"}
        await world.hours(2)
        assert world.asked[-1] == "own"
        assert len(sink.claims) == told
        assert sink.vouches(T.replace(hour=19, minute=0), world.now + timedelta(days=1)) is False
        # The check answers: then it is they who do not.
        world.outcomes["own"] = "answered"
        await world.hours(5)
        assert {outcome for _, outcome in sink.claims[told:]} == {"no-carrier", "unanswered"}
        assert len(sink.claims) == told + 10
        assert sink.vouches(T.replace(hour=19, minute=0), world.now) is False

    live(story)


def test_the_own_network_is_not_asked_where_somebody_answered() -> None:
    async def story() -> None:
        world = World(Kept(), self_check=True, west="no-carrier")
        await world.hours(1)
        assert "own" not in world.asked

    live(story)


def test_an_answer_does_not_wait_for_the_slowest() -> None:
    async def story() -> None:
        sink = Kept()
        world = World(sink, start=T.replace(minute=0, microsecond=2_000))
        world.gate = asyncio.Event()
        world.now += timedelta(hours=1)
        await world.service.step()
        await sink.some.wait()
        assert [name for name, _ in sink.claims] == ["probe-s-west-20260302T130000Z"]
        # Nothing is vouched for while a probe is under way.
        assert not [event for event in sink.events if isinstance(event, FeedHeartbeat)]
        world.gate.set()
        await world.service.finish()
        assert len(sink.claims) == 2

    live(story)


def test_what_cannot_be_kept_is_not_vouched_for() -> None:
    async def story() -> None:
        sink = Kept()
        world = World(sink, start=T.replace(minute=0, microsecond=2_000))
        await world.hours(6)
        sink.full = True
        await world.hours(1)
        sink.full = False
        await world.hours(6)
        assert not [name for name, _ in sink.claims if "T190000Z" in name]
        assert sink.vouches(T.replace(hour=19, minute=0), world.now) is False
        assert sink.vouches(datetime(2026, 3, 3, tzinfo=UTC), world.now) is True

    live(story)


def test_events_are_on_disk_before_the_feed_vouches_for_them(tmp_path: Path) -> None:
    async def story() -> None:
        with Spool(tmp_path / "spool.db") as spool:
            woken: list[None] = []
            world = World(
                Spooled(spool, "/log.db", lambda: world.now, lambda: woken.append(None)),
                start=T.replace(minute=0, microsecond=2_000),
            )
            await world.hours(6)
            kinds = [kept.kind for kept in spool.first("/log.db", 100, 10**6)]
            assert kinds.count("org.steadyline.channel.check.v1") == 12
            assert kinds[-1] == "org.steadyline.feed.heartbeat.v1"
            assert woken

    live(story)


def test_a_spool_that_is_full_is_said(tmp_path: Path) -> None:
    async def story() -> None:
        with Spool(tmp_path / "spool.db", Limits(events=3)) as spool:
            world = World(Spooled(spool, "/log.db", lambda: world.now), start=T.replace(minute=0, microsecond=2_000))
            await world.hours(4)
            assert spool.waiting("/log.db") == 3

    live(story)


def test_what_is_under_way_is_brought_to_its_end() -> None:
    async def story() -> None:
        sink = Kept()
        world = World(sink, start=T.replace(minute=0, microsecond=2_000))
        world.gate, stop = asyncio.Event(), asyncio.Event()
        world.now += timedelta(hours=1)
        running = asyncio.ensure_future(world.service.run(stop))
        await sink.some.wait()
        stop.set()
        await asyncio.sleep(0)
        assert not running.done()
        world.gate.set()
        await running
        assert len(sink.claims) == 2

    live(story)
