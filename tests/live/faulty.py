"""A worker whose core is at fault."""

import os
from collections.abc import Sequence

from streams.agreements.model import Agreement
from streams.live.settings import from_environment
from streams.live.worker import create_app
from streams.partition import PartitionWatch, Taken


class Faulty(PartitionWatch):
    def take(self, topic: str, records: Sequence[tuple[int, bytes | None]]) -> Taken:
        raise ZeroDivisionError("two and two are five")


def faulty(agreements: tuple[Agreement, ...], partition: int, partitions: int, run: str | None) -> PartitionWatch:
    return Faulty(agreements, partition, partitions, run=run)


app = create_app(from_environment(os.environ), make=faulty)
