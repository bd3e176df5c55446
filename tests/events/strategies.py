"""Events at random, of every type, for properties that hold for all of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from streams.events import (
    AnyEvent,
    BenchmarkReport,
    ChannelCheck,
    ChannelRequest,
    ChannelStatus,
    Circle,
    Contact,
    DialogueMeeting,
    FeedHeartbeat,
    IncidentReport,
    LaunchNotice,
    LaunchObservation,
    NamedArea,
    Point,
    Polygon,
    Recipient,
    RegimeStatement,
    Retraction,
    Tick,
    Window,
)
from streams.events.channels import Check, Meeting, Request, Status
from streams.events.housekeeping import Beat, Reading, Withdrawal
from streams.events.incidents import Exchange, Incident
from streams.events.launches import Notice, Observation
from streams.events.regimes import Measure, Statement
from streams.events.times import Precision

_EPOCH = datetime(1960, 1, 1, tzinfo=UTC)
moments = st.integers(0, 90 * 365 * 86_400).map(lambda seconds: _EPOCH + timedelta(seconds=seconds))
keys = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True)
parties = st.sampled_from(("US", "PRC", "DPRK", "ROK", "JPN", "RUS", "IND", "PAK"))
pairs = st.lists(parties, min_size=2, max_size=2, unique=True).map(tuple)
# Any text that JSON can carry: all of Unicode but lone surrogates.
texts = st.text(st.characters(codec="utf-8"), max_size=40)
latitudes = st.floats(-90, 90, allow_nan=False)
longitudes = st.floats(-180, 180, allow_nan=False)
kilometres = st.floats(0, 15_000, allow_nan=False)
points = st.builds(Point, lat=latitudes, lon=longitudes)
precisions: st.SearchStrategy[Precision] = st.sampled_from(("second", "minute", "hour", "day"))


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Either nothing or one of these."""
    return st.none() | strategy


def tuples_of(strategy: st.SearchStrategy[Any], smallest: int = 0) -> st.SearchStrategy[Any]:
    """A few of these."""
    return st.lists(strategy, min_size=smallest, max_size=3).map(tuple)


@st.composite
def boxes(draw: st.DrawFn) -> Polygon:
    """A simple polygon: a box in degrees, across the antimeridian now and then."""
    south, west = draw(st.integers(-80, 70)), draw(st.integers(-180, 179))
    height, width = draw(st.integers(1, 9)), draw(st.integers(1, 20))
    east = west + width if west + width <= 180 else west + width - 360
    corners = ((south, west), (south, east), (south + height, east), (south + height, west))
    return Polygon(points=tuple((float(lat), float(lon)) for lat, lon in corners))


@st.composite
def windows(draw: st.DrawFn) -> Window:
    """A window that closes after it opens."""
    opens = draw(moments)
    return Window(opens=opens, closes=opens + draw(st.timedeltas(timedelta(), timedelta(days=10))))


@st.composite
def several(draw: st.DrawFn) -> dict[str, Any]:
    """No window, one, or a first one with further ones, none of which opens before it."""
    found = sorted(draw(st.lists(windows(), max_size=4)), key=lambda window: window.opens)
    return {"window": found[0], "further_windows": tuple(draw(st.permutations(found[1:])))} if found else {}


def _notice(given: dict[str, Any], **others: Any) -> Notice:
    return Notice(**given, **others)


areas = st.one_of(
    st.builds(Circle, lat=latitudes, lon=longitudes, radius_km=st.floats(1, 2_000)),
    boxes(),
    st.builds(NamedArea, name=st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)),
)
recipients = st.builds(Recipient, party=parties, received=maybe(moments), precision=precisions, zone=st.just("Asia/Tokyo"))

data: dict[type[AnyEvent], st.SearchStrategy[Any]] = {
    ChannelCheck: st.builds(
        Check,
        channel=keys,
        outcome=st.sampled_from(("answered", "unanswered", "no-carrier")),
        latency_ms=maybe(st.floats(0, 1e6)),
        presumed=st.booleans(),
        text=maybe(texts),
    ),
    ChannelRequest: st.builds(
        Request,
        channel=keys,
        request=keys,
        party=parties,
        outcome=st.sampled_from(("placed", "acknowledged", "answered", "declined", "unanswered")),
        text=maybe(texts),
    ),
    ChannelStatus: st.builds(
        Status,
        channels=tuples_of(keys, 1),
        party=parties,
        status=st.sampled_from(("open", "suspended", "cancelled", "agreed-to-resume")),
        announcement=maybe(keys),
        text=maybe(texts),
    ),
    DialogueMeeting: st.builds(
        Meeting, channel=keys, parties=pairs, outcome=st.sampled_from(("held", "no-show", "cancelled")), virtual=st.booleans()
    ),
    LaunchNotice: st.builds(
        _notice,
        several(),
        notice=keys,
        party=parties,
        recipients=tuples_of(recipients, 1),
        revision=st.integers(1, 9),
        status=st.sampled_from(("planned", "amended", "cancelled")),
        agreements=tuples_of(keys),
        launch_class=maybe(st.sampled_from(("icbm", "slv", "asat"))),
        range_km=maybe(kilometres),
        launch_area=maybe(areas),
        impact_areas=tuples_of(areas),
        lead_hours=maybe(st.floats(-100, 100)),
        launches=st.integers(0, 20),
        text=maybe(texts),
        unread=tuples_of(texts),
    ),
    LaunchObservation: st.builds(
        Observation,
        party=parties,
        launch=maybe(keys),
        launch_class=st.sampled_from(("icbm", "srbm", "unknown")),
        range_km=maybe(kilometres),
        site=maybe(points),
        impact=maybe(points),
        azimuth_deg=maybe(st.floats(0, 359.9)),
        count=st.integers(1, 30),
        notified=maybe(st.booleans()),
        combat=st.booleans(),
    ),
    IncidentReport: st.builds(
        Incident,
        incident=keys,
        parties=pairs,
        gravity=st.sampled_from(("low", "elevated", "high", "critical")),
        domain=st.sampled_from(("air", "sea", "space", "cyber")),
        place=maybe(points),
        closest_m=maybe(st.floats(0, 10_000)),
        platforms=tuples_of(texts),
    ),
    Contact: st.builds(
        Exchange, parties=pairs, channel=maybe(keys), level=st.sampled_from(("leader", "duty", "unknown")), public=st.booleans()
    ),
    RegimeStatement: st.builds(
        Statement,
        party=parties,
        agreements=tuples_of(keys, 1),
        status=st.sampled_from(("in-force", "suspended", "renounced", "expired")),
        notice_types=tuples_of(keys),
    ),
    BenchmarkReport: st.builds(Measure, agreement=keys, measure=keys, value=st.floats(-1e6, 1e6), unit=maybe(st.just("km"))),
    FeedHeartbeat: st.builds(Beat, feed=keys),
    Retraction: st.builds(Withdrawal, retracts=keys, reason=maybe(texts)),
    Tick: st.builds(Reading, clock=keys, partition=maybe(st.integers(0, 100))),
}


@st.composite
def events(draw: st.DrawFn, kinds: tuple[type[AnyEvent], ...] = tuple(data)) -> AnyEvent:
    """An event of any type, or of these, known in the order that time allows."""
    kind = draw(st.sampled_from(kinds))
    time = draw(moments)
    received, reported, ingested = (maybe(st.timedeltas(timedelta(days=2), timedelta(days=30))) for _ in range(3))
    extra: dict[str, Any] = {
        name: time + delay
        for name, delay in (("received", draw(received)), ("reported", draw(reported)), ("ingested", draw(ingested)))
        if delay is not None
    }
    precision, zone = draw(precisions), draw(st.sampled_from(("UTC", "Asia/Seoul", "America/New_York", "+05:30")))
    return kind(
        specversion="1.0",
        id=draw(st.from_regex(r"[!-~]{1,30}", fullmatch=True)),
        source=draw(st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)),
        time=time,
        precision=precision,
        zone=zone,
        exercise=draw(st.booleans()),
        run=draw(maybe(keys)),
        fact=draw(maybe(keys)),
        data=draw(data[kind]),
        **extra,
    )
