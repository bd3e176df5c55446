"""The command, with a state directory of its own, as the other tests of commands have it."""

import pytest

from tests.deploy.conftest import Steadyline, state, steadyline

__all__ = ["Steadyline", "state", "steadyline"]


@pytest.fixture(autouse=True)
def _unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STEADYLINE_TO", "STEADYLINE_TOKEN", "STEADYLINE_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
