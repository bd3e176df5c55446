"""What Prometheus is shown."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from streams.live.metrics import TYPES, registry
from streams.live.progress import REASONS, Vitals
from streams.sequence import Unread
from streams.topics import CHANNELS

T = datetime(2026, 2, 26, tzinfo=UTC)
WALL = T + timedelta(seconds=14)


def told() -> Vitals:
    vitals = Vitals(0.0)
    vitals.assigned([3], at=0)
    vitals.took(
        3,
        counts=Counter({"org.steadyline.channel.check.v1": 2}),
        unread=[Unread(CHANNELS, 4, None, "expected an event, got a record without a value"), Unread(CHANNELS, 5, b"", "??")],
        lapses=7,
        now=T,
        held=1,
        behind={CHANNELS: 12},
        open_lapses=4,
        positions={CHANNELS: 6},
        at=10,
    )
    return vitals


def shown(vitals: Vitals, run: str | None = None) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    text = generate_latest(registry(vitals, run=run, wall=lambda: WALL, monotonic=lambda: 12.5)).decode()
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    found = {(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples}
    assert len(found) == len(samples)
    return found


def one(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset(labels.items())


def test_every_figure_is_as_the_worker_told_it() -> None:
    found = shown(told())
    expected = {
        one("steadyline_lag_seconds", partition="3"): 14.0,
        one("steadyline_now_timestamp_seconds", partition="3"): T.timestamp(),
        one("steadyline_tick_age_seconds", partition="3"): 2.5,
        one("steadyline_records_behind", topic=CHANNELS, partition="3"): 12.0,
        one("steadyline_records_held", partition="3"): 1.0,
        one("steadyline_open_lapses", partition="3"): 4.0,
        one("steadyline_events_total", type="org.steadyline.channel.check.v1"): 2.0,
        one("steadyline_dead_letters_total", reason="no-value"): 1.0,
        one("steadyline_dead_letters_total", reason="other"): 1.0,
        one("steadyline_lapse_revisions_total"): 7.0,
        one("steadyline_ready"): 1.0,
        one("steadyline_watchdog_restarts"): 0.0,
    }
    assert found | expected == found
    names = {name for name, _ in found}
    assert {"process_cpu_seconds_total", "process_resident_memory_bytes", "steadyline_build_info"} <= names
    assert "steadyline_ticks_sent_total" not in names


def test_counters_begin_at_nought_so_that_the_first_is_an_increase() -> None:
    found = shown(Vitals(0.0))
    assert [found[one("steadyline_dead_letters_total", reason=reason)] for reason in REASONS] == [0.0] * len(REASONS)
    assert [found[one("steadyline_events_total", type=kind)] for kind in TYPES] == [0.0] * len(TYPES)
    assert len(TYPES) > 10
    assert not any(dict(labels).get("partition") for _, labels in found)


def test_a_run_has_no_lag_against_the_time_of_day() -> None:
    names = {name for name, _ in shown(told(), run="taiwan-2022")}
    assert "steadyline_lag_seconds" not in names
    assert "steadyline_tick_age_seconds" in names


def test_whoever_keeps_the_clock_shows_its_ticks() -> None:
    vitals = told()
    vitals.ticked(11, -61.0)
    assert shown(vitals)[one("steadyline_ticks_sent_total")] == 1.0
    assert shown(vitals)[one("steadyline_clock_leap_seconds")] == -61.0


def test_every_metric_of_ours_says_what_it_is() -> None:
    text = generate_latest(registry(told())).decode()
    ours = [line for line in text.splitlines() if line.startswith("# HELP steadyline_")]
    assert len(ours) >= 12
    assert all(len(line.split(" ", 3)[3]) > 40 for line in ours)
