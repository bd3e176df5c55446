"""A small world for the core's tests: a few agreements, and events that bear on every kind of obligation."""

import tomllib
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import strategies as st

from streams.agreements.model import Agreement, from_toml
from streams.events import AnyEvent
from streams.events.decode import decode
from streams.lapses import Lapse
from streams.watch import Watch

START = datetime(2026, 2, 26, tzinfo=UTC)
END = START + timedelta(days=6)

RULES = """
id = "small-world"
title = "A small world"
standing = "treaty"
parties = ["AA", "BB"]
summary = "Rules for tests"
sources = ["urn:test"]

[[feeds]]
id = "desk"
title = "The desk's feed"
heartbeat = "2 h"
silent_after = "6 h"

[[channels]]
id = "east"
title = "East line"
parties = ["AA", "BB"]
kind = "line"
military = true
group = "lines"
feed = "desk"
sources = ["urn:test"]

[[channels]]
id = "west"
title = "West line"
parties = ["AA", "BB"]
kind = "line"
military = true
group = "lines"
feed = "desk"
sources = ["urn:test"]

[[channels]]
id = "talks"
title = "Talks"
parties = ["AA", "BB"]
kind = "working"
sources = ["urn:test"]

[[channels]]
id = "phone"
title = "Phone"
parties = ["AA", "BB"]
kind = "minister"
sources = ["urn:test"]

[[obligations]]
kind = "cadence"
id = "checks"
clause = "Two checks a day"
sources = ["urn:test"]
channels = ["east", "west"]
grace = "30 min"
early = "5 min"
calendar = { zone = "Asia/Seoul", rules = ["FREQ=DAILY;BYHOUR=9,17;BYMINUTE=0;BYSECOND=0"] }

[[obligations]]
kind = "cadence"
id = "rounds"
clause = "A round every 30 hours"
sources = ["urn:test"]
channels = ["talks"]
longest_gap = "30 h"
steps = [{ severity = "warn" }, { after = "12 h", severity = "page" }]

[[obligations]]
kind = "standing"
id = "open"
clause = "Channels stay open"
sources = ["urn:test"]
channels = ["east", "west", "talks", "phone"]

[[obligations]]
kind = "standing"
id = "regime"
clause = "Launch notices go on"
sources = ["urn:test"]
regime = true
notice_type = "launch"

[[obligations]]
kind = "response"
id = "calls"
clause = "Calls are answered within 8 hours"
sources = ["urn:test"]
trigger = "request"
channels = ["phone"]
steps = [{ after = "8 h", severity = "warn" }, { after = "24 h", severity = "page" }]

[[obligations]]
kind = "response"
id = "contact"
clause = "Contact after an incident"
sources = ["urn:test"]
trigger = "incident"
gravity = "high"
steps = [{ after = "2 h", severity = "warn" }, { after = "24 h", severity = "page" }]
raise = { incidents = 2, within = "3 d" }

[[obligations]]
kind = "prior"
id = "prelaunch"
clause = "A day's notice"
sources = ["urn:test"]
notice_type = "launch"
lead = "24 h"
scope = { min_range_km = 500 }
wait = "6 h"
slack = { before = "12 h", after = "12 h", km = 300 }
salvo = { within = "1 h" }

[[obligations]]
kind = "conformance"
id = "as-notified"
clause = "Within the window"
sources = ["urn:test"]
notices = "prelaunch"
required = ["class"]

[[obligations]]
kind = "balance"
id = "pace"
clause = "About as many notices as the other"
sources = ["urn:test"]
notices = "prelaunch"
measure = "notices"
period = "calendar-month"
most_apart = 1

[[obligations]]
kind = "balance"
id = "quota"
clause = "One launch a year may be withheld"
sources = ["urn:test"]
notices = "prelaunch"
measure = "withheld"
quota = 1

[[obligations]]
kind = "benchmark"
id = "sites"
clause = "Ten sites by 28 February"
sources = ["urn:test"]
measure = "sites"
target = 10
by = 2026-02-28
"""


def agreements(toml: str = RULES) -> tuple[Agreement, ...]:
    """The agreement of a TOML text."""
    return (msgspec.convert(tomllib.loads(toml), Agreement, dec_hook=from_toml),)


WORLD = agreements()
FED = agreements(
    RULES.replace('wait = "6 h"', 'wait = "6 h"\nfeed = "desk"').replace(
        'kind = "working"\n', 'kind = "working"\nfeed = "desk"\n'
    )
)
"""The same world, in which the desk's feed carries launch notices and talks too."""


def at(hours: float) -> datetime:
    """A moment, hours after the start."""
    return START + timedelta(hours=hours)


def event(kind: str, name: str, hours: float, data: dict[str, Any], **attributes: Any) -> AnyEvent:
    """An event as it would come from a log, through the one decoder."""
    record = {
        "specversion": "1.0",
        "type": f"org.steadyline.{kind}.v1",
        "id": name,
        "source": attributes.pop("source", "urn:test"),
        "time": at(hours).isoformat(),
        "data": data,
        **attributes,
    }
    return decode(msgspec.json.encode(record))


def check(channel: str, name: str, hours: float, outcome: str = "answered", **attributes: Any) -> AnyEvent:
    """A line check."""
    return event("channel.check", name, hours, {"channel": channel, "outcome": outcome}, **attributes)


def notice(name: str, hours: float, key: str, opens: float, closes: float, party: str = "AA", **data: Any) -> AnyEvent:
    """A launch notice, received when it is issued, with a window in hours after the start."""
    other = "BB" if party == "AA" else "AA"
    content = {
        "notice": key,
        "party": party,
        "recipients": [{"party": other, "received": at(hours).isoformat()}],
        "window": {"opens": at(opens).isoformat(), "closes": at(closes).isoformat()},
        "class": "icbm",
        **data,
    }
    return event("launch.notice", name, hours, {k: v for k, v in content.items() if v is not None})


def launch(name: str, hours: float, party: str = "AA", source: str = "urn:test", **data: Any) -> AnyEvent:
    """A launch as one source saw it."""
    return event("launch.observation", name, hours, {"party": party, "class": "icbm", **data}, source=source)


def final(watch: Watch) -> list[Lapse]:
    """What the watch ends up with: the lapses that stand, without the way that led there."""
    return [
        msgspec.structs.replace(lapse, revision=0, change="opened", at=START, because=None)
        for lapse in watch.lapses()
        if lapse.state != "withdrawn"
    ]


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


MICRO = 1 / 3_600_000_000
"""One microsecond, in hours."""
MINUTE = 1 / 60
"""One minute, in hours."""
SLOTS = tuple(day * 24.0 + slot for day in range(7) for slot in (0.0, 8.0))
"""When the lines' checks are due, in hours after the start."""


def changed(*edits: tuple[str, str], text: str = RULES) -> tuple[Agreement, ...]:
    """The rules of the small world with every occurrence of some of their text replaced."""
    for old, new in edits:
        assert old in text, f"{old!r} stands nowhere in the rules"
        text = text.replace(old, new)
    return agreements(text)


def beats(start: float = 0.0, end: float = 144.0, feed: str = "desk", every: float = 2.0) -> list[AnyEvent]:
    """A feed's heartbeats from ``start`` to ``end``, both inclusive."""
    count = int((end - start) / every) + 1
    hours = [start + number * every for number in range(count)]
    return [event("feed.heartbeat", f"beat-{feed}-{hour:g}", hour, {"feed": feed}) for hour in hours]


def answered(*channels: str, skip: tuple[float, ...] = (), until: float = 144.0) -> list[AnyEvent]:
    """An answered check in every slot of the channels until ``until``, less those that are skipped."""
    return [check(name, f"{name}-{due:g}", due) for name in channels for due in SLOTS if due <= until and due not in skip]


def status(name: str, hours: float, *channels: str, status: str = "suspended", **attributes: Any) -> AnyEvent:
    """What BB declared about channels."""
    data = {"channels": list(channels), "party": "BB", "status": status}
    return event("channel.status", name, hours, data, **attributes)


def request(name: str, hours: float, outcome: str = "placed", call: str = "q1", **attributes: Any) -> AnyEvent:
    """A request for a call on the phone by AA, or what became of it."""
    data = {"channel": attributes.pop("channel", "phone"), "request": call, "party": "AA", "outcome": outcome}
    return event("channel.request", name, hours, data, **attributes)


def meeting(name: str, hours: float, outcome: str = "held", **attributes: Any) -> AnyEvent:
    """A round of the talks."""
    data = {"channel": "talks", "parties": ["AA", "BB"], "outcome": outcome}
    return event("dialogue.meeting", name, hours, data, **attributes)


def incident(name: str, hours: float, key: str = "i1", gravity: str = "high", **attributes: Any) -> AnyEvent:
    """An incident between AA and BB, as one source reports it."""
    data = {"incident": key, "parties": ["AA", "BB"], "gravity": gravity, "domain": "air", **attributes.pop("data", {})}
    return event("incident.report", name, hours, data, **attributes)


def contact(name: str, hours: float, channel: str | None = None, **attributes: Any) -> AnyEvent:
    """The parties spoke."""
    data = {"parties": ["AA", "BB"], **({} if channel is None else {"channel": channel}), **attributes.pop("data", {})}
    return event("contact", name, hours, data, **attributes)


def statement(name: str, hours: float, status: str, *types: str, party: str = "AA", **attributes: Any) -> AnyEvent:
    """What a party stated about its duties."""
    data = {"party": party, "agreements": ["small-world"], "status": status, "notice_types": list(types)}
    return event("regime.statement", name, hours, data, **attributes)


def measured(name: str, hours: float, value: float, **attributes: Any) -> AnyEvent:
    """A report of the number of sites."""
    data = {"agreement": "small-world", "measure": "sites", "value": value}
    return event("benchmark.report", name, hours, data, **attributes)


def retraction(name: str, hours: float, target: str, **attributes: Any) -> AnyEvent:
    """``target`` is taken back."""
    return event("retraction", name, hours, {"retracts": target}, **attributes)


class Story:
    """A watch that is told events when they become known, and everything it said on the way."""

    def __init__(self, *, rules: tuple[Agreement, ...] = WORLD, start: float = -24.0) -> None:
        self.watch = Watch(rules)
        self.said: list[Lapse] = self.watch.advance(at(start))
        self._ahead: list[AnyEvent] = []

    def tell(self, *events: AnyEvent | list[AnyEvent]) -> "Story":
        """Have the events told when they become known."""
        self._ahead += [one for each in events for one in (each if isinstance(each, list) else [each])]
        self._ahead.sort(key=lambda one: (one.known, one.id))
        return self

    def now(self, *events: AnyEvent | list[AnyEvent]) -> "Story":
        """Tell the events at once, however old they are."""
        for each in events:
            for one in each if isinstance(each, list) else [each]:
                self.said += self.watch.receive(one)
        return self

    def until(self, hours: float) -> "Story":
        """Let the time be ``hours`` after the start, with all that became known by then."""
        while self._ahead and self._ahead[0].known <= at(hours):
            one = self._ahead.pop(0)
            # As a replay does: the short cut first.
            if not self.watch.absorb(one, one.known):
                self.said += self.watch.advance(one.known)
                self.said += self.watch.receive(one)
        self.said += self.watch.advance(at(hours))
        return self

    def of(self, rule: str) -> list[Lapse]:
        """The lapses of one rule that stand."""
        return [lapse for lapse in self.watch.lapses() if lapse.rule == rule and lapse.state != "withdrawn"]

    def one(self, rule: str) -> Lapse:
        """The only lapse of one rule that stands."""
        (lapse,) = self.of(rule)
        return lapse

    def changes(self, rule: str) -> list[str]:
        """What the watch said of one rule, in order: ``opened warn``, ``resolved page``."""
        return [f"{lapse.change} {lapse.severity}" for lapse in self.said if lapse.rule == rule]

    def loudest(self, rule: str) -> str | None:
        """The loudest severity the watch ever gave a lapse of the rule that was known to be one."""
        ranked = sorted((lapse for lapse in self.said if lapse.rule == rule), key=lambda lapse: lapse.severity.rank)
        return ranked[-1].severity.value if ranked else None
