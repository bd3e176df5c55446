"""The agreements by which the benchmarks of the live path judge."""

from collections.abc import Callable

from msgspec.structs import replace

from streams.agreements.load import load_builtin
from streams.agreements.model import Agreement, Cadence, Feed, Prior, Response, Step
from streams.severity import Severity
from streams.spans import Span
from tests.benchmarks.load import rules

ABSENCE_CHANNELS = 200
ABSENCE_GAP = 3
"""Seconds from one check to the next, at most."""
FEED = "bench-feed"
CALLED_CHANNELS = 1_000
MANY_CHANNELS = 10_000


def absence(*, feed: bool) -> Agreement:
    """Two hundred channels that must be checked every few seconds, reported by hand or by a feed."""
    load = rules(ABSENCE_CHANNELS)
    (cadence,) = (duty for duty in load.obligations if isinstance(duty, Cadence))
    channels = load.channels
    feeds: tuple[Feed, ...] = ()
    if feed:
        feeds = (Feed(id=FEED, title="Benchmark feed", heartbeat=Span(seconds=1), silent_after=Span(seconds=60)),)
        channels = tuple(replace(channel, feed=FEED) for channel in channels)
    return replace(
        load,
        id="absence",
        feeds=feeds,
        channels=channels,
        obligations=(replace(cadence, longest_gap=Span(seconds=ABSENCE_GAP)),),
    )


def calls() -> Agreement:
    """A thousand channels and a hundred parties: launches need a notice, and calls that are asked for an answer."""
    load = rules(CALLED_CHANNELS)
    (prior,) = (duty for duty in load.obligations if isinstance(duty, Prior))
    (cadence,) = (duty for duty in load.obligations if isinstance(duty, Cadence))
    (contact,) = (duty for duty in load.obligations if isinstance(duty, Response))
    request = replace(
        contact,
        id="call",
        trigger="request",
        dyads=(),
        channels=cadence.channels,
        steps=(Step(after=Span(seconds=600), severity=Severity.WARN),),
    )
    return replace(load, id="calls", obligations=(cadence, prior, request))


RULES: dict[str, Callable[[], list[Agreement]]] = {
    "calls": lambda: [calls()],
    "load": lambda: [rules()],
    f"load-{MANY_CHANNELS}": lambda: [rules(MANY_CHANNELS)],
    "absence": lambda: [absence(feed=False)],
    "absence-feed": lambda: [absence(feed=True)],
    "all": lambda: list(load_builtin()),
}
"""By name; ``all`` are the built-in ones."""
