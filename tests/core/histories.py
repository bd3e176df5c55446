"""Histories that Hypothesis makes up: six days of events of every kind in the small world, some of them taken back."""

from hypothesis import strategies as st

from streams.events import AnyEvent
from tests.core.world import at, check, event, launch, notice

HOURS = st.integers(0, 6 * 24 * 4 - 1).map(lambda quarter: quarter / 4)
PARTY = st.sampled_from(["AA", "BB"])
CHANNEL = st.sampled_from(["east", "west"])


@st.composite
def histories(draw: st.DrawFn, *, most: int = 40) -> list[AnyEvent]:
    """Events of six days, each with an id of its own, with heartbeats, and some retracted."""
    events: list[AnyEvent] = []
    beats = draw(st.lists(st.integers(0, 71).map(lambda number: number * 2.0), max_size=72, unique=True))
    full = draw(st.booleans())
    heard = range(72) if full else [int(hour / 2) for hour in beats]
    events += [event("feed.heartbeat", f"beat-{number}", number * 2.0, {"feed": "desk"}) for number in heard]
    events += [draw(_one(f"e{number:02}")) for number in range(draw(st.integers(0, most)))]
    named = [one.id for one in events if not one.id.startswith("beat")]
    for number, target in enumerate(draw(st.lists(st.sampled_from(named), max_size=3)) if named else []):
        events.append(event("retraction", f"r{number}", draw(HOURS), {"retracts": target}))
    return events


@st.composite
def _one(draw: st.DrawFn, name: str) -> AnyEvent:
    hours = draw(HOURS)
    kind = draw(st.sampled_from(_KINDS))
    return kind(draw, name, hours)


def _check(draw: st.DrawFn, name: str, hours: float) -> AnyEvent:
    # Close to a slot of 00:00Z or 08:00Z, so that many hit one.
    day, slot = divmod(int(hours), 24)
    near = day * 24 + (0 if slot < 12 else 8) + draw(st.sampled_from([-0.1, 0, 0.25, 0.5, 0.6, 3]))
    outcome = draw(st.sampled_from(["answered", "answered", "unanswered", "no-carrier"]))
    return check(draw(CHANNEL), name, max(near, 0), outcome, source=draw(st.sampled_from(["urn:a", "urn:b"])))


def _status(draw: st.DrawFn, name: str, hours: float) -> AnyEvent:
    status = draw(st.sampled_from(["suspended", "cancelled", "agreed-to-resume", "open"]))
    channels = draw(st.lists(st.sampled_from(["east", "west", "talks", "phone"]), min_size=1, max_size=4, unique=True))
    return event("channel.status", name, hours, {"channels": channels, "party": "BB", "status": status})


def _request(draw: st.DrawFn, name: str, hours: float) -> AnyEvent:
    outcome = draw(st.sampled_from(["placed", "acknowledged", "answered", "declined", "unanswered"]))
    request = draw(st.sampled_from(["q1", "q2"]))
    return event("channel.request", name, hours, {"channel": "phone", "request": request, "party": "AA", "outcome": outcome})


def _meeting(draw: st.DrawFn, name: str, hours: float) -> AnyEvent:
    data = {"channel": "talks", "parties": ["AA", "BB"], "outcome": draw(st.sampled_from(["held", "held", "no-show"]))}
    precision = draw(st.sampled_from(["minute", "day"]))
    return event("dialogue.meeting", name, hours, data, precision=precision)


def _incident(draw: st.DrawFn, name: str, hours: float) -> AnyEvent:
    gravity = draw(st.sampled_from(["low", "high", "critical"]))
    key = draw(st.sampled_from(["i1", "i2", "i3"]))
    data = {"incident": key, "parties": ["AA", "BB"], "gravity": gravity, "domain": "air"}
    return event("incident.report", name, hours, data, precision=draw(st.sampled_from(["minute", "hour", "day"])))


def _contact(draw: st.DrawFn, name: str, hours: float) -> AnyEvent:
    channel = draw(st.sampled_from([None, "phone", "east", "talks"]))
    data = {"parties": ["BB", "AA"], "public": draw(st.booleans()), "alternate": draw(st.booleans())}
    return event("contact", name, hours, data if channel is None else {**data, "channel": channel})


def _notice(draw: st.DrawFn, name: str, hours: float) -> AnyEvent:
    opens = hours + draw(st.sampled_from([0.0, 6.0, 23.75, 24.0, 48.0]))
    closes = opens + draw(st.sampled_from([1.0, 12.0]))
    further = draw(st.lists(st.sampled_from([(opens + 30, closes + 30), (opens + 4, closes + 4), (opens, opens)]), max_size=2))
    return notice(
        name,
        hours,
        draw(st.sampled_from(["n1", "n2", "n3"])),
        opens,
        closes,
        draw(PARTY),
        revision=draw(st.integers(1, 2)),
        status=draw(st.sampled_from(["planned", "amended", "cancelled"])),
        launches=draw(st.sampled_from([0, 1, 2])),
        further_windows=[{"opens": at(start).isoformat(), "closes": at(end).isoformat()} for start, end in further],
        unread=draw(st.sampled_from([[], [], ["ILLEGIBLE"]])),
        **({"class": None} if draw(st.booleans()) else {}),
    )


def _launch(draw: st.DrawFn, name: str, hours: float) -> AnyEvent:
    named = draw(st.sampled_from([None, None, "m1"]))
    return launch(
        name,
        hours + draw(st.sampled_from([0, 0, 1 / 60])),
        draw(PARTY),
        draw(st.sampled_from(["urn:a", "urn:b"])),
        **({} if named is None else {"launch": named}),
        range_km=draw(st.sampled_from([300.0, 6000.0])),
    )


def _statement(draw: st.DrawFn, name: str, hours: float) -> AnyEvent:
    status = draw(st.sampled_from(["in-force", "suspended", "renounced"]))
    return event("regime.statement", name, hours, {"party": draw(PARTY), "agreements": ["small-world"], "status": status})


def _report(draw: st.DrawFn, name: str, hours: float) -> AnyEvent:
    return event(
        "benchmark.report",
        name,
        hours,
        {"agreement": "small-world", "measure": "sites", "value": draw(st.sampled_from([5.0, 12.0]))},
    )


_KINDS = [
    _check,
    _check,
    _check,
    _status,
    _request,
    _meeting,
    _incident,
    _contact,
    _notice,
    _notice,
    _launch,
    _launch,
    _statement,
    _report,
]
