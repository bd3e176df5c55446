"""How long after its deadline the lapse of a check that did not come arrives at a reader of the lapses topic."""

import asyncio
import time

from producers.synthetic import channel_names
from streams.lapses import Lapse
from tests.benchmarks.live.ground import Log
from tests.benchmarks.live.latency import Spread, check, live, spread
from tests.benchmarks.live.rules import ABSENCE_CHANNELS, ABSENCE_GAP, FEED, RULES
from tests.benchmarks.live.wire import Wire, event

EVERY = 2.0
"""Seconds from one check of a channel to the next, until they stop."""
_WAITED = 20.0


def absence(log: Log, number: object, *, feed: bool, rounds: int) -> Spread:
    """Check every channel for a while, then none any more, and wait for the lapse of each; so often."""
    by = "absence-feed" if feed else "absence"
    return spread(live(log, f"{by}-{number}", by, lambda: _measured(log, by, rounds)))


async def _measured(log: Log, by: str, rounds: int) -> list[float]:
    late: list[float] = []
    missing: set[str] = set()
    wall = time.time() - time.monotonic()

    def arrived(lapse: Lapse, moment: float) -> None:
        if lapse.state == "open" and lapse.subject in missing:
            missing.discard(lapse.subject)
            late.append(moment + wall - lapse.deadline.timestamp())

    def all_found() -> bool:
        return not missing

    async with Wire(log, RULES[by](), arrived) as wire:
        beating = asyncio.create_task(_beat(wire)) if by == "absence-feed" else None
        names = channel_names(ABSENCE_CHANNELS)
        for turn in range(rounds):
            began, step = time.monotonic(), EVERY / len(names)
            for count in range(3 * len(names)):
                await asyncio.sleep(max(0.0, began + count * step - time.monotonic()))
                await wire.send(check(f"check-{turn}-{count}", names[count % len(names)]))
                if count == 2 * len(names):
                    # What was missing before is there again by now, and each channel's next silence is this turn's.
                    missing |= set(names)
            await wire.until(all_found, ABSENCE_GAP + _WAITED)
            if missing:
                raise SystemExit(f"{len(missing)} of {len(names)} channels were never found missing, {min(missing)} for one")
        if beating is not None:
            beating.cancel()
    return late


async def _beat(wire: Wire) -> None:
    count = 0
    while True:
        count += 1
        await wire.send(event("feed.heartbeat", f"beat-{count}", f'{{"feed":"{FEED}"}}'))
        await asyncio.sleep(1.0)
