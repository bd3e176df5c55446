"""Notices to launches: which notice, if any, meant which launch.

Launches and notices of one party are paired so that as many launches as possible have a notice, then the fewest are told
only afterwards, then the fewest lie outside their windows, then by seconds, metres and class.
"""

from collections.abc import Sequence

import msgspec

from streams.agreements.model import Prior
from streams.events.envelope import Party
from streams.matching.assignment import assign
from streams.matching.edges import Edge, edge, linked, reach
from streams.matching.launches import Launch, launch_order
from streams.matching.linkage import Index, Spans, component
from streams.matching.notices import Revision, Series
from streams.matching.scope import Verdict, in_scope

__all__ = ["Index", "Match", "Matching", "Verdict", "component", "in_scope", "linked", "match"]


class Match(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What became of one launch.

    Attributes:
        series: The notice that meant it, with the ``revision`` that counts; ``None`` where there is none.
        after_launch: The notice was received only after the launch.
        seconds_off: How far outside the nearest window it came, seconds; negative before it opened, 0 within any (or no
            window).
        metres_off: How far outside the notified areas site and impact lay together, metres.
        refused: Why other notices whose time fits were not meant, in words.
    """

    launch: Launch
    series: Series | None = None
    revision: Revision | None = None
    after_launch: bool = False
    seconds_off: int = 0
    metres_off: int = 0
    refused: tuple[str, ...] = ()


class Matching(msgspec.Struct, frozen=True):
    """The outcome for every launch, by ``launch_order``."""

    matches: tuple[Match, ...]

    def of(self, key: str) -> Match:
        """The outcome of the launch with this key; looks through all of them.

        Raises:
            KeyError: when there is no such launch.
        """
        for each in self.matches:
            if each.launch.key == key:
                return each
        raise KeyError(key)


def match(launches: Sequence[Launch], series: Sequence[Series], recipient: Party, rule: Prior) -> Matching:
    """Match launches to the notices that ``recipient`` had, each notice to as many launches as it covers.

    A function of the sets of launches and series. A salvo known only as a count takes one place of its notice.

    Args:
        launches: Launches of any parties.
        series: Series of any parties.
        recipient: The party that was owed the notices.
        rule: The obligation, for its slack.
    """
    if len(launches) == 1:
        return Matching((_alone(launches[0], series, recipient, rule),))
    rows = sorted(launches, key=launch_order)
    columns = sorted(series, key=_by_key)
    edges: list[dict[int, Edge]] = []
    refused: list[list[str]] = []
    for launch, nearby in zip(rows, _nearby(rows, columns, rule), strict=True):
        fits: dict[int, Edge] = {}
        reasons = []
        for column in nearby:
            found = edge(launch, columns[column], recipient, rule)
            if isinstance(found, Edge):
                fits[column] = found
            else:
                reasons.append(found)
        edges.append(fits)
        refused.append(reasons)
    chosen = _assigned(edges)
    return Matching(
        tuple(
            _match(launch, edges[row], chosen[row], columns, refused[row], _taken(row, edges, chosen, rows, columns))
            for row, launch in enumerate(rows)
        )
    )


def _alone(launch: Launch, series: Sequence[Series], recipient: Party, rule: Prior) -> Match:
    """A launch that competes with no other simply takes the notice that costs least; the common case."""
    earliest, latest = launch.occurred
    best: tuple[Edge, Series] | None = None
    refused = []
    for each in sorted(series, key=_by_key) if len(series) > 1 else series:
        span = reach(each, rule.slack)
        if each.party != launch.party or span.earliest > latest or earliest > span.latest:
            continue
        found = edge(launch, each, recipient, rule)
        if isinstance(found, str):
            refused.append(found)
        elif best is None or found.cost < best[0].cost:
            best = found, each
    if best is None:
        return Match(launch=launch, refused=tuple(refused))
    fit, meant = best
    return Match(
        launch=launch,
        series=meant,
        revision=fit.revision,
        after_launch=fit.after,
        seconds_off=fit.seconds,
        metres_off=fit.metres,
        refused=tuple(refused),
    )


def _by_key(series: Series) -> tuple[str, str]:
    return series.party, series.key


def _nearby(rows: list[Launch], columns: list[Series], rule: Prior) -> list[list[int]]:
    """Per launch the series of its party that are near enough in time to be meant."""
    reaches = [reach(each, rule.slack) for each in columns]
    spans: dict[Party, Spans[int]] = {}
    for party in {launch.party for launch in rows}:
        spans[party] = Spans(
            [(span.earliest, span.latest, column) for column, span in enumerate(reaches) if columns[column].party == party]
        )
    return [sorted(spans[launch.party].over(*launch.occurred)) for launch in rows]


def _assigned(edges: list[dict[int, Edge]]) -> list[int | None]:
    """Per launch its series, solved for each set of launches that compete for the same notices."""
    takers: dict[int, list[int]] = {}
    for row, fits in enumerate(edges):
        for column in fits:
            takers.setdefault(column, []).append(row)
    chosen: list[int | None] = [None] * len(edges)
    done = [not fits for fits in edges]
    for start in range(len(edges)):
        if done[start]:
            continue
        rows, wanted = {start}, set[int]()
        ahead = [start]
        while ahead:
            for column in edges[ahead.pop()]:
                if column not in wanted:
                    wanted.add(column)
                    fresh = [row for row in takers[column] if row not in rows]
                    rows.update(fresh)
                    ahead += fresh
        own, columns = sorted(rows), sorted(wanted)
        place = {column: number for number, column in enumerate(columns)}
        costs = [{place[column]: fit.cost for column, fit in edges[row].items()} for row in own]
        room = [_covers([edges[row][column].revision for row in takers[column]]) for column in columns]
        for row, number in zip(own, assign(costs, room), strict=True):
            chosen[row] = None if number is None else columns[number]
            done[row] = True
    return chosen


def _covers(revisions: list[Revision]) -> int:
    """How many launches the series covers by any of its revisions that counts; 0 is any number."""
    covered = [revision.launches for revision in revisions]
    return 0 if 0 in covered else max(covered)


def _taken(
    row: int, edges: list[dict[int, Edge]], chosen: list[int | None], rows: list[Launch], columns: list[Series]
) -> list[str]:
    """For a launch left without a notice: which launches have those that would have fitted."""
    if chosen[row] is not None:
        return []
    words = []
    for column, fit in edges[row].items():
        takers = [rows[other].key for other, taken in enumerate(chosen) if taken == column]
        many = "1 launch" if fit.revision.launches == 1 else f"{fit.revision.launches} launches"
        words.append(f"notice {columns[column].key} covers {many}: {', '.join(takers)}")
    return words


def _match(
    launch: Launch, fits: dict[int, Edge], column: int | None, columns: list[Series], refused: list[str], taken: list[str]
) -> Match:
    if column is None:
        return Match(launch=launch, refused=tuple(refused + taken))
    fit = fits[column]
    return Match(
        launch=launch,
        series=columns[column],
        revision=fit.revision,
        after_launch=fit.after,
        seconds_off=fit.seconds,
        metres_off=fit.metres,
        refused=tuple(refused),
    )
