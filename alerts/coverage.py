"""Whether every lapse that the agreements can raise reaches a person at every moment of the days to come.

The proof errs on the side of holes. A route that names parties or subjects is only taken to have a lapse for certain where the
rule leaves no doubt; where it may have it or not, both ways must lead to a person. Watches change at known moments, and between
two of them everything stays as it is: so what is shown for each of these stretches holds for every second of it.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import Literal, NamedTuple

import msgspec

from alerts.desk.rotas import Rotas
from alerts.policy import Policy, Route
from streams.actions import Match
from streams.agreements.model import Agreement, AnyObligation, Cadence, Response, Standing
from streams.rulebook import Rule, RuleBook, dyads_of
from streams.severity import Severity

Certainty = Literal["sure", "maybe", "no"]


class Stretch(NamedTuple):
    """From ``start`` (inclusive) until ``end`` (exclusive), UTC."""

    start: datetime
    end: datetime


class Hole(msgspec.Struct, frozen=True, kw_only=True):
    """Lapses that may reach nobody.

    Attributes:
        why: What is missing, in words.
        routes: The ways they take.
        start: From when, UTC; always where there is none. ``end`` likewise.
        rules: The rules whose lapses they are.
        severities: How loud they are.
    """

    why: str
    routes: tuple[str, ...] = ()
    start: datetime | None = None
    end: datetime | None = None
    rules: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What was found.

    Attributes:
        rules: How many rules were looked at, with every severity they could have.
        kinds: How many kinds of lapse: a rule, a channel where it names some, a severity.
        start: From when to ``end``.
        holes: All that is missing.
        notes: What is in order and yet worth a word.
    """

    rules: int
    kinds: int
    start: datetime
    end: datetime
    holes: tuple[Hole, ...]
    notes: tuple[str, ...]


class _Sort(NamedTuple):
    """A sort of lapse: what is known of it before it happens; ``None`` where it may be anything."""

    agreement: str
    rule: str
    severity: Severity
    subject: str | None = None
    dyads: frozenset[str] | None = None


def prove(
    policy: Policy,
    agreements: Sequence[Agreement],
    start: datetime,
    length: timedelta = timedelta(days=90),
    least: Severity = Severity.INFO,
) -> Proof:
    """Look for lapses that reach nobody.

    Args:
        policy: A policy that is sound.
        agreements: What lapses are judged by.
        start: From when, UTC.
        length: For how long.
        least: Lapses that are less loud may reach nobody.
    """
    end = start + length
    book = RuleBook(agreements)
    gaps = _Gaps(policy, start, end)
    missing: dict[tuple[tuple[str, ...], Stretch | None], list[_Sort]] = {}
    sorts = [sort for severity in Severity if severity.rank >= least.rank for sort in _sorts(book, severity)]
    for sort in sorts:
        for way in _ways(policy.routes, sort):
            if not way:
                missing.setdefault(((), None), []).append(sort)
            for gap in gaps.of(way) if way else ():
                missing.setdefault((way, gap), []).append(sort)
    holes = [_hole(way, gap, found, start, end) for (way, gap), found in missing.items()]
    holes += [Hole(why=why) for why in _names(policy, book)]
    return Proof(
        rules=len({(sort.agreement, sort.rule) for sort in sorts}),
        kinds=len(sorts),
        start=start,
        end=end,
        holes=tuple(holes),
        notes=tuple(_notes(policy, gaps, start, end)),
    )


def _sorts(book: RuleBook, severity: Severity) -> Iterator[_Sort]:
    """Every sort of lapse of a severity, which any rule is taken to be able to have: compounds raise, evidence eases."""
    for rule in book.rules():
        for subject, dyads in _subjects(rule, book):
            yield _Sort(rule.agreement.id, rule.obligation.id, severity, subject, dyads)
    for feed, home in book.feed_homes.items():
        yield _Sort(home.id, "feed-heartbeat", severity, f"feed/{feed}", frozenset())


def _subjects(rule: Rule[AnyObligation], book: RuleBook) -> Iterator[tuple[str | None, frozenset[str] | None]]:
    match rule.obligation:
        case Cadence(channels=channels) | Standing(channels=channels) if channels:
            for channel in channels:
                yield channel, dyads_of(book.channels[channel].parties)
        case Response(channels=channels) if channels:
            for channel in channels:
                yield None, dyads_of(book.channels[channel].parties)
        case _:
            yield None, None


def _ways(routes: Sequence[Route], sort: _Sort) -> Iterator[tuple[str, ...]]:
    """Every set of routes that a lapse of this sort may take; an empty one where it may take none."""
    sure: tuple[str, ...] = ()
    for route in routes:
        certainty = _fits(route.match, sort)
        if certainty == "no":
            continue
        if not route.go_on:
            yield (*sure, route.id)
            if certainty == "sure":
                return
        elif certainty == "sure":
            sure = (*sure, route.id)
    yield sure


def _fits(match: Match, sort: _Sort) -> Certainty:
    certainties = (_severities(match, sort), _rules(match, sort), _dyads(match, sort), _subject(match, sort))
    return "no" if "no" in certainties else "maybe" if "maybe" in certainties else "sure"


def _severities(match: Match, sort: _Sort) -> Certainty:
    return "sure" if not match.severities or sort.severity in match.severities else "no"


def _rules(match: Match, sort: _Sort) -> Certainty:
    agreed = not match.agreements or sort.agreement in match.agreements
    ruled = not match.rules or f"{sort.agreement}/{sort.rule}" in match.rules
    return "sure" if agreed and ruled else "no"


def _dyads(match: Match, sort: _Sort) -> Certainty:
    if not match.dyads:
        return "sure"
    if sort.dyads is None:
        return "maybe"
    if sort.dyads.isdisjoint(match.dyads):
        return "no"
    return "sure" if sort.dyads <= set(match.dyads) else "maybe"


def _subject(match: Match, sort: _Sort) -> Certainty:
    if not match.subjects:
        return "sure"
    if sort.subject is None:
        return "maybe"
    return "sure" if any(fnmatchcase(sort.subject, pattern) for pattern in match.subjects) else "no"


class _Gaps:
    """The stretches in which a way leads to nobody."""

    def __init__(self, policy: Policy, start: datetime, end: datetime) -> None:
        self._routes = {route.id: route for route in policy.routes}
        self._rotas = Rotas(policy)
        edges = {edge for rota in self._rotas.rotas for edge in self._rotas.edges(rota, start, end)}
        moments = [start, *sorted(edges - {end}), end]
        self._stretches = [Stretch(*pair) for pair in pairwise(moments)]
        self._known: dict[tuple[str, ...], tuple[Stretch, ...]] = {}

    def of(self, way: tuple[str, ...]) -> tuple[Stretch, ...]:
        """Where none of the routes reaches a person by any of its steps."""
        if way not in self._known:
            targets = [target for route in way for step in self._routes[route].steps for target in step.to]
            self._known[way] = self._without(targets)
        return self._known[way]

    def first(self, route: Route) -> tuple[Stretch, ...]:
        """Where its first step reaches nobody, so that the next has it at once."""
        return self._without(route.steps[0].to)

    def _without(self, targets: Sequence[str]) -> tuple[Stretch, ...]:
        found: list[Stretch] = []
        for stretch in self._stretches:
            if any(told.person is not None for told in self._rotas.told(targets, stretch.start)):
                continue
            if found and found[-1].end == stretch.start:
                found[-1] = Stretch(found[-1].start, stretch.end)
            else:
                found.append(stretch)
        return tuple(found)


def _hole(way: tuple[str, ...], gap: Stretch | None, sorts: Sequence[_Sort], start: datetime, end: datetime) -> Hole:
    always = gap is None or gap == (start, end)
    if not way:
        why = "no route is sure to take it"
    elif always:
        why = "no step ever leads to a person"
    else:
        why = "nobody has the watch, and no other step leads to a person"
    return Hole(
        why=why,
        routes=way,
        start=None if always or gap is None else gap.start,
        end=None if always or gap is None else gap.end,
        rules=tuple(sorted({f"{sort.agreement}/{sort.rule}" for sort in sorts})),
        severities=tuple(sorted({sort.severity for sort in sorts}, key=lambda severity: severity.rank)),
    )


def _names(policy: Policy, book: RuleBook) -> Iterator[str]:
    """Names in routes and silences that no agreement has: what is meant for them would go another way."""
    agreements = {agreement.id for agreement in book.agreements}
    rules = {rule.name for rule in book.rules()} | {f"{home.id}/feed-heartbeat" for home in book.feed_homes.values()}
    matches = [(f"route {route.id}", route.match) for route in policy.routes]
    matches += [(f"maintenance {announced.name}", announced.match) for announced in policy.maintenance]
    for place, match in matches:
        for agreement in match.agreements:
            if agreement not in agreements:
                yield f"{place}: no agreement has the id {agreement!r}"
        for rule in match.rules:
            if rule not in rules:
                yield f"{place}: no agreement has the rule {rule!r}"


def _notes(policy: Policy, gaps: _Gaps, start: datetime, end: datetime) -> Iterator[str]:
    if not policy.exercise:
        yield "no `exercise` receivers: drills and replays are told to nobody"
    if not policy.trouble:
        yield "no `trouble`: nobody is told when a receiver takes nothing"
    for route in policy.routes:
        for gap in gaps.first(route) if len(route.steps) > 1 else ():
            yield (
                f"route {route.id}: the first step reaches nobody from {gap.start:%Y-%m-%d %H:%MZ} "
                f"to {gap.end:%Y-%m-%d %H:%MZ}; the next has it at once"
            )
        if route.quiet is not None:
            yield f"route {route.id}: what is less than a page waits for the end of the quiet hours {route.quiet}"
    for announced in policy.maintenance:
        if announced.start < end and announced.end > start:
            yield (
                f"maintenance {announced.name}: what it names is told only after {announced.end:%Y-%m-%d %H:%MZ}, "
                "should it stand then"
            )
