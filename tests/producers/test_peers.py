"""The rules as the benchmark has them for other frameworks find what plain reckoning finds: what is timed is the same job."""

from collections import defaultdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.stack import building
from deploy.stack.service import StackError
from producers.synthetic import generate
from tests.benchmarks.events import Check, Event, read
from tests.benchmarks.oracle import Lapse, expected
from tests.benchmarks.peers import venvs
from tests.benchmarks.peers.duties import Silence, duty_of, owner
from tests.benchmarks.peers.job import as_of, due

EVENTS = 40_000


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("load") / "load.jsonl"
    path.write_bytes(b"".join(generate(EVENTS, seed=7)))
    return path


def judged(lines: list[bytes], batch: int) -> set[Lapse]:
    """What the duties find, each given its own events, so many lines at once."""
    duties: dict[str, Any] = {}
    lapses: set[Lapse] = set()
    for start in range(0, len(lines), batch):
        owned: defaultdict[str, list[Event]] = defaultdict(list)
        for event in map(read, lines[start : start + batch]):
            owned[owner(event)].append(event)
        for name, events in owned.items():
            lapses.update(duties.setdefault(name, duty_of(events[0])).take(events))
    return lapses.union(*(duty.end() for duty in duties.values()))


@pytest.mark.parametrize("batch", [1, 1_000, EVENTS])
def test_the_duties_find_what_the_oracle_finds_however_many_come_at_once(load: Path, batch: int) -> None:
    lines = load.read_bytes().splitlines()
    now = as_of(load)
    found = {lapse for lapse in judged(lines, batch) if due(lapse) < now}
    assert found == expected(lines)
    assert {rule for rule, _, _ in found} == {"check", "notice", "contact"}


def check(at: int, known: int) -> Check:
    """A check at a second of a minute, known at another."""
    moments = [f"2026-01-01T00:{second // 60:02}:{second % 60:02}Z" for second in (at, known)]
    event = read(
        f'{{"type":"org.steadyline.channel.check.v1","time":"{moments[0]}","ingested":"{moments[1]}","data":{{"channel":"c"}}}}'
    )
    assert isinstance(event, Check)
    return event


@pytest.mark.parametrize(
    ("checks", "lapses"),
    [
        ([(0, 0), (90, 90), (180, 180)], []),
        ([(0, 0), (91, 91), (181, 181)], [90]),
        ([(0, 0), (120, 120), (90, 120), (180, 180)], []),
        ([(0, 0), (200, 200), (60, 200), (260, 260)], [150]),
        ([(0, 0), (91, 91), (120, 120)], []),
        ([(0, 0), (91, 91), (120, 121)], [90]),
    ],
)
def test_a_gap_is_told_once_nothing_can_fill_it_any_more(checks: list[tuple[int, int]], lapses: list[int]) -> None:
    silence = Silence()
    found = [lapse for one in checks for lapse in silence.take([check(*one)])]
    began = check(0, 0).time
    assert [onset - began for _, _, onset in found] == [timedelta(seconds=second) for second in lapses]


def test_of_a_framework_that_cannot_be_had_the_reason_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> str:
        raise StackError("pip could not install Bytewax 0.21.1:\nno wheel\nfor this Python")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(building, "run", fails)
    assert venvs.reason(venvs.BYTEWAX) == "pip could not install Bytewax 0.21.1: no wheel for this Python"
