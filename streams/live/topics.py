"""The topics that a worker needs, as the broker has them."""

import asyncio
import time

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from streams.live.settings import WorkerSettings
from streams.log.access import access
from streams.topics import DEAD_LETTERS, INPUTS, LAPSES, STATES

PATIENCE = 30.0
"""Seconds that a topic which was created may take to be there."""
_LOOK = 0.05


class TopicsError(Exception):
    """The topics are not there, or not as they must be to be read together."""


async def partitions_of(settings: WorkerSettings, changelog: str) -> int:
    """How many partitions the input topics have, by what the broker says.

    Args:
        settings: Where the broker is, and whose topics are meant.
        changelog: The name of the state's changelog; it need not be there yet.

    Raises:
        TopicsError: when no broker answers, a topic is missing, or their partitions differ.
    """
    inputs = [settings.topic(name) for name in INPUTS]
    others = [settings.topic(name) for name in (LAPSES, STATES, DEAD_LETTERS)]
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.servers, request_timeout_ms=10_000, **access().settings())
    try:
        await admin.start()
        told = await admin.describe_topics([*inputs, *others, changelog])
    except KafkaError as error:
        raise TopicsError(f"no Kafka broker answers at {settings.bootstrap}: {error}") from error
    finally:
        await admin.close()
    counts = {topic["topic"]: len(topic["partitions"]) for topic in told if topic["error_code"] == 0}
    missing = [topic for topic in (*inputs, *others) if topic not in counts]
    if missing:
        run = "" if settings.run is None else f" --run {settings.run}"
        raise TopicsError(f"missing topics: {', '.join(missing)}; create them with: steadyline topics create{run}")
    found = {topic: counts[topic] for topic in (*inputs, changelog) if topic in counts}
    if len(set(found.values())) != 1:
        listed = ", ".join(f"{topic} has {count}" for topic, count in found.items())
        raise TopicsError(f"expected the same number of partitions in each of them: {listed}")
    return counts[inputs[0]]


async def declared(settings: WorkerSettings, topic: str, partitions: int) -> None:
    """Wait until the broker tells everybody of a topic that was created a moment ago.

    It says that a topic is created before it tells of its partitions. Whoever leads the group shares out what it knows of
    then, and would share out the partitions of the inputs without those of the state.

    Args:
        settings: Where the broker is.
        topic: Its name.
        partitions: How many partitions it is to have.

    Raises:
        TopicsError: when it is not there within ``PATIENCE``, or no broker answers.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.servers, request_timeout_ms=10_000, **access().settings())
    end = time.monotonic() + PATIENCE
    try:
        await admin.start()
        while True:
            (told,) = await admin.describe_topics([topic])
            led = [each for each in told["partitions"] if each["leader"] >= 0]
            if told["error_code"] == 0 and len(led) == partitions:
                return
            if time.monotonic() > end:
                raise TopicsError(
                    f"{topic} was created, and {len(led)} of {partitions} partitions are there after {PATIENCE:g} s"
                )
            await asyncio.sleep(_LOOK)
    except KafkaError as error:
        raise TopicsError(f"no Kafka broker answers at {settings.bootstrap}: {error}") from error
    finally:
        await admin.close()
