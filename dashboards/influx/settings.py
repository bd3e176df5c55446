"""The settings of the writer, all from the environment: those it shares with the worker, and its own."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from dashboards.influx.schema import LIVE, ORGANISATION
from streams.allowing import repeatable
from streams.live import settings as shared
from streams.live.health import Bind
from streams.live.settings import SettingsError, WorkerSettings

URL = "http://127.0.0.1:8086"
HEALTH = "127.0.0.1:9479"
"""Where its page for probes listens unless told: beside the worker's."""


class WriterSettings(NamedTuple):
    """How the writer runs.

    Attributes:
        log: Where the log is, whose topics are read, by which agreements (``STEADYLINE_KAFKA``, ``_RUN``, ``_AGREEMENTS``).
        url: Where InfluxDB is (``STEADYLINE_INFLUX_URL``).
        org: The organisation there (``STEADYLINE_INFLUX_ORG``).
        token_file: The file that holds the writer's token (``STEADYLINE_INFLUX_TOKEN_FILE``).
        health: ``HOST:PORT`` of the page for probes, none where it is ``off`` (``STEADYLINE_INFLUX_HEALTH_BIND``).
    """

    log: WorkerSettings
    url: str
    org: str
    token_file: Path
    health: str | None

    @property
    def group(self) -> str:
        """The consumer group that holds how far it is."""
        return f"{self.log.app_id}-influx"

    @property
    def run(self) -> str:
        """The tag of everything that it writes, but of drills."""
        return self.log.run or LIVE

    def token(self) -> str:
        """The token.

        Raises:
            SettingsError: when the file cannot be read or holds none.
        """
        return token_of(self.token_file, "STEADYLINE_INFLUX_TOKEN_FILE")


def from_environment(environment: Mapping[str, str]) -> WriterSettings:
    """The settings that an environment asks for; an empty variable is as good as none.

    Raises:
        SettingsError: when a variable cannot be used, or there is no token.
    """

    def told(name: str, usual: str) -> str:
        return environment.get(name, "").strip() or usual

    token_file = told("STEADYLINE_INFLUX_TOKEN_FILE", "")
    if not token_file:
        raise SettingsError("STEADYLINE_INFLUX_TOKEN_FILE: expected the file that holds the writer's token (influx setup)")
    health: str | None = told("STEADYLINE_INFLUX_HEALTH_BIND", HEALTH)
    if health is not None and health.lower() == "off":
        health = None
    if health is not None:
        try:
            Bind.read(health)
        except ValueError as error:
            raise SettingsError(f"STEADYLINE_INFLUX_HEALTH_BIND: {error}") from None
    return WriterSettings(
        shared.from_environment(environment),
        url_of(told("STEADYLINE_INFLUX_URL", URL), "STEADYLINE_INFLUX_URL"),
        told("STEADYLINE_INFLUX_ORG", ORGANISATION),
        Path(token_file),
        health,
    )


def url_of(text: str, name: str) -> str:
    """The address of a database.

    Raises:
        SettingsError: when it is none, or holds a password: that would be seen.
    """
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
        got = repeatable(text, parts.query)
        raise SettingsError(f"{name}: expected an address such as {URL}, without a user, got {got}")
    return text.rstrip("/")


def token_of(file: Path, name: str) -> str:
    """The token in a file.

    Raises:
        SettingsError: when the file cannot be read or holds none.
    """
    try:
        token = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{name}: expected a file that holds a token: {error}") from None
    if not token or not token.isprintable() or " " in token:
        raise SettingsError(f"{name}: expected one token and nothing else in {file}")
    return token
