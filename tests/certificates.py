"""An authority of the tests' own, and what a server or a client gets from it."""

import ssl
from pathlib import Path
from typing import NamedTuple

import trustme


class Issued(NamedTuple):
    """A certificate and its key, in files, and whoever believes their authority."""

    certificate: Path
    key: Path
    trusting: ssl.SSLContext
    authority: Path


def issued(folder: Path, name: str = "127.0.0.1") -> Issued:
    """For this name; in files of ``folder`` that only their owner can read."""
    authority = trustme.CA()
    made = authority.issue_cert(name)
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(b"".join(part.bytes() for part in made.cert_chain_pems))
    key.write_bytes(made.private_key_pem.bytes())
    key.chmod(0o600)
    authority.cert_pem.write_to_path(folder / "ca.pem")
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    return Issued(certificate, key, trusting, folder / "ca.pem")
