"""A watch that forgets after hours finds what one that forgets nothing finds, in all that has not settled."""

import random
from collections.abc import Iterator

import pytest

from streams.agreements.model import Agreement
from streams.events import AnyEvent
from streams.events.decode import Refused
from streams.lapses import Lapse
from streams.watch import Watch
from tests.core.world import (
    at,
    changed,
    check,
    contact,
    event,
    final,
    incident,
    launch,
    meeting,
    notice,
    request,
    retraction,
    status,
)

SETTLE = 36.0
DAYS = 16
RULES = ("checks", "rounds", "open", "regime", "calls", "contact", "prelaunch", "as-notified", "pace", "quota")
LASTING = ("prelaunch", "as-notified")
"""Rules whose lapses nothing ends: they are over with the launch."""


def settling(span: str) -> tuple[Agreement, ...]:
    """The small world, every rule of which settles after the same span."""
    return changed(*((f'id = "{name}"\n', f'id = "{name}"\nsettle = "{span}"\n') for name in RULES))


def told(seed: int, *, days: int = DAYS, late: float = SETTLE * 0.9) -> list[tuple[float, AnyEvent]]:
    """Some weeks of everything, each event with the hour at which it arrives."""
    dice = random.Random(seed)
    events: list[tuple[float, AnyEvent]] = []

    def tell(one: AnyEvent, hours: float) -> None:
        delay = dice.choice([0.0, 0.0, 0.0, 0.25, dice.uniform(0, late)])
        events.append((hours + delay, one))
        if dice.random() < 0.03:
            events.append((hours + delay + dice.uniform(0, 3), retraction(f"r-{one.id}", hours + delay, one.id)))

    heard = [hour for hour in range(0, days * 24, 2) if not 60 <= hour < 76 and not 200 <= hour < 220]
    events += [(float(hour), event("feed.heartbeat", f"beat-{hour}", float(hour), {"feed": "desk"})) for hour in heard]
    for day in range(days):
        for slot in (0.0, 8.0):
            for line in ("east", "west"):
                if dice.random() < 0.9:
                    when = day * 24 + slot + dice.choice([-0.05, 0.0, 0.2, 0.5, 0.7])
                    outcome = dice.choice(["answered"] * 8 + ["unanswered"])
                    tell(check(line, f"{line}-{day}-{slot:g}", max(when, 0), outcome), max(when, 0))
    for number, hours in enumerate(_moments(dice, days, 20)):
        tell(meeting(f"m{number}", hours, dice.choice(["held", "held", "no-show"])), hours)
    for number, hours in enumerate(_moments(dice, days, 60)):
        key, asked = f"q{number}", dice.uniform(0, 20)
        tell(request(f"{key}-p", hours, call=key), hours)
        if dice.random() < 0.8:
            outcome = dice.choice(["answered", "answered", "declined", "acknowledged"])
            tell(request(f"{key}-o", hours + asked, outcome, call=key), hours + asked)
    for number, hours in enumerate(_moments(dice, days, 40)):
        tell(incident(f"i{number}", hours, f"i{number}", precision=dice.choice(["minute", "hour", "day"])), hours)
        after = hours + dice.uniform(0.1, 30)
        tell(contact(f"c{number}", after, dice.choice([None, "phone", "east", "talks"])), after)
    for number, hours in enumerate(_moments(dice, days, 90)):
        channels = dice.sample(["east", "west", "talks", "phone"], 2)
        tell(status(f"s{number}", hours, *channels, status=dice.choice(["suspended", "agreed-to-resume"])), hours)
    for number, hours in enumerate(_moments(dice, days, 7)):
        party = dice.choice(["AA", "BB"])
        opens = hours + dice.choice([20.0, 24.0, 30.0])
        if dice.random() < 0.8:
            tell(notice(f"n{number}", hours, f"n{number}", opens, opens + 2, party), hours)
        if dice.random() < 0.7:
            shot = opens + dice.choice([-0.5, 0.0, 1.0, 2.5])
            for source in dice.sample(["urn:a", "urn:b"], dice.choice([1, 1, 2])):
                tell(launch(f"l{number}-{source[-1]}", shot, party, source), shot)
    return sorted(events, key=lambda pair: (pair[0], pair[1].id))


def _moments(dice: random.Random, days: int, every: float) -> Iterator[float]:
    hours = dice.uniform(0, every)
    while hours < days * 24 - 1:
        yield round(hours * 4) / 4
        hours += dice.uniform(0.2, 2) * every


def both(seed: int, *, late: float = SETTLE * 0.9) -> tuple[Watch, Watch]:
    """A watch that settles soon and one that never does, told the same, as far as the first still takes it."""
    short, never = Watch(settling(f"{SETTLE:g} h")), Watch(settling("4000 d"))
    for hours, one in told(seed, late=late):
        for watch in (short, never):
            watch.advance(at(hours))
        try:
            short.receive(one)
        except Refused:
            continue
        never.receive(one)
    for watch in (short, never):
        watch.advance(at(DAYS * 24 + 30))
    return short, never


def unsettled(watch: Watch, *rules: str) -> list[Lapse]:
    """The lapses of these rules that can still be amended."""
    settled = at(DAYS * 24 + 30 - SETTLE)
    return [
        lapse
        for lapse in final(watch)
        if lapse.rule in rules
        and (lapse.onset >= settled if lapse.rule in LASTING else lapse.resolved is None or lapse.resolved > settled)
    ]


SEEDS = range(12)


KINDS = (("checks",), ("rounds",), ("open", "regime"), ("calls",), ("contact",), ("prelaunch",), ("as-notified",))
CASES = [pytest.param(seed, rules, id=f"{'-'.join(rules)}-{seed}") for rules in KINDS for seed in SEEDS]


@pytest.mark.parametrize(("seed", "rules"), CASES)
def test_what_has_not_settled_is_found_by_both(seed: int, rules: tuple[str, ...]) -> None:
    short, never = _told(seed)
    assert unsettled(short, *rules) == unsettled(never, *rules)


_RUNS: dict[int, tuple[Watch, Watch]] = {}


def _told(seed: int) -> tuple[Watch, Watch]:
    """Each history is told once for all the rules."""
    if seed not in _RUNS:
        _RUNS[seed] = both(seed)
    return _RUNS[seed]


def test_the_histories_hold_enough_to_tell_the_two_apart() -> None:
    found = {lapse.rule for seed in SEEDS for lapse in final(_told(seed)[1])}
    assert found >= {"checks", "rounds", "open", "calls", "contact", "prelaunch", "as-notified"}
    assert all(len(short.lapses()) < len(never.lapses()) for short, never in map(_told, SEEDS))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_lapse_that_settled_is_never_withdrawn_by_its_settling(seed: int) -> None:
    short = Watch(settling(f"{SETTLE:g} h"))
    said: list[Lapse] = []
    for hours, one in told(seed):
        said += short.advance(at(hours))
        try:
            said += short.receive(one)
        except Refused:
            continue
    horizon = {lapse.id: lapse for lapse in said}
    for lapse in said:
        if lapse.change == "withdrawn":
            # Time alone disproves nothing: a report does.
            assert lapse.because is not None, lapse
    assert len(horizon) > 20
