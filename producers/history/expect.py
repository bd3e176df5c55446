"""Whether a watch found in a story what it must, and nothing that it must not.

An expectation is held against one lapse at a time, over all its revisions:

1. A revision *fits* when it has every field the expectation names. ``state`` and ``resolved`` are asked of the lapse's last
   revision instead: they are what became of it.
2. A revision *reaches* the expectation when it fits and the one before it did not. Where ``change`` is named, every
   revision that fits reaches it: each change is an occurrence of its own.
3. A lapse *matches* when one of the revisions that reach took effect (``at``) within ``after`` .. ``by``, both inclusive,
   and its last revision has the ``state`` and ``resolved`` asked for.

A ``must`` is met by at least one lapse that matches, or by exactly ``count``; a ``must_not`` by none. Lapses that were
withdrawn later are lapses too: people were told of them.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from fnmatch import fnmatchcase

from producers.history.story import Expectation, Story, When
from streams.events.times import spoken
from streams.lapses import Lapse

_PLAIN = ("agreement", "obligation", "rule", "reason", "severity", "change", "group")
_COMPOUND = "raised"
"""The word by which a lapse's arithmetic names the compound rule."""


def unmet(story: Story, transitions: Sequence[Lapse]) -> list[str]:
    """What the story expects and the watch did not do, one sentence each; none when all is as expected.

    Args:
        story: The story.
        transitions: Every record of the lapses topic, in order of emission.
    """
    books: dict[str, list[Lapse]] = {}
    for record in transitions:
        books.setdefault(record.id, []).append(record)
    sentences = []
    for number, wanted in enumerate(story.must, start=1):
        found = [revisions for revisions in books.values() if matches(wanted, revisions)]
        if wanted.count is None and not found:
            sentences.append(
                f"must {number} ({wanted.note}): no lapse has {_in_words(wanted)}{_nearest(wanted, books.values())}"
            )
        elif wanted.count is not None and len(found) != wanted.count:
            hint = _nearest(wanted, books.values()) if not found else ""
            sentences.append(
                f"must {number} ({wanted.note}): expected {wanted.count} with {_in_words(wanted)}, got {len(found)}"
                + "".join(f"; {_named(revisions[-1])}" for revisions in found)
                + hint
            )
    for number, unwanted in enumerate(story.must_not, start=1):
        sentences.extend(
            f"must_not {number} ({unwanted.note}): {_named(revisions[-1])} has {_in_words(unwanted)}"
            for revisions in books.values()
            if matches(unwanted, revisions)
        )
    return sentences


def matches(expectation: Expectation, revisions: Sequence[Lapse]) -> bool:
    """Whether the lapse with these revisions, in order of emission, is one that the expectation means."""
    if any(_failing_in_the_end(expectation, revisions[-1])):
        return False
    fitted = False
    for revision in revisions:
        fits = not any(_failing(expectation, revision))
        reaches = fits and (not fitted or expectation.change is not None)
        if (
            reaches
            and (expectation.by is None or revision.at <= expectation.by)
            and (expectation.after is None or revision.at >= expectation.after)
        ):
            return True
        fitted = fits
    return False


def _failing(wanted: Expectation, lapse: Lapse) -> Iterable[str]:
    """The names of the fields that this revision does not have as expected."""
    for name in _PLAIN:
        expected = getattr(wanted, name)
        if expected is not None and getattr(lapse, name) != expected:
            yield name
    if wanted.subject is not None and not fnmatchcase(lapse.subject, wanted.subject):
        yield "subject"
    if not set(wanted.parties) <= set(lapse.parties):
        yield "parties"
    if wanted.at_least is not None and lapse.severity.rank < wanted.at_least.rank:
        yield "at_least"
    if not _fits(wanted.onset, wanted, lapse.onset):
        yield "onset"
    if not _fits(wanted.deadline, wanted, lapse.deadline):
        yield "deadline"
    if wanted.exercise is not None and lapse.exercise != wanted.exercise:
        yield "exercise"
    if wanted.raised is not None and any(_COMPOUND in step for step in lapse.arithmetic) != wanted.raised:
        yield "raised"
    if wanted.says is not None and not any(wanted.says in line for line in (*lapse.arithmetic, *lapse.claims)):
        yield "says"


def _failing_in_the_end(wanted: Expectation, last: Lapse) -> Iterable[str]:
    if wanted.state is not None and last.state != wanted.state:
        yield "state"
    if not _fits(wanted.resolved, wanted, last.resolved):
        yield "resolved"


def _fits(expected: When | None, wanted: Expectation, moment: datetime | None) -> bool:
    return expected is None or expected.fits(moment, wanted.zone)


def _nearest(wanted: Expectation, books: Iterable[Sequence[Lapse]]) -> str:
    """The lapse that comes nearest, and what it lacks; empty where none comes near."""
    best: tuple[int, str] | None = None
    for revisions in books:
        if wanted.subject is not None and not fnmatchcase(revisions[-1].subject, wanted.subject):
            continue
        end = list(_failing_in_the_end(wanted, revisions[-1]))
        lacks = min(([*_failing(wanted, revision), *end] for revision in revisions), key=len)
        words = f"; nearest: {_named(revisions[-1])}, which differs in {', '.join(lacks) or 'when it took effect'}"
        if best is None or len(lacks) < best[0]:
            best = (len(lacks), words)
    return "" if best is None else best[1]


def _in_words(expectation: Expectation) -> str:
    """The fields the expectation names: ``reason=declined, by=2023-02-05 00:00Z``."""
    parts = []
    for name in expectation.__struct_fields__:
        value = getattr(expectation, name)
        if name in ("note", "count", "zone") or value is None or value == ():
            continue
        shown = ",".join(value) if isinstance(value, tuple) else spoken(value) if name in ("by", "after") else str(value)
        parts.append(f"{name}={shown}")
    return ", ".join(parts) or "anything at all"


def _named(lapse: Lapse) -> str:
    resolved = f", resolved {spoken(lapse.resolved)}" if lapse.resolved is not None else ""
    return (
        f"lapse {lapse.id} ({lapse.agreement}/{lapse.rule} {lapse.subject}: {lapse.reason}, {lapse.severity}, {lapse.state}, "
        f"onset {spoken(lapse.onset)}, deadline {spoken(lapse.deadline)}{resolved})"
    )
