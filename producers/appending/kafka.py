"""Appends to the log on Kafka: idempotent, acknowledged by all replicas, each event at every place where it belongs.

After a failure the connection is given up and made anew at the next call. An idempotent producer whose records were not
acknowledged in time may not know any more what the broker has; a new one has nothing to remember. Where a record was
written all the same, it is written once more, and whoever reads the log counts its id once.
"""

import contextlib
import time
from collections.abc import Iterator, Sequence

from kafka.errors import KafkaError

from producers.appending import PATIENCE, AppendError, Arrival, Unfit
from producers.plan import milliseconds
from producers.publish import Publisher, PublishError
from streams.events.decode import MAX_BYTES
from streams.letters import encode_letter, of_line
from streams.log.access import AccessError
from streams.log.admin import Admin, BrokerError, Difference, hushed
from streams.routes import Homes, routes_of
from streams.topics import DEAD_LETTERS, INPUTS, catalogue, in_run

PAUSE = 1.0
"""Seconds after a failure in which no broker is asked again."""
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
        self._admin: Admin | None = None
        self._publisher: Publisher | None = None
        self._failed: tuple[float, str] | None = None
        self._connect()

    def append(self, arrivals: Sequence[Arrival]) -> Sequence[int]:
        """Send events in order, each to all its places; returns when the broker has all of them, whatever their ids.

        Raises:
            AppendError: when it does not take all of them in.
        """
        with self._sending() as publisher:
            for event, data in arrivals:
                stamp = milliseconds(event.time)
                for topic, partition, key in routes_of(event, self._homes, self.partitions):
                    publisher.send(topic, partition, key, data, stamp)
        return ()

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
        if self._admin is None:
            self._connect()
            return
        try:
            self._vet(self._admin)
        except (AppendError, BrokerError) as error:
            raise self._give_up(error) from error

    def close(self) -> None:
        """Disconnect. Nothing is on its way: each call waits for what it sent."""
        self._let_go(None)

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
            # A source waits for the answer: a broker that does not listen is not waited for.
            self._admin = Admin(self._bootstrap, self._patience, waits=False)
            with hushed():
                self._vet(self._admin)
                self._publisher = Publisher(self._bootstrap, self._names, self._patience)
        except (AccessError, AppendError, BrokerError, PublishError) as error:
            # A password's file that was changed badly is told as a broker that is away is, and tried again.
            raise self._give_up(error) from error
        self._failed = None
        return self._publisher

    def _vet(self, admin: Admin) -> None:
        """Learn how many partitions there are, and hold the topics against the catalogue."""
        # However many the first has, the others must have.
        partitions = admin.partitions(self._names[INPUTS[0]])
        wanted = [topic for topic in catalogue(max(1, partitions), self._run) if topic.name in self._names.values()]
        differences = admin.check(wanted)
        if differences:
            run = "" if self._run is None else f" --run {self._run}"
            raise AppendError(
                f"the topics at {self._bootstrap} are not what they ought to be: {'; '.join(map(_told, differences))}"
                f" (see: steadyline topics check --bootstrap {self._bootstrap}{run})"
            )
        self.partitions = partitions

    def _give_up(self, error: Exception) -> AppendError:
        reason = str(error)
        self._let_go(error)
        # Broken links take time to be given up as well: the pause counts from now.
        self._failed = (time.monotonic(), reason)
        return AppendError(reason)

    def _let_go(self, error: Exception | None) -> None:
        """Disconnect; with an error on its way out nothing is waited for."""
        publisher, self._publisher = self._publisher, None
        admin, self._admin = self._admin, None
        with hushed(), contextlib.suppress(KafkaError, PublishError):
            if publisher is not None:
                publisher.__exit__(type(error) if error is not None else None, error, None)
        with contextlib.suppress(KafkaError):
            if admin is not None:
                admin.close()


def _told(difference: Difference) -> str:
    if difference.found is None:
        return f"{difference.topic} is missing"
    if difference.setting == "partitions":
        return f"{difference.topic}: expected {difference.expected} partitions, found {difference.found}"
    return str(difference)
