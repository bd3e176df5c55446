"""What the writer knows of itself: for its page, its metrics and its own points."""

import time
from collections.abc import Callable, Iterator, Mapping
from threading import Lock

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from streams.live.health import Told

STUCK = 120.0
"""Seconds without a turn of its loop after which the writer counts as stuck: every wait in it is shorter."""


class Vitals:
    """Written by the writer's thread, read by that of its page."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = Lock()
        self._turned = monotonic()
        self._lag: float | None = None
        self.started = False
        """Whether it ever wrote anything, or found that there was nothing to write."""
        self.points = 0
        self.letters = 0
        self.expired = 0
        self.failures = 0
        self.behind = 0
        self.trouble: str | None = None
        """Why nothing is written now."""

    def turned(self) -> None:
        """Its loop came round, or waits and will try again."""
        self._turned = self._monotonic()

    def wrote(self, points: int) -> None:
        """Points are in the database."""
        with self._lock:
            self.points += points
        self.trouble = None
        self.turned()

    def failed(self, why: str) -> None:
        """A write failed, and will be tried again."""
        with self._lock:
            self.failures += 1
        self.trouble = why
        self.turned()

    def lagged(self, seconds: float) -> None:
        """The point of a lapse was written so many seconds after the lapse's record."""
        with self._lock:
            self._lag = seconds if self._lag is None else max(self._lag, seconds)

    def lag(self) -> float | None:
        """The longest such time since this was last asked, seconds; ``None`` where there was no lapse."""
        with self._lock:
            lag, self._lag = self._lag, None
        return lag

    def alive(self) -> str | None:
        """Why it must be started anew."""
        age = self._monotonic() - self._turned
        return f"its loop has not come round for {age:.0f} s" if age > STUCK else None

    def ready(self, at: float) -> list[str]:
        """Why nothing is written."""
        del at
        reasons = [] if self.started else ["it has not come to write yet"]
        return reasons if self.trouble is None else [*reasons, self.trouble]

    def partitions(self) -> Mapping[int, Told]:
        """None of its own: it reads all of them."""
        return {}


def registry(vitals: Vitals) -> CollectorRegistry:
    """All that the writer shows to Prometheus."""
    made = CollectorRegistry()
    made.register(_Progress(vitals))
    ProcessCollector(registry=made)
    PlatformCollector(registry=made)
    GCCollector(registry=made)
    return made


class _Progress(Collector):
    def __init__(self, vitals: Vitals) -> None:
        self._vitals = vitals

    def collect(self) -> Iterator[Metric]:
        vitals = self._vitals
        counters = (
            ("points", "Points that InfluxDB took.", vitals.points),
            ("failures", "Writes that failed and were tried again.", vitals.failures),
            ("letters", "Points that InfluxDB refused, now dead letters.", vitals.letters),
            ("expired", "Points of minutes older than InfluxDB keeps, left out.", vitals.expired),
        )
        for name, help_text, value in counters:
            yield CounterMetricFamily(f"steadyline_influx_{name}", help_text, value)
        yield GaugeMetricFamily("steadyline_influx_behind", "Records on Kafka that are not in InfluxDB yet.", vitals.behind)
        ready = float(not vitals.ready(0.0))
        yield GaugeMetricFamily("steadyline_influx_ready", "1 while it writes; where it stays 0, /readyz says why.", ready)
