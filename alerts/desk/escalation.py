"""Escalation: the steps of a route one after the other, then nags; reminders where somebody has it.

Whether somebody has it is asked at the moment of each word, not when it was planned: an acknowledgement that comes a second
before a step is due keeps it from going out.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from alerts.desk.rotas import Told
from alerts.desk.routing import Routing
from alerts.desk.saying import Saying
from alerts.desk.state import Item, Page, Track
from alerts.policy import Route
from alerts.sendings import Sending
from streams.spans import Span

_NEAR = timedelta(days=1)
"""No reminder goes out so shortly before an acknowledgement ends: the alarm then reminds."""


class Escalation:
    """The tracks of pages."""

    def __init__(self, routing: Routing, saying: Saying) -> None:
        self._routing = routing
        self._saying = saying

    def first(self, route: str, now: datetime, *, drill: bool) -> tuple[int, list[Told], str]:
        """The first step that reaches anybody: its number, whom, and in words which steps before it reached nobody."""
        steps = self._routing.routes[route].steps
        skipped: list[str] = []
        for number, step in enumerate(steps, start=1):
            to = self._saying.reached(step.to, now, drill=drill)
            if to:
                return number, to, f"nobody was reached by {', '.join(skipped)}" if skipped else ""
            skipped.extend(step.to)
        return len(steps), [], ""

    def due(self, page: Page, route: str, track: Track) -> datetime | None:
        """When the next word of a track is due, should nothing hold it."""
        if page.head.snoozed is not None or track.began is None:
            return None
        if (has := page.head.has) is not None:
            ends = has.until is not None and track.remind_at is not None and track.remind_at + _NEAR >= has.until
            return None if ends else track.remind_at
        steps = self._routing.routes[route].steps
        return steps[track.step].after.after(track.began) if track.step < len(steps) else track.nag_at

    def climb(self, page: Page, route: str, track: Track, items: Sequence[Item], now: datetime) -> list[Sending] | None:
        """Say the next word of a track where it is due; ``None`` where it is not."""
        moment = self.due(page, route, track)
        if moment is None or moment > now:
            return None
        rules = self._routing.routes[route]
        if page.head.has is not None:
            return self._remind(page, rules, track, items, now)
        if track.step < len(rules.steps):
            return self._escalate(page, rules, track, items, now)
        return self._nag(page, rules, track, items, now)

    def _escalate(self, page: Page, rules: Route, track: Track, items: Sequence[Item], now: datetime) -> list[Sending]:
        because = f"nobody acknowledged it within {rules.steps[track.step].after}"
        skipped: list[str] = []
        to: list[Told] = []
        while not to and track.step < len(rules.steps):
            step = rules.steps[track.step]
            track.step += 1
            to = self._saying.reached(step.to, now, drill=page.head.drill)
            skipped.extend(() if to else step.to)
        number = track.step
        if track.step == len(rules.steps):
            track.nag_at = _later(now, rules.nags, 0)
            number, to = self._last(page, rules, now)
        if skipped:
            because = f"{because}; nobody was reached by {', '.join(skipped)}"
        return self._saying.say(page, "escalation", to, items, now, because, step=number)

    def _last(self, page: Page, rules: Route, now: datetime) -> tuple[int, list[Told]]:
        """The last step that reaches anybody."""
        for number in range(len(rules.steps), 0, -1):
            if to := self._saying.reached(rules.steps[number - 1].to, now, drill=page.head.drill):
                return number, to
        return len(rules.steps), []

    def _nag(self, page: Page, rules: Route, track: Track, items: Sequence[Item], now: datetime) -> list[Sending]:
        track.nags += 1
        track.nag_at = _later(now, rules.nags, track.nags)
        number, to = self._last(page, rules, now)
        because = f"nobody has acknowledged it yet; said {track.nags} times again"
        if track.nags == 1:
            because = "nobody has acknowledged it yet"
        return self._saying.say(page, "nag", to, items, now, because, step=number)

    def _remind(self, page: Page, rules: Route, track: Track, items: Sequence[Item], now: datetime) -> list[Sending]:
        track.reminders += 1
        track.remind_at = _later(now, rules.reminders, track.reminders)
        assert page.head.has is not None
        number, _, _ = self.first(rules.id, now, drill=page.head.drill)
        to = self._saying.reached((*rules.steps[number - 1].to, f"person:{page.head.has.by}"), now, drill=page.head.drill)
        because = f"it still stands; {page.head.has.by} has it since {page.head.has.at:%Y-%m-%d %H:%MZ}"
        return self._saying.say(page, "reminder", to, items, now, because)


def renewed(track: Track, route: Route, step: int, now: datetime, *, anew: bool) -> None:
    """Begin a round: ``step`` steps are taken, none after it; ``anew`` where there is something new, not merely said again."""
    track.began, track.step, track.nags, track.again, track.held = now, step, 0, "", ""
    track.nag_at = _later(now, route.nags, 0) if step == len(route.steps) else None
    track.reminders = 0 if anew else track.reminders
    # The alarm reminds as well: the next reminder is a whole wait away.
    track.remind_at = _later(now, route.reminders, track.reminders)


def resumed(track: Track, route: Route | None, now: datetime) -> None:
    """Let a round go on that rested while somebody had the page: nothing is said now, and all waits begin anew."""
    if route is not None and track.began is not None:
        track.began = now
        track.nag_at = _later(now, route.nags, 0) if track.step >= len(route.steps) else None


def put_off(track: Track, route: Route, now: datetime) -> None:
    """Let the next reminder be one that is to come."""
    if track.remind_at is not None and track.remind_at <= now:
        track.remind_at = _later(now, route.reminders, track.reminders)


def _later(now: datetime, waits: Sequence[Span], number: int) -> datetime | None:
    """When the next of a row of waits is over; the last goes on for ever."""
    return waits[min(number, len(waits) - 1)].after(now) if waits else None
