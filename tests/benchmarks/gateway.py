"""How many events a second the gateway takes in: ``python -m tests.benchmarks gateway``.

The gateway runs in a process of its own, held to one core, as the command runs it; whoever sends has the other cores. Batches
of 500 events go over connections that stay open. A batch counts when its 202 is there, and that says that it is durable.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from statistics import median

import httpx
import msgspec

from deploy.stack import Stack
from deploy.stack.kafka import Kafka
from streams.events.schemas import event_types
from tests.broker import missing, quiet
from tests.gateway.running import BATCH, CHANNEL, FEED, MINE, a_token, event, incident, put

BATCHED = 500
BAR = 5_000
"""Events a second that are asked for, on one core, durable."""
_numbers = count()


def bodies(batches: int) -> list[bytes]:
    """Batches of checks and incidents with ids of their own."""
    made = []
    for _ in range(batches):
        numbers = [next(_numbers) for _ in range(BATCHED)]
        made.append(
            msgspec.json.encode(
                [
                    incident(f"i-{number}")
                    if number % 10 == 0
                    else event("channel.check", f"c-{number}", {"channel": CHANNEL, "latency_ms": 312.5})
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


def measured(name: str, to: str, folder: Path, batches: int, runs: int) -> list[str]:
    """The rows of one log."""
    rows = []
    with gateway(folder, to) as client:
        rate(client, max(1, batches // 4), 1)
        for at_once in (1, 4):
            found = sorted(rate(client, batches, at_once) for _ in range(runs))
            rows.append(f"| {name} | {at_once} | {found[0]:,.0f} | {median(found):,.0f} | {found[-1]:,.0f} |")
    return rows


def report(batches: int, runs: int) -> str:
    """All of it, as Markdown."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        rows += measured("SQLite, `synchronous = FULL`", str(path / "log.db"), path / "sqlite", batches, runs)
        if (reason := missing()) is None:
            stack = Stack([Kafka()], "benchmark-gateway", path / "stack")
            (told,) = stack.up(quiet)
            try:
                bootstrap = str(told.facts["bootstrap"])
                from streams.log.admin import Admin
                from streams.topics import catalogue

                with Admin(bootstrap) as admin:
                    admin.create(catalogue())
                rows += measured("Kafka, idempotent, acks=all", f"kafka://{bootstrap}", path / "kafka", batches, runs)
            finally:
                stack.down(quiet, wipe=True)
        else:
            rows.append(f"| Kafka: {reason} | | | | |")
    head = [
        f"Events a second in batches of {BATCHED}, durable, the gateway on one core. Of {runs} runs; {BAR:,} are asked for.",
        "",
        "| log | requests at once | least | median | most |",
        "|---|---:|---:|---:|---:|",
    ]
    return "\n".join([*head, *rows])


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.gateway")
    parser.add_argument("--smoke", action="store_true", help="tiny numbers, which say nothing")
    parser.add_argument("--serve", nargs=2, metavar=("TO", "FOLDER"), help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.serve:
        serve(given.serve[0], Path(given.serve[1]))
        return
    print(report(*((4, 1) if given.smoke else (100, 5))))  # noqa: T201 - a command's output


if __name__ == "__main__":
    main()
