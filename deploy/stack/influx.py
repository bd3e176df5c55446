"""A real InfluxDB 2, on loopback, with an organisation and a token of its own that only the stack's user can read."""

import contextlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from deploy.stack.influx_build import VERSION, built, program
from deploy.stack.ports import HOST
from deploy.stack.service import Command, Ports, Silent, StackError, Tell

if TYPE_CHECKING:
    import httpx

ORG = "steadyline"
BUCKET = "steadyline"
USER = "steadyline"
_TOKEN = "admin.token"  # noqa: S105 - the name of a file


class Influx:
    """The database of the native stack."""

    name = "influxdb"
    version = VERSION
    ports: tuple[str, ...] = ("http",)
    logs: tuple[str, ...] = ()

    @staticmethod
    def cached() -> bool:
        """Whether the program is there, so that nothing need be built."""
        return program().exists()

    def prepare(self, folder: Path, tell: Tell) -> None:
        """Build the program where that was not done, and make the secrets."""
        built(tell)
        (folder / "data").mkdir(exist_ok=True)
        token = folder / _TOKEN
        if not token.exists():
            # Whole or not at all: a token that is lost locks everybody out of the data.
            fresh = folder / f".{_TOKEN}"
            with contextlib.suppress(FileNotFoundError):
                fresh.unlink()
            with os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
                file.write(f"{secrets.token_urlsafe(32)}\n")
            fresh.rename(token)

    def command(self, folder: Path, ports: Ports) -> Command:  # noqa: ARG002 - as every service is asked
        """Say how the server is started on this port."""
        return Command(
            (
                str(program()),
                *("--http-bind-address", f"{HOST}:{ports['http']}", "--reporting-disabled"),
                *("--bolt-path", "data/influxd.bolt", "--sqlite-path", "data/influxd.sqlite", "--engine-path", "data/engine"),
                *("--log-level", "warn"),
            ),
            # Its settings can also come from the environment; those of another server are not for this one.
            _unset(os.environ),
        )

    def ask(self, folder: Path, ports: Ports, patience: float) -> dict[str, str | int]:
        """Ask the server whether it is well; set it up where it is new."""
        # The client takes long to import, and most commands do without it.
        import httpx

        url = f"http://{HOST}:{ports['http']}"
        try:
            with httpx.Client(base_url=url, timeout=patience, trust_env=False) as client:
                health = client.get("/health").raise_for_status().json()
                if client.get("/api/v2/setup").raise_for_status().json().get("allowed"):
                    _set_up(client, (folder / _TOKEN).read_text().strip())
        except (httpx.HTTPError, ValueError) as error:
            raise Silent(f"{url}: {error}") from error
        if health.get("status") != "pass":
            raise Silent(f"{url}: {health.get('message') or 'not well'}")
        return {"url": url, "org": ORG, "token_file": str(folder / _TOKEN)}


def _set_up(client: "httpx.Client", token: str) -> None:
    """The first organisation, bucket and token. Nobody signs in with the password: it is thrown away."""
    asked = {
        "username": USER,
        "password": secrets.token_urlsafe(32),
        "org": ORG,
        "bucket": BUCKET,
        "token": token,
        "retentionPeriodSeconds": 0,
    }
    answer = client.post("/api/v2/setup", content=msgspec.json.encode(asked))
    if answer.status_code != 201:
        raise StackError(f"InfluxDB did not let itself be set up: {answer.status_code} {answer.text[:300]}")


def _unset(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: "" for name in environment if name.startswith("INFLUXD_")}
