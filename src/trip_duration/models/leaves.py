"""Many rows through many trees of LightGBM: in threads, and in blocks that stay in the cache.

LightGBM takes each row through all trees before it turns to the next. A thousand trees do not fit
into the cache next to the cores, so that each row fetches them anew. Here some rows go through some
trees at a time, and the leaves that they reach are added up in LightGBM's own order: the sums are
those of ``Booster.predict`` to the last bit.

LightGBM keeps the number of threads for the whole process, and which trees it is asked for in the
booster. A call that asks for others than one under way at the same moment has it write beyond the
ends of its arrays. So every call asks for one thread, and for all trees of its booster; the threads
are made here.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from threading import Lock
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.float32]
Values = npt.NDArray[np.float64]

# found by trial: 4,096 rows of forty features, and the leaves of 64 trees, fit beside each other
_ROWS, _TREES = 4_096, 64
_LINE = "leaf_value="
_free = Lock()


def predict(booster: lgb.Booster, X: Rows, **asked: Any) -> Values:
    """Return ``booster.predict(X)`` as one thread finds it, whatever other threads ask for.

    Args:
        booster: Any trees.
        X: Features, shape ``(n, features)``.
        asked: What is asked for in place of predictions, as LightGBM names it.
    """
    found: Any = booster.predict(X, num_threads=1, validate_features=False, **asked)
    return np.asarray(found)


def share(work: Callable[[Rows], Values], X: Rows, threads: int) -> Values:
    """Return what ``work`` makes of all rows, an equal share of them in each thread.

    Whoever comes while others share theirs does all of its work itself, and waits for nobody.

    Args:
        work: Makes a number, or a row of numbers, of each row, whichever rows are beside it.
        X: Features, shape ``(n, features)``.
        threads: Threads, this one included.
    """
    if threads == 1 or not _free.acquire(blocking=False):
        return work(X)
    try:
        first, *others = np.array_split(X, threads)
        under_way = [_standing(threads).submit(work, rows) for rows in others]
        return np.concatenate([work(first), *(task.result() for task in under_way)])
    finally:
        _free.release()


@cache
def _standing(threads: int) -> ThreadPoolExecutor:
    # making threads would take as long as a few rows do
    return ThreadPoolExecutor(threads - 1, "trees")


# those of the parent are not there in a child
os.register_at_fork(after_in_child=_standing.cache_clear)


class TreeBlocks:
    """The trees of a booster, in boosters of some trees each.

    Args:
        booster: Trees for an objective whose sums are predictions as they are.
    """

    def __init__(self, booster: lgb.Booster) -> None:
        """Copy the trees."""
        texts = [
            booster.model_to_string(start_iteration=first, num_iteration=_TREES)
            for first in range(0, booster.num_trees(), _TREES)
        ]
        self._blocks = [(lgb.Booster(model_str=text), _leaf_values(text)) for text in texts]

    def predict(self, X: Rows, threads: int) -> Values:
        """Return what ``booster.predict(X)`` does.

        Args:
            X: Features, shape ``(n, features)``.
            threads: Threads that take rows through trees.
        """
        parts = [X[first : first + _ROWS] for first in range(0, len(X), _ROWS)]
        # threads of their own: those that stand are for few rows, which must not wait for these
        with ThreadPoolExecutor(threads) as pool:
            return np.concatenate(list(pool.map(self._sums, parts)))

    def _sums(self, X: Rows) -> Values:
        total = np.zeros(len(X))
        for booster, leaves in self._blocks:
            reached = predict(booster, X, pred_leaf=True)
            for values, leaf in zip(leaves, reached.T, strict=True):
                total += values[leaf]
        return total


def _leaf_values(text: str) -> list[Values]:
    lines = (line for line in text.splitlines() if line.startswith(_LINE))
    return [np.array(line.removeprefix(_LINE).split(), dtype=np.float64) for line in lines]
