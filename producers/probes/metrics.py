"""What Prometheus is told of a site's probes."""

from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from producers.probes.attempt import Result
from producers.probes.model import AnyTarget

_BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """Counts what happens; a watcher of the service."""

    def __init__(self) -> None:
        """Nothing has happened yet."""
        self.registry = CollectorRegistry()
        names = ("probe", "channel")
        self._made = Counter("steadyline_probes", "Probes by what came of them.", (*names, "outcome"), registry=self.registry)
        self._latency = Histogram(
            "steadyline_probe_latency_seconds", "How long answers took.", names, buckets=_BUCKETS, registry=self.registry
        )
        self._missed = Counter(
            "steadyline_probe_slots_missed", "Slots about which nothing is claimed.", names, registry=self.registry
        )
        self._concern = Gauge(
            "steadyline_probe_concern", "1 while a channel answers and somebody ought to look.", names, registry=self.registry
        )
        self._beat = Gauge(
            "steadyline_probe_complete_timestamp_seconds", "Up to when a feed is complete.", ("feed",), registry=self.registry
        )

    def made(self, target: AnyTarget, result: Result) -> None:
        """A probe was made."""
        names = (target.id, target.channel or "")
        self._made.labels(*names, result.outcome).inc()
        self._concern.labels(*names).set(result.concern is not None)
        if result.latency_ms is not None:
            self._latency.labels(*names).observe(result.latency_ms / 1_000)

    def missed(self, target: AnyTarget, count: int) -> None:
        """Slots went by without a claim."""
        self._missed.labels(target.id, target.channel or "").inc(count)

    def beat(self, feed: str, moment: datetime) -> None:
        """A feed gave a sign of life."""
        self._beat.labels(feed).set(moment.timestamp())
