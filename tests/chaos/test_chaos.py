"""What the suite of faults rests on: its plan follows from the seed, its verdict notices, its lines do what they say."""

import contextlib
import random
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos import verdict
from tests.chaos.__main__ import main, trial
from tests.chaos.faults import ALL
from tests.chaos.house import undisturbed_desk
from tests.chaos.links import Link, Network
from tests.chaos.recorded import Story
from tests.chaos.results import document, struck, survived
from tests.chaos.rounds import plan
from tests.chaos.surviving import Survived, judged
from tests.chaos.telling import TELLINGS
from tests.chaos.verdict import BlindError, Difference, compare, doctored, self_check

EVENTS = 600


@pytest.fixture(scope="module")
def story() -> Story:
    return Story.of(5, "r1", EVENTS)


def test_the_same_seed_gives_the_same_rounds_and_another_others() -> None:
    assert plan(3) == plan(3)
    assert plan(3) != plan(4)
    assert plan(3, 5) == plan(3)[:5]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_fault_strikes_alone_and_each_pair_is_two_things(seed: int) -> None:
    rounds = plan(seed)
    alone = [one.strikes[0].fault for one in rounds if len(one.strikes) == 1 and one.telling == "plain"]
    assert sorted(alone) == sorted(fault.name for fault in ALL)
    pairs = [frozenset(strike.fault for strike in one.strikes) for one in rounds if one.together]
    assert len(pairs) == len(set(pairs)) >= 10
    assert {len(pair) for pair in pairs} == {2}
    assert all(0 < strike.at < 0.9 for one in rounds for strike in one.strikes), "in mid-story"


def test_the_verdict_notices_whatever_is_planted() -> None:
    assert trial(5) == 8


def test_a_lapse_that_was_lost_is_named(story: Story) -> None:
    outcome = story.expected(undisturbed_desk("r1"))
    (lost,) = compare(outcome, doctored(outcome, random.Random(1))["lapse", "lost"])
    assert (lost.where, lost.what) == ("lapse", "missing")
    assert "revision" in lost.which


@pytest.mark.parametrize("blind", ["_lapses", "_pages", "_points"])
def test_a_verdict_that_notices_nothing_is_found_out(story: Story, blind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdict, blind, lambda *_: iter(()))
    with pytest.raises(BlindError, match="and noticed was: nothing"):
        self_check(story.expected(undisturbed_desk("r1")), 1)


@pytest.mark.parametrize("name", TELLINGS)
def test_however_it_is_told_nothing_is_lost_and_each_lane_keeps_its_order(story: Story, name: str) -> None:
    told = TELLINGS[name](story.sendings, random.Random(2))
    assert set(told) == set(story.sendings)
    assert (len(told) > len(story.sendings)) == (name == "duplicated")
    assert (told == list(story.sendings)) == (name == "plain")
    for lane in {(sending.topic, sending.partition) for sending in told}:
        meant, came = ([one for one in some if (one.topic, one.partition) == lane] for some in (story.sendings, told))
        assert came == meant or name == "duplicated"
        # What stands behind the last tick waits for ever.
        assert came[-1] == meant[-1]


def test_a_difference_shows_in_the_results_and_counts_as_not_survived() -> None:
    first, second, *_ = plan(1)
    told = [(first, Survived(lapses=3)), (second, Survived(differences=[Difference("page", "missing", "alarm of 12")]))]
    assert survived(told) < struck(told)
    text = document(1, 3, told, 8, ["round 3, full-disk: no mount here"])
    assert f"**{survived(told)} of {struck(told)} faults survived, in 2 rounds.**" in text
    assert "**1 differences**: page missing: alarm of 12" in text
    assert "1 of 3 rounds were left out, or not come to." in text
    assert "Left out: round 3, full-disk: no mount here." in text


def test_help_shows_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    assert "python -m tests.chaos --seed 7 --rounds 4" in capsys.readouterr().out


def test_what_could_not_be_looked_at_in_the_end_was_not_survived() -> None:
    found = [Difference("page", "missing", "alarm of 12")]
    assert judged(found, came=False) == judged(found, came=True) == found
    assert judged([], came=True) == []
    assert [each.where for each in judged([], came=False)] == ["end"]


class _Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        with contextlib.suppress(ConnectionResetError):
            while piece := self.request.recv(100):
                self.request.sendall(piece)


@pytest.fixture
def link() -> Iterator[Link]:
    """A line to a server that says again what it is told."""
    socketserver.ThreadingTCPServer.daemon_threads = True
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Echo) as server, Network() as network:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield network.link(server.server_address[1])
        server.shutdown()
        thread.join()


def test_what_is_sent_while_a_line_is_parted_comes_once_it_is_whole(link: Link) -> None:
    with socket.create_connection(("127.0.0.1", link.port), timeout=5) as client:
        client.sendall(b"one")
        assert client.recv(10) == b"one"
        link.part()
        client.sendall(b"two")
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.recv(10)
        link.heal()
        client.settimeout(5)
        assert client.recv(10) == b"two"
        link.slow(0.1)
        began = time.monotonic()
        client.sendall(b"three")
        assert client.recv(10) == b"three"
        assert time.monotonic() - began >= 0.2, "in both directions"
        link.cut()
        with pytest.raises(ConnectionResetError):
            client.recv(10)


def test_a_fault_that_there_is_not_is_bad_use_and_no_success(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--only", "kill-everybody"])
    assert ended.value.code == 2
    assert "the faults: kill-worker, " in capsys.readouterr().err


def test_a_round_that_does_not_end_is_none_that_was_survived(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def gone(*_: object) -> None:
        raise AssertionError("waited 90 s for the house\nand its last words")

    for module in ("recorded", "live", "cottage"):
        monkeypatch.setattr(f"tests.chaos.{module}.survive", gone)
    monkeypatch.setattr("tests.chaos.__main__.missing", lambda: None)
    monkeypatch.setattr("tests.chaos.__main__.missing_database", lambda: None)
    monkeypatch.setattr("tests.chaos.__main__.cannot_mount", lambda _: "no mount here")
    monkeypatch.setattr("signal.signal", lambda *_: None)
    assert main(["--rounds", "3", "--output", str(tmp_path / "results.md"), "--json"]) == 1
    said = capsys.readouterr()
    assert "0 of" in said.err
    assert '"AssertionError: waited 90 s for the house"' in said.out
    assert "end missing: AssertionError: waited 90 s for the house" in (tmp_path / "results.md").read_text()


def test_where_nothing_can_be_had_it_says_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("tests.chaos.__main__.missing", lambda: "no Java here")
    assert main(["--output", str(tmp_path / "results.md")]) == 3
    assert "no Java here" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
