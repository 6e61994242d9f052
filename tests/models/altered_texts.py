"""Loads altered texts of a LightGBM model, one after the other: a crash ends this process alone.

``python -m tests.models.altered_texts FOLDER`` reads ``lightgbm.txt`` and ``lightgbm.json`` from a
folder and writes the name of each case into ``cases.txt`` before it loads it. It ends with 0 if
each text is refused by ``ModelFileError`` or makes a model that answers.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from trip_duration.errors import ModelFileError
from trip_duration.models.lightgbm import LightGBM

Case = tuple[str, bytes]
CUTS, FLIPS, SHUFFLES = 400, 300, 200
VALUES = (
    *(b"", b"x", b"-", b"nan", b"-nan", b"inf", b"1e999", b"0x10", b"1 2", b"1-2", b"1_0", b" "),
    *(b"-1", b"0", b"1", b"6", b"7", b"-7", b"-8", b"255", b"257", b"99999", b"-99999", b"1e3"),
    *(b"2147483648", b"4294967297", b"99999999999999999999", b"\0", b"\r", b"\xc3\xa9", b"="),
)


def resized(text: bytes) -> bytes:
    """Return the text with sizes that are those of its trees, as one who alters it would."""
    head, mark, rest = text.partition(b"\nTree=")
    trees, end, tail = (mark[1:] + rest).partition(b"end of trees")
    sizes = [len(tree) for tree in re.split(rb"(?m)^(?=Tree=)", trees) if tree]
    stated = b"tree_sizes=" + b" ".join(b"%d" % size for size in sizes)
    return re.sub(rb"(?m)^tree_sizes=.*$", stated, head) + b"\n" + trees + end + tail


def altered(text: bytes) -> Iterator[Case]:
    """Yield altered texts, each with what was done to it."""
    yield "as it is", text
    for place in np.linspace(0, len(text) - 1, CUTS).astype(int).tolist():
        yield f"cut at {place}", text[:place]
        yield f"without {place} to {place + 50}", text[:place] + text[place + 50 :]
    for case, content in (*by_lines(text), *by_values(text)):
        yield case, content
        yield f"{case}, sizes restated", resized(content)
    yield from at_random(text)


def by_lines(text: bytes) -> Iterator[Case]:
    lines = text.split(b"\n")
    # the header, the first trees, and some of what follows the last
    chosen = [*range(60), *range(len(lines) - 30, len(lines))]
    for number in chosen:
        before, line, after = lines[:number], lines[number], lines[number + 1 :]
        yield f"without line {number}", b"\n".join([*before, *after])
        yield f"line {number} twice", b"\n".join([*before, line, line, *after])
        yield f"line {number} empty", b"\n".join([*before, b"", *after])
        yield f"line {number} without a name", b"\n".join([*before, line[5:], *after])


def by_values(text: bytes) -> Iterator[Case]:
    lines = text.split(b"\n")
    for number, line in enumerate(lines[:45]):
        name, mark, values = line.partition(b"=")
        found = values.split(b" ")
        for change in (found[:-1], found[1:], [*found, found[-1]], found * 2, found[::-1]):
            new = b"\n".join(
                [*lines[:number], name + mark + b" ".join(change), *lines[number + 1 :]]
            )
            yield f"line {number}: {len(found)} values become {len(change)}", new
        for value in VALUES:
            for place in {0, len(found) // 2, len(found) - 1}:
                change = [*found[:place], value, *found[place + 1 :]]
                made = name + mark + b" ".join(change)
                new = b"\n".join([*lines[:number], made, *lines[number + 1 :]])
                yield f"line {number}: value {place} becomes {value!r}", new


def at_random(text: bytes) -> Iterator[Case]:
    random = np.random.default_rng(0)
    for number in range(FLIPS):
        content = bytearray(text)
        for place in random.integers(0, len(text), 3).tolist():
            content[place] = int(random.integers(0, 256))
        yield f"flip {number}", bytes(content)
    numbers = [match.span() for match in re.finditer(rb"-?\d+", text[: text.index(b"end of")])]
    for number in range(SHUFFLES):
        (a, b), (c, d) = sorted(numbers[i] for i in random.choice(len(numbers), 2, replace=False))
        swapped = text[:a] + text[c:d] + text[b:c] + text[a:b] + text[d:]
        yield f"swap {number}", resized(swapped)


def load(folder: Path) -> Counter[str]:
    facts, text = (folder / f"lightgbm.{end}" for end in ("json", "txt"))
    files = {facts.name: facts.read_bytes()}
    rows = np.random.default_rng(0).uniform(-5, 30, (20, 4)).astype(np.float32)
    rows[::3] = np.nan
    ends: Counter[str] = Counter()
    with (folder / "cases.txt").open("w") as cases:
        for case, content in altered(text.read_bytes()):
            print(case, file=cases, flush=True)
            try:
                model = LightGBM.from_files({**files, text.name: content})
            except ModelFileError as error:
                named = str(error).startswith("lightgbm.txt: ")
                ends["refused" if named else f"{case} is refused without the file"] += 1
                continue
            assert np.isfinite(model.predict(rows)).all(), case
            model.contributions(rows)
            ends["loaded"] += 1
    return ends


if __name__ == "__main__":
    sys.stdout.write(json.dumps(load(Path(sys.argv[1]))))
