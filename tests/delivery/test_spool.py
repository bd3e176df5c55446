"""The spool: in order, bounded, and nothing lost."""

import multiprocessing
import sqlite3
import stat
import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from producers.delivery.spool import VERSION, Limits, Spool, SpoolError, SpoolFullError
from streams.events.decode import decode, encode
from tests.delivery.build import HERE, NOW, THERE, beat, check

ROOM = Limits(events=12, bytes=6_000)
TARGETS = st.sampled_from((HERE, THERE))


class SpoolMachine(RuleBasedStateMachine):
    """A spool against three lists: what waits for each target, what was handed over, what was refused."""

    @initialize()
    def open(self) -> None:
        self.home = TemporaryDirectory()
        self.path = Path(self.home.name) / "spool.db"
        self.spool = Spool(self.path, ROOM)
        self.count = 0
        self.waiting: dict[str, list[str]] = {HERE: [], THERE: []}
        self.kept: dict[str, list[str]] = {HERE: [], THERE: []}
        self.sent: dict[str, list[str]] = {HERE: [], THERE: []}
        self.refused: list[tuple[str, str]] = []
        self.sizes: dict[str, int] = {}

    def held(self) -> tuple[int, int]:
        names = [name for names in self.waiting.values() for name in names] + [name for _, name in self.refused]
        return len(names), sum(self.sizes[name] for name in names)

    @rule(to=TARGETS, count=st.integers(1, 4), length=st.sampled_from((0, 10, 1_500)))
    def append(self, to: str, count: int, length: int) -> None:
        events = [check(f"e{self.count + number}", "x" * length) for number in range(count)]
        self.count += count
        self.sizes |= {event.id: len(encode(event)) for event in events}
        before = self.held()
        fits = before[0] + count <= ROOM.events and before[1] + sum(self.sizes[event.id] for event in events) <= ROOM.bytes
        if fits:
            assert self.spool.append(events, to, NOW) == count
            self.waiting[to] += [event.id for event in events]
            self.kept[to] += [event.id for event in events]
        else:
            with pytest.raises(SpoolFullError, match="nothing of this was kept"):
                self.spool.append(events, to, NOW)

    @rule(to=TARGETS)
    def append_once_more(self, to: str) -> None:
        if self.waiting[to]:
            name = self.waiting[to][-1]
            data = next(kept.data for kept in self.spool.first(to, 100, 10**6) if kept.id == name)
            assert self.spool.append([decode(data)], to, NOW) == 0

    @rule(to=TARGETS, most=st.integers(1, 5), size=st.sampled_from((1, 2_000, 10**6)), reached=st.integers(0, 5))
    def send(self, to: str, most: int, size: int, reached: int) -> None:
        """The other side takes the first few of a batch, and what it took is forgotten; the rest waits."""
        batch = self.spool.first(to, most, size)
        assert bool(batch) == bool(self.waiting[to])
        assert [kept.id for kept in batch] == self.waiting[to][: len(batch)]
        assert len(batch) <= most
        assert len(batch) <= 1 or sum(len(kept.data) for kept in batch) <= size
        done = batch[:reached]
        self.spool.settle([kept.position for kept in done], {}, NOW)
        self.sent[to] += [kept.id for kept in done]
        del self.waiting[to][: len(done)]

    @rule(to=TARGETS)
    def send_and_die(self, to: str) -> None:
        """What was sent and not forgotten waits on."""
        self.spool.first(to, 5, 10**6)
        self.crash()

    @rule(to=TARGETS, index=st.integers(0, 11))
    def refuse(self, to: str, index: int) -> None:
        batch = self.spool.first(to, 12, 10**6)
        if index < len(batch):
            self.spool.settle((), {batch[index].position: "no such channel"}, NOW)
            self.refused.append((to, batch[index].id))
            del self.waiting[to][index]

    @rule()
    def retry(self) -> None:
        numbers = [letter.number for letter in self.spool.dead_letters()]
        self.spool.retry(numbers)
        for to, name in self.refused:
            self.waiting[to].append(name)
        self.refused.clear()

    @rule()
    def crash(self) -> None:
        # What SQLite holds open is left as it is, as by a process that died.
        self.lost = getattr(self, "lost", [])
        self.lost.append(self.spool)
        self.spool = Spool(self.path, ROOM)

    @invariant()
    def nothing_is_lost_and_nothing_twice(self) -> None:
        if not hasattr(self, "spool"):
            return
        for to in (HERE, THERE):
            found = [kept.id for kept in self.spool.first(to, 100, 10**6)]
            assert found == self.waiting[to], "in the order of the appends"
        assert [(letter.target, letter.id) for letter in self.spool.dead_letters()] == self.refused
        for to in (HERE, THERE):
            everywhere = self.sent[to] + self.waiting[to] + [name for where, name in self.refused if where == to]
            assert sorted(everywhere) == sorted(self.kept[to])
        queues = {queue.target: queue for queue in self.spool.queues()}
        for to in (HERE, THERE):
            assert (queues[to].waiting if to in queues else 0) == len(self.waiting[to])

    def teardown(self) -> None:
        if hasattr(self, "spool"):
            for spool in (self.spool, *getattr(self, "lost", ())):
                spool.close()
            self.home.cleanup()


SpoolMachine.TestCase.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)
TestSpool = SpoolMachine.TestCase


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "spool" / "spool.db"


def test_what_is_in_it_is_for_its_user_only(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.touch(0o644)
    with Spool(path) as spool:
        spool.append([check("e")], HERE, NOW)
        for file in path.parent.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name
    assert path.parent.stat().st_mode & 0o700


def test_a_directory_of_its_own_is_for_its_user_only(path: Path) -> None:
    with Spool(path):
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_another_event_under_the_same_id_is_an_error(path: Path) -> None:
    with Spool(path) as spool:
        spool.append([check("e", "one")], HERE, NOW)
        with pytest.raises(SpoolError, match="another event waits under the id e"):
            spool.append([check("f"), check("e", "two")], HERE, NOW)
        assert [kept.id for kept in spool.first(HERE, 10, 10**6)] == ["e"], "all of a call or nothing"
        assert spool.append([check("e", "one")], THERE, NOW) == 1, "each target has its own"


def test_an_event_that_nobody_would_read_is_not_kept(path: Path) -> None:
    with Spool(path) as spool, pytest.raises(SpoolError, match="too long: expected at most 262,144 bytes"):
        spool.append([check("e", "x" * 300_000)], HERE, NOW)


def test_positions_are_never_used_twice(path: Path) -> None:
    with Spool(path) as spool:
        spool.append([check("a")], HERE, NOW)
        first = spool.first(HERE, 1, 1)[0].position
        spool.settle([first], {}, NOW)
        spool.append([check("b")], HERE, NOW)
        spool.settle([first], {first: "a late answer to what is gone"}, NOW)
        assert [kept.id for kept in spool.first(HERE, 10, 10**6)] == ["b"]
        assert spool.dead_letters() == []


def test_a_dead_letter_is_dropped_or_put_back_behind_the_others(path: Path) -> None:
    with Spool(path) as spool:
        spool.append([check(name) for name in "abc"], HERE, NOW, "feed")
        positions = [kept.position for kept in spool.first(HERE, 3, 10**6)]
        spool.settle((), {positions[0]: "why " * 1_000, positions[1]: "other"}, NOW)
        letters = spool.dead_letters()
        assert [len(letter.reason) for letter in letters] == [1_000, 5]
        assert spool.incomplete(HERE) == {"feed"}
        assert spool.incomplete(THERE) == frozenset()
        with pytest.raises(LookupError, match="99"):
            spool.drop([letters[0].number, 99])
        with pytest.raises(LookupError, match="99"):
            spool.retry([letters[0].number, 99])
        assert len(spool.dead_letters()) == 2, "all or none"
        spool.retry([letter.number for letter in reversed(letters)])
        assert [kept.id for kept in spool.first(HERE, 10, 10**6)] == ["c", "a", "b"], "in the order in which they were refused"
        positions = [kept.position for kept in spool.first(HERE, 3, 10**6)]
        spool.settle((), {positions[1]: "again", positions[2]: "again"}, NOW)
        letters = spool.dead_letters()
        spool.drop([letters[1].number])
        spool.retry([letters[0].number])
        assert [kept.id for kept in spool.first(HERE, 10, 10**6)] == ["c", "a"]
        assert spool.incomplete(HERE) == frozenset()


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda path: path.write_bytes(b"not a database, but long enough to be looked at" * 50), "not a Steadyline spool"),
        (lambda path: sqlite3.connect(path).execute("CREATE TABLE other (x)").connection.close(), "of something else"),
        (lambda path: path.mkdir(), "cannot open"),
    ],
    ids=["text", "another database", "directory"],
)
def test_what_is_no_spool_is_said_to_be_none(path: Path, prepare: Any, words: str) -> None:
    path.parent.mkdir(parents=True)
    prepare(path)
    with pytest.raises(SpoolError, match=words):
        Spool(path)


def test_a_newer_one_is_left_alone(path: Path) -> None:
    Spool(path).close()
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA user_version = {VERSION + 1}")
    db.close()
    with pytest.raises(SpoolError, match="newer Steadyline"):
        Spool(path)


def _fill(path: Path, name: str, count: int) -> None:
    with Spool(path) as spool:
        for number in range(count):
            spool.append([check(f"{name}-{number}"), beat(f"{name}-{number}-b", name)], HERE, NOW, name)


def test_several_processes_share_one_and_each_keeps_its_order(path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_fill, args=(path, name, 8)) for name in ("p", "q", "r")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    with Spool(path) as spool:
        found = [kept.id for kept in spool.first(HERE, 1_000, 10**9)]
    assert len(found) == 48
    for name in ("p", "q", "r"):
        of_one = [each for each in found if each.startswith(name)]
        assert of_one == [f"{name}-{number}{end}" for number in range(8) for end in ("", "-b")]


def test_threads_share_one(path: Path) -> None:
    with Spool(path) as spool:

        def fill(name: str) -> None:
            for number in range(20):
                spool.append([check(f"{name}-{number}")], HERE, NOW)

        threads = [threading.Thread(target=fill, args=(name,)) for name in "abc"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert spool.waiting(HERE) == 60
        assert spool.queues()[0].bytes == sum(len(kept.data) for kept in spool.first(HERE, 100, 10**6))


def test_one_that_is_closed_says_so_in_its_own_words(path: Path) -> None:
    spool = Spool(path)
    spool.close()
    with pytest.raises(SpoolError, match="closed"):
        spool.append([check("a")], HERE, NOW)
    with pytest.raises(SpoolError, match="closed"):
        spool.first(HERE, 1, 1)
