"""A worker that kills itself (``kill -9``) at a certain moment of its writing: ``TEST_DIES``, the ``TEST_DIES_AT``-th time."""

import os
import signal
from collections.abc import Iterable, Mapping

from streams.lapses import Lapse
from streams.live import cells, lanes, logs
from streams.live.cells import Record
from streams.live.outputs import Outgoing, Outputs
from streams.live.settings import from_environment
from streams.live.worker import create_app
from streams.posture import Posture
from streams.sequence import Unread

# Small batches, and sets of many parts: then there is much to be in the midst of.
lanes.AT_ONCE = 500
cells.PART_BYTES = 300
STEP, AT = os.environ["TEST_DIES"], int(os.environ["TEST_DIES_AT"])
count = 0


def passes(step: str) -> None:
    """Die here, if it is time."""
    global count
    if step == STEP:
        count += 1
        if count == AT:
            os.kill(os.getpid(), signal.SIGKILL)


class Dying(Outputs):
    async def results(self, partition: int, lapses: Iterable[Lapse], unread: Iterable[Unread]) -> Outgoing:
        told = list(lapses)
        sent = await super().results(partition, told, unread)
        await sent.arrived()
        # A batch of which nothing came but how things stand has nothing to lose here.
        if told:
            passes("lapses")
        return sent

    async def postures(self, postures: Iterable[Posture]) -> Outgoing:
        sent = await super().postures(postures)
        await sent.arrived()
        passes("states")
        return sent

    async def cells(self, topic: str, partition: int, records: Iterable[Record], at: int) -> Outgoing:
        if STEP != "changelog":
            outgoing = await super().cells(topic, partition, records, at)
        else:
            outgoing = Outgoing()
            for number, record in enumerate(records):
                one = await super().cells(topic, partition, [record], at + number)
                await one.arrived()
                passes("changelog")
                for future in one._under_way:
                    outgoing.add(future)
        await outgoing.arrived()
        passes("state")
        return outgoing


settings = from_environment(os.environ)
app = create_app(settings, logs=logs.configure(form="json", run=settings.run))
app.outputs = Dying(settings, app.pulse.feel)
app.conf.consumer_max_fetch_size = 16_384
_done = app.reader.done


def done(partition: int, positions: Mapping[str, int]) -> None:
    _done(partition, positions)
    passes("done")


app.reader.done = done  # type: ignore[method-assign]
