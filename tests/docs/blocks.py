"""Fenced blocks of Markdown pages, and the markers that say how a block is tested.

A block of commands (no language, ``bash``, ``console`` or ``python``) is run, unless a comment
right before it says otherwise::

    <!-- docs-test: skip (needs the network) -->
    <!-- docs-test: expect-fail (unknown parameter) -->
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

COMMANDS = frozenset({"", "bash", "console", "sh", "python"})
_FENCE = re.compile(r"^ *```(\S*)\s*$")
_MARKER = re.compile(r"^ *<!-- docs-test: ([\w-]+)(?: \((.+)\))? -->\s*$")
_ANY_MARKER = re.compile(r"<!-- *docs-test")
_COMMENT = re.compile(r"(?m)(^|\s)#.*$")
_HEREDOC = re.compile(r"<<-?\s*['\"]?(\w+)['\"]?")


@dataclass(frozen=True)
class Marker:
    """How a block is tested.

    Attributes:
        kind: ``skip``: not run; ``expect-fail``: run, and has to fail.
        words: Why it is skipped, or what the failure has to say.
    """

    kind: Literal["skip", "expect-fail"]
    words: str


@dataclass(frozen=True)
class Block:
    """A fenced block of commands.

    Attributes:
        line: Line of its fence; the first line of a page is 1.
        language: What is written behind the fence.
        text: Its content.
        marker: How it is tested, if it is not simply run.
    """

    line: int
    language: str
    text: str
    marker: Marker | None = None

    def commands(self) -> list[str]:
        """Return the commands one by one, as a shell takes them."""
        if self.language == "python":
            return [self.text]
        lines = self.text.splitlines()
        if self.language == "console":
            lines = _typed(lines)
        return _join(lines)


def read_blocks(page: str) -> list[Block]:
    """Read all blocks of commands of a page.

    Args:
        page: Markdown.

    Raises:
        ValueError: If a marker is unknown, has no words, or is not before a block of commands.
    """
    blocks: list[Block] = []
    marker: Marker | None = None
    lines = page.splitlines()
    number = 0
    while number < len(lines):
        line = lines[number]
        fence = _FENCE.match(line)
        if fence is None:
            _refuse_lost(marker, number, line)
            marker = _read_marker(line, number) if _ANY_MARKER.search(line) else marker
            number += 1
            continue
        end = next(n for n in range(number + 1, len(lines)) if _FENCE.match(lines[n]))
        if fence[1] in COMMANDS:
            text = "\n".join(lines[number + 1 : end])
            blocks.append(Block(number + 1, fence[1], text, marker))
        else:
            _refuse_lost(marker, number, "a block that is no command")
        marker, number = None, end + 1
    _refuse_lost(marker, number, "the end")
    return blocks


def _read_marker(line: str, number: int) -> Marker:
    found = _MARKER.match(line)
    if found is None or found[1] not in {"skip", "expect-fail"} or not found[2]:
        raise ValueError(
            f"line {number + 1}: {line.strip()} is no marker: expected `skip (<reason>)` or "
            "`expect-fail (<words of the error>)`"
        )
    return Marker("skip" if found[1] == "skip" else "expect-fail", found[2])


def _refuse_lost(marker: Marker | None, number: int, before: str) -> None:
    if marker is not None and before.strip():
        raise ValueError(f"line {number}: a marker has to stand right before a block, not {before}")


def _typed(lines: list[str]) -> list[str]:
    """Return what is typed in a console: lines behind ``$``, and those that continue them."""
    typed: list[str] = []
    for line in lines:
        if line.startswith("$ "):
            typed.append(line.removeprefix("$ "))
        elif typed and (typed[-1].endswith("\\") or _is_open("\n".join(typed))):
            typed.append(line)
    return typed


def _is_open(text: str) -> bool:
    """Tell whether a quotation is not closed yet; comments may have an apostrophe."""
    return _COMMENT.sub("", text).count("'") % 2 == 1


def _join(lines: list[str]) -> list[str]:
    commands: list[str] = []
    pending: list[str] = []
    until = ""
    for line in lines:
        pending.append(line)
        started = _HEREDOC.search(line) if not until else None
        until = started[1] if started else until
        if until and line.strip() != until:
            continue
        until = ""
        if line.endswith("\\") or _is_open("\n".join(pending)):
            continue
        commands.append("\n".join(pending))
        pending = []
    return [command for command in [*commands, "\n".join(pending)] if command.strip()]
