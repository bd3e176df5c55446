"""From the text of a policy file to the policy, or to everything that is wrong with it: file, line, field, expected and got."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from alerts.desk.rotas import shifts_of
from alerts.desk.routing import DRILL
from alerts.policy import MAX_CALENDAR, Maintenance, Officer, Policy, QuietHours, Receiver, Rota, Route
from streams.agreements.check import Fault
from streams.agreements.documents import UnparsedError, parsed
from streams.agreements.locate import line_at, lines_of
from streams.agreements.problems import Place, Problem, field_named
from streams.agreements.read import read_table
from streams.events.times import zone_named

MAX_BYTES = 1_048_576
"""The longest policy that is read, in bytes."""
_SPANS = "'15 min', '24 h' or '7 d'"
_LISTS: Mapping[str, type] = {
    "receivers": Receiver,
    "people": Officer,
    "rotas": Rota,
    "routes": Route,
    "quiet": QuietHours,
    "maintenance": Maintenance,
}
_EXAMPLE = "example-policy.toml"


class PolicyError(ValueError):
    """A policy that cannot be used; ``problems`` has every reason at once, one line of the message each."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def load(path: Path) -> Policy:
    """Read a policy file, and the calendars it names, from beside it.

    Raises:
        PolicyError: with every problem found, each with file, line and field.
        OSError: when the file cannot be read.
    """
    with path.open("rb") as stream:
        content = stream.read(MAX_BYTES + 1)
    return read(path.name, content, lambda name: _calendar(path.parent / name))


def example() -> Policy:
    """The policy that comes along as an example."""
    return read(_EXAMPLE, example_text().encode(), lambda name: _calendar(Path(str(resources.files("alerts"))) / name))


def example_text() -> str:
    """Its text, to begin one's own with."""
    return (resources.files("alerts") / _EXAMPLE).read_text("utf-8")


def read(name: str, content: bytes, calendar: Callable[[str], str]) -> Policy:
    """Read a policy from its bytes.

    Args:
        name: What to call it in problems.
        content: TOML in UTF-8.
        calendar: Gives the text of a calendar by its name in the policy; raises OSError or ValueError where it cannot.

    Raises:
        PolicyError: with every problem found, each with file, line and field.
    """
    try:
        text, raw = parsed(name, content, MAX_BYTES)
    except UnparsedError as error:
        raise PolicyError([error.problem]) from None
    faults: list[Fault] = []
    policy = _policy(raw, calendar, faults)
    if faults or policy is None:
        lines = lines_of(text)
        problems = [Problem(name, line_at(lines, fault.place), field_named(fault.place), fault.message) for fault in faults]
        raise PolicyError(sorted(dict.fromkeys(problems), key=lambda problem: problem.line or 0))
    return policy


def _calendar(path: Path) -> str:
    with path.open("rb") as stream:
        content = stream.read(MAX_CALENDAR + 1)
    if len(content) > MAX_CALENDAR:
        raise ValueError(f"expected a calendar of at most {MAX_CALENDAR} bytes, got more")
    return content.decode()


def _policy(raw: dict[str, Any], calendar: Callable[[str], str], faults: list[Fault]) -> Policy | None:
    """Read table by table, so that one that is wrong does not hide what is wrong with the next."""
    lists = {key: raw[key] for key in _LISTS if isinstance(raw.get(key), list)}
    policy = read_table({key: value for key, value in raw.items() if key not in lists}, Policy, (), faults, _SPANS)
    known = _Known(lists)
    found: dict[str, list[Any]] = {}
    places: dict[str, Place] = {}
    for key, tables in lists.items():
        seen: set[str] = set()
        for number, table in enumerate(tables):
            place: Place = (key, number)
            field = "name" if key == "maintenance" else "id"
            # One with another fault still takes its id.
            if isinstance(table, dict) and (name := str(table.get(field))) in seen:
                faults.append(Fault((*place, field), f"expected {field} to be unique among the {key}, got {name!r} again"))
            elif isinstance(table, dict):
                seen.add(name)
            part = read_table(table, _LISTS[key], place, faults, _SPANS)
            if part is not None:
                found.setdefault(key, []).append(part)
                if isinstance(part, Rota):
                    places.setdefault(part.id, (*place, "calendar"))
                faults.extend(Fault((*place, *fault.place), fault.message) for fault in known.faults(part))
    needed = ("receivers", "people", "routes")
    faults += [Fault((key,), f"expected one [[{key}]] at least, got none") for key in needed if not raw.get(key)]
    people = found.get("people", ())
    rotas = tuple(_with_calendar(rota, places[rota.id], people, calendar, faults) for rota in found.get("rotas", ()))
    if not isinstance(policy, Policy):
        return None
    faults.extend(known.own_faults(policy))
    return msgspec.structs.replace(policy, **{**{key: tuple(parts) for key, parts in found.items()}, "rotas": rotas})


def _with_calendar(
    rota: Rota, place: Place, people: Sequence[Officer], calendar: Callable[[str], str], faults: list[Fault]
) -> Rota:
    if rota.calendar is None:
        return rota
    try:
        whole = msgspec.structs.replace(rota, calendar_text=calendar(rota.calendar))
        shifts_of(whole, people)
    except OSError as error:
        faults.append(Fault(place, f"expected a calendar that can be read, got {rota.calendar}: {error.strerror or error}"))
    except ValueError as error:
        faults.append(Fault(place, f"{rota.calendar}: {error}"))
    else:
        return whole
    return rota


class _Known:
    """The names of a policy as far as they can be read, and what is wrong with tables that name others."""

    def __init__(self, lists: Mapping[str, list[Any]]) -> None:
        tables = {key: [table for table in parts if isinstance(table, dict)] for key, parts in lists.items()}
        self._ids = {key: {str(table.get("id")) for table in tables.get(key, ())} for key in _LISTS}
        self._drills = {str(table.get("id")) for table in tables.get("receivers", ()) if table.get("exercise") is True}

    def faults(self, part: object) -> Iterator[Fault]:
        """What is wrong with one table."""
        match part:
            case Receiver():
                yield from self._receiver(part)
            case Officer():
                for number, receiver in enumerate(part.receivers):
                    yield from self._names_receiver(receiver, ("receivers", number), drill=False)
            case Rota():
                yield from self._rota(part)
            case Route():
                yield from self._route(part)
            case QuietHours():
                yield from _zone(part.zone)
                if part.start == part.end:
                    yield Fault(("end",), f"expected an end other than the start, got {part.end:%H:%M} twice")

    def own_faults(self, policy: Policy) -> Iterator[Fault]:
        """What is wrong beside the tables."""
        for number, receiver in enumerate(policy.exercise):
            yield from self._names_receiver(receiver, ("exercise", number), drill=True)
        for number, target in enumerate(policy.trouble):
            yield from self._names(target, ("trouble", number))
        if policy.link is not None and "{page}" not in policy.link:
            yield Fault(("link",), f"expected {{page}} where the page's id goes, got {policy.link!r}")

    def _receiver(self, receiver: Receiver) -> Iterator[Fault]:
        given = [field for field in ("url", "url_file") if getattr(receiver, field) is not None]
        if receiver.kind == "log" and given:
            yield Fault((given[0],), "expected none: a log has no address")
        elif receiver.kind != "log" and len(given) != 1:
            yield Fault(("url",), "expected either `url` or, where the address holds a secret, `url_file`")
        if receiver.url is not None and _has_password(receiver.url):
            yield Fault(("url",), "expected no password in the policy: put the address into a file and name it in `url_file`")
        for number, other in enumerate(receiver.instead):
            if other == receiver.id:
                yield Fault(("instead", number), "expected another receiver than itself")
            yield from self._names_receiver(other, ("instead", number), drill=receiver.exercise)

    def _rota(self, rota: Rota) -> Iterator[Fault]:
        yield from _zone(rota.zone)
        for number, person in enumerate(rota.people):
            yield from self._named("people", person, ("people", number))
        for number, override in enumerate(rota.overrides):
            yield from self._named("people", override.person, ("overrides", number, "person"))
        if rota.calendar_text is not None:
            yield Fault(("calendar_text",), "expected none: name a file in `calendar`")

    def _route(self, route: Route) -> Iterator[Fault]:
        if route.id == DRILL:
            yield Fault(("id",), f"expected another id than {DRILL!r}: that is the way of drills")
        for number, step in enumerate(route.steps):
            for place, target in enumerate(step.to):
                yield from self._names(target, ("steps", number, "to", place))
        if route.quiet is not None:
            yield from self._named("quiet", route.quiet, ("quiet",))

    def _names(self, target: str, place: Place) -> Iterator[Fault]:
        kind, _, name = target.partition(":")
        if kind == "receiver":
            yield from self._names_receiver(name, place, drill=False)
        else:
            yield from self._named("people" if kind == "person" else "rotas", name, place)

    def _names_receiver(self, name: str, place: Place, *, drill: bool) -> Iterator[Fault]:
        unknown = list(self._named("receivers", name, place))
        yield from unknown
        if not unknown and (name in self._drills) != drill:
            wanted = "with `exercise = true`: no drill may reach a real one" if drill else "that is not for exercises only"
            yield Fault(place, f"expected a receiver {wanted}, got {name!r}")

    def _named(self, key: str, name: str, place: Place) -> Iterator[Fault]:
        if name not in self._ids[key]:
            near = get_close_matches(name, self._ids[key], n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            yield Fault(place, f"expected the id of one of the {key}, got {name!r}{hint}")


def _zone(zone: str) -> Iterator[Fault]:
    try:
        zone_named(zone)
    except ValueError as error:
        yield Fault(("zone",), str(error))


def _has_password(url: str) -> bool:
    try:
        return bool(urlsplit(url).password)
    except ValueError:
        return False
