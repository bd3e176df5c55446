"""From the text of an agreement file to the agreement, or to everything that is wrong with the text."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, cast

import msgspec

from streams.agreements import check
from streams.agreements.check import Fault
from streams.agreements.documents import UnparsedError, parsed
from streams.agreements.explain import explained
from streams.agreements.locate import line_at, lines_of
from streams.agreements.model import Agreement, AnyObligation, Channel, Feed, from_toml
from streams.agreements.problems import Place, Problem, field_named
from streams.spans import Span

MAX_BYTES = 262_144
"""The longest agreement file that is read, in bytes."""
MOST_FAULTS = 200
"""Faults of a file that are told at once: each is looked into for a moment, and a file may be made of nothing else."""


class Text(NamedTuple):
    """An agreement file that was read.

    Attributes:
        name: The file's name.
        text: Its content.
        agreement: None where something is wrong.
        problems: All that is wrong with the file by itself.
        names: The channels and feeds it defines as far as they can be read: ``("channel", "phone")``.
    """

    name: str
    text: str
    agreement: Agreement | None
    problems: tuple[Problem, ...]
    names: frozenset[tuple[str, str]] = frozenset()

    def located(self, fault: Fault) -> Problem:
        """The fault with this file's name and line."""
        return Problem(self.name, line_at(lines_of(self.text), fault.place), field_named(fault.place), fault.message)


def read(name: str, content: bytes) -> Text:
    """Read one agreement file; what is wrong is in the result's ``problems``.

    Args:
        name: The file's name; without ``.toml`` it must be the agreement's id.
        content: The file's bytes, TOML in UTF-8.
    """
    try:
        text, raw = parsed(name, content, MAX_BYTES)
    except UnparsedError as error:
        return Text(name, "", None, (error.problem,))
    agreement, faults = _agreement(raw)
    if agreement is not None:
        faults += check.agreement_faults(agreement)
        if agreement.id != name.removesuffix(".toml"):
            faults.append(
                Fault(("id",), f"expected the file's name without .toml, {name.removesuffix('.toml')!r}, got {agreement.id!r}")
            )
    result = Text(name, text, agreement, (), _names(raw))
    if not faults:
        return result
    return result._replace(agreement=None, problems=tuple(result.located(fault) for fault in faults))


def _names(raw: dict[str, Any]) -> frozenset[tuple[str, str]]:
    lists = {sort: raw.get(f"{sort}s") for sort in ("channel", "feed")}
    tables = [(sort, table) for sort, value in lists.items() if isinstance(value, list) for table in value]
    return frozenset((sort, str(table.get("id"))) for sort, table in tables if isinstance(table, dict))


def _agreement(raw: dict[str, Any]) -> tuple[Agreement | None, list[Fault]]:
    """Read table by table, so that one that is wrong does not hide what is wrong with the next."""
    faults: list[Fault] = []
    lists = {key: raw[key] for key in ("feeds", "channels", "obligations") if isinstance(raw.get(key), list)}
    agreement = read_table({key: value for key, value in raw.items() if key not in lists}, Agreement, (), faults)
    feeds = _read_list(lists, "feeds", Feed, check.feed_faults, faults)
    channels = _read_list(lists, "channels", Channel, check.channel_faults, faults)
    obligations = _read_list(lists, "obligations", AnyObligation, check.obligation_faults, faults)
    if faults or not isinstance(agreement, Agreement):
        return None, faults
    return msgspec.structs.replace(agreement, feeds=feeds, channels=channels, obligations=obligations), faults


def _read_list(
    lists: dict[str, list[Any]], key: str, kind: object, checks: Callable[[Any], Iterator[Fault]], faults: list[Fault]
) -> tuple[Any, ...]:
    tables = []
    for number, raw in enumerate(lists.get(key, ())):
        place: Place = (key, number)
        table = read_table(raw, kind, place, faults)
        if table is not None:
            tables.append(table)
            faults.extend(Fault((*place, *fault.place), fault.message) for fault in checks(table))
    return tuple(tables)


def read_table(raw: object, kind: object, place: Place, faults: list[Fault], spans: str = "'24 h', '3 d' or '8 months'") -> Any:  # noqa: ANN401 - as msgspec has it
    """Convert a table. What is wrong goes to ``faults``, field by field: each is put aside and the rest tried again.

    Args:
        raw: The table as TOML gives it.
        kind: The type that it ought to be.
        place: Where it stands in its file.
        faults: Where faults go; once there are ``MOST_FAULTS``, nothing more is read.
        spans: Spans that would do, for one that is none.

    Returns:
        The table; ``None`` where anything is wrong with it.
    """

    def from_text(kind: type, value: object) -> object:
        if kind is Span and not isinstance(value, str):
            raise ValueError(f"expected a span such as {spans} in quotes, got {value!r}")
        return from_toml(kind, value)

    aside: set[str] = set()
    while len(faults) < MOST_FAULTS:
        try:
            table = msgspec.convert(raw, cast("Any", kind), dec_hook=from_text)
        except msgspec.ValidationError as error:
            fault = explained(str(error), raw, kind)
            field = str(fault.place[0]) if fault.place else ""
            if field in aside:
                return None
            faults.append(Fault((*place, *fault.place), fault.message))
            if not isinstance(raw, dict) or field not in raw or field == "kind":
                return None
            aside.add(field)
            raw = {key: value for key, value in raw.items() if key != field}
        else:
            return None if aside else table
    return None
