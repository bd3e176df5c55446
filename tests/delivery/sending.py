"""A sender that empties a spool into a gateway. Run as a program."""

import sys
from functools import partial
from pathlib import Path

from producers.delivery.sender import Sender
from producers.delivery.spool import Spool
from producers.delivery.target import Access, open_target
from streams.rulebook import RuleBook


def main(path: str, target: str) -> None:
    access = Access(lambda: RuleBook(()))
    with Spool(Path(path)) as spool, Sender(spool, target, partial(open_target, target, access)) as sender:
        sender.drain(30.0)


if __name__ == "__main__":
    main(*sys.argv[1:])
