"""The Compose files are sound, and nothing in them is open by default."""

import importlib
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"
FILES = [DEPLOY / "compose.yaml", DEPLOY / "compose" / "three-brokers.yaml", DEPLOY / "compose" / "ping.yaml"]
TLS = [DEPLOY / "compose" / "tls.yaml", DEPLOY / "compose" / "tls-three-brokers.yaml"]


def loaded(path: Path) -> Any:
    """The file as it stands."""
    return importlib.import_module("yaml").safe_load(path.read_text())


BASE = loaded(FILES[0])
SERVICES = BASE["services"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_no_rights_it_does_not_need(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    user = service.get("user", "")
    built = service["image"].startswith("steadyline:")
    assert built or user.partition(":")[0] not in ("", "0", "root")
    if built:
        assert "USER 10001:10001" in (DEPLOY / "Dockerfile").read_text()
        assert service["read_only"] is True


@pytest.mark.parametrize("name", [name for name in SERVICES if name not in ("topics", "influx-setup")])
def test_a_service_says_whether_it_is_well(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"]


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_is_open_to_other_machines(name: str) -> None:
    service = SERVICES[name]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    assert "ports" not in service or name in ("alert-desk", "gateway", "grafana", "watch-page")
    assert BASE["networks"]["inside"] == {"internal": True}


def test_no_secret_has_a_default_and_none_stands_in_the_environment() -> None:
    for secret in BASE["secrets"].values():
        assert set(secret) == {"file"}
    for service in SERVICES.values():
        for variable, value in service.get("environment", {}).items():
            if any(word in variable for word in ("PASSWORD", "TOKEN", "SECRET")):
                assert value.startswith("/run/secrets/")
                assert value.removeprefix("/run/secrets/") in service["secrets"]


def test_images_are_pinned_and_agree_with_the_native_stack() -> None:
    from deploy.stack.kafka import VERSION

    images = {service["image"] for service in SERVICES.values()}
    assert all(image.partition(":")[2] not in ("", "latest") for image in images)
    assert f"apache/kafka:{VERSION}" in images


def test_three_brokers_keep_everything_twice_at_least() -> None:
    three = loaded(FILES[1])
    brokers = [name for name in three["services"] if name.startswith("kafka-")]
    assert brokers == ["kafka-1", "kafka-2", "kafka-3"]
    for number, name in enumerate(brokers, 1):
        environment = SERVICES["kafka-1"]["environment"] | three["services"][name]["environment"]
        assert environment["KAFKA_NODE_ID"] == str(number)
        assert environment["KAFKA_ADVERTISED_LISTENERS"] == f"PLAINTEXT://{name}:9092"
        assert environment["KAFKA_DEFAULT_REPLICATION_FACTOR"] == "3"
        assert environment["KAFKA_MIN_INSYNC_REPLICAS"] == "2"
        assert environment["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"


def test_the_topics_are_created_by_a_call_that_the_command_understands() -> None:
    from typer.main import get_command

    from deploy.commands import topics

    command: Any = get_command(topics.app)
    for services in (SERVICES, loaded(FILES[1])["services"]):
        program, action, *options = services["topics"]["command"]
        assert program == "topics"
        known = {option for parameter in command.commands[action].params for option in parameter.opts}
        assert {option for option in options if option.startswith("--")} <= known


def test_a_worker_is_told_what_it_understands() -> None:
    from streams.live.settings import from_environment

    one = SERVICES["worker"]["environment"]
    three = one | loaded(FILES[1])["services"]["worker"]["environment"]
    assert from_environment(one).servers == ["kafka-1:9092"]
    assert len(from_environment(three).servers) == from_environment(three).replication == 3
    assert from_environment(one).health == "0.0.0.0:9478"
    assert "ports" not in SERVICES["worker"]


def test_influxdb_is_set_up_and_written_to_by_calls_that_the_commands_understand() -> None:
    from typer.main import get_command

    from dashboards.influx.settings import from_environment
    from dashboards.influx.setup import tokens
    from deploy.commands import influx

    command: Any = get_command(influx.app)
    for name in ("influx-setup", "influx-writer"):
        program, action, *options = SERVICES[name]["command"]
        assert program == "influx"
        known = {option for parameter in command.commands[action].params for option in parameter.opts}
        assert {option for option in options if option.startswith("--")} <= known
    writer = SERVICES["influx-writer"]
    settings = from_environment(writer["environment"] | loaded(FILES[1])["services"]["influx-writer"]["environment"])
    assert settings.health == "0.0.0.0:9479"
    assert len(settings.log.servers) == 3
    # What the setup makes is what the others are given.
    made = [token.file.name for token in tokens(Path("/tokens"))]
    assert [f"/run/secrets/{made[0]}"] == [str(settings.token_file)]
    assert made[0] in writer["secrets"]
    assert made[1] in SERVICES["grafana"]["secrets"]


def test_the_alert_desk_is_told_what_it_understands() -> None:
    from typer.main import get_command

    from deploy.commands import alerts
    from streams.live.settings import from_environment

    one = SERVICES["alert-desk"]
    three = {**one, **loaded(FILES[1])["services"]["alert-desk"]}
    command: Any = get_command(alerts.app)
    for service in (one, three):
        program, action, policy, *options = service["command"]
        assert program == "alerts"
        known = {option for parameter in command.commands[action].params for option in parameter.opts}
        assert {option for option in options if option.startswith("--")} <= known
        assert any(volume.endswith(f"{Path(policy).parent}:ro") for volume in one["volumes"])
        assert options[options.index("--people") + 1] == f"/run/secrets/{one['secrets'][0]}"
    told = {name: value for name, value in one["environment"].items() if not value.startswith("$")}
    assert from_environment(told | three["environment"]).replication == 3


@pytest.mark.parametrize("file", FILES[:2], ids=["one", "three"])
def test_every_service_of_ours_is_started_by_a_call_that_the_program_understands(file: Path) -> None:
    from typer.main import get_command

    from deploy.cli import app

    for name, service in loaded(file)["services"].items():
        if "command" not in service or not SERVICES[name]["image"].startswith("steadyline:"):
            continue
        command: Any = get_command(app)
        words = [re.sub(r"\$\{\w+:-(.*?)\}", r"\1", str(word)) for word in service["command"]]
        while hasattr(command, "commands"):
            command = command.commands[words.pop(0)]
        given = command.make_context(name, words).params
        if "bind" in given:
            # It is asked by its own name from within, and looked after at the port at which it listens.
            assert name in (given.get("host") or given.get("host_name"))
            port = given["bind"].rpartition(":")[2]
            assert SERVICES[name]["ports"][0].endswith(f":{port}")
            assert f"127.0.0.1:{port}/healthz" in SERVICES[name]["healthcheck"]["test"][-1]


def test_three_brokers_differ_in_the_brokers_alone() -> None:
    for name, service in loaded(FILES[1])["services"].items():
        if name != "topics" and "command" in service:
            one = "\n".join(SERVICES[name]["command"])
            assert one.replace("kafka-1:9092", "kafka-1:9092,kafka-2:9092,kafka-3:9092") == "\n".join(service["command"])


def test_grafana_is_given_what_its_files_name() -> None:
    grafana = SERVICES["grafana"]
    mounted = dict(volume.split(":")[:2] for volume in grafana["volumes"] if volume.startswith("./"))
    assert all((DEPLOY / folder).is_dir() for folder in mounted)
    there = "".join(path.read_text() for path in (DEPLOY / "grafana" / "provisioning").rglob("*.yaml"))
    assert set(re.findall(r"/run/secrets/([\w-]+)", there)) == set(grafana["secrets"]) - {"grafana-password"}
    assert set(re.findall(r"/etc/[\w/]+", there)) == {"/etc/steadyline/dashboards"} <= set(mounted.values())


def test_the_address_of_the_dead_mans_switch_is_a_secret() -> None:
    extra = loaded(FILES[2])
    worker = extra["services"]["worker"]
    assert worker["environment"]["STEADYLINE_PING_URL_FILE"] == "/run/secrets/ping-url"
    assert set(extra["secrets"]) == set(worker["secrets"])


def _compose() -> list[str] | None:
    docker = shutil.which("docker")
    if docker and subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode == 0:
        return [docker, "compose"]
    return None


SETS = {"one": FILES[:1], "three": FILES[:2], "ping": FILES, "tls": [FILES[0], TLS[0]], "all": [*FILES, *TLS]}


@pytest.mark.parametrize("files", SETS.values(), ids=SETS)
def test_compose_takes_the_files(files: list[Path]) -> None:
    compose = _compose()
    if compose is None:
        pytest.skip("no Docker with Compose here to read the files")
    arguments = [argument for file in files for argument in ("-f", str(file))]
    ran = subprocess.run([*compose, *arguments, "config", "-q"], capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
