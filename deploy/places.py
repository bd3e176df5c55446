"""Where the files of a user live."""

import os
from pathlib import Path


def state_log() -> Path:
    """The log that keeps dead letters where no other is named: ``$XDG_STATE_HOME/steadyline/steadyline.db``."""
    return _state() / "steadyline.db"


def state_spool() -> Path:
    """The spool of the user's producers: ``$XDG_STATE_HOME/steadyline/spool/spool.db``."""
    return _state() / "spool" / "spool.db"


def state_warnings() -> Path:
    """What the broadcast warnings that were sent stood for: ``$XDG_STATE_HOME/steadyline/warnings.db``."""
    return _state() / "warnings.db"


def state_sessions(port: int) -> Path:
    """Who is signed in at a watch page: ``$XDG_STATE_HOME/steadyline/page/sessions-PORT.json``."""
    return _state() / "page" / f"sessions-{port}.json"


def cache() -> Path:
    """Where what was fetched or built is kept: ``$XDG_CACHE_HOME/steadyline``, ``~/.cache`` without it."""
    return _home("XDG_CACHE_HOME", ".cache")


def _state() -> Path:
    return _home("XDG_STATE_HOME", ".local/state")


def _home(variable: str, otherwise: str) -> Path:
    base = os.environ.get(variable, "")
    # The XDG specification has relative paths ignored.
    home = Path(base) if base and Path(base).is_absolute() else Path.home() / otherwise
    return home / "steadyline"
