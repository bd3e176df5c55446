"""Puts the floor together: what the watch says, how the channels stand, what was reported."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from dashboards.page.floor import (
    ChannelRow,
    Condition,
    DyadRow,
    FeedRow,
    Floor,
    IncidentRow,
    LapseRow,
    LaunchRow,
    Layer,
    NoticeRow,
    pair_of,
)
from dashboards.page.scene import Scene, Scenes, Told
from dashboards.page.words import headline
from streams.agreements.model import Agreement
from streams.events import Interval
from streams.events.incidents import dyad
from streams.lapses import Lapse
from streams.obligations.response import canonical
from streams.posture import Stand, Standing
from streams.rulebook import RuleBook, dyads_of, pairs_asked
from streams.scorecard.lines import Line
from streams.severity import Severity, worst

MOST_LAPSES = 300
"""Open lapses that are shown; nobody looks at more."""
RECENT = timedelta(days=30)
"""How long a launch, an incident that was talked about, or a lapse that is over stays on the floor."""
_MOST_RECENT = 40
_STANDS: dict[Stand, Condition] = {
    Stand.GOOD: "good",
    Stand.LATE: "late",
    Stand.LAPSED: "lapsed",
    Stand.UNKNOWN: "unknown",
}
_CONDITIONS = {"up": Stand.GOOD, "lapsed": Stand.LAPSED, "unknown": Stand.UNKNOWN}
_GRAVITY = ("low", "elevated", "high", "critical")


class Surveyor:
    """Draws floors under one set of agreements."""

    def __init__(self, agreements: Sequence[Agreement]) -> None:
        self.book = RuleBook(agreements)
        self.agreements = {agreement.id: agreement for agreement in agreements}
        self._tried = {name for rule in self.book.cadences for name in rule.obligation.channels}
        """Channels that are tried on a calendar, or never longer apart than a rule says."""
        self._contacts = [(rule, pairs_asked(rule)) for rule in self.book.responses if rule.obligation.trigger == "incident"]

    def floor(self, at: datetime | None, lapses: Sequence[Lapse], standings: Iterable[Standing], scenes: Scenes) -> Floor:
        """The floor.

        Args:
            at: The moment, UTC.
            lapses: Those on the books then, resolved ones too, withdrawn ones not.
            standings: How everything stands then: ``streams.floor.floor``, or ``in_hindsight``.
            scenes: What was reported.
        """
        found = list(standings)
        lines = [one for one in found if one.kind == "channel"]
        channels = {one.name: self._channel(one, lapses, scenes.real) for one in lines if one.reason != "never-heard"}
        shown, more = self._lapses(lapses, at)
        return Floor(
            at=at,
            more=more,
            silent=len(lines) - len(channels),
            lapses=shown,
            channels=channels,
            dyads={row.id: row for row in self._dyads(found, channels.values(), lapses)},
            feeds={row.id: row for row in self._feeds(found)},
            notices={row.id: row for each, drill in worlds(scenes) for row in _notices(each, at, drill)},
            launches={row.id: row for each, drill in worlds(scenes) for row in _launches(each, at, drill)},
            incidents={row.id: row for each, drill in worlds(scenes) for row in self._incidents(each, at, drill)},
        )

    def row(self, lapse: Lapse, kin: Mapping[str | None, int]) -> LapseRow:
        """One lapse, short."""
        about, wrong = headline(lapse, self.book, self.agreements)
        return LapseRow(
            id=lapse.id,
            state=lapse.state,
            severity=lapse.severity,
            about=about,
            wrong=wrong,
            dyad=dyad_of(lapse),
            parties=lapse.parties,
            rule=f"{lapse.agreement}/{lapse.rule}",
            obligation=lapse.obligation,
            reason=lapse.reason,
            subject=lapse.subject,
            onset=lapse.onset,
            deadline=lapse.deadline,
            resolved=lapse.resolved,
            revision=lapse.revision,
            group=lapse.group,
            kin=kin.get(lapse.group, 0) if lapse.group is not None else 0,
            proposed=lapse.proposed,
            unverified=bool(lapse.unverified),
            exercise=lapse.exercise,
        )

    def _lapses(self, lapses: Sequence[Lapse], at: datetime | None) -> tuple[dict[str, LapseRow], int]:
        standing = [lapse for lapse in lapses if lapse.state in ("open", "unknown")]
        standing.sort(key=lambda lapse: (lapse.exercise, lapse.state == "unknown", -lapse.severity.rank, lapse.onset, lapse.id))
        over = [
            lapse
            for lapse in lapses
            if lapse.state == "resolved" and lapse.resolved is not None and at is not None and at - lapse.resolved <= RECENT
        ]
        over.sort(key=lambda lapse: (lapse.resolved, lapse.id), reverse=True)
        kin = Counter(lapse.group for lapse in standing)
        rows = (self.row(lapse, kin) for lapse in (*standing[:MOST_LAPSES], *over[:_MOST_RECENT]))
        return {drilled(row.id, row.exercise): row for row in rows}, max(0, len(standing) - MOST_LAPSES)

    def _channel(self, standing: Standing, lapses: Sequence[Lapse], scene: Scene) -> ChannelRow:
        channel = self.book.channels[standing.name]
        about = [
            lapse
            for lapse in lapses
            if not lapse.exercise
            and lapse.state in ("open", "unknown")
            and (lapse.subject == channel.id or lapse.subject.startswith(f"{channel.id}/"))
        ]
        check = scene.checks.get(channel.id)
        return ChannelRow(
            id=channel.id,
            title=channel.title,
            dyad=pair_of(channel),
            kind=channel.kind,
            stand=_STANDS[standing.stand],
            transport=_transport(check, standing.last, tried=channel.id in self._tried),
            liveness=_liveness(about, standing),
            policy=_policy(about, scene.statuses.get(channel.id), standing.last),
            military=channel.military,
            proposed=channel.hypothetical,
            last=standing.last,
            due=standing.due,
            since=standing.since,
            open=standing.open,
        )

    def _dyads(
        self, standings: Iterable[Standing], channels: Iterable[ChannelRow], lapses: Sequence[Lapse]
    ) -> Iterator[DyadRow]:
        """The dyads of which anything was heard; a lapse between the two counts whatever it is about."""
        stands = {one.name: one for one in standings if one.kind == "dyad" and one.reason != "never-heard"}
        lines: dict[str, list[ChannelRow]] = {}
        for row in channels:
            if not row.proposed:
                for pair in dyads_of(self.book.channels[row.id].parties):
                    lines.setdefault(pair, []).append(row)
        loud: dict[str, list[Lapse]] = {}
        for lapse in lapses:
            if lapse.state == "open" and not lapse.exercise:
                loud.setdefault(dyad_of(lapse), []).append(lapse)
        for pair in sorted({*lines, *(name for name in loud if name)}):
            rows, found, stand = lines.get(pair, []), loud.get(pair, []), stands.get(pair)
            tally = Counter(row.stand for row in rows)
            severe: Severity | None = None
            for lapse in found:
                severe = lapse.severity if severe is None else worst(severe, lapse.severity)
            unknown = bool(rows) and tally["unknown"] == len(rows)
            said: Condition = _STANDS[stand.stand] if stand is not None else "unknown" if unknown else "good"
            yield DyadRow(
                id=pair,
                stand="lapsed" if severe is not None and severe is not Severity.INFO else said,
                open=len(found),
                worst=severe,
                alive=tally["good"] + tally["late"],
                lapsed=tally["lapsed"],
                unknown=tally["unknown"],
                channels=len(rows),
                last=max((row.last for row in rows if row.last is not None), default=None if stand is None else stand.last),
                due=None if stand is None else stand.due,
            )

    def _feeds(self, standings: Iterable[Standing]) -> Iterator[FeedRow]:
        for one in standings:
            if one.kind == "feed" and one.last is not None:
                title = self.book.feeds[one.name].title
                yield FeedRow(id=one.name, title=title, stand=_STANDS[one.stand], last=one.last, due=one.due)

    def _incidents(self, scene: Scene, at: datetime | None, drill: bool) -> Iterator[IncidentRow]:
        for name, claims in scene.incidents.items():
            if not claims:
                continue
            report = canonical(claims.values())
            data = report.data
            pair = dyad(*data.parties)
            occurred = report.occurred
            sign = scene.contact_after(pair, occurred.earliest)
            contact = None if sign is None else sign.earliest
            if at is not None and contact is not None and contact > at:
                contact = None
            if at is not None and contact is not None and at - contact > RECENT:
                continue
            gravity = max((claim.data.gravity for claim in claims.values()), key=_GRAVITY.index)
            yield IncidentRow(
                id=drilled(name, drill),
                dyad=pair,
                at=occurred.earliest,
                vague=occurred.earliest != occurred.latest,
                gravity=gravity,
                domain=data.domain,
                text=data.text[:300] if data.text else None,
                place=data.place,
                contact=contact,
                owed=self._owed(pair, gravity, occurred),
                claims=len(claims),
                exercise=drill,
            )

    def _owed(self, pair: str, gravity: str, occurred: Interval) -> datetime | None:
        """By when the first rule that asks for it wants contact."""
        return min(
            (
                rule.obligation.steps[0].after.after(occurred.latest)
                for rule, pairs in self._contacts
                if pair in pairs
                and _GRAVITY.index(gravity) >= _GRAVITY.index(rule.obligation.gravity)
                and rule.in_force(occurred.earliest)
            ),
            default=None,
        )


def with_keepers(floor: Floor, has: Mapping[tuple[bool, str], str]) -> Floor:
    """The floor with who has which lapse; by whether it is a drill's, and its id."""
    if not has:
        return floor
    rows = {
        key: replace(row, has=said) if (said := has.get((row.exercise, row.id))) is not None else row
        for key, row in floor.lapses.items()
    }
    return replace(floor, lapses=rows)


def worlds(scenes: Scenes) -> tuple[tuple[Scene, bool], ...]:
    """The real world, and that of the drills."""
    return (scenes.real, False), (scenes.drill, True)


def drilled(name: str, drill: bool) -> str:
    """The name of a row: a drill's may have the id of a real one, in a world of its own."""
    return f"exercise:{name}" if drill else name


def dyad_of(lapse: Lapse) -> str:
    """The pair of a lapse that concerns two parties; all of them with dashes where they are more."""
    return "-".join(sorted(set(lapse.parties)))


def in_hindsight(lines: Iterable[Line]) -> Iterator[Standing]:
    """How the channels stood at the end of their lines, by all that is known today.

    What was due next is not told: a watch that knows today's evidence reckons what is due today.
    """
    for line in lines:
        last = line.segments[-1] if line.segments else None
        yield Standing(
            kind="channel",
            name=line.channel.id,
            stand=Stand.UNKNOWN if last is None else _CONDITIONS[last.condition],
            since=None if last is None else last.start,
            last=line.contacts[-1].earliest if line.contacts else None,
            open=0,
        )


def _transport(check: Told | None, last: datetime | None, *, tried: bool) -> Layer:
    if check is not None and check.what == "no-carrier" and (last is None or last <= check.at):
        return Layer(stand="lapsed", says="no carrier", at=check.at)
    if check is not None and check.what == "unanswered" and (last is None or last <= check.at):
        return Layer(stand="good", says="it rang", at=check.at)
    if last is not None:
        return Layer(stand="good", says="carried", at=last)
    return Layer(stand="unknown" if tried else "none", says="never tried" if tried else "is not tried")


def _liveness(about: Sequence[Lapse], standing: Standing) -> Layer:
    for lapse in about:
        if lapse.obligation in ("cadence", "response"):
            says = "nobody can say" if lapse.state == "unknown" else lapse.reason.replace("-", " ")
            return Layer(stand="unknown" if lapse.state == "unknown" else "lapsed", says=says, at=lapse.onset)
    if standing.stand is Stand.LATE:
        return Layer(stand="late", says=standing.reason or "late", at=standing.since)
    if standing.last is None:
        return Layer(stand="unknown", says="never heard")
    return Layer(stand="unknown" if standing.stand is Stand.UNKNOWN else "good", says="answered", at=standing.last)


def _policy(about: Sequence[Lapse], status: Told | None, last: datetime | None) -> Layer:
    for lapse in about:
        if lapse.obligation == "standing":
            promised = status is not None and status.what == "agreed-to-resume" and status.at >= lapse.onset
            says = f"{lapse.reason}, promised to resume" if promised else lapse.reason
            return Layer(stand="lapsed", says=f"{says} ({lapse.parties[0]})", at=lapse.onset)
    if status is not None and status.what in ("suspended", "cancelled") and (last is None or last <= status.at):
        # Nothing that is in force forbids it: said all the same.
        return Layer(stand="late", says=f"{status.what} ({status.by})", at=status.at)
    return Layer(stand="good", says="not switched off" if status is None else "open", at=None if status is None else status.at)


def _notices(scene: Scene, at: datetime | None, drill: bool) -> Iterator[NoticeRow]:
    for series in scene.series():
        last = series.revisions[-1]
        windows = last.windows
        closes = max((window.closes for window in windows), default=None)
        if last.status == "cancelled" or (closes is not None and at is not None and closes < at):
            continue
        if closes is None and at is not None and at - last.issued.latest > RECENT:
            continue
        # Of several windows the one that counts is the one that comes, or is open.
        coming = [window for window in windows if at is None or window.closes >= at]
        areas = tuple(area for area in (last.launch_area, *last.impact_areas) if area is not None)
        yield NoticeRow(
            id=drilled(f"{series.party}/{series.key}", drill),
            party=series.party,
            status=last.status,
            issued=last.issued.earliest,
            opens=coming[0].opens if coming else None,
            closes=coming[0].closes if coming else None,
            windows=len(coming),
            launch_class=last.launch_class,
            recipients=tuple(sorted({party for one in series.revisions for party in one.received})),
            via=last.via,
            areas=areas,
            unread=last.unread,
            exercise=drill,
        )


def _launches(scene: Scene, at: datetime | None, drill: bool) -> Iterator[LaunchRow]:
    recent = [launch for launch in scene.launches() if at is None or timedelta() <= at - launch.occurred.earliest <= RECENT]
    recent.sort(key=lambda launch: launch.occurred.earliest, reverse=True)
    for launch in recent[:_MOST_RECENT]:
        words = [claim.data.notified for claim in launch.notified]
        yield LaunchRow(
            id=drilled(f"{launch.party}/{launch.key}", drill),
            party=launch.party,
            at=launch.occurred.earliest,
            launch_class=launch.launch_class,
            site=launch.site,
            impact=launch.impact,
            range_km=launch.range_km,
            count=launch.count,
            claims=len(launch.claims),
            notified=any(words) if words else None,
            exercise=drill,
        )
