"""A small world for the core's tests: a few agreements, and events that bear on every kind of obligation."""

import tomllib
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

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
    RULES.replace('wait = "6 h"', 'wait = "6 h"\nfeed = "desk"')
    .replace('kind = "working"\n', 'kind = "working"\nfeed = "desk"\n')
    .replace('kind = "minister"\n', 'kind = "minister"\nfeed = "desk"\n')
)
"""The same world, in which the desk's feed carries launch notices, talks and calls too."""


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
