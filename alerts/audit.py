"""The audit trail: what people did, each record carrying the hash of the one before. Pure.

The bytes of a record are canonical: what it says has one way to be written, and its hash is the SHA-256 of those bytes. So a
record that was changed, left out, added in between or moved breaks the chain where it stands. Two things break nothing by
themselves: to cut off the end, and to write the whole trail anew from some record on. They are found by whoever knows the
number and the hash of a record from before: the head, which is kept beside the trail, and which can be written down elsewhere.
"""

import hashlib
import re
from collections.abc import Iterable
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from streams.actions import Action

NONE_BEFORE = "0" * 64
"""What the first record says of the one before."""
_HEAD = re.compile(r"([0-9]{1,15}):([0-9a-f]{64})")


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One record of the trail.

    Attributes:
        number: From 1, without gaps.
        before: The hash of the record before, in hexadecimal.
        action: What was done, by whom, when.
    """

    number: Annotated[int, Meta(ge=1)]
    before: Annotated[str, Meta(pattern="^[0-9a-f]{64}$(?!\n)")]
    action: Action


class Head(NamedTuple):
    """How far a trail goes, and the hash of its last record: whoever keeps it can tell later whether that one still stands."""

    number: int = 0
    digest: str = NONE_BEFORE

    @classmethod
    def read(cls, text: str) -> "Head":
        """Read ``NUMBER:HASH``.

        Raises:
            ValueError: when it is none.
        """
        found = _HEAD.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"expected a head NUMBER:HASH, as audit verify prints it, got {text[:80]!r}")
        return cls(int(found[1]), found[2])

    def __str__(self) -> str:
        return f"{self.number}:{self.digest}"


class Fault(NamedTuple):
    """Where a trail is not what it was.

    Attributes:
        place: Which record in the order in which they stand, from 1.
        what: In words.
    """

    place: int
    what: str


class Verdict(NamedTuple):
    """What a check of a trail found."""

    head: Head
    faults: list[Fault]


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Record).decode


def chained(head: Head, action: Action) -> tuple[bytes, Head]:
    """The record of an action behind ``head``, and the head then."""
    data = _encode(Record(number=head.number + 1, before=head.digest, action=action))
    return data, Head(head.number + 1, digest_of(data))


def digest_of(data: bytes) -> str:
    """The hash of a record, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def read_record(data: bytes) -> Record:
    """A record.

    Raises:
        ValueError: when it is none, or not written as one is.
    """
    record = _decode(data)
    if _encode(record) != data:
        raise ValueError("is not written as the desk writes it")
    return record


def verify(records: Iterable[bytes], known: Iterable[Head] = ()) -> Verdict:
    """Check a trail from its first record to its last.

    Args:
        records: Their bytes, as they stand.
        known: Heads that were kept: those records must stand there with those hashes.
    """
    faults: list[Fault] = []
    # Of one number there may be several: the one kept beside the trail must not stand in for one that was written down.
    heads: dict[int, set[str]] = {}
    for head in known:
        if head.number:
            heads.setdefault(head.number, set()).add(head.digest)
    number, before, place = 0, NONE_BEFORE, 0
    for place, data in enumerate(records, 1):
        digest = digest_of(data)
        try:
            record = read_record(data)
        except (msgspec.DecodeError, ValueError, UnicodeDecodeError) as error:
            faults.append(Fault(place, f"is no record: {error}"))
            # It stands for the one that ought to be here; the next one says whether it was that.
            number, before = number + 1, digest
            continue
        if record.number != number + 1:
            faults.append(Fault(place, f"expected record {number + 1}, found record {record.number}"))
        elif record.before != before:
            faults.append(Fault(place, f"record {record.number} does not follow the one before: either was changed"))
        if heads.get(record.number, {digest}) != {digest}:
            faults.append(Fault(place, f"record {record.number} is not the one that was known"))
        heads.pop(record.number, None)
        number, before = record.number, digest
    faults += [Fault(place + 1, f"record {missing} is missing at the end") for missing in sorted(heads)]
    return Verdict(Head(number, before) if place else Head(), faults)
