"""The worker's metrics, for Prometheus: read from its vitals at each scrape, in a registry of its own."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from importlib.metadata import version
from typing import get_args

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from streams.daytime import utc
from streams.events import AnyEvent
from streams.live.progress import REASONS, Vitals

TYPES = tuple(sorted(str(each.__struct_config__.tag) for each in get_args(AnyEvent)))
"""The types of events: a counter that starts at nought shows its first step."""


def registry(
    vitals: Vitals,
    *,
    run: str | None = None,
    wall: Callable[[], datetime] = utc,
    monotonic: Callable[[], float] = time.monotonic,
) -> CollectorRegistry:
    """All that a worker shows: its progress, its build, and its process.

    Args:
        vitals: What to read.
        run: The replay or drill that it watches; its time is the story's, so it has no lag against the time of day.
        wall: The time of day, UTC.
        monotonic: The clock by which the vitals are told, seconds.
    """
    made = CollectorRegistry()
    made.register(_Progress(vitals, run, wall, monotonic))
    ProcessCollector(registry=made)
    PlatformCollector(registry=made)
    GCCollector(registry=made)
    return made


class _Progress(Collector):
    def __init__(self, vitals: Vitals, run: str | None, wall: Callable[[], datetime], monotonic: Callable[[], float]) -> None:
        self._vitals = vitals
        self._run = run
        self._wall = wall
        self._monotonic = monotonic

    def collect(self) -> Iterator[Metric]:
        yield from self._partitions()
        yield from self._totals()
        at = self._monotonic()
        yield GaugeMetricFamily(
            "steadyline_ready", "1 while the worker is ready; where it stays 0, /readyz says why.", not self._vitals.ready(at)
        )
        yield GaugeMetricFamily(
            "steadyline_watchdog_restarts",
            "Restarts by the worker's own watchdog within the last hour; any is worth a look into the log.",
            self._vitals.restarts,
        )
        build = InfoMetricFamily("steadyline_build", "The version that runs; join it to others, and look for a mixture.")
        build.add_metric([], {"version": version("steadyline"), "run": self._run or ""})
        yield build

    def _partitions(self) -> Iterator[Metric]:
        lag = GaugeMetricFamily(
            "steadyline_lag_seconds",
            "Time of day less the time of the last tick passed. Alert above twice the tick's interval plus a minute:"
            " lapses are found that much too late. Grows by a second a second: the clock or the worker stands still.",
            labels=["partition"],
        )
        now = GaugeMetricFamily(
            "steadyline_now_timestamp_seconds",
            "Time of the last tick passed, seconds since 1970 UTC. Take the greatest over all workers for each partition:"
            " a partition that nobody shows has no owner.",
            labels=["partition"],
        )
        age = GaugeMetricFamily(
            "steadyline_tick_age_seconds",
            "Seconds since a tick was last passed, or since the partition was assigned. Alert above a minute in a live"
            " watch; in a run it says only whether the run still moves.",
            labels=["partition"],
        )
        behind = GaugeMetricFamily(
            "steadyline_records_behind",
            "Records on the broker that were not read yet. Falling: the worker catches up. Rising: add a worker.",
            labels=["topic", "partition"],
        )
        held = GaugeMetricFamily(
            "steadyline_records_held",
            "Records read that wait for the next tick. Rising while one topic's records stay behind: its ticks do not come.",
            labels=["partition"],
        )
        lapses = GaugeMetricFamily(
            "steadyline_open_lapses",
            "Lapses open or unknown. For dashboards; alerts come from the lapses topic, which says which ones.",
            labels=["partition"],
        )
        at, today = self._monotonic(), self._wall()
        for number, partition in self._vitals.partitions().items():
            label = [str(number)]
            age.add_metric(label, partition.tick_age(at))
            held.add_metric(label, partition.held)
            if partition.now is not None:
                now.add_metric(label, partition.now.timestamp())
                lag.add_metric(label, (today - partition.now).total_seconds())
            if partition.open_lapses is not None:
                lapses.add_metric(label, partition.open_lapses)
            for topic, records in sorted(partition.behind.items()):
                behind.add_metric([topic, str(number)], records)
        if self._run is None:
            yield lag
        yield from (now, age, behind, held, lapses)

    def _totals(self) -> Iterator[Metric]:
        events = CounterMetricFamily(
            "steadyline_events", "Events taken in. A type whose rate falls to nought: ask its producer.", labels=["type"]
        )
        counts = self._vitals.counts()
        for kind in sorted({*TYPES, *counts}):
            events.add_metric([kind], counts[kind])
        letters = CounterMetricFamily(
            "steadyline_dead_letters",
            "Records set aside as no event. Alert on any increase: what is not read is not judged."
            " `steadyline dead-letters` shows them.",
            labels=["reason"],
        )
        reasons = self._vitals.dead_letters()
        for reason in REASONS:
            letters.add_metric([reason], reasons[reason])
        yield events
        yield letters
        yield CounterMetricFamily(
            "steadyline_lapse_revisions",
            "Revisions of lapses written. A burst: read the lapses before anything else.",
            self._vitals.lapses,
        )
        if self._vitals.ticked_at is not None:
            yield CounterMetricFamily(
                "steadyline_ticks_sent",
                "Ticks sent by the clock that this worker keeps. Where no worker's rate is above nought, time stands still.",
                self._vitals.ticks_sent,
            )
            yield GaugeMetricFamily(
                "steadyline_clock_leap_seconds",
                "By how much the time of day leapt away from the clock that this worker keeps, which does not follow it."
                " Set the time right, or start the worker anew.",
                self._vitals.leap,
            )
