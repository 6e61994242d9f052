from __future__ import annotations

from pathlib import Path

import pytest

from trip_duration.storage import remove_unfinished, replacing


def test_a_file_is_replaced_when_the_block_ends(tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    target.write_text("old")
    with replacing(target) as temporary:
        temporary.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


def test_a_block_that_fails_leaves_the_old_file_and_nothing_beside(tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    target.write_text("old")

    def fail() -> None:
        with replacing(target) as temporary:
            temporary.write_text("half")
            raise ValueError("half")

    with pytest.raises(ValueError, match="half"):
        fail()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_two_writers_of_one_target_do_not_share_a_temporary_file(tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    with replacing(target) as first, replacing(target) as second:
        first.write_text("first")
        second.write_text("second")
        assert first.read_text() == "first"
    assert target.read_text() == "first"


def test_unfinished_files_are_removed_and_others_are_not(tmp_path: Path) -> None:
    for name in (".a.json.1-2.part", "a.part", ".hidden"):
        (tmp_path / name).touch()
    remove_unfinished(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".hidden", "a.part"]


def test_unfinished_files_of_one_target_are_removed_alone(tmp_path: Path) -> None:
    others = [".a.json.rejected.1-2.part.x", ".b.json.1-2.part", "a.json"]
    for name in (".a[1].json.1-2.part", *others):
        (tmp_path / name).touch()
    remove_unfinished(tmp_path, "a[1].json")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(others)
