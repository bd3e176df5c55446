"""The watch page under load: many viewers on one live floor, and jumps to any moment of a recording.

The server is a process of its own, started as people start it. The viewers are connections of one other process, which notes
when each of them got which message; what is in a message is read once, since all get the same bytes. Events are appended to the
log as a gateway appends them. An event has reached a viewer once a message tells of it, or of a later one of the same channel.
"""

import asyncio
import json
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import msgspec

from dashboards.page.opened import Opened
from deploy.rules import agreements_of
from deploy.watching.recordings import StoryShelf
from streams.log.sqlite import Entry, Log

VIEWERS = 500
RATE = 50
SECONDS = 40
CHANNELS = 40
SEEKS = 300
STORIES = ("us-china-2022", "steady")
_ID = re.compile(rb"^id: \S+\.(\d+)$", re.MULTILINE)


@dataclass
class Watched:
    """What the viewers saw: per message its bytes, and when each viewer had it."""

    bodies: dict[int, bytes] = field(default_factory=dict)
    seen: dict[int, list[float]] = field(default_factory=dict)
    received: int = 0


def measure(smoke: bool) -> str:
    """The part of the results about the page."""
    viewers, seconds = (5, 3) if smoke else (VIEWERS, SECONDS)
    with tempfile.TemporaryDirectory() as folder:
        lines = [*_watched(Path(folder), viewers, seconds), *_sought(20 if smoke else SEEKS)]
    return "\n".join(lines) + "\n"


def _watched(folder: Path, viewers: int, seconds: int) -> Iterator[str]:
    log = folder / "log.db"
    _append(log, [_check(index, time.time()) for index in range(CHANNELS)])
    with _server(log) as (link, pid):
        base = link.split("/enter/")[0]
        with httpx.Client(base_url=base) as client:
            client.get(link)
            cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
            client.get("/api/live/time-line")
            first = _first_paint(client)
        before = _memory(pid)
        began = _cpu(pid)
        start = time.monotonic()
        sent, watched, after = asyncio.run(_run(base, cookie, log, viewers, seconds, pid))
        busy = (_cpu(pid) - began) / (time.monotonic() - start)
    late = sorted(_delays(sent, watched, viewers))
    yield ""
    yield f"{viewers} viewers on the live floor while {RATE} events a second arrive for {seconds} s, in one process:"
    yield ""
    yield "| what | |"
    yield "|---|---|"
    yield f"| event to viewer, median / p99 / most | {_ms(late, 0.5)} / {_ms(late, 0.99)} / {_ms(late, 1.0)} |"
    yield f"| events that some viewer never saw | {len(sent) * viewers - len(late)} |"
    memory = (after - before) / viewers / 1024
    yield f"| memory for each viewer | {memory:.0f} KiB (server without viewers: {before >> 20} MiB) |"
    yield f"| of one core, the server | {busy:.0%} |"
    yield f"| told to each viewer | {watched.received / viewers / seconds / 1024:.1f} KiB a second |"
    yield f"| first paint: all that is fetched until the floor is drawn | {first / 1024:.0f} KiB |"


def _sought(count: int) -> Iterator[str]:
    shelf = Opened(StoryShelf(None, []))
    yield ""
    yield f"Jumps to {count} moments drawn at random, then and now in turns, each with all that the page shows, as JSON; in the"
    yield "processor's time:"
    yield ""
    yield "| recording | events | opening | jump, median / p99 / most |"
    yield "|---|---|---|---|"
    for name in STORIES:
        began = time.process_time()
        opened = shelf.reel(name, "")
        opened.overview()
        opening = time.process_time() - began
        chronicle = opened.chronicle
        assert chronicle.start is not None
        assert chronicle.end is not None
        draw = random.Random(1)
        taken = []
        for number in range(count):
            at = chronicle.start + (chronicle.end - chronicle.start) * draw.random()
            began = time.process_time()
            msgspec.json.encode(opened.floor(at, "now" if number % 2 else "then"))
            taken.append(time.process_time() - began)
        taken.sort()
        years = (chronicle.end - chronicle.start).days / 365.25
        jump = f"{_ms(taken, 0.5)} / {_ms(taken, 0.99)} / {_ms(taken, 1.0)}"
        yield f"| {name}, {years:.1f} years | {len(chronicle.steps):,} | {opening * 1000:.0f} ms | {jump} |"


@contextmanager
def _server(log: Path) -> Iterator[tuple[str, int]]:
    command = [sys.executable, "-c", "from deploy.cli import main; main()", "watch", "--live", "--log", str(log)]
    command += ["--bind", "127.0.0.1:0", "--no-open", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        yield json.loads(server.stdout.readline())["link"], server.pid
        server.terminate()


async def _run(
    base: str, cookie: str, log: Path, viewers: int, seconds: int, pid: int
) -> tuple[list[tuple[str, str, float]], Watched, int]:
    watched = Watched()
    host, port = base.removeprefix("http://").split(":")
    tasks = []
    for _ in range(viewers):
        tasks.append(asyncio.create_task(_view(host, int(port), cookie, watched)))
        await asyncio.sleep(0.005)
    await asyncio.sleep(2)
    sent: list[tuple[str, str, float]] = []
    start = time.monotonic()
    loop = asyncio.get_running_loop()
    # A log belongs to the thread that opened it.
    with ThreadPoolExecutor(1) as thread:
        kept = await loop.run_in_executor(thread, Log, log)
        for number in range(RATE * seconds):
            await asyncio.sleep(max(0.0, start + number / RATE - time.monotonic()))
            now = time.time()
            await loop.run_in_executor(thread, kept.append, [_check(number, now)], datetime.now(UTC))
            sent.append((NAMES[number % len(NAMES)], _stamp(now), now))
        await loop.run_in_executor(thread, kept.close)
    await asyncio.sleep(3)
    after = _memory(pid)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return sent, watched, after


async def _view(host: str, port: int, cookie: str, watched: Watched) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(f"GET /api/live/stream HTTP/1.1\r\nHost: {host}:{port}\r\nCookie: {cookie}\r\n\r\n".encode())
    rest = b""
    try:
        while data := await reader.read(262_144):
            now = time.time()
            watched.received += len(data)
            *whole, rest = (rest + data).split(b"\n\n")
            for message in whole:
                found = _ID.search(message)
                if found is not None:
                    number = int(found[1])
                    watched.bodies.setdefault(number, message)
                    watched.seen.setdefault(number, []).append(now)
    finally:
        writer.close()


def _delays(sent: list[tuple[str, str, float]], watched: Watched, viewers: int) -> Iterator[float]:
    """For each event and viewer, how long it took; a viewer that had no message telling of it is left out."""
    told: dict[str, list[tuple[str, int]]] = {}
    for number in sorted(watched.bodies):
        body = json.loads(watched.bodies[number].split(b"data: ", 1)[1])
        for name, row in body["sections"].get("channels", {}).items():
            if row is not None and "last" in row:
                told.setdefault(name, []).append((row["last"], number))
    for name, stamp, at in sent:
        found = next((number for last, number in told.get(name, ()) if _moment(last) >= _moment(stamp)), None)
        if found is not None:
            yield from (seen - at for seen in watched.seen[found][:viewers])


def _first_paint(client: httpx.Client) -> int:
    """Bytes that go over the line until the floor is drawn: the page, its scripts and styles, who is signed in, the floor."""
    static = Path(__file__).parents[2] / "dashboards" / "page" / "static"
    names = [path.name for path in static.iterdir() if path.suffix in (".js", ".css", ".svg", ".json")]
    total = 0
    for path in ["/", "/api/me", "/api/live/time-line", *(f"/assets/{name}" for name in names)]:
        with client.stream("GET", path) as answer:
            total += sum(len(name) + len(value) + 4 for name, value in answer.headers.raw)
            total += sum(len(chunk) for chunk in answer.iter_raw())
    with client.stream("GET", "/api/live/stream") as answer:
        for chunk in answer.iter_raw():
            total += len(chunk)
            if b"event: pulse" in chunk:
                break
    return total


def _check(index: int, at: float) -> Entry:
    stamp = _stamp(at)
    name = f"{NAMES[index % len(NAMES)]}-{stamp}"
    event = {
        "specversion": "1.0",
        "type": "org.steadyline.channel.check.v1",
        "id": name,
        "source": "urn:bench",
        "time": stamp,
        "data": {"channel": NAMES[index % len(NAMES)]},
    }
    return Entry("urn:bench", name, event["type"], json.dumps(event).encode())  # type: ignore[arg-type]


def _append(log: Path, entries: list[Entry]) -> None:
    with Log(log) as kept:
        kept.append(entries, datetime.now(UTC))


def _channels() -> list[str]:
    agreements = [one for one in agreements_of(None) if one.standing in ("treaty", "political")]
    now = datetime.now(UTC)
    channels = [channel for one in agreements if one.epoch.holds(now) for channel in one.channels]
    return [channel.id for channel in channels if channel.epoch.holds(now) and not channel.hypothetical][:CHANNELS]


NAMES = _channels()


def _stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _memory(pid: int) -> int:
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", text)[1]) * 1024  # type: ignore[index]


def _cpu(pid: int) -> float:
    parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / 100


def _ms(values: list[float], share: float) -> str:
    return f"{values[min(len(values) - 1, int(len(values) * share))] * 1000:.0f} ms" if values else "-"
