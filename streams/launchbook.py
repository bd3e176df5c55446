"""One party's launches and notices, as all claims together tell them."""

from collections.abc import Container, Iterator
from datetime import datetime
from hashlib import sha256

from msgspec.structs import replace

from streams.events import LaunchNotice, LaunchObservation
from streams.matching.launches import Claims, Launch, launches_of, report_order
from streams.matching.notices import Series, series_of

Name = tuple[str, str]
"""An event by its source and id: two sources may use the same id."""
LaunchChange = tuple[Launch | None, Launch | None]
SeriesChange = tuple[Series | None, Series | None]


class LaunchBook:
    """The launches and notice series of one launching party. Changes are pairs of what was and what is."""

    def __init__(self, party: str) -> None:
        self.party = party
        self.launches: dict[str, Launch] = {}
        self.series: dict[str, Series] = {}
        self._claims = Claims()
        self._launch_of: dict[Name, str] = {}
        self._by_id: dict[str, dict[str, LaunchObservation]] = {}
        """The claims by id and source: most ids are one source's, and a launch goes by the id of one of its claims."""
        self._notices: dict[str, dict[Name, LaunchNotice]] = {}

    def observed(self, claim: LaunchObservation) -> list[LaunchChange]:
        """Take in a claim of a launch."""
        if _name(claim) in self._launch_of:
            return []
        self._by_id.setdefault(claim.id, {})[claim.source] = claim
        return self._recluster([*self._claims.put(claim), *self._called_alike(claim)])

    def unobserved(self, claim: LaunchObservation) -> list[LaunchChange]:
        """Take a claim back."""
        if _name(claim) not in self._launch_of:
            return []
        self._drop_id(claim)
        return self._recluster([*self._claims.drop(claim), *self._called_alike(claim)], gone=_name(claim))

    def announced(self, notice: LaunchNotice) -> list[SeriesChange]:
        """Take in a notice."""
        claims = self._notices.setdefault(notice.data.notice, {})
        if _name(notice) in claims:
            return []
        claims[_name(notice)] = notice
        return self._retell(notice.data.notice)

    def unannounced(self, notice: LaunchNotice) -> list[SeriesChange]:
        """Take a notice back."""
        claims = self._notices.get(notice.data.notice, {})
        if claims.pop(_name(notice), None) is None:
            return []
        return self._retell(notice.data.notice)

    def holds(self, event: LaunchObservation | LaunchNotice) -> bool:
        """Whether a claim or a notice is part of what the book tells."""
        if isinstance(event, LaunchObservation):
            return _name(event) in self._launch_of
        return _name(event) in self._notices.get(event.data.notice, ())

    def forget_before(self, settled: datetime) -> list[Name]:
        """Drop launches and notices that speak of nothing after ``settled``, UTC; returns the events that told of them."""
        forgotten: list[Name] = []
        gone = {key for key, launch in self.launches.items() if launch.occurred.latest < settled}
        # A launch that shares an id with another's claim is kept as long as that one: its key hangs on it.
        shared = {key for key in gone if any(self._shared(claim, gone) for claim in self.launches[key].claims)}
        for key in sorted(gone - shared):
            for claim in self.launches.pop(key).claims:
                self._claims.drop(claim)
                self._drop_id(claim)
                self._launch_of.pop(_name(claim), None)
                forgotten.append(_name(claim))
        for key in [key for key, one in self.series.items() if over(one) < settled]:
            forgotten += self._notices.pop(key)
            del self.series[key]
        return forgotten

    def _recluster(self, claims: list[LaunchObservation], gone: Name | None = None) -> list[LaunchChange]:
        stale = {self._launch_of[_name(claim)] for claim in claims if _name(claim) in self._launch_of}
        if gone is not None:
            stale.add(self._launch_of.pop(gone))
        known = {_name(claim): claim for claim in claims}
        fresh = {launch.key: launch for launch in map(self._keyed, launches_of(list(known.values())))}
        before = {key: self.launches.pop(key) for key in sorted(stale)}
        changes: list[LaunchChange] = []
        for key, launch in fresh.items():
            self.launches[key] = launch
            for claim in launch.claims:
                self._launch_of[_name(claim)] = key
            if before.get(key) != launch:
                changes.append((before.get(key), launch))
        changes.extend((launch, None) for key, launch in before.items() if key not in fresh)
        return changes

    def _keyed(self, launch: Launch) -> Launch:
        """The launch under a key that no other has: where sources use one id for two launches, the one known first has it."""
        own = [claim for claim in launch.claims if claim.id == launch.key]
        if not own or any(claim.data.launch == launch.key for claim in launch.claims):
            # It goes by a name.
            return launch
        alike = self._by_id[launch.key]
        first = min(own, key=report_order)
        if not self._claims.named(launch.key) and (len(alike) == 1 or first is min(alike.values(), key=report_order)):
            return launch
        return replace(launch, key=f"{launch.key}~{sha256(first.source.encode()).hexdigest()[:8]}")

    def _called_alike(self, claim: LaunchObservation) -> Iterator[LaunchObservation]:
        """Claims of launches that may be called otherwise because this one came or went."""
        for name in {claim.id, claim.data.launch or claim.id}:
            for source, other in self._by_id.get(name, {}).items():
                if (source, name) != _name(claim):
                    yield from self._claims.around(other)

    def _shared(self, claim: LaunchObservation, gone: Container[str]) -> bool:
        """Whether a launch that is not ``gone`` has a claim of the same id."""
        alike = self._by_id[claim.id]
        return len(alike) > 1 and any(self._launch_of[_name(other)] not in gone for other in alike.values())

    def _drop_id(self, claim: LaunchObservation) -> None:
        alike = self._by_id[claim.id]
        alike.pop(claim.source, None)
        if not alike:
            del self._by_id[claim.id]

    def _retell(self, key: str) -> list[SeriesChange]:
        before = self.series.pop(key, None)
        told = series_of(self._notices[key].values())
        if not told:
            del self._notices[key]
            return [(before, None)] if before is not None else []
        self.series[key] = told[0]
        return [(before, told[0])] if told[0] != before else []


def _name(event: LaunchObservation | LaunchNotice) -> Name:
    return event.source, event.id


def over(series: Series) -> datetime:
    """The last moment a notice speaks of, or came, UTC."""
    closes = [window.closes for one in series.revisions for window in one.windows]
    return max([*closes, *(one.issued.latest for one in series.revisions)])
