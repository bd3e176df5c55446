"""The commands of the desk as people use them: an embedded desk in a process of its own, actions from a terminal, the trail."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from alerts.audit import digest_of, read_record
from alerts.journal import LapseEntry, encode_entry
from alerts.policies import load
from alerts.service.store import Store
from alerts.station import Station
from deploy.cli import app
from deploy.replaying.follow import Follower
from deploy.replaying.replay import Edges, replay
from streams.agreements.load import load_builtin
from streams.events.decode import decode
from streams.lapses import Lapse, encode_lapse
from streams.log.sqlite import Entry, Log, LogSource
from streams.watch import Watch
from tests.alerts.build import lapse
from tests.alerts.receivers import Webhook, eventually, webhook

POLICY = """
gather = "0 s"
trouble = ["receiver:log"]
[[receivers]]
id = "hook"
url = "{url}"
[[receivers]]
id = "log"
kind = "log"
[[people]]
id = "ann"
name = "Ann"
receivers = ["hook"]
[[routes]]
id = "all"
steps = [{{ to = ["person:ann"] }}]
"""


def append(path: Path, kind: str, name: str, at: datetime, data: dict[str, object]) -> None:
    """An event into the log, as a producer appends it."""
    event = {
        "specversion": "1.0",
        "type": f"org.steadyline.{kind}.v1",
        "id": name,
        "source": "https://example.org/mfa",
        "time": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "reported": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "data": data,
    }
    line = json.dumps(event).encode()
    read = decode(line)
    with Log(path) as log:
        log.append([Entry(read.source, read.id, str(read.__struct_config__.tag), line)], datetime.now(UTC))


def declared(path: Path, name: str, status: str, at: datetime) -> None:
    """A party declares a line of cooperation suspended, or open."""
    append(path, "channel.status", name, at, {"channels": ["us-china-climate"], "status": status, "party": "PRC"})


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """A desk on that folder's log, killed at the end; where its API is."""
    command = [str(Path(sys.executable).parent / "steadyline"), "alerts", "run", str(folder / "policy.toml"), "--json"]
    command += ["--log", str(folder / "watch.db"), "--people", str(folder / "people.json")]
    command += ["--bind", "127.0.0.1:0", "--allow", "127.0.0.0/8"]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env={**os.environ})
    assert process.stdout is not None
    try:
        told = process.stdout.readline()
        assert told, (folder / "log").read_text()
        yield str(json.loads(told)["url"])
    finally:
        process.kill()
        process.wait(10)
        process.stdout.close()


def steadyline(*arguments: object, stdin: str | None = None, token: str = "") -> Result:
    environment = {"STEADYLINE_DESK_TOKEN": token, "COLUMNS": "160"}
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin, env=environment)


def person(folder: Path, name: str, role: str) -> str:
    """The token of somebody new."""
    told = steadyline("alerts", "people", "add", name, "--role", role, "--people", folder / "people.json", "--json")
    assert told.exit_code == 0, told.output
    return str(json.loads(told.stdout)["token"])


def prepared(folder: Path, hook: Webhook) -> Path:
    (folder / "policy.toml").write_text(POLICY.format(url=hook.url))
    return folder / "watch.db"


def test_an_event_is_paged_acknowledged_killed_restarted_and_handed_over(tmp_path: Path) -> None:
    with webhook() as hook:
        log = prepared(tmp_path, hook)
        token = person(tmp_path, "ann", "officer")
        with running(tmp_path) as url:
            declared(log, "cut", "suspended", datetime.now(UTC))
            eventually(lambda: len(hook.calls) == 1, "the page", 30.0)
            page = hook.calls[0].body["page"]
            done = steadyline("alerts", "ack", page, "--for", "2 d", "--note", "called", "--to", url, token=token)
            assert done.exit_code == 0, done.output
            assert "done by ann" in done.stdout
            refused = steadyline("alerts", "ack", "ffffffffffffffff", "--to", url, token=token)
            assert refused.exit_code == 2
            assert "ffffffffffffffff" in refused.output
        # Killed. While nothing runs, the file itself takes actions.
        direct = ("--log", log, "--policy", tmp_path / "policy.toml", "--people", tmp_path / "people.json")
        assert steadyline("alerts", "note", page, "they say: the cable", *direct, token=token).exit_code == 0
        with running(tmp_path) as url:
            eventually(lambda: "the cable" in handover(url, token), "the note", 30.0)
            told = steadyline("alerts", "handover", "--to", url, token=token)
            assert told.exit_code == 1
            for words in ("PAGE acknowledged since", page, "ann: ", "called", "ann has it until", "us-china-climate"):
                assert words in told.stdout
        assert len(hook.calls) == 1
    sound = steadyline("audit", "verify", "--log", log, "--json")
    assert sound.exit_code == 0
    assert json.loads(sound.stdout)["records"] == 2


def handover(url: str, token: str) -> str:
    return steadyline("alerts", "handover", "--to", url, "--json", token=token).output


@pytest.fixture
def trail(tmp_path: Path) -> Path:
    """A log whose desk has three notes on one page."""
    with webhook() as hook:
        log = prepared(tmp_path, hook)
        token = person(tmp_path, "ann", "officer")
        with running(tmp_path):
            declared(log, "cut", "suspended", datetime.now(UTC))
            eventually(lambda: len(hook.calls) == 1, "the page", 30.0)
        direct = ("--log", log, "--policy", tmp_path / "policy.toml", "--people", tmp_path / "people.json")
        for number in range(3):
            noted = steadyline("alerts", "note", hook.calls[0].body["page"], f"note {number}", *direct, token=token)
            assert noted.exit_code == 0, noted.output
        viewer = person(tmp_path, "bob", "viewer")
        assert steadyline("alerts", "note", hook.calls[0].body["page"], "x", *direct, token=viewer).exit_code == 2
        assert steadyline("alerts", "note", hook.calls[0].body["page"], "x", *direct, token="sld_wrong").exit_code == 2
    return log


ROTA = """
[[rotas]]
id = "duty"
people = ["ann"]
start = 2026-01-05
"""


@pytest.fixture
def page(tmp_path: Path) -> str:
    """The id of the one page in the file of a desk that does not run."""
    (tmp_path / "policy.toml").write_text(POLICY.format(url="json://127.0.0.1:9/none") + ROTA)
    station = Station(load(tmp_path / "policy.toml"))
    entry = LapseEntry(at=datetime.now(UTC), lapse=lapse())
    station.take(entry)
    with Store(tmp_path / "watch.desk.db") as store:
        store.append([encode_entry(entry)], station.changes(), 0)
    return station.desk.pages()[0].id


def test_everything_that_can_be_done_is_done_in_turn_and_stands_on_the_trail(tmp_path: Path, page: str) -> None:
    token = person(tmp_path, "ann", "officer")
    direct = ("--log", tmp_path / "watch.db", "--policy", tmp_path / "policy.toml", "--people", tmp_path / "people.json")
    silence = ("silence", "works", "--subject", "us-china-*", "--for", "6 h", "--reason", "announced")
    table: list[tuple[int, tuple[str, ...]]] = [
        (0, ("ack", page, "--for", "2 d")),
        (0, ("unack", page, "--note", "not mine")),
        (2, ("unack", page)),  # nobody has it any more
        (0, ("snooze", page, "--for", "90 min")),
        (2, ("snooze", page)),  # until when?
        (2, ("snooze", page, "--for", "90 min", "--until", "2030-01-01")),
        (2, ("snooze", page, "--for", "a while")),
        (0, silence),
        (2, silence),  # there is one of that name
        (0, ("unsilence", "works", "--reason", "done early")),
        (2, ("silence", "all", "--for", "6 h", "--reason", "x")),  # what is to be silent?
        (0, ("hand-over", "duty", "ann", "--for", "8 h")),
        (2, ("hand-over", "duty", "nobody", "--for", "8 h")),
        (0, ("resolve", page, "--reason", "given up by both")),
        (2, ("ack", "no-page")),
    ]
    for code, arguments in table:
        told = steadyline("alerts", *arguments, *direct, token=token)
        assert told.exit_code == code, (arguments, told.output)
    with Store(tmp_path / "watch.desk.db", create=False) as store:
        records = [read_record(data) for _, data in store.actions()]
    assert [type(record.action.deed).__struct_config__.tag for record in records] == [
        arguments[0] for code, arguments in table if code == 0
    ]
    assert {record.action.by for record in records} == {"ann"}
    assert steadyline("alerts", "ack", page, *direct).exit_code == 2  # who are you?


def test_what_is_done_to_the_file_of_the_trail_is_found(trail: Path) -> None:
    head = json.loads(steadyline("audit", "verify", "--log", trail, "--json").stdout)["head"]
    table = {
        "a word": "UPDATE actions SET data = replace(data, 'note 1', 'nota 1') WHERE number = 2",
        "a record": "DELETE FROM actions WHERE number = 2",
        "the end": "DELETE FROM actions WHERE number = 3",
        "the order": "UPDATE actions SET number = CASE number WHEN 1 THEN -2 ELSE -1 END WHERE number < 3",
    }
    for what, statement in table.items():
        assert steadyline("audit", "verify", "--log", tampered(trail, what, statement)).exit_code == 1, what
    # The head beside it was changed as well: the one that was written down elsewhere finds it.
    forged = tampered(trail, "all", "DELETE FROM actions", "UPDATE head SET number = 0, digest = printf('%064d', 0)")
    assert steadyline("audit", "verify", "--log", forged).exit_code == 0
    assert steadyline("audit", "verify", "--log", forged, "--head", head).exit_code == 1
    # Likewise where the trail was written anew and is as long as it was.
    with Store(trail.with_suffix(".desk.db"), create=False) as store:
        other = store.actions()[-1][1].replace(b"note 2", b"nota 2")
    forged = tampered(
        trail,
        "anew",
        f"UPDATE actions SET data = X'{other.hex()}' WHERE number = 3",
        f"UPDATE head SET digest = '{digest_of(other)}'",
    )
    assert steadyline("audit", "verify", "--log", forged).exit_code == 0
    assert steadyline("audit", "verify", "--log", forged, "--head", head).exit_code == 1


@pytest.mark.parametrize("host", ["127.0.0.1.example", "127.example", "localhost.example", "10.0.0.1"])
def test_a_token_goes_nowhere_else_without_tls(host: str) -> None:
    refused = steadyline("alerts", "handover", "--to", f"http://{host}:1", token="sld_secret")
    assert refused.exit_code == 2
    assert "without TLS" in refused.output


def tampered(log: Path, name: str, *statements: str) -> Path:
    """A copy of a log's desk, changed by somebody who can write the file, and so do away with what guards it."""
    copy = log.with_name(f"{name}.db")
    db = sqlite3.connect(log.with_suffix(".desk.db"))
    other = sqlite3.connect(copy.with_suffix(".desk.db"))
    db.backup(other)
    for statement in ("DROP TRIGGER actions_are_not_changed", "DROP TRIGGER actions_are_not_deleted", *statements):
        other.execute(statement)
    other.commit()
    other.close()
    db.close()
    return copy


def test_a_test_page_says_that_it_is_an_exercise_and_goes_to_that_receiver_alone(tmp_path: Path) -> None:
    with webhook() as hook:
        prepared(tmp_path, hook)
        arguments = ("alerts", "test", "hook", "--policy", tmp_path / "policy.toml")
        refused = steadyline(*arguments)
        assert refused.exit_code == 3
        assert "loopback" in refused.output
        took = steadyline(*arguments, "--allow", "127.0.0.0/8")
        assert took.exit_code == 0, took.output
        assert steadyline("alerts", "test", "nobody", "--policy", tmp_path / "policy.toml").exit_code == 2
    (call,) = hook.calls
    assert call.body["title"].startswith("EXERCISE")
    assert call.body["title"].endswith("EXERCISE")
    assert call.body["exercise"] == "yes"


def test_people_are_added_listed_and_removed(tmp_path: Path) -> None:
    people = ("--people", tmp_path / "people.json")
    assert steadyline("alerts", "people", "add", "ann", "--name", "Ann Lee", "--role", "officer", *people).exit_code == 0
    with_password = ("alerts", "people", "add", "ann", "--password", "--no-token", *people)
    assert steadyline(*with_password, stdin="short\n").exit_code == 2
    assert steadyline(*with_password, stdin="correct horse battery\n").exit_code == 0
    (row,) = [json.loads(line) for line in steadyline("alerts", "people", "list", "--json", *people).stdout.splitlines()]
    assert {name: row[name] for name in ("id", "name", "role", "tokens", "password")} == {
        "id": "ann",
        "name": "Ann Lee",
        "role": "officer",
        "tokens": 1,
        "password": True,
    }
    assert steadyline("alerts", "people", "remove", "ann", "--tokens", *people).exit_code == 0
    assert steadyline("alerts", "people", "remove", "ann", *people).exit_code == 0
    assert steadyline("alerts", "people", "remove", "ann", *people).exit_code == 2
    assert steadyline("alerts", "people", "list", *people).stdout.strip() == "nobody"


def test_what_a_follower_finds_is_what_a_replay_of_the_log_finds(tmp_path: Path) -> None:
    path, times = tmp_path / "watch.db", [datetime(2026, 3, day, 12, tzinfo=UTC) for day in range(1, 9)]
    clock = iter(times)
    current = [next(clock)]
    follower = Follower(path, load_builtin(), lambda: current[0])
    found = follower.poll()
    for number, now in enumerate(clock):
        current[0] = now
        if number == 1:
            declared(path, "cut", "suspended", times[1])
        if number == 4:
            declared(path, "back", "open", now)
        found += follower.poll()
        # Time that changes nothing leaves no trace.
        assert follower.poll() == []
    follower.close()
    assert found
    watch, told = Watch(load_builtin()), list[Lapse]()
    replay(watch, LogSource(path), Edges(clock=lambda: 0.0, changed=told.extend))
    assert list(map(encode_lapse, found)) == list(map(encode_lapse, told))
    again = Follower(path, load_builtin(), lambda: current[0])
    assert list(map(encode_lapse, again.poll())) == list(map(encode_lapse, told))
    again.close()


def test_a_follower_does_not_follow_a_time_of_day_that_leaps(tmp_path: Path) -> None:
    path, begun = tmp_path / "watch.db", datetime(2026, 3, 1, 12, tzinfo=UTC)
    second, leap = [0], [timedelta()]
    follower = Follower(
        path, load_builtin(), lambda: begun + timedelta(seconds=second[0]) + leap[0], elapsed=lambda: float(second[0])
    )
    follower.poll()
    for gone in (timedelta(days=30), timedelta(days=-30), timedelta()):
        leap[0], second[0] = gone, second[0] + 1
        declared(path, f"after-{second[0]}", "suspended", begun)
        follower.poll()
    follower.close()
    with Log(path) as log:
        ticks = [decode(record.data).time for record in log.read() if ".tick." in record.kind]
    assert ticks == [begun + timedelta(seconds=number) for number in range(4)]
