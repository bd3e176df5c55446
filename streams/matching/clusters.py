"""Claims to clusters: which observations of one party are the same launch.

Two claims are one launch when they share a name; or when they come from different sources, lie within five minutes and
50 km of each other, and their classes can be one missile's. A source is taken to count right: two of its claims within
minutes are two launches of a salvo, so between two sources claims are paired one to one. Two names are two launches.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from streams.events.launches import LaunchClass, LaunchObservation
from streams.matching.assignment import assign
from streams.matching.geodesy import distance_km

SAME_TIME = timedelta(minutes=5)
"""How far apart two sources may put one launch."""
SAME_SITE_KM = 50.0
"""How far apart two sources may put one launch site, kilometres."""
SALVO_GAP = timedelta(minutes=30)
"""Claims further apart than this have no influence on each other, unless they share a name."""

BALLISTIC = frozenset({"icbm", "slbm", "irbm", "mrbm", "srbm", "ballistic", "hypersonic"})
"""Classes that a source may report as ``ballistic``."""
_AT_ONCE = timedelta()


def class_gap(first: LaunchClass | None, second: LaunchClass | None) -> int | None:
    """How far two classes lie apart: 0 can be the same missile, 1 a dispute about one, ``None`` two different things.

    An unknown class can be any, ``ballistic`` any ballistic one. Sources do take a satellite launcher for a missile and one
    range class for another; none takes a cruise missile for a ballistic one.
    """
    if first == second or first is None or second is None or first == "unknown" or second == "unknown":
        return 0
    if (first == "ballistic" and second in BALLISTIC) or (second == "ballistic" and first in BALLISTIC):
        return 0
    if first == "cruise" or second == "cruise":
        return 1 if "hypersonic" in (first, second) else None
    return 1


class Seen(NamedTuple):
    """A claim with its interval reckoned once. Sorts by earliest time, then (time, id, source)."""

    earliest: datetime
    time: datetime
    id: str
    source: str
    latest: datetime
    claim: LaunchObservation


def seen(claim: LaunchObservation) -> Seen:
    """The claim with its interval."""
    earliest, latest = claim.occurred
    return Seen(earliest, claim.time, claim.id, claim.source, latest, claim)


def claim_order(claim: LaunchObservation) -> tuple[datetime, datetime, str, str]:
    """The order of claims: by earliest instant, then (time, id, source)."""
    return claim.occurred.earliest, claim.time, claim.id, claim.source


def components(claims: list[Seen]) -> list[list[Seen]]:
    """Sorted claims cut into parts that have no influence on each other, each sorted."""
    runs: list[list[Seen]] = []
    reach = None
    for claim in claims:
        if reach is None or claim.earliest - reach > SALVO_GAP:
            runs.append([claim])
            reach = claim.latest
        else:
            runs[-1].append(claim)
            reach = max(reach, claim.latest)
    if len(runs) < 2:
        return runs
    # Runs that hold claims of one name go together, however far apart they lie.
    first_of: dict[str, int] = {}
    joined = list(range(len(runs)))
    for place, run in enumerate(runs):
        for claim in run:
            name = claim.claim.data.launch
            if name is not None:
                one, other = _root(joined, first_of.setdefault(name, place)), _root(joined, place)
                joined[max(one, other)] = min(one, other)
    parts: dict[int, list[Seen]] = {}
    for place, run in enumerate(runs):
        parts.setdefault(_root(joined, place), []).extend(run)
    return list(parts.values())


def _root(joined: list[int], place: int) -> int:
    while joined[place] != place:
        place = joined[place]
    return place


class Cluster:
    """Claims that are one launch: bundles of claims of one name or none, and the salvo counts that were put to it."""

    __slots__ = ("bundles", "counts", "covers", "sources")

    def __init__(self, bundle: list[Seen]) -> None:
        self.bundles = [bundle]
        self.sources = {claim.source for claim in bundle}
        self.counts: list[Seen] = []
        self.covers: tuple[int, tuple[str, ...]] | None = None

    @property
    def claims(self) -> list[Seen]:
        """Its own claims, sorted; not the salvo counts."""
        return sorted(claim for bundle in self.bundles for claim in bundle)

    def join(self, claim: Seen) -> None:
        """Take in another source's claim."""
        self.bundles.append([claim])
        self.sources.add(claim.source)


def clustered(claims: list[Seen]) -> list[Cluster]:
    """The launches behind the claims of one component, in no particular order; a function of the set of claims."""
    names: dict[str, list[Seen]] = {}
    singles, counts = [], []
    for claim in claims:
        data = claim.claim.data
        if data.launch is not None:
            names.setdefault(data.launch, []).append(claim)
        elif data.count > 1:
            counts.append(claim)
        else:
            singles.append(claim)
    clusters = [Cluster(bundle) for bundle in names.values()]
    _pair(singles, clusters)
    single = sorted(clusters, key=_first)
    unplaced = []
    for claim in counts:
        covered = _covered(claim, single)
        if covered:
            covered[0].counts.append(claim)
            sources = {source for cluster in covered for source in cluster.sources}
            covered[0].covers = max(covered[0].covers or (0, ()), (len(covered), tuple(sorted(sources))))
        else:
            unplaced.append(claim)
    salvos: list[Cluster] = []
    _pair(unplaced, salvos)
    return clusters + salvos


def _first(cluster: Cluster) -> Seen:
    return cluster.claims[0]


def _pair(claims: Iterable[Seen], clusters: list[Cluster]) -> None:
    """Put each source's claims to the launches known so far, one to one; what fits none is a launch of its own.

    The source with the most claims comes first: it has seen most of the salvo, and the others are held against it.
    """
    by_source: dict[str, list[Seen]] = {}
    for claim in claims:
        by_source.setdefault(claim.source, []).append(claim)
    for _, own in sorted(by_source.items(), key=lambda item: (-len(item[1]), item[1][0])):
        known = sorted(clusters, key=_first)
        edges = [{column: cost for column, cluster in enumerate(known) if (cost := _cost(claim, cluster))} for claim in own]
        for claim, column in zip(own, assign(edges, [1] * len(known)), strict=True):
            if column is None:
                clusters.append(Cluster([claim]))
            else:
                known[column].join(claim)


def _cost(claim: Seen, cluster: Cluster) -> tuple[int, int, int, int] | None:
    """What it costs to take the claim for this launch; ``None`` where it cannot be: every bundle must agree with it."""
    if claim.source in cluster.sources:
        return None
    worst = (0, 0, 0, 0)
    for bundle in cluster.bundles:
        apart = [cost for other in bundle if (cost := _apart(claim, other))]
        if not apart:
            return None
        worst = max(worst, min(apart))
    return worst


def _apart(first: Seen, second: Seen) -> tuple[int, int, int, int] | None:
    """Dispute about the class, seconds, metres between the sites and between the ranges; ``None`` where too far apart."""
    gap = max(_AT_ONCE, second.earliest - first.latest, first.earliest - second.latest)
    if gap > SAME_TIME:
        return None
    one, other = first.claim.data, second.claim.data
    dispute = class_gap(one.launch_class, other.launch_class)
    if dispute is None:
        return None
    km = distance_km(one.site, other.site) if one.site is not None and other.site is not None else 0.0
    if km > SAME_SITE_KM:
        return None
    ranges = abs(one.range_km - other.range_km) if one.range_km is not None and other.range_km is not None else 0.0
    return dispute, round(gap.total_seconds()), round(km * 1_000), round(ranges * 1_000)


def _covered(count: Seen, clusters: list[Cluster]) -> list[Cluster]:
    """The launches a salvo count speaks of, earliest first.

    A count at a day or an hour means what falls in it; one at a minute is the salvo's first, and the salvo goes on as long
    as its launches follow each other within half an hour.
    """
    named = count.claim.data.launch_class
    fitting = [c for c in clusters if any(class_gap(named, s.claim.data.launch_class) is not None for s in c.claims)]
    covered = [c for c in fitting if any(_apart(count, s) is not None for s in c.claims)]
    if not covered or count.latest != count.earliest:
        return covered
    reach = max(s.latest for c in covered for s in c.claims)
    for cluster in fitting:
        if cluster not in covered and cluster.claims[0].earliest >= count.earliest:
            if cluster.claims[0].earliest - reach > SALVO_GAP:
                break
            covered.append(cluster)
            reach = max(reach, cluster.claims[-1].latest)
    return sorted(covered, key=_first)
