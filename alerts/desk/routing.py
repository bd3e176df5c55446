"""Which way a lapse goes: the routes of the policy, and the one of drills."""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from alerts.policy import Policy, Route, Step
from streams.actions import Match
from streams.lapses import Lapse
from streams.rulebook import dyads_of

DRILL = "exercise"
"""The id of the route that drills and replays take; no route of a policy may have it."""


def fits(match: Match, lapse: Lapse) -> bool:
    """Whether the lapse fits every list of ``match`` that is not empty; subjects may be patterns (``inter-korean-*``)."""
    return (
        (not match.severities or lapse.severity in match.severities)
        and (not match.agreements or lapse.agreement in match.agreements)
        and (not match.rules or f"{lapse.agreement}/{lapse.rule}" in match.rules)
        and (not match.dyads or not dyads_of(lapse.parties).isdisjoint(match.dyads))
        and (not match.subjects or any(fnmatchcase(lapse.subject, pattern) for pattern in match.subjects))
    )


class Routing:
    """The routes by their names."""

    def __init__(self, policy: Policy) -> None:
        self._routes = policy.routes
        self.routes = {route.id: route for route in policy.routes}
        to = tuple(f"receiver:{receiver}" for receiver in policy.exercise)
        if to:
            # A drill is said once, and that it is over: nobody need answer it, and nobody is called again for it.
            self.routes[DRILL] = Route(id=DRILL, steps=(Step(to=to),), nags=(), reminders=())

    def of(self, lapse: Lapse, *, drill: bool) -> tuple[str, ...]:
        """The ids of the routes a lapse takes, in order. A drill takes its own and no other, whatever the policy says."""
        if drill:
            return (DRILL,) if DRILL in self.routes else ()
        return tuple(self._matching(lapse))

    def _matching(self, lapse: Lapse) -> Iterator[str]:
        for route in self._routes:
            if fits(route.match, lapse):
                yield route.id
                if not route.go_on:
                    return
