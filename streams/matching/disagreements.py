"""What the claims of one launch disagree about, each with its source. Nothing is averaged, nothing is dropped."""

from collections.abc import Iterable
from datetime import UTC, datetime

from streams.events.launches import LaunchObservation
from streams.events.times import spoken
from streams.matching.clusters import BALLISTIC, SAME_SITE_KM
from streams.matching.geodesy import distance_km

_RANGES_DIFFER = 1.5
"""Two ranges further apart than by this factor are a disagreement and not a rounding."""


def contrast(label: str, said: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """One line that sets (value, source) pairs against each other, or none where all say the same.

    Values keep the order in which they first come: ``label: a (one, two) / b (three)``.
    """
    sources: dict[str, list[str]] = {}
    for value, source in said:
        known = sources.setdefault(value, [])
        if source not in known:
            known.append(source)
    if len(sources) < 2:
        return ()
    return (f"{label}: " + " / ".join(f"{value} ({', '.join(by)})" for value, by in sources.items()),)


def disagreements(
    claims: list[LaunchObservation], counts: list[LaunchObservation], covers: tuple[int, tuple[str, ...]] | None
) -> tuple[str, ...]:
    """What the claims of one launch disagree about.

    Args:
        claims: The claims of the launch itself, the best one first.
        counts: Claims that count the salvo whose first launch this is.
        covers: How many launches of that salvo are known one by one, and from which sources.
    """
    return (
        *_times(claims),
        *_counts(claims, counts, covers),
        *_classes(claims),
        *_sites(claims),
        *_ranges(claims),
        *contrast("notice given", ((_yes(c.data.notified), c.source) for c in claims + counts if c.data.notified is not None)),
    )


def _times(claims: list[LaunchObservation]) -> tuple[str, ...]:
    best = claims[0].occurred
    spans = [claim.occurred for claim in claims]
    if all(span.earliest <= best.latest and best.earliest <= span.latest for span in spans):
        return ()
    one_day = len({moment.astimezone(UTC).date() for span in spans for moment in span}) == 1
    ordered = sorted(claims, key=lambda claim: (claim.occurred, claim.source))
    return contrast("time", ((_when(claim, one_day=one_day), claim.source) for claim in ordered))


def _when(claim: LaunchObservation, *, one_day: bool) -> str:
    earliest, latest = claim.occurred
    if earliest == latest:
        return _clock(earliest, one_day=one_day)
    return f"{_clock(earliest, one_day=one_day)} to {_clock(latest, one_day=one_day)}"


def _clock(moment: datetime, *, one_day: bool) -> str:
    text = spoken(moment)
    return text.partition(" ")[2] if one_day else text


def _counts(
    claims: list[LaunchObservation], counts: list[LaunchObservation], covers: tuple[int, tuple[str, ...]] | None
) -> tuple[str, ...]:
    said = [(claim.data.count, claim.source) for claim in claims] if covers is None else [(covers[0], s) for s in covers[1]]
    said += [(claim.data.count, claim.source) for claim in counts]
    return contrast("count", ((str(count), source) for count, source in sorted(said)))


def _classes(claims: list[LaunchObservation]) -> tuple[str, ...]:
    named = [(claim.data.launch_class, claim.source) for claim in claims if claim.data.launch_class != "unknown"]
    classes = {one for one, _ in named}
    # "Ballistic" contradicts no ballistic class: it is only less exact.
    if "ballistic" in classes and classes <= BALLISTIC and len(classes) > 1:
        named = [(one, source) for one, source in named if one != "ballistic"]
    return contrast("class", named)


def _sites(claims: list[LaunchObservation]) -> tuple[str, ...]:
    placed = [(claim.data.site, claim.source) for claim in claims if claim.data.site is not None]
    if not any(distance_km(placed[0][0], site) > SAME_SITE_KM for site, _ in placed[1:]):
        return ()
    return contrast("site", ((f"{site.lat:.2f}, {site.lon:.2f}", source) for site, source in placed))


def _ranges(claims: list[LaunchObservation]) -> tuple[str, ...]:
    reported = [(claim.data.range_km, claim.source) for claim in claims if claim.data.range_km is not None]
    if not reported or max(reported)[0] <= _RANGES_DIFFER * min(reported)[0]:
        return ()
    return contrast("range", ((f"{km:.0f} km", source) for km, source in sorted(reported)))


def _yes(said: bool | None) -> str:
    return "yes" if said else "no"
