"""Appends to the log on Kafka: idempotent, acknowledged by all replicas, each event at every place where it belongs.

After a failure the connection is given up and made anew at the next call. An idempotent producer whose records were not
acknowledged in time may not know any more what the broker has; a new one has nothing to remember. Where a record was
written all the same, it is written once more, and whoever reads the log counts its id once.
"""

import contextlib
import logging
import socket
import time
from collections.abc import Iterator, Sequence
from typing import Any

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError

from producers.appending import PATIENCE, AppendError, Arrival, Unfit
from producers.plan import milliseconds
from producers.publish import Publisher, PublishError
from streams.events.decode import MAX_BYTES
from streams.letters import encode_letter, of_line
from streams.routes import Homes, routes_of
from streams.topics import DEAD_LETTERS, INPUTS, Topic, catalogue, in_run

PAUSE = 1.0
"""Seconds after a failure in which no broker is asked again."""
_UNKNOWN = 3
"""Kafka's error code UNKNOWN_TOPIC_OR_PARTITION."""
_LETTER_PARTITION = 0


class KafkaAppender:
    """The topics of the live log, or of one run, open for writing."""

    def __init__(
        self, bootstrap: str, homes: Homes, *, run: str | None = None, patience: float = PATIENCE, pause: float = PAUSE
    ) -> None:
        """Connect, and hold the topics against the catalogue.

        Args:
            bootstrap: ``HOST:PORT``, several with commas.
            homes: Where things are judged.
            run: The replay or drill whose topics are meant.
            patience: Seconds that the broker is given, each time.
            pause: Seconds after a failure in which no broker is asked again.

        Raises:
            AppendError: when no broker answers, or a topic is missing or not what it ought to be.
            ValueError: when no run is called so.
        """
        self.partitions = 0
        """Partitions of each input topic, as the broker has them."""
        self._bootstrap = bootstrap
        self._homes = homes
        self._run = run
        self._patience = patience
        self._pause = pause
        self._names = {name: in_run(name, run) for name in (*INPUTS, DEAD_LETTERS)}
        self._admin: Any = None
        self._publisher: Publisher | None = None
        self._failed: tuple[float, str] | None = None
        self._connect()

    def append(self, arrivals: Sequence[Arrival]) -> None:
        """Send events in order, each to all its places; returns when the broker has all of them.

        Raises:
            AppendError: when it does not take all of them in.
        """
        with self._sending() as publisher:
            for event, data in arrivals:
                stamp = milliseconds(event.time)
                for topic, partition, key in routes_of(event, self._homes, self.partitions):
                    publisher.send(topic, partition, key, data, stamp)

    def keep(self, unfit: Sequence[Unfit]) -> None:
        """Send dead letters, by their place and line.

        Raises:
            AppendError: when the broker does not take all of them in.
        """
        with self._sending() as publisher:
            for place, line, data, reason in unfit:
                letter = of_line(place, line, data[:MAX_BYTES], reason)
                publisher.send(DEAD_LETTERS, _LETTER_PARTITION, letter.key, encode_letter(letter))

    def check(self) -> None:
        """Ask the broker for the topics.

        Raises:
            AppendError: when it does not answer, or has others than it had.
        """
        if self._publisher is None:
            self._connect()
            return
        try:
            self._vet()
        except (AppendError, KafkaError) as error:
            raise self._give_up(error) from error

    def close(self) -> None:
        """Disconnect. Nothing is on its way: each call waits for what it sent."""
        publisher, self._publisher = self._publisher, None
        admin, self._admin = self._admin, None
        with _hushed(), contextlib.suppress(KafkaError, PublishError):
            if publisher is not None:
                publisher.__exit__(None, None, None)
        with _hushed(), contextlib.suppress(KafkaError):
            if admin is not None:
                admin.close()

    @contextlib.contextmanager
    def _sending(self) -> Iterator[Publisher]:
        publisher = self._publisher or self._connect()
        try:
            yield publisher
            publisher.flush()
        except PublishError as error:
            raise self._give_up(error) from error

    def _connect(self) -> Publisher:
        """A new connection, once the topics are as they ought to be."""
        if self._failed is not None and time.monotonic() < self._failed[0] + self._pause:
            raise AppendError(self._failed[1])
        try:
            self._reach()
            with _hushed():
                self._admin = KafkaAdminClient(
                    bootstrap_servers=[server.strip() for server in self._bootstrap.split(",")],
                    client_id="steadyline-append",
                    bootstrap_timeout_ms=int(self._patience * 1_000),
                    request_timeout_ms=int(self._patience * 1_000),
                )
                self._vet()
                self._publisher = Publisher(self._bootstrap, self._names, self._patience)
        except (AppendError, KafkaError, PublishError) as error:
            raise self._give_up(error) from error
        self._failed = None
        return self._publisher

    def _reach(self) -> None:
        """Look whether anything listens. The client would too, but leaves a socket behind for every attempt."""
        reason = ""
        for server in self._bootstrap.split(","):
            host, _, port = server.strip().rpartition(":")
            if not host or not (port.isascii() and port.isdigit()) or not 0 < int(port) < 65_536:
                raise AppendError(f"expected kafka://HOST:PORT, got {server.strip()!r}")
            try:
                socket.create_connection((host.strip("[]"), int(port)), timeout=self._patience).close()
            except OSError as error:
                reason = error.strerror or str(error)
            else:
                return
        raise AppendError(f"no Kafka broker answers at {self._bootstrap} ({reason})")

    def _vet(self) -> None:
        """Learn how many partitions there are, and hold the topics against the catalogue."""
        partitions, differences = _compared(self._admin, self._run)
        if differences:
            run = "" if self._run is None else f" --run {self._run}"
            raise AppendError(
                f"the topics at {self._bootstrap} are not what they ought to be: {'; '.join(differences)}"
                f" (see: steadyline topics check --bootstrap {self._bootstrap}{run})"
            )
        self.partitions = partitions

    def _give_up(self, error: Exception) -> AppendError:
        reason = str(error) if isinstance(error, AppendError | PublishError) else self._away(error)
        self._failed = (time.monotonic(), reason)
        publisher, self._publisher = self._publisher, None
        admin, self._admin = self._admin, None
        with _hushed(), contextlib.suppress(KafkaError, PublishError):
            if publisher is not None:
                # With an error on its way out nothing is waited for.
                publisher.__exit__(type(error), error, None)
        with _hushed(), contextlib.suppress(KafkaError):
            if admin is not None:
                admin.close()
        # Broken links take time to be given up as well: the pause counts from now.
        self._failed = (time.monotonic(), reason)
        return AppendError(reason)

    def _away(self, error: Exception) -> str:
        return f"no Kafka broker answers at {self._bootstrap}: {error}"


def _compared(admin: Any, run: str | None) -> tuple[int, list[str]]:  # noqa: ANN401 - the client comes without types
    """How many partitions the input topics have, and every way in which a topic that is written to is not as it ought to be."""
    names = [in_run(name, run) for name in (*INPUTS, DEAD_LETTERS)]
    with _hushed():
        there = {told["name"]: told for told in admin.describe_topics(names)}
        found = {name: 0 if told["error_code"] == _UNKNOWN else len(told["partitions"]) for name, told in there.items()}
        settings = (
            admin.describe_configs(
                [ConfigResource(ConfigResourceType.TOPIC, name) for name in names if found.get(name)], config_filter="all"
            )["topic"]
            if any(found.values())
            else {}
        )
    # However many partitions the first has, the others must have.
    partitions = found.get(names[0], 0)
    wanted = [topic for topic in catalogue(max(1, partitions), run) if topic.name in names]
    return partitions, [told for topic in wanted for told in _differences(topic, found.get(topic.name, 0), settings)]


def _differences(topic: Topic, partitions: int, settings: dict[str, Any]) -> Iterator[str]:
    if not partitions:
        yield f"{topic.name} is missing"
        return
    if partitions != topic.partitions:
        yield f"{topic.name}: expected {topic.partitions} partitions, found {partitions}"
    for name, expected in topic.settings.items():
        value = str(settings.get(topic.name, {}).get(name, {}).get("value"))
        if value != expected:
            yield f"{topic.name}: expected {name} {expected}, found {value}"


@contextlib.contextmanager
def _hushed() -> Iterator[None]:
    """Keep the client's own account of each attempt out of the log: what came of it is told by the error."""
    logger = logging.getLogger("kafka")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)
