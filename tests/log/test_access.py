"""What a client of Kafka tells a broker, and what of the environment cannot be meant; without a broker."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
import trustme

from streams.live.settings import WorkerSettings
from streams.live.worker import faust_settings
from streams.log.access import Access, AccessError, access
from tests.guarded import PREFIX, Papers, told

ROOT = Path(__file__).parents[2]
PASSWORD = "correct horse: battery, staple"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a client needs, and what is wrong with each of it."""
    made = tmp_path_factory.mktemp("papers")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(made / "ca.pem")
    issued = authority.issue_cert("client")
    issued.cert_chain_pems[0].write_to_path(made / "client.pem")
    issued.private_key_pem.write_to_path(made / "client.key")
    trustme.CA().issue_cert("other").private_key_pem.write_to_path(made / "other.key")
    for name, text in {"admin.password": f"{PASSWORD}\n", "two": "a\nb\n", "none": "\n", "text": "no PEM"}.items():
        (made / name).write_text(text)
    (made / "latin").write_bytes(b"\xff\xfe")
    (made / "long").write_text("x" * 70_000)
    for path in made.iterdir():
        path.chmod(0o600)
    (made / "open").write_text(PASSWORD)
    (made / "open").chmod(0o644)
    return made


def test_nothing_set_is_plain_text(folder: Path) -> None:
    assert access({}) == Access()
    assert access({PREFIX + "SECURITY": " ", PREFIX + "USERNAME": ""}).settings() == {"security_protocol": "PLAINTEXT"}
    with told({}):
        assert faust_settings(WorkerSettings())["broker_credentials"] is None


def test_all_clients_are_told_the_same(folder: Path) -> None:
    environment = Papers(folder).environment()
    settings = access(environment).settings()
    assert settings.pop("ssl_context").check_hostname
    assert settings == {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "admin",
        "sasl_plain_password": PASSWORD,
    }
    with told(environment):
        credentials = faust_settings(WorkerSettings())["broker_credentials"]
    assert (credentials.protocol.value, credentials.mechanism.value) == ("SASL_SSL", "SCRAM-SHA-512")
    assert (credentials.username, credentials.password) == ("admin", PASSWORD)
    assert credentials.ssl_context.check_hostname


def test_a_certificate_of_the_clients_own(folder: Path) -> None:
    own = {
        "SECURITY": "ssl",
        "CA_FILE": folder / "ca.pem",
        "CERTIFICATE_FILE": folder / "client.pem",
        "KEY_FILE": folder / "client.key",
    }
    environment = {PREFIX + name: str(value) for name, value in own.items()}
    assert set(access(environment).settings()) == {"security_protocol", "ssl_context"}
    with told(environment):
        assert faust_settings(WorkerSettings())["broker_credentials"].protocol.value == "SSL"


def test_the_password_is_in_nothing_that_is_printed(folder: Path) -> None:
    found = access(Papers(folder).environment())
    assert PASSWORD not in repr(found)
    assert PASSWORD not in f"{found}"
    assert "'...'" in repr(found)


WRONG = [
    ({"SECURITY": "TLS"}, "SECURITY: expected one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL, got 'TLS'"),
    ({"MECHANISM": "GSSAPI"}, "MECHANISM: expected one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, got 'GSSAPI'"),
    (
        {"SECURITY": "PLAINTEXT", "CA_FILE": ""},
        "MECHANISM: expected STEADYLINE_KAFKA_SECURITY to be SASL_SSL or SASL_PLAINTEXT",
    ),
    ({"SECURITY": ""}, "CA_FILE: expected STEADYLINE_KAFKA_SECURITY to be SSL or SASL_SSL beside it, got PLAINTEXT"),
    ({"SECURITY": "SSL"}, "MECHANISM: expected STEADYLINE_KAFKA_SECURITY to be SASL_SSL or SASL_PLAINTEXT beside it, got SSL"),
    ({"SECURITY": "SASL_PLAINTEXT", "CA_FILE": "", "MECHANISM": "PLAIN"}, "PLAIN would show the password to the network"),
    ({"USERNAME": ""}, "USERNAME: expected it to be set, where STEADYLINE_KAFKA_SECURITY is SASL_SSL"),
    ({"PASSWORD_FILE": ""}, "PASSWORD_FILE: expected it to be set"),
    (
        {"PASSWORD_FILE": "{}/missing"},
        "PASSWORD_FILE: expected a file that can be read, got {}/missing: No such file or directory",
    ),
    ({"PASSWORD_FILE": "{}/open"}, "(chmod 600), got {}/open with mode 644"),
    ({"PASSWORD_FILE": "{}/two"}, "PASSWORD_FILE: expected one line of text in {}/two"),
    ({"PASSWORD_FILE": "{}/none"}, "PASSWORD_FILE: expected one line of text in {}/none"),
    ({"PASSWORD_FILE": "{}/latin"}, "PASSWORD_FILE: expected one line of text in {}/latin"),
    ({"PASSWORD_FILE": "{}/long"}, "PASSWORD_FILE: expected one line of text in {}/long"),
    ({"CA_FILE": "{}/missing"}, "CA_FILE: expected a file that can be read, got {}/missing"),
    ({"CA_FILE": "{}/text"}, "CA_FILE: expected certificates (PEM), and {}/text holds none"),
    ({"CERTIFICATE_FILE": "{}/client.pem"}, "KEY_FILE: expected a certificate and its key together"),
    ({"KEY_FILE": "{}/client.key"}, "CERTIFICATE_FILE: expected a certificate and its key together"),
    ({"CERTIFICATE_FILE": "{}/client.pem", "KEY_FILE": "{}/other.key"}, "CERTIFICATE_FILE: expected a certificate and its key"),
    ({"CERTIFICATE_FILE": "{}/client.pem", "KEY_FILE": "{}/open"}, "KEY_FILE: expected a file that only its owner can read"),
]


@pytest.mark.parametrize(("over", "why"), WRONG, ids=lambda value: str(value)[:40])
def test_what_cannot_be_meant_is_named_and_no_secret_with_it(over: dict[str, str], why: str, folder: Path) -> None:
    environment = Papers(folder).environment(**{name: value.format(folder) for name, value in over.items()})
    with pytest.raises(AccessError) as error:
        access(environment)
    assert str(error.value).startswith("STEADYLINE_KAFKA_")
    assert why.format(folder) in str(error.value)
    assert PASSWORD not in str(error.value)


def test_a_command_says_so_and_ends(folder: Path) -> None:
    steadyline = str(Path(sys.executable).parent / "steadyline")
    environment = Papers(folder).environment(PASSWORD_FILE=f"{folder}/open")
    call = [steadyline, "topics", "check", "--bootstrap", "127.0.0.1:1"]
    said = subprocess.run(
        call, capture_output=True, text=True, timeout=60, check=False, env={"PATH": "/usr/bin", **environment}
    )
    assert said.returncode == 2, said.stderr
    expected = f"STEADYLINE_KAFKA_PASSWORD_FILE: expected a file that only its owner can read (chmod 600), got {folder}/open"
    assert " ".join(said.stderr.split()).endswith(f"{expected} with mode 644")


CLIENTS = re.compile(r"\b(?:AIOKafka\w+|KafkaProducer|KafkaConsumer|KafkaAdminClient|Consumer|_Client|create_conn)\(")


def test_no_client_is_made_without_it() -> None:
    made = []
    for folder in ("streams", "producers", "alerts", "dashboards", "deploy"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            tree = ast.parse(path.read_text())
            for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
                if CLIENTS.fullmatch(f"{ast.unparse(call.func)}("):
                    made.append(f"{path.relative_to(ROOT)}:{call.lineno}")
                    given = [ast.unparse(keyword.value) for keyword in call.keywords if keyword.arg is None]
                    assert any(text.endswith(".settings()") for text in given), made[-1]
    assert len(made) >= 8, made
