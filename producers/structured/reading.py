"""Files of notices into events, or into everything that is wrong with them: JSON, JSON Lines, CSV, TOML.

As a whole, unless told otherwise: where one notice of a file is not sound, none is taken from it, so that nobody has to find
out which were.
"""

import contextlib
import csv
import io
import json
import re
from collections.abc import Callable, Collection, Iterator
from pathlib import PurePath
from typing import Any, Literal, NamedTuple, get_args

import msgspec

from producers.structured.cells import CellError, value_of
from producers.structured.checking import Fault, meant
from producers.structured.flat import FIELDS, Made, Usual, made
from streams import toml
from streams.agreements.locate import line_at, lines_of
from streams.agreements.problems import Place, Problem, field_named
from streams.events import LaunchNotice

Form = Literal["json", "jsonl", "csv", "toml"]
FORMS: tuple[Form, ...] = get_args(Form)
MOST_BYTES = 16_777_216
"""The largest file, in bytes."""
MOST_TOML = 1_048_576
"""The largest TOML file, in bytes: a person fills it in."""
MOST_NOTICES = 10_000
MOST_PROBLEMS = 1_000
"""Problems told of one file; there may be more."""

_SUFFIXES: dict[str, Form] = {".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".toml": "toml"}
_BYTE = re.compile(r"\(byte (\d+)\)")
_TOML_PLACE = re.compile(r"\(at (?:line (\d+), column \d+|end of document)\)")
_ITEM = re.compile(r"\S")
_LISTED = "notices"


class Read(NamedTuple):
    """What a file says.

    Attributes:
        events: The notices, in order; none where there is a problem, unless those that are sound were asked for.
        problems: What is to be mended, each with file, line and field.
        remarks: What may be a slip, and hinders nothing.
    """

    events: list[LaunchNotice]
    problems: list[Problem]
    remarks: list[Problem]


class Known(NamedTuple):
    """What agreements name; empty where nothing is held against it."""

    parties: Collection[str] = ()
    agreements: Collection[str] = ()


NOBODY = Known()


class Refusal(Exception):  # noqa: N818 - the file is refused, the program is well
    """The file as a whole cannot be read."""

    def __init__(self, line: int | None, message: str) -> None:
        super().__init__(message)
        self.line = line


class Found(NamedTuple):
    """One notice as it stands in a file, and how its fields are found there."""

    value: object
    line_of: Callable[[Place], int | None]
    before: str = ""
    faults: tuple[Fault, ...] = ()
    strict: bool = True


def form_of(name: str, data: bytes) -> Form | None:
    """The form of a file, by the end of its name, or by how it begins; ``None`` where it is none of these."""
    known = _SUFFIXES.get(PurePath(name).suffix.lower())
    if known is not None:
        return known
    head = data[:65_536].removeprefix(b"\xef\xbb\xbf").lstrip()
    if re.match(rb"\{|\[\s*[{\]]", head):
        return "json"
    first = next((line for line in head.splitlines()[:200] if line.strip() and line.lstrip(b' \t"')[:1] != b"#"), b"")
    if b"," in first and {b"notice", b"recipients"} & {cell.strip(b' "').lower() for cell in first.split(b",")}:
        return "csv"
    return "toml" if re.match(rb"[ \t]*(?:\[|[A-Za-z_]{1,40}[ \t]*=)", first) else None


def read(name: str, data: bytes, form: Form, usual: Usual, known: Known = NOBODY, *, partial: bool = False) -> Read:
    """Read a file of notices.

    Args:
        name: What to call it.
        data: Its bytes.
        form: How it is written.
        usual: What a notice has that does not say it itself.
        known: Whom and what agreements know: others are remarked upon.
        partial: Whether notices that are sound are taken although others of the file are not.
    """
    result = Read([], [], [])
    more = 0
    said: dict[tuple[str, str, int], tuple[LaunchNotice, str]] = {}
    try:
        for number, found in enumerate(_found(data, form), 1):
            if number > MOST_NOTICES:
                raise Refusal(None, f"expected at most {MOST_NOTICES:,} notices in a file, got more")
            event, wrong = _one(found, usual)
            if event is not None:
                before, where = said.setdefault(
                    (event.source, event.data.notice, event.data.revision), (event, _place(found, number))
                )
                if before.data != event.data:
                    event, wrong = None, (Fault(("notice",), f"{where} says something else of the same revision"),)
            for fault in sorted(wrong, key=lambda fault: found.line_of(fault.place) or 0):
                more += len(result.problems) >= MOST_PROBLEMS
                if len(result.problems) < MOST_PROBLEMS:
                    result.problems.append(_problem(name, found, fault))
            if event is not None:
                result.events.append(event)
                if len(result.remarks) < MOST_PROBLEMS:
                    result.remarks.extend(_problem(name, found, fault) for fault in _unknown(event, known))
    except Refusal as refusal:
        result.problems.append(Problem(name, refusal.line, "", str(refusal)))
    if more:
        result.problems.append(Problem(name, None, "", f"{more:,} more problems are not told"))
    if not result.problems and not result.events:
        result.problems.append(Problem(name, None, "", "expected a notice, got none"))
    if result.problems and not partial:
        result.events.clear()
    return result


def _one(found: Found, usual: Usual) -> Made:
    event, wrong = Made(None) if found.value is None else made(found.value, usual, strict=found.strict)
    if found.faults:
        # A cell that cannot be read is not missing as well.
        unread = {fault.place[:1] for fault in found.faults}
        return Made(None, (*found.faults, *(fault for fault in wrong if fault.place[:1] not in unread)))
    return Made(event, wrong)


def _place(found: Found, number: int) -> str:
    line = found.line_of(())
    return f"notice {number}" if line is None else f"line {line}"


def _problem(name: str, found: Found, fault: Fault) -> Problem:
    field = field_named(fault.place)
    return Problem(name, found.line_of(fault.place), f"{found.before}{field}".rstrip(" :"), fault.message)


def _unknown(event: LaunchNotice, known: Known) -> Iterator[Fault]:
    named: list[tuple[Place, str]] = [(("party",), event.data.party)]
    named += [(("recipients", number, "party"), one.party) for number, one in enumerate(event.data.recipients)]
    for place, party in named:
        if known.parties and party not in known.parties:
            yield Fault(place, f"no agreement knows the party {party}{meant(party, sorted(known.parties))}")
    for number, name in enumerate(event.data.agreements):
        if known.agreements and name not in known.agreements:
            yield Fault(("agreements", number), f"no agreement is called {name}{meant(name, sorted(known.agreements))}")


def _found(data: bytes, form: Form) -> Iterator[Found]:
    most = MOST_TOML if form == "toml" else MOST_BYTES
    if len(data) > most:
        raise Refusal(None, f"expected at most {most:,} bytes, got {len(data):,}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        hint = "; it looks like UTF-16: save it as UTF-8" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ""
        raise Refusal(line, f"expected UTF-8, got byte 0x{data[error.start]:02x}{hint}") from None
    match form:
        case "json":
            yield from _json(text)
        case "jsonl":
            yield from _json_lines(text)
        case "csv":
            yield from _csv(text)
        case "toml":
            yield from _toml(text)


def _json(text: str) -> Iterator[Found]:
    try:
        value = _decoded(text)
    except Refusal:
        # Whole objects line by line are a file of lines, whatever its name.
        first = next((line for line in text.splitlines() if line.strip()), "")
        if first.lstrip().startswith("{") and _is_json(first):
            yield from _json_lines(text)
            return
        raise
    several = value.get(_LISTED) if isinstance(value, dict) and set(value) == {_LISTED} else value
    if isinstance(several, list):
        begins = _begins(text)
        for number, one in enumerate(several, 1):
            yield Found(one, _on(next(begins, None)), f"notice {number}: ")
    else:
        yield Found(value, _on(None))


def _on(line: int | None) -> Callable[[Place], int | None]:
    """Whatever the field, its line is this one."""
    return lambda _: line


def _begins(text: str) -> Iterator[int]:
    """The lines on which the items of the first list of a JSON text begin; fewer where Python's own reader gives up."""
    read, at, line = json.JSONDecoder().raw_decode, text.index("[") + 1, 1
    counted = 0
    with contextlib.suppress(ValueError, RecursionError):
        while (item := _ITEM.search(text, at)) is not None:
            line, counted = line + text.count("\n", counted, item.start()), item.start()
            yield line
            _, at = read(text, item.start())
            at = text.index(",", at) + 1


def _json_lines(text: str) -> Iterator[Found]:
    # Only \n ends a line: JSON's text may hold what else looks like an end.
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = _decoded(line)
        except Refusal as refusal:
            yield Found(None, _on(number), faults=(Fault((), str(refusal)),))
            continue
        yield Found(value, _on(number))


def _decoded(text: str) -> Any:  # noqa: ANN401 - any JSON
    data = text.encode()
    try:
        return msgspec.json.decode(data)
    except RecursionError:
        raise Refusal(None, "expected JSON, got brackets nested too deeply") from None
    except msgspec.DecodeError as error:
        where = _BYTE.search(str(error))
        at = int(where[1]) if where else len(data)
        line, column = data.count(b"\n", 0, at) + 1, at - data.rfind(b"\n", 0, at)
        what = _BYTE.sub("", str(error)).removeprefix("JSON is malformed: ").strip()
        raise Refusal(line, f"expected JSON, got {what} in column {column}") from None


def _is_json(text: str) -> bool:
    try:
        _decoded(text)
    except Refusal:
        return False
    return True


def _toml(text: str) -> Iterator[Found]:
    try:
        value = toml.loads(text)
        lines = lines_of(text)
    except ValueError as error:
        where = _TOML_PLACE.search(str(error))
        line = None if where is None else int(where[1] or text.count("\n") + 1)
        raise Refusal(line, f"expected TOML, got: {error}") from None
    if isinstance(value.get(_LISTED), list):
        for name in value:
            if name != _LISTED:
                yield Found(None, lambda place: line_at(lines, place), faults=(Fault((name,), "no such field beside notices"),))
        for number, one in enumerate(value[_LISTED]):
            yield Found(
                one,
                lambda place, at=number: line_at(lines, (_LISTED, at, *place)),  # type: ignore[misc]
                f"notice {number + 1}: ",
            )
    else:
        yield Found(value, lambda place: line_at(lines, place))


def _csv(text: str) -> Iterator[Found]:
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise Refusal(line, "expected text, got a NUL: is it UTF-16? Save it as UTF-8")
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [cell.strip() for cell in next((row for row in rows if not _is_remark(row)), [])]
        top = rows.line_num
        wrong = [
            Fault((cell or f"column {number}",), f"no such column{meant(cell, FIELDS, or_else=True)}")
            for number, cell in enumerate(header, 1)
            if cell not in FIELDS
        ]
        wrong += [Fault((cell,), "expected each column once, got it twice") for cell in FIELDS if header.count(cell) > 1]
        if wrong:
            yield Found(None, _on(top), faults=tuple(wrong))
            return
        begins = rows.line_num + 1
        for row in rows:
            if not _is_remark(row):
                yield _row(header, row, begins)
            begins = rows.line_num + 1
    except csv.Error as error:
        raise Refusal(max(1, rows.line_num), f"expected CSV (RFC 4180), got: {error}") from None


def _is_remark(row: list[str]) -> bool:
    """Whether a row says nothing: blank, or one cell that begins with ``#``."""
    return not any(cell.strip() for cell in row[1:]) and (not row or not row[0].strip() or row[0].lstrip().startswith("#"))


def _row(header: list[str], row: list[str], line: int) -> Found:
    if len(row) != len(header):
        message = f"expected {len(header)} cells, as in the header, got {len(row)}"
        return Found(None, _on(line), faults=(Fault((), message),))
    value, wrong = {}, []
    for column, cell in zip(header, row, strict=True):
        if not cell.strip():
            continue
        try:
            value[column] = value_of(column, cell)
        except CellError as error:
            wrong.append(Fault((column,), str(error)))
    return Found(value, _on(line), faults=tuple(wrong), strict=False)
