"""What the types of an agreement cannot say by themselves: names that must exist, orders, overlaps, calendars.

Checks of one table, of one agreement and of a set of agreements; each yields the places at fault, for the loader to
put file and line to.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

import msgspec

from streams.agreements.model import (
    Agreement,
    Balance,
    Benchmark,
    Cadence,
    Calendar,
    Channel,
    Conformance,
    Epoch,
    Feed,
    Obligation,
    Prior,
    Response,
    Standing,
    Step,
)
from streams.agreements.problems import Place
from streams.calendars import Slots
from streams.events.times import zone_named
from streams.spans import Span

_ANY_DAY = datetime(2024, 1, 1, tzinfo=UTC)
_SAMPLE = timedelta(days=70)


class Fault(NamedTuple):
    """A field at fault, counted from the table or agreement that was checked."""

    place: Place
    message: str


def feed_faults(feed: Feed) -> Iterator[Fault]:
    """Whether the feed can ever be told from a silent one."""
    if _length(feed.heartbeat) <= timedelta():
        yield Fault(("heartbeat",), "expected a span longer than nothing")
    if _length(feed.silent_after) < _length(feed.heartbeat):
        yield Fault(
            ("silent_after",),
            f"expected at least one heartbeat ({feed.heartbeat}), got {feed.silent_after}: never heard in time",
        )


def channel_faults(channel: Channel) -> Iterator[Fault]:
    """Whether the channel's own fields agree."""
    yield from _unverified_faults(channel, channel.unverified)


def obligation_faults(obligation: Obligation) -> Iterator[Fault]:
    """Whether one obligation is whole and does not contradict itself."""
    yield from _unverified_faults(obligation, obligation.unverified)
    yield from _epoch_faults(obligation.epochs)
    match obligation:
        case Prior():
            if obligation.longest_lead is not None and _length(obligation.longest_lead) < _length(obligation.lead):
                yield Fault(("longest_lead",), f"expected at least `lead` ({obligation.lead}), got {obligation.longest_lead}")
        case Cadence():
            yield from _step_faults(obligation.steps)
            if obligation.calendar is not None:
                yield from _calendar_faults(obligation.calendar, _length(obligation.early) + _length(obligation.grace))
        case Response():
            yield from _step_faults(obligation.steps)
            yield from _response_faults(obligation)
        case _:
            pass


def agreement_faults(agreement: Agreement) -> Iterator[Fault]:
    """Whether the tables of one agreement fit together; each table by itself is taken to be sound."""
    yield from _unverified_faults(agreement, agreement.unverified)
    parties = frozenset(agreement.parties)
    seen: set[str] = set()
    priors = {obligation.id for obligation in agreement.obligations if isinstance(obligation, Prior)}
    for number, channel in enumerate(agreement.channels):
        yield from _party_faults(channel.parties, parties, ("channels", number, "parties"))
    for number, obligation in enumerate(agreement.obligations):
        place: Place = ("obligations", number)
        if obligation.id in seen:
            yield Fault((*place, "id"), f"expected an id that is unique in the agreement, got {obligation.id!r} again")
        seen.add(obligation.id)
        if isinstance(obligation, Conformance | Balance) and obligation.notices not in priors:
            yield Fault(
                (*place, "notices"),
                f"expected the id of a `prior` obligation of this agreement ({_listed(priors)}), got {obligation.notices!r}",
            )
        for field, named in _parties_named(obligation):
            yield from _party_faults(named, parties, (*place, *field))


def set_faults(agreements: Sequence[Agreement], also_known: Collection[tuple[str, str]] = ()) -> Iterator[tuple[int, Fault]]:
    """Whether a set of agreements fits together: unique ids, and names of channels and feeds that exist.

    Args:
        agreements: The set.
        also_known: Channels and feeds that exist outside it: ``("channel", "phone")``.

    Yields:
        The index of the agreement at fault, and the fault.
    """
    owners: dict[tuple[str, str], str] = {}
    for index, agreement in enumerate(agreements):
        named: list[tuple[str, str, Place]] = [("agreement", agreement.id, ("id",))]
        named += [("channel", channel.id, ("channels", n, "id")) for n, channel in enumerate(agreement.channels)]
        named += [("feed", feed.id, ("feeds", n, "id")) for n, feed in enumerate(agreement.feeds)]
        for sort, name, place in named:
            if (sort, name) in owners:
                yield (
                    index,
                    Fault(place, f"expected an id of its own, got {name!r}, the id of another {sort} ({owners[sort, name]})"),
                )
            owners.setdefault((sort, name), agreement.id)
    known = {*also_known, *owners}
    for index, agreement in enumerate(agreements):
        for place, sort, name in _references(agreement):
            if (sort, name) not in known:
                yield index, Fault(place, f"expected the id of a {sort} that some agreement has, got {name!r}")


def _references(agreement: Agreement) -> Iterator[tuple[Place, str, str]]:
    for number, channel in enumerate(agreement.channels):
        if channel.feed is not None:
            yield ("channels", number, "feed"), "feed", channel.feed
    for number, obligation in enumerate(agreement.obligations):
        if obligation.feed is not None:
            yield ("obligations", number, "feed"), "feed", obligation.feed
        if isinstance(obligation, Prior | Cadence | Response | Standing):
            for position, name in enumerate(obligation.channels):
                yield ("obligations", number, "channels", position), "channel", name


def _parties_named(obligation: Obligation) -> Iterator[tuple[Place, Iterable[str]]]:
    match obligation:
        case Prior():
            yield ("launchers",), obligation.launchers
            yield ("recipients",), obligation.recipients
            yield ("scope", "directions"), obligation.scope.directions
        case Response():
            for number, dyad in enumerate(obligation.dyads):
                yield ("dyads", number), dyad
        case Benchmark(party=str(party)):
            yield ("party",), (party,)
        case _:
            pass


def _party_faults(named: Iterable[str], parties: Collection[str], place: Place) -> Iterator[Fault]:
    for party in named:
        if party not in parties:
            yield Fault(place, f"expected parties of the agreement ({_listed(parties)}), got {party!r}")


def _response_faults(response: Response) -> Iterator[Fault]:
    if response.trigger == "request":
        if not response.channels:
            yield Fault(("channels",), 'expected the channels whose requests are meant, with trigger = "request"; got none')
        for field, value in (("dyads", response.dyads), ("raise", response.raised)):
            if value:
                yield Fault((field,), f'expected `{field}` only with trigger = "incident"')
    elif response.channels:
        yield Fault(("channels",), 'expected `channels` only with trigger = "request"; an incident asks for contact on any')


def _step_faults(steps: Sequence[Step]) -> Iterator[Fault]:
    for number, (before, step) in enumerate(pairwise(steps), start=1):
        if _length(step.after) <= _length(before.after):
            yield Fault(
                ("steps", number, "after"), f"expected a span longer than the step before's {before.after}, got {step.after}"
            )


def _epoch_faults(epochs: Sequence[Epoch]) -> Iterator[Fault]:
    in_order = sorted(enumerate(epochs), key=lambda pair: pair[1].start or date.min)
    for (_, before), (number, epoch) in pairwise(in_order):
        if before.until is None or epoch.start is None or epoch.start < before.until:
            yield Fault(
                ("epochs", number), f"expected epochs that do not overlap, got one {_days(before)} and one {_days(epoch)}"
            )


def _days(epoch: Epoch) -> str:
    return f"from {epoch.start or 'ever'} until {epoch.until or 'ever'}"


def _calendar_faults(calendar: Calendar, width: timedelta) -> Iterator[Fault]:
    """Whether every part of the calendar can be read, checks fall due at all, and no answer could count for two."""
    sound = True
    for number, rule in enumerate(calendar.rules):
        try:
            if "SECONDLY" in rule.upper():
                raise ValueError(f"expected a rule of whole minutes at least, got {rule!r}")
            Slots(Calendar(rules=(rule,)))
        except ValueError as error:
            sound = False
            yield Fault(("calendar", "rules", number), str(error))
    try:
        zone_named(calendar.zone)
    except ValueError as error:
        sound = False
        yield Fault(("calendar", "zone"), str(error))
    if calendar.holidays is not None:
        try:
            Slots(Calendar(rules=("FREQ=DAILY",), holidays=calendar.holidays))
        except ValueError as error:
            sound = False
            yield Fault(("calendar", "holidays"), str(error))
    if not sound:
        return
    slots = Slots(calendar)
    if slots.next_from(_ANY_DAY) is None:
        yield Fault(
            ("calendar", "rules"), f"expected rules by which a check falls due, got none in ten years from {_ANY_DAY:%Y}"
        )
        return
    for before, after in pairwise(slots.between(_ANY_DAY, _ANY_DAY + _SAMPLE)):
        if after - before < width:
            yield Fault(
                ("grace",),
                f"expected `early` and `grace` together shorter than the {after - before} from one check to the next, "
                f"got {width}: one answer would count for two",
            )
            return


def _unverified_faults(table: msgspec.Struct, names: Sequence[str]) -> Iterator[Fault]:
    for number, name in enumerate(names):
        if not _has_field(table, name):
            fields = _listed(field.encode_name for field in msgspec.structs.fields(table))
            yield Fault(("unverified", number), f"expected the name of a field of this table ({fields}), got {name!r}")


def _has_field(table: object, dotted: str) -> bool:
    for name in dotted.split("."):
        if not isinstance(table, msgspec.Struct):
            return False
        found = [field.name for field in msgspec.structs.fields(table) if field.encode_name == name]
        if not found:
            return False
        table = getattr(table, found[0])
    return True


def _length(span: Span) -> timedelta:
    return span.after(_ANY_DAY) - _ANY_DAY


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "it has none"
