"""The table that holds the cells of the partition numbers which a worker owns: Faust's, in memory, with a changelog.

Faust reads the changelog back into it when partitions are assigned. Its own store in memory does not remember how far it
was read, and Faust itself remembers that only sometimes: a partition number that was lost and comes back may be read on from
where it once was, into a table that has dropped it. So this store says itself from where on each must be read: from the
beginning, unless it still holds everything up to some offset.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from typing import Any

import faust
from faust.stores.memory import Store
from faust.types import TP, EventT

from streams.live.cells import Record, Recovered
from streams.live.ledger import KEPT_SECONDS, NOTHING, Found, Ledger, meant
from streams.live.outputs import Outputs

_COMPACTION = {"min.compaction.lag.ms": str(KEPT_SECONDS * 1_000)}
"""What does not count may hide what does, until somebody has written that once more (see ``ledger``)."""


class CellStore(Store[bytes, bytes]):
    """What the changelog says of the partition numbers that are owned."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.ledger = Ledger()

    def persisted_offset(self, tp: TP) -> int:
        """The offset of the last record that is in here; -1 where the changelog must be read from its beginning."""
        return self.ledger.last(tp.partition)

    def apply_changelog_batch(
        self,
        batch: Iterable[EventT[bytes]],
        to_key: Callable[[Any], Any],  # noqa: ARG002 - keys and values stay the bytes that they are
        to_value: Callable[[Any], Any],  # noqa: ARG002
    ) -> None:
        """Take in records that were read from the changelog."""
        for event in batch:
            message = event.message
            assert message.key is not None
            found = Found(message.offset, message.key, message.value, meant(message.headers))
            self.ledger.read(message.partition, found)

    async def on_rebalance(
        self,
        assigned: set[TP],  # noqa: ARG002
        revoked: set[TP],
        newly_assigned: set[TP],
        generation_id: int = 0,  # noqa: ARG002
    ) -> None:
        """Forget what is owned no more, and what comes new: it may have been here before."""
        topic = self.table.changelog_topic.get_topic_name()
        self.ledger.drop({tp.partition for tp in revoked | newly_assigned if tp.topic == topic})

    async def on_recovery_completed(self, active_tps: set[TP], standby_tps: set[TP]) -> None:  # noqa: ARG002
        """Forget whatever is not owned."""
        self.ledger.drop(self.ledger.partitions - {tp.partition for tp in active_tps})


class CellTable(faust.Table[bytes, bytes]):
    """Faust's table with that store."""

    def __init__(self, *args: Any, declared: Callable[[], Awaitable[None]], **kwargs: Any) -> None:  # noqa: ANN401 - Faust's own
        """Prepare.

        Args:
            args: Faust's.
            declared: Waits until the changelog is there.
            kwargs: Faust's.
        """
        self._declared = declared
        configs = {**_COMPACTION, **kwargs.pop("extra_topic_configs", {})}
        super().__init__(*args, extra_topic_configs=configs, **kwargs)

    async def on_start(self) -> None:
        """Have the changelog before the group is joined: Faust subscribes to it right after."""
        await super().on_start()
        await self._declared()

    def _new_store(self) -> CellStore:
        return CellStore(
            "memory://",
            self.app,
            self,
            table_name=self.name,
            key_type=bytes,
            value_type=bytes,
            key_serializer="raw",
            value_serializer="raw",
            loop=self.loop,
        )

    async def states(self, partitions: Collection[int]) -> dict[int, Recovered]:
        """The state of each partition number that was read back.

        Raises:
            CellsError: when a record of the changelog is none of a state, or none counts.
        """
        ledger, name = self._ledger, self.changelog_topic.get_topic_name()
        blank = [TP(name, partition) for partition in partitions if ledger.last(partition) == NOTHING]
        if blank:
            # Where records were deleted a log does not begin at 0.
            for tp, offset in (await self.app.consumer.earliest_offsets(*blank)).items():
                ledger.begins(tp.partition, offset)
        return {partition: ledger.state(partition) for partition in partitions}

    async def write(self, outputs: Outputs, partition: int, records: Sequence[Record]) -> None:
        """Write records of the owner's own, and wait until the broker has them.

        Raises:
            DisplacedError: when somebody else writes there.
            aiokafka.errors.KafkaError: when the broker refuses one.
        """
        end = self._ledger.last(partition) + 1
        sent = await outputs.cells(self.changelog_topic.get_topic_name(), partition, records, end)
        self._ledger.wrote(partition, records, await sent.arrived())

    @property
    def _ledger(self) -> Ledger:
        store = self.data
        assert isinstance(store, CellStore)
        return store.ledger
