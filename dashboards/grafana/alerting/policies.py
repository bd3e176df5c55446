"""The way of an alert to its contact. Exercises part from it first and never come back; blindness has a way of its own."""

from collections.abc import Mapping, Sequence
from typing import Any

from dashboards.grafana.alerting.contacts import Real, Routing
from dashboards.grafana.alerting.rule import EXERCISE, OURS, SEVERITY

NIGHTS = "steadyline-nights"
MUTED: frozenset[str] = frozenset({"info"})
"""What may wait until the morning. Nothing else is ever held back."""
BLIND = "DatasourceNoData|DatasourceError"
"""The names that Grafana gives to alerts that it makes of a query without rows, and of one that fails."""
_OWN = [[name, "=", value] for name, value in OURS.items()]
_REAL = [EXERCISE, "!=", "yes"]
_PACE: Mapping[Real, tuple[str, str, str]] = {
    # How long the first waits for others, how long more of them wait, and after how long it is said again.
    "critical": ("0s", "30s", "15m"),
    "page": ("10s", "1m", "1h"),
    "warn": ("30s", "5m", "1d"),
    "info": ("1m", "15m", "3d"),
}
Route = dict[str, Any]


def tree(own: Route) -> Route:
    """The tree of a Grafana that is ours alone."""
    return {"receiver": own["receiver"], "group_by": ["grafana_folder", "alertname"], "routes": [own]}


def ours(route: Mapping[str, Any]) -> bool:
    """Whether a branch of a tree is ours."""
    return [list(matcher) for matcher in route.get("object_matchers") or ()] == _OWN


def branch(routing: Routing) -> Route:
    """The way of all our alerts. What matches nothing goes where warnings go: nothing is ever sent nowhere."""
    return {
        "receiver": routing.to["warn"],
        "object_matchers": _OWN,
        "continue": False,
        "group_by": ["dyad", "agreement"],
        "group_wait": "10s",
        "group_interval": "1m",
        "repeat_interval": "4h",
        "routes": [
            {
                "receiver": routing.exercise,
                "object_matchers": [[EXERCISE, "=", "yes"]],
                "continue": False,
                "group_by": ["run"],
                "group_wait": "10s",
                "group_interval": "1m",
                "repeat_interval": "1d",
            },
            _blind(routing, ["alertname", "=~", BLIND]),
            _blind(routing, [SEVERITY, "=", "blind"]),
            *(_severity(routing, severity) for severity in _PACE),
        ],
    }


def mute_timings() -> tuple[dict[str, object], ...]:
    """The hours in which notes for the record wait."""
    nights = [{"start_time": "20:00", "end_time": "24:00"}, {"start_time": "00:00", "end_time": "06:00"}]
    return ({"name": NIGHTS, "time_intervals": [{"times": nights, "location": "UTC"}]},)


def receivers(route: Mapping[str, Any], labels: Mapping[str, str]) -> list[str]:
    """Where an alert with these labels goes: the routes are tried in turn, the deepest that matches has it.

    This is how Alertmanager reads the tree, for the four kinds of matcher that ours uses.
    """
    found: list[str] = []
    for inner in route.get("routes", ()):
        if all(_matches(matcher, labels) for matcher in inner.get("object_matchers", ())):
            found += receivers({"receiver": route["receiver"], **inner}, labels)
            if not inner.get("continue"):
                break
    return found or [str(route["receiver"])]


def _matches(matcher: Sequence[str], labels: Mapping[str, str]) -> bool:
    name, sign, value = matcher
    found = labels.get(name, "")
    if sign == "=":
        return found == value
    if sign == "!=":
        return found != value
    if sign == "=~":
        return found in value.split("|")
    raise ValueError(f"expected =, != or =~ with words, got {sign!r}")


def _blind(routing: Routing, matcher: list[str]) -> Route:
    return {
        "receiver": routing.to["blind"],
        "object_matchers": [matcher, _REAL],
        "continue": False,
        # However many rules can see nothing, it is one thing that is wrong.
        "group_by": ["grafana_folder"],
        "group_wait": "10s",
        "group_interval": "1m",
        "repeat_interval": "15m",
    }


def _severity(routing: Routing, severity: Real) -> Route:
    wait, interval, again = _PACE[severity]
    route: Route = {
        "receiver": routing.to[severity],
        "object_matchers": [[SEVERITY, "=", severity], _REAL],
        "continue": False,
        "group_by": ["dyad", "agreement", "alertname"],
        "group_wait": wait,
        "group_interval": interval,
        "repeat_interval": again,
    }
    own = [(one.dyad, one.to[severity]) for one in routing.dyads if severity in one.to]
    if own:
        route["routes"] = [
            {"receiver": contact, "object_matchers": [["dyad", "=", dyad], _REAL], "continue": False} for dyad, contact in own
        ]
    if severity in MUTED:
        route["mute_time_intervals"] = [NIGHTS]
    return route
