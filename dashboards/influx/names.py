"""What tags may say: the names that the agreements know, and nothing else, however hostile a record is."""

from collections.abc import Iterable, Sequence

from dashboards.influx.schema import OTHER
from streams.agreements.model import Agreement
from streams.posture import Standing
from streams.rulebook import RuleBook


class Names:
    """The parties, channels, feeds and agreements that there are."""

    def __init__(self, agreements: Sequence[Agreement]) -> None:
        book = RuleBook(agreements)
        parties = {party for agreement in book.agreements for party in agreement.parties}
        parties |= {party for channel in book.channels.values() for party in channel.parties}
        for prior in book.priors:
            parties |= {*prior.obligation.launchers, *prior.obligation.recipients}
        for response in book.responses:
            parties |= {party for pair in response.obligation.dyads for party in pair}
        self._parties = frozenset(parties)
        self._dyads = {channel.id: self.dyad(channel.parties) for channel in book.channels.values()}
        self._homes = {channel.id: agreement.id for agreement in book.agreements for channel in agreement.channels}
        self._feeds = {name: agreement.id for name, agreement in book.feed_homes.items()}

    def party(self, name: str) -> str:
        """A party as a tag: its own name where an agreement knows it."""
        return name if name in self._parties else OTHER

    def dyad(self, parties: Iterable[str]) -> str | None:
        """Two or more parties as a tag; ``None`` of fewer."""
        known = sorted({self.party(party) for party in parties})
        return "-".join(known) if len(known) > 1 else None

    def channel(self, name: str | None) -> str | None:
        """A channel as a tag; ``None`` where nobody knows it."""
        return name if name in self._dyads else None

    def behind(self, standing: Standing) -> tuple[str | None, str | None]:
        """The dyad and the agreement of what stands somehow."""
        match standing.kind:
            case "channel":
                return self._dyads.get(standing.name), self._homes.get(standing.name)
            case "dyad":
                return standing.name, None
            case "regime":
                return None, standing.name
            case "feed":
                return None, self._feeds.get(standing.name)
