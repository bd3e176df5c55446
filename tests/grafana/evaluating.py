"""What Grafana does with a rule: an evaluator of the three steps that ours are made of, and of an alert's states.

Written here after Grafana's documentation, since no server of it is at hand. The query of a rule is taken from the rule as it
is sent, and a real database answers it.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Literal

from tests.grafana.asking import Base, interpolated

Labels = frozenset[tuple[str, str]]
State = Literal["Pending", "Alerting", "Recovering"]
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_MISSING = 2
"""After so many evaluations without a row an alert is resolved."""


def seconds(span: str) -> int:
    """A time as Grafana writes it."""
    return int(span[:-1]) * _UNITS[span[-1]]


class Evaluator:
    """One rule, asked again and again."""

    def __init__(self, rule: dict[str, Any], base: Base) -> None:
        self._rule, self._base = rule, base
        self._states: dict[Labels, tuple[State, datetime]] = {}
        self._missing: dict[Labels, int] = {}
        self.special: str | None = None
        """``NoData`` where the last query brought no row."""

    def at(self, now: datetime) -> list[dict[str, str]]:
        """Ask once; the labels of every alert that fires after it."""
        values = self._values(now)
        self.special = None if values else "NoData"
        if not values and self._rule["noDataState"] == "Alerting":
            values = {frozenset(): True}
        for labels, beyond in values.items():
            self._missing[labels] = 0
            self._move(labels, now, beyond=beyond)
        for labels in [one for one in self._states if one not in values]:
            self._missing[labels] += 1
            if self._missing[labels] >= _MISSING:
                del self._states[labels]
        return [dict(labels) | self._rule["labels"] for labels, (state, _) in self._states.items() if state != "Pending"]

    def through(self, start: datetime, stop: datetime, step: timedelta) -> Iterator[tuple[datetime, list[dict[str, str]]]]:
        """Ask at each step, as Grafana does at each interval."""
        while start <= stop:
            yield start, self.at(start)
            start += step

    def _move(self, labels: Labels, now: datetime, *, beyond: bool) -> None:
        state, since = self._states.get(labels, (None, now))
        pending, keep = seconds(self._rule["for"]), seconds(self._rule["keep_firing_for"])
        if beyond:
            if state in ("Alerting", "Recovering"):
                self._states[labels] = ("Alerting", now if state == "Recovering" else since)
            elif now - since >= timedelta(seconds=pending):
                self._states[labels] = ("Alerting", now)
            else:
                self._states[labels] = ("Pending", since)
        elif state == "Alerting" and keep:
            self._states[labels] = ("Recovering", now)
        elif state != "Recovering" or now - since >= timedelta(seconds=keep):
            self._states.pop(labels, None)

    def _values(self, now: datetime) -> dict[Labels, bool]:
        """The condition of each alert: the last value of each table held against the threshold."""
        query, reduce, threshold = (one["model"] for one in self._rule["data"])
        assert (reduce["type"], reduce["reducer"], reduce["expression"]) == ("reduce", "last", query["refId"])
        assert (threshold["type"], threshold["expression"]) == ("threshold", reduce["refId"])
        assert self._rule["condition"] == threshold["refId"]
        (condition,) = threshold["conditions"]
        span = self._rule["data"][0]["relativeTimeRange"]
        start, stop = now - timedelta(seconds=span["from"]), now - timedelta(seconds=span["to"])
        last: dict[Labels, float] = {}
        for row in self._base.ask(interpolated(query["query"], start, stop, {})):
            # Texts are labels; what begins with a stroke below, and numbers, are not.
            labels = {key: value for key, value in row.items() if key[0] != "_" and key != "result" and isinstance(value, str)}
            last[frozenset(labels.items())] = float(row["_value"])
        return {labels: _beyond(condition["evaluator"], value) for labels, value in last.items()}


def _beyond(evaluator: dict[str, Any], value: float) -> bool:
    params = evaluator["params"]
    if evaluator["type"] == "gt":
        return bool(value > params[0])
    assert evaluator["type"] == "within_range"
    return bool(params[0] < value < params[1])
