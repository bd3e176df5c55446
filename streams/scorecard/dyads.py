"""Per dyad: how many of its channels were alive over time."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime

import msgspec

from streams.events import Interval
from streams.rulebook import dyads_of
from streams.scorecard.lines import Line
from streams.scorecard.scores import DyadScore, Extreme, Step


def dyad_scores(lines: Sequence[Line], span: Interval) -> tuple[DyadScore, ...]:
    """The dyads that the lines serve, by name. A line between more than two parties counts for each pair of them.

    Args:
        lines: The channels that were heard of.
        span: The time that is looked at, UTC.
    """
    serving: defaultdict[str, list[Line]] = defaultdict(list)
    for line in lines:
        if not line.channel.hypothetical:
            for pair in dyads_of(line.channel.parties):
                serving[pair].append(line)
    return tuple(_dyad(pair, serving[pair], span) for pair in sorted(serving))


def _dyad(pair: str, lines: list[Line], span: Interval) -> DyadScore:
    steps = _steps(lines, span)
    # Before anything was heard of the dyad, nobody can say that no channel was alive.
    heard = [step for step in steps if step.alive + step.lapsed + step.unknown] or steps
    least = min(heard, key=lambda step: step.alive)
    most = max(heard, key=lambda step: step.alive)
    return DyadScore(
        dyad=pair,
        channels=tuple(line.channel.id for line in lines),
        steps=tuple(steps),
        at_since=steps[0],
        at_until=msgspec.structs.replace(steps[-1], moment=span.latest),
        least=Extreme(alive=least.alive, moment=least.moment),
        most=Extreme(alive=most.alive, moment=most.moment),
    )


def _steps(lines: list[Line], span: Interval) -> list[Step]:
    """The counts at the start, and at each later moment at which one of them changes."""
    changes: defaultdict[datetime, Counter[str]] = defaultdict(Counter)
    changes[span.earliest].clear()
    for line in lines:
        for number, segment in enumerate(line.segments):
            changes[segment.start][segment.condition] += 1
            if number:
                changes[segment.start][line.segments[number - 1].condition] -= 1
        if line.segments and line.segments[-1].end < span.latest:
            # The channel's own dates end here: it is none any more.
            changes[line.segments[-1].end][line.segments[-1].condition] -= 1
    steps: list[Step] = []
    counts: Counter[str] = Counter()
    for moment in sorted(changes):
        for condition, change in changes[moment].items():
            counts[condition] += change
        step = Step(moment=moment, alive=counts["up"], lapsed=counts["lapsed"], unknown=counts["unknown"])
        if not steps or (step.alive, step.lapsed, step.unknown) != (steps[-1].alive, steps[-1].lapsed, steps[-1].unknown):
            steps.append(step)
    return steps
