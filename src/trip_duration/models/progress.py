"""How far the training of trees has come, shown on a terminal only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from trip_duration.progress import bar


@contextmanager
def count_trees(total: int) -> Iterator[Callable[..., None]]:
    """Show a bar of so many trees, and give what moves it on by one, whatever it is called with."""
    with bar("training", total, "trees") as progress_bar:

        def step(*_: Any) -> None:
            progress_bar.advance()

        yield step
