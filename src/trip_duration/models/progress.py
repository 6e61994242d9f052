"""How far the training of trees has come, shown on a terminal only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def count_trees(total: int) -> Iterator[Callable[..., None]]:
    """Show a bar of so many trees, and give what moves it on by one, whatever it is called with."""
    from tqdm.auto import tqdm  # noqa: PLC0415 - who only predicts needs no bar

    with tqdm(total=total, desc="trees", unit="tree", disable=None, leave=False) as bar:

        def step(*_: Any) -> None:
            bar.update()

        yield step
