"""How time passes in a replay, and what it hands on."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from deploy.replaying.pacing import Pace
from deploy.replaying.replay import Edges, ReplayResult, replay
from producers.synthetic import generate
from streams.agreements.load import load_builtin
from streams.events import AnyEvent, Tick
from streams.events.decode import Refused
from streams.lapses import Lapse
from streams.log.recording import Lines, Unread
from streams.log.sqlite import Entry, Refusal
from streams.watch import Watch
from tests.deploy.records import DECLINED, QUIET, meeting, request, tick


class Batches:
    """Lines in memory, in batches of a few."""

    size = None

    def __init__(self, *lines: str, at_a_time: int = 100) -> None:
        self._lines = [line.encode() for line in lines]
        self._at_a_time = at_a_time

    def batches(self) -> Any:
        """The lines."""
        for first in range(0, len(self._lines), self._at_a_time):
            yield Lines("r.jsonl", first + 1, self._lines[first : first + self._at_a_time], first)


class NotingWatch(Watch):
    """A watch that judges nothing, and notes in which order it was told of time and events."""

    def __init__(self) -> None:
        super().__init__(())
        self.told: list[str] = []

    def receive(self, event: AnyEvent) -> list[Lapse]:
        """Note the event."""
        if event.id == "unheard-of":
            raise Refused("no agreement knows it")
        self.told.append(event.id)
        if isinstance(event, Tick):
            self.now = event.time
        return []

    def advance(self, now: datetime) -> list[Lapse]:
        """Note the time."""
        assert self.now is None or now > self.now, "time moves on, or nobody is called"
        self.now = now
        self.told.append(f"{now:%d %H:%M}")
        return []


def edges(**more: Any) -> Edges:
    """Edges whose clock moves a second at each look."""
    ticking = count()
    return Edges(clock=lambda: next(ticking), **more)


def moment(day: int, hour: int = 0) -> datetime:
    return datetime(2023, 1, day, hour, tzinfo=UTC)


def known(name: str, day: int, hour: int = 0) -> str:
    """An event that was known at that hour of January 2023."""
    return meeting(name, f"2023-01-{day:02}T{hour:02}:00:00Z")


def told(*lines: str, **more: Any) -> list[str]:
    """What a watch is told of these lines."""
    watch = NotingWatch()
    replay(watch, Batches(*lines), edges(), **more)
    return watch.told


def test_time_advances_to_when_each_event_was_known_before_the_event() -> None:
    assert told(known("a", 1), known("b", 2, 6), known("c", 2, 6)) == ["01 00:00", "a", "02 06:00", "b", "c"]


def test_a_late_event_does_not_turn_time_back() -> None:
    assert told(known("a", 2), known("late", 1), known("b", 3)) == ["02 00:00", "a", "late", "03 00:00", "b"]


def test_an_event_is_known_when_it_was_ingested_not_when_it_occurred() -> None:
    late = meeting("a", "2023-01-01T00:00:00Z").replace('"urn:test"', '"urn:test", "ingested": "2023-01-05T09:00:00+09:00"')
    assert told(late) == ["05 00:00", "a"]


@pytest.mark.parametrize("at_a_time", [1, 100])
def test_a_recording_with_ticks_has_no_other_clock(at_a_time: int) -> None:
    lines = [tick("2023-01-01T00:00:00Z"), known("a", 5), tick("2023-01-02T00:00:00Z"), known("b", 6)]
    watch = NotingWatch()
    result = replay(watch, Batches(*lines, at_a_time=at_a_time), edges())
    assert watch.told == ["tick-2023-01-01T00:00:00Z", "a", "tick-2023-01-02T00:00:00Z", "b"]
    assert result.end == moment(2)


def test_ticks_rule_from_the_start_when_the_first_batch_has_one() -> None:
    assert told(known("a", 5), tick("2023-01-01T00:00:00Z")) == ["a", "tick-2023-01-01T00:00:00Z"]


def test_a_text_that_mentions_ticks_is_none() -> None:
    line = request("a", "2023-01-01T00:00:00Z", text="org.steadyline.tick.v1")
    assert told(line) == ["01 00:00", "a"]


def test_a_first_tick_further_down_rules_from_there_on() -> None:
    lines = [known("a", 1), known("b", 2), tick("2023-01-03T00:00:00Z"), known("c", 9)]
    watch = NotingWatch()
    replay(watch, Batches(*lines, at_a_time=2), edges())
    assert watch.told == ["01 00:00", "a", "02 00:00", "b", "tick-2023-01-03T00:00:00Z", "c"]


def test_the_clock_starts_and_ends_where_it_is_told_to() -> None:
    assert told(known("a", 2), start=moment(1), until=moment(9)) == ["01 00:00", "02 00:00", "a", "09 00:00"]


def test_events_known_only_after_the_end_are_left_out_and_counted() -> None:
    watch = NotingWatch()
    result = replay(watch, Batches(known("a", 1), known("z", 9), known("b", 2)), edges(), until=moment(3))
    assert watch.told == ["01 00:00", "a", "02 00:00", "b", "03 00:00"]
    assert result.left_out == 1


@pytest.mark.parametrize("at_a_time", [1, 2, 100])
def test_a_tick_after_the_end_ends_the_replay(at_a_time: int) -> None:
    lines = [tick("2023-01-01T00:00:00Z"), known("a", 1), tick("2023-01-04T00:00:00Z"), known("b", 4), known("c", 4)]
    watch = NotingWatch()
    result = replay(watch, Batches(*lines, at_a_time=at_a_time), edges(), until=moment(3))
    assert watch.told == ["tick-2023-01-01T00:00:00Z", "a", "03 00:00"]
    assert (result.left_out, sum(result.events.values())) == (3, 2)


@pytest.mark.parametrize("hours", [0, 1])
def test_nothing_is_known_before_it_happened(hours: int) -> None:
    refusals: list[Refusal] = []
    line = known("a", 5, hours)
    result = replay(NotingWatch(), Batches(known("b", 1), line), edges(refuse=refusals.extend, now=lambda: moment(5)))
    assert [refusal.line for refusal in refusals] == [2] * hours
    assert result.refused == hours
    assert all("has not come yet" in refusal.reason for refusal in refusals)


def test_what_the_watch_refuses_is_a_dead_letter_like_what_does_not_decode() -> None:
    refusals: list[Refusal] = []
    kept: list[Entry] = []
    lines = [known("a", 1), known("unheard-of", 2), "{", "  ", known("b", 3)]
    result = replay(NotingWatch(), Batches(*lines), edges(refuse=refusals.extend, keep=kept.extend))
    assert [(refusal.place, refusal.line) for refusal in refusals] == [("r.jsonl", 2), ("r.jsonl", 3)]
    assert refusals[0].reason == "no agreement knows it"
    assert [entry.id for entry in kept] == ["a", "b"]
    assert result.events == {"org.steadyline.benchmark.report.v1": 2}


def test_an_overlong_line_is_a_dead_letter() -> None:
    class Source:
        size = None

        def batches(self) -> Any:
            yield Unread("r.jsonl", 7, b"xxx", "expected less")

    refusals: list[Refusal] = []
    replay(NotingWatch(), Source(), edges(refuse=refusals.extend))
    assert refusals == [Refusal("r.jsonl", 7, b"xxx", "expected less")]


def run(*lines: str, **more: Any) -> ReplayResult:
    return replay(Watch(load_builtin()), Batches(*lines), edges(), **more)


def test_the_result_has_each_lapse_once_and_all_its_revisions() -> None:
    result = run(*DECLINED)
    assert [(lapse.rule, lapse.reason, lapse.state) for lapse in result.lapses] == [("call-request", "declined", "open")]
    lapse = result.lapses[0]
    revisions = result.history[(False, lapse.id)]
    assert revisions[-1] == lapse
    assert [revision.revision for revision in revisions] == list(range(1, lapse.revision + 1))
    assert result.seconds == 1
    assert result.events_per_second == 2


def test_nothing_lapses_where_nothing_happened() -> None:
    result = run(*QUIET)
    assert result.lapses == []
    assert run().end is None


def test_a_batch_of_any_size_gives_the_same() -> None:
    whole = run(*DECLINED, *QUIET)
    one_by_one = replay(Watch(load_builtin()), Batches(*DECLINED, *QUIET, at_a_time=1), edges())
    assert one_by_one.lapses == whole.lapses
    assert one_by_one.history == whole.history


class Clock:
    """A clock that stands still until somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def read(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_a_paced_replay_finds_the_same_and_tells_it_on_the_way() -> None:
    clock, at = Clock(), list[float]()
    changes: list[Lapse] = []

    def changed(lapses: Sequence[Lapse]) -> None:
        at.append(clock.now - 100)
        changes.extend(lapses)

    pace = Pace(timedelta(days=1).total_seconds(), clock=clock.read, sleep=clock.sleep)
    lines = [request("placed", "2023-01-01T00:00:00Z"), known("a", 11)]
    paced = replay(Watch(load_builtin()), Batches(*lines), edges(pace=pace, changed=changed))
    assert paced.history == run(*lines).history
    assert changes, "nobody answered the call"
    assert sum(clock.slept) == pytest.approx(10.0)
    assert at[0] < 9, "the lapse is told when it falls due, not when the next event comes"


@pytest.mark.parametrize("until", [None, datetime(2026, 1, 1, 1, 30, 0, 400_000, tzinfo=UTC)])
@pytest.mark.parametrize("ticks", [0, 1])
def test_a_replay_of_routine_checks_finds_what_one_that_keeps_every_event_does(until: datetime | None, ticks: int) -> None:
    load = [line.decode().rstrip() for line in generate(3_000, 3, 20)]
    for place in range(5, len(load), 97):
        load[place : place + 2] = [load[place + 1], "no event", load[place], load[place]]
    lines = [tick("2025-12-31T23:59:00Z")] * ticks + load + [tick("2026-01-01T03:00:00Z")] * ticks
    kept: list[Entry] = []
    skimmed = replay(Watch(load_builtin()), Batches(*lines, at_a_time=700), edges(), until=until)
    plain = replay(Watch(load_builtin()), Batches(*lines, at_a_time=700), edges(keep=kept.extend), until=until)
    assert skimmed.history == plain.history
    assert skimmed.history
    assert (skimmed.events, skimmed.refused, skimmed.left_out, skimmed.end) == (
        plain.events,
        plain.refused,
        plain.left_out,
        plain.end,
    )
    assert sum(plain.events.values()) == len(kept)


def test_progress_is_told_once_a_batch() -> None:
    told: list[tuple[int, int, datetime]] = []
    replay(
        NotingWatch(),
        Batches(known("a", 1), known("b", 2), known("c", 3), at_a_time=2),
        edges(progress=lambda read, events, now: told.append((read, events, now))),
    )
    assert told == [(0, 2, moment(2)), (2, 3, moment(3))]
