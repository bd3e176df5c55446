"""What comes and goes: after so many changes its alarms are held until it was still for a while."""

from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec

from alerts.desk.holding import Held
from alerts.policy import Flapping
from streams.lapses import Lapse
from streams.severity import Severity

_COMES_AND_GOES = frozenset(("opened", "reopened", "resolved", "withdrawn"))


class Comings(msgspec.Struct):
    """When one subject of one rule came and went lately, UTC.

    Attributes:
        since: When it was found to flap; what came later is held.
        rank: The loudest it was by then: what is louder is not held.
        said: Somebody was told of it meanwhile: what nobody ever heard of is not held.
    """

    moments: list[datetime] = []
    since: datetime | None = None
    rank: int = 0
    said: bool = False


class Flaps:
    """The comings and goings that are recent enough to count."""

    def __init__(self, policy: Flapping) -> None:
        self._policy = policy
        self._known: dict[str, Comings] = {}
        self._touched: set[str] = set()
        self._sweep_at = 64

    def note(self, lapse: Lapse, key: str, now: datetime) -> None:
        """Take in a change."""
        if lapse.change not in _COMES_AND_GOES:
            return
        comings = self._known.get(key)
        if comings is not None:
            comings.moments = [moment for moment in comings.moments if now < self._policy.within.after(moment)]
        if comings is None or not (comings.moments or self._flaps(comings, now)):
            comings = self._known[key] = Comings()
        if comings.since is not None and not self._flaps(comings, now):
            comings.since, comings.moments, comings.rank = None, [], 0
        comings.moments = [*comings.moments, now][-self._policy.changes :]
        if comings.since is None:
            comings.rank = max(comings.rank, lapse.severity.rank)
            if len(comings.moments) >= self._policy.changes:
                comings.since = now
        self._touched.add(key)
        if len(self._known) > self._sweep_at:
            self._sweep(now)

    def held(self, key: str, changed: datetime, severity: Severity, now: datetime) -> Held | None:
        """Whether what changed at ``changed`` is held: until when, and why in words."""
        comings = self._known.get(key)
        if comings is None or comings.since is None or changed <= comings.since or severity.rank > comings.rank:
            return None
        if not comings.said:
            return None
        return Held(self._policy.calm.after(comings.moments[-1]), self.words()) if self._flaps(comings, now) else None

    def trips(self, key: str, changed: datetime, now: datetime) -> bool:
        """Whether it was found to flap with the change at ``changed``, or nobody has heard of it since."""
        comings = self._known.get(key)
        if comings is None or comings.since is None:
            return False
        return comings.since == changed or (not comings.said and self._flaps(comings, now))

    def heard(self, key: str) -> None:
        """Somebody is told of it."""
        comings = self._known.get(key)
        if comings is not None and not comings.said:
            comings.said = True
            self._touched.add(key)

    def words(self) -> str:
        """The reason, in words."""
        changes, within, calm = self._policy.changes, self._policy.within, self._policy.calm
        return f"it comes and goes: {changes} changes within {within}; alarms are held until it was still for {calm}"

    def changes(self) -> Iterator[tuple[str, bytes | None]]:
        """What changed since the last call, as cells."""
        for key in sorted(self._touched):
            known = self._known.get(key)
            yield key, None if known is None else msgspec.msgpack.encode(known)
        self._touched.clear()

    def recall(self, cells: Mapping[str, bytes]) -> None:
        """Put the cells back."""
        for key, cell in cells.items():
            self._known[key] = msgspec.msgpack.decode(cell, type=Comings)

    def _flaps(self, comings: Comings, now: datetime) -> bool:
        return comings.since is not None and bool(comings.moments) and now < self._policy.calm.after(comings.moments[-1])

    def _sweep(self, now: datetime) -> None:
        for key, comings in list(self._known.items()):
            last = comings.moments[-1] if comings.moments else now
            if not self._flaps(comings, now) and now >= self._policy.within.after(last):
                del self._known[key]
                self._touched.add(key)
        self._sweep_at = 2 * len(self._known) + 64
