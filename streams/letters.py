"""Dead letters on Kafka: a record, or a line, that is no event, with its place and what is wrong with it."""

import base64

import msgspec


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One record of the dead-letters topic.

    A record that was refused has the place where it stands in the log, so that a worker that refuses it once more writes the
    same letter. A line that never came so far has its file and number instead.

    Attributes:
        topic: The topic of the record, by its name in the run.
        partition: The partition of the record.
        offset: The offset of the record.
        why: What is wrong with it.
        record: Its bytes in base64; ``None`` of a record that has none.
        place: The file of a line that was not sent.
        line: The number of that line, from 1.
    """

    topic: str | None
    partition: int | None
    offset: int | None
    why: str
    record: str | None
    place: str | None = None
    line: int | None = None

    @property
    def key(self) -> bytes:
        """The key of the record in the dead-letters topic."""
        place = (self.place, self.line) if self.topic is None else (self.topic, self.partition, self.offset)
        return "/".join(map(str, place)).encode()


_encode = msgspec.json.Encoder().encode
decode_letter = msgspec.json.Decoder(DeadLetter).decode


def encode_letter(letter: DeadLetter) -> bytes:
    """The letter as JSON; equal letters give equal bytes."""
    return _encode(letter)


def of_record(topic: str, partition: int, offset: int, record: bytes | None, why: str) -> DeadLetter:
    """The letter of a record of the log."""
    return DeadLetter(topic=topic, partition=partition, offset=offset, why=why, record=_spelled(record))


def of_line(place: str, line: int, record: bytes, why: str) -> DeadLetter:
    """The letter of a line that was not sent."""
    return DeadLetter(topic=None, partition=None, offset=None, why=why, record=_spelled(record), place=place, line=line)


def _spelled(record: bytes | None) -> str | None:
    return None if record is None else base64.b64encode(record).decode()
