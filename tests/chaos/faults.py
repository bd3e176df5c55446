"""What is done to a house: each a thing with a name that strikes, holds for a while, and is healed."""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from tests.chaos.house import WORKERS, House

Story = Literal["recorded", "live", "embedded"]
WORKER, BROKER, DATABASE, LINES = (frozenset({name}) for name in ("worker", "broker", "database", "lines"))
SLOW = 0.15
"""Seconds by which each piece of data to and from a slow broker is late."""


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes:
        name: What it is called in plans and results.
        what: What it does, in words.
        on: What it touches: two at once have nothing of it in common.
        strike: Begins it.
        heal: Ends it; the house then mends itself.
        holds: How long it is left, seconds, at least and at most.
        stories: The stories in which it makes sense.
        disk: Whether the broker needs a disk that can be filled.
    """

    name: str
    what: str
    on: frozenset[str]
    strike: Callable[[House], object]
    heal: Callable[[House], object]
    holds: tuple[float, float] = (0.0, 3.0)
    stories: tuple[Story, ...] = ("recorded", "live")
    disk: bool = False


def _kill(name: str, what: str, stories: tuple[Story, ...] = ("recorded", "live")) -> Fault:
    on = frozenset({name})
    return Fault(f"kill-{name}", what, on, lambda house: house.kill(name), lambda house: house.release(name), stories=stories)


def _part(lines: tuple[str, ...], house: House) -> None:
    for name in lines:
        house.links[name].part()


def _join(lines: tuple[str, ...], house: House) -> None:
    for name in lines:
        house.links[name].heal()


def _line(
    name: str,
    parts: str,
    stories: tuple[Story, ...] = ("recorded", "live"),
    *,
    lines: tuple[str, ...] = (),
    on: tuple[str, ...] = (),
) -> Fault:
    """Part lines, by default the one that has the name; what the fault touches goes by that name, too."""
    parted = lines or (name,)
    return Fault(
        f"part-{name}",
        f"nothing passes between {parts} and the broker, and nobody is told",
        frozenset({name, *on}),
        partial(_part, parted),
        partial(_join, parted),
        holds=(8.0, 14.0),
        stories=stories,
    )


def _signal(name: str, number: signal.Signals, house: House) -> None:
    now = house.kept[name].now
    if now is not None and now.process.poll() is None:
        os.kill(now.process.pid, number)


def _slow(seconds: float, house: House) -> None:
    for link in house.links.values():
        link.slow(seconds)


def _cut(house: House) -> None:
    for link in house.links.values():
        link.cut()


def _fill(house: House) -> None:
    assert house.disk is not None
    house.disk.fill()


def _empty(house: House) -> None:
    assert house.disk is not None
    house.disk.empty()


def _give_back(house: House) -> None:
    _empty(house)
    # A broker whose only disk was full has ended itself, and somebody starts it again.
    house.broker.kill()
    house.broker.up()


def _leap(seconds: float) -> Fault:
    return Fault(
        f"clock-{'forward' if seconds > 0 else 'back'}",
        f"the time of day leaps {abs(seconds):g} s {'ahead' if seconds > 0 else 'back'} on the worker that keeps the clock",
        # A worker that starts anew meanwhile cannot know better: it believes the time of day that it finds.
        frozenset({"worker", "workers", "broker", "lines"}),
        lambda house: house.leap(seconds),
        lambda house: house.leap(0.0),
        holds=(6.0, 14.0),
        stories=("live",),
    )


def _kill_clock(house: House) -> None:
    house.struck = house.clock()
    house.kill(house.struck)


def _nothing(_: House) -> None:
    """It is over at once."""


ALL = (
    _kill("worker", "kill -9 of the worker"),
    Fault(
        "kill-clock",
        "kill -9 of the worker that keeps the clock",
        WORKER,
        _kill_clock,
        lambda house: house.release(house.struck),
        holds=(0.0, 8.0),
        stories=("live",),
    ),
    _kill("gateway", "kill -9 of the gateway", ("live", "embedded")),
    _kill("desk", "kill -9 of the alert desk", ("recorded", "live", "embedded")),
    _kill("writer", "kill -9 of the writer to InfluxDB"),
    Fault(
        "kill-broker",
        "kill -9 of Kafka",
        BROKER,
        lambda house: house.broker.kill(),
        lambda house: house.broker.up(),
    ),
    Fault(
        "kill-database",
        "kill -9 of InfluxDB",
        DATABASE,
        lambda house: house.database.kill(),
        lambda house: house.database.up(),
        holds=(0.0, 8.0),
    ),
    Fault(
        "freeze-broker",
        "Kafka is stopped and answers nothing (SIGSTOP)",
        BROKER,
        lambda house: house.broker.freeze(),
        lambda house: house.broker.thaw(),
        holds=(6.0, 14.0),
    ),
    Fault(
        "freeze-database",
        "InfluxDB is stopped and answers nothing (SIGSTOP)",
        DATABASE,
        lambda house: house.database.freeze(),
        lambda house: house.database.thaw(),
        holds=(6.0, 14.0),
    ),
    Fault(
        "freeze-worker",
        "the worker is stopped for longer than its session, and goes on (SIGSTOP)",
        WORKER,
        partial(_signal, "worker", signal.SIGSTOP),
        partial(_signal, "worker", signal.SIGCONT),
        holds=(8.0, 12.0),
    ),
    Fault(
        "slow-broker",
        f"each piece of data to and from Kafka is {SLOW * 1_000:.0f} ms late",
        LINES,
        partial(_slow, SLOW),
        partial(_slow, 0.0),
        holds=(8.0, 12.0),
    ),
    _line("workers", "the workers", lines=WORKERS),
    # Cut off alone and awake for longer than its session, it has records under way that come when another owns its partitions.
    _line("worker", "one of the workers", ("live",), on=("workers",)),
    _line("desk", "the desk"),
    _line("writer", "the writer"),
    _line("gateway", "the gateway", ("live",)),
    _leap(300.0),
    _leap(-300.0),
    Fault("cut-lines", "every connection to Kafka is reset", LINES, _cut, _nothing, holds=(0.0, 0.0)),
    Fault("full-disk", "the disk of Kafka's log is full", BROKER, _fill, _give_back, holds=(4.0, 8.0), disk=True),
    Fault(
        "full-disk-file",
        "without Kafka: the disk of the log's SQLite file, and of all files beside it, is full",
        frozenset({"disk"}),
        _fill,
        _empty,
        holds=(6.0, 12.0),
        stories=("embedded",),
        disk=True,
    ),
)
FAULTS = {fault.name: fault for fault in ALL}
