"""The watch: events and time in, lapses out. Pure: no clock, no I/O, no randomness.

Ticks are the only clock. An event never moves the time; one dated after the last tick waits until the ticks have come that
far. What is found is a function of the set of events and the time, so the order in which they came leaves no trace in the
final lapses; each change on the way is a revision of its own.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from heapq import heappop, heappush

from streams.agreements.model import Agreement
from streams.docket.docket import Docket
from streams.events import AnyEvent, ChannelCheck, Tick
from streams.events.decode import FAR_AHEAD, LONG_AGO, Refused
from streams.events.routine import RoutineCheck, leading
from streams.events.times import EXACT
from streams.lapses import Lapse
from streams.memory import Clock, Memory, Name, clock_cell, read_clock
from streams.obligations.duty import Duty
from streams.obligations.prior import LaneDuty
from streams.register import Register
from streams.remit import EVERYTHING, Remit
from streams.retractions import Retractions
from streams.rulebook import RuleBook

Observer = Callable[[Duty, Sequence[str], AnyEvent | None], None]
"""Told of a duty that was judged, the slots of the register in which something changed, and the event taken in, if one was."""
_AHEAD = 64
"""How many lines are read at once, where they may be routine."""
_ALWAYS = datetime.min.replace(tzinfo=UTC)
_NEVER = datetime.max.replace(tzinfo=UTC)


class Watch:
    """Judges one partition of the log under the given agreements."""

    def __init__(
        self, agreements: Sequence[Agreement], *, run: str | None = None, exercise: bool = False, remit: Remit = EVERYTHING
    ) -> None:
        """Start with no evidence and no time.

        Args:
            agreements: The agreements to judge by.
            run: The replay or drill that the lapses belong to.
            exercise: Judge a drill; its lapses say so. A watch makes such a twin by itself for exercise events.
            remit: What falls to this watch, where several share the work.
        """
        self.now: datetime | None = None
        """The time of the last tick, UTC: the only clock there is."""
        self._agreements = tuple(agreements)
        self._run = run
        self._exercise = exercise
        self._rules = hashlib.sha256(repr(self._agreements).encode()).hexdigest()
        self.remit = remit
        self._drill: Watch | None = None
        self.docket = Docket(RuleBook(agreements), self._mark, self._schedule, remit)
        self.register = Register(exercise=exercise, run=run)
        self._retractions = Retractions(self.docket)
        self._memory = Memory(self.docket, self.register, self._retractions)
        self._records = self.docket.channels.records
        self._dirty: dict[str, Duty] = {}
        self._wakes: list[tuple[datetime, str, Duty]] = []
        self._waiting: list[tuple[datetime, str, str, int, AnyEvent | RoutineCheck]] = []
        self._arrived = 0
        self._idle_until = _ALWAYS
        self.observer: Observer | None = None
        """Whoever wants to know which duties were judged, and of what; a drill's are not told."""

    def receive(self, event: AnyEvent) -> list[Lapse]:
        """Take in one event of the log and return what it changes, in order. A Tick advances the time.

        Raises:
            Refused: when the event names a channel, feed or agreement that no rule knows, or is so old that nothing it
                could amend is open to amendment any more. Nothing has changed then.
        """
        if type(event) is Tick:
            if event.exercise and not self._exercise:
                # A drill's clock is not the world's.
                return self._in_drill().advance(event.time)
            return self.advance(event.time)
        self._idle_until = _ALWAYS
        if event.exercise and not self._exercise:
            revisions = self._in_drill().receive(event)
        else:
            self.docket.vet(event)
            # Nearly all are exact, and need no reckoning.
            earliest = event.time if event.precision in EXACT else event.occurred.earliest
            if self.now is None or earliest > self.now:
                self._wait(earliest, event)
                return []
            revisions = self._take(event)
        self._idle_until = self.next_wake()
        return revisions

    def absorb(self, event: AnyEvent, now: datetime) -> bool:
        """Let the time be ``now`` and take in ``event`` if that changes no judgement; whether it was taken.

        A short cut for the common case: nothing falls due by ``now``, and the event is an answered check, on time, on a
        channel where all is well. Where it answers no, nothing has happened: then ``advance`` and ``receive``.
        """
        if now >= self._idle_until or type(event) is not ChannelCheck:
            return False
        data = event.data
        if (
            data.outcome != "answered"
            or event.time > now
            or event.precision not in EXACT
            or event.exercise
            or not self._hear(data.channel, event.time, event.id, event.source)
        ):
            return False
        if now > self.now:  # type: ignore[operator]  # it is idle until some moment, so there was a tick
            self.now = now
        return True

    def attend(self, check: RoutineCheck) -> bool:
        """Take in a routine check if that changes no judgement now; whether it was taken.

        That is ``absorb``, and ``receive`` for one dated after the last tick. Where it answers no: ``receive`` it whole.
        """
        if self.now is not None and check.time <= self.now:
            return self.now < self._idle_until and self._hear(check.data.channel, check.time, check.id, check.source)
        if check.data.channel not in self.docket.book.channels:
            return False
        if check.time < self._idle_until:
            self._idle_until = check.time
        self._wait(check.time, check)
        return True

    def _hear(self, channel: str, moment: datetime, name: str, source: str) -> bool:
        """Put an answered check on record, later than all before, if all is well on its channel."""
        record = self._records.get(channel)
        if record is None or not record.quiet:
            return False
        signs = record.signs
        if moment <= signs.earliest[-1] or name in self._retractions.against:
            return False
        signs.append(moment, name, source)
        for heard, post in (record.post, *record.further_posts):
            heard[post] = moment
        return True

    def skim(self, lines: Sequence[bytes], start: int = 0, limit: datetime = _NEVER) -> tuple[int, list[Lapse]]:
        """Take in lines of the log, from number ``start`` on, for as long as they are routine checks: nearly all of most logs.

        Time moves to when each was ingested. A line that is left is for ``decode``, then ``advance`` and ``receive``.

        Args:
            lines: Consecutive lines.
            start: The number of the first, from 0.
            limit: Up to when an event may be known.

        Returns:
            The number of the first line that was not taken in, and what changed before it, in order.
        """
        place, changes = start, list[Lapse]()
        while self.now is not None and place < len(lines):
            ahead = lines[place : place + _AHEAD]
            taken = self._take_in(leading(ahead), min(limit, FAR_AHEAD), changes)
            place += taken
            if taken < len(ahead):
                break
        return place, changes

    def _take_in(self, checks: Sequence[RoutineCheck], limit: datetime, changes: list[Lapse]) -> int:
        """Take in checks up to the first that is for ``decode``; how many. ``changes`` are told what they change."""
        assert self.now is not None
        now, soonest = self.now, min(self._idle_until, limit)
        records, against, taken = self._records, self._retractions.against, 0
        for check in checks:
            moment, known = check.time, check.ingested
            record = records.get(check.data.channel)
            if record is None or moment > known or moment.tzinfo is not UTC:
                break
            if known > now:
                if known >= soonest:
                    if known > limit or moment < LONG_AGO:
                        break
                    changes += self.advance(known.astimezone(UTC))
                    soonest = min(self._idle_until, limit)
                now = known
            signs = record.signs
            earliest = signs.earliest
            if record.quiet and moment > earliest[-1] and not (against and check.id in against):
                # As ``Signs.append`` does, without a call for each of millions.
                sources, source = signs.sources, check.source
                earliest.append(moment)
                signs.latest.append(moment)
                signs.events.append(check.id)
                sources.append(last if source == (last := sources[-1]) else source)
                heard, post = record.post
                heard[post] = moment
                if record.further_posts:
                    for heard, post in record.further_posts:
                        heard[post] = moment
            else:
                if known > limit or moment < LONG_AGO:
                    break
                self.now = now = now.astimezone(UTC)
                try:
                    changes += self.receive(check.whole)
                except Refused:
                    # Whoever has the line says so.
                    break
                soonest = min(self._idle_until, limit)
            taken += 1
        self.now = max(self.now, now.astimezone(UTC))
        return taken

    def advance(self, now: datetime) -> list[Lapse]:
        """Let the time be ``now`` and return what falls due by then, in order. Time never goes back."""
        if self.now is not None and now <= self.now:
            return []
        wakes, waiting = self._wakes, self._waiting
        revisions: list[Lapse] = []
        while True:
            due = wakes[0][0] if wakes else None
            comes = waiting[0][0] if waiting else None
            if comes is not None and comes <= now and (due is None or comes < due):
                event = heappop(waiting)[-1]
                # Nothing falls due before it.
                self._idle_until = _NEVER
                if isinstance(event, RoutineCheck):
                    if self._hear(event.data.channel, comes, event.id, event.source):
                        self.now = comes
                        continue
                    event = event.whole
                if not self.absorb(event, comes):
                    self.now = comes
                    revisions += self._take(event)
            elif due is not None and due <= now:
                self.now = due if self.now is None else max(due, self.now)
                self._wake(due)
                if self._dirty:
                    revisions += self._settle(due, None)
            else:
                break
        self.now = now
        if self._drill is not None:
            revisions += self._drill.advance(now)
        self._idle_until = self.next_wake()
        return revisions

    @property
    def wake(self) -> datetime | None:
        """When time alone may change a judgement next, UTC."""
        due = self.next_wake()
        return None if due == _NEVER else due

    def lapses(self) -> list[Lapse]:
        """The last revision of every lapse that is still on the books, by onset, then id."""
        found = self.register.lapses()
        if self._drill is not None:
            found = sorted([*found, *self._drill.lapses()], key=lambda lapse: (lapse.onset, lapse.id))
        return found

    def open_lapses(self) -> int:
        """How many lapses are open or unknown; a drill's are not counted."""
        return self.register.open()

    def changes(self, *, clock: bool = False) -> dict[Name, bytes | None]:
        """The cells of the state that changed since the last call, by name; ``None`` for one that is gone.

        Time alone is no change, unless ``clock`` asks for it: whoever goes on from an earlier time must be told the time, and
        what happened in it, again.
        """
        changes: dict[Name, bytes | None] = dict(self._memory.changes())
        if self._drill is not None:
            changes |= {("drill", *name): cell for name, cell in self._drill.changes(clock=clock).items()}
        if changes or self._waiting or clock:
            waiting = [event.whole if isinstance(event, RoutineCheck) else event for *_, event in sorted(self._waiting)]
            kept = Clock(self.now, waiting, self._drill is not None, self._rules, self._retractions.sweep_at)
            changes["clock",] = clock_cell(kept)
        return changes

    def recall(self, cells: Mapping[Name, bytes]) -> list[Lapse]:
        """Go on from the state that ``cells`` hold. Nothing may have been taken in yet.

        Returns:
            Revisions, where the rules have changed since the cells were written; none where they are the same.
        """
        if not cells:
            return []
        clock = read_clock(cells["clock",])
        self.now, self._retractions.sweep_at = clock.now, clock.sweep_at
        self._memory.recall({name: cell for name, cell in cells.items() if name[0] not in ("clock", "drill")})
        for event in clock.waiting:
            self._wait(event.occurred.earliest, event)
        revisions: list[Lapse] = []
        duties = list(self.docket.duties())
        if self.now is None or clock.rules == self._rules:
            for duty in duties:
                self._schedule(duty)
        else:
            for duty in duties:
                duty.wake = None
                if isinstance(duty, LaneDuty):
                    duty.reconsider()
            self._dirty = {duty.name: duty for duty in duties}
            revisions = [*self._settle(self.now, None), *self.register.abandon(self.docket.judges, self.now)]
        if clock.drill:
            self._drill = Watch(self._agreements, run=self._run, exercise=True, remit=self.remit)
            revisions += self._drill.recall({name[1:]: cell for name, cell in cells.items() if name[0] == "drill"})
        self._idle_until = self.next_wake()
        return revisions

    def _wait(self, earliest: datetime, event: AnyEvent | RoutineCheck) -> None:
        """Let an event wait for its time; of two that claim to be the same one, the first to arrive comes first."""
        self._arrived += 1
        heappush(self._waiting, (earliest, event.id, event.source, self._arrived, event))

    def next_wake(self) -> datetime:
        """Until when nothing falls due, UTC."""
        due = self._wakes[0][0] if self._wakes else _NEVER
        if self._waiting and self._waiting[0][0] < due:
            due = self._waiting[0][0]
        return due if self._drill is None else min(due, self._drill.next_wake())

    def _take(self, event: AnyEvent) -> list[Lapse]:
        """Put the event into the evidence and judge what it bears on."""
        assert self.now is not None
        self.docket.in_time(event, self.now)
        self._retractions.take(event, self.now)
        self._retractions.release(self.docket.launches.released)
        return self._settle(self.now, event)

    def _in_drill(self) -> "Watch":
        """The twin that judges drills: the same rules and the same time, and nothing else in common."""
        if self._drill is None:
            self._drill = Watch(self._agreements, run=self._run, exercise=True, remit=self.remit)
        if self.now is not None:
            self._drill.advance(self.now)
        return self._drill

    def _mark(self, duty: Duty) -> None:
        self._dirty[duty.name] = duty

    def _wake(self, due: datetime) -> None:
        """Mark the duties whose time has come."""
        wakes = self._wakes
        while wakes and wakes[0][0] <= due:
            _, _, duty = heappop(wakes)
            if duty.scheduled != due or duty.done:
                continue
            duty.scheduled = None
            if duty.name not in self._dirty and duty.rests(due):
                self._schedule(duty)
            else:
                self._dirty[duty.name] = duty

    def _schedule(self, duty: Duty) -> None:
        self._memory.moved(duty)
        if duty.wake is not None and duty.wake != duty.scheduled:
            # A wake that is over already would be woken for ever.
            assert self.now is not None
            assert duty.wake > self.now, f"{duty.name} asks to be woken at {duty.wake}, and it is {self.now}"
            heappush(self._wakes, (duty.wake, duty.name, duty))
        duty.scheduled = duty.wake

    def _settle(self, at: datetime, event: AnyEvent | None) -> list[Lapse]:
        """Judge the marked duties, lower layers first, then by name, until none is marked."""
        revisions: list[Lapse] = []
        dirty = self._dirty
        because = None if event is None else event.id
        known = at if event is None else event.known
        while dirty:
            if len(dirty) == 1:
                duty = dirty.popitem()[1]
            else:
                duty = min(dirty.values(), key=_order)
                del dirty[duty.name]
            settled = duty.settled(at)
            changed: list[str] = []
            for slot, findings in duty.judge(at):
                entered = self.register.enter(
                    duty.rule, (duty.name, slot), findings, at=known, because=because, settled=settled
                )
                if entered:
                    revisions += entered
                    changed.append(slot)
            if self.observer is not None:
                self.observer(duty, changed, event)
            if duty.done:
                self._memory.moved(duty)
                self.docket.retire(duty, at)
                continue
            self._schedule(duty)
            if changed or duty.moved:
                duty.moved = False
                self.docket.followed_by(duty)
            if duty.line is not None:
                duty.line.quiet = self.docket.channels.calm(duty.line)
        return revisions


def _order(duty: Duty) -> tuple[int, str]:
    return duty.layer, duty.name
