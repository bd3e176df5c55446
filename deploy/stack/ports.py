"""Ports of the loopback interface."""

import socket
from collections.abc import Iterable

from deploy.stack.service import Ports

HOST = "127.0.0.1"


def is_free(port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def listens(port: int) -> bool:
    """Whether a server listens there."""
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


def choose(names: Iterable[str], before: Ports) -> dict[str, int]:
    """A free port for each name: the one it had ``before`` where nobody took it, so that clients find it again."""
    chosen = {name: before[name] for name in names if name in before and is_free(before[name])}
    held = []
    try:
        for name in names:
            if name not in chosen:
                # All are held until each has its own: the system would give out one of them twice.
                probe = socket.socket()
                held.append(probe)
                probe.bind((HOST, 0))
                chosen[name] = probe.getsockname()[1]
    finally:
        for probe in held:
            probe.close()
    return chosen
