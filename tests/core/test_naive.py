"""The watch and a judge without a memory find the same lapses at any moment, whatever is told in whatever order."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.agreements.model import Agreement
from streams.events import AnyEvent
from streams.watch import Watch
from tests.core.naive import Judge
from tests.core.naive_record import Verdict
from tests.core.world import MICRO, RULES, agreements, at, beats, changed, event, retraction

KINDS = ("cadence", "response", "standing", "prior")
MANY = settings(max_examples=70, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
Draw = Callable[[st.DrawFn, str, float], AnyEvent]
Told = list[tuple[datetime, AnyEvent]]

NOON = """
[[obligations]]
kind = "cadence"
id = "noon"
clause = "A third check of the east line"
sources = ["urn:test"]
channels = ["east"]
calendar = { rules = ["FREQ=DAILY;BYHOUR=4;BYMINUTE=0;BYSECOND=0"] }
"""
EDITS: list[tuple[str, str]] = [
    ('kind = "working"\n', 'kind = "working"\nfeed = "desk"\n'),
    ('kind = "minister"\n', 'kind = "minister"\nfeed = "desk"\n'),
    ('group = "lines"\nfeed = "desk"\n', 'group = "lines"\n'),
    ('title = "West line"\n', 'title = "West line"\nepoch = { until = 2026-02-28 }\n'),
    ('title = "Talks"\n', 'title = "Talks"\nepoch = { from = 2026-02-27, until = 2026-03-02 }\n'),
    ('longest_gap = "30 h"\n', 'longest_gap = "30 h"\nepochs = [{ until = 2026-02-28 }, { from = 2026-03-02 }]\n'),
    ('channels = ["talks"]\nlongest', 'channels = ["talks", "east", "phone"]\nlongest'),
    ('early = "5 min"\n', 'early = "5 min"\nmissed = ["info", "warn", "page", "critical"]\ntogether = "warn"\n'),
    ('grace = "30 min"\n', 'grace = "30 min"\nepochs = [{ from = 2026-02-27, until = 2026-02-28 }, { from = 2026-03-01 }]\n'),
    ('gravity = "high"\n', 'gravity = "high"\nepochs = [{ from = 2026-02-27, until = 2026-03-02 }]\n'),
    ('channels = ["east", "west", "talks', 'epochs = [{ until = 2026-03-01 }]\nchannels = ["east", "west", "talks'),
    ("regime = true\n", "regime = true\nepochs = [{ from = 2026-02-28, until = 2026-03-02 }]\n"),
    ('wait = "6 h"\n', 'wait = "6 h"\nfeed = "desk"\n'),
    ('lead = "24 h"\n', 'lead = "24 h"\nreference = "date"\n'),
    ("scope = {", 'longest_lead = "30 h"\nscope = {'),
]
"""What makes the small world another, each by itself."""
GRID = st.one_of(
    st.integers(0, 71).map(lambda number: number * 2.0),
    st.tuples(st.integers(0, 5), st.sampled_from([0.0, 8.0, 8.5, 23.5])).map(lambda when: when[0] * 24 + when[1]),
)
"""So coarse that what happens often happens at one moment, or at a deadline."""


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Agreement, ...]:
    """The small world, a little changed."""
    edits = draw(st.lists(st.sampled_from(EDITS), max_size=4, unique=True))
    text = RULES + (NOON if draw(st.booleans()) else "")
    return changed(*edits, text=text) if edits else agreements(text)


def _said(kind: str, **choices: Sequence[Any]) -> Draw:
    """Events of a kind, whose content is chosen field by field; a field that is chosen ``None`` is left out."""

    def one(draw: st.DrawFn, name: str, hours: float) -> AnyEvent:
        data = {field: draw(st.sampled_from(values)) for field, values in choices.items()}
        precision = draw(st.sampled_from(["minute", "minute", "hour", "day"]))
        zone = draw(st.sampled_from(["UTC", "Asia/Seoul"])) if precision == "day" else "UTC"
        said = {field: value for field, value in data.items() if value is not None}
        source = draw(st.sampled_from(["urn:a", "urn:b"]))
        return event(kind, name, hours, said, source=source, precision=precision, zone=zone)

    return one


def _notice(draw: st.DrawFn, name: str, hours: float) -> AnyEvent:
    opens = hours + draw(st.sampled_from([-6.0, 0.0, 6.0, 24.0, 24 + MICRO, 48.0]))
    had = draw(st.sampled_from([{"received": at(hours).isoformat()}, {"received": at(hours + 6).isoformat()}, {}]))
    party = draw(st.sampled_from(["BB", "BB", "BB", "CC"]))
    further = [{"opens": at(opens + 30).isoformat(), "closes": at(opens + 31).isoformat()}]
    window = {"opens": at(opens).isoformat(), "closes": at(opens + draw(st.sampled_from([0.0, 6.0]))).isoformat()}
    choices: dict[str, Sequence[Any]] = {
        "recipients": [[{"party": party, **had}]],
        "window": [window],
        "further_windows": [None, None, further],
        "status": STATUS,
        "class": ["icbm", "icbm", "slv", None],
    }
    kind = _said("launch.notice", party=["AA"], notice=["n1", "n2"], revision=[1, 2], launches=[0, 1, 2], **choices)
    return kind(draw, name, hours)


STATUS = ["planned", "planned", "amended", "cancelled"]
CHECKS = _said("channel.check", channel=["east", "west"], outcome=["answered", "answered", "unanswered"])
CUTS = _said(
    "channel.status",
    channels=[["east"], ["west"], ["east", "west"], ["talks", "phone"]],
    party=["BB"],
    status=["suspended", "cancelled", "agreed-to-resume"],
)
CALLS = _said(
    "channel.request",
    channel=["phone"],
    request=["q1", "q2"],
    party=["AA"],
    outcome=["placed", "acknowledged", "answered", "declined", "unanswered"],
)
ROUNDS = _said("dialogue.meeting", channel=["talks"], parties=[["AA", "BB"]], outcome=["held", "held", "no-show"])
INCIDENTS = _said(
    "incident.report", incident=["i1", "i2", "i3"], parties=[["AA", "BB"]], gravity=["low", "high", "critical"], domain=["air"]
)
CONTACTS = _said(
    "contact",
    parties=[["BB", "AA"]],
    channel=[None, "phone", "east", "west", "talks"],
    public=[False, False, True],
    alternate=[False, False, True],
)
LAUNCHES = _said(
    "launch.observation", party=["AA"], launch=[None, "m1"], range_km=[None, 300.0, 6_000.0], **{"class": ["icbm", "slv"]}
)
WORDS = _said(
    "regime.statement",
    party=["AA"],
    agreements=[["small-world"]],
    status=["in-force", "suspended", "renounced"],
    notice_types=[None, ["launch"], ["data"]],
)


@st.composite
def told(draw: st.DrawFn, kinds: Sequence[Draw], most: int = 10) -> tuple[Told, list[datetime]]:
    """Events with the moments at which the watch is told of them, and moments at which to look."""
    heard = draw(st.sampled_from([(), ((0.0, 144.0),), ((-24.0, 30.0),), ((0.0, 40.0), (62.0, 144.0))]))
    events = [beat for start, end in heard for beat in beats(start, end)]
    several: list[tuple[Draw, float]] = draw(st.lists(st.tuples(st.sampled_from(kinds), GRID), max_size=most))
    events += [kind(draw, f"e{number:02}", hours) for number, (kind, hours) in enumerate(several)]
    if draw(st.booleans()) and several:
        events.append(retraction("r", draw(GRID), f"e{draw(st.integers(0, len(several) - 1)):02}"))
    lateness = draw(st.sampled_from([[0], [0, 1, 10, 30], [-40, 0, 40]]))
    log = [(one.known + timedelta(hours=draw(st.sampled_from(lateness)) if one.id[0] != "b" else 0), one) for one in events]
    moments = draw(st.lists(st.tuples(GRID, st.sampled_from([0.0, MICRO])), max_size=3))
    looks = [at(hours + instant) for hours, instant in moments]
    return sorted(log, key=lambda pair: pair[0]), sorted([*looks, at(150)])


def verdicts(watch: Watch) -> list[Verdict]:
    """What the watch found, as the judge says it."""
    return sorted(
        (
            Verdict(one.rule, one.subject, one.onset, one.state, one.severity, one.resolved)
            for one in watch.lapses()
            if one.state != "withdrawn" and one.obligation in KINDS and not one.rule.startswith("feed")
        ),
        key=lambda one: (one.rule, one.subject, one.onset),
    )


def compare(rules: tuple[Agreement, ...], log: Told, looks: list[datetime]) -> None:
    """Hold the watch against the judge at every look."""
    watch = Watch(rules)
    watch.advance(at(-25))
    heard: list[AnyEvent] = []
    ahead = list(log)
    for look in looks:
        while ahead and ahead[0][0] <= look:
            moment, one = ahead.pop(0)
            watch.advance(moment)
            watch.receive(one)
            heard.append(one)
        watch.advance(look)
        assert verdicts(watch) == Judge(rules[0], heard, look).verdicts()


@MANY
@given(worlds(), told([CHECKS, CHECKS, CUTS, CONTACTS]))
def test_checks_by_a_calendar(rules: tuple[Agreement, ...], history: tuple[Told, list[datetime]]) -> None:
    compare(rules, *history)


@MANY
@given(worlds(), told([ROUNDS, ROUNDS, CONTACTS, CUTS, CALLS]))
def test_gaps_and_calls(rules: tuple[Agreement, ...], history: tuple[Told, list[datetime]]) -> None:
    compare(rules, *history)


@MANY
@given(worlds(), told([INCIDENTS, INCIDENTS, CUTS, CHECKS, CONTACTS]))
def test_contact_after_incidents(rules: tuple[Agreement, ...], history: tuple[Told, list[datetime]]) -> None:
    compare(rules, *history)


@MANY
@given(worlds(), told([LAUNCHES, LAUNCHES, _notice, _notice, WORDS]))
def test_notices_before_launches_and_statements(rules: tuple[Agreement, ...], history: tuple[Told, list[datetime]]) -> None:
    compare(rules, *history)
