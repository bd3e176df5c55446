"""From snapshots to a state at every minute. Pure.

Between two snapshots of a partition number nothing changed, so what the first says holds at each minute until the second. Live
there is a snapshot each minute. Where there is none for long (a story of years, workers that were all away), a point a minute
would be millions that say the same: up to two hours every minute gets its points, up to four days every whole hour, beyond that
every whole day, and the minute of each snapshot always.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from dashboards.influx.names import Names
from dashboards.influx.points import Timed
from dashboards.influx.schema import NO_REASON, DialogueRow, StandingRow
from dashboards.influx.times import at_minute, seconds
from streams.posture import Posture, Stand, Standing

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STEPS = (
    (timedelta(hours=2), timedelta(minutes=1)),
    (timedelta(days=4), timedelta(hours=1)),
    (timedelta.max, timedelta(days=1)),
)
"""How long it is from snapshot to snapshot, at most, and from point to point between them."""


def moments(after: datetime, before: datetime) -> Iterator[datetime]:
    """The moments strictly between two snapshots that get points, UTC."""
    gap = before - after
    step = next(step for most, step in _STEPS if gap <= most)
    moment = after + step - (after - _EPOCH) % step
    while moment < before:
        yield moment
        moment += step


class Minutes:
    """How everything stands that one partition number judges, snapshot by snapshot."""

    def __init__(self, run: str, names: Names) -> None:
        self._run = run
        self._names = names
        self.at: datetime | None = None
        """The last snapshot, UTC."""
        self.standings: dict[tuple[str, str, str], Standing] = {}
        self._known = False

    def take(self, posture: Posture) -> Iterator[Timed]:
        """The rows of all minutes after the last snapshot up to this one. One that comes again gives none.

        Before the first that tells everything nobody can say how all stands: nothing is said then. Each iterator must be
        exhausted before the next snapshot is taken.
        """
        if not self._known and not posture.whole:
            return
        if self.at is not None and posture.at <= self.at:
            return
        if self.at is not None:
            for moment in moments(self.at, posture.at):
                yield from self._rows(moment)
        if posture.whole:
            self.standings.clear()
            self._known = True
        self.standings |= {standing.thing: standing for standing in posture.standings}
        self.at = posture.at
        yield from self._rows(posture.at)

    def _rows(self, moment: datetime) -> Iterator[Timed]:
        time = at_minute(moment)
        declared, alive, unknown = Counter[str](), Counter[str](), Counter[str]()
        for standing in self.standings.values():
            dyad, agreement = self._names.behind(standing)
            if standing.kind == "channel" and dyad is not None:
                declared[dyad] += 1
                alive[dyad] += standing.stand in (Stand.GOOD, Stand.LATE)
                unknown[dyad] += standing.stand is Stand.UNKNOWN
            yield Timed(_row(standing, self._run, dyad, agreement), time)
        for dyad, count in declared.items():
            row = DialogueRow(run=self._run, dyad=dyad, alive=alive[dyad], unknown=unknown[dyad], declared=count)
            yield Timed(row, time)


def _row(standing: Standing, run: str, dyad: str | None, agreement: str | None) -> StandingRow:
    return StandingRow(
        run=run,
        kind=standing.kind,
        name=standing.name,
        party=standing.party,
        dyad=dyad,
        agreement=agreement,
        stand=int(standing.stand),
        reason=standing.reason or NO_REASON,
        open=standing.open,
        severity=0 if standing.severity is None else standing.severity.rank + 1,
        since=_seconds(standing.since),
        last=_seconds(standing.last),
        due=_seconds(standing.due),
    )


def _seconds(moment: datetime | None) -> int | None:
    return None if moment is None else seconds(moment)
