"""Real processes, killed where it hurts: in mid-append, and between sending and forgetting."""

import os
import random
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from producers.delivery.sender import Sender
from producers.delivery.spool import Spool
from producers.delivery.target import Access, open_target
from streams.rulebook import RuleBook
from tests.delivery.build import NOW, THERE, check
from tests.delivery.stub_gateway import TOKEN, Answer, stub_gateway

ROOT = Path(__file__).parents[2]


def started(module: str, *arguments: object) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", f"tests.delivery.{module}", *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        env={**os.environ, "STEADYLINE_TOKEN": TOKEN},
    )


def test_what_was_appended_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    said: list[str] = []
    for life in range(3):
        # Two at once, so that one is killed while the other appends.
        writers = [started("filling", path, THERE, f"{name}{life}") for name in "pq"]
        for writer in writers:
            assert writer.stdout is not None
            lines = random.randint(1, 25)
            # After so many it is in the middle of the next append, or about to begin it.
            said += [writer.stdout.readline().decode().strip() for _ in range(lines)]
            writer.kill()
            said += writer.stdout.read().decode().split()
            assert writer.wait(20) == -signal.SIGKILL
            writer.stdout.close()
    with Spool(path) as spool:
        found = [kept.id for kept in spool.first(THERE, 1_000_000, 10**9)]
        assert spool.queues()[0].waiting == len(found)
    assert len(found) == len(set(found))
    for name in said:
        assert {f"{name}-a", f"{name}-b"} <= set(found), "what was said to be kept is kept"
    for name in (f"{letter}{life}" for letter in "pq" for life in range(3)):
        of_one = [each for each in found if each.startswith(f"{name}-")]
        assert of_one == [f"{name}-{number}-{end}" for number in range(len(of_one) // 2) for end in "ab"], (
            "whole calls, in order"
        )


@pytest.mark.parametrize("taken", [True, False], ids=["after the gateway took it", "before"])
def test_a_sender_that_dies_before_it_forgets_sends_again_and_it_counts_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: bool
) -> None:
    monkeypatch.setenv("STEADYLINE_TOKEN", TOKEN)
    path = tmp_path / "spool.db"
    names = [f"e{number}" for number in range(1_300)]
    with stub_gateway() as stub, Spool(path) as spool:
        spool.append([check(name) for name in names], stub.url, NOW)
        victims: list[subprocess.Popen[bytes]] = []

        def kill_the_second(events: list[dict[str, object]]) -> Answer | None:
            if len(stub.requests) != 2:
                return None
            # The gateway has the batch in its hands; the sender will never hear what came of it.
            victims[0].kill()
            victims[0].wait(20)
            return Answer(0, drop=True, took=taken) if not taken else stub.take(events)

        stub.whole = kill_the_second
        victims.append(started("sending", path, stub.url))
        assert victims[0].wait(60) == -signal.SIGKILL
        assert victims[0].stdout is not None
        victims[0].stdout.close()
        assert spool.waiting(stub.url) == 800, "one batch was handed over and forgotten, the other was not"
        access = Access(lambda: RuleBook(()))
        with Sender(spool, stub.url, partial(open_target, stub.url, access)) as sender:
            assert sender.drain(30.0) == ("done", 800, 0, None), "the dead one's lock is gone"
        assert stub.ids == names, "each once, and in order"
        again = [request for _, request in stub.requests].count(names[500:1_000])
        assert again == 2, "the same ids were on the wire twice"
