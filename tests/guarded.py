"""A real broker that lets in only who says who it is: TLS and SASL for clients, ACLs for what each of them may do."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from deploy.stack.kafka import Kafka
from deploy.stack.ports import HOST
from deploy.stack.service import Ports, Tell
from streams.log.roles import ROLES
from tests.broker import SETTINGS

ADMIN = "admin"
PASSWORDS = {user: f"{user}-of-tests-alone" for user in (ADMIN, *ROLES)}
PREFIX = "STEADYLINE_KAFKA_"


class Papers(NamedTuple):
    """The files with which a client of the guarded broker makes itself known, in one folder."""

    folder: Path

    def environment(self, user: str = ADMIN, **over: str) -> dict[str, str]:
        """What a client of this name is told; ``over`` replaces one, by the end of its name."""
        told = {
            "SECURITY": "SASL_SSL",
            "CA_FILE": str(self.folder / "ca.pem"),
            "MECHANISM": "SCRAM-SHA-512",
            "USERNAME": user,
            "PASSWORD_FILE": str(self.folder / f"{user}.password"),
        }
        return {PREFIX + name: value for name, value in {**told, **over}.items() if value}

    def certified(self) -> dict[str, str]:
        """What a client is told that has a certificate of its own."""
        files = {"CA_FILE": "ca.pem", "CERTIFICATE_FILE": "client.pem", "KEY_FILE": "client.key"}
        return {PREFIX + "SECURITY": "SSL", **{PREFIX + name: str(self.folder / file) for name, file in files.items()}}


@contextmanager
def told(environment: Mapping[str, str]) -> Iterator[None]:
    """The process's own environment, for as long."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(PREFIX)]:
            patch.delenv(name)
        for name, value in environment.items():
            patch.setenv(name, value)
        yield


class Guarded(Kafka):
    """The stack's broker behind TLS and passwords; brokers and controllers among themselves stay as they are, on loopback."""

    name = "guarded"
    ports: tuple[str, ...] = ("client", "controller", "inner", "mutual")

    def __init__(self) -> None:
        super().__init__(
            {
                **SETTINGS,
                "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                # The broker's own talk is nobody's.
                "super.users": f"User:{ADMIN};User:ANONYMOUS",
            }
        )
        self.formatting = tuple(
            word
            for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512")
            for user, password in PASSWORDS.items()
            for word in ("--add-scram", f"{mechanism}=[name={user},password={password}]")
        )

    def prepare(self, folder: Path, tell: Tell) -> None:
        """With an authority of its own."""
        if not (folder / "ca.pem").exists():
            authority = trustme.CA()
            issued = authority.issue_cert(HOST)
            client = authority.issue_cert("client")
            (folder / "client.pem").write_bytes(b"".join(part.bytes() for part in client.cert_chain_pems))
            (folder / "client.key").write_bytes(client.private_key_pem.bytes())
            (folder / "client.key").chmod(0o600)
            # Kafka reads keys as PKCS #8 alone.
            key = load_pem_private_key(issued.private_key_pem.bytes(), None)
            pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            (folder / "broker.pem").write_bytes(pem + b"".join(part.bytes() for part in issued.cert_chain_pems))
            trustme.CA().cert_pem.write_to_path(folder / "stranger.pem")
            for user, password in {**PASSWORDS, "wrong": "not it"}.items():
                (folder / f"{user}.password").write_text(f"{password}\n")
                (folder / f"{user}.password").chmod(0o600)
            authority.cert_pem.write_to_path(folder / "ca.pem")
        super().prepare(folder, tell)

    def listeners(self, ports: Ports) -> dict[str, str]:
        """Clients have a listener of their own."""
        plain = "org.apache.kafka.common.security.plain.PlainLoginModule"
        users = " ".join(f'user_{user}="{password}"' for user, password in PASSWORDS.items())
        return {
            "listeners": f"CLIENT://{HOST}:{ports['client']},INNER://{HOST}:{ports['inner']}"
            f",MUTUAL://{HOST}:{ports['mutual']},CONTROLLER://{HOST}:{ports['controller']}",
            "advertised.listeners": f"CLIENT://{HOST}:{ports['client']},INNER://{HOST}:{ports['inner']}"
            f",MUTUAL://{HOST}:{ports['mutual']}",
            "listener.security.protocol.map": "CLIENT:SASL_SSL,INNER:PLAINTEXT,MUTUAL:SSL,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "INNER",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": "broker.pem",
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": "ca.pem",
            "listener.name.mutual.ssl.client.auth": "required",
            "listener.name.client.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
            "listener.name.client.plain.sasl.jaas.config": f"{plain} required {users};",
            "listener.name.client.scram-sha-256.sasl.jaas.config": f"{_SCRAM} required;",
            "listener.name.client.scram-sha-512.sasl.jaas.config": f"{_SCRAM} required;",
        }

    def ask(self, folder: Path, ports: Ports, patience: float) -> dict[str, str | int]:
        """As an administrator."""
        with told(Papers(folder).environment()):
            told_of_itself = super().ask(folder, ports, patience)
        return {**told_of_itself, "folder": str(folder), "mutual": f"{HOST}:{ports['mutual']}"}


_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"
