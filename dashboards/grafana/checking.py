"""Whether what would go to Grafana is sound, without a Grafana: every fault at once, each with its place.

It looks at the objects as they go out, not at the code that made them: what somebody changed by hand is found too.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from dashboards.grafana.names import DATASOURCE, Buckets

Plain = Mapping[str, Any]
UID = re.compile(r"[A-Za-z0-9_-]{1,40}")
_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)(?::(\w+))?\}?")
_BUCKET = re.compile(r'bucket: "((?:[^"\\]|\\.)*)"')
_LINK = re.compile(r"/d/([\w-]+)")
_MACROS = re.compile(r"\b([A-Za-z]+)\.(bucket|defaultBucket|organization)\b")
_WORDS_AT_LEAST = 5
_ACROSS = 24
"""Columns that a dashboard has."""


class Fault(NamedTuple):
    """What is wrong, and where."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def faults_of_dashboards(dashboards: Mapping[str, Plain], buckets: Buckets | None = None) -> list[Fault]:
    """Every fault of the dashboards, each under its uid."""
    found: list[Fault] = []
    titles: dict[str, str] = {}
    for uid, board in dashboards.items():
        found += (Fault(uid, what) for what in _of_board(uid, board, set(dashboards), buckets or Buckets()))
        other = titles.setdefault(str(board.get("title")), uid)
        if other != uid:
            found.append(Fault(uid, f"expected a title of its own, got that of {other}"))
    return found


def faulty_query(query: object, variables: Sequence[str], buckets: Buckets) -> Iterator[str]:
    """What is wrong with a query in Flux, as far as its text tells."""
    if not isinstance(query, str) or not query.strip():
        yield "expected a query in Flux, got none"
        return
    named = _BUCKET.findall(query)
    if not named:
        yield "expected a query that names its bucket"
    yield from (f"expected one of our buckets ({', '.join(buckets)}), got {one!r}" for one in named if one not in buckets)
    for name, form in _VARIABLE.findall(query):
        if name not in variables:
            yield f"expected a variable of this page ({', '.join(variables) or 'it has none'}), got ${{{name}}}"
        elif form != "regex":
            yield f"expected ${{{name}:regex}}, the one format in which a choice cannot become part of the query"
    for record, column in _MACROS.findall(query):
        yield f"Grafana would put something else in the place of {record}.{column}"


def _of_board(uid: str, board: Plain, uids: set[str], buckets: Buckets) -> Iterator[str]:
    if not UID.fullmatch(uid) or board.get("uid") != uid:
        yield f"expected a uid of letters, digits, - and _, 40 at most, got {board.get('uid')!r}"
    if board.get("timezone") != "utc":
        yield f"expected UTC, got {board.get('timezone')!r}"
    if board.get("id") is not None:
        yield "expected no id: the server gives it"
    variables = [str(one.get("name")) for one in board.get("templating", {}).get("list", ())]
    for one in board.get("templating", {}).get("list", ()):
        yield from at(f"variable {one.get('name')}", _of_query(one, one.get("query"), variables, buckets))
    for one in board.get("annotations", {}).get("list", ()):
        yield from at(f"marks {one.get('name')}", _of_query(one, one.get("target", {}).get("query"), variables, buckets))
    panels: Sequence[Plain] = board.get("panels", ())
    if not panels:
        yield "expected panels"
    numbers = [panel.get("id") for panel in panels]
    yield from (f"expected an id of its own for each panel, got {one} twice" for one in sorted(twice(numbers)))
    for panel in panels:
        yield from at(f"panel {panel.get('id')}", _of_panel(panel, variables, buckets))
    for other in _LINK.findall(str(board)):
        if other not in uids:
            yield f"expected a link to one of our pages, got {other}"


def _of_panel(panel: Plain, variables: Sequence[str], buckets: Buckets) -> Iterator[str]:
    if not panel.get("title"):
        yield "expected a title"
    if len(str(panel.get("description", "")).split()) < _WORDS_AT_LEAST:
        yield "expected a description that says what it means"
    place = panel.get("gridPos", {})
    if not 0 < place.get("w", 0) <= _ACROSS - place.get("x", 0):
        yield f"expected a place within {_ACROSS} columns, got {place}"
    if not panel.get("targets"):
        yield "expected a query"
    for target in panel.get("targets", ()):
        yield from _of_query(target, target.get("query"), variables, buckets)


def _of_query(holder: Plain, query: object, variables: Sequence[str], buckets: Buckets) -> Iterator[str]:
    found = holder.get("datasource", {}).get("uid")
    if found != DATASOURCE:
        yield f"expected the data source {DATASOURCE}, got {found!r}"
    yield from faulty_query(query, variables, buckets)


def at(where: str, faults: Iterator[str]) -> Iterator[str]:
    """Say where each fault is."""
    return (f"{where}: {what}" for what in faults)


def twice(numbers: Sequence[object]) -> set[str]:
    """What stands there more than once."""
    return {str(one) for one in numbers if numbers.count(one) > 1}
