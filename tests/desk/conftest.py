"""The command run within the test, as elsewhere."""

from tests.deploy.conftest import state, steadyline

__all__ = ["state", "steadyline"]
