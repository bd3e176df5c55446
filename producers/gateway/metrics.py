"""The gateway's metrics, for Prometheus, in a registry of its own. Its labels are routes, statuses and names of tokens."""

import time
from collections import Counter
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, GCCollector, Histogram, PlatformCollector, ProcessCollector
from prometheus_client import Counter as Counted
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from producers.gateway.intake import Intake
from producers.gateway.problems import Receipt
from producers.gateway.tokens import Keyring, heard_of

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_METHODS = frozenset(("GET", "POST", "HEAD"))


class Metrics:
    """What is counted while the gateway runs."""

    def __init__(
        self, intake: Intake, keyring: Keyring, active: Callable[[], int], wall: Callable[[], float] = time.time
    ) -> None:
        """Begin to count.

        Args:
            intake: What writes.
            keyring: Who may send.
            active: How many requests are being served.
            wall: The time of day, seconds since 1970 UTC.
        """
        self.registry = CollectorRegistry()
        self.events: Counter[tuple[str, str]] = Counter()
        self._requests = Counted(
            "steadyline_gateway_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "steadyline_gateway_request_seconds",
            "Seconds from a request's first line to its answer.",
            ("route",),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.registry.register(_State(self, intake, keyring, active, wall))
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered."""
        self._requests.labels(method if method in _METHODS else "other", route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def took(self, source: str, receipt: Receipt) -> None:
        """Events of a token came in."""
        self.events[source, "accepted"] += receipt.accepted
        self.events[source, "duplicate"] += receipt.duplicates
        self.events[source, "refused"] += receipt.refused_total


class _State(Collector):
    def __init__(
        self, metrics: Metrics, intake: Intake, keyring: Keyring, active: Callable[[], int], wall: Callable[[], float]
    ) -> None:
        self._metrics = metrics
        self._intake = intake
        self._keyring = keyring
        self._active = active
        self._wall = wall

    def collect(self) -> Iterator[Metric]:
        now = self._wall()
        events = CounterMetricFamily(
            "steadyline_gateway_events",
            "Events by the token that sent them and what became of them.",
            labels=("source", "outcome"),
        )
        for (source, outcome), count in list(self._metrics.events.items()):
            events.add_metric((source, outcome), count)
        yield events
        silence = GaugeMetricFamily(
            "steadyline_gateway_last_event_seconds",
            "Seconds since a token's last event that was taken in or known; since it was made, where there was none.",
            labels=("source",),
        )
        heard = self._intake.heard
        for token in self._keyring.tokens():
            if token.revoked is None:
                last = heard.get(token.name, token.created.timestamp())
                silence.add_metric((token.name,), max(0.0, now - last))
        yield silence
        pings = GaugeMetricFamily(
            "steadyline_gateway_last_ping_seconds",
            "Seconds since a check was last pinged; since it was made, where it never was.",
            labels=("check",),
        )
        for check in self._keyring.checks():
            pings.add_metric((check.name,), max(0.0, now - heard.get(heard_of(check), check.created.timestamp())))
        yield pings
        yield GaugeMetricFamily("steadyline_gateway_active_requests", "Requests being served.", self._active())
        yield GaugeMetricFamily("steadyline_gateway_waiting_bytes", "Bytes that wait for the log.", self._intake.waiting)
        yield GaugeMetricFamily(
            "steadyline_gateway_log_up", "1 while the log takes events in, as far as is known.", self._intake.trouble is None
        )
        yield CounterMetricFamily("steadyline_gateway_appends", "Times the log was written.", self._intake.appends)
        yield CounterMetricFamily("steadyline_gateway_append_seconds", "Seconds spent on writing it.", self._intake.seconds)
