"""The synthetic load and its rules, for any number of channels."""

from itertools import combinations
from pathlib import Path

from msgspec.structs import replace

from producers.synthetic import BLOCK_CHANNELS, channel_names, generate, party_blocks
from streams.agreements.load import load_builtin
from streams.agreements.model import Agreement, AnyObligation, Cadence, Prior, Response

AGREEMENT = "synthetic-load"


def rules(channels: int = BLOCK_CHANNELS) -> Agreement:
    """The agreement ``synthetic-load``, for a load of so many channels."""
    (agreement,) = (one for one in load_builtin() if one.id == AGREEMENT)
    if channels == BLOCK_CHANNELS:
        return agreement
    names, blocks = tuple(channel_names(channels)), party_blocks(channels)
    parties = tuple(party for block in blocks for party in block)
    pairs = tuple(pair for block in blocks for pair in combinations(block, 2))

    def widened(obligation: AnyObligation) -> AnyObligation:
        match obligation:
            case Cadence():
                return replace(obligation, channels=names)
            case Prior():
                return replace(obligation, launchers=parties)
            case Response():
                return replace(obligation, dyads=pairs)
            case _:
                return obligation

    return replace(
        agreement,
        parties=(*parties, *(party for party in agreement.parties if party not in parties)),
        channels=tuple(replace(agreement.channels[number % BLOCK_CHANNELS], id=name) for number, name in enumerate(names)),
        obligations=tuple(widened(obligation) for obligation in agreement.obligations),
    )


def write(path: Path, events: int, seed: int, channels: int = BLOCK_CHANNELS) -> None:
    """Write the load to a file."""
    with path.open("wb") as file:
        file.writelines(generate(events, seed, channels))
