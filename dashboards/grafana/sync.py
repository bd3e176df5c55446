"""Bring a Grafana to what is wanted, and no further: what differs is written, read back and compared; the rest stays."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from dashboards.grafana.alerting.contacts import secret_settings
from dashboards.grafana.alerting.policies import ours
from dashboards.grafana.api import Server
from dashboards.grafana.sameness import REDACTED, differences
from dashboards.grafana.server import Found, Plain, found, remove, write
from dashboards.grafana.source import SECRETS
from dashboards.grafana.wanted import Wanted

POLICY = "policies"
BRANCH = "steadyline"
_ORDER = ("sources", "folders", "mutes", "templates", "contacts", POLICY, "dashboards", "groups")
"""Each after what it names: policies name contacts and mute timings, rules a folder."""
_NEVER_REMOVED = frozenset({"sources", "folders", POLICY})


class Difference(NamedTuple):
    """One thing that is not as it ought to be.

    Attributes:
        kind: ``dashboards``, ``groups``, ...
        what: ``missing``, ``differs``, or ``not wanted`` of what is ours and no longer wanted.
        places: Where in it, where it differs.
    """

    kind: str
    name: str
    what: str
    places: tuple[str, ...] = ()

    def __str__(self) -> str:
        more = f", {len(self.places) - _SHOWN} more" if len(self.places) > _SHOWN else ""
        where = f": {', '.join(self.places[:_SHOWN])}{more}" if self.places else ""
        return f"{self.kind} {self.name}: {self.what}{where}"


_SHOWN = 5


class NotTakenError(Exception):
    """Grafana took everything and has something else all the same.

    Attributes:
        left: What still differs.
    """

    def __init__(self, left: Sequence[Difference]) -> None:
        super().__init__(f"Grafana said yes and has something else: {'; '.join(map(str, left))}")
        self.left = left


def compare(wanted: Wanted, there: Found) -> list[Difference]:
    """Everything that differs, in the order in which it would be written."""
    result: list[Difference] = []
    for kind in _ORDER:
        if kind == POLICY:
            result += _compared(kind, BRANCH, wanted.policy, there.policy())
            continue
        asked, has = _kind(wanted, kind), _kind(there, kind)
        for name, whole_thing in asked.items():
            thing = {key: value for key, value in whole_thing.items() if key != SECRETS}
            result += _compared(kind, name, thing, has.get(name), whole=kind == "dashboards")
        if kind not in _NEVER_REMOVED:
            result += (Difference(kind, name, "not wanted") for name in has if name not in asked)
    return result


def push(server: Server, wanted: Wanted, *, prune: bool = True) -> list[Difference]:
    """Write what differs, and remove what is ours and not wanted; what was done.

    Raises:
        ApiError: when the server refuses something; what was written before stays, and the same again goes on from there.
        NotTakenError: when what is read back is not what was written.
    """
    there = found(server)
    todo = [one for one in compare(wanted, there) if prune or one.what != "not wanted"]
    # The newest layer goes first: a contact can be removed once no policy names it any more.
    written = [one for one in todo if one.what != "not wanted"]
    for one in written:
        write(server, one.kind, one.name, _tree(wanted, there) if one.kind == POLICY else _kind(wanted, one.kind)[one.name])
    removed = [one for one in reversed(todo) if one.what == "not wanted"]
    for one in removed:
        remove(server, one.kind, one.name)
    if todo:
        left = [one for one in compare(wanted, found(server)) if prune or one.what != "not wanted"]
        if left:
            raise NotTakenError(left)
    return [*written, *removed]


def kept(there: Found) -> dict[str, Plain]:
    """What is there, each thing by the name of a file to keep it in; addresses of contacts are left out."""
    made: dict[str, Plain] = {f"{POLICY}.json": there.tree}
    for kind in _ORDER:
        if kind not in (POLICY, "folders", "sources"):
            made |= {f"{kind}/{_file(name)}.json": thing for name, thing in _kind(there, kind).items()}
    for name, contact in there.contacts.items():
        settings = {key: REDACTED if key in secret_settings() else value for key, value in contact.get("settings", {}).items()}
        made[f"contacts/{_file(name)}.json"] = contact | {"settings": settings}
    return dict(sorted(made.items()))


def _kind(things: Wanted | Found, kind: str) -> Mapping[str, Any]:
    found_things: Mapping[str, Any] = getattr(things, kind)
    return found_things


def _compared(kind: str, name: str, thing: object, there: object, *, whole: bool = False) -> list[Difference]:
    if not there:
        return [Difference(kind, name, "missing")]
    places = tuple(differences(thing, there, whole=whole))
    return [Difference(kind, name, "differs", places)] if places else []


def _tree(wanted: Wanted, there: Found) -> Plain:
    """The tree that is there with our branch first: whatever others have in it stays as it is."""
    others = [route for route in there.tree.get("routes") or () if not ours(route)]
    return {key: value for key, value in there.tree.items() if key != "provenance"} | {"routes": [wanted.policy, *others]}


def _file(name: str) -> str:
    """A name as that of a file: a server's names are not trusted to be harmless."""
    return "".join(char if char.isalnum() or char in "-_ " else "_" for char in name)
