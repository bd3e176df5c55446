"""The form for a person to fill in, as TOML, CSV or JSON. What is said of a field stands here once, for all three."""

import csv
import io
from typing import Literal, NamedTuple

import msgspec

Format = Literal["toml", "csv", "json"]


class Line(NamedTuple):
    """One field of the form.

    Attributes:
        name: The field.
        example: A value, as TOML writes it; as a cell of a table where it has several or has parts.
        words: What it means.
        needed: Whether every notice has it.
    """

    name: str
    example: str
    words: str
    needed: bool = False


PLAIN = (
    Line("notice", '"NAVAREA-XI-123-26"', "the series' own number, the same over its revisions", needed=True),
    Line("party", '"PRC"', "who will launch: US, PRC, DPRK, ...", needed=True),
    Line("issued", "2026-11-23T09:00:00Z", "when the notice was issued", needed=True),
    Line("precision", '"minute"', "how exactly that is known: second, minute, hour, day"),
    Line("zone", '"Asia/Tokyo"', "the zone in which a day is meant"),
    Line("local", '"2026-11-23T18:00"', "the local time as it was printed, held against issued"),
    Line("received", "2026-11-23T09:05:00Z", "when whoever reports it had it"),
    Line("reported", "2026-11-23T10:00:00Z", "when it was first public"),
    Line("source", '"https://example.org/notices"', "who says so; you, without it"),
    Line("id", '"mine-1"', "the event's own id; made of the content without it, so that twice sent counts once"),
    Line("revision", "1", "higher replaces lower"),
    Line("status", '"planned"', "planned, amended (replaces the window or the areas), cancelled"),
    Line("class", '"slv"', "icbm, slbm, irbm, mrbm, srbm, ballistic, slv, asat, hypersonic, cruise, sounding, unknown"),
    Line("range_km", "5500", "planned range in kilometres"),
    Line("apogee_km", "1200", "planned apogee in kilometres"),
    Line("launches", "1", "how many; 0: any number (a danger area)"),
    Line("via", '"navarea-xi"', "the channel it was sent by"),
    Line("agreements", '["hcoc-2002"]', "those it was given under, where the source says so"),
    Line("lead_hours", "24", "the lead as the source states it, where it gives no receipt"),
    Line("voluntary", "false", "true: given although nothing asked for it"),
    Line("exercise", "false", "true: a drill, never on the real pager"),
    Line("text", '"the whole notice as it came"', "the notice in its own words"),
    Line("unread", '["line 4"]', "parts that were not understood and may change what is told here"),
    Line("fact", '"F12"', "the row of a history it rests on"),
    Line("run", '"drill-1"', "the replay or drill it belongs to"),
    Line("subject", '"Sohae"', "CloudEvents subject; not interpreted"),
)
"""Fields with one value."""
PARTED = (
    Line("recipients", "JPN 2026-11-23T09:05Z; ROK", "who was told, each with when it had the notice if known", needed=True),
    Line("window", "2026-11-24T09:00Z/2026-11-24T11:00Z", "the first window of the launch"),
    Line("further_windows", "2026-11-25T09:00Z/2026-11-25T11:00Z", "reserve days; a launch in any window keeps the notice"),
    Line("launch_area", "circle: 39.66 124.7 10", "degrees north and east, radius in kilometres; or a polygon, or a name"),
    Line("impact_areas", "polygon: 36.1 123.55, 36.1 124.66, 35.1 124.66; name: Yellow Sea", "where something may fall"),
)
"""Fields with parts; their examples are cells of a table."""

_HEAD = (
    "A notice of a launch to come. Fill in what is known and leave the rest out.",
    "Times have their zone: 2026-11-24T09:00:00Z or 2026-11-24T18:00:00+09:00. Then:",
    "  steadyline notices send FILE --dry-run",
    "  steadyline notices send FILE --to https://gateway.example",
)
_TOML = """\
# Who was told, each with when it had the notice, where that is known.
[[recipients]]
party = ""
# received = 2026-11-23T09:05:00Z

# [window]                     # the first window
# opens = 2026-11-24T09:00:00Z
# closes = 2026-11-24T11:00:00Z

# [[further_windows]]          # reserve days; a launch in any window keeps the notice
# opens = 2026-11-25T09:00:00Z
# closes = 2026-11-25T11:00:00Z

# [launch_area]
# shape = "circle"             # degrees north and east, kilometres
# lat = 39.66
# lon = 124.7
# radius_km = 10

# [[impact_areas]]
# shape = "polygon"            # [north, east] in degrees, corner by corner
# points = [[36.1, 123.55], [36.1, 124.66], [35.1, 124.66], [35.1, 123.55]]

# [[impact_areas]]
# shape = "named"
# name = "Yellow Sea"
"""


def template(form: Format) -> str:
    """The empty form, with a comment for every field."""
    match form:
        case "toml":
            return _toml()
        case "csv":
            return _csv()
        case "json":
            return _json()


def _toml() -> str:
    lines = [f"# {line}" for line in (*_HEAD, "Take the # away where you use a line. Several notices: [[notices]].")]
    lines.append("")
    for line in PLAIN:
        shown = f'{line.name} = ""' if line.needed else f"# {line.name} = {line.example}"
        lines.append(f"{shown:<32}# {line.words}" + (f": {line.example}" if line.needed else ""))
    return "\n".join((*lines, "", _TOML))


def _csv() -> str:
    told = io.StringIO()
    rows = csv.writer(told, lineterminator="\n")
    for words in (*_HEAD, "A row a notice, several values in a cell with ; between them. Columns that you do not use may go."):
        rows.writerow((f"# {words}",))
    for line in (*PLAIN, *PARTED):
        example = line.example.strip('"[]')
        rows.writerow((f"# {line.name}{' (needed)' if line.needed else ''}: {line.words}, such as {example}",))
    rows.writerow(line.name for line in (*PLAIN, *PARTED))
    return told.getvalue()


def _json() -> str:
    form: dict[str, object] = {"#": [*_HEAD, "What begins with # is a remark and not read. Several notices: a list of these."]}
    for line in PLAIN:
        form[f"# {line.name}"] = f"{line.words}, such as {line.example}"
        if line.needed:
            form[line.name] = ""
    for name, example in _PARTS.items():
        form[f"# {name}"] = example
    form["recipients"] = [{"party": ""}]
    return msgspec.json.format(msgspec.json.encode(form), indent=2).decode() + "\n"


_PARTS: dict[str, object] = {
    "recipients": [{"party": "JPN", "received": "2026-11-23T09:05:00Z"}, "ROK"],
    "window": {"opens": "2026-11-24T09:00:00Z", "closes": "2026-11-24T11:00:00Z"},
    "further_windows": [{"opens": "2026-11-25T09:00:00Z", "closes": "2026-11-25T11:00:00Z"}],
    "launch_area": {"shape": "circle", "lat": 39.66, "lon": 124.7, "radius_km": 10},
    "impact_areas": [
        {"shape": "polygon", "points": [[36.1, 123.55], [36.1, 124.66], [35.1, 124.66], [35.1, 123.55]]},
        {"shape": "named", "name": "Yellow Sea"},
    ],
}
