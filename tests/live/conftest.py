"""The order of the tests of the live watch, and a leak of their client's."""

import socket

import pytest
from kafka.net.inet import KafkaNetSocket

# What they assert on behalf of tests says what was found, as in a test.
pytest.register_assert_rewrite("tests.live.faults", "tests.live.running")


class _Closed(socket.socket):
    """Closed when nobody holds it any more, without a warning."""

    def __del__(self) -> None:
        self.close()


# kafka-python forgets a connection that is half made when its client is closed, and these tests open many for a moment.
KafkaNetSocket.socket = lambda _, family, kind, proto: _Closed(family, kind, proto)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the one that takes longest, so that others run beside it and none waits for it at the end."""
    items.sort(key=lambda item: "away_for_a_minute" not in item.name)
