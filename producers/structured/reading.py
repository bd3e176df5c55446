"""Files of notices into events, or into everything that is wrong with them: JSON, JSON Lines, CSV, TOML.

Only as a whole: where one notice of a file is not sound, none is taken from it, so that nobody has to find out which were.
"""

import csv
import io
import re
import tomllib
from collections.abc import Callable, Collection, Iterator
from pathlib import PurePath
from typing import Any, Literal, NamedTuple, get_args

import msgspec

from producers.structured.cells import CellError, value_of
from producers.structured.checking import Fault, meant
from producers.structured.flat import FIELDS, Usual, made
from streams.agreements.locate import line_at, lines_of
from streams.agreements.problems import Place, Problem, field_named
from streams.events import LaunchNotice
from streams.events.decode import MAX_BYTES

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
_TOML_PLACE = re.compile(r"\(at line (\d+), column (\d+)\)")
_LISTED = "notices"


class Read(NamedTuple):
    """What a file says.

    Attributes:
        events: The notices, in order; none where there is a problem.
        problems: What is to be mended, each with file, line and field.
        remarks: What may be a slip, and hinders nothing.
    """

    events: list[LaunchNotice]
    problems: list[Problem]
    remarks: list[Problem]


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
    first = head.split(b"\n", 1)[0].decode(errors="replace").strip()
    if "," in first and {"notice", "recipients"} & {cell.strip(' "').lower() for cell in first.split(",")}:
        return "csv"
    for line in head.splitlines()[:200]:
        if line.strip() and not line.lstrip().startswith(b"#"):
            return "toml" if re.match(rb"[ \t]*(?:\[|[A-Za-z_]{1,40}[ \t]*=)", line) else None
    return None


def read(name: str, data: bytes, form: Form, usual: Usual, parties: Collection[str] = ()) -> Read:
    """Read a file of notices.

    Args:
        name: What to call it.
        data: Its bytes.
        form: How it is written.
        usual: What a notice has that does not say it itself.
        parties: The parties that agreements know: others are remarked upon.
    """
    result = Read([], [], [])
    more = 0
    try:
        for number, found in enumerate(_found(data, form)):
            if number >= MOST_NOTICES:
                raise Refusal(None, f"expected at most {MOST_NOTICES:,} notices in a file, got more")
            event, wrong = (None, ()) if found.value is None else made(found.value, usual, strict=found.strict)
            if found.faults:
                # A cell that cannot be read is not missing as well.
                unread = {fault.place[:1] for fault in found.faults}
                event, wrong = None, (*found.faults, *(fault for fault in wrong if fault.place[:1] not in unread))
            for fault in wrong:
                more += len(result.problems) >= MOST_PROBLEMS
                if len(result.problems) < MOST_PROBLEMS:
                    result.problems.append(_problem(name, found, fault))
            if event is not None:
                result.events.append(event)
                if parties and len(result.remarks) < MOST_PROBLEMS:
                    result.remarks.extend(_problem(name, found, fault) for fault in _unknown(event, parties))
    except Refusal as refusal:
        result.problems.append(Problem(name, refusal.line, "", str(refusal)))
    if more:
        result.problems.append(Problem(name, None, "", f"{more:,} more problems are not told"))
    if not result.problems and not result.events:
        result.problems.append(Problem(name, None, "", "expected a notice, got none"))
    if result.problems:
        result.events.clear()
    return result


def _problem(name: str, found: Found, fault: Fault) -> Problem:
    field = field_named(fault.place)
    return Problem(name, found.line_of(fault.place), f"{found.before}{field}".rstrip(" :"), fault.message)


def _unknown(event: LaunchNotice, parties: Collection[str]) -> Iterator[Fault]:
    named: list[tuple[Place, str]] = [(("party",), event.data.party)]
    named += [(("recipients", number, "party"), one.party) for number, one in enumerate(event.data.recipients)]
    for place, party in named:
        if party not in parties:
            yield Fault(place, f"no agreement knows the party {party}{meant(party, sorted(parties))}")


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
        for number, one in enumerate(several, 1):
            yield Found(one, lambda _: None, f"notice {number}: ")
    else:
        yield Found(value, lambda _: None)


def _json_lines(text: str) -> Iterator[Found]:
    # Only \n ends a line: JSON's text may hold what else looks like an end.
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = _decoded(line)
        except Refusal as refusal:
            yield Found(None, lambda _, at=number: at, faults=(Fault((), str(refusal)),))  # type: ignore[misc]
            continue
        yield Found(value, lambda _, at=number: at)  # type: ignore[misc]


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
        value = tomllib.loads(text)
        lines = lines_of(text)
    except tomllib.TOMLDecodeError as error:
        where = _TOML_PLACE.search(str(error))
        line = int(where[1]) if where else text.count("\n") + 1
        raise Refusal(line, f"expected TOML, got: {error}") from None
    except (RecursionError, ValueError) as error:
        reason = "brackets nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise Refusal(None, f"expected TOML, got: {reason}") from None
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
        header = [cell.strip() for cell in next(rows, [])]
        wrong = [
            Fault((cell or f"column {number}",), f"no such column{meant(cell, FIELDS, or_else=True)}")
            for number, cell in enumerate(header, 1)
            if cell not in FIELDS
        ]
        wrong += [Fault((cell,), "expected each column once, got it twice") for cell in FIELDS if header.count(cell) > 1]
        if wrong:
            yield Found(None, lambda _: 1, faults=tuple(wrong))
            return
        begins = rows.line_num + 1
        for row in rows:
            if any(cell.strip() for cell in row):
                yield _row(header, row, begins)
            begins = rows.line_num + 1
    except csv.Error as error:
        raise Refusal(max(1, rows.line_num), f"expected CSV (RFC 4180), got: {error}") from None


def _row(header: list[str], row: list[str], line: int) -> Found:
    if len(row) != len(header):
        message = f"expected {len(header)} cells, as in the header, got {len(row)}"
        return Found(None, lambda _: line, faults=(Fault((), message),))
    value, wrong = {}, []
    for column, cell in zip(header, row, strict=True):
        if not cell.strip():
            continue
        if len(cell) > MAX_BYTES:
            wrong.append(Fault((column,), f"expected at most {MAX_BYTES:,} characters, got {len(cell):,}"))
            continue
        try:
            value[column] = value_of(column, cell)
        except CellError as error:
            wrong.append(Fault((column,), str(error)))
    return Found(value, lambda _: line, faults=tuple(wrong), strict=False)
