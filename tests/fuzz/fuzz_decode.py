"""Fuzzes the decoder and the gateway's reading: ``python -m tests.fuzz.fuzz_decode -max_total_time=60``.

Only our own code is instrumented. Whatever comes in is an event or refused with a reason; what is read goes into the log as
bytes that decode to the same event, with a stamp that is the gateway's and a digest that is the same the next time.
"""

import sys
from datetime import UTC, datetime

import atheris

with atheris.instrument_imports(include=["streams.events", "producers.gateway.reading"]):
    from producers.gateway.reading import Read, read
    from streams.events.decode import Refused, decode, encode

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SEED = (
    b'{"specversion":"1.0","id":"a","source":"urn:a","type":"org.steadyline.channel.status.v1","time":"2024-01-01T00:00:00Z",'
    b'"precision":"day","zone":"Asia/Tokyo","data":{"channels":["jdec"],"party":"US","status":"suspended"}}'
)


def one(data: bytes) -> None:
    """Read any bytes, by themselves and in the place of a part of an event that is well."""
    _read(data)
    if len(data) > 2:
        first, last = data[0] % len(SEED), data[1] % len(SEED)
        _read(SEED[: min(first, last)] + data[2:] + SEED[max(first, last) :])


def _read(data: bytes) -> None:
    try:
        event = decode(data)
    except Refused as error:
        if not str(error):
            raise AssertionError("refused without a reason") from error
    else:
        assert decode(encode(event)) == event
    found = read(data, NOW)
    if not isinstance(found, Read):
        assert found.reason
        return
    assert decode(found.data) == found.event
    assert found.event.ingested in (NOW, None)
    again = read(found.data, NOW)
    assert isinstance(again, Read)
    assert (again.data, again.digest) == (found.data, found.digest)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
