"""The desk's metrics, for Prometheus, in a registry of their own. Labels are receivers and states: nothing that events say."""

from collections import Counter
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from alerts.service.runner import Runner


def registry(runner: Callable[[], Runner | None]) -> CollectorRegistry:
    """What to show.

    Args:
        runner: The desk that runs here, if one does.
    """
    shown = CollectorRegistry()
    shown.register(_State(runner))
    ProcessCollector(registry=shown)
    PlatformCollector(registry=shown)
    GCCollector(registry=shown)
    return shown


class _State(Collector):
    def __init__(self, runner: Callable[[], Runner | None]) -> None:
        self._runner = runner

    def collect(self) -> Iterator[Metric]:
        runner = self._runner()
        live = runner is not None and runner.live
        yield GaugeMetricFamily("steadyline_desk_live", "1 while the desk runs here and has read its journal.", int(live))
        if runner is None:
            return
        station = runner.station
        pages = GaugeMetricFamily("steadyline_desk_pages", "Pages that are open, by their state.", labels=("state",))
        counts = Counter(page.state for page in station.desk.pages())
        for state in ("firing", "acknowledged", "snoozed"):
            pages.add_metric((state,), counts[state])
        yield pages
        yield GaugeMetricFamily("steadyline_desk_pending", "Sendings that nobody has taken yet.", len(station.pending))
        oldest = min((sending.at for sending in station.pending.values()), default=None)
        age = 0.0 if oldest is None else max(0.0, (runner.clock() - oldest).total_seconds())
        yield GaugeMetricFamily("steadyline_desk_pending_age_seconds", "Age of the oldest of them.", age)
        failing = GaugeMetricFamily(
            "steadyline_desk_receiver_failing",
            "1 for a receiver that did not take the last thing it was sent.",
            labels=("receiver",),
        )
        for name in runner.outbox.names:
            failing.add_metric((name,), int(name in runner.outbox.failing))
        yield failing
        delivered = CounterMetricFamily("steadyline_desk_outcomes", "Outcomes by receiver.", labels=("receiver", "outcome"))
        for (name, outcome), count in sorted(runner.outbox.counts.items()):
            delivered.add_metric((name, outcome), count)
        yield delivered
        yield CounterMetricFamily("steadyline_desk_ticks", "Ticks written to the journal.", runner.ticks)
        yield CounterMetricFamily(
            "steadyline_desk_refused_actions", "Actions that came to nothing in their turn.", station.refused
        )
