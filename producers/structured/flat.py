"""The flat form of a notice: the fields of the event and of the notice side by side, under the names that the events have.

``issued`` stands for the event's ``time``. A notice without ``id`` gets one made of its number and its content: sent twice it
counts once, and changed it is a further claim. Recipients may be named by their party alone. A field whose name begins with
``#`` is a remark: JSON has no other way to make one. A time may do without its seconds.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from producers.structured.checking import Fault, faults, meant, members, shown
from streams.agreements.problems import Place
from streams.events import LaunchNotice
from streams.events.decode import Refused, decode
from streams.events.launches import Notice

ISSUED = "issued"
_TAG = str(LaunchNotice.__struct_config__.tag)
# When the log took it in is the log's to say.
_HIDDEN = frozenset(("specversion", "data", "datacontenttype", "dataschema", "time", "ingested"))
_ENVELOPE = tuple(name for name in members(LaunchNotice) if name not in _HIDDEN)
FIELDS = (*members(Notice), ISSUED, *_ENVELOPE)
"""Every field of the flat form."""
_TIMES = frozenset((ISSUED, "received", "reported", "opens", "closes"))
_TO_THE_MINUTE = re.compile(r"(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d)([Zz]|[+-]\d\d:\d\d)")
_encode = msgspec.json.Encoder(order="deterministic").encode


class Usual(NamedTuple):
    """What a notice has that does not say it itself.

    Attributes:
        source: Who says so.
        party: Who will launch; none is supposed without it.
        exercise: Whether all of it is a drill, whatever a notice says.
    """

    source: str
    party: str | None = None
    exercise: bool = False


class Made(NamedTuple):
    """What became of one notice: an event, or everything that is wrong with it."""

    event: LaunchNotice | None
    faults: tuple[Fault, ...] = ()


def made(value: object, usual: Usual, *, strict: bool = True) -> Made:
    """The event of one notice, flat or a CloudEvent as it is.

    Args:
        value: What came of JSON, CSV or TOML.
        usual: What it need not say.
        strict: Whether text is refused where a number is expected.
    """
    if not isinstance(value, Mapping):
        return Made(None, (Fault((), f"expected a notice with its fields, got {shown(value)}"),))
    if "specversion" in value or "data" in value:
        return _event({**value, **_drill(usual)}, strict=strict)
    own = {name: _timely(name, each) for name, each in value.items() if not str(name).startswith("#")}
    return _from_flat(own | _drill(usual), usual, strict=strict)


def _drill(usual: Usual) -> dict[str, Any]:
    return {"exercise": True} if usual.exercise else {}


def _timely(name: object, value: object) -> object:
    """The same with times to the second: people write them to the minute."""
    match value:
        case str() if name in _TIMES and (short := _TO_THE_MINUTE.fullmatch(value.strip())) is not None:
            return f"{short[1]}:00{short[2]}"
        case Mapping():
            return {key: _timely(key, each) for key, each in value.items()}
        case list():
            return [_timely(name, each) if isinstance(each, Mapping) else each for each in value]
    return value


def _event(value: dict[str, Any], *, strict: bool) -> Made:
    found = []
    if value.get("type") != _TAG:
        found.append(Fault(("type",), f"expected {_TAG}, got {shown(value.get('type'))}"))
    found += faults(LaunchNotice, value, strict=strict)
    return Made(None, tuple(found)) if found else _decoded(value, strict=strict)


def _from_flat(value: Mapping[Any, Any], usual: Usual, *, strict: bool) -> Made:
    found = [
        Fault((str(name)[:100],), f"no such field{meant(name, FIELDS, or_else=True)}") for name in value if name not in FIELDS
    ]
    data = {name: value[name] for name in members(Notice) if name in value}
    if usual.party is not None:
        data.setdefault("party", usual.party)
    if isinstance(told := data.get("recipients"), list):
        data["recipients"] = [{"party": each} if isinstance(each, str) else each for each in told]
    event: dict[str, Any] = {name: value[name] for name in _ENVELOPE if name in value}
    event.setdefault("source", usual.source)
    if ISSUED in value:
        event["time"] = value[ISSUED]
    # An id of its own is made once all else is sound.
    event |= {"specversion": "1.0", "type": _TAG, "id": event.get("id", "new"), "data": data}
    found += [Fault(_flattened(fault.place), fault.message) for fault in faults(LaunchNotice, event, strict=strict)]
    if found:
        return Made(None, tuple(found))
    if "id" not in value:
        digest = hashlib.sha256(_encode(_converted(event, strict=strict))).hexdigest()[:12]
        event["id"] = f"notice-{data['notice']}-{data.get('revision', 1)}-{digest}"
    result = _decoded(event, strict=strict)
    return result._replace(faults=tuple(Fault(_flattened(fault.place), fault.message) for fault in result.faults))


def _converted(value: Mapping[str, Any], *, strict: bool) -> LaunchNotice:
    return msgspec.convert(value, LaunchNotice, strict=strict)


def _decoded(value: Mapping[str, Any], *, strict: bool) -> Made:
    """Through the one door that every event comes through."""
    try:
        event = decode(_encode(_converted(value, strict=strict)))
    except Refused as refused:
        message, _, place = str(refused).partition(" - at `$.")
        return Made(None, (Fault((place.rstrip("`"),) if place else (), message),))
    except msgspec.ValidationError as error:
        return Made(None, (Fault((), str(error)),))
    assert isinstance(event, LaunchNotice)
    return Made(event)


def _flattened(place: Place) -> Place:
    if place[:1] == ("data",):
        return place[1:]
    return (ISSUED, *place[1:]) if place[:1] == ("time",) else place
