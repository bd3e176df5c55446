"""Holds what workers wrote against what the log says: the same records through the same watch, compared byte for byte.

What is compared are revisions by lapse and number, and dead letters by the place of their record: a worker that was killed may
write one twice, and then says the same both times. The order of reading makes the verdict certain while workers run: first how
far they are done, then what they wrote, then the log. So nothing they wrote can lack its records, and what is missing from
before the point they are done with is lost.
"""

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple

import msgspec

from deploy.replaying.inputs import Input
from deploy.replaying.replay import Edges, replay
from streams.agreements.model import Agreement
from streams.lapses import Lapse, decode_lapse, encode_lapse
from streams.letters import decode_letter, encode_letter, of_record
from streams.live.settings import WorkerSettings
from streams.log.admin import Admin
from streams.log.kafka import KafkaRecord, TopicReader, common_partitions, together
from streams.partition import PartitionWatch, Taken
from streams.topics import DEAD_LETTERS, INPUTS, LAPSES, in_run
from streams.watch import Watch

TOLD = 1_000
"""Differences that are told one by one; beyond, they are only counted."""
_SLICE = 50
"""Records after which it is looked how far workers must be to have judged them: what they are not provably past is behind."""

What = Literal["behind", "missing", "unexpected", "different", "contradictory", "twice", "unreadable"]
"""How something differs: not written yet, not written, written without reason, written otherwise, written twice and not
alike, judged in two partition numbers, no lapse or letter at all."""
Key = tuple[bool, str, int]
"""A revision: drill or not, the lapse's id, its number."""
Place = tuple[str, int, int]
"""A record: its topic, partition, offset."""


class NoRunError(ValueError):
    """There is nothing to verify under this name. The message says what is missing."""


class Difference(NamedTuple):
    """One way in which what was written is not what it ought to be.

    Attributes:
        what: How it differs.
        of: What differs: a revision of a lapse, or a dead letter.
        by: What it was held against: the log, or a story.
        partition: The partition number that judged it, where that is known.
        key: The revision, or the place of the record; the place in the output topic of one that is unreadable.
        expected: The lapse as it ought to be.
        found: The lapse as it was written.
    """

    what: What
    of: Literal["lapse", "dead-letter"]
    by: Literal["log", "story"]
    partition: int | None
    key: Key | Place
    expected: Lapse | None = None
    found: Lapse | None = None

    @property
    def fields(self) -> list[str]:
        """Where both are known, the fields that differ."""
        if self.expected is None or self.found is None:
            return []
        return [name for name in Lapse.__struct_fields__ if getattr(self.expected, name) != getattr(self.found, name)]

    def row(self) -> dict[str, Any]:
        """The difference for machines, under stable names."""
        row: dict[str, Any] = {"difference": self.what, "of": self.of, "by": self.by, "partition": self.partition}
        if self.of == "lapse" and self.what != "unreadable":
            exercise, name, revision = self.key
            row |= {"exercise": exercise, "id": name, "revision": revision, "fields": self.fields}
            return {**row, "expected": self.expected, "found": self.found}
        topic, partition, offset = self.key
        return {**row, "record": {"topic": topic, "partition": partition, "offset": offset}}


@dataclass(kw_only=True)
class Verdict:
    """What a verification found.

    Attributes:
        run: The run; ``None`` for the live log.
        partitions: How many partitions each input topic has.
        written: Revisions in the lapses topic, each counted once.
        repeated: Records of the lapses topic that say once more what stood there before.
        expected: Revisions by the log.
        letters: Dead letters of workers, each counted once.
        letters_expected: Dead letters by the log.
        unsent: Dead letters of lines that never came into the log.
        events: Events that the log's readers take in, each as often as it is taken in.
        waiting: Partition numbers in which events wait for a tick after them: nothing is said of those yet.
        shortened: Records of input topics that were deleted since: what rests on them cannot be verified.
        now: By partition number, up to when the log was judged, UTC.
        story: Revisions by the story, where there is one.
        counts: Differences, by what differs and how.
        differences: The first of them.
        seconds: How long it took.
    """

    run: str | None
    partitions: int
    written: int = 0
    repeated: int = 0
    expected: int = 0
    letters: int = 0
    letters_expected: int = 0
    unsent: int = 0
    events: int = 0
    waiting: list[int] = field(default_factory=list)
    shortened: int = 0
    now: dict[int, datetime | None] = field(default_factory=dict)
    story: int | None = None
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def same(self) -> bool:
        """Whether all is as it ought to be."""
        return not self.counts

    @property
    def behind(self) -> bool:
        """Whether nothing is wrong but that workers have not come so far yet."""
        return bool(self.counts) and all(what == "behind" for what, _ in self.counts)

    def differs(self, difference: Difference) -> None:
        """Count a difference, and keep it where there are few."""
        self.counts[difference.what, difference.of] += 1
        if len(self.differences) < TOLD:
            self.differences.append(difference)

    def summary(self) -> dict[str, Any]:
        """The counts for machines, under stable names."""
        told: dict[str, Counter[str]] = {"lapse": Counter(), "dead-letter": Counter()}
        for (what, of), count in self.counts.items():
            told[of][what] += count
        return {
            "run": self.run,
            "partitions": self.partitions,
            "same": self.same,
            "revisions": self.written,
            "revisions_repeated": self.repeated,
            "revisions_by_log": self.expected,
            "revisions_by_story": self.story,
            "lapse_differences": dict(sorted(told["lapse"].items())),
            "dead_letters": self.letters,
            "dead_letters_by_log": self.letters_expected,
            "dead_letter_differences": dict(sorted(told["dead-letter"].items())),
            "lines_not_sent": self.unsent,
            "events": self.events,
            "partitions_waiting": self.waiting,
            "records_deleted": self.shortened,
            "until": {str(partition): now for partition, now in self.now.items()},
            "seconds": round(self.seconds, 6),
        }


def verify(
    bootstrap: str,
    run: str | None,
    agreements: Sequence[Agreement],
    *,
    story: Input | None = None,
    until: datetime | None = None,
    today: datetime | None = None,
    progress: Callable[[int, int, datetime], object] | None = None,
) -> Verdict:
    """Judge the log of a run anew, and compare.

    Args:
        bootstrap: ``HOST:PORT``, several with commas.
        run: The run; the live log without it.
        agreements: What the workers judge by.
        story: What was sent, to compare with its embedded replay as well.
        until: When that replay ends, where not with the story, UTC.
        today: The time of day; in that replay nothing can be known after it.
        progress: Told how many bytes and events are done, and what time it is in the log.

    Raises:
        BrokerError: when the broker does not answer.
        KafkaLogError: when it stops answering.
        NoRunError: when the topics are not there, or cannot be read together.
    """
    began = time.monotonic()
    inputs = {in_run(topic, run): topic for topic in INPUTS}
    with Admin(bootstrap) as admin:
        done = admin.committed(WorkerSettings(run=run).app_id)
        held = admin.bounds([*inputs, in_run(LAPSES, run), in_run(DEAD_LETTERS, run)])
    try:
        partitions = common_partitions(held, list(inputs), run, [in_run(LAPSES, run), in_run(DEAD_LETTERS, run)])
    except ValueError as error:
        raise NoRunError(str(error)) from error
    verdict = Verdict(run=run, partitions=partitions)
    check = _Check(verdict, bootstrap, run, done)
    with ExitStack() as stack:
        check.read_outputs(stack)
        readers = [stack.enter_context(TopicReader(bootstrap, topic)) for topic in inputs]
        for partition in range(verdict.partitions):
            watch = PartitionWatch(agreements, partition, verdict.partitions, run=run)
            read = 0
            for topic, batch in together(readers, partition):
                records = [(record.offset, record.value) for record in batch.records]
                for first in range(0, len(records), _SLICE):
                    taken = watch.take(inputs[topic], records[first : first + _SLICE])
                    check.take(partition, taken, watch.positions)
                read += sum(len(record.value or b"") for record in batch.records)
                if progress is not None and watch.now is not None:
                    progress(read, verdict.events, watch.now)
            verdict.now[partition] = watch.now
            if watch.waiting:
                verdict.waiting.append(partition)
    verdict.shortened = sum(held[topic, partition].first for topic in inputs for partition in range(verdict.partitions))
    check.left_over()
    if story is not None:
        result = replay(
            Watch(agreements, run=run),
            story.source,
            Edges(clock=time.monotonic, now=None if today is None else lambda: today),
            start=story.start,
            until=until or story.until,
        )
        check.against([lapse for revisions in result.history.values() for lapse in revisions])
    check.show_found()
    verdict.seconds = time.monotonic() - began
    return verdict


class _Check:
    """What was written, and what has been found of it by the log."""

    def __init__(self, verdict: Verdict, bootstrap: str, run: str | None, done: Mapping[tuple[str, int], int]) -> None:
        self._verdict = verdict
        self._bootstrap = bootstrap
        self._run = run
        self._done = done
        # Digests, so that only the differences need to be held: a revision has some thousands of bytes.
        self._revisions: dict[Key, bytes] = {}
        self._letters: dict[Place, bytes] = {}
        self._met: dict[Key, int] = {}
        self._met_letters: set[Place] = set()

    def read_outputs(self, stack: ExitStack) -> None:
        """Read what workers wrote."""
        verdict = self._verdict
        lapses = stack.enter_context(TopicReader(self._bootstrap, in_run(LAPSES, self._run)))
        for batch in lapses.read_all():
            for record in batch.records:
                self._revision(lapses.topic, batch.partition, record)
        letters = stack.enter_context(TopicReader(self._bootstrap, in_run(DEAD_LETTERS, self._run)))
        for batch in letters.read_all():
            for record in batch.records:
                self._letter(letters.topic, batch.partition, record)
        verdict.written, verdict.letters = len(self._revisions), len(self._letters)

    def _revision(self, topic: str, partition: int, record: KafkaRecord) -> None:
        try:
            lapse = decode_lapse(record.value or b"")
        except msgspec.DecodeError:
            place = (topic, partition, record.offset)
            self._verdict.differs(Difference("unreadable", "lapse", "log", None, place))
            return
        key, digest = _key(lapse), _digest(record.value)
        known = self._revisions.setdefault(key, digest)
        if known != digest:
            self._verdict.differs(Difference("contradictory", "lapse", "log", None, key, found=lapse))
        elif known is not digest:
            self._verdict.repeated += 1

    def _letter(self, topic: str, partition: int, record: KafkaRecord) -> None:
        place = (topic, partition, record.offset)
        try:
            letter = decode_letter(record.value or b"")
        except msgspec.DecodeError:
            self._verdict.differs(Difference("unreadable", "dead-letter", "log", None, place))
            return
        if letter.topic is None or letter.partition is None or letter.offset is None:
            self._verdict.unsent += 1
            return
        place, digest = (letter.topic, letter.partition, letter.offset), _digest(record.value)
        if self._letters.setdefault(place, digest) != digest:
            self._verdict.differs(Difference("contradictory", "dead-letter", "log", letter.partition, place))

    def take(self, partition: int, taken: Taken, after: Mapping[str, int]) -> None:
        """Compare what came of some records of the log, the last of them before these offsets."""
        verdict = self._verdict
        verdict.events += taken.counts.total()
        for lapse in taken.lapses:
            key = _key(lapse)
            verdict.expected += 1
            first = self._met.setdefault(key, partition)
            written = self._revisions.get(key)
            if first != partition:
                verdict.differs(Difference("twice", "lapse", "log", partition, key, expected=lapse))
            elif written is None:
                what: What = "missing" if self._is_done(partition, after) else "behind"
                verdict.differs(Difference(what, "lapse", "log", partition, key, expected=lapse))
            elif written != _digest(encode_lapse(lapse)):
                verdict.differs(Difference("different", "lapse", "log", partition, key, expected=lapse))
        for unread in taken.unread:
            topic = in_run(unread.topic, self._run)
            place = (topic, partition, unread.offset)
            verdict.letters_expected += 1
            self._met_letters.add(place)
            written = self._letters.get(place)
            letter = of_record(topic, partition, unread.offset, unread.record, unread.why)
            if written is None:
                what = "missing" if self._is_done(partition, after) else "behind"
                verdict.differs(Difference(what, "dead-letter", "log", partition, place))
            elif written != _digest(encode_letter(letter)):
                verdict.differs(Difference("different", "dead-letter", "log", partition, place))

    def _is_done(self, partition: int, positions: Mapping[str, int]) -> bool:
        """Whether workers are done with all that lies before these offsets."""
        return all(
            self._done.get((in_run(topic, self._run), partition), 0) >= position for topic, position in positions.items()
        )

    def left_over(self) -> None:
        """What was written and came of nothing in the log."""
        for key in self._revisions.keys() - self._met.keys():
            self._verdict.differs(Difference("unexpected", "lapse", "log", None, key))
        for place in self._letters.keys() - self._met_letters:
            self._verdict.differs(Difference("unexpected", "dead-letter", "log", place[1], place))

    def against(self, lapses: Sequence[Lapse]) -> None:
        """Compare with what an embedded replay says."""
        verdict = self._verdict
        verdict.story = len(lapses)
        told = {_key(lapse) for lapse in lapses}
        for lapse in lapses:
            key = _key(lapse)
            written = self._revisions.get(key)
            if written is None:
                verdict.differs(Difference("missing", "lapse", "story", self._met.get(key), key, expected=lapse))
            elif written != _digest(encode_lapse(lapse)):
                verdict.differs(Difference("different", "lapse", "story", self._met.get(key), key, expected=lapse))
        for key in self._revisions.keys() - told:
            verdict.differs(Difference("unexpected", "lapse", "story", self._met.get(key), key))

    def show_found(self) -> None:
        """Read the lapses topic once more for what differs, to say in what."""
        differences = self._verdict.differences
        wanted = {each.key for each in differences if each.of == "lapse" and each.what in ("different", "unexpected")}
        found: dict[Key | Place, Lapse] = {}
        if wanted:
            with TopicReader(self._bootstrap, in_run(LAPSES, self._run)) as reader:
                for batch in reader.read_all():
                    for record in batch.records:
                        try:
                            lapse = decode_lapse(record.value or b"")
                        except msgspec.DecodeError:
                            continue
                        if (key := _key(lapse)) in wanted:
                            found.setdefault(key, lapse)
        differences[:] = [each._replace(found=each.found or found.get(each.key)) for each in differences]
        differences.sort(key=lambda each: (each.by, each.of, each.what, each.key))


def _key(lapse: Lapse) -> Key:
    return lapse.exercise, lapse.id, lapse.revision


def _digest(record: bytes | None) -> bytes:
    return hashlib.blake2b(record or b"", digest_size=16).digest()
