"""Whether what Grafana has is what it was told. It keeps more than it was told, and spells some of it otherwise."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

REDACTED = "[REDACTED]"
"""What Grafana says in the place of a secret. It may be the one it was told."""
_SPAN = re.compile(r"(?:\d+(?:ms|[smhdw]))+")
_PART = re.compile(r"(\d+)(ms|[smhdw])")
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_WHOLE = frozenset({"labels", "annotations", "object_matchers", "dashboard"})
"""What is ours altogether: more in it than we said is a difference."""
_OF_THE_SERVER = frozenset({"id", "version", "iteration"})
"""What the server counts in a dashboard."""
_ITS_OWN = frozenset({"orgID", "schemaVersion"})
"""What the server says in our place: the organisation is the token's, and a newer server carries old dashboards on."""


def differences(wanted: object, found: object, place: str = "", *, whole: bool = False) -> Iterator[str]:
    """Each place where the two are not the same, in a few words, without the values: they may be secret.

    Where ``whole`` is not set, what is found may have more than is wanted.
    """
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        yield from _of_mappings(wanted, found, place, whole=whole)
    elif isinstance(wanted, list | tuple) and isinstance(found, list | tuple):
        yield from _of_lists(wanted, found, place, whole=whole)
    elif found != REDACTED and not _alike(wanted, found):
        yield place or "all of it"


def _of_mappings(wanted: Mapping[str, Any], found: Mapping[str, Any], place: str, *, whole: bool) -> Iterator[str]:
    for name, value in wanted.items():
        if name in _ITS_OWN:
            continue
        inner = f"{place}.{name}" if place else name
        yield from differences(value, found.get(name), inner, whole=whole or name in _WHOLE)
    if whole:
        more = [name for name, value in found.items() if name not in wanted and not _nothing(value)]
        yield from (f"{place}.{name} (not ours)" for name in more if name not in _OF_THE_SERVER)


def _of_lists(wanted: Sequence[Any], found: Sequence[Any], place: str, *, whole: bool) -> Iterator[str]:
    if len(wanted) != len(found):
        yield f"{place}: {len(found)} in the place of {len(wanted)}"
        return
    for number, (one, other) in enumerate(zip(wanted, found, strict=True)):
        yield from differences(one, other, f"{place}[{number}]", whole=whole)


def _alike(wanted: object, found: object) -> bool:
    if _nothing(wanted) and _nothing(found):
        return True
    if isinstance(wanted, str) and isinstance(found, str) and _SPAN.fullmatch(wanted) and _SPAN.fullmatch(found):
        return _seconds(wanted) == _seconds(found)
    return (type(wanted) is type(found) and wanted == found) or (_number(wanted) and _number(found) and wanted == found)


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _nothing(value: object) -> bool:
    """What the server leaves out when it speaks: false, empty, nothing, and a time of none."""
    return value is None or value is False or value in ("", "0s") or (isinstance(value, list | dict) and not value)


def _seconds(span: str) -> float:
    return sum(int(count) * _UNITS[unit] for count, unit in _PART.findall(span))
