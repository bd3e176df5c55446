"""A stuck worker is noticed, and nothing else is: by table, and with a real process and a real broker."""

import asyncio
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from streams.live.progress import Limits, Suspect, Vitals
from streams.live.watchdog import (
    MOST_RESTARTS,
    Extent,
    Judge,
    Place,
    Verdict,
    Watchdog,
    broker,
    recent,
    stuck,
)
from streams.topics import CHANNELS, INPUTS, in_run

T = datetime(2026, 2, 26, tzinfo=UTC)
WHAT = "it stands still"
LANE = Suspect(WHAT, 2, CHANNELS, 10)
AT = ("channels", 2)


@pytest.mark.parametrize(
    ("suspect", "extents", "found"),
    [
        (LANE, {AT: Extent(0, 11)}, [f"{WHAT} and the broker has 1 more, up to 11"]),
        (LANE, {AT: Extent(0, 10)}, []),
        (LANE, {AT: Extent(10, 10)}, []),
        # All that it had not read is past its retention: there is nothing to read.
        (LANE, {AT: Extent(50, 50)}, []),
        (LANE, {AT: Extent(50, 60)}, [f"{WHAT} and the broker has 10 more, up to 60"]),
        (LANE, {("channels", 1): Extent(0, 99)}, []),
        (LANE, None, None),
        (Suspect(WHAT, 2), {}, [WHAT]),
        (Suspect(WHAT), {}, [WHAT]),
        (Suspect(WHAT), None, None),
    ],
)
def test_only_what_has_something_to_read_stands_still(
    suspect: Suspect, extents: Mapping[Place, Extent] | None, found: list[str] | None
) -> None:
    assert stuck([suspect], extents, str) == found


STUCK, FINE, SILENT = [WHAT], list[str](), None


@pytest.mark.parametrize(
    ("what", "heard", "certain_at"),
    [
        ("stuck all along", [(30, STUCK), (45, STUCK), (60, STUCK)], 60),
        ("not long enough", [(30, STUCK), (59, STUCK)], None),
        ("it moved in between", [(30, STUCK), (45, FINE), (50, STUCK), (79, STUCK), (80, STUCK)], 80),
        ("the broker was away, and the worker gets its time", [(30, STUCK), (55, SILENT), (60, STUCK), (90, STUCK)], 90),
        ("the broker stays away", [(at, SILENT) for at in range(30, 600, 30)], None),
    ],
)
def test_the_broker_has_to_confirm_it_for_half_the_patience(
    what: str, heard: list[tuple[float, list[str] | None]], certain_at: float | None
) -> None:
    judge = Judge(0.0, stall_after=60)
    certain = []
    for at, found in heard:
        for second in range(int(judge._looked), int(at), 5):
            judge.looked(second)
        judge.looked(at)
        if judge.heard(at, found):
            certain.append(at)
    assert certain == ([] if certain_at is None else [certain_at])


@pytest.mark.parametrize(("looks", "hangs"), [(range(1, 62), True), (range(1, 61), False), ([1, 2, 500], False)])
def test_a_loop_that_does_not_turn_hangs_unless_the_whole_process_slept(looks: Collection[float], hangs: bool) -> None:
    judge = Judge(0.0, stall_after=60)
    for at in looks:
        judge.looked(at)
    assert (judge.hangs(max(looks)) is not None) == hangs
    judge.turned(max(looks))
    assert judge.hangs(max(looks) + 60) is None


def test_time_slept_is_not_held_against_the_worker() -> None:
    judge = Judge(0.0, stall_after=60)
    judge.looked(5)
    assert judge.heard(5, STUCK) == []
    judge.looked(1_000)
    assert judge.heard(1_000, STUCK) == []
    judge.looked(1_009)
    assert judge.heard(1_029, STUCK) == []
    assert judge.heard(1_030, STUCK) == STUCK


@pytest.mark.parametrize(
    ("restarted", "patience", "act"),
    [
        ([], 60, "restart"),
        ([9_000.0], 120, "restart"),
        ([8_000.0, 9_000.0], 240, "restart"),
        ([7_000.0, 8_000.0, 9_000.0], 480, "give-up"),
        ([1.0, 2.0, 6_400.0, 9_000.0], 120, "restart"),
        # A moment to come is of another boot.
        ([20_000.0], 60, "restart"),
    ],
)
def test_each_restart_within_an_hour_takes_longer_and_the_last_is_an_exit(
    restarted: list[float], patience: float, act: str
) -> None:
    judge = Judge(10_000.0, stall_after=60, restarted=restarted)
    assert judge.patience == patience
    assert judge.verdict([WHAT]) == Verdict(act, [WHAT])  # type: ignore[arg-type]
    assert len(recent(restarted, 10_000.0)) <= MOST_RESTARTS


def closed() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_a_broker_that_is_away_or_says_nothing_costs_bounded_time_and_leaves_nothing_behind() -> None:
    before = threading.active_count()
    assert broker(f"127.0.0.1:{closed()}", 0.5)([AT]) is None
    with socket.create_server(("127.0.0.1", 0)) as silent:
        ask = broker(f"127.0.0.1:{silent.getsockname()[1]}", 0.5)
        for _ in range(3):
            began = time.monotonic()
            assert ask([AT]) is None
            assert time.monotonic() - began < 3
    end = time.monotonic() + 10
    while threading.active_count() > before and time.monotonic() < end:
        time.sleep(0.02)
    assert threading.active_count() <= before


def test_a_broker_tells_what_it_holds(kafka: str, topics: str) -> None:
    places = [(in_run(CHANNELS, topics), number) for number in (0, 1)]
    ask = broker(kafka)
    assert ask(places) == {places[0]: Extent(0, 0), places[1]: Extent(0, 3)}
    assert ask([]) == {}


def watched(kafka: str, run: str, offset: int, **settings: Any) -> tuple[list[Verdict], Vitals]:
    """What comes of a worker that owns a partition and takes nothing, within three seconds."""
    verdicts: list[Verdict] = []
    done = threading.Event()
    vitals = Vitals(time.monotonic())

    def act(verdict: Verdict) -> None:
        verdicts.append(verdict)
        done.set()

    async def main() -> None:
        vitals.assigned([1], at=time.monotonic())
        vitals.recovered(1, positions={CHANNELS: offset}, now=T, at=time.monotonic())
        dog = Watchdog(
            vitals,
            settings.pop("ask", broker(kafka)),
            name=lambda topic: in_run(topic, run),
            act=act,
            **{"stall_after": 0.4, **settings},
        )
        dog.start()
        await asyncio.to_thread(done.wait, 3)
        dog.stop()

    asyncio.run(main())
    return verdicts, vitals


def test_a_worker_that_does_not_read_what_is_there_is_stuck(kafka: str, topics: str) -> None:
    verdicts, vitals = watched(kafka, topics, 1)
    assert [verdict.act for verdict in verdicts] == ["restart"]
    assert "stands at offset 1 and the broker has 2 more, up to 3" in verdicts[0].why[0]
    assert vitals.alive() is not None


@pytest.mark.parametrize("what", ["all is read", "the broker is away"])
def test_a_worker_that_has_nothing_to_do_is_not(kafka: str, topics: str, what: str) -> None:
    asked = []

    def away(places: Collection[Place]) -> None:
        asked.append(places)

    away_or_not: dict[str, Callable[..., Any]] = {"ask": away} if what == "the broker is away" else {}
    # Patient enough for a loop that other tests hold up.
    verdicts, vitals = watched(kafka, topics, 3 if what == "all is read" else 0, stall_after=1.0, **away_or_not)
    assert verdicts == []
    assert vitals.alive() is None
    assert what == "all is read" or asked


def test_a_loop_that_hangs_is_seen_from_outside_it() -> None:
    verdicts: list[Verdict] = []
    done = threading.Event()

    def act(verdict: Verdict) -> None:
        verdicts.append(verdict)
        done.set()

    async def main() -> None:
        dog = Watchdog(Vitals(time.monotonic()), lambda _: {}, stall_after=0.3, act=act)
        dog.start()
        done.wait(5)

    asyncio.run(main())
    assert "the event loop has not turned" in verdicts[0].why[0]


def test_a_worker_that_ends_in_good_order_is_left_to_it() -> None:
    verdicts: list[Verdict] = []

    async def main() -> None:
        dog = Watchdog(Vitals(0.0, Limits(joining=0.0)), lambda _: {}, stall_after=0.2, act=verdicts.append)
        dog.start()
        dog.stop()
        assert dog._thread is not None
        await asyncio.to_thread(dog._thread.join, 5)
        assert not dog._thread.is_alive()

    asyncio.run(main())
    assert verdicts == []


def test_counts_of_progress_keep_it_quiet() -> None:
    verdicts: list[Verdict] = []
    asked: list[Collection[Place]] = []

    def ask(places: Collection[Place]) -> Mapping[Place, Extent]:
        asked.append(places)
        return {place: Extent(0, 10**6) for place in places}

    async def main() -> None:
        vitals = Vitals(time.monotonic())
        vitals.assigned([0], at=time.monotonic())
        dog = Watchdog(vitals, ask, stall_after=1.0, act=verdicts.append)
        dog.start()
        end = time.monotonic() + 2
        while (at := time.monotonic()) < end:
            vitals.took(
                0,
                counts=Counter(),
                unread=[],
                lapses=0,
                now=None,
                held=1,
                behind={},
                open_lapses=None,
                positions={topic: int(at * 1_000) for topic in INPUTS},
                at=at,
            )
            await asyncio.sleep(0.05)
        dog.stop()

    asyncio.run(main())
    assert (verdicts, asked) == ([], [])
