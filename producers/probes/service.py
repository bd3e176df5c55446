"""Makes probes on their calendars for as long as it runs: a thin edge of asyncio around the schedule and the vouchers."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple, Protocol

import structlog

from producers.probes import claims
from producers.probes.attempt import Result
from producers.probes.making import make
from producers.probes.model import AnyTarget, Site
from producers.probes.network import Ways
from producers.probes.reading import feed_of
from producers.probes.schedule import Due, Entry, Missed, Schedule
from producers.probes.sinks import Sink, UndeliveredError
from producers.probes.timetable import Every, timetable_of
from producers.probes.vouching import Voucher
from streams.allowing import AllowList
from streams.daytime import utc
from streams.events import AnyEvent, ChannelCheck
from streams.rulebook import RuleBook

LOOK = timedelta(seconds=1)
"""How often the clock is looked at though nothing is due: a machine that slept finds out when it wakes."""
_log = structlog.stdlib.get_logger(__name__)

Maker = Callable[[AnyTarget], Awaitable[Result]]


class Watcher(Protocol):
    """Who counts what happens."""

    def made(self, target: AnyTarget, result: Result) -> None:
        """A probe was made."""

    def missed(self, target: AnyTarget, count: int) -> None:
        """Slots went by without a probe, or their probes told nothing of the channel."""

    def beat(self, feed: str, moment: datetime) -> None:
        """A feed gave a sign of life."""


class _Made(NamedTuple):
    due: Due
    began: datetime
    result: Result


class Service:
    """One site's probes."""

    def __init__(
        self,
        site: Site,
        book: RuleBook,
        sink: Sink,
        *,
        base: Path,
        watchers: Iterable[Watcher] = (),
        now: Callable[[], datetime] = utc,
        maker: Maker | None = None,
    ) -> None:
        """Prepare; nothing is tried yet.

        Args:
            site: The probes.
            book: The agreements that say when, and how long a feed may be silent.
            sink: Where events go.
            base: The directory to which files named by the probes are relative.
            watchers: Told of everything.
            now: The clock, UTC.
            maker: How a probe is made, where not over the network.
        """
        self._site, self._sink, self._now, self._watchers = site, sink, now, tuple(watchers)
        self._ways = Ways(AllowList.of(site.allow))
        self._maker: Maker = maker or (lambda target: make(target, self._ways, base))
        self._targets = {target.id: target for target in site.probes}
        start = self._turned = now()
        entries = []
        self._vouchers: dict[str, Voucher] = {}
        beats = []
        for target in site.probes:
            timetable = timetable_of(target, book)
            if timetable is None:
                raise ValueError(f"expected a calendar for {target.id}")
            entries.append(Entry(target.id, timetable, timedelta(seconds=target.late.seconds)))
            name = feed_of(target, site)
            if name is None:
                continue
            feed = book.feeds[name]
            if name not in self._vouchers:
                self._vouchers[name] = Voucher(feed.silent_after)
                beats.append(Entry(name, Every(_length(feed.heartbeat.seconds, feed.heartbeat.months)), LOOK))
            # Whoever ran before this may have missed it, and may have vouched shortly before.
            before = timetable.stretch(feed.silent_after.before(start), start)
            if before is not None:
                self._vouchers[name].lost(before.last)
        self._schedule = Schedule(entries, start)
        self._beats = Schedule(beats, start)
        self._places = asyncio.Semaphore(site.at_once)
        self._rounds: set[asyncio.Task[None]] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Make probes until ``stop`` is set; those under way are brought to their end.

        Raises:
            Exception: what the sink raises: events that it does not take must not be taken for told.
        """
        stopping = asyncio.ensure_future(stop.wait())
        try:
            while not stop.is_set():
                await self.step()
                await asyncio.wait({stopping, *self._rounds}, timeout=self._pause(), return_when=asyncio.FIRST_COMPLETED)
                self._reap()
            await self.finish()
        finally:
            stopping.cancel()
            for task in self._rounds:
                task.cancel()
            await asyncio.gather(stopping, *self._rounds, return_exceptions=True)
            self._ways.close()

    async def step(self) -> None:
        """Look at the clock once: begin what is due, tell what was missed, let feeds beat."""
        now = self._turned = max(self._turned, self._now())
        turn = self._schedule.turn(now)
        for missed in turn.missed:
            self._missed(missed)
        if turn.due:
            for due in turn.due:
                self._voucher(due, Voucher.began)
            self._rounds.add(asyncio.ensure_future(self._round(turn.due)))
        beating = self._beats.turn(now)
        await self._beat({due.probe for due in beating.due} | {missed.probe for missed in beating.missed})

    async def finish(self) -> None:
        """Bring what is under way to its end.

        Raises:
            Exception: what the sink raises.
        """
        while self._rounds:
            await asyncio.wait(self._rounds)
            self._reap()

    def _reap(self) -> None:
        for task in [task for task in self._rounds if task.done()]:
            self._rounds.discard(task)
            task.result()

    def _pause(self) -> float:
        now = self._now()
        moments = [moment for moment in (self._schedule.next(), self._beats.next()) if moment is not None]
        return max(0.0, (min([*moments, now + LOOK]) - now).total_seconds())

    async def _round(self, round_: Sequence[Due]) -> None:
        """Make the probes of one moment, at the same time.

        That somebody answered shows that our own network is well; until then what did not answer is not told.
        """
        held: list[_Made] = []
        well = False
        for next_made in asyncio.as_completed([self._made(due) for due in round_]):
            made = await next_made
            held.append(made)
            well = well or made.result.outcome == "answered"
            if well:
                await self._tell(held)
                held = []
        if held and not await self._own_network():
            silent = "our own network is down: no check of it answers"
            held = [each._replace(result=Result("not-made", "unknown", None, silent)) for each in held]
        await self._tell(held)
        await self._beat({feed for due in round_ if (feed := feed_of(self._targets[due.probe], self._site)) is not None})

    async def _made(self, due: Due) -> _Made:
        async with self._places:
            began = self._now()
            return _Made(due, began, await self._maker(self._targets[due.probe]))

    async def _own_network(self) -> bool:
        """Whether a check of our own network answers; with none to ask, it is taken to be well."""
        if not self._site.self_check:
            return True
        results = await asyncio.gather(*(self._maker(target) for target in self._site.self_check))
        return any(result.outcome == "answered" for result in results)

    async def _tell(self, mades: Sequence[_Made]) -> None:
        by_feed: dict[str | None, list[_Made]] = {}
        for made in mades:
            self._note(made)
            by_feed.setdefault(feed_of(self._targets[made.due.probe], self._site), []).append(made)
        for feed, group in by_feed.items():
            claimed = [(made, self._claim(made)) for made in group]
            kept = await self._kept(feed, [event for _, event in claimed if event is not None])
            for made, event in claimed:
                if event is None or not kept:
                    self._voucher(made.due, Voucher.lost)
                    for watcher in self._watchers:
                        watcher.missed(self._targets[made.due.probe], 1)
                self._voucher(made.due, Voucher.settled)

    def _claim(self, made: _Made) -> ChannelCheck | None:
        return claims.claim(self._site, self._targets[made.due.probe], made.due.slot, made.began, made.result)

    async def _kept(self, feed: str | None, events: Sequence[AnyEvent]) -> bool:
        """Hand events over; whether they are kept safe."""
        if not events:
            return True
        try:
            await self._sink.deliver(feed, events)
        except UndeliveredError as error:
            _log.error("events lost", feed=feed, count=len(events), reason=str(error))
            return False
        return True

    def _note(self, made: _Made) -> None:
        target, result = self._targets[made.due.probe], made.result
        fine = result.outcome == "answered" and result.concern is None
        (_log.info if fine else _log.warning)(
            "probe",
            probe=target.id,
            channel=target.channel,
            slot=made.due.slot,
            outcome=result.outcome,
            transport=result.transport,
            latency_ms=result.latency_ms,
            evidence=result.evidence,
        )
        for watcher in self._watchers:
            watcher.made(target, result)

    def _missed(self, missed: Missed) -> None:
        target = self._targets[missed.probe]
        slots = missed.slots
        _log.warning("slots missed", probe=target.id, count=slots.number, first=slots.first, last=slots.last)
        self._voucher(Due(missed.probe, slots.first), Voucher.lost)
        self._voucher(Due(missed.probe, slots.last), Voucher.lost)
        for watcher in self._watchers:
            watcher.missed(target, slots.number)

    def _voucher(self, due: Due, say: Callable[[Voucher, datetime], None]) -> None:
        feed = feed_of(self._targets[due.probe], self._site)
        if feed is not None:
            say(self._vouchers[feed], due.slot)

    async def _beat(self, feeds: Iterable[str]) -> None:
        for feed in sorted(feeds):
            voucher = self._vouchers[feed]
            # Not up to this instant: a slot may have come since the schedule was last looked at.
            moment = voucher.complete(self._turned)
            if moment is None or not self._sink.complete(feed):
                continue
            # Before anything else may run: of two rounds that end together, one beats.
            voucher.beat(moment)
            if not await self._kept(feed, [claims.beat(self._site, feed, moment)]):
                continue
            for watcher in self._watchers:
                watcher.beat(feed, moment)


def _length(seconds: float, months: int) -> timedelta:
    return timedelta(seconds=seconds, days=30 * months)
