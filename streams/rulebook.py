"""The agreements in force, indexed by what events name: channels, dyads, parties, regimes, feeds."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from typing import Generic, TypeVar

from streams.agreements.model import (
    Agreement,
    AnyObligation,
    Balance,
    Benchmark,
    Cadence,
    Channel,
    Conformance,
    Feed,
    Obligation,
    Prior,
    Response,
    Standing,
)
from streams.events.incidents import dyad
from streams.events.times import Interval

O_co = TypeVar("O_co", bound=Obligation, covariant=True)
O = TypeVar("O", bound=Obligation)  # noqa: E741 - the letter for an obligation


@dataclass(frozen=True)
class Rule(Generic[O_co]):
    """An obligation with the agreement it stands in."""

    agreement: Agreement
    obligation: O_co

    @property
    def name(self) -> str:
        """``agreement/obligation``: unique in the book."""
        return f"{self.agreement.id}/{self.obligation.id}"

    def in_force(self, moment: datetime) -> bool:
        """Whether the rule is in force at ``moment`` by its dates (a party's statement is another matter)."""
        return self.agreement.in_force(self.obligation, moment)

    def in_force_throughout(self, span: Interval) -> bool:
        """Whether it is in force at every instant of ``span``: on the day on which it ends, it can have been over already."""
        return throughout(self.in_force, span)


def throughout(holds: Callable[[datetime], bool], span: Interval) -> bool:
    """Whether what has its dates is there at both ends of ``span``."""
    earliest, latest = span
    # A whole day ends where the next begins, which is not part of it.
    return holds(earliest) and (latest == earliest or holds(latest - timedelta(microseconds=1)))


class RuleBook:
    """All rules of a set of agreements, in the order of their names."""

    def __init__(self, agreements: Sequence[Agreement]) -> None:
        self.agreements = tuple(sorted(agreements, key=lambda agreement: agreement.id))
        self.channels: dict[str, Channel] = {}
        self.feeds: dict[str, Feed] = {}
        self.feed_homes: dict[str, Agreement] = {}
        for agreement in self.agreements:
            for channel in agreement.channels:
                self.channels[channel.id] = channel
            for feed in agreement.feeds:
                self.feeds[feed.id] = feed
                self.feed_homes[feed.id] = agreement
        military: dict[str, list[str]] = {}
        for name, channel in sorted(self.channels.items()):
            if channel.military and not channel.hypothetical:
                for pair in dyads_of(channel.parties):
                    military.setdefault(pair, []).append(name)
        self._military = {pair: tuple(names) for pair, names in military.items()}
        self.cadences = self._of(Cadence)
        self.standings = self._of(Standing)
        self.responses = self._of(Response)
        self.priors = self._of(Prior)
        self.conformances = self._of(Conformance)
        self.balances = self._of(Balance)
        self.benchmarks = self._of(Benchmark)

    def rules(self) -> Iterator[Rule[AnyObligation]]:
        """Every rule of the book."""
        for agreement in self.agreements:
            for obligation in agreement.obligations:
                yield Rule(agreement, obligation)

    def _of(self, kind: type[O]) -> tuple[Rule[O], ...]:
        return tuple(
            Rule(agreement, obligation)
            for agreement in self.agreements
            for obligation in agreement.obligations
            if isinstance(obligation, kind)
        )

    def military_channels(self, pair: str) -> tuple[str, ...]:
        """Ids of the existing military channels between the two parties of a dyad."""
        return self._military.get(pair, ())

    def channels_between(self, parties: Sequence[str]) -> tuple[str, ...]:
        """Ids of the existing channels between any two of the parties."""
        pairs = dyads_of(parties)
        return tuple(
            sorted(
                channel.id
                for channel in self.channels.values()
                if not channel.hypothetical and dyads_of(channel.parties) & pairs
            )
        )


def pairs_asked(rule: Rule[Response]) -> frozenset[str]:
    """The dyads that a rule asks for contact after an incident."""
    return frozenset(dyad(*pair) for pair in rule.obligation.dyads) or dyads_of(rule.agreement.parties)


def dyads_of(parties: Sequence[str]) -> frozenset[str]:
    """Every pair of the parties, by name."""
    return frozenset(dyad(first, second) for first, second in combinations(sorted(set(parties)), 2))
