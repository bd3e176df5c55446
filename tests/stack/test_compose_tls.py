"""A real broker with exactly what `tls.yaml` says, and every service by its own command, environment and health check there."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec
import pytest

from deploy.stack import kafka
from deploy.stack.java import jars, java
from deploy.stack.ports import HOST, choose
from producers.delivery.gateway import Gateway, address
from producers.gateway.tokens import new_token
from producers.publish import Publisher, PublishError
from streams.log.admin import Admin, BrokerError
from streams.topics import CHANNELS, INCIDENTS, STATES, catalogue
from tests.broker import shared
from tests.composed import BASE, DEPLOY, TLS, Composed, Place, merged
from tests.gateway.running import a_token, incident, put
from tests.guarded import told
from tests.live.running import until
from tests.live.test_publish import steadyline

SERVICES = merged(BASE, TLS)["services"]
LASTING = {"worker": "9478", "gateway": "8090", "watch-page": "8095", "alert-desk": "8091", "influx-writer": "9479"}
"""What stays, and where its health is asked."""
POLICY = """
trouble = ["receiver:log"]
[[receivers]]
id = "log"
kind = "log"
[[people]]
id = "ann"
name = "Ann"
receivers = ["log"]
[[routes]]
id = "all"
steps = [{ to = ["person:ann"] }]
"""


@pytest.fixture(scope="module")
def place(real: None, request: pytest.FixtureRequest) -> Iterator[Place]:
    """The broker, after the two services that come first have done their work."""
    home = Path(request.config.rootpath) / ".pytest_cache" / "composed"
    with shared(home, Composed()) as (_, report):
        found = Place(Path(str(report.facts["folder"])), report.ports)
        for service in ("kafka-users", "topics"):
            call, environment = Service(found, service).started
            done = subprocess.run(call, env=environment, capture_output=True, text=True, check=False, timeout=60)
            assert done.returncode == 0, done.stdout + done.stderr
        yield found


class Service:
    """A service of the Compose files, with what it names on this machine."""

    def __init__(self, place: Place, name: str, folder: Path = Path("/nonexistent")) -> None:
        self.name, self._place, self._folder = name, place, folder
        self._port = choose([name], {})[name] if name in LASTING else 0
        self.output = folder / f"{name}.log"

    def at(self, text: str) -> str:
        """A text of the files as it is here."""
        # Before the places of this machine are put in: the project may stand under /tmp itself.
        text = self._place.at(text.replace("/tmp/", f"{self._folder}/")).replace("http://influxdb:8086", f"http://{HOST}:1")
        for folder in ("/var/lib/steadyline", "/etc/steadyline/alerts"):
            text = text.replace(folder, str(self._folder))
        for host in ("0.0.0.0", HOST):
            text = text.replace(f"{host}:{LASTING.get(self.name, '-')}", f"{HOST}:{self._port}")
        return text

    @property
    def started(self) -> tuple[list[str], dict[str, str]]:
        """By which call and in which environment, with nothing of what this process is told."""
        told = {name: self.at(text) for name, text in SERVICES[self.name].get("environment", {}).items()}
        program = str(Path(sys.executable).parent / "steadyline")
        call = [program, *(self.at(word) for word in SERVICES[self.name]["command"])]
        return call, {"PATH": os.environ["PATH"], "HOME": str(self._folder), **told}

    @contextmanager
    def running(self) -> Iterator["Service"]:
        """Until the block ends."""
        call, environment = self.started
        with self.output.open("wb") as output, subprocess.Popen(call, env=environment, stdout=output, stderr=output) as process:
            try:
                yield self
            finally:
                process.terminate()
                try:
                    process.wait(30)
                finally:
                    process.kill()

    def said(self) -> str:
        return f"{self.name}: {self.output.read_text()}"

    def well(self) -> bool:
        """Whether its own health check says so."""
        kind, python, *words = SERVICES[self.name]["healthcheck"]["test"]
        assert (kind, python) == ("CMD", "python")
        asked = [sys.executable, *(self.at(word) for word in words)]
        return subprocess.run(asked, capture_output=True, check=False, timeout=20).returncode == 0

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self._port}"


def test_every_service_is_well_and_an_event_comes_through(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets, secret = place.folder / "etc" / "secrets", new_token()
    put(tmp_path / "gateway-tokens.json", tokens=[a_token(secret)])
    (tmp_path / "policy.toml").write_text(POLICY)
    (secrets / "influxdb-writer-token").write_text("a-token")
    with ExitStack() as stack:
        services = [stack.enter_context(Service(place, name, tmp_path).running()) for name in LASTING]
        for service in services:
            until(service.well, service.said, 120.0)
        monkeypatch.setenv("STEADYLINE_CA_FILE", str(secrets / "tls-ca"))
        producer = Gateway(address(services[1].url), secret)
        assert producer.hand_over([msgspec.json.encode(incident("by-tls"))]) == {}
        producer.close()
        with told(place.access("kafka-users")), Admin(place.at("kafka-1:9094")) as admin:
            held = admin.bounds([INCIDENTS, STATES])
            assert sum(bounds.end for (topic, _), bounds in held.items() if topic == INCIDENTS) > 0
            until(lambda: admin.bounds([STATES])[STATES, 0].end > 0, "the worker's states")
            # Each has read up to somewhere in its own name.
            until(lambda: bool(admin.committed("steadyline")), "the worker's offsets")
    said = "".join(service.said() for service in services)
    assert "uthorization" not in said
    passwords = [path.read_text().strip() for path in secrets.glob("kafka-*") if "BEGIN" not in path.read_text()]
    assert len(passwords) == 6
    assert not any(password in said for password in passwords)


def knock(where: str) -> None:
    with Admin(where, 2.0) as admin:
        admin.cluster()


def test_nobody_else_gets_in_and_who_does_may_do_no_more_than_the_role(place: Place, tmp_path: Path) -> None:
    client, inner = place.at("kafka-1:9092"), place.at("kafka-1:9094")
    secrets = place.folder / "etc" / "secrets"
    nobody = {name: text for name, text in place.access("kafka-users").items() if name.endswith(("SECURITY", "CA_FILE"))}
    stolen = place.access("worker") | {"STEADYLINE_KAFKA_USERNAME": "page"}
    for environment, where in (({}, client), ({}, inner), (nobody, client), (nobody, inner), (stolen, client)):
        with told(environment), pytest.raises(BrokerError):
            knock(where)
    with (
        told(place.access("watch-page")),
        pytest.raises(PublishError, match="uthorization"),
        Publisher(client, {CHANNELS: CHANNELS}, 5.0) as forger,
    ):
        forger.send(CHANNELS, 0, None, b"{}")
    # The authority's certificate opens the brokers' door, and there is nothing behind it for a gateway.
    as_gateway = nobody | {
        "STEADYLINE_KAFKA_CERTIFICATE_FILE": str(secrets / "gateway-certificate"),
        "STEADYLINE_KAFKA_KEY_FILE": str(secrets / "gateway-key"),
    }
    with told(as_gateway), Admin(inner) as admin:
        assert admin.cluster().topics == 0
        with pytest.raises(BrokerError, match="uthorization"):
            admin.create(catalogue(1, "forged"))
        for deed in ("admit", "allow"):
            last = f"page={secrets / 'kafka-page'}" if deed == "admit" else "page"
            refused = steadyline("topics", deed, last, *(["User:x"] if deed == "allow" else []), "--bootstrap", inner)
            assert refused.exit_code == 3
            assert "uthorization" in refused.output


def test_whoever_is_admitted_gets_in_with_the_password_of_the_file_and_no_other(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "kafka-reader"
    # None of the services is a reader.
    as_reader = place.access("worker") | {"STEADYLINE_KAFKA_USERNAME": "reader", "STEADYLINE_KAFKA_PASSWORD_FILE": str(file)}
    client, inner = place.at("kafka-1:9092"), place.at("kafka-1:9094")
    for password in ("of the first day", "of the second day"):
        file.write_text(password)
        file.chmod(0o600)
        with told(as_reader), pytest.raises(BrokerError, match="does not let reader in"):
            knock(client)
        with told(place.access("kafka-users")):
            made = steadyline("topics", "admit", f"reader={file}", "--bootstrap", inner)
        assert made.exit_code == 0, made.output
        assert password not in made.output
        with told(as_reader), Admin(client) as admin:
            assert admin.cluster().topics > 0


def test_what_runs_within_the_container_gets_in_by_the_file_that_is_mounted_there(place: Place, tmp_path: Path) -> None:
    broker = SERVICES["kafka-1"]
    mounted = dict(volume.split(":")[:2] for volume in broker["volumes"] if volume.startswith("./"))
    ((source, target),) = mounted.items()
    assert f"--bootstrap-server localhost:9094 --command-config {target} " in broker["healthcheck"]["test"][-1]
    (tmp_path / "itself.properties").write_text(place.at((DEPLOY / source).read_text()))
    # The program of the health check is not among the broker's own jars; this one takes the same file.
    libs = jars(kafka._home(), kafka._POM, "Kafka", print)
    call = [java("Kafka"), "-Xmx64m", "-cp", f"{libs}/*", "kafka.admin.ConfigCommand", "--describe", "--entity-type", "users"]
    call += ["--bootstrap-server", place.at("kafka-1:9094").replace(HOST, "localhost")]
    call += ["--command-config", str(tmp_path / "itself.properties")]
    said = subprocess.run(call, capture_output=True, text=True, check=False, timeout=60)
    assert said.returncode == 0, said.stderr
    for user in ("topics", "gateway", "worker", "desk", "writer", "page"):
        assert f"SCRAM credential configs for user-principal '{user}' are SCRAM-SHA-512" in said.stdout
