"""How long after it was sent an event's lapse arrives at a reader of the lapses topic, on the live topics."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

from producers.synthetic import channel_names, party_blocks
from streams.lapses import Lapse
from tests.benchmarks.live.ground import Judged, Log, group_named, judging, wait
from tests.benchmarks.live.rules import CALLED_CHANNELS, RULES
from tests.benchmarks.live.wire import Wire, event

WARM_UP = 5.0
"""Seconds at the beginning that are not counted."""
_STRAGGLING = 20.0

Made = tuple[bytes, bool]
"""An event, and whether a lapse follows from it at once."""
Maker = Callable[[int, str], Made]
"""Makes the event of that number, with that id."""


class Spread(NamedTuple):
    """Milliseconds: the median, the 99th of a hundred, the worst; of how many."""

    p50: float
    p99: float
    worst: float
    number: int


def spread(seconds: list[float]) -> Spread:
    """What these come to.

    Raises:
        SystemExit: when there are none.
    """
    if not seconds:
        raise SystemExit("no lapse came, so there is nothing to measure")
    ordered = sorted(each * 1_000 for each in seconds)
    return Spread(ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100], ordered[-1], len(ordered))


def launch(name: str, party: str, lat: float, lon: float) -> bytes:
    """A launch that is observed now; nobody gave notice of it."""
    return event(
        "launch.observation",
        name,
        f'{{"party":"{party}","launch":"{name}","class":"srbm","range_km":450,'
        f'"site":{{"lat":{lat:.3f},"lon":{lon:.3f}}},"impact":{{"lat":{lat + 4:.3f},"lon":{lon:.3f}}}}}',
    )


def check(name: str, channel: str) -> bytes:
    """A check of a channel that is answered now."""
    return event("channel.check", name, f'{{"channel":"{channel}"}}')


def declined(name: str, channel: str, party: str) -> bytes:
    """A call that is declined now."""
    return event(
        "channel.request", name, f'{{"channel":"{channel}","request":"{name}","party":"{party}","outcome":"declined"}}'
    )


_CHANNELS = channel_names(CALLED_CHANNELS)
_PARTIES = [party for block in party_blocks(CALLED_CHANNELS) for party in block]


def mixed(number: int, name: str) -> Made:
    """Every other event is a check that is answered; the others are calls that are declined and launches without notice."""
    if number % 2:
        return check(name, _CHANNELS[number // 2 % len(_CHANNELS)]), False
    place = number // 4
    if number % 4:
        return declined(name, _CHANNELS[place * 7 % len(_CHANNELS)], _PARTIES[0]), True
    return launch(name, _PARTIES[place % len(_PARTIES)], -60.0 + place * 37 % 110, -170.0 + place * 53 % 330), True


def salvo(number: int, name: str) -> Made:
    """Launches only, of twenty parties, each from its one site."""
    place = number % 20 + 1
    return launch(name, f"S{place:02}", -50.0 + place * 37 % 100, -160.0 + place * 53 % 320), True


def latency(log: Log, number: object, make: Maker, by: str, *, rate: float, seconds: float) -> Spread:
    """Send so many events a second for so long, and wait for the lapse of each that has one."""
    return spread(live(log, f"latency-{number}", by, lambda: _measured(log, by, number, make, rate, seconds)))


def live(log: Log, name: str, by: str, measured: Callable[[], Coroutine[Any, Any, list[float]]]) -> list[float]:
    """Measure with a worker that lives by its own clock."""
    with judging(log, group_named(log, name), by) as process:
        ticking(log, process)
        found = asyncio.run(measured())
        process.end()
    return found


def ticking(log: Log, process: Judged) -> None:
    """Wait until every partition passes ticks."""
    wait(lambda: len({note.partition for note in process.notes() if note.now is not None}) == log.partitions, [process], 60.0)


async def _measured(log: Log, by: str, number: object, make: Maker, rate: float, seconds: float) -> list[float]:
    sent: dict[str, float] = {}
    came: dict[str, float] = {}

    def arrived(lapse: Lapse, moment: float) -> None:
        if lapse.because in sent:
            came.setdefault(lapse.because, moment)

    async with Wire(log, RULES[by](), arrived) as wire:
        began = time.monotonic()
        for count in range(int(rate * (WARM_UP + seconds))):
            await asyncio.sleep(max(0.0, began + count / rate - time.monotonic()))
            record, lapses = make(count, name := f"{number}-{count}")
            if lapses:
                sent[name] = time.monotonic()
            await wire.send(record)
        await wire.until(lambda: len(came) >= len(sent), _STRAGGLING)
    lost = sent.keys() - came.keys()
    if lost:
        raise SystemExit(f"{len(lost)} of {len(sent)} events had no lapse, {min(lost)} for one")
    return [came[name] - moment for name, moment in sent.items() if moment >= began + WARM_UP]
