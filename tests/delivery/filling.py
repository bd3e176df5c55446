"""A producer that puts events into a spool until it is killed, and says of each that it is there. Run as a program."""

import os
import sys
from itertools import count
from pathlib import Path

from producers.delivery.spool import Spool
from tests.delivery.build import NOW, check


def main(path: str, target: str, name: str) -> None:
    with Spool(Path(path)) as spool:
        for number in count():
            spool.append([check(f"{name}-{number}-a"), check(f"{name}-{number}-b")], target, NOW)
            os.write(1, f"{name}-{number}\n".encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
