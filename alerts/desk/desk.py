"""The alert desk: lapses, actions, outcomes and time in, sendings out. Pure: the same journal gives the same pages.

Nothing is read but the journal; what was taken in before a restart comes back from cells, and the desk goes on as if nothing
had been.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from heapq import heapify, heappop, heappush

import msgspec

from alerts.desk import cells as kept
from alerts.desk import deeds
from alerts.desk.outcomes import Awaited, Awaiting
from alerts.desk.pages import KEEP, Paging
from alerts.desk.state import Head, Page
from alerts.desk.trouble import Troubles
from alerts.desk.views import PageView, SilenceView, page_view, silence_views, trouble_view
from alerts.journal import ActionEntry, AnyEntry, LapseEntry, OutcomeEntry, TickEntry
from alerts.policy import Policy
from alerts.sendings import Outcome, Sending, page_id
from streams.actions import Action
from streams.lapses import Lapse
from streams.rulebook import dyads_of

_Key = tuple[bool, str | None, str]
"""Whether a drill's, the run, and what gathers."""
_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
_MANY = "many"
"""What gathers once very many pages gather at once."""
_MOST_ACTIONS = 4_096
"""Of so many actions it is known that they were taken in: the same one twice counts once."""


class Desk:
    """Everything that is open, and everybody who was told of it.

    Args:
        policy: Whom to tell what.
        run: The replay or drill that this desk serves: nothing of it leaves the exercise route.
    """

    def __init__(self, policy: Policy, *, run: str | None = None) -> None:
        self.run = run
        self._policy = policy
        self.paging = Paging(policy)
        self.saying = self.paging.saying
        self.troubles = Troubles(policy, self.saying)
        self.awaiting = Awaiting()
        self.now = _BEFORE_ALL
        self.books: dict[str, Page] = {}
        """The pages, by their ids."""
        self.listed: dict[tuple[bool, str], str] = {}
        """The page of each lapse, a drill's apart."""
        self._announced: dict[_Key, str] = {}
        """The page of each announcement."""
        self._gathering: dict[_Key, str] = {}
        """The pages that others join still, the one that ends sooner first."""
        self._dues: list[tuple[datetime, str]] = []
        self._touched: set[str] = set()
        self._actions: dict[str, int] = {}
        self._cells = kept.Written(policy)

    @property
    def wake(self) -> datetime | None:
        """When time alone will do something next, UTC; a tick is due then and not before."""
        while self._dues and not self._is_planned(*self._dues[0]):
            heappop(self._dues)
        moments = [self._dues[0][0] if self._dues else None, self.troubles.wake()]
        return min((moment for moment in moments if moment is not None), default=None)

    def take(self, entry: AnyEntry) -> list[Sending]:
        """Take in one entry of the journal, and return what is to be sent for it; what was taken in before changes nothing.

        Raises:
            RefusedError: for an action that makes no sense; nothing is changed.
        """
        if isinstance(entry, ActionEntry) and entry.action.id not in self._actions:
            deeds.check(self, entry.action, max(self.now, entry.at))
        # Clocks of several machines differ; here time never goes back.
        now = self.now = max(self.now, entry.at)
        found: list[Sending] = []
        match entry:
            case LapseEntry():
                found = self._hear(entry.lapse, now)
            case ActionEntry():
                if entry.action.id not in self._actions:
                    self._remember(entry.action.id)
                    found = self.act(deeds.apply(self, entry.action, now), now) + self.troubles.act(now)
            case OutcomeEntry():
                found = self._learn(entry.outcome, now)
            case TickEntry():
                found = self._pass(now)
        for sending in found:
            self.awaiting.sent(sending)
        return found

    def advance(self, now: datetime) -> list[Sending]:
        """Let the time be ``now``."""
        return self.take(TickEntry(at=now))

    def refusal(self, action: Action) -> str | None:
        """Why an action makes no sense, in words; ``None`` where it does, or was taken in already."""
        if action.id in self._actions:
            return None
        try:
            deeds.check(self, action, max(self.now, action.at))
        except deeds.RefusedError as refused:
            return str(refused)
        return None

    def pages(self, *, settled: bool = False) -> list[PageView]:
        """The pages as they stand, the loudest first; those that are over too where ``settled``."""
        views = [page_view(page) for page in self.books.values()]
        views += [trouble_view(trouble) for trouble in self.troubles.known.values()]
        shown = [view for view in views if settled or view.state not in ("resolved", "withdrawn")]
        return sorted(shown, key=lambda view: (-view.severity.rank, view.since, view.id))

    def silences(self) -> list[SilenceView]:
        """Every silence that holds or is to come."""
        return silence_views(self.paging.holding, self.now)

    def watch(self, now: datetime) -> dict[str, str | None]:
        """Who has the watch, by rota."""
        rotas = self.saying.rotas
        return {name: rotas.on_watch(name, now, self.saying.handed) for name in rotas.rotas}

    def changes(self) -> dict[kept.Name, bytes | None]:
        """The cells that changed since the last call; ``None`` for one that is gone."""
        found = self._cells.changes(self, sorted(self._touched))
        self._touched.clear()
        return found

    def recall(self, cells: Mapping[kept.Name, bytes]) -> None:
        """Put the cells back into a desk that has seen nothing yet."""
        self.now, self._actions, same = self._cells.recall(self, cells)
        for name, page in sorted(self.books.items(), key=lambda book: (book[1].head.gathers_until, book[0])):
            head = page.head
            for item in page.items.values():
                page.routes[item.lapse.id] = self.paging.routing.of(item.lapse, drill=head.drill)
                self.listed[head.drill, item.lapse.id] = name
            if head.announced:
                self._announced[_key(head)] = name
            elif head.gathers_until > self.now:
                self._gathering[_key(head)] = name
            if same:
                self._schedule(head)
            else:
                # By another policy other words are due: all is looked at anew. Who has a page keeps it.
                if head.has is not None or head.snoozed is not None:
                    self.paging.cover(page)
                if head.over_at is None:
                    head.flush_at = self.now
                self._plan(page)
                self._touched.add(name)

    # What follows is for the desk's own modules.

    @property
    def actions(self) -> Mapping[str, int]:
        """The ids of the actions that are known to be taken in, in that order."""
        return self._actions

    def act(self, names: list[str], now: datetime) -> list[Sending]:
        """Do what is due on these pages by now, and plan what comes next."""
        found: list[Sending] = []
        for name in names:
            page = self.books[name]
            if page.head.over_at is not None and page.head.over_at + KEEP <= now:
                self._forget(page)
                continue
            found += self.paging.act(page, now)
            self._plan(page)
            self._touched.add(name)
        return found + self._troubled(now)

    def standing(self) -> list[str]:
        """The ids of the pages on which something is open."""
        return [name for name, page in self.books.items() if page.head.over_at is None]

    def _hear(self, lapse: Lapse, now: datetime) -> list[Sending]:
        drill = lapse.exercise or lapse.run is not None or self.run is not None
        name = self.listed.get((drill, lapse.id))
        if name is None:
            if lapse.state == "withdrawn":
                return []
            page = self._page_for(lapse, now, drill=drill)
            self.listed[drill, lapse.id] = page.head.id
        else:
            page = self.books[name]
            if lapse.revision <= page.items[lapse.id].lapse.revision:
                return []
        self.paging.hear(page, lapse, now)
        self._touched.add(page.head.id)
        if page.head.flush_at is not None and page.head.flush_at <= now:
            return self.act([page.head.id], now)
        self._plan(page)
        return []

    def _page_for(self, lapse: Lapse, now: datetime, *, drill: bool) -> Page:
        """The page that a new lapse joins: its announcement's, one that still gathers for the same parties, or a new one."""
        run = lapse.run if lapse.run is not None else self.run
        while self._gathering and self.books[first := next(iter(self._gathering.values()))].head.gathers_until <= now:
            del self._gathering[_key(self.books[first].head)]
        announced = lapse.group is not None
        key: _Key = (drill, run, lapse.group or _between(lapse))
        if announced:
            known = self._announced.get(key)
        else:
            known = self._gathering.get(key) or self._gathering.get((drill, run, _MANY))
            if known is None and len(self._gathering) >= self._policy.together:
                key = (drill, run, _MANY)
        if known is not None:
            return self.books[known]
        name = page_id(str(drill), run or "", key[2], lapse.id, now.isoformat())
        until = now + self.paging.gather
        head = Head(id=name, key=key[2], announced=announced, drill=drill, run=run, opened=now, gathers_until=until)
        page = self.books[name] = Page(head)
        if announced:
            self._announced[key] = name
        elif until > now:
            self._gathering[key] = name
        return page

    def _learn(self, outcome: Outcome, now: datetime) -> list[Sending]:
        awaited = self.awaiting.learn(outcome)
        if awaited is None:
            return []
        about = f"receiver:{outcome.receiver}"
        found = self._mark_delivered(awaited, outcome, now)
        if outcome.delivered:
            return found + self.troubles.mended(about, now, "it takes what it is sent again")
        why = f"took nothing after {outcome.attempts} attempts: {outcome.reason or 'no reason given'}"
        return self.troubles.found(about, why, now, drill=awaited.drill, run=awaited.run)

    def _mark_delivered(self, awaited: Awaited, outcome: Outcome, now: datetime) -> list[Sending]:
        page = self.books.get(awaited.page)
        stood_in = outcome.delivered and outcome.receiver != awaited.receiver and not awaited.clears
        if page is None:
            if stood_in:
                self.troubles.stood_in(awaited.page, outcome.receiver)
            return []
        self._touched.add(awaited.page)
        for place, word in enumerate(page.head.words):
            if word.number == awaited.number:
                delivered = outcome.delivered or bool(word.delivered)
                page.head.words[place] = msgspec.structs.replace(word, delivered=delivered)
        if stood_in:
            self.paging.stood_in(page, awaited.receiver, outcome.receiver, awaited.at, now)
            return self.act([awaited.page], now)
        return []

    def _pass(self, now: datetime) -> list[Sending]:
        found: list[Sending] = []
        while self._dues and self._dues[0][0] <= now:
            due, name = heappop(self._dues)
            if self._is_planned(due, name):
                self.books[name].head.due = None
                found += self.act([name], now)
        self.paging.holding.forget(now)
        return found + self.troubles.act(now)

    def _troubled(self, now: datetime) -> list[Sending]:
        """Tell of routes on which nobody was reached, and of those where somebody is again."""
        found: list[Sending] = []
        for route in sorted(self.paging.reached):
            found += self.troubles.mended(f"route:{route}", now, "somebody is reached again")
        for route, drill, page in self.paging.unreached:
            why = f"nobody is reached by any of its steps; page {page} waits"
            found += self.troubles.found(f"route:{route}", why, now, drill=drill, run=self.books[page].head.run)
        self.paging.reached.clear()
        self.paging.unreached.clear()
        return found

    def _plan(self, page: Page) -> None:
        due = self.paging.due(page, self.now)
        if due != page.head.due:
            page.head.due = due
            self._schedule(page.head)

    def _schedule(self, head: Head) -> None:
        if head.due is not None:
            heappush(self._dues, (head.due, head.id))
        if len(self._dues) > 4 * len(self.books) + 64:
            self._dues = [(page.head.due, name) for name, page in self.books.items() if page.head.due is not None]
            heapify(self._dues)

    def _is_planned(self, due: datetime, name: str) -> bool:
        return name in self.books and self.books[name].head.due == due

    def _forget(self, page: Page) -> None:
        name = page.head.id
        for known in (self._announced, self._gathering):
            if known.get(_key(page.head)) == name:
                del known[_key(page.head)]
        del self.books[name]
        for lapse in page.items:
            del self.listed[page.head.drill, lapse]
        self._touched.add(name)

    def _remember(self, action: str) -> None:
        self._actions[action] = self._actions[next(reversed(self._actions))] + 1 if self._actions else 0
        while len(self._actions) > _MOST_ACTIONS:
            del self._actions[next(iter(self._actions))]


def _key(head: Head) -> _Key:
    return head.drill, head.run, head.key


def _between(lapse: Lapse) -> str:
    """The parties a lapse is between; the agreement where it is about none, such as a feed that is silent."""
    return ",".join(sorted(dyads_of(lapse.parties) or set(lapse.parties))) or lapse.agreement
