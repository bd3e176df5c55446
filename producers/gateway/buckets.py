"""How much a source may send in a time."""

from dataclasses import dataclass, field

from streams.web.buckets import Bucket

_AT_ONCE_S = 10.0


@dataclass(frozen=True, kw_only=True)
class Rates:
    """What one source may send.

    Attributes:
        events: Events a second.
        events_at_once: Events at once, after a silence.
        bytes: Bytes a second.
        bytes_at_once: Bytes at once.
        pings: Pings a second, of one check.
        pings_at_once: Pings at once.
    """

    events: float = 2_000.0
    events_at_once: float = 20_000.0
    bytes: float = 4_194_304.0
    bytes_at_once: float = 33_554_432.0
    pings: float = 1.0
    pings_at_once: float = 20.0


@dataclass
class Buckets:
    """The buckets of all sources, by name. There are no more of them than tokens and checks were ever made.

    A token that has a rate of events of its own may send ten seconds' worth of them at once, and bytes in the proportion in
    which it may send more events than others.
    """

    rates: Rates
    _events: dict[str, Bucket] = field(default_factory=dict)
    _bytes: dict[str, Bucket] = field(default_factory=dict)
    _pings: dict[str, Bucket] = field(default_factory=dict)

    def events(self, name: str, own: float | None = None) -> Bucket:
        """How many events the token of this name may send: ``own`` a second, or what all may."""
        if own is None:
            return self._of(self._events, name, self.rates.events, self.rates.events_at_once)
        return self._of(self._events, name, own, max(1.0, _AT_ONCE_S * own))

    def bytes(self, name: str, own: float | None = None) -> Bucket:
        """How many bytes it may send; ``own`` as for its events."""
        more = 1.0 if own is None else max(1.0, own / self.rates.events)
        return self._of(self._bytes, name, self.rates.bytes * more, self.rates.bytes_at_once * more)

    def pings(self, name: str) -> Bucket:
        """How often the check of this name may be pinged."""
        return self._of(self._pings, name, self.rates.pings, self.rates.pings_at_once)

    def _of(self, kept: dict[str, Bucket], name: str, rate: float, size: float) -> Bucket:
        bucket = kept.get(name)
        if bucket is None or (bucket.rate, bucket.size) != (rate, size):
            # A token made anew under its name may have another rate.
            bucket = kept[name] = Bucket(rate, size)
        return bucket
