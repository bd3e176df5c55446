"""The table that holds the cells of the partition numbers which a worker owns: Faust's, in memory, with a changelog.

Faust reads the changelog back into it when partitions are assigned. Its own store in memory does not remember how far it
was read, and Faust itself remembers that only sometimes: a partition number that was lost and comes back may be read on from
where it once was, into a table that has dropped it. So this store says itself from where on each must be read: from the
beginning, unless it still holds everything up to some offset.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import faust
from faust.stores.memory import Store
from faust.types import TP, EventT

from streams.live.cells import Recovered, place_of, recovered

_BEGINNING = -1


class CellStore(Store[bytes, bytes]):
    """The last record of each key, and the offset up to which each changelog partition was read or written."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._read: dict[int, int] = {}

    def persisted_offset(self, tp: TP) -> int:
        """The offset of the last record that is in here; -1 where the changelog must be read from its beginning."""
        return self._read.get(tp.partition, _BEGINNING)

    def wrote(self, partition: int, records: Iterable[tuple[bytes, bytes | None]], offset: int) -> None:
        """Records of the owner's own are in the changelog, the last of them at ``offset``."""
        for key, value in records:
            self._keep(key, value)
        self._read[partition] = max(offset, self._read.get(partition, _BEGINNING))

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
            self._keep(message.key, message.value)
            self._read[message.partition] = message.offset

    def _keep(self, key: bytes, value: bytes | None) -> None:
        if value is None:
            self.data.pop(key, None)
        else:
            self.data[key] = value

    async def on_rebalance(
        self,
        assigned: set[TP],  # noqa: ARG002
        revoked: set[TP],
        newly_assigned: set[TP],
        generation_id: int = 0,  # noqa: ARG002
    ) -> None:
        """Forget what is owned no more, and what comes new: it may have been here before."""
        topic = self.table.changelog_topic.get_topic_name()
        self.drop({tp.partition for tp in revoked | newly_assigned if tp.topic == topic})

    async def on_recovery_completed(self, active_tps: set[TP], standby_tps: set[TP]) -> None:  # noqa: ARG002
        """Forget whatever is not owned."""
        self.drop({partition for partition in self._read if partition not in {tp.partition for tp in active_tps}})

    def drop(self, partitions: set[int]) -> None:
        """Forget these partition numbers: they must be read again from the beginning."""
        for partition in partitions:
            self._read.pop(partition, None)
        for key in [key for key in self.data if place_of(key)[0] in partitions]:
            del self.data[key]

    def states(self, partitions: Iterable[int]) -> dict[int, Recovered]:
        """The state of each partition number, from its cells.

        Raises:
            CellsError: when a record is none of a state.
        """
        cells: dict[int, list[tuple[str, bytes]]] = {partition: [] for partition in partitions}
        for key, value in self.data.items():
            partition, cell = place_of(key)
            if partition in cells:
                cells[partition].append((cell, value))
        return {partition: recovered(found) for partition, found in cells.items()}


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
        super().__init__(*args, **kwargs)

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

    @property
    def cells(self) -> CellStore:
        """Its store."""
        store = self.data
        assert isinstance(store, CellStore)
        return store
