"""How every client of Kafka here makes itself known, and knows its broker: TLS and SASL, from the environment and its files.

One set of settings for a whole process, whichever of the clients speaks. Passwords and keys are in files that only their owner
can read, and in nothing that is printed. A variable that has no meaning beside the others is refused: whoever gives a password
does not want to speak without it.
"""

import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec

from streams.private_file import PRIVATE, open_to_others

Security = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]
MECHANISM: Mechanism = "SCRAM-SHA-512"
"""The one that is meant unless another is named."""
_LONGEST = 65_536
_TLS = ("CA_FILE", "CERTIFICATE_FILE", "KEY_FILE")
_SASL = ("MECHANISM", "USERNAME", "PASSWORD_FILE")


class AccessError(ValueError):
    """A variable, or the file that it names, cannot be used. The message names it and says what was expected."""


class Secret(str):
    """A text that is not shown where something that holds it is printed."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'...'"


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """What a client tells a broker, and asks of it.

    Attributes:
        security: What is spoken (``STEADYLINE_KAFKA_SECURITY``).
        ca: Whose certificates of brokers are believed, PEM; those of the system without it (``STEADYLINE_KAFKA_CA_FILE``).
        certificate: The client's own, PEM (``STEADYLINE_KAFKA_CERTIFICATE_FILE``).
        key: And its key, PEM (``STEADYLINE_KAFKA_KEY_FILE``).
        mechanism: How the password is shown (``STEADYLINE_KAFKA_MECHANISM``).
        username: Who it is (``STEADYLINE_KAFKA_USERNAME``).
        password: What the file says that ``STEADYLINE_KAFKA_PASSWORD_FILE`` names.
    """

    security: Security = "PLAINTEXT"
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    mechanism: Mechanism = MECHANISM
    username: str | None = None
    password: Secret | None = None

    @property
    def secured(self) -> bool:
        """Whether TLS is spoken."""
        return self.security in ("SSL", "SASL_SSL")

    @property
    def named(self) -> bool:
        """Whether the client says who it is by name and password."""
        return self.security in ("SASL_PLAINTEXT", "SASL_SSL")

    def trust(self) -> ssl.SSLContext | None:
        """For TLS 1.2 or newer, the broker's name checked; ``None`` where none is spoken.

        Raises:
            AccessError: when a file holds no certificate or key.
        """
        if not self.secured:
            return None
        try:
            context = ssl.create_default_context(cafile=None if self.ca is None else str(self.ca))
        except (ssl.SSLError, OSError) as error:
            raise _expected("CA_FILE", f"certificates (PEM), and {self.ca} holds none: {_reason(error)}") from None
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.certificate is not None:
            try:
                # Without a password at hand OpenSSL would ask for one at the terminal.
                context.load_cert_chain(self.certificate, self.key, password="")
            except (ssl.SSLError, OSError, ValueError) as error:
                told = f"a certificate and its key (PEM, without a password), got {self.certificate} and {self.key}"
                raise _expected("CERTIFICATE_FILE", f"{told}: {_reason(error)}") from None
        return context

    def settings(self) -> dict[str, Any]:
        """For a client of kafka-python or aiokafka, which call them the same.

        Raises:
            AccessError: when a file holds no certificate or key.
        """
        told: dict[str, Any] = {"security_protocol": self.security}
        if self.secured:
            told["ssl_context"] = self.trust()
        if self.named:
            told |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": None if self.password is None else str(self.password),
            }
        return told


def access(environment: Mapping[str, str] | None = None) -> Access:
    """What the environment asks for; an empty variable is as good as none. Files are read anew each time.

    Args:
        environment: The process's own without it.

    Raises:
        AccessError: when a variable or a file cannot be used.
    """
    whole = os.environ if environment is None else environment

    def told(name: str) -> str | None:
        return whole.get(f"STEADYLINE_KAFKA_{name}", "").strip() or None

    security = _one_of("SECURITY", told("SECURITY") or "PLAINTEXT", Security)
    found = Access(
        security=security,
        ca=_file("CA_FILE", told("CA_FILE")),
        certificate=_file("CERTIFICATE_FILE", told("CERTIFICATE_FILE")),
        key=_file("KEY_FILE", told("KEY_FILE"), private=True),
        mechanism=_one_of("MECHANISM", told("MECHANISM") or MECHANISM, Mechanism),
        username=told("USERNAME"),
        password=_password(told("PASSWORD_FILE")),
    )
    for names, fits, meant in ((_TLS, found.secured, "SSL or SASL_SSL"), (_SASL, found.named, "SASL_SSL or SASL_PLAINTEXT")):
        for name in names:
            if told(name) and not fits:
                raise _expected(name, f"STEADYLINE_KAFKA_SECURITY to be {meant} beside it, got {security}")
    if found.named:
        for name, value in (("USERNAME", found.username), ("PASSWORD_FILE", found.password)):
            if value is None:
                raise _expected(name, f"it to be set, where STEADYLINE_KAFKA_SECURITY is {security}")
    if (found.certificate is None) != (found.key is None):
        absent = "KEY_FILE" if found.key is None else "CERTIFICATE_FILE"
        raise _expected(absent, "a certificate and its key together")
    if security == "SASL_PLAINTEXT" and found.mechanism == "PLAIN":
        raise _expected("MECHANISM", "SCRAM-SHA-256 or SCRAM-SHA-512 without TLS: PLAIN would show the password to the network")
    found.trust()
    return found


def password_in(path: Path) -> Secret:
    """The password that a file holds: one line, for its owner alone.

    Raises:
        AccessError: when it holds none, or others can read it.
    """
    data = _read(path, private=True)
    try:
        lines = data.decode().splitlines()
    except UnicodeDecodeError:
        lines = []
    if len(data) > _LONGEST or len(lines) != 1 or not lines[0]:
        raise AccessError(f"expected one line of text in {path}")
    return Secret(lines[0])


def _expected(name: str, what: str) -> AccessError:
    return AccessError(f"STEADYLINE_KAFKA_{name}: expected {what}")


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "it is no PEM").replace("_", " ").lower()
    return getattr(error, "strerror", None) or str(error)


def _one_of(name: str, text: str, kind: Any) -> Any:  # noqa: ANN401 - a Literal has no type of its own
    if text.upper() not in get_args(kind):
        raise _expected(name, f"one of {', '.join(get_args(kind))}, got {text!r}")
    return text.upper()


def _file(name: str, text: str | None, *, private: bool = False) -> Path | None:
    """The path, where it names a file that can be read, and if ``private`` by its owner alone."""
    if text is None:
        return None
    try:
        _read(Path(text), private=private)
    except AccessError as error:
        raise AccessError(f"STEADYLINE_KAFKA_{name}: {error}") from None
    return Path(text)


def _password(text: str | None) -> Secret | None:
    if text is None:
        return None
    try:
        return password_in(Path(text))
    except AccessError as error:
        raise AccessError(f"STEADYLINE_KAFKA_PASSWORD_FILE: {error}") from None


def _read(path: Path, *, private: bool) -> bytes:
    try:
        with path.open("rb") as file:
            mode = open_to_others(os.fstat(file.fileno()))
            data = file.read(_LONGEST + 1)
    except OSError as error:
        raise AccessError(f"expected a file that can be read, got {path}: {error.strerror}") from None
    if private and mode is not None:
        raise AccessError(f"expected {PRIVATE}, got {path} with mode {mode:o}")
    return data
