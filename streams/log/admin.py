"""The admin's edge to a Kafka broker: ask it, create topics, hold them against the catalogue."""

import contextlib
import logging
import socket
import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ConfigResource,
    ConfigResourceType,
    OffsetSpec,
    ResourcePattern,
    ResourceType,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from kafka.errors import (
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    KafkaError,
    KafkaTimeoutError,
    NotCoordinatorError,
)

from streams.log.access import Secret, access
from streams.log.kafka import Bounds
from streams.log.knocking import why
from streams.log.roles import Grant
from streams.topics import Topic

PATIENCE = 5.0
"""Seconds that a broker is given to answer."""
_STEP = 0.05
_EXISTS = 36
"""Kafka's error code TOPIC_ALREADY_EXISTS."""
_UNKNOWN = 3
"""Kafka's error code UNKNOWN_TOPIC_OR_PARTITION."""

_COORDINATOR_COMES = (CoordinatorNotAvailableError, CoordinatorLoadInProgressError, NotCoordinatorError)


class BrokerError(Exception):
    """The broker does not answer, or refuses what was asked of it."""


class Cluster(NamedTuple):
    """What a broker says of itself."""

    id: str
    brokers: int
    topics: int


class Difference(NamedTuple):
    """One way in which a topic is not as it ought to be; nothing is ``found`` of one that is not there."""

    topic: str
    setting: str
    expected: str
    found: str | None

    def __str__(self) -> str:
        if self.found is None:
            return f"{self.topic}: missing"
        return f"{self.topic}: expected {self.setting} {self.expected}, found {self.found}"


class _Client(KafkaAdminClient):  # type: ignore[misc]  # it comes without types
    """One that leaves no thread and no socket behind where it finds no broker."""

    def __init__(self, **settings: object) -> None:
        self._closed = False
        try:
            super().__init__(**settings)
        except KafkaTimeoutError:
            self.close()
            raise


class Admin:
    """A connection to a broker for questions about topics. Use it as a context manager."""

    def __init__(self, bootstrap: str, patience: float = PATIENCE, *, waits: bool = True) -> None:
        """Connect.

        Args:
            bootstrap: ``HOST:PORT``, several with commas.
            patience: Seconds to wait for the broker, and again for each of its answers.
            waits: Whether to wait for a broker that does not listen yet.

        Raises:
            BrokerError: when no broker answers there in time.
        """
        self.bootstrap = bootstrap
        self._patience = patience
        known = access()
        servers = [_server(server) for server in bootstrap.split(",")]
        end = time.monotonic() + patience
        reason = _unreachable(servers, end, waits=waits)
        if reason is not None:
            raise BrokerError(f"no Kafka broker answers at {bootstrap} ({reason})")
        with hushed():
            try:
                self._client = _Client(
                    bootstrap_servers=[f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in servers],
                    client_id="steadyline-admin",
                    bootstrap_timeout_ms=max(1, int((end - time.monotonic()) * 1_000)),
                    request_timeout_ms=int(patience * 1_000),
                    **known.settings(),
                )
            except KafkaError as error:
                told = why(bootstrap, "something listens, and speaks no Kafka, not yet, or not this way")
                raise BrokerError(f"no Kafka broker answers at {bootstrap} ({told})") from error

    def __enter__(self) -> "Admin":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Disconnect."""
        with hushed():
            self._client.close()

    def cluster(self) -> Cluster:
        """What the broker says of its cluster.

        Raises:
            BrokerError: when it does not answer.
        """
        with self._told():
            told = self._client.describe_cluster()
            return Cluster(told["cluster_id"], len(told["brokers"]), len(self._client.list_topics()))

    def create(self, topics: Sequence[Topic]) -> list[str]:
        """Create the topics that are not there, with as many replicas as the broker thinks fit; the names of those.

        Raises:
            BrokerError: when the broker does not answer or refuses; what it did create stays.
        """
        wanted = {
            topic.name: {"num_partitions": topic.partitions, "replication_factor": -1, "configs": topic.settings}
            for topic in topics
        }
        with self._told():
            answer = self._client.create_topics(wanted, raise_errors=False)
            created = [told["name"] for told in answer["topics"] if told["error_code"] == 0]
            self._client.wait_for_topics(created)
        refused = [told for told in answer["topics"] if told["error_code"] not in (0, _EXISTS)]
        if refused:
            raise BrokerError("; ".join(f"{told['name']}: {told['error_message']}" for told in refused))
        return created

    def partitions(self, topic: str) -> int:
        """How many partitions a topic has; 0 where it is not there.

        Raises:
            BrokerError: when the broker does not answer.
        """
        with self._told():
            (told,) = self._client.describe_topics([topic])
        return len(told["partitions"])

    def check(self, topics: Sequence[Topic]) -> list[Difference]:
        """Every difference between the topics as they are and as they ought to be.

        Raises:
            BrokerError: when the broker does not answer.
        """
        names = [topic.name for topic in topics]
        with self._told():
            there = {told["name"]: told for told in self._client.describe_topics(names)}
            settings = self._client.describe_configs(
                [ConfigResource(ConfigResourceType.TOPIC, name) for name in names], config_filter="all"
            )["topic"]
        return [found for topic in topics for found in _differences(topic, there[topic.name], settings.get(topic.name, {}))]

    def bounds(self, topics: Sequence[str]) -> dict[tuple[str, int], Bounds]:
        """What each partition of these topics holds; nothing of a topic that is not there.

        Raises:
            BrokerError: when the broker does not answer.
        """
        with self._told():
            told = {one["name"]: one for one in self._client.describe_topics(topics)}
            places = [
                TopicPartition(topic, partition["partition_index"])
                for topic in topics
                for partition in told[topic]["partitions"]
            ]
            first = self._client.list_partition_offsets(dict.fromkeys(places, OffsetSpec.EARLIEST))
            end = self._client.list_partition_offsets(dict.fromkeys(places, OffsetSpec.LATEST))
        return {(place.topic, place.partition): Bounds(first[place].offset, end[place].offset) for place in places}

    def committed(self, group: str) -> dict[tuple[str, int], int]:
        """Up to which offset a consumer group is done with each topic and partition; nothing of one nobody has heard of.

        Raises:
            BrokerError: when the broker does not answer.
        """
        end = time.monotonic() + self._patience
        with self._told():
            while True:
                try:
                    told = self._client.list_group_offsets({group: None})
                except _COORDINATOR_COMES:
                    # A broker that nobody has asked for a group yet makes the topic of their offsets first.
                    if time.monotonic() + _STEP > end:
                        raise
                    time.sleep(_STEP)
                else:
                    return {(place.topic, place.partition): found.offset for place, found in told[group].items()}

    def allow(self, principal: str, granted: Sequence[Grant]) -> None:
        """Let somebody do these things, from wherever; what they may do already stays.

        Args:
            principal: As the broker's authorizer calls them: ``User:worker``.
            granted: What they may do.

        Raises:
            BrokerError: when the broker does not answer, has no authorizer, or does not let us.
        """
        kinds = {"topic": ResourceType.TOPIC, "group": ResourceType.GROUP}
        rules = [
            ACL(principal, "*", ACLOperation[one.deed], ACLPermissionType.ALLOW, ResourcePattern(kinds[one.kind], one.name))
            for one in granted
        ]
        with self._told():
            for refused in self._client.create_acls(rules)["failed"]:
                raise refused

    def admit(self, user: str, password: Secret) -> None:
        """Let a user in with this password from now on (SCRAM-SHA-512), and with none that it had before.

        Raises:
            BrokerError: when the broker does not answer, or does not let us.
        """
        with self._told():
            # What goes over the wire is the password salted and hashed.
            told = self._client.alter_user_scram_credentials(
                [UserScramCredentialUpsertion(user, ScramMechanism.SCRAM_SHA_512, str(password))]
            )
        if (refused := told[user]) is not None:
            raise BrokerError(f"the Kafka broker at {self.bootstrap} does not let {user} in: {refused}")

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except KafkaError as error:
            raise BrokerError(f"the Kafka broker at {self.bootstrap} does not do what it was asked: {error}") from error


def _differences(topic: Topic, there: dict[str, Any], settings: dict[str, Any]) -> Iterator[Difference]:
    if there["error_code"] == _UNKNOWN:
        yield Difference(topic.name, "partitions", str(topic.partitions), None)
        return
    found = len(there["partitions"])
    if found != topic.partitions:
        yield Difference(topic.name, "partitions", str(topic.partitions), str(found))
    for name, expected in topic.settings.items():
        value = str(settings.get(name, {}).get("value"))
        if value != expected:
            yield Difference(topic.name, name, expected, value)


def _server(text: str) -> tuple[str, int]:
    host, _, port = text.strip().rpartition(":")
    if not host or not (port.isascii() and port.isdigit()) or not 0 < int(port) < 65_536:
        raise BrokerError(f"expected HOST:PORT, got {text.strip()!r}")
    return host.strip("[]"), int(port)


def _unreachable(servers: Sequence[tuple[str, int]], end: float, *, waits: bool) -> str | None:
    """Why nothing can be connected to until ``end`` of the monotonic clock; ``None`` as soon as something can.

    The client would try as well, but tells no reason, and leaves a socket behind for every attempt.
    """
    while True:
        for host, port in servers:
            left = end - time.monotonic()
            try:
                socket.create_connection((host, port), timeout=max(0.05, left)).close()
            except TimeoutError:
                reason = "no answer"
            except OSError as error:
                reason = error.strerror or str(error)
            else:
                return None
        if not waits or time.monotonic() + _STEP > end:
            return reason
        time.sleep(_STEP)


@contextlib.contextmanager
def hushed() -> Iterator[None]:
    """Keep the client's own account of each attempt out of the log: what came of it is told by the error."""
    logger = logging.getLogger("kafka")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)
