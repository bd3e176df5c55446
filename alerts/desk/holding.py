"""What holds a word back, and until when: silences, maintenance, quiet hours. All-clears are never asked about."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec

from alerts.desk.routing import fits
from alerts.policy import Policy, QuietHours, Route
from streams.actions import Match
from streams.events.times import zone_named
from streams.lapses import Lapse


class Quieted(msgspec.Struct, frozen=True):
    """A silence: said by somebody, or announced in the policy where ``by`` is empty."""

    name: str
    match: Match
    start: datetime
    end: datetime
    reason: str
    by: str = ""
    drill: bool = False


class Held(NamedTuple):
    """Held back until a moment, and why in words."""

    until: datetime
    why: str


class Holding:
    """The silences and quiet hours of a desk."""

    def __init__(self, policy: Policy) -> None:
        self._quiet = {quiet.id: quiet for quiet in policy.quiet}
        self._announced = [
            Quieted(announced.name, announced.match, announced.start, announced.end, announced.reason)
            for announced in policy.maintenance
        ]
        self.said: dict[str, Quieted] = {}
        """Silences that somebody said, by name."""

    def silences(self) -> Iterable[Quieted]:
        """Every silence that is known, also one that is to come."""
        yield from self._announced
        yield from self.said.values()

    def silenced(self, lapse: Lapse, now: datetime, *, drill: bool) -> Held | None:
        """The silence that holds a lapse the longest."""
        found: Held | None = None
        for silence in self.silences():
            if (
                silence.start <= now < silence.end
                and silence.drill == drill
                and (found is None or silence.end > found.until)
                and fits(silence.match, lapse)
            ):
                found = Held(silence.end, f"silence {silence.name} ({silence.reason})")
        return found

    def quiet(self, route: Route, lapse: Lapse, now: datetime) -> Held | None:
        """The quiet hours that hold a lapse on a route."""
        quiet = self._quiet.get(route.quiet or "")
        if quiet is None or lapse.severity.rank >= quiet.below.rank:
            return None
        until = quiet_until(quiet, now)
        return None if until is None else Held(until, f"quiet hours {quiet.id}")

    def forget(self, now: datetime) -> list[str]:
        """Forget the silences that are over."""
        over = [name for name, silence in self.said.items() if silence.end <= now]
        for name in over:
            del self.said[name]
        return over


def quiet_until(quiet: QuietHours, now: datetime) -> datetime | None:
    """When the quiet hours in which ``now`` falls are over; ``None`` where it falls in none."""
    zone = zone_named(quiet.zone)
    today = now.astimezone(zone).date()
    overnight = quiet.end <= quiet.start
    for day in (today - timedelta(days=1), today):
        if day.weekday() not in quiet.days:
            continue
        start = datetime.combine(day, quiet.start, zone).astimezone(UTC)
        end = datetime.combine(day + timedelta(days=overnight), quiet.end, zone).astimezone(UTC)
        if start <= now < end:
            return end
    return None
