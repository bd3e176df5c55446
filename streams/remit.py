"""What falls to one watch: everything, or what has its home in one partition number."""

from collections.abc import Callable

from streams.routes import Homes


class Remit:
    """Which channels, parties, dyads, agreements and feeds a watch judges. All others are another watch's."""

    def __init__(self, homes: Homes | None = None, mine: Callable[[str], bool] | None = None) -> None:
        """Judge what has its home under a key that is ``mine``; everything, where there are no homes."""
        self._homes = homes
        self._mine = mine

    def _falls(self, home: Callable[[Homes], str]) -> bool:
        return self._homes is None or self._mine is None or self._mine(home(self._homes))

    def channel(self, name: str) -> bool:
        """Whether the duties of a channel fall to this watch."""
        return self._falls(lambda homes: homes.channel(name))

    def party(self, party: str) -> bool:
        """Whether a party's launches, notices and statements do."""
        return self._falls(lambda homes: homes.party(party))

    def dyad(self, pair: str) -> bool:
        """Whether the incidents between two parties do."""
        return self._falls(lambda homes: homes.dyad(pair))

    def agreement(self, name: str) -> bool:
        """Whether the benchmarks of an agreement do."""
        return self._falls(lambda homes: homes.agreement(name))

    def feed(self, name: str) -> bool:
        """Whether the silences of a feed do; its word is taken everywhere."""
        return self._falls(lambda homes: homes.feed(name))


EVERYTHING = Remit()
"""The remit of a watch that shares its work with no other."""
