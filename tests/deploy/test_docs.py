"""What the documents say is so: no entry is missing, no command is made up, every example is sound."""

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from typer.main import get_command

from alerts import policies, policy, sendings, wording
from alerts.people import SHORTEST_PASSWORD
from alerts.service import server as desk
from dashboards.influx import settings as influx
from dashboards.page import serve as watch
from deploy import exits
from deploy.cli import app
from producers.delivery import spool
from producers.gateway import serve as gateway
from producers.gateway.ledger import AGE
from producers.gateway.limits import Limits
from streams.agreements import model
from streams.events.decode import MAX_BYTES
from streams.lapses import Kind, Reason, State
from streams.live import health
from streams.live.settings import WorkerSettings
from streams.log.access import Access
from streams.log.roles import ROLES, grants
from streams.posture import Stand, Why
from streams.severity import Severity
from streams.spans import SETTLE, Span
from streams.topics import catalogue
from tests.deploy.conftest import Steadyline

ROOT = Path(__file__).parents[2]
FILES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("deploy/**/*.md")])
PAGES = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in FILES}
OFFICER = PAGES["docs/watch-officer.md"]
AUTHOR = PAGES["docs/agreements.md"]
WHOLE: Any = get_command(app)


def table(page: str, heading: str) -> dict[str, list[str]]:
    """The first table behind these words: the other cells of each row by what stands in the first."""
    found = re.search(r"(?:^\|.*\n)+", page.split(heading, 1)[1].split("\n", 1)[1], re.MULTILINE)
    assert found is not None, heading
    rows = [[cell.strip() for cell in row.strip("|").split(" | ")] for row in found[0].splitlines()[2:]]
    return {first.strip("`"): rest for first, *rest in rows}


def test_the_watch_officer_finds_every_kind_and_every_reason_once() -> None:
    assert re.findall(r"^## `([a-z]+)`:", OFFICER, re.MULTILINE) == list(get_args(Kind))
    assert re.findall(r"^### `([a-z-]+)`$", OFFICER, re.MULTILINE) == list(get_args(Reason))


@pytest.mark.parametrize("reason", get_args(Reason))
def test_each_reason_says_what_it_means_and_is_not_where_to_look_and_what_to_do(reason: str) -> None:
    entry = OFFICER.split(f"### `{reason}`\n")[1].split("\n#")[0]
    assert re.findall(r"^- \*\*([A-Z][a-z ]+)\*\*: \S", entry, re.MULTILINE) == ["Means", "Is not", "Look first", "Do"]


def test_the_watch_officer_finds_every_severity_state_and_standing() -> None:
    assert list(table(OFFICER, "## How loud")) == [severity.value for severity in Severity]
    assert list(table(OFFICER, "## How it stands")) == list(get_args(State))
    for stand in Stand:
        assert f"**{stand.name.lower()}**" in OFFICER
    not_lapsed = [why for part in get_args(Why) for why in get_args(part) if why not in get_args(Reason)]
    assert list(table(OFFICER, "On the watch page and in dashboards")) == not_lapsed


def test_the_watch_officer_finds_every_word_of_the_desk_as_pages_have_it() -> None:
    words = table(OFFICER, "## What sort of word")
    assert {kind: label for kind, (label, _) in words.items()} == wording._LABELS
    assert set(words) == set(get_args(sendings.Kind))


def test_the_pieces_of_an_agreement_are_one_that_the_check_accepts(steadyline: Steadyline, tmp_path: Path) -> None:
    path = tmp_path / "two-capitals.toml"
    path.write_text("\n".join(re.findall(r"^```toml\n(.*?)^```", AUTHOR, re.DOTALL | re.MULTILINE)))
    checked = steadyline("agreements", "check", path)
    assert (checked.exit_code, checked.stdout) == (0, "two-capitals: sound\n"), checked.output
    shown = {obligation["kind"] for obligation in tomllib.loads(path.read_text())["obligations"]}
    assert shown == set(get_args(Kind)), "an example of each"


KINDS: tuple[type[model.Obligation], ...] = get_args(model.AnyObligation)
TABLES: dict[str, type[msgspec.Struct]] = {
    "## The agreement": model.Agreement,
    "## Feeds": model.Feed,
    "## Channels": model.Channel,
    "## What every obligation has": model.Obligation,
    **{f"## `{kind.__struct_config__.tag}`:": kind for kind in KINDS},
    "`scope`, which": model.Scope,
    "`slack`, when": model.Slack,
    "`calendar`:": model.Calendar,
    "| `raise` | none": model.Raise,
}
COMMON = {field.encode_name for field in msgspec.structs.fields(model.Obligation)}


def unless_said(field: msgspec.structs.FieldInfo) -> str | None:
    """How a table writes a default; ``None`` where it has words of its own for it."""
    if field.required:
        return "must be given"
    match field.default:
        case bool(value):
            return str(value).lower()
        case int(value) | float(value):
            return f"{value:g}"
        case (Severity(), *_) as severities:
            return json.dumps(severities)
        case None | tuple() | msgspec.NODEFAULT | msgspec.Struct():
            return None
        case value:
            return str(value)


@pytest.mark.parametrize("heading", TABLES)
def test_the_author_finds_every_field_and_what_it_is_unless_said(heading: str) -> None:
    kind = TABLES[heading]
    told = table(AUTHOR, heading)
    fields = msgspec.structs.fields(kind)
    if kind in KINDS:
        fields = tuple(field for field in fields if field.encode_name not in COMMON)
    else:
        told.pop("kind" if kind is model.Obligation else "", None)
    assert list(told) == [field.encode_name for field in fields]
    for field in fields:
        assert unless_said(field) in (None, told[field.encode_name][0]), field.encode_name


def test_the_author_finds_every_kind() -> None:
    assert re.findall(r"^## `([a-z]+)`:", AUTHOR, re.MULTILINE) == list(get_args(Kind))
    assert f"| `settle` | {SETTLE} |" in AUTHOR


FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)


def typed(page: str) -> Iterator[list[str]]:
    """The calls that a page shows as they are typed, without what the shell does with them."""
    for block in re.findall(r"^```console\n(.*?)^```", page, re.DOTALL | re.MULTILINE):
        for line in re.findall(r"^\$ (.*)", block.replace("\\\n", " "), re.MULTILINE):
            words = [word for word in shlex.split(line, comments=True) if not re.match(r"STEADYLINE_[A-Z_]+=", word)]
            end = next((place for place, word in enumerate(words) if re.match(r"[|>&]", word)), len(words))
            if words and words[0].removeprefix(".venv/bin/") == "steadyline":
                yield words[1:end]


def named(page: str) -> Iterator[list[str]]:
    """The calls that are named in a page's prose: ``stack up|down`` stands for both."""
    for call in re.findall(r"`steadyline\s([^`]*)`", FENCED.sub("", page)):
        yield [word.strip("[]'\"") for word in call.replace("\\|", "|").split()]


def found(words: list[str]) -> tuple[Any, list[str]]:
    """The command that is called, and what it is given."""
    command, rest = WHOLE, list(words)
    while hasattr(command, "commands") and rest and not rest[0].startswith("-"):
        name, *others = rest.pop(0).split("|")
        for each in (name, *others):
            assert each in command.commands, words
        command = command.commands[name]
    return command, rest


@pytest.mark.parametrize("page", PAGES)
def test_every_call_shown_is_one_that_can_be_made(page: str) -> None:
    for words in typed(PAGES[page]):
        command, rest = found(words)
        if rest or not hasattr(command, "commands"):
            command.make_context(" ".join(words), rest)


@pytest.mark.parametrize("page", PAGES)
def test_every_call_named_has_these_options(page: str) -> None:
    for words in named(PAGES[page]):
        command, rest = found(words)
        options = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        assert {word for word in rest if re.match(r"--?[a-z]", word)} <= {*options, "--help", "-h"}, words


def anchors(page: str) -> set[str]:
    """What a link can lead to within a page."""
    headings = re.findall(r"^#+ (.*)$", FENCED.sub("", page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", FENCED.sub("", PAGES[page])):
        name, _, place = link.partition("#")
        target = (ROOT / page).parent / name if name else ROOT / page
        assert target.exists(), link
        assert not place or place in anchors(target.read_text(encoding="utf-8")), link


ATTACKS = table(PAGES["SECURITY.md"], "## Attacks tried")


@pytest.mark.parametrize("attack", ATTACKS)
def test_each_attack_is_tried_by_the_tests_that_are_named(attack: str) -> None:
    tests = re.findall(r"`([^`]*)`", ATTACKS[attack][-1])
    assert tests
    for test in tests:
        file, _, name = test.partition("::")
        assert re.search(rf"^def {name}\(", (ROOT / file).read_text(), re.MULTILINE), test


OPERATOR = PAGES["docs/operating.md"]
FOLDERS = ("streams", "producers", "alerts", "dashboards", "deploy")
CODE = "".join(path.read_text() for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py")))
INTERNAL = {"STEADYLINE_RESTARTED"}
"""What a worker tells itself across a restart."""


def test_the_operator_finds_every_variable_and_what_it_is_unless_set() -> None:
    told = table(OPERATOR, "## Settings")
    assert set(told) == set(re.findall(r"STEADYLINE_[A-Z]+(?:_[A-Z]+)*\b", CODE)) - INTERNAL
    usual = WorkerSettings()
    for variable, value in (
        ("KAFKA", usual.bootstrap),
        ("KAFKA_SECURITY", Access().security),
        ("KAFKA_MECHANISM", Access().mechanism),
        ("TICK_SECONDS", f"{usual.tick:g}"),
        ("SESSION_SECONDS", f"{usual.session_timeout:g}"),
        ("HEARTBEAT_SECONDS", f"{usual.heartbeat:g}"),
        ("COMMIT_SECONDS", f"{usual.commit:g}"),
        ("REPLICATION", f"{usual.replication}"),
        ("HEALTH_BIND", usual.health),
        ("PING_SECONDS", f"{usual.ping:g}"),
        ("STALL_SECONDS", f"{usual.stall:g}"),
        ("LOG_LEVEL", usual.log_level),
        ("INFLUX_URL", influx.URL),
        ("INFLUX_HEALTH_BIND", influx.HEALTH),
    ):
        assert told[f"STEADYLINE_{variable}"][0] == value


def test_the_operator_finds_what_each_role_may_do_on_a_broker() -> None:
    told = table(OPERATOR, "On a broker with ACLs")
    assert tuple(told) == ROLES
    topics = {topic.name for topic in catalogue()}
    for role in ROLES:
        for column, deed in ((1, "READ"), (2, "WRITE")):
            may = {one.name for one in grants(role) if one.deed == deed and one.kind == "topic"} & topics
            assert set(re.findall(r"`([^`]*)`", told[role][column])) == may, (role, deed)


def test_the_operator_finds_the_topics_as_they_are() -> None:
    told = table(OPERATOR, "## Topics and sizing")
    assert list(told) == [topic.name for topic in catalogue(7)]
    for topic in catalogue(7):
        partitions, key, kept = told[topic.name]
        assert (partitions, key) == ("as chosen" if topic.partitions == 7 else str(topic.partitions), topic.key)
        assert kept == ("for ever" if topic.retention_ms < 0 else f"{topic.retention_ms // 86_400_000} days")


@pytest.mark.parametrize("page", PAGES)
def test_every_metric_that_is_named_is_shown_by_a_service(page: str) -> None:
    for name in re.findall(r"\bsteadyline_([a-z_]+)", PAGES[page]):
        bare = re.sub(r"_(total|info)$", "", name)
        assert f'"steadyline_{bare}"' in CODE or f'"{bare.removeprefix("influx_")}"' in CODE, name


def test_the_exit_codes_are_those_of_the_program() -> None:
    codes = {value for value in vars(exits).values() if isinstance(value, int)}
    assert {int(code) for code in table(OPERATOR, "## Exit codes")} == codes


def test_where_services_listen_is_said() -> None:
    for bind in (health.BIND, influx.HEALTH, desk.BIND, gateway.BIND, watch.BIND):
        assert bind in OPERATOR


def test_where_each_line_lives_names_every_package_there_is() -> None:
    told = PAGES["CONTRIBUTING.md"].split("## Where each line lives")[1].split("\n## ")[0]
    named = {path for path in re.findall(r"`([a-z/]+)/`", told) if (ROOT / path / "__init__.py").exists()}
    there = {str(path.parent.relative_to(ROOT)) for folder in FOLDERS for path in (ROOT / folder).rglob("__init__.py")}
    assert named == there


def test_what_the_readme_says_of_the_example_policy_is_so(steadyline: Steadyline, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(steadyline("alerts", "example").stdout)
    told = steadyline("alerts", "check", policy, "--days", "1").stdout
    assert told.split(", from")[0] + ", ..." in PAGES["README.md"]


def test_the_numbers_that_are_said_are_those_of_the_code() -> None:
    watch = policies.example().routes[0]
    said: dict[str, dict[str, object]] = {
        "docs/watch-officer.md": {
            "15 minutes: the chief of the watch; 1 hour: all of them": [str(step.after) for step in watch.steps[1:]]
            == ["15 min", "1 h"],
            "half an hour, an hour, two, four, eight, and more seldom": [str(wait) for wait in watch.nags[:5]]
            == ["30 min", "1 h", "2 h", "4 h", "8 h"],
            "four changes in six hours, until it was still for an hour": policy.Flapping()
            == policy.Flapping(changes=4, within=Span.parse("6 h"), calm=Span.parse("1 h")),
            "escalation rests for 90 days": str(watch.ack_for) == "90 d",
        },
        "docs/operating.md": {
            f"up to {spool.MOST_EVENTS:,} or {spool.MOST_BYTES // 2**20} MiB": True,
            "go to another after ten seconds": WorkerSettings().session_timeout == 10,
            "which events came in, for 30 days": AGE.days == 30,
        },
        "docs/sources.md": {f"a batch ({Limits().batch_bytes // 2**20} MiB, {Limits().batch_events:,} events)": True},
        "SECURITY.md": {f"more than {MAX_BYTES:,} bytes": True, f"a password of {SHORTEST_PASSWORD} characters": True},
    }
    for page, numbers in said.items():
        for words, holds in numbers.items():
            assert holds, words
            assert words in " ".join(PAGES[page].split()), words


def test_modules_are_as_short_as_contributing_says() -> None:
    assert "stays under 400 lines" in PAGES["CONTRIBUTING.md"]
    long = {path: path.read_text().count("\n") for folder in (*FOLDERS, "tests") for path in (ROOT / folder).rglob("*.py")}
    assert {str(path): lines for path, lines in long.items() if lines >= 400} == {}
