"""The topics of the log on Kafka: names, partitions, retention. Knows nothing of a broker.

Three input topics share one count of partitions, so that one key has one partition number in all of them: what is said over
the channels of a dyad and what happened between its parties meet in one place.

No topic is compacted. Compaction keeps the last record of a key, and what a lapse or an acknowledgement was before is the
very thing that must not be lost.

Record timestamps are transport, not evidence (an event carries its own four times), but the broker acts on them:

- A live topic has ``LogAppendTime``: the broker stamps a record with when it took it in. Retention then counts from there,
  whatever a producer's clock says, and no record is refused for coming from the future.
- A run's topic has ``CreateTime``: a record of 1999 is stamped 1999, and a reader can seek by the story's own time.
  Retention counts from the stamp, so it is off, else the broker would delete the story under its reader. Segments roll by
  the stamp too; a quarter of a century would be a thousand of them, so that is off as well. And the broker knows a
  producer's repetition again for a day from the stamp: after its own restart it takes one in twice. That changes no lapse,
  for an event is known again by its source and id, and a tick by its time.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Literal, NamedTuple

LAUNCHES = "launches"
CHANNELS = "channels"
INCIDENTS = "incidents"
LAPSES = "lapses"
STATES = "states"
ACTIONS = "actions"
DESK = "desk"
DEAD_LETTERS = "dead-letters"
INPUTS = (LAUNCHES, CHANNELS, INCIDENTS)
"""What the watch reads."""

PARTITIONS = 8
"""Partitions of each input topic, where nobody says otherwise."""
MOST_PARTITIONS = 1_000
DEAD_LETTER_BYTES = 4_194_304
"""The largest dead letter, in bytes: the record as it came, in base64, and what was wrong with it. A snapshot of how everything
stands may be as large: of tens of thousands of things."""

_FOR_EVER = -1
_LONGEST = 2**63 - 1
_LIVE_DAYS = 90
_RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class Topic(NamedTuple):
    """One topic as it ought to be.

    Attributes:
        key: What its records are keyed by, in words.
        retention_ms: How long the broker keeps a record, milliseconds from its timestamp; -1 is for ever.
        config: Its other settings that differ from the broker's, by Kafka's names.
    """

    name: str
    partitions: int
    key: str
    retention_ms: int
    cleanup: Literal["delete", "compact"] = "delete"
    config: Mapping[str, str] = {}

    @property
    def settings(self) -> dict[str, str]:
        """All its settings, by Kafka's names."""
        return {"cleanup.policy": self.cleanup, "retention.ms": str(self.retention_ms), **self.config}


def catalogue(partitions: int = PARTITIONS, run: str | None = None) -> tuple[Topic, ...]:
    """Every topic of the live log, or of one run.

    Args:
        partitions: Partitions of each input topic; what comes out of the watch is little, and keeps its order in one.
        run: The replay or drill whose topics are meant.

    Raises:
        ValueError: when no topic can have so many partitions, or no run such a name.
    """
    if not 1 <= partitions <= MOST_PARTITIONS:
        raise ValueError(f"expected 1 to {MOST_PARTITIONS} partitions, got {partitions}")
    live = timedelta(days=_LIVE_DAYS) // timedelta(milliseconds=1)
    large = {"max.message.bytes": str(DEAD_LETTER_BYTES)}
    topics = (
        Topic(LAUNCHES, partitions, "the launching party; the agreement's parties for benchmarks", live),
        Topic(CHANNELS, partitions, "the dyad", live),
        Topic(INCIDENTS, partitions, "the dyad", live),
        Topic(LAPSES, 1, "the lapse", _FOR_EVER),
        Topic(STATES, 1, "the partition number", live, config=large),
        Topic(ACTIONS, 1, "none: what people did, in one order", _FOR_EVER),
        Topic(DESK, 1, "none: the journal of the alert desk, in one order", _FOR_EVER, config=large),
        Topic(DEAD_LETTERS, 1, "topic, partition and offset of the record", live, config=large),
    )
    if run is None:
        stamped = {"message.timestamp.type": "LogAppendTime"}
        return tuple(topic._replace(config={**topic.config, **stamped}) for topic in topics)
    stamped = {
        "message.timestamp.type": "CreateTime",
        # A drill may be set next year; a live clock that far ahead would be a fault.
        "message.timestamp.after.max.ms": str(_LONGEST),
        "segment.ms": str(_LONGEST),
    }
    return tuple(
        topic._replace(name=in_run(topic.name, run), retention_ms=_FOR_EVER, config={**topic.config, **stamped})
        for topic in topics
    )


def in_run(topic: str, run: str | None) -> str:
    """The name of ``topic`` in a run: ``run.taiwan-2022.launches``; the live one's own name without a run.

    Raises:
        ValueError: when a run cannot be called so.
    """
    if run is None:
        return topic
    if not _RUN.fullmatch(run):
        raise ValueError(f"expected a run named with letters, digits and . _ - (at most 100), got {run!r}")
    return f"run.{run}.{topic}"
