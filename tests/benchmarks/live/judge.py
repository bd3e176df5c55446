"""The worker under measurement: the product's own app, judging by one agreement, with notes of when it did what.

Faust loads it in a process of its own. ``BENCH_RULES`` says which agreement, ``BENCH_GROUP`` its group, so that one log can
be judged afresh as often as wanted, ``BENCH_NOTES`` the file of the notes.
"""

import os
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from streams.agreements.model import Agreement
from streams.live.progress import Vitals
from streams.live.settings import WorkerSettings, from_environment
from streams.live.worker import create_app
from streams.partition import PartitionWatch, Taken
from streams.sequence import Unread
from tests.benchmarks.live.rules import RULES


class Note(msgspec.Struct, omit_defaults=True):
    """One line of the notes.

    Attributes:
        what: ``begins`` is the first record in the hands of a partition's watch; ``done`` a batch whose lapses and state the
            broker has.
        at: The machine's monotonic clock, seconds: the same one for all processes.
        records: Records of a batch done so far.
        now: The time of the log that is passed.
    """

    what: str
    at: float
    partition: int
    records: int = 0
    now: datetime | None = None


class _Settings(WorkerSettings, frozen=True, kw_only=True):
    group: str

    @property
    def app_id(self) -> str:
        return self.group


class _Noted(PartitionWatch):
    """A watch that notes when it is given its first record."""

    begun = False

    def take(self, topic: str, records: Sequence[tuple[int, bytes | None]]) -> Taken:
        if not self.begun:
            self.begun = True
            _write(Note("begins", time.monotonic(), self.partition))
        return super().take(topic, records)


class _Notes(Vitals):
    """Vital signs that are written down."""

    def took(
        self,
        partition: int,
        *,
        counts: Counter[str],
        unread: Sequence[Unread],
        lapses: int,
        now: datetime | None,
        held: int,
        behind: Mapping[str, int],
        open_lapses: int | None,
        positions: Mapping[str, int],
        at: float,
    ) -> None:
        super().took(
            partition,
            counts=counts,
            unread=unread,
            lapses=lapses,
            now=now,
            held=held,
            behind=behind,
            open_lapses=open_lapses,
            positions=positions,
            at=at,
        )
        _write(Note("done", at, partition, sum(positions.values()), now))


def _write(note: Note) -> None:
    os.write(_FILE, msgspec.json.encode(note) + b"\n")


def read(lines: Iterable[bytes]) -> list[Note]:
    """The notes so far."""
    return [msgspec.json.decode(line, type=Note) for line in lines if line.endswith(b"\n")]


def _watch(_: tuple[Agreement, ...], partition: int, partitions: int, run: str | None) -> PartitionWatch:
    return _Noted(RULES[os.environ["BENCH_RULES"]](), partition, partitions, run=run)


if "BENCH_NOTES" in os.environ:
    _FILE = os.open(os.environ["BENCH_NOTES"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    _told = msgspec.structs.asdict(from_environment(os.environ))
    app = create_app(_Settings(**_told, group=os.environ["BENCH_GROUP"]), vitals=_Notes(time.monotonic()), make=_watch)
