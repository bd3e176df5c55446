"""Ways in which the records of a story can come: twice, in another order, late. Pure.

Kafka keeps the order within one partition of one topic, and no other. So between those any order is possible, and the whole of
one of them may come long after the others.
"""

import random
from collections.abc import Callable, Sequence

from producers.plan import Sending

Telling = Callable[[Sequence[Sending], random.Random], list[Sending]]
_TWICE = 0.1
_LATER = 1_500
"""Records later at which one comes again, at most; and by how much one lane can be ahead of another."""


def plain(sendings: Sequence[Sending], _: random.Random) -> list[Sending]:
    """As they were meant."""
    return list(sendings)


def duplicated(sendings: Sequence[Sending], dice: random.Random) -> list[Sending]:
    """One in ten comes twice: at once, or much later, but not behind its lane's last tick, where it would wait for ever."""
    last = {(sending.topic, sending.partition): number for number, sending in enumerate(sendings)}
    placed = [(float(number), sending) for number, sending in enumerate(sendings)]
    again = []
    for number, sending in placed:
        end = last[sending.topic, sending.partition]
        if number < end and dice.random() < _TWICE:
            wished = number + (0.5 if dice.random() < 0.5 else dice.uniform(1, _LATER))
            again.append((min(wished, end - 0.5), sending))
    return _in_order([*placed, *again])


def reordered(sendings: Sequence[Sending], dice: random.Random) -> list[Sending]:
    """Lanes run ahead of each other and fall behind, as they like."""
    ahead: dict[tuple[str, int], float] = {}
    placed = []
    for number, sending in enumerate(sendings):
        lane = sending.topic, sending.partition
        # Each keeps its own order: none of its records may overtake the one before it.
        wished = number + dice.uniform(0, _LATER)
        ahead[lane] = max(ahead.get(lane, 0.0), wished if dice.random() < 0.01 else float(number))
        placed.append((ahead[lane], sending))
    return _in_order(placed)


def delayed(sendings: Sequence[Sending], dice: random.Random) -> list[Sending]:
    """One lane stands still for a third of the story, and then all of it comes at once."""
    lane = dice.choice(sorted({(sending.topic, sending.partition) for sending in sendings}))
    first = dice.uniform(0.1, 0.5) * len(sendings)
    last = first + len(sendings) / 3
    return _in_order(
        [
            (last if (sending.topic, sending.partition) == lane and first <= number < last else float(number), sending)
            for number, sending in enumerate(sendings)
        ]
    )


def _in_order(placed: Sequence[tuple[float, Sending]]) -> list[Sending]:
    return [sending for _, sending in sorted(placed, key=lambda each: each[0])]


TELLINGS: dict[str, Telling] = {"plain": plain, "duplicated": duplicated, "reordered": reordered, "delayed": delayed}
