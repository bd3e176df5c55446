from typing import Any

import pytest

from streams.agreements.model import Scope
from streams.events.areas import Point
from streams.matching.launches import Launch, launches_of
from streams.matching.match import in_scope
from tests.matching.build import seen

PACT = Scope(
    classes=("icbm", "irbm", "mrbm", "srbm", "ballistic"),
    always=("slv",),
    min_range_km=2_000,
    directions={"PRC": ("W", "NW", "N", "NE"), "RUS": ("E", "NE", "S", "SE")},
)


def launched(**data: Any) -> Launch:
    return launches_of([seen("a", 0, **data)])[0]


@pytest.mark.parametrize(
    ("scope", "data", "inside", "why"),
    [
        (Scope(), {"launch_class": "icbm"}, True, "class icbm"),
        (Scope(), {"launch_class": "cruise"}, False, "class cruise not in scope"),
        (Scope(combat=False), {"launch_class": "srbm", "combat": True}, False, "combat"),
        (Scope(combat=True), {"launch_class": "srbm", "combat": True}, True, "class srbm"),
        (Scope(min_range_km=500), {"range_km": 500}, False, "range 500 km, not more than 500 km"),
        (Scope(min_range_km=500), {"range_km": 500.1}, True, "range 500.1 km, more than 500 km"),
        (Scope(min_range_km=500), {}, True, "range not reported: judged in scope"),
        (Scope(min_range_km=500), {"launch_class": "mrbm"}, True, "range of an mrbm is more than 500 km"),
        (Scope(min_range_km=500), {"launch_class": "srbm"}, True, "range not reported: judged in scope"),
        (Scope(min_range_km=1_000), {"launch_class": "srbm"}, False, "range of an srbm is at most 1,000 km"),
        (Scope(min_range_km=5_500), {"launch_class": "irbm"}, False, "range of an irbm is at most 5,500 km"),
        (Scope(min_range_km=5_500), {"launch_class": "slbm"}, True, "range of an slbm is more than 5,500 km"),
        (Scope(min_range_km=6_000), {"launch_class": "icbm"}, True, "range not reported: judged in scope"),
        (Scope(min_range_km=500, min_apogee_km=500), {"range_km": 300, "apogee_km": 900}, True, "apogee 900 km"),
        (Scope(min_range_km=500, min_apogee_km=500), {"range_km": 300, "apogee_km": 90}, False, "apogee 90 km, not more"),
        (Scope(min_range_km=500, min_apogee_km=500), {"range_km": 300}, False, "range 300 km"),
        (Scope(min_apogee_km=500), {}, True, "apogee not reported: judged in scope"),
        (Scope(min_apogee_km=500), {"apogee_km": 400}, False, "apogee 400 km"),
        (Scope(classes=("slv",), min_range_km=500), {"launch_class": "slv"}, True, "class slv"),
        (Scope(classes=("asat",), min_range_km=500), {"launch_class": "asat", "range_km": 1}, True, "class asat"),
        (Scope(classes=("icbm", "slbm")), {"launch_class": "ballistic", "range_km": 9_000}, True, "at the range of an icbm"),
        (Scope(classes=("icbm", "slbm")), {"launch_class": "ballistic", "range_km": 900}, False, "not in scope (icbm, slbm)"),
        (Scope(classes=("icbm", "slbm")), {"launch_class": "unknown"}, False, "class unknown not in scope"),
        (PACT, {"launch_class": "slv", "azimuth_deg": 170}, True, "always in scope"),
        (PACT, {"launch_class": "icbm", "azimuth_deg": 0}, True, "flown N (0 degrees)"),
        (PACT, {"launch_class": "icbm", "azimuth_deg": 170}, False, "flown S (170 degrees), not to W, NW, N, NE"),
        (PACT, {"launch_class": "icbm"}, False, "direction not known"),
        (PACT, {"launch_class": "icbm", "party": "US"}, True, "range of an icbm"),
        (
            PACT,
            {"launch_class": "ballistic", "site": Point(lat=40, lon=100), "impact": Point(lat=60, lon=100)},
            True,
            "range 2,224.5 km, more than 2,000 km; flown N (0 degrees)",
        ),
    ],
)
def test_scope(scope: Scope, data: dict[str, Any], inside: bool, why: str) -> None:
    verdict = in_scope(launched(**data), scope)
    assert verdict.in_scope is inside
    assert why in verdict.why


def test_a_bearing_from_elsewhere_stands_in_for_a_missing_azimuth() -> None:
    assert in_scope(launched(launch_class="icbm"), PACT, 315).in_scope
    assert not in_scope(launched(launch_class="icbm", azimuth_deg=180), PACT, 315).in_scope
