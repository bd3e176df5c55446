"""Retractions: what was taken back is out of the evidence, whichever came first, the report or its retraction.

A retraction can be retracted too; the report then counts again.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Literal

import msgspec

from streams.docket.docket import Docket
from streams.events import AnyEvent, ChannelCheck, ChannelRequest, FeedHeartbeat, IncidentReport, Retraction
from streams.launchbook import Name
from streams.signs import Sign

_SWEEP_FROM = 4_096


class TakenSign(msgspec.Struct, frozen=True, tag="sign"):
    """A sign of life, or a reported silence, that was taken out of a channel's record."""

    channel: str
    kind: Literal["signs", "silences"]
    sign: Sign


class TakenEvent(msgspec.Struct, frozen=True, tag="event"):
    """An event that was taken out of the evidence, or never came into it."""

    event: AnyEvent


Taken = TakenSign | TakenEvent


class Retractions:
    """Puts events into the evidence unless they are retracted, and takes out those that become so."""

    def __init__(self, docket: Docket) -> None:
        self._docket = docket
        # All but checks and heartbeats, which are many: those are found in the records where one is taken back.
        self._events: dict[str, dict[str, AnyEvent]] = {}
        self.against: defaultdict[str, dict[str, Retraction]] = defaultdict(dict)
        """The retractions of an event, by the event's id."""
        self._withheld: dict[str, list[Taken]] = {}
        self.sweep_at = _SWEEP_FROM
        """From how many events on those that can be amended no more are forgotten."""
        self._touched: set[tuple[str, str]] = set()
        self._touched_withheld: set[str] = set()

    def take(self, event: AnyEvent, now: datetime) -> None:
        """Take in an event in either order with its retraction; one that is known already changes nothing."""
        if isinstance(event, FeedHeartbeat):
            # What a feed vouched for is not kept beat by beat: none can be taken back, whichever came first.
            self._docket.put(event, now)
            return
        if isinstance(event, ChannelCheck):
            if self._retracted(event.id):
                self._withhold(event.id, TakenEvent(event))
            else:
                self._docket.put(event, now)
            return
        known = self._events.get(event.id)
        if known is not None and event.source in known:
            return
        if isinstance(event, Retraction):
            self._remember(event, now)
            self.against[event.data.retracts][event.id] = event
            self._review(event.data.retracts, now, frozenset())
        elif self._retracted(event.id):
            self._remember(event, now)
            self._withhold(event.id, TakenEvent(event))
        else:
            self._docket.put(event, now)
            self._remember(event, now)

    def release(self, events: list[Name]) -> None:
        """Forget events, by source and id, that the launch books have forgotten; the list is emptied."""
        for source, name in events:
            if self._events.get(name, {}).pop(source, None) is not None:
                self._touched.add((name, source))
                if not self._events[name]:
                    del self._events[name]
        events.clear()

    def changes(self) -> Iterator[tuple[tuple[str, str], AnyEvent | None]]:
        """Every event on record that came or went since the last call, by id and source; ``None`` for one that is gone."""
        for name, source in sorted(self._touched):
            yield (name, source), self._events.get(name, {}).get(source)
        self._touched.clear()

    def withheld_changes(self) -> Iterator[tuple[str, list[Taken] | None]]:
        """What is withheld under each id where that changed since the last call; ``None`` where nothing is any more."""
        for name in sorted(self._touched_withheld):
            yield name, self._withheld.get(name)
        self._touched_withheld.clear()

    def recall_withheld(self, name: str, taken: list[Taken]) -> None:
        """Put back what ``withheld_changes`` gave; before the events are put back."""
        self._withheld[name] = taken

    def recall(self, event: AnyEvent) -> None:
        """Put back an event that ``changes`` gave."""
        self._events.setdefault(event.id, {})[event.source] = event
        if isinstance(event, Retraction):
            self.against[event.data.retracts][event.id] = event
        elif event.id not in self._withheld or isinstance(event, ChannelRequest | IncidentReport):
            # A call or an incident all reports of which were taken back is still looked at for a while.
            self._docket.recall(event)

    def _remember(self, event: AnyEvent, now: datetime) -> None:
        self._events.setdefault(event.id, {})[event.source] = event
        self._touched.add((event.id, event.source))
        if len(self._events) > self.sweep_at:
            self._sweep(now)

    def _retracted(self, name: str, seen: frozenset[str] = frozenset()) -> bool:
        """Whether a retraction stands against the event that is not retracted itself."""
        against = self.against.get(name)
        if not against:
            return False
        return any(one not in seen and not self._retracted(one, seen | {name}) for one in against if one != name)

    def _review(self, name: str, now: datetime, seen: frozenset[str]) -> None:
        """Hold the evidence to what stands against the event ``name`` now."""
        if name in seen:
            return
        retracted = self._retracted(name)
        for event in list(self._events.get(name, {}).values()):
            if isinstance(event, Retraction):
                self._review(event.data.retracts, now, seen | {name})
        if retracted and name not in self._withheld:
            self._take_out(name, now)
        elif not retracted and name in self._withheld:
            self._touched_withheld.add(name)
            for taken in self._withheld.pop(name):
                self._put_back(taken, now)

    def _take_out(self, name: str, now: datetime) -> None:
        for event in list(self._events.get(name, {}).values()):
            if not isinstance(event, Retraction):
                self._docket.put(event, now, retract=True)
                self._withhold(name, TakenEvent(event))
        channels = self._docket.channels
        while (found := channels.find_sign(name)) is not None:
            record, signs, sign = found
            if record.floor is not None and sign.latest < record.floor:
                break
            channels.drop_sign(record, signs, sign)
            self._withhold(name, TakenSign(record.name, "signs" if signs is record.signs else "silences", sign))

    def _put_back(self, taken: Taken, now: datetime) -> None:
        if isinstance(taken, TakenEvent):
            self._docket.put(taken.event, now)
        else:
            record = self._docket.channels.records[taken.channel]
            signs = record.signs if taken.kind == "signs" else record.silences
            self._docket.channels.put_sign(record, signs, taken.sign)

    def _withhold(self, name: str, taken: Taken) -> None:
        self._withheld.setdefault(name, []).append(taken)
        self._touched_withheld.add(name)

    def _sweep(self, now: datetime) -> None:
        """Forget events that can be amended no more, and that nothing rests on."""
        for name, known in list(self._events.items()):
            if all(self._settled(event, now) and not self._docket.holds(event) for event in known.values()):
                self._touched.update((name, source) for source in known)
                del self._events[name]
        self.sweep_at = max(_SWEEP_FROM, 2 * len(self._events))

    def _settled(self, event: AnyEvent, now: datetime) -> bool:
        settle = self._docket.settle(event)
        return settle is not None and event.occurred.latest < settle.before(now)
