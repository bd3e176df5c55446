"""The settings of a worker, all from the environment.

Every variable is checked at the start: one that cannot be meant stops the worker with its name and what was expected.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from streams.agreements.load import load_builtin, load_directory, load_file, overlay
from streams.agreements.model import Agreement
from streams.topics import in_run

T = TypeVar("T")

APP_ID = "steadyline"
"""The Faust app, and with that the consumer group and the beginning of the changelog's name."""
_SERVER = re.compile(r"(?:\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9._-]+):(\d{1,5})")
_YES, _NO = frozenset(("1", "yes", "true", "on")), frozenset(("", "0", "no", "false", "off"))


class SettingsError(ValueError):
    """A variable of the environment cannot be used. The message names it and says what was expected."""


class WorkerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a worker runs. Times are in seconds.

    Attributes:
        bootstrap: ``HOST:PORT`` of a broker, several with commas (``STEADYLINE_KAFKA``).
        run: The replay or drill whose topics it reads; the live ones without it (``STEADYLINE_RUN``).
        agreements: A directory or file of agreements laid over the built-in ones (``STEADYLINE_AGREEMENTS``).
        tick: From one tick of the clock to the next (``STEADYLINE_TICK_SECONDS``).
        session_timeout: After so long without a sign of life, its partitions go to others (``STEADYLINE_SESSION_SECONDS``).
        heartbeat: From one sign of life to the next (``STEADYLINE_HEARTBEAT_SECONDS``).
        commit: From one commit of the offsets to the next (``STEADYLINE_COMMIT_SECONDS``).
        replication: Replicas of the changelog (``STEADYLINE_REPLICATION``).
        plain: Take the records one by one as Faust does by itself: slower, no private API (``STEADYLINE_PLAIN_AGENT``).
        datadir: Where Faust keeps its files; nearly none (``STEADYLINE_DATADIR``).
        health: ``HOST:PORT`` of the page for probes and Prometheus, none where it is ``off`` (``STEADYLINE_HEALTH_BIND``).
        health_hosts: Names by which that page may be asked, with commas (``STEADYLINE_HEALTH_HOSTS``).
        ping: From one ping of the dead man's switch to the next (``STEADYLINE_PING_SECONDS``). Its address holds a token and
            is no setting: see ``pings.address``.
        stall: Without progress for so long, though there is work, it starts itself anew; never, where it is ``off``
            (``STEADYLINE_STALL_SECONDS``).
        log_format: ``json`` or ``console``; by where the log goes without it (``STEADYLINE_LOG_FORMAT``).
        log_level: From where on its own entries are kept (``STEADYLINE_LOG_LEVEL``).
    """

    bootstrap: str = "127.0.0.1:9092"
    run: str | None = None
    agreements: Path | None = None
    tick: float = 1.0
    session_timeout: float = 10.0
    heartbeat: float = 3.0
    commit: float = 1.0
    replication: int = 1
    plain: bool = False
    datadir: Path | None = None
    health: str | None = "127.0.0.1:9478"
    health_hosts: tuple[str, ...] = ()
    ping: float = 60.0
    stall: float | None = 60.0
    log_format: Literal["json", "console"] | None = None
    log_level: str = "info"

    @property
    def app_id(self) -> str:
        """The app's name: each run has its own group, its own state."""
        return APP_ID if self.run is None else f"{APP_ID}-run-{self.run}"

    @property
    def servers(self) -> list[str]:
        """The brokers, one by one."""
        return [server.strip() for server in self.bootstrap.split(",")]

    def topic(self, name: str) -> str:
        """What the topic of this live name is called here."""
        return in_run(name, self.run)


def from_environment(environment: Mapping[str, str]) -> WorkerSettings:
    """The settings that an environment asks for; an empty variable is as good as none.

    Raises:
        SettingsError: when a variable cannot be used.
    """

    def told(name: str, meant: Callable[[str], T], default: T) -> T:
        text = environment.get(name, "").strip()
        if not text:
            return default
        try:
            return meant(text)
        except ValueError as error:
            raise SettingsError(f"{name}: {error}") from None

    usual = WorkerSettings()
    settings = WorkerSettings(
        bootstrap=told("STEADYLINE_KAFKA", _bootstrap, usual.bootstrap),
        run=told("STEADYLINE_RUN", _run, None),
        agreements=told("STEADYLINE_AGREEMENTS", _existing, None),
        tick=told("STEADYLINE_TICK_SECONDS", _seconds(0.1, 60.0), usual.tick),
        session_timeout=told("STEADYLINE_SESSION_SECONDS", _seconds(1.0, 60.0), usual.session_timeout),
        heartbeat=told("STEADYLINE_HEARTBEAT_SECONDS", _seconds(0.1, 20.0), usual.heartbeat),
        commit=told("STEADYLINE_COMMIT_SECONDS", _seconds(0.1, 60.0), usual.commit),
        replication=told("STEADYLINE_REPLICATION", _replicas, usual.replication),
        plain=told("STEADYLINE_PLAIN_AGENT", _switch, usual.plain),
        datadir=told("STEADYLINE_DATADIR", Path, None),
        health=told("STEADYLINE_HEALTH_BIND", _unless_off(_bind), usual.health),
        health_hosts=told("STEADYLINE_HEALTH_HOSTS", _names, ()),
        ping=told("STEADYLINE_PING_SECONDS", _seconds(1.0, 3_600.0), usual.ping),
        stall=told("STEADYLINE_STALL_SECONDS", _unless_off(_seconds(10.0, 3_600.0)), usual.stall),
        log_format=told("STEADYLINE_LOG_FORMAT", _format, None),
        log_level=told("STEADYLINE_LOG_LEVEL", _level, usual.log_level),
    )
    if settings.heartbeat * 3 > settings.session_timeout:
        raise SettingsError(
            "STEADYLINE_HEARTBEAT_SECONDS: expected at most a third of STEADYLINE_SESSION_SECONDS"
            f" ({settings.session_timeout:g}), got {settings.heartbeat:g}"
        )
    return settings


def agreements_of(settings: WorkerSettings) -> tuple[Agreement, ...]:
    """The built-in agreements with those of the settings laid over them.

    Raises:
        AgreementError: when a file cannot be used; the message names file, line and field.
        OSError: when it cannot be read.
    """
    base, path = load_builtin(), settings.agreements
    if path is None:
        return base
    return overlay(base, load_directory(path) if path.is_dir() else (load_file(path),))


def _bootstrap(text: str) -> str:
    for server in text.split(","):
        found = _SERVER.fullmatch(server.strip())
        if found is None or not 0 < int(found[1]) < 65_536:
            raise ValueError(f"expected HOST:PORT, several with commas, got {text!r}")
    return text


def _run(text: str) -> str:
    in_run("lapses", text)
    return text


def _existing(text: str) -> Path:
    path = Path(text)
    if not path.exists():
        raise ValueError(f"expected a directory or file of agreements, and there is none at {text}")
    return path


def _seconds(least: float, most: float) -> Callable[[str], float]:
    def meant(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not least <= value <= most:
            raise ValueError(f"expected {least:g} to {most:g} seconds, got {text!r}")
        return value

    return meant


def _replicas(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 9:
        raise ValueError(f"expected 1 to 9 replicas, got {text!r}")
    return int(text)


def _switch(text: str) -> bool:
    if text.lower() in _YES | _NO:
        return text.lower() in _YES
    raise ValueError(f"expected yes or no, got {text!r}")


def _unless_off(meant: Callable[[str], T]) -> Callable[[str], T | None]:
    return lambda text: None if text.lower() == "off" else meant(text)


def _bind(text: str) -> str:
    found = _SERVER.fullmatch(text)
    if found is None or int(found[1]) > 65_535:
        raise ValueError(f"expected HOST:PORT to listen at, or off, got {text!r}")
    return text


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _format(text: str) -> Literal["json", "console"]:
    match text:
        case "json":
            return "json"
        case "console":
            return "console"
    raise ValueError(f"expected json or console, got {text!r}")


def _level(text: str) -> str:
    if text.lower() in (levels := ("debug", "info", "warning", "error", "critical")):
        return text.lower()
    raise ValueError(f"expected one of {', '.join(levels)}, got {text!r}")
