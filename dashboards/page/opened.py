"""The recordings that are open: a few, so that somebody who compares two sets of rules waits for neither."""

import gc
import threading
from collections import OrderedDict

from dashboards.page.ports import Shelf
from dashboards.page.reel import Reel
from streams.web.problems import ProblemError

_MOST = 4
_THRESHOLD = (50_000, 10, 20)
"""A jump makes a watch anew, some ten thousand objects in cycles: the collector is to come often, and find little to do."""


class Opened:
    """Opens recordings once, and lets go of those that were not looked at for longest."""

    def __init__(self, shelf: Shelf, most: int = _MOST) -> None:
        self._shelf = shelf
        self._most = most
        gc.set_threshold(*_THRESHOLD)
        self._reels: OrderedDict[tuple[str, str], Reel] = OrderedDict()
        self._lock = threading.Lock()

    def reel(self, name: str, rules: str) -> Reel:
        """The recording of this name under these rules; the usual ones where none are named.

        Raises:
            ProblemError: when there is no such recording or rules, or it cannot be opened.
        """
        rules = rules or self._shelf.rules[0]
        with self._lock:
            reel = self._reels.get((name, rules))
            if reel is None:
                try:
                    reel = self._shelf.open(name, rules)
                except LookupError as error:
                    raise ProblemError(404, str(error.args[0])) from None
                except ValueError as error:
                    raise ProblemError(422, str(error)) from None
                self._reels[name, rules] = reel
                while len(self._reels) > self._most:
                    self._reels.popitem(last=False)
                # A recording stays for long: the collector need not look through all of it at every turn.
                gc.unfreeze()
                gc.collect()
                gc.freeze()
            self._reels.move_to_end((name, rules))
        return reel
