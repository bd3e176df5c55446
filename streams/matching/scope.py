"""Which launches an obligation means."""

import msgspec

from streams.agreements.model import Scope
from streams.events.launches import LaunchClass
from streams.matching.geodesy import bearing_deg, distance_km, sector
from streams.matching.launches import Launch

_RANGES: dict[LaunchClass, tuple[float, float]] = {
    "icbm": (5_500.0, 40_000.0),
    "slbm": (5_500.0, 40_000.0),
    "irbm": (3_000.0, 5_500.0),
    "mrbm": (1_000.0, 3_000.0),
    "srbm": (0.0, 1_000.0),
}
"""Ranges that a class stands for, kilometres: more than the first, at most the second."""
_NO_RANGE = ("slv", "asat")
"""Classes whose flight has no range to speak of: what reaches orbit is beyond any threshold."""


class Verdict(msgspec.Struct, frozen=True):
    """Whether a launch is in scope, and why in words."""

    in_scope: bool
    why: str


def in_scope(launch: Launch, scope: Scope, bearing: float | None = None) -> Verdict:
    """Judge the launch against the scope: combat, class, range or apogee, direction.

    Where the range is not reported, that of the class decides, and where the class leaves it open, the launch is in scope
    and the words say so. A class that is always in scope is so whatever its range and direction.

    Args:
        launch: The launch.
        scope: The obligation's scope.
        bearing: Direction of flight, degrees clockwise from north, where no claim gives one; else it is taken from launch
            site to impact.
    """
    if launch.combat and not scope.combat:
        return Verdict(False, "fired in combat: exempt")
    if launch.launch_class in scope.always:
        return Verdict(True, f"class {launch.launch_class}: always in scope")
    meant = _class(launch, scope)
    if not meant.in_scope:
        return meant
    far = _far(launch, scope)
    if not far.in_scope:
        return far
    headed = _headed(launch, scope, bearing)
    return Verdict(headed.in_scope, "; ".join(verdict.why for verdict in (meant, far, headed) if verdict.why))


def _class(launch: Launch, scope: Scope) -> Verdict:
    named = launch.launch_class
    if named in scope.classes:
        return Verdict(True, f"class {named}")
    if named in ("ballistic", "unknown") and "icbm" in scope.classes and (_range_km(launch) or 0.0) > _RANGES["icbm"][0]:
        return Verdict(True, f"class {named}, at the range of an icbm")
    return Verdict(False, f"class {named} not in scope ({', '.join(scope.classes)})")


def _far(launch: Launch, scope: Scope) -> Verdict:
    if (scope.min_range_km is None and scope.min_apogee_km is None) or launch.launch_class in _NO_RANGE:
        return Verdict(True, "")
    high = _over("apogee", launch.apogee_km, scope.min_apogee_km)
    if high is not None and high.in_scope:
        return high
    if scope.min_range_km is None:
        return high or Verdict(True, "apogee not reported: judged in scope")
    km = _range_km(launch)
    wide = _over("range", km, scope.min_range_km) or _by_class(launch.launch_class, scope.min_range_km)
    if wide.in_scope or high is None:
        return wide
    return Verdict(False, f"{wide.why}; {high.why}")


def _over(what: str, km: float | None, least: float | None) -> Verdict | None:
    if km is None or least is None:
        return None
    if km > least:
        return Verdict(True, f"{what} {_km(km)}, more than {_km(least)}")
    return Verdict(False, f"{what} {_km(km)}, not more than {_km(least)}")


def _by_class(named: LaunchClass, least: float) -> Verdict:
    span = _RANGES.get(named)
    if span is not None and span[1] <= least:
        return Verdict(False, f"range of an {named} is at most {_km(span[1])}, not more than {_km(least)}")
    if span is not None and span[0] >= least:
        return Verdict(True, f"range of an {named} is more than {_km(least)}")
    return Verdict(True, "range not reported: judged in scope")


def _range_km(launch: Launch) -> float | None:
    if launch.range_km is None and launch.site is not None and launch.impact is not None:
        return distance_km(launch.site, launch.impact)
    return launch.range_km


def _headed(launch: Launch, scope: Scope, bearing: float | None) -> Verdict:
    meant = scope.directions.get(launch.party)
    if meant is None:
        return Verdict(True, "")
    azimuth = launch.azimuth_deg if launch.azimuth_deg is not None else bearing
    if azimuth is None and launch.site is not None and launch.impact is not None:
        azimuth = bearing_deg(launch.site, launch.impact)
    if azimuth is None:
        return Verdict(False, f"direction not known, and only flights to {', '.join(meant)} are in scope")
    flown = sector(azimuth)
    if flown in meant:
        return Verdict(True, f"flown {flown} ({azimuth:.0f} degrees)")
    return Verdict(False, f"flown {flown} ({azimuth:.0f} degrees), not to {', '.join(meant)}")


def _km(km: float) -> str:
    return f"{km:,.0f} km" if km == round(km) else f"{km:,.1f} km"
