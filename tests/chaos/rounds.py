"""What happens in each round, from a seed. Pure: the same seed, the same faults at the same moments."""

import random
from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

from tests.chaos.faults import ALL, FAULTS, Fault, Story
from tests.chaos.telling import TELLINGS

STORIES: tuple[Story, ...] = ("recorded", "live", "embedded")
_OTHERWISE = 0.3
"""How many of the pairs come with records that are told otherwise."""


class Strike(NamedTuple):
    """One fault of a round.

    Attributes:
        fault: Its name.
        at: The share of the story that is told when it strikes.
        holds: Seconds until it is healed.
    """

    fault: str
    at: float
    holds: float


class Round(NamedTuple):
    """One round.

    Attributes:
        number: From 1.
        seed: That of its story and of all that is random in it.
        story: Recorded: with times of its own, told by a producer. Live: through the gateway, by the clock of the workers.
            Embedded: through the gateway into a file, without Kafka.
        telling: How the records come.
        strikes: The faults, in the order in which they strike.
    """

    number: int
    seed: int
    story: Story
    telling: str
    strikes: tuple[Strike, ...]

    @property
    def together(self) -> bool:
        """Whether two faults are there at once."""
        return len({strike.at for strike in self.strikes}) < len(self.strikes)

    @property
    def words(self) -> str:
        """The round for people."""
        told = " and ".join(strike.fault for strike in self.strikes)
        return told if self.telling == "plain" else f"{told}, records {self.telling}" if told else f"records {self.telling}"


def plan(seed: int, rounds: int | None = None) -> list[Round]:
    """The rounds of a seed: each fault alone, each way of telling alone, and two faults at once as often again.

    Args:
        seed: Any number.
        rounds: How many; by default every fault alone and as many pairs.
    """
    dice = random.Random(seed)
    single: list[tuple[Story, str, tuple[Fault, ...]]] = [(_story(dice, (fault,)), "plain", (fault,)) for fault in ALL]
    single += [("recorded", telling, ()) for telling in TELLINGS if telling != "plain"]
    dice.shuffle(single)
    double = _doubles(dice, max(len(single), (rounds or 0) - len(single)))
    # The two kinds take turns, so that a few rounds have something of both.
    turns = [each for pair in zip(single, double, strict=False) for each in pair] + double[len(single) :]
    return [
        Round(number, dice.getrandbits(32), story, telling, _strikes(dice, faults))
        for number, (story, telling, faults) in enumerate(turns[:rounds], 1)
    ]


def _doubles(dice: random.Random, count: int) -> list[tuple[Story, str, tuple[Fault, ...]]]:
    """Pairs of faults that happen to two different things, each pair once."""
    pairs = [pair for pair in combinations(ALL, 2) if not pair[0].on & pair[1].on and _shared(pair)]
    found: list[tuple[Story, str, tuple[Fault, ...]]] = []
    for pair in dice.sample(pairs, min(count, len(pairs))):
        story = _story(dice, pair)
        # Live, whoever tells it is a source of its own, and sends in order.
        otherwise = story == "recorded" and dice.random() < _OTHERWISE
        found.append((story, dice.choice(list(TELLINGS)) if otherwise else "plain", pair))
    return found


def _shared(faults: Sequence[Fault]) -> list[Story]:
    return [story for story in STORIES if all(story in fault.stories for fault in faults)]


def _story(dice: random.Random, faults: Sequence[Fault]) -> Story:
    return dice.choice(_shared(faults))


def _strikes(dice: random.Random, faults: Sequence[Fault]) -> tuple[Strike, ...]:
    at = round(dice.uniform(0.1, 0.6), 3)
    return tuple(Strike(fault.name, at, round(dice.uniform(*fault.holds), 1)) for fault in faults)


def needs_disk(one: Round) -> bool:
    """Whether the broker of this round needs a disk that can be filled."""
    return any(FAULTS[strike.fault].disk for strike in one.strikes)
