"""Blocks are read as a reader of the page would take them."""

from __future__ import annotations

import pytest

from tests.docs.blocks import Block, Marker, read_blocks

PAGE = """# Title

```
kedro run   # all of TLC's
kedro run \\
    --env tlc
```

<!-- docs-test: skip (needs the network) -->
```bash
curl example.org
```

```text
no command
```

<!-- docs-test: expect-fail (unknown parameter) -->

```
kedro run --params a=1
```

```console
$ curl -s localhost \\
    -d 'a
  b'
{"answer": 1}
$ ls
```
"""


def test_commands_are_found_with_their_markers() -> None:
    usual, skipped, failing, console = read_blocks(PAGE)
    assert usual.commands() == ["kedro run   # all of TLC's", "kedro run \\\n    --env tlc"]
    assert (skipped.line, skipped.marker) == (10, Marker("skip", "needs the network"))
    assert failing.marker == Marker("expect-fail", "unknown parameter")
    assert console.commands() == ["curl -s localhost \\\n    -d 'a\n  b'", "ls"]


def test_a_document_within_a_command_belongs_to_it() -> None:
    block = Block(1, "", "python - <<'PY'\nprint(1)\n\nprint(2)\nPY\nls")
    assert block.commands() == ["python - <<'PY'\nprint(1)\n\nprint(2)\nPY", "ls"]


def test_python_is_one_piece() -> None:
    assert Block(1, "python", "x = 1\nprint(x)").commands() == ["x = 1\nprint(x)"]


@pytest.mark.parametrize(
    ("marker", "words"),
    [
        ("<!-- docs-test: skip -->", "is no marker"),
        ("<!-- docs-test: later (soon) -->", "is no marker"),
        ("<!--docs-test: skip (why) -->", "is no marker"),
    ],
)
def test_a_marker_without_a_reason_is_refused(marker: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_blocks(f"{marker}\n```\nls\n```\n")


@pytest.mark.parametrize("between", ["Words.\n", "```json\n{}\n```\n"])
def test_a_marker_that_stands_before_something_else_is_refused(between: str) -> None:
    with pytest.raises(ValueError, match="right before a block"):
        read_blocks(f"<!-- docs-test: skip (why) -->\n{between}```\nls\n```\n")
