"""A stuck process starts itself anew in its place: real processes, and a real broker."""

import json
import os
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from kafka import KafkaProducer

from streams.live.clock import tick
from streams.live.watchdog import GIVEN_UP, HISTORY, MOST_RESTARTS
from streams.log.admin import Admin
from streams.topics import CHANNELS, INPUTS, catalogue, in_run

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
