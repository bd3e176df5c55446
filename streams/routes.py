"""Which event goes where on Kafka: its topic, its keys, its partitions. Knows nothing of a broker.

What is judged together must meet under one key. Mostly that is what an event names: the launching party, the dyad. Where a
rule looks at several keys at once (two parties that keep pace, the lines of one group, the channels that a benchmark counts),
they share one home, and all their events go there.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from streams.events import (
    AnyEvent,
    BenchmarkReport,
    ChannelCheck,
    ChannelRequest,
    ChannelStatus,
    Contact,
    DialogueMeeting,
    FeedHeartbeat,
    IncidentReport,
    LaunchNotice,
    LaunchObservation,
    RegimeStatement,
    Retraction,
    Tick,
    dyad,
)
from streams.obligations.benchmark import LIVE_CHANNELS
from streams.rulebook import RuleBook, dyads_of, pairs_asked
from streams.topics import CHANNELS, INCIDENTS, INPUTS, LAUNCHES

Everywhere = Tick | FeedHeartbeat | Retraction
"""What is sent to every partition of every input topic, since nobody knows whose evidence it bears on.

Order holds within a partition only. Whoever reads several topics as one takes such an event as said once it has come in
each of them: a feed that vouches for its checks must not be believed before the checks that stand in another topic.
"""


class Route(NamedTuple):
    """One place of an event.

    Attributes:
        key: The record's key; ``None`` for what goes everywhere.
    """

    topic: str
    partition: int
    key: bytes | None


class Homes(NamedTuple):
    """Whose channels and agreements are, and which keys share a home: that decides where things are judged.

    Attributes:
        channels: The parties of each channel.
        agreements: The key of each agreement: the dyad of its two parties, its own id where they are more.
        shared: The home of every key that shares one; all others are their own.
    """

    channels: Mapping[str, tuple[str, ...]]
    agreements: Mapping[str, str]
    shared: Mapping[str, str] = {}

    @classmethod
    def of(cls, book: RuleBook) -> "Homes":
        """The homes that a rule book gives."""
        homes = cls(
            {channel.id: tuple(sorted(set(channel.parties))) for channel in book.channels.values()},
            {
                agreement.id: dyad(*agreement.parties) if len(agreement.parties) == 2 else agreement.id
                for agreement in book.agreements
            },
        )
        return homes._replace(shared=_shared(_judged_together(book, homes)))

    def channel(self, name: str) -> str:
        """The home of a channel: its dyad, the names of all its parties where they are more than two.

        Raises:
            KeyError: when nobody knows the channel.
        """
        return self._home("-".join(self.channels[name]))

    def party(self, party: str) -> str:
        """The home of a launching party."""
        return self._home(party)

    def dyad(self, pair: str) -> str:
        """The home of what happens between two parties."""
        return self._home(pair)

    def agreement(self, name: str) -> str:
        """The home of an agreement's benchmarks.

        Raises:
            KeyError: when nobody knows the agreement.
        """
        return self._home(self.agreements[name])

    def feed(self, name: str) -> str:
        """The home of a feed's own lapses; its heartbeats go everywhere."""
        return self._home(name)

    def _home(self, key: str) -> str:
        return self.shared.get(key, key)


def _judged_together(book: RuleBook, homes: Homes) -> Iterator[list[str]]:
    """The keys that one rule looks at as one."""
    launchers = {prior.name: prior.obligation.launchers or prior.agreement.parties for prior in book.priors}
    for balance in book.balances:
        if balance.obligation.measure != "withheld":
            yield list(launchers[f"{balance.agreement.id}/{balance.obligation.notices}"])
    groups: dict[str, list[str]] = {}
    for channel in book.channels.values():
        if channel.group is not None:
            groups.setdefault(channel.group, []).append(homes.channel(channel.id))
    yield from groups.values()
    for response in book.responses:
        if response.obligation.trigger == "incident" and response.obligation.raised is not None:
            for pair in sorted(pairs_asked(response)):
                yield [pair, *(homes.channel(name) for name in book.military_channels(pair))]
    for benchmark in book.benchmarks:
        if benchmark.obligation.measure == LIVE_CHANNELS:
            counted = book.channels_between(benchmark.agreement.parties)
            yield [homes.agreement(benchmark.agreement.id), *(homes.channel(name) for name in counted)]


def _shared(together: Iterable[list[str]]) -> dict[str, str]:
    """The home of each key that shares one: the first, by name, of all that hang together."""
    leader: dict[str, str] = {}

    def lead(key: str) -> str:
        while (above := leader.setdefault(key, key)) != key:
            key = above
        return key

    for keys in together:
        for first, second in pairwise(keys):
            low, high = sorted((lead(first), lead(second)))
            leader[high] = low
    return {key: home for key in leader if (home := lead(key)) != key}


def topic_of(event: AnyEvent) -> str:
    """The input topic in which an event belongs, by its live name.

    Raises:
        ValueError: when it belongs in every partition of all of them (see ``Everywhere``).
    """
    match event:
        case LaunchNotice() | LaunchObservation() | RegimeStatement() | BenchmarkReport():
            return LAUNCHES
        case ChannelCheck() | ChannelRequest() | ChannelStatus() | DialogueMeeting():
            return CHANNELS
        case IncidentReport() | Contact():
            return INCIDENTS
        case Tick() | FeedHeartbeat() | Retraction():
            raise _nowhere(event)


def keys_of(event: AnyEvent, homes: Homes) -> tuple[bytes, ...]:
    """Every key under which an event is evidence, its own first; nearly always one.

    One announcement may name channels of several dyads, and a round of many parties is contact between each two.

    Raises:
        KeyError: when it names a channel or an agreement that nobody knows.
        ValueError: when it belongs in every partition of all input topics (see ``Everywhere``).
    """
    match event:
        case ChannelCheck():
            return (_encoded(homes.channel(event.data.channel)),)
        case LaunchNotice() | LaunchObservation() | RegimeStatement():
            keys = [homes.party(event.data.party)]
        case BenchmarkReport():
            keys = [homes.agreement(event.data.agreement)]
        case ChannelRequest():
            keys = [homes.channel(event.data.channel)]
            if event.data.outcome == "answered":
                keys += sorted(map(homes.dyad, dyads_of(homes.channels[event.data.channel])))
        case ChannelStatus():
            keys = [homes.channel(name) for name in event.data.channels]
        case DialogueMeeting():
            keys = [homes.channel(event.data.channel), *sorted(map(homes.dyad, dyads_of(event.data.parties)))]
        case IncidentReport():
            keys = [homes.dyad(dyad(*event.data.parties))]
        case Contact():
            keys = [homes.dyad(dyad(*event.data.parties))]
            if event.data.channel is not None:
                keys.append(homes.channel(event.data.channel))
        case Tick() | FeedHeartbeat() | Retraction():
            raise _nowhere(event)
    return tuple(map(_encoded, dict.fromkeys(keys)))


def routes_of(event: AnyEvent, homes: Homes, partitions: int) -> tuple[Route, ...]:
    """Every place at which an event belongs, by the topics' live names. Two keys in one partition are one place.

    What names a channel or an agreement that nobody knows goes to the partition of that name: there it is refused.
    """
    if isinstance(event, Everywhere):
        return tuple(Route(topic, partition, None) for partition in range(partitions) for topic in INPUTS)
    try:
        keys = keys_of(event, homes)
    except KeyError as error:
        keys = (_encoded(str(error.args[0])),)
    topic = topic_of(event)
    places: dict[int, Route] = {}
    for key in keys:
        partition = partition_of(key, partitions)
        places.setdefault(partition, Route(topic, partition, key))
    return tuple(places.values())


@lru_cache(maxsize=65_536)
def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key, as every Kafka client's default partitioner has it (murmur2, the sign dropped)."""
    return (_murmur2(key) & 0x7FFFFFFF) % partitions


def _murmur2(data: bytes) -> int:
    """MurmurHash2, 32 bits, with Kafka's seed. Source: Austin Appleby's public-domain definition."""
    mixer, mask = 0x5BD1E995, 0xFFFFFFFF
    result = 0x9747B28C ^ len(data)
    whole = len(data) & ~3
    for place in range(0, whole, 4):
        word = int.from_bytes(data[place : place + 4], "little") * mixer & mask
        word = (word ^ word >> 24) * mixer & mask
        result = (result * mixer & mask) ^ word
    if whole < len(data):
        result = (result ^ int.from_bytes(data[whole:], "little")) * mixer & mask
    result = (result ^ result >> 13) * mixer & mask
    return result ^ result >> 15


@lru_cache(maxsize=65_536)
def _encoded(key: str) -> bytes:
    return key.encode()


def _nowhere(event: Everywhere) -> ValueError:
    return ValueError(f"{type(event).__name__} {event.id} belongs in every partition of {', '.join(INPUTS)}, under no key")
