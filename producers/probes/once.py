"""All probes of a site, made now."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from producers.probes.attempt import Result
from producers.probes.making import make
from producers.probes.model import AnyTarget, Site
from producers.probes.network import Ways
from streams.allowing import AllowList


async def made_all(site: Site, targets: Sequence[AnyTarget], base: Path) -> list[Result]:
    """Make these probes at the same time, as many at once as the site allows.

    Args:
        site: Whose allow list holds.
        targets: What to try.
        base: The directory to which files named by the targets are relative.

    Returns:
        What came of each, in their order.
    """
    ways = Ways(AllowList.of(site.allow))
    places = asyncio.Semaphore(site.at_once)

    async def one(target: AnyTarget) -> Result:
        async with places:
            return await make(target, ways, base)

    try:
        return list(await asyncio.gather(*map(one, targets)))
    finally:
        ways.close()
