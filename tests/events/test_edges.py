"""Times at the edge of what can be reckoned with: the watch goes on, whatever comes through the decoder."""

from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from typing import Any

import msgspec
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from streams.agreements.load import load_builtin
from streams.agreements.model import Agreement
from streams.events import AnyEvent, FeedHeartbeat, RegimeStatement
from streams.events.decode import Refused, decode, encode
from streams.events.housekeeping import Beat
from streams.watch import Watch
from tests.events.strategies import events

EDGES = tuple(
    datetime.fromisoformat(text)
    for text in (
        *("0001-01-01T00:00+14:00", "0001-01-01T00:00Z", "0999-12-31T23:59Z", "1000-01-01T00:00Z", "1000-01-01T00:00+14:00"),
        *("9000-12-31T23:59Z", "9000-12-31T23:59-12:00", "9001-01-01T00:00Z", "9999-12-31T23:59Z", "9999-12-31T23:59-12:00"),
    )
)
edges = st.sampled_from(EDGES)
maybe = st.none() | edges


@cache
def agreements() -> tuple[Agreement, ...]:
    return tuple(load_builtin())


def known(event: AnyEvent) -> AnyEvent:
    """The same about what agreements know: else the watch would not look at it."""
    data = event.data
    names: dict[str, Any] = {"channel": "us-china-dtl", "channels": ("us-china-dtl",), "feed": "notam"}
    changed = {name: value for name, value in names.items() if getattr(data, name, None) is not None}
    if isinstance(event, RegimeStatement):
        changed["agreements"] = ("hcoc-2002",)
    return msgspec.structs.replace(event, data=msgspec.structs.replace(data, **changed), run=None, exercise=False)


HEARTBEAT = FeedHeartbeat(specversion="1.0", id="b", source="urn:b", time=EDGES[1], data=Beat(feed="notam"))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@example(HEARTBEAT, EDGES[1], (None, None, None), True)
@example(HEARTBEAT, EDGES[8], (None, None, None), True)
@given(events(), edges, st.tuples(maybe, maybe, maybe), st.booleans())
def test_an_event_of_any_year_is_refused_or_judged(
    event: AnyEvent, time: datetime, others: tuple[datetime | None, ...], ticking: bool
) -> None:
    received, reported, ingested = others
    event = msgspec.structs.replace(known(event), time=time, received=received, reported=reported, ingested=ingested)
    watch = Watch(agreements())
    if ticking:
        watch.advance(datetime(2024, 1, 1, tzinfo=UTC))
    with suppress(Refused):
        watch.receive(decode(encode(event)))
    watch.advance(datetime(2025, 1, 1, tzinfo=UTC))
