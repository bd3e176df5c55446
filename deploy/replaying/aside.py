"""Keeps the garbage collector away from what lasts as long as a replay does.

A watch of many channels is many small objects, all of which last. The collector would go over them again and again while they
are made, and over all of them once more whenever a quarter as many others have come, and never find anything.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

_T = TypeVar("_T")


@contextmanager
def aside(make: Callable[[], _T]) -> Iterator[_T]:
    """Make something that lasts, with the collector at rest; it looks at it, and at all there was before, only afterwards."""
    working = gc.isenabled()
    gc.disable()
    try:
        made = make()
    finally:
        if working:
            gc.enable()
    gc.freeze()
    try:
        yield made
    finally:
        gc.unfreeze()
