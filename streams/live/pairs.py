"""What aiokafka fetched of the input topics, as pairs of offset and value, which is all that is asked of a record.

aiokafka makes an object of eleven fields for each record, which takes longer than to decode what is in it. Records of a
changelog stay whole: what their headers say counts. Where aiokafka is not made as this module knows it, records come whole
everywhere, and whoever takes them sees to that.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer.fetcher import FetchResult, PartitionRecords


class Fetched(OrderedDict[TopicPartition, Any]):
    """What was fetched and not yet handed over, by partition; what comes in is told to make pairs of its records."""

    def __init__(self, known: dict[TopicPartition, Any], paired: Callable[[TopicPartition], bool]) -> None:
        self._paired = paired
        super().__init__()
        for place, result in known.items():
            self[place] = result

    def __setitem__(self, place: TopicPartition, result: Any) -> None:  # noqa: ANN401 - a library without types
        if type(result) is FetchResult and self._paired(place):
            records = result._partition_records  # noqa: SLF001 - it has no setting for it
            if type(records) is PartitionRecords:
                records._consumer_record = _pair  # noqa: SLF001
        super().__setitem__(place, result)


def pair(consumer: AIOKafkaConsumer, paired: Callable[[TopicPartition], bool]) -> None:
    """Let a consumer hand over pairs from now on, of the partitions that ``paired`` says."""
    fetcher = getattr(consumer, "_fetcher", None)
    records = getattr(fetcher, "_records", None)
    if type(records) is OrderedDict:
        fetcher._records = Fetched(records, paired)  # type: ignore[union-attr]  # noqa: SLF001


def _pair(_: TopicPartition, record: Any) -> tuple[int, bytes | None]:  # noqa: ANN401
    return record.offset, record.value
