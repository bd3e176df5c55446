"""Retractions: what was taken back is out of the evidence, whichever came first, the report or its retraction.

A retraction can be retracted too; the report then counts again.
"""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime

from streams.docket.docket import Docket
from streams.events import AnyEvent, ChannelCheck, FeedHeartbeat, Retraction

_SWEEP_FROM = 4_096


class Retractions:
    """Puts events into the evidence unless they are retracted, and takes out those that become so."""

    def __init__(self, docket: Docket) -> None:
        self._docket = docket
        # All but checks and heartbeats, which are many: those are found in the records where one is taken back.
        self._events: dict[str, dict[str, AnyEvent]] = {}
        self.against: defaultdict[str, dict[str, Retraction]] = defaultdict(dict)
        """The retractions of an event, by the event's id."""
        self._withheld: dict[str, list[Callable[[datetime], None]]] = {}
        self._sweep_at = _SWEEP_FROM

    def take(self, event: AnyEvent, now: datetime) -> None:
        """Take in an event in either order with its retraction; one that is known already changes nothing."""
        if isinstance(event, ChannelCheck | FeedHeartbeat):
            if self._retracted(event.id):
                self._withhold(event.id, event)
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
            self._withhold(event.id, event)
        else:
            self._docket.put(event, now)
            self._remember(event, now)

    def _remember(self, event: AnyEvent, now: datetime) -> None:
        self._events.setdefault(event.id, {})[event.source] = event
        if len(self._events) > self._sweep_at:
            self._sweep(now)

    def _retracted(self, name: str, seen: frozenset[str] = frozenset()) -> bool:
        """Whether a retraction stands against the event that is not retracted itself."""
        return any(
            one not in seen and not self._retracted(one, seen | {name}) for one in self.against.get(name, ()) if one != name
        )

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
            for put_back in self._withheld.pop(name):
                put_back(now)

    def _take_out(self, name: str, now: datetime) -> None:
        for event in list(self._events.get(name, {}).values()):
            if not isinstance(event, Retraction):
                self._docket.put(event, now, retract=True)
                self._withhold(name, event)
        channels = self._docket.channels
        while (found := channels.find_sign(name)) is not None:
            record, signs, sign = found
            if record.floor is not None and sign.latest < record.floor:
                break
            channels.drop_sign(record, signs, sign)
            self._withheld.setdefault(name, []).append(
                lambda _, record=record, signs=signs, sign=sign: channels.put_sign(record, signs, sign)  # type: ignore[misc]
            )

    def _withhold(self, name: str, event: AnyEvent) -> None:
        self._withheld.setdefault(name, []).append(lambda now: self._docket.put(event, now))

    def _sweep(self, now: datetime) -> None:
        """Forget events that can be amended no more."""
        for name, known in list(self._events.items()):
            if all(self._settled(event, now) for event in known.values()):
                del self._events[name]
        self._sweep_at = max(_SWEEP_FROM, 2 * len(self._events))

    def _settled(self, event: AnyEvent, now: datetime) -> bool:
        settle = self._docket.settle(event)
        return settle is not None and event.occurred.latest < settle.before(now)
