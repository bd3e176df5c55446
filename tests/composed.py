"""What the Compose files say, laid over each other as Compose does it; and a real broker by `tls.yaml`, without Docker."""

import importlib
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from deploy.stack import kafka
from deploy.stack.java import jars, java
from deploy.stack.kafka import Kafka
from deploy.stack.ports import HOST
from deploy.stack.service import Command, Ports, Tell
from tests.broker import SETTINGS
from tests.guarded import PREFIX, told

DEPLOY = Path(__file__).parents[1] / "deploy"
BASE, THREE = DEPLOY / "compose.yaml", DEPLOY / "compose" / "three-brokers.yaml"
TLS, TLS_THREE = DEPLOY / "compose" / "tls.yaml", DEPLOY / "compose" / "tls-three-brokers.yaml"
README = DEPLOY / "compose" / "README.md"
_ADDED = ("secrets", "volumes", "networks", "ports")
"""Lists to which a later file adds; others it replaces."""


def loaded(path: Path) -> Any:
    """The file as it stands."""
    return importlib.import_module("yaml").safe_load(path.read_text())


def merged(*paths: Path) -> Any:
    """The files, each laid over those before it."""
    whole: Any = {}
    for path in paths:
        over = loaded(path)
        for service in over["services"].values():
            if (other := service.pop("extends", None)) is not None:
                service |= _laid(loaded(DEPLOY / other["file"])["services"][other["service"]], dict(service), "")
        whole = _laid(whole, over, "")
    return whole


def given(service: Any) -> dict[str, str]:
    """The secrets of a service: what each is called in its container, and among the secrets."""
    named = [each if isinstance(each, dict) else {"source": each, "target": each} for each in service.get("secrets", ())]
    return {each["target"]: each["source"] for each in named}


def _laid(under: Any, over: Any, name: str) -> Any:
    if isinstance(under, dict) and isinstance(over, dict):
        return {**under, **{key: _laid(under[key], value, key) if key in under else value for key, value in over.items()}}
    if name == "volumes" and isinstance(under, list):
        # One thing is mounted at a place.
        return list({volume.split(":")[1]: volume for volume in (*under, *over)}.values())
    if isinstance(under, list) and name in _ADDED:
        return [*under, *(each for each in over if each not in under)]
    return over


def steps(heading: str) -> list[str]:
    """What is typed under a heading of the README, block by block, as a shell reads it."""
    section = README.read_text().split(f"\n{heading}\n")[1].split("\n## ")[0]
    return [
        "\n".join(line[2:] for line in block.splitlines())
        for block in re.findall(r"^```console\n(.*?)^```", section, re.DOTALL | re.MULTILINE)
    ]


def made_by_hand(folder: Path) -> None:
    """Type what the README says of certificates and passwords, in this folder; `etc/owners` then says whose each file would be.

    Nobody but root gives files away: they stay with whoever runs the tests.
    """
    (folder / "etc" / "secrets").mkdir(parents=True, exist_ok=True)
    typed = "\n".join(steps("## With TLS")[:2]).replace("/etc/steadyline", str(folder / "etc"))
    _ran(["bash", "-ec", f"{_INSTALL}{typed}"], folder, {"OWNERS": str(folder / "etc" / "owners")})


_INSTALL = """\
install() {
  if [ "$1" = -o ]; then echo "$2 $(basename "${!#}")" >>"$OWNERS"; shift 2; fi
  command install "$@"
}
"""


def usual(text: str) -> str:
    """A text where nobody set anything else."""
    return re.sub(r"\$\{\w+:-(.*?)\}", r"\1", text)


def _ran(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
    ran = subprocess.run(
        command,
        cwd=folder,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


class Place(NamedTuple):
    """Where what the Compose files name is on this machine."""

    folder: Path
    ports: Ports

    def at(self, text: str) -> str:
        """A text of the Compose files, with the broker and the secrets where they are here."""
        own = {"9092": self.ports["client"], "9094": self.ports["inner"]}
        text = re.sub(r"kafka-1:(909[24])", lambda found: f"{HOST}:{own[found[1]]}", usual(text))
        return _here(text, f"{self.folder / 'etc' / 'secrets'}/")

    def environment(self, service: str) -> dict[str, str]:
        """What a service is told of itself."""
        said = _services()[service].get("environment", {})
        return {name: self.at(text) for name, text in said.items()}

    def access(self, service: str) -> dict[str, str]:
        """What a service is told of how to speak to the broker."""
        return {name: text for name, text in self.environment(service).items() if name.startswith(PREFIX)}


class Composed(Kafka):
    """The stack's broker, set up by `tls.yaml` and the steps of the README: only where it listens and keeps files differs."""

    name = "composed"
    ports: tuple[str, ...] = ("client", "controller", "inner")

    def __init__(self) -> None:
        super().__init__(SETTINGS)
        self._folder = Path()

    def prepare(self, folder: Path, tell: Tell) -> None:
        """Make the certificates, and let the image's own program make properties of the broker's variables."""
        self._folder = folder
        if not (folder / "made" / "server.properties").exists():
            libs = jars(kafka._home(), kafka._POM, "Kafka", tell)
            made_by_hand(folder)
            for name in ("default", "mounted", "made"):
                (folder / name).mkdir(exist_ok=True)
            setting_up = [java("Kafka"), "-Xmx128m", "-cp", f"{libs}/*", "kafka.docker.KafkaDockerWrapper", "setup"]
            setting_up += ["--default-configs-dir", "default", "--mounted-configs-dir", "mounted"]
            setting_up += ["--final-configs-dir", "made"]
            said = {name: usual(text) for name, text in _services()["kafka-1"]["environment"].items()}
            _ran(setting_up, folder, {**said, "KAFKA_LOG_DIRS": "formatted"})
        super().prepare(folder, tell)

    def command(self, folder: Path, ports: Ports) -> Command:
        """As ever."""
        self._folder = folder
        return super().command(folder, ports)

    def listeners(self, ports: Ports) -> dict[str, str]:
        """All that the image's program made, over what the stack would say itself."""
        own = {"9092": ports["client"], "9093": ports["controller"], "9094": ports["inner"]}
        lines = (self._folder / "made" / "server.properties").read_text().splitlines()
        said = dict(line.split("=", 1) for line in lines if line)
        for name in ("listeners", "advertised.listeners", "controller.quorum.voters"):
            said[name] = re.sub(r"([/@])(?:kafka-1)?:(\d+)", lambda found: f"{found[1]}{HOST}:{own[found[2]]}", said[name])
        # Relative to the broker's folder.
        return {name: _here(value, "etc/secrets/") for name, value in said.items() if name != "log.dirs"}

    def ask(self, folder: Path, ports: Ports, patience: float) -> dict[str, str | int]:
        """By the certificate of whoever makes the users."""
        place = Place(folder, ports)
        with told(place.access("kafka-users")):
            facts = super().ask(folder, {**ports, "client": ports["inner"]}, patience)
        return {**facts, "bootstrap": place.at("kafka-1:9092"), "folder": str(folder)}


def _here(text: str, secrets: str) -> str:
    for name, source in given(_services()["kafka-1"]).items():
        text = re.sub(rf"/run/secrets/{name}\b", f"{secrets}{source}", text)
    return text.replace("/run/secrets/", secrets)


@lru_cache
def _services() -> Any:
    return merged(BASE, TLS)["services"]
