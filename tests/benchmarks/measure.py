"""One measurement in a process of its own: ``python -m tests.benchmarks.measure WHAT FILE CHANNELS``, a line of JSON out.

Seconds are those of the processor, not of the wall: what else the machine does is not counted.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import islice
from pathlib import Path

from deploy.replaying.aside import aside
from deploy.replaying.replay import Edges, replay
from streams.agreements.load import load_builtin
from streams.agreements.model import Agreement
from streams.events.decode import decode
from streams.lapses import Lapse
from streams.log.recording import Recording
from streams.watch import Watch
from tests.benchmarks import yardstick
from tests.benchmarks.load import AGREEMENT, rules
from tests.benchmarks.oracle import Found, digest
from tests.benchmarks.peers.usage import high_water

BATCH = 500
"""Lines at a time: about as many as a replay reads at once."""


def drive(watch: Watch, lines: Iterable[bytes]) -> Found:
    """The lapses that the watch finds, withdrawn ones left out; nothing else of them is kept."""
    found: dict[str, tuple[str, str, datetime]] = {}

    def take(revisions: list[Lapse]) -> None:
        for lapse in revisions:
            if lapse.state == "withdrawn":
                found.pop(lapse.id, None)
            else:
                found[lapse.id] = (lapse.rule, lapse.subject, lapse.onset)

    skim, advance, receive = watch.skim, watch.advance, watch.receive
    ahead = iter(lines)
    while batch := list(islice(ahead, BATCH)):
        place = 0
        while True:
            place, due = skim(batch, place)
            if due:
                take(due)
                continue
            if place == len(batch):
                break
            event = decode(batch[place])
            place += 1
            assert event.ingested is not None
            if due := advance(event.ingested):
                take(due)
            if changes := receive(event):
                take(changes)
    return frozenset(found.values())


Ready = Callable[[], None]
"""Told when all is ready for the first event."""


def _core(path: Path, agreements: list[Agreement], ready: Ready) -> Found:
    with aside(lambda: Watch(agreements)) as watch, path.open("rb") as file:
        ready()
        return drive(watch, file)


def _replay(path: Path, agreements: list[Agreement], ready: Ready) -> Found:
    with aside(lambda: Watch(agreements)) as watch:
        ready()
        result = replay(watch, Recording.at(path), Edges(clock=time.process_time))
    return frozenset(
        (lapse.rule, lapse.subject, lapse.onset)
        for lapse in result.lapses
        if lapse.agreement == AGREEMENT and lapse.state != "withdrawn"
    )


def _decode(path: Path, _: list[Agreement], ready: Ready) -> Found:
    ready()
    with path.open("rb") as file:
        for line in file:
            decode(line)
    return frozenset()


def _yardstick(path: Path, _: list[Agreement], ready: Ready) -> Found:
    ready()
    with path.open("rb") as file:
        return yardstick.found(file)


WHAT: dict[str, Callable[[Path, list[Agreement], Ready], Found]] = {
    "core": _core,
    "replay": _replay,
    "decode": _decode,
    "yardstick": _yardstick,
}


def main(what: str, path: Path, channels: int) -> None:
    """Measure once and print what came of it."""
    # A replay from the command line judges by every agreement there is.
    agreements = list(load_builtin()) if what == "replay" else [rules(channels)]
    before, moments = _peak_kib(), [time.process_time()]
    found = WHAT[what](path, agreements, lambda: moments.append(time.process_time()))
    began, ready = moments
    figures = {
        "seconds": time.process_time() - began,
        "start_seconds": ready - began,
        "before_kib": before,
        "peak_kib": _peak_kib(),
        "lapses": len(found),
        "digest": digest(found),
    }
    print(json.dumps(figures))  # noqa: T201 - its one output


def _peak_kib() -> int:
    # Linux counts into a process's own figure what the one that started it held then; /proc does not.
    peak = high_water(os.getpid()) or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # macOS counts bytes where Linux counts KiB.
    return peak // 1024 if sys.platform == "darwin" else peak


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
