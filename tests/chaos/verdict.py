"""Whether what was found after faults is what the undisturbed run finds: lapses, pages, points. Pure.

A lapse is told by its id and revision: the same revision may stand in the log twice, and says the same then. A page is told by
its key: a desk that dies between a word and its record says it again, under the same key. A point is told by its time and tags.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

from alerts.sendings import Sending
from streams.lapses import decode_lapse
from tests.influx.told import Told, by_time

What = Literal["missing", "unexpected", "different", "twice"]
Where = Literal["lapse", "page", "point", "end"]
"""``end`` is that of the story, which did not come."""


class Difference(NamedTuple):
    """One way in which what was found is not what was to be found."""

    where: Where
    what: What
    which: str

    def __str__(self) -> str:
        return f"{self.where} {self.what}: {self.which}"


@dataclass(frozen=True)
class Outcome:
    """What came of a story.

    Attributes:
        lapses: The records of the lapses topic, in its order; the same one may stand there twice.
        pages: How often each lapse was told of, by its id and the kind of word, each word counted once by its key.
        points: What stands in the database, by measurement.
    """

    lapses: Sequence[bytes]
    pages: Counter[tuple[str, str]]
    points: Told = field(default_factory=dict)


def told_of(sendings: Sequence[Sending], delivered: Sequence[str] | None = None) -> Counter[tuple[str, str]]:
    """How often each lapse is told of by sendings: by those that were delivered, where these are given by their keys."""
    keys = None if delivered is None else set(delivered)
    by_key = {sending.key: sending for sending in sendings if keys is None or sending.key in keys}
    return Counter((lapse.id, sending.kind) for sending in by_key.values() for lapse in sending.lapses)


def compare(expected: Outcome, found: Outcome) -> list[Difference]:
    """All differences; none where the faults left no trace."""
    return [*_lapses(expected, found), *_pages(expected, found), *_points(expected, found)]


def _lapses(expected: Outcome, found: Outcome) -> Iterator[Difference]:
    told: dict[tuple[bool, str, int], bytes] = {}
    for record in found.lapses:
        lapse = decode_lapse(record)
        key = (lapse.exercise, lapse.id, lapse.revision)
        if told.setdefault(key, record) != record:
            yield Difference("lapse", "twice", f"{lapse.id} revision {lapse.revision}, and not alike")
    wanted = {
        (lapse.exercise, lapse.id, lapse.revision): record for record in expected.lapses for lapse in [decode_lapse(record)]
    }
    for key in wanted.keys() | told.keys():
        name = f"{key[1]} revision {key[2]}"
        if key not in told:
            yield Difference("lapse", "missing", name)
        elif key not in wanted:
            yield Difference("lapse", "unexpected", name)
        elif told[key] != wanted[key]:
            one, other = decode_lapse(wanted[key]), decode_lapse(told[key])
            fields = [each for each in one.__struct_fields__ if getattr(one, each) != getattr(other, each)]
            said = "; ".join(f"{each} {getattr(other, each)!r} and not {getattr(one, each)!r}" for each in fields)
            yield Difference("lapse", "different", f"{name}: {said}")


def _pages(expected: Outcome, found: Outcome) -> Iterator[Difference]:
    for key in expected.pages.keys() | found.pages.keys():
        wanted, told = expected.pages[key], found.pages[key]
        if told != wanted:
            what: What = "missing" if told < wanted else "unexpected" if not wanted else "twice"
            yield Difference("page", what, f"{key[1]} of {key[0]}, {told} times and not {wanted}")


def _points(expected: Outcome, found: Outcome) -> Iterator[Difference]:
    for measurement in expected.points.keys() | found.points.keys():
        wanted = Counter(map(by_time, expected.points.get(measurement, [])))
        told = Counter(map(by_time, found.points.get(measurement, [])))
        for point in (wanted - told).elements():
            yield Difference("point", "missing", f"{measurement} {point}")
        for point in (told - wanted).elements():
            yield Difference("point", "unexpected", f"{measurement} {point}")


def doctored(outcome: Outcome, dice: random.Random) -> dict[tuple[Where, str], Outcome]:
    """What came of a story, falsified in each way in which a fault could have: a verdict must notice every one of them."""
    lapses, pages = list(outcome.lapses), outcome.pages
    place = dice.randrange(len(lapses))
    page = dice.choice(sorted(pages))
    measurement = dice.choice(sorted(name for name, points in outcome.points.items() if points))
    points = outcome.points[measurement]
    point = dice.randrange(len(points))

    def with_points(change: Callable[[list[dict[str, Any]]], object]) -> Outcome:
        copy = [dict(each) for each in points]
        change(copy)
        return replace(outcome, points={**outcome.points, measurement: copy})

    def with_page(times: int) -> Outcome:
        return replace(outcome, pages=Counter({**pages, page: times}))

    another = decode_lapse(lapses[place])
    return {
        ("lapse", "lost"): replace(outcome, lapses=lapses[:place] + lapses[place + 1 :]),
        ("lapse", "doubled"): replace(
            outcome, lapses=[*lapses, lapses[place].replace(another.id.encode(), another.id[::-1].encode(), 1)]
        ),
        ("lapse", "told otherwise"): replace(
            outcome, lapses=[*lapses, lapses[place].replace(b'"clause":"', b'"clause":"Not: ', 1)]
        ),
        ("page", "lost"): with_page(pages[page] - 1),
        ("page", "doubled"): with_page(pages[page] + 1),
        ("point", "lost"): with_points(lambda copy: copy.pop(point)),
        ("point", "doubled"): with_points(lambda copy: copy.append(dict(copy[point]))),
        ("point", "told otherwise"): with_points(
            lambda copy: copy[point].update(_time=copy[point]["_time"].replace(year=1999))
        ),
    }


class BlindError(Exception):
    """The verdict did not notice what was planted: it proves nothing."""


def self_check(outcome: Outcome, seed: int) -> int:
    """Plant every kind of loss and doubling and demand that it is noticed, where it was planted; how many there were.

    Raises:
        BlindError: when one was not.
    """
    if differences := compare(outcome, outcome):
        raise BlindError(f"an outcome differs from itself: {differences[0]}")
    planted = doctored(outcome, random.Random(seed))
    for (where, how), false in planted.items():
        noticed = {difference.where for difference in compare(outcome, false)}
        if noticed != {where}:
            raise BlindError(f"a {where} was {how}, and noticed was: {', '.join(sorted(noticed)) or 'nothing'}")
    return len(planted)
