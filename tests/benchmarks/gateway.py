"""How many events a second the gateway takes in: ``python -m tests.benchmarks gateway``.

The gateway runs in a process of its own, held to one core, as the command runs it; whoever sends has the other cores. Batches
of 500 events go over connections that stay open. A batch counts when its 202 is there, and that says that it is durable.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from statistics import median

import httpx
import msgspec

from deploy.stack import Stack
from deploy.stack.kafka import Kafka
from streams.events.schemas import event_types
from tests.benchmarks.bars import kept
from tests.broker import missing, quiet
from tests.gateway.running import BATCH, CHANNEL, FEED, MINE, a_token, event, incident, put

BATCHED = 500
BAR = 5_000
"""Events a second that are asked for, on one core, durable."""
_numbers = count()


def bodies(batches: int) -> list[bytes]:
    """Batches of checks and incidents of just now, with ids of their own."""
    made, now = [], datetime.now(UTC).isoformat()
    for _ in range(batches):
        numbers = [next(_numbers) for _ in range(BATCHED)]
        made.append(
            msgspec.json.encode(
                [
                    incident(f"i-{number}", time=now)
                    if number % 10 == 0
                    else event("channel.check", f"c-{number}", {"channel": CHANNEL, "latency_ms": 312.5}, time=now)
                    for number in numbers
                ]
            )
        )
    return made


@contextmanager
def gateway(folder: Path, to: str) -> Iterator[httpx.Client]:
    """The command, on one core."""
    secret = "sl_benchmark"
    put(folder / "tokens.json", [a_token(secret, types=tuple(event_types()), sources=(MINE,), feeds=(FEED,))])
    command = [sys.executable, "-m", "tests.benchmarks.gateway", "--serve", to, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        url = msgspec.json.decode(process.stdout.readline())["url"]
        headers = {"Authorization": f"Bearer {secret}", "Content-Type": BATCH}
        with httpx.Client(base_url=url, headers=headers, timeout=60) as client:
            yield client
        process.terminate()


def serve(to: str, folder: Path) -> None:
    """Run the gateway on one core, in this process."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    from deploy.cli import app

    files = ("--tokens", str(folder / "tokens.json"), "--ledger", str(folder / "ledger.db"))
    app(["gateway", "run", "--to", to, "--bind", "127.0.0.1:0", *files, "--events-per-second", "10000000", "--json"])


def rate(client: httpx.Client, batches: int, at_once: int) -> float:
    """Events a second."""
    prepared = bodies(batches)

    def send(body: bytes) -> int:
        answer = client.post("/v1/events", content=body)
        return int(answer.raise_for_status().json()["accepted"])

    with ThreadPoolExecutor(at_once) as pool:
        began = time.monotonic()
        taken = sum(pool.map(send, prepared))
        seconds = time.monotonic() - began
    assert taken == batches * BATCHED, taken
    return taken / seconds


def measured(name: str, to: str, folder: Path, batches: int, runs: int) -> tuple[list[str], float]:
    """The rows of one log, and the slower of their medians."""
    rows, medians = [], []
    with gateway(folder, to) as client:
        rate(client, max(1, batches // 4), 1)
        for at_once in (1, 4):
            found = sorted(rate(client, batches, at_once) for _ in range(runs))
            rows.append(f"| {name} | {at_once} | {found[0]:,.0f} | {median(found):,.0f} | {found[-1]:,.0f} |")
            medians.append(median(found))
    return rows, min(medians)


def report(batches: int, runs: int) -> str:
    """All of it, as Markdown."""
    rows: list[str] = []
    slowest: dict[str, float] = {}

    def measure(name: str, to: str, folder: Path) -> None:
        told, slowest[name] = measured(name, to, folder, batches, runs)
        rows.extend(told)

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        measure("SQLite, `synchronous = FULL`", str(path / "log.db"), path / "sqlite")
        if (reason := missing()) is None:
            stack = Stack([Kafka()], "benchmark-gateway", path / "stack")
            (told,) = stack.up(quiet)
            try:
                bootstrap = str(told.facts["bootstrap"])
                from streams.log.admin import Admin
                from streams.topics import catalogue

                with Admin(bootstrap) as admin:
                    admin.create(catalogue())
                measure("Kafka, idempotent, acks=all", f"kafka://{bootstrap}", path / "kafka")
            finally:
                stack.down(quiet, wipe=True)
        else:
            rows.append(f"| Kafka: {reason} | | | | |")
    head = [
        f"Batches of {BATCHED} events to the command in a process of its own, held to one core; whoever sends has the others.",
        "A batch counts once its 202 is there, which says that it is durable. Events a second by the wall's clock, of",
        f"{runs} runs.",
        "",
        "| log | requests at once | least | median | most |",
        "|---|---:|---:|---:|---:|",
    ]
    lines = [kept(f"{name}, the slower median", value, "at least", BAR) for name, value in slowest.items()]
    return "\n".join([*head, *rows, "", *lines])


if __name__ == "__main__":
    serve(sys.argv[2], Path(sys.argv[3]))
