from __future__ import annotations

import os
from pathlib import Path

import pytest

from trip_duration.storage import file_version


def test_the_version_changes_when_a_file_is_written_to_or_replaced(tmp_path: Path) -> None:
    path, link = tmp_path / "a", tmp_path / "link"
    path.write_text("old")
    link.symlink_to(path)
    first = file_version(path)
    assert file_version(path) == file_version(link) == first
    times = first.modified, first.modified
    beside = tmp_path / "b"
    beside.write_text("new")
    beside.replace(path)
    # as a copy that keeps times does
    os.utime(path, ns=times)
    second = file_version(path)
    assert (second.size, second.modified) == (first.size, first.modified)
    assert second != first
    path.write_text("newer")
    assert file_version(path).size == 5
    path.unlink()
    with pytest.raises(FileNotFoundError):
        file_version(path)
