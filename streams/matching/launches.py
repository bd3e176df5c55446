"""Claims to launches: what was launched, with everything that was said about it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec

from streams.events.areas import Point
from streams.events.envelope import Party
from streams.events.launches import LaunchClass, LaunchObservation
from streams.events.times import Interval
from streams.matching.claims import Claims, affected
from streams.matching.clusters import BALLISTIC, Cluster, Seen, claim_order, class_gap, clustered, components, seen
from streams.matching.disagreements import disagreements

__all__ = ["Claims", "Launch", "affected", "claim_order", "class_gap", "launch_order", "launches_of", "report_order"]

_PRECISION = {"second": 0, "minute": 1, "hour": 2, "day": 3}
_T = TypeVar("_T")


class Launch(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One launch, with every claim that was made about it.

    A field is that of the best claim that gives it: of the finest precision, then reported first, then by (time, id). A
    count of a whole salvo says nothing of where and how its single launches went.

    Attributes:
        key: The name its claims share, else the id of the claim that was known first: a second report does not rename it.
        claims: The claims, by (time, id), salvo counts included.
        occurred: When it happened as the best claim says, UTC.
        count: The largest number of missiles claimed.
        combat: Whether any claim says it was fired in combat.
        notified: The claims that say whether notice was given (``claim.data.notified`` is not ``None``).
        disagreements: What its claims disagree about, each with its source:
            ``time: 13:42Z (https://..) / 13:43Z (https://..)``.
    """

    key: str
    party: Party
    claims: tuple[LaunchObservation, ...]
    occurred: Interval
    launch_class: LaunchClass
    range_km: float | None = None
    apogee_km: float | None = None
    site: Point | None = None
    impact: Point | None = None
    azimuth_deg: float | None = None
    site_to_border_km: float | None = None
    impact_to_border_km: float | None = None
    count: int = 1
    combat: bool = False
    notified: tuple[LaunchObservation, ...] = ()
    disagreements: tuple[str, ...] = ()


def launch_order(launch: Launch) -> tuple[datetime, datetime, str, str]:
    """The order of launches: by the instants at which they can have happened, then key and party."""
    return launch.occurred.earliest, launch.occurred.latest, launch.key, launch.party


def launches_of(observations: Sequence[LaunchObservation]) -> list[Launch]:
    """The launches behind the claims (of one party or several), by ``launch_order``; a function of the set of claims."""
    if len(observations) == 1:
        return [_lone(observations[0])]
    by_party: dict[str, dict[tuple[str, str], LaunchObservation]] = {}
    for claim in observations:
        by_party.setdefault(claim.data.party, {})[claim.source, claim.id] = claim
    result = []
    for claims in by_party.values():
        for component in components(sorted(map(seen, claims.values()))):
            if len(component) == 1:
                result.append(_lone(component[0].claim))
            else:
                result += [_launch(cluster) for cluster in clustered(component)]
    return sorted(result, key=launch_order)


def _lone(claim: LaunchObservation) -> Launch:
    data = claim.data
    return Launch(
        key=data.launch or claim.id,
        party=data.party,
        claims=(claim,),
        occurred=claim.occurred,
        launch_class=data.launch_class,
        range_km=data.range_km,
        apogee_km=data.apogee_km,
        site=data.site,
        impact=data.impact,
        azimuth_deg=data.azimuth_deg,
        site_to_border_km=data.site_to_border_km,
        impact_to_border_km=data.impact_to_border_km,
        count=data.count,
        combat=data.combat,
        notified=(claim,) if data.notified is not None else (),
    )


def _launch(cluster: Cluster) -> Launch:
    claims = [claim.claim for claim in sorted(cluster.claims, key=_merit)]
    counts = [claim.claim for claim in sorted(cluster.counts, key=_merit)]
    if len(claims) == 1 and not counts:
        return _lone(claims[0])
    data = [claim.data for claim in claims]
    everything = sorted(claims + counts, key=_by_time)
    return Launch(
        key=_given(one.launch for one in data) or min(claims, key=report_order).id,
        party=data[0].party,
        claims=tuple(everything),
        occurred=claims[0].occurred,
        launch_class=_class(claims),
        range_km=_given(one.range_km for one in data),
        apogee_km=_given(one.apogee_km for one in data),
        site=_given(one.site for one in data),
        impact=_given(one.impact for one in data),
        azimuth_deg=_given(one.azimuth_deg for one in data),
        site_to_border_km=_given(one.site_to_border_km for one in data),
        impact_to_border_km=_given(one.impact_to_border_km for one in data),
        count=max(claim.data.count for claim in everything),
        combat=any(claim.data.combat for claim in everything),
        notified=tuple(claim for claim in everything if claim.data.notified is not None),
        disagreements=disagreements(claims, counts, cluster.covers),
    )


def _given(values: Iterable[_T | None]) -> _T | None:
    return next((value for value in values if value is not None), None)


def _by_time(claim: LaunchObservation) -> tuple[datetime, str, str]:
    return claim.time, claim.id, claim.source


def report_order(claim: LaunchObservation) -> tuple[datetime, datetime, str, str]:
    """The order in which claims were known: by when they were reported, then (time, id, source)."""
    # Not when the log took it in: that is an accident of arrival.
    return claim.reported or claim.received or claim.occurred.latest, claim.time, claim.id, claim.source


def _merit(claim: Seen) -> tuple[int, datetime, datetime, str, str]:
    return _PRECISION[claim.claim.precision], *report_order(claim.claim)


def _class(ranked: list[LaunchObservation]) -> LaunchClass:
    """The best claim's class, made more exact by the others where that contradicts nothing."""
    best: LaunchClass = "unknown"
    for claim in ranked:
        named = claim.data.launch_class
        if best == "unknown" or (best == "ballistic" and named in BALLISTIC):
            best = named
    return best
