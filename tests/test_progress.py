"""Bars on a terminal, and nothing elsewhere."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from trip_duration import progress
from trip_duration.progress import bar, track

SHOW_CURSOR, HIDE_CURSOR = "\x1b[?25h", "\x1b[?25l"


class Terminal(io.StringIO):
    """A terminal that keeps what is written to it."""

    def isatty(self) -> bool:
        return True


@contextmanager
def on_terminal() -> Iterator[Terminal]:
    """Standard error is a terminal; in the test itself, for pytest has streams of its own."""
    terminal = Terminal()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", terminal)
        patch.setenv("TERM", "xterm")
        patch.setenv("COLUMNS", "120")
        patch.setattr(progress._shared, "allowed", True)
        progress.console.cache_clear()
        yield terminal
    progress.console.cache_clear()


def redraw() -> None:
    progress._shared._display.refresh()  # type: ignore[union-attr]


def test_a_bar_within_a_bar_is_shown_below_it_and_both_go_away() -> None:
    with on_terminal() as terminal, bar("train_predictor", 45, "nodes") as nodes:
        nodes.advance(12)
        for _ in track(range(3), "training", "trees"):
            progress.console().print("a line between")
        nodes.update("predict_splits")
        nodes.advance()
        redraw()
    shown = terminal.getvalue()
    for part in ("12/45", "nodes", "train_predictor", "0/3", "trees", "13/45", "predict_splits"):
        assert part in shown
    assert shown.count("a line between\n") == 3
    assert shown.count(HIDE_CURSOR) == shown.count(SHOW_CURSOR) == 1
    # the line of the bar is erased
    assert re.search(r"\x1b\[2K\s*(\x1b\[\?25h)?\s*$", shown)


def test_a_bar_goes_away_with_an_error() -> None:
    with (
        on_terminal() as terminal,
        pytest.raises(ValueError, match="odd"),
        bar("training", 3, "trees"),
    ):
        raise ValueError("odd")
    assert SHOW_CURSOR in terminal.getvalue()
    assert progress._shared._display is None


def test_a_total_need_not_be_known_at_first() -> None:
    with on_terminal() as terminal, bar("downloading", None, "MB") as shown:
        redraw()
        shown.update(done=2, total=8)
        redraw()
    assert "0/?" in terminal.getvalue()
    assert "2/8" in terminal.getvalue()


@pytest.mark.parametrize("kind", ["pipe", "dumb", "disabled"])
def test_nothing_is_drawn_elsewhere(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with on_terminal() as terminal:
        if kind == "pipe":
            monkeypatch.setattr(terminal, "isatty", lambda: False)
        elif kind == "dumb":
            monkeypatch.setenv("TERM", "dumb")
        else:
            monkeypatch.setattr(progress._shared, "allowed", False)
        assert list(track("abc", "spelling", "letters")) == ["a", "b", "c"]
        assert terminal.getvalue() == ""


def test_where_nothing_is_drawn_nothing_is_imported() -> None:
    check = (
        "import sys; from trip_duration.progress import track; list(track([1], 'a', 'b'));"
        "sys.exit('rich' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", check], check=True, stderr=subprocess.PIPE)
