"""The order of the tests of the live watch."""

import pytest


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the one that takes longest, so that others run beside it and none waits for it at the end."""
    items.sort(key=lambda item: "away_for_a_minute" not in item.name)
