"""Trouble of the desk's own: a receiver that takes nothing, a route on which nobody is reached. Each is an alert itself."""

from datetime import datetime

import msgspec

from alerts.desk.rotas import Told
from alerts.desk.routing import DRILL
from alerts.desk.saying import Saying, one
from alerts.desk.state import Has
from alerts.policy import Policy, Route, Step
from alerts.sendings import Kind, Sending, page_id

_ROUTE = Route(id="trouble", steps=(Step(to=("receiver:none",)),))
"""Nobody writes one for trouble: it is said again after the waits of a route that says none."""


class Trouble(msgspec.Struct, kw_only=True):
    """What is in trouble.

    Attributes:
        about: ``receiver:siren``, ``route:duty``.
        drill: Concerns drills only, and is told to nobody else.
        why: What happened, in words.
        told: The receivers that were told.
    """

    id: str
    about: str
    drill: bool
    run: str | None
    why: str
    since: datetime
    number: int = 0
    told: tuple[str, ...] = ()
    nags: int = 0
    nag_at: datetime | None = None
    has: Has | None = None


class Troubles:
    """All trouble there is, by what it is about."""

    def __init__(self, policy: Policy, saying: Saying) -> None:
        self._saying = saying
        self._to = policy.trouble
        self._drills = tuple(f"receiver:{receiver}" for receiver in policy.exercise)
        routes = [DRILL, *(route.id for route in policy.routes)]
        self._subjects = {f"receiver:{receiver.id}" for receiver in policy.receivers} | {f"route:{route}" for route in routes}
        self.known: dict[str, Trouble] = {}
        self.touched: set[str] = set()
        self.count = 0
        """How often there was trouble: the same trouble again is another page."""

    def found(self, about: str, why: str, now: datetime, *, drill: bool, run: str | None) -> list[Sending]:
        """Tell of trouble; of what is known already, or is nothing of the policy's, nothing is said."""
        if about in self.known or about not in self._subjects:
            return []
        self.count += 1
        name = page_id("trouble", about, now.isoformat(), str(self.count))
        trouble = self.known[about] = Trouble(id=name, about=about, drill=drill, run=run, why=why, since=now)
        trouble.nag_at = _ROUTE.nags[0].after(now)
        return self._say(trouble, "undelivered", self._whom(trouble, now), why, now)

    def mended(self, about: str, now: datetime, because: str) -> list[Sending]:
        """Tell whoever heard of it that it is over."""
        trouble = self.known.get(about)
        if trouble is None:
            return []
        told = [receiver for receiver in trouble.told if self._saying.allowed(receiver, drill=trouble.drill)]
        found = self._say(trouble, "all-clear", [Told(receiver, None) for receiver in told], because, now)
        del self.known[about]
        return found

    def act(self, now: datetime) -> list[Sending]:
        """Say again what nobody has acknowledged."""
        found: list[Sending] = []
        for about in sorted(self.known.keys() - self._subjects):
            # Nothing will ever be sent there, or said on it, by which one could tell that it is mended.
            found += self.mended(about, now, "it is not in the policy any more")
        for trouble in sorted(self.known.values(), key=lambda trouble: trouble.about):
            if trouble.has is not None and trouble.has.until is not None and trouble.has.until <= now:
                trouble.has, trouble.nags, trouble.nag_at = None, 0, now
            if trouble.has is None and trouble.nag_at is not None and trouble.nag_at <= now:
                trouble.nags += 1
                trouble.nag_at = _ROUTE.nags[min(trouble.nags, len(_ROUTE.nags) - 1)].after(now)
                found += self._say(trouble, "nag", self._whom(trouble, now), trouble.why, now)
        return found

    def wake(self) -> datetime | None:
        """When there is something to say next."""
        moments = [trouble.nag_at if trouble.has is None else trouble.has.until for trouble in self.known.values()]
        moments += [self.known[gone].since for gone in self.known.keys() - self._subjects]
        return min((moment for moment in moments if moment is not None), default=None)

    def stood_in(self, name: str, stand_in: str) -> None:
        """Note that another receiver took what was said of the trouble of this page's id: it hears that it is over."""
        trouble = self.by_id(name)
        if trouble is not None and self._saying.allowed(stand_in, drill=trouble.drill):
            trouble.told = tuple(sorted({*trouble.told, stand_in}))
            self.touched.add(trouble.about)

    def by_id(self, name: str) -> Trouble | None:
        """The trouble of this page's id."""
        return next((trouble for trouble in self.known.values() if trouble.id == name), None)

    def _whom(self, trouble: Trouble, now: datetime) -> list[Told]:
        """Everybody who is to be told, but not by what is in trouble."""
        to = self._saying.reached(self._drills if trouble.drill else self._to, now, drill=trouble.drill)
        return [told for told in to if f"receiver:{told.receiver}" != trouble.about]

    def _say(self, trouble: Trouble, kind: Kind, to: list[Told], because: str, now: datetime) -> list[Sending]:
        self.touched.add(trouble.about)
        found = [one(trouble, kind, told, now, f"{trouble.about}: {because}") for told in to]
        trouble.told = tuple(sorted({*trouble.told, *(told.receiver for told in to)}))
        return found
