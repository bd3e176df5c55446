"""What `tls.yaml` gives to whom, without Docker and a broker: files that the README makes, and nothing of them elsewhere."""

import json
import re
import ssl
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from deploy.cli import app
from streams.log.access import access
from streams.log.roles import ROLES
from tests.composed import BASE, DEPLOY, THREE, TLS, TLS_THREE, given, loaded, made_by_hand, merged

OVER, SERVICES = loaded(TLS), merged(BASE, TLS)["services"]
THREEFOLD = merged(BASE, THREE, TLS, TLS_THREE)
ADDED = OVER["secrets"] | loaded(TLS_THREE)["secrets"]
ROOT = DEPLOY.parent
USERS = {
    "topics": "topics",
    "gateway": "gateway",
    "worker": "worker",
    "alert-desk": "desk",
    "influx-writer": "writer",
    "watch-page": "page",
}
"""Each service that speaks to Kafka, and as whom."""
MADE = [role for role in ROLES if role != "reader"]
"""Who gets in: none of the services is a reader."""
SERVING = ("gateway", "watch-page", "alert-desk")
BROKERS = ("kafka-1", "kafka-2", "kafka-3")
OURS, KAFKAS = "10001", "1000"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that the README has one type, in a folder of its own."""
    folder = tmp_path_factory.mktemp("made")
    made_by_hand(folder)
    return folder / "etc"


def texts(service: Any) -> list[str]:
    """All that a service is told, but for what it is given."""
    told = [*service.get("environment", {}).values(), *service.get("command", ()), *service["healthcheck"]["test"]]
    return [*told, *(loaded_text(volume) for volume in service.get("volumes", ()) if volume.startswith("./compose/"))]


def loaded_text(volume: str) -> str:
    return (DEPLOY / volume.partition(":")[0]).read_text()


@pytest.mark.parametrize("name", [*OVER["services"], "kafka-2", "kafka-3"])
def test_a_service_is_given_the_files_that_it_is_told_of_and_no_others(name: str) -> None:
    service = {"healthcheck": {"test": []}, **THREEFOLD["services"][name]}
    there = given(service)
    assert len(there) == len(service["secrets"])
    assert set(re.findall(r"/run/secrets/([\w-]+)", "\n".join(texts(service)))) == set(there)
    assert set(there.values()) <= set(THREEFOLD["secrets"])


def test_every_file_is_for_somebody_and_has_no_default() -> None:
    for file in (OVER, loaded(TLS_THREE)):
        assert {source for service in file["services"].values() for source in given(service).values()} - {"tls-ca"} == set(
            file["secrets"]
        ) - {"tls-ca"}
    for name, secret in ADDED.items():
        assert secret == {"file": f"${{STEADYLINE_SECRETS:-/etc/steadyline/secrets}}/{name}"}


def test_no_password_and_no_key_is_anywhere_but_in_a_file() -> None:
    for service in OVER["services"].values():
        for variable, value in service.get("environment", {}).items():
            assert "\n" not in value
            assert "password" not in value.lower() or value.startswith("/run/secrets/")
            if re.search(r"PASSWORD|CREDENTIAL|TOKEN|(KEY|CERTIFICATE|CA)_FILE|STORE_LOCATION", variable):
                assert value.startswith("/run/secrets/")
        assert not [word for word in service.get("command", ()) if "=" in word and "=/run/secrets/" not in word]


def test_every_variable_is_one_that_is_read() -> None:
    folders = ("streams", "producers", "alerts", "dashboards", "deploy")
    code = "".join(path.read_text() for folder in folders for path in (ROOT / folder).rglob("*.py"))
    read = set(re.findall(r"STEADYLINE_[A-Z]+(?:_[A-Z]+)*\b", code))
    # Its clients' settings are read by the ends of their names.
    read |= {f"STEADYLINE_KAFKA_{end}" for end in re.findall(r'"([A-Z_]+)"', (ROOT / "streams/log/access.py").read_text())}
    for name, service in OVER["services"].items():
        said = {variable for variable in service.get("environment", {}) if name != "kafka-1"}
        assert said <= read, name


def test_each_service_is_somebody_of_its_own_and_says_so_in_a_way_that_is_understood(made: Path) -> None:
    assert set(USERS.values()) == set(MADE)
    for name, user in USERS.items():
        told = SERVICES[name]["environment"]
        found = access({variable: text.replace("/run/secrets", str(made / "secrets")) for variable, text in told.items()})
        assert (found.security, found.mechanism, found.username) == ("SASL_SSL", "SCRAM-SHA-512", user)
        assert told["STEADYLINE_KAFKA_PASSWORD_FILE"] == f"/run/secrets/kafka-{user}"
        assert [secret for secret in given(SERVICES[name]) if secret.startswith("kafka-")] == [f"kafka-{user}"]
    others = [name for name, service in SERVICES.items() if name not in (*USERS, "kafka-users")]
    assert not [name for name in others if "STEADYLINE_KAFKA_USERNAME" in SERVICES[name].get("environment", {})]


def test_the_users_that_are_made_are_those_that_the_services_are(made: Path) -> None:
    program, action, *words = SERVICES["kafka-users"]["command"]
    assert [word for word in words if "=" in word] == [f"{user}=/run/secrets/kafka-{user}" for user in MADE]
    here = [word.replace("/run/secrets", str(made / "secrets")).replace("kafka-1:9094", "127.0.0.1:1") for word in words]
    told = CliRunner().invoke(app, [program, action, *here], env={"COLUMNS": "200"})
    # Every word is understood and every file is one: nobody answers there, that is all.
    assert told.exit_code == 3, told.output
    assert "no Kafka broker answers at 127.0.0.1:1" in told.output
    told_of_itself = SERVICES["kafka-users"]["environment"]
    itself = {variable: text.replace("/run/secrets", str(made / "secrets")) for variable, text in told_of_itself.items()}
    assert access(itself).security == "SSL"
    for alike in ("restart", "init", "cap_drop", "security_opt", "logging", "image", "read_only", "networks"):
        assert SERVICES["kafka-users"][alike] == SERVICES["topics"][alike], alike


def test_users_come_before_topics_and_topics_before_everything(made: Path) -> None:
    assert SERVICES["kafka-users"]["depends_on"] == {"kafka-1": {"condition": "service_healthy"}}
    assert SERVICES["topics"]["depends_on"]["kafka-users"] == {"condition": "service_completed_successfully"}
    for name in set(USERS) - {"topics"}:
        assert SERVICES[name]["depends_on"]["topics"] == {"condition": "service_completed_successfully"}


def test_the_readme_makes_every_file_for_the_user_of_whoever_is_given_it(made: Path) -> None:
    owners = {name: owner for owner, name in map(str.split, (made / "owners").read_text().splitlines())}
    assert {path.name for path in (made / "secrets").iterdir()} == set(ADDED)
    for name in ADDED:
        path = made / "secrets" / name
        mode = stat.S_IMODE(path.stat().st_mode)
        holders = {service for service, told in THREEFOLD["services"].items() if name in given(told).values()}
        if name == "tls-ca" or name.endswith("-certificate"):
            assert mode == 0o444
            assert "PRIVATE" not in path.read_text()
        else:
            assert mode == 0o400
            assert owners[name] == (KAFKAS if holders <= {"kafka-1", "kafka-2", "kafka-3"} else OURS)
    assert SERVICES["kafka-1"]["user"] == f"{KAFKAS}:{KAFKAS}"
    assert f"USER {OURS}:{OURS}" in (DEPLOY / "Dockerfile").read_text()
    assert stat.S_IMODE((made / "tls").stat().st_mode) == 0o700


def test_the_certificates_are_whose_they_say_and_hold_under_the_strictest_eye(made: Path) -> None:
    for name in ("kafka-1", "kafka-2", "kafka-3", "kafka-admin", *SERVING):
        certificate, authority = made / "tls" / f"{name}.pem", made / "secrets" / "tls-ca"
        for host in (["-verify_hostname", name], ["-verify_hostname", "localhost"], ["-verify_ip", "127.0.0.1"]):
            call = ["openssl", "verify", "-x509_strict", *host, "-CAfile", str(authority), str(certificate)]
            ran = subprocess.run(call, capture_output=True, text=True, check=False)
            assert ran.returncode == 0, ran.stdout + ran.stderr
    for name in ("kafka-admin", *SERVING):
        certificate, key = (made / "secrets" / f"{name}-{kind}" for kind in ("certificate", "key"))
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    keystore = (made / "secrets" / "kafka-1-keystore").read_text()
    # Java takes a key as PKCS #8, and before its certificate.
    assert re.findall(r"BEGIN ([A-Z ]+)", keystore) == ["PRIVATE KEY", "CERTIFICATE"]


def test_the_broker_lets_nobody_in_but_by_tls_and_by_name() -> None:
    told = SERVICES["kafka-1"]["environment"]
    spoken = dict(pair.split(":") for pair in told["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(","))
    there = [listener.partition("://")[0] for listener in told["KAFKA_LISTENERS"].split(",")]
    assert spoken == dict.fromkeys(there, "SSL") | {"CLIENT": "SASL_SSL"}
    for name in there:
        # The image asks for keystores of another kind, and their passwords, where it reads this.
        assert "SSL" not in name
        assert name == "CLIENT" or told[f"KAFKA_LISTENER_NAME_{name}_SSL_CLIENT_AUTH"] == "required"
    assert told["KAFKA_INTER_BROKER_LISTENER_NAME"] == "INNER"
    assert told["KAFKA_CONTROLLER_LISTENER_NAMES"] == "CONTROLLER"
    assert told["KAFKA_ALLOW_EVERYONE_IF_NO_ACL_FOUND"] == "false"
    assert "ANONYMOUS" not in told["KAFKA_SUPER_USERS"]
    assert "PLAINTEXT" not in "".join(map(str, told.values()))


def test_three_brokers_differ_in_their_names_and_in_nothing_else() -> None:
    brokers = THREEFOLD["services"]
    first = brokers["kafka-1"]
    assert first["environment"]["KAFKA_SUPER_USERS"].split(";") == [f"User:CN={name}" for name in (*BROKERS, "kafka-admin")]
    for number, name in enumerate(BROKERS, 1):
        own = {"KAFKA_NODE_ID": str(number), "KAFKA_ADVERTISED_LISTENERS": f"CLIENT://{name}:9092,INNER://{name}:9094"}
        assert brokers[name]["environment"] == first["environment"] | own
        assert given(brokers[name]) == {"tls-ca": "tls-ca", "kafka-keystore": f"{name}-keystore"}
        mounted = f"{name}:/var/lib/kafka/data"
        assert brokers[name]["volumes"] == [mounted, *first["volumes"][1:]]
        assert brokers[name]["healthcheck"] == first["healthcheck"]
    for name in (*USERS, "kafka-users"):
        one, three = (json.dumps(told, sort_keys=True) for told in (SERVICES[name], brokers[name]))
        # Where the brokers are, is said by `three-brokers.yaml` alone.
        more = {"worker", "alert-desk", "topics"}
        assert name in more or three.replace(",kafka-2:9092,kafka-3:9092", "") == one, name
        assert name == "kafka-users" or "kafka-1:9092,kafka-2:9092,kafka-3:9092" in three


@pytest.mark.parametrize("name", SERVING)
def test_who_serves_tls_is_asked_by_tls_how_it_is(name: str) -> None:
    service = SERVICES[name]
    assert service["environment"]["STEADYLINE_CERTIFICATE_FILE"] == f"/run/secrets/{name}-certificate"
    assert service["environment"]["STEADYLINE_KEY_FILE"] == f"/run/secrets/{name}-key"
    port = service["ports"][0].rpartition(":")[2]
    assert service["healthcheck"]["test"][-1] == f"https://127.0.0.1:{port}/healthz"
    assert service["healthcheck"]["retries"] == 3
