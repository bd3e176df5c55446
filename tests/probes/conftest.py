"""Certificates made for the test, and the way from a few words to a probe that is made."""

import asyncio
import hashlib
import ssl
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from producers.probes.attempt import Result
from producers.probes.making import make
from producers.probes.model import AnyTarget
from producers.probes.network import Lookup, Ways
from streams.allowing import AllowList


class Certificates:
    """An authority in a file, and the context of a server that it knows as ``hotline.test`` and 127.0.0.1."""

    def __init__(self, directory: Path) -> None:
        self.base = directory
        ca = trustme.CA()
        ca.cert_pem.write_to_path(directory / "ca.pem")
        trustme.CA().cert_pem.write_to_path(directory / "other.pem")
        soon = datetime.now(UTC) + timedelta(days=5, hours=1)
        self._ca = ca
        self.server = self._context(ca.issue_cert("hotline.test", "127.0.0.1"))
        self.soon = self._context(ca.issue_cert("hotline.test", "127.0.0.1", not_after=soon))
        self.over = self._context(ca.issue_cert("hotline.test", "127.0.0.1", not_after=datetime.now(UTC) - timedelta(days=1)))
        leaf = ca.issue_cert("hotline.test", "127.0.0.1")
        self.pinned = self._context(leaf)
        pem = leaf.cert_chain_pems[0].bytes().decode()
        self.pin = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()

    @staticmethod
    def _context(leaf: trustme.LeafCert) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        leaf.configure_cert(context)
        return context


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


def lookup(**names: list[str]) -> Lookup:
    """A test double of the system's look-up: these names and no others."""

    async def look(host: str, port: int) -> list[str]:
        if host not in names:
            raise OSError(-2, "Name or service not known")
        return names[host]

    return look


async def made(target: AnyTarget, base: Path = Path(), *, allow: tuple[str, ...] = ("127.0.0.0/8",)) -> Result:
    """Make one probe, within this allow list."""
    ways = Ways(AllowList.of(allow), lookup(hotline=["127.0.0.1"]))
    return await make(target, ways, base)


def ran(coroutine: Awaitable[Result], patience: float = 20.0) -> Result:
    """The result; a probe that hangs is a failure of the test."""

    async def bounded() -> Result:
        return await asyncio.wait_for(coroutine, patience)

    return asyncio.run(bounded())
