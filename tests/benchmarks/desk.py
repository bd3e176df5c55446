"""How long a page takes, and what a thousand lapses at once do: ``python -m tests.benchmarks desk``.

The desk is the command, in a process of its own, on a real broker; who sends lapses and the webhook that takes pages are this
process. A page has come when the webhook has its whole request.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles

from kafka import KafkaProducer

from deploy.stack import Stack
from deploy.stack.kafka import Kafka
from streams.lapses import Lapse, encode_lapse
from streams.topics import LAPSES
from tests.alerts.build import lapse
from tests.alerts.receivers import HOST, Webhook, webhook
from tests.broker import quiet
from tests.live.running import Ground

POLICY = """
gather = "{gather} s"
exercise = ["drill"]
trouble = ["receiver:log"]
[[receivers]]
id = "drill"
url = "{url}"
exercise = true
[[receivers]]
id = "log"
kind = "log"
[[people]]
id = "ann"
name = "Ann"
receivers = ["log"]
[[routes]]
id = "all"
steps = [{{ to = ["person:ann"] }}]
"""
BAR = 1.0
"""Seconds from a lapse to its page, asked for at the 99th percentile."""


@contextmanager
def desk(ground: Ground, url: str, gather: int) -> Iterator[int]:
    """The command on that run's topics; its process."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "policy.toml").write_text(POLICY.format(url=url, gather=gather))
        command = [str(Path(sys.executable).parent / "steadyline"), "alerts", "run", str(folder / "policy.toml"), "--json"]
        command += ["--bootstrap", ground.bootstrap, "--run", str(ground.run), "--people", str(folder / "people.json")]
        command += ["--bind", f"{HOST}:0", "--allow", "127.0.0.0/8"]
        environment = {**os.environ, "STEADYLINE_DATADIR": str(folder / "faust")}
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        try:
            _wait(lambda: b"the desk is live" in (folder / "log").read_bytes(), 60.0)
            yield process.pid
        finally:
            process.terminate()
            process.wait(30)


def latencies(ground: Ground, lapses: int, every: float) -> list[float]:
    """Seconds from before each lapse is sent to its page; one lapse a page."""
    with webhook() as hook, desk(ground, hook.url, 0):
        producer = KafkaProducer(bootstrap_servers=ground.bootstrap, linger_ms=0)
        sent: dict[str, float] = {}
        for number in range(lapses):
            one = lapse(f"line-{number:04}", id=f"{number:016x}", parties=(f"A{number}", f"B{number}"), run=ground.run)
            sent[one.subject] = time.monotonic()
            _send(producer, ground, one)
            time.sleep(every)
        _wait(lambda: len(hook.calls) >= lapses, 60.0)
        producer.close()
        return sorted(call.at - sent[_subject(call.body["title"])] for call in hook.calls)


def burst(ground: Ground, lapses: int) -> dict[str, float]:
    """A thousand at once: half of one announcement, half between ten pairs of parties."""
    with webhook() as hook, desk(ground, hook.url, 1) as process:
        before = _memory(process)
        producer = KafkaProducer(bootstrap_servers=ground.bootstrap)
        began = time.monotonic()
        for number in range(lapses):
            group = "announcement" if number % 2 else None
            parties = ("PRC", "US") if number % 2 else (f"A{number % 20}", f"B{number % 20}")
            _send(
                producer, ground, lapse(f"line-{number:04}", id=f"{number:016x}", parties=parties, group=group, run=ground.run)
            )
        producer.flush(30)
        _wait(lambda: _listed(hook) >= lapses, 60.0)
        told = {
            "seconds": time.monotonic() - began,
            "pages": float(len({call.body["page"] for call in hook.calls})),
            "messages": float(len(hook.calls)),
            "before": before,
            "peak": _memory(process),
        }
        producer.close()
        return told


def report(lapses: int, many: int) -> str:
    """What was measured, for people.

    Args:
        lapses: So many, 20 a second, each a page of its own.
        many: So many at once.
    """
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack([Kafka({})], "desk", Path(folder))
        (told,) = stack.up(quiet)
        try:
            bootstrap = str(told.facts["bootstrap"])
            found = latencies(Ground(bootstrap, "latency", 1), lapses, 0.05)
            crowd = burst(Ground(bootstrap, "burst", 1), many)
        finally:
            stack.down(quiet, wipe=True)
    p50, p99, worst = found[len(found) // 2], quantiles(found, n=100)[98], found[-1]
    return "\n".join(
        [
            "The desk is the command on a real broker, its receiver a webhook here. `gather` is 0 s in the table, and",
            "1 s below: what a policy waits for others of the same announcement comes on top. From just before the lapse is",
            "sent until the webhook has the whole page.",
            "",
            "| what | p50 | p99 | worst |",
            "|---|---|---|---|",
            f"| from a lapse to its page, ms; {lapses} lapses, 20 a second, a page each |"
            f" {p50 * 1e3:.0f} | {p99 * 1e3:.0f} | {worst * 1e3:.0f} |",
            "",
            f"- p99 in ms: {p99 * 1e3:,.0f}, asked for less than {BAR * 1e3:,.0f}: {'kept' if p99 < BAR else '**missed**'}.",
            f"- {many:,} lapses at once, half of one announcement and half between ten pairs of parties:"
            f" {crowd['pages']:.0f} pages in {crowd['messages']:.0f} messages, all told after {crowd['seconds']:.1f} s;"
            f" the desk held {crowd['before']:.0f} MiB before and {crowd['peak']:.0f} MiB at most.",
        ]
    )


def _send(producer: KafkaProducer, ground: Ground, one: Lapse) -> None:
    producer.send(ground.topic(LAPSES), encode_lapse(one), key=one.id.encode())


def _subject(title: str) -> str:
    return next(word for word in title.replace(":", " ").split() if word.startswith("line-"))


def _listed(hook: Webhook) -> int:
    """How many lapses the pages list in all, by the last word about each."""
    last = {call.body["page"]: call.body["message"] for call in hook.calls}
    return sum(_count(text) for text in last.values())


def _count(text: str) -> int:
    lines = text.splitlines()
    numbered = sum(1 for line in lines if line[:1].isdigit() and ". line-" in line)
    more = next((int(line.split()[2]) for line in lines if line.startswith("... and ")), 0)
    return max(numbered, 1) + more


def _memory(process: int) -> float:
    """The most that a process has held, in MiB."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) / 1024


def _wait(condition: Callable[[], bool], patience: float) -> None:
    end = time.monotonic() + patience
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"waited {patience:g} s in vain")
        time.sleep(0.02)
