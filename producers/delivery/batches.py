"""What is sent next, and what becomes of it by the answer. Pure: no network, no clock, no file.

A heartbeat says that its feed is complete up to here. So it never travels together with an event of its feed that stands
before it: that event may be refused. And where one was, the feed is not complete: its beats are put aside with it, until
somebody has mended the event, or has said that it does not belong.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from producers.delivery.spool import Kept
from streams.events import FeedHeartbeat

BEAT = str(FeedHeartbeat.__struct_config__.tag)
INCOMPLETE = "the feed is not complete up to here: an event of it was refused before"


class Plan(NamedTuple):
    """What to do with the events that wait first.

    Attributes:
        batch: What is sent next, in order.
        aside: Heartbeats that would not be true, by position, with the reason.
    """

    batch: Sequence[Kept]
    aside: Mapping[int, str]


class Outcome(NamedTuple):
    """What became of a batch.

    Attributes:
        sent: The positions of what the other side has.
        refused: The reason for each position that it will never take.
        again: What is to be sent again in smaller batches, in order.
    """

    sent: Sequence[int] = ()
    refused: Mapping[int, str] = {}
    again: Sequence[Sequence[Kept]] = ()


def planned(waiting: Sequence[Kept], incomplete: Collection[str]) -> Plan:
    """The next batch.

    Args:
        waiting: What waits first, in order.
        incomplete: The feeds of which an event was refused for good.
    """
    batch: list[Kept] = []
    aside: dict[int, str] = {}
    told: set[str] = set()
    for kept in waiting:
        if kept.feed is not None and kept.kind == BEAT:
            if kept.feed in incomplete:
                aside[kept.position] = INCOMPLETE
                continue
            if kept.feed in told:
                break
        elif kept.feed is not None:
            told.add(kept.feed)
        batch.append(kept)
    return Plan(batch, aside)


def taken(batch: Sequence[Kept], refused: Mapping[int, str]) -> Outcome:
    """The other side has the batch, but for those it refused, by their index."""
    return Outcome(
        sent=[kept.position for index, kept in enumerate(batch) if index not in refused],
        refused={batch[index].position: reason for index, reason in refused.items()},
    )


def refused_whole(batch: Sequence[Kept], reason: str) -> Outcome:
    """The other side refuses the batch as a whole: halved, until it is known which events it means."""
    if len(batch) == 1:
        return Outcome(refused={batch[0].position: reason})
    half = len(batch) // 2
    return Outcome(again=(batch[:half], batch[half:]))
