"""A stuck worker is noticed, and nothing else is: by table, and with a real process and a real broker."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaProducer

from streams.live.clock import tick
from streams.live.progress import Limits, Suspect, Vitals
from streams.live.watchdog import (
    GIVEN_UP,
    HISTORY,
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
from streams.log.admin import Admin
from streams.topics import CHANNELS, INPUTS, catalogue, in_run

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


@pytest.fixture
def topics(kafka: str, run: str) -> str:
    """The topics of a run, with three records in one partition of each input."""
    with Admin(kafka) as admin:
        admin.create(catalogue(2, run))
    producer = KafkaProducer(bootstrap_servers=kafka)
    for topic in INPUTS:
        for number in range(3):
            producer.send(in_run(topic, run), value=str(number).encode(), partition=1, timestamp_ms=1_000).get(10)
    producer.close()
    return run


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
            stall_after=0.4,
            act=act,
            **settings,
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
    verdicts, vitals = watched(kafka, topics, 3 if what == "all is read" else 0, **away_or_not)
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


STUCK_WORKER = """
import asyncio, os, sys, time
from datetime import datetime, UTC
from kafka import KafkaConsumer, TopicPartition
from streams.live.logs import configure
from streams.live.progress import Vitals
from streams.live.watchdog import Watchdog, broker
from streams.topics import CHANNELS, in_run

bootstrap, run = sys.argv[1:]
configure(form="json", run=run)

async def main():
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, group_id=None)
    consumer.assign([TopicPartition(in_run(CHANNELS, run), 1)])
    vitals = Vitals(time.monotonic())
    vitals.assigned([1], at=time.monotonic())
    vitals.recovered(1, positions={CHANNELS: 0}, now=datetime.now(UTC), at=time.monotonic())
    dog = Watchdog(vitals, broker(bootstrap), name=lambda topic: in_run(topic, run), stall_after=0.3)
    print("start", os.getpid(), vitals.restarts, flush=True)
    dog.start()
    await asyncio.sleep(60)

asyncio.run(main())
"""


def test_a_stuck_process_starts_anew_in_its_place_and_in_the_end_gives_up(kafka: str, topics: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != HISTORY}
    done = subprocess.run(
        [sys.executable, "-c", STUCK_WORKER, kafka, topics],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == GIVEN_UP, done.stderr
    starts = [line.split() for line in done.stdout.splitlines()]
    # It is the same process each time, and knows how often it was here.
    assert [int(times) for _, _, times in starts] == list(range(MOST_RESTARTS + 1))
    assert len({number for _, number, _ in starts}) == 1
    told = [json.loads(line) for line in done.stderr.splitlines()]
    stuck_at = [entry for entry in told if entry["event"] == "the worker is stuck"]
    assert [entry["then"] for entry in stuck_at] == ["restart"] * MOST_RESTARTS + ["give-up"]
    assert "the broker has 3 more, up to 3" in stuck_at[0]["why"][0]
    assert stuck_at[0]["positions"] == {f"{in_run(CHANNELS, topics)}/1": 0}
    assert [entry["within_an_hour"] for entry in told if entry["event"].startswith("this is a restart")] == [1, 2, 3]


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


REAL_WORKER = """
import asyncio, os, sys, time, tempfile
from pathlib import Path
import aiohttp
from streams.live.logs import configure
from streams.live.progress import Vitals
from streams.live.settings import WorkerSettings
from streams.live.worker import create_app

bootstrap, run, datadir = sys.argv[1:]

async def main():
    configure(form="json", run=run)
    settings = WorkerSettings(
        bootstrap=bootstrap, run=run, session_timeout=6.0, heartbeat=1.0, datadir=Path(datadir), health="127.0.0.1:0", stall=4.0
    )
    vitals = Vitals(time.monotonic())
    app = create_app(settings, vitals=vitals)
    await app.start()
    page = app.attendants.page
    async with aiohttp.ClientSession() as session:
        while True:
            async with session.get(f"{page}/readyz") as answer:
                if answer.status == 200:
                    break
            await asyncio.sleep(0.05)
        async with session.get(f"{page}/metrics") as answer:
            metrics = (await answer.text()).splitlines()
        letters = next(line for line in metrics if line.startswith('steadyline_dead_letters_total{reason="not-json"}'))
        print("ready", os.getpid(), vitals.restarts, letters.split()[-1], flush=True)
        if vitals.restarts == 0:
            # It goes on answering its group, and fetches no more.
            app.consumer.pause_partitions(set(app.consumer.assignment()))
        await asyncio.sleep(60)

asyncio.run(main())
"""


def test_a_real_worker_that_fetches_no_more_starts_anew_and_reads_on(kafka: str, run: str, tmp_path: Path) -> None:
    with Admin(kafka) as admin:
        admin.create(catalogue(2, run))
    log = tmp_path / "log"
    with (
        log.open("w") as errors,
        KafkaProducer(bootstrap_servers=kafka) as producer,
        subprocess.Popen(
            [sys.executable, "-c", REAL_WORKER, kafka, run, str(tmp_path / "faust")],
            env={name: value for name, value in os.environ.items() if name != HISTORY},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as worker,
    ):
        said: list[list[str]] = []

        def listen() -> None:
            assert worker.stdout is not None
            said.extend(line.split() for line in worker.stdout)

        listener = threading.Thread(target=listen)
        listener.start()
        try:
            end = time.monotonic() + 60
            while len(said) < 2 and worker.poll() is None and time.monotonic() < end:
                now = datetime.now(UTC)
                for record in (b"{", tick(now)):
                    for topic in INPUTS:
                        for number in (0, 1):
                            stamp = int(now.timestamp() * 1_000)
                            producer.send(in_run(topic, run), value=record, partition=number, timestamp_ms=stamp)
                producer.flush(10)
                time.sleep(0.2)
        finally:
            worker.kill()
            listener.join(10)
    told = log.read_text()
    assert [(what, times) for what, _, times, _ in said] == [("ready", "0"), ("ready", "1")], told
    assert said[0][1] == said[1][1]
    assert float(said[1][3]) > 0
    assert "the worker is stuck" in told
    assert "has passed no tick for" in told
