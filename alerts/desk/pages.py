"""Pages: what is new on them is gathered and said; what is over is said to whoever heard of it.

What is said is worked out from what stands and as what it was said last, never from the change that came in: so a duplicate, a
restart or a silence that ends needs no code of its own. An acknowledgement covers what was on the page when it was given.
Whatever joins, worsens or comes back is said anew.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal

from alerts.desk.escalation import Escalation, renewed, resumed
from alerts.desk.flapping import Flaps
from alerts.desk.holding import Held, Holding
from alerts.desk.rotas import Told
from alerts.desk.routing import Routing
from alerts.desk.saying import Saying
from alerts.desk.state import Has, Item, Page, Said, Track, by_loudness, outline
from alerts.policy import Policy
from alerts.sendings import Kind, Sending, page_id
from streams.lapses import Lapse

KEEP = timedelta(days=400)
"""How long a page that is over is kept: as long as a late report may still take back what was on it."""
_LATE = timedelta(days=30)
"""What was over before it became known is said where it was not over for longer than this; the rest is history."""
_CLEAR = timedelta(seconds=30)
"""All-clears gather too, but not for longer than this."""


class Paging:
    """The pages of a desk, one at a time."""

    def __init__(self, policy: Policy) -> None:
        self.routing = Routing(policy)
        self.holding = Holding(policy)
        self.flaps = Flaps(policy.flapping)
        self.saying = Saying(policy)
        self.escalation = Escalation(self.routing, self.saying)
        self.gather = timedelta(seconds=policy.gather.seconds)
        self.unreached: list[tuple[str, bool, str]] = []
        """Routes on which nobody was reached, whether a drill's, and what was to be said; the desk tells of it."""
        self._joined: dict[str, list[Item]] = {}
        """By page, what stood as it was acknowledged and no word had named yet."""
        self.reached: set[str] = set()
        """Routes on which somebody was."""

    def hear(self, page: Page, lapse: Lapse, now: datetime) -> None:
        """Enter a revision of a lapse on its page."""
        item = page.items.get(lapse.id)
        if item is None:
            item = page.items[lapse.id] = Item(lapse=lapse, changed=now)
            item.late = lapse.resolved is not None and lapse.state != "withdrawn" and now - lapse.resolved <= _LATE
            news = True
        else:
            before, was_over = item.lapse, item.over
            item.lapse = lapse
            item.closed = item.closed and lapse.change not in ("opened", "reopened", "escalated")
            item.late = item.late and item.over and lapse.state != "withdrawn"
            if item.over != was_over or (item.unknown and before.state != "unknown"):
                item.changed = now
            if not item.over:
                item.retracted = False
            news = (lapse.state, lapse.severity, item.over) != (before.state, before.severity, was_over)
        if not item.over:
            page.head.over_at = page.head.closed = None
        page.routes[lapse.id] = self.routing.of(lapse, drill=page.head.drill)
        page.touched.add(lapse.id)
        self.flaps.note(lapse, flap_key(page, item), now)
        if news:
            self._soon(page, now + (min(self.gather, _CLEAR) if item.over else self.gather))

    def _soon(self, page: Page, moment: datetime) -> None:
        flush = page.head.flush_at
        page.head.flush_at = moment if flush is None else min(flush, moment)

    def act(self, page: Page, now: datetime) -> list[Sending]:
        """Do what is due on a page by now."""
        head = page.head
        self._expire(page, now)
        found = self._seen(page, now)
        if head.flush_at is None or head.flush_at <= now:
            found += self._flush(page, now)
        for route, items in self._by_route(page).items():
            track = head.tracks.get(route)
            while track is not None and (free := self._free(page, route, items, now)):
                more = self.escalation.climb(page, route, track, free, now)
                if more is None:
                    break
                self._note_reached(page, route, somebody=bool(more))
                found += more
        self._settle(page, now)
        return found

    def due(self, page: Page, now: datetime) -> datetime | None:
        """When there is something to do next."""
        head = page.head
        moments = [has.until for has in (head.has, head.snoozed) if has is not None and has.until is not None]
        if head.flush_at is not None:
            return min([*moments, head.flush_at])
        if head.over_at is not None:
            moments.append(head.over_at + KEEP)
        if head.snoozed is None:
            for route, items in self._by_route(page).items():
                moments += self._due_on(page, route, items, now)
            moments += [held.until for held in self._late_held(page, now)]
        return min(moments, default=None)

    def cover(self, page: Page) -> None:
        """Take everything that stands on the page as said: somebody who acknowledges it has seen it."""
        for item in page.standing():
            for route in page.routes[item.lapse.id]:
                said = item.said.get(route)
                self._mark(page, route, [item], covered=said is None or said.covered)

    def acknowledged(self, page: Page, now: datetime) -> None:
        """Take everything that stands as said; what was to be said in a moment is, to whoever heard of the page."""
        for route, items in self._by_route(page).items():
            fresh = [item for item in self._free(page, route, items, now) if need(item, route) == "alarm"]
            known = self._joined.setdefault(page.head.id, [])
            known += [item for item in fresh if item not in known]
        self.cover(page)

    def close(self, page: Page, closed: Has) -> None:
        """Close a page by hand."""
        for item in page.standing():
            item.closed = True
            page.touched.add(item.lapse.id)
        page.head.closed = closed
        page.head.flush_at = closed.at

    def stood_in(self, page: Page, receiver: str, stand_in: str, said: datetime, now: datetime) -> None:
        """Note that another receiver took what was said at ``said``: it is owed word when that is over, or was since."""
        if not self.saying.allowed(stand_in, drill=page.head.drill):
            return
        for item in page.items.values():
            if receiver not in item.told:
                continue
            item.told = tuple(sorted({*item.told, stand_in}))
            page.touched.add(item.lapse.id)
            if not item.over or item.changed > said:
                item.owed = tuple(sorted({*item.owed, stand_in}))
                if item.over:
                    self._soon(page, now)

    # What follows says things.

    def _expire(self, page: Page, now: datetime) -> None:
        head = page.head
        for had, words in ((head.has, "the acknowledgement of"), (head.snoozed, "snoozed by")):
            if had is not None and had.until is not None and had.until <= now:
                again(page, f"{words} {had.by} is over, and it still stands")
                head.has = head.snoozed = None

    def _seen(self, page: Page, now: datetime) -> list[Sending]:
        joined = self._joined.pop(page.head.id, [])
        heard = sorted({receiver for item in page.standing() for receiver in item.owed})
        if not joined or not heard:
            return []
        because = f"joined: {len(joined)}, just before the page was acknowledged, which covers it"
        return self.saying.say(page, "update", [Told(receiver, None) for receiver in heard], joined, now, because)

    def _flush(self, page: Page, now: datetime) -> list[Sending]:
        head = page.head
        head.flush_at = None
        found = self._clears(page, now) + self._lates(page, now)
        grouped = self._by_route(page)
        free = {route: self._free(page, route, items, now) for route, items in grouped.items()}
        fresh = {route: [item for item in items if need(item, route) == "alarm"] for route, items in free.items()}
        rested = (head.has or head.snoozed) is not None and any(fresh.values())
        if rested:
            head.has = head.snoozed = None
            page.uncover()
            fresh = {route: [item for item in items if need(item, route) == "alarm"] for route, items in free.items()}
            for name, track in head.tracks.items():
                resumed(track, self.routing.routes.get(name), now)
        if head.snoozed is None:
            for route, items in free.items():
                found += self._alarm(page, route, items, fresh[route], now, rested=rested)
                found += self._updates(page, route, items, now)
        for route, items in grouped.items():
            self._note_held(page, route, items, now)
        return found

    def _clears(self, page: Page, now: datetime) -> list[Sending]:
        """Word that it is over, to everybody who heard that it was not: past silences, quiet hours and snoozes."""
        owed: dict[tuple[str, Kind], list[Item]] = {}
        for item in sorted((item for item in page.items.values() if item.over), key=by_loudness):
            withdrawn = item.lapse.state == "withdrawn"
            kind: Kind = "withdrawn" if withdrawn else "all-clear"
            for receiver in item.told if withdrawn and not item.retracted else item.owed:
                owed.setdefault((receiver, kind), []).append(item)
            if item.said or withdrawn:
                item.said, item.retracted = {}, withdrawn
                page.touched.add(item.lapse.id)
        found = []
        left = len(page.standing())
        for (receiver, kind), items in sorted(owed.items(), key=lambda entry: entry[0]):
            reasons = (
                [f"{left} more on this page still stand" if left > 1 else "1 more on this page still stands"] if left else []
            )
            if page.head.closed is not None and any(item.closed for item in items):
                reasons.append(f"closed by {page.head.closed.by}: {page.head.closed.note}")
            if any(self.flaps.trips(flap_key(page, item), item.changed, now) for item in items):
                reasons.append(self.flaps.words())
            found += self.saying.say(page, kind, [Told(receiver, None)], items, now, "; ".join(reasons))
        return found

    def _lates(self, page: Page, now: datetime) -> list[Sending]:
        """Word of what was over before it became known: said once on each route, to the first step that reaches anybody."""
        found: list[Sending] = []
        lates = [item for item in page.items.values() if item.late]
        for route, late in self._grouped(page, lates).items():
            items = self._free(page, route, [item for item in late if route not in item.passed], now)
            if items:
                number, to, unmanned = self._first(page, route, now)
                because = "; ".join(filter(None, ("it was over before it became known", unmanned)))
                found += self.saying.say(page, "late", to, items, now, because, step=number)
                for item in items:
                    item.passed = (*item.passed, route)
        for item in lates:
            item.late = not set(page.routes[item.lapse.id]) <= set(item.passed)
            page.touched.add(item.lapse.id)
        return found

    def _first(self, page: Page, route: str, now: datetime) -> tuple[int, list[Told], str]:
        """The first step that reaches anybody, and a note of it where none does."""
        number, to, unmanned = self.escalation.first(route, now, drill=page.head.drill)
        self._note_reached(page, route, somebody=bool(to))
        return number, to, unmanned

    def _note_reached(self, page: Page, route: str, *, somebody: bool) -> None:
        if somebody:
            self.reached.add(route)
        else:
            self.unreached.append((route, page.head.drill, page.head.id))

    def _alarm(
        self, page: Page, route: str, items: list[Item], fresh: list[Item], now: datetime, *, rested: bool
    ) -> list[Sending]:
        """The alarm, where something is new or all is to be said anew; ``rested`` where somebody had the page until now."""
        track = page.head.tracks.get(route)
        if not items or not (fresh or (track is not None and track.again)):
            return []
        track = page.head.tracks.setdefault(route, Track())
        kind: Kind = "unknown" if all(item.unknown for item in fresh or items) else "alarm"
        loudest = max((item.said[route].rank for item in items if route in item.said), default=-1)
        joined = (
            track.began is not None
            and not track.again
            and not rested
            and all(not item.told and item.lapse.severity.rank <= loudest for item in fresh)
        )
        because = self._because(page, route, track, fresh, now)
        heard = sorted({receiver for item in items for receiver in item.owed})
        if joined and heard:
            to = [Told(receiver, None) for receiver in heard]
            for item in items:
                self.flaps.heard(flap_key(page, item))
            self._mark(page, route, items)
            return self.saying.say(page, "update", to, items, now, f"joined: {len(fresh)}")
        number, to, unmanned = self._first(page, route, now)
        for item in items if to else ():
            self.flaps.heard(flap_key(page, item))
        renewed(track, self.routing.routes[route], number, now, anew=bool(fresh))
        self._mark(page, route, items)
        return self.saying.say(page, kind, to, items, now, "; ".join(filter(None, (because, unmanned))), step=number)

    def _because(self, page: Page, route: str, track: Track, fresh: Sequence[Item], now: datetime) -> str:
        reasons = [track.again] if track.again else []
        if track.held:
            reasons.append(f"held back until now: {track.held}")
        if any(route in item.said and item.lapse.severity.rank > item.said[route].rank for item in fresh):
            reasons.append("it is worse than it was")
        if any(route in item.said and item.said[route].unknown and not item.unknown for item in fresh):
            reasons.append("it was unknown, and is certain now")
        if any(item.told and not item.said for item in fresh):
            reasons.append("it is back")
        if any(self.flaps.trips(flap_key(page, item), item.changed, now) for item in fresh):
            reasons.append(self.flaps.words())
        return "; ".join(dict.fromkeys(reasons))

    def _updates(self, page: Page, route: str, items: Sequence[Item], now: datetime) -> list[Sending]:
        """Word of what eased, or became unknown, to whoever heard of it."""
        changed = [item for item in items if need(item, route) == "update"]
        found: list[Sending] = []
        for receiver in sorted({receiver for item in changed for receiver in item.owed}):
            about = [item for item in changed if receiver in item.owed]
            blind = any(item.unknown for item in about)
            because = "nobody can say any more whether it still stands" if blind else "its severity eased"
            found += self.saying.say(page, "update", [Told(receiver, None)], about, now, because)
        self._mark(page, route, changed)
        return found

    def _mark(self, page: Page, route: str, items: Iterable[Item], *, covered: bool = False) -> None:
        for item in items:
            said = Said(item.lapse.severity.rank, item.unknown, covered)
            if item.said.get(route) != said:
                item.said = {**item.said, route: said}
                page.touched.add(item.lapse.id)

    def _settle(self, page: Page, now: datetime) -> None:
        """Note whether anything still stands."""
        head = page.head
        if page.standing():
            return
        if head.over_at is None and head.flush_at is None and not any(item.late for item in page.items.values()):
            head.over_at, head.has, head.snoozed, head.tracks = now, None, None, {}
            for item in page.items.values():
                item.lapse = outline(item.lapse)
                page.touched.add(item.lapse.id)

    # What follows asks what is held, and until when.

    def _by_route(self, page: Page) -> dict[str, list[Item]]:
        return self._grouped(page, page.standing())

    def _grouped(self, page: Page, items: Iterable[Item]) -> dict[str, list[Item]]:
        """By route, in the policy's order; of each the items in an order that does not depend on how they came."""
        grouped: dict[str, list[Item]] = {}
        for item in items:
            for route in page.routes[item.lapse.id]:
                grouped.setdefault(route, []).append(item)
        return {route: sorted(grouped[route], key=by_loudness) for route in self.routing.routes if route in grouped}

    def _held(self, page: Page, route: str, item: Item, now: datetime) -> Held | None:
        drill = page.head.drill
        flapping = self.flaps.held(flap_key(page, item), item.changed, item.lapse.severity, now)
        silenced = self.holding.silenced(item.lapse, now, drill=drill)
        quiet = self.holding.quiet(self.routing.routes[route], item.lapse, now)
        return max(
            (held for held in (flapping, silenced, quiet) if held is not None), key=lambda held: held.until, default=None
        )

    def _free(self, page: Page, route: str, items: Iterable[Item], now: datetime) -> list[Item]:
        return [item for item in items if self._held(page, route, item, now) is None]

    def _note_held(self, page: Page, route: str, items: Sequence[Item], now: datetime) -> None:
        why = ""
        for item in items:
            if need(item, route) is not None and (held := self._held(page, route, item, now)) is not None:
                why = held.why
        if why or route in page.head.tracks:
            page.head.tracks.setdefault(route, Track()).held = why

    def _late_held(self, page: Page, now: datetime) -> Iterable[Held]:
        for item in page.items.values():
            if item.late:
                for route in page.routes[item.lapse.id]:
                    if route not in item.passed and (held := self._held(page, route, item, now)) is not None:
                        yield held

    def _due_on(self, page: Page, route: str, items: Sequence[Item], now: datetime) -> Iterable[datetime]:
        track = page.head.tracks.get(route)
        ends = []
        free = False
        for item in items:
            held = self._held(page, route, item, now)
            if held is None:
                free = True
                continue
            ends.append(held.until)
            if need(item, route) is not None:
                yield held.until
        if track is None:
            return
        if track.again and ends and not free:
            yield min(ends)
        moment = self.escalation.due(page, route, track)
        if moment is not None:
            yield moment if free else max(moment, min(ends))


def need(item: Item, route: str) -> Literal["alarm", "update"] | None:
    """What is to be said of a lapse on a route, by as what it was said last."""
    if item.over:
        return None
    said, rank = item.said.get(route), item.lapse.severity.rank
    if said is None or rank > said.rank or (said.unknown and not item.unknown):
        return "alarm"
    return "update" if rank < said.rank or (item.unknown and not said.unknown) else None


def again(page: Page, why: str) -> None:
    """Let all that stands on the page be said anew; what was only covered, once nothing holds it."""
    page.uncover()
    for item in page.standing():
        for route in page.routes[item.lapse.id]:
            page.head.tracks.setdefault(route, Track()).again = why


def flap_key(page: Page, item: Item) -> str:
    """The name of what comes and goes: a subject of a rule, whenever it began."""
    lapse = item.lapse
    return page_id(str(page.head.drill), page.head.run or "", lapse.agreement, lapse.rule, lapse.subject)
