"""Makes one probe within its time, and reads what came of it. Whatever happens, there is a result."""

import asyncio
from pathlib import Path

from producers.probes import calling, lines, mail, web
from producers.probes.attempt import Attempt, Result
from producers.probes.model import AnyTarget, Http, Sip, Smtp, Tcp
from producers.probes.network import Ways


async def make(target: AnyTarget, ways: Ways, base: Path) -> Result:
    """Make one probe now.

    Args:
        target: What to try.
        ways: The allow list and the look-ups.
        base: The directory to which files named in the target are relative.
    """
    attempt = Attempt(target.timeout.seconds)
    try:
        async with asyncio.timeout(attempt.timeout):
            await _made(target, ways, base, attempt)
    except Exception as error:  # noqa: BLE001 - a fault of ours must not pass for one of the channel, nor stop the others
        return attempt.failed(error)
    return attempt.answered()


async def _made(target: AnyTarget, ways: Ways, base: Path, attempt: Attempt) -> None:
    match target:
        case Tcp():
            await lines.probe(target, ways, base, attempt)
        case Http():
            await web.probe(target, ways, base, attempt)
        case Sip():
            await calling.probe(target, ways, base, attempt)
        case Smtp():
            await mail.probe(target, ways, base, attempt)
