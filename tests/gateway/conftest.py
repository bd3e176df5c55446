"""One gateway for all tests of a module: each uses ids of its own."""

from collections.abc import Iterator

import pytest

from tests.gateway.running import Running, running


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("gateway")) as made:
        yield made
