from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trip_duration.bundle import MANIFEST, Bundle, read_bundle, write_bundle
from trip_duration.errors import ModelFileError
from trip_duration.storage.regular_files import read_regular

BUNDLE = Bundle(
    "predictor",
    {"months": ["2023-01"], "mae": 3.25, "name": "Küche"},
    {"weights.npz": b"\x00\x01\x02\x03", "model.txt": b"tree 1\n", "empty.json": b""},
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "06_models" / "predictor"
    write_bundle(BUNDLE, path)
    return path


def _content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_what_is_written_is_read_again(folder: Path) -> None:
    assert read_bundle(folder, "predictor") == BUNDLE
    assert [path.name for path in folder.parent.iterdir()] == ["predictor"]


def test_folder_holds_the_files_and_a_manifest_of_their_hashes(folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST).read_bytes())
    assert _content(folder) == {**BUNDLE.files, MANIFEST: BUNDLE.manifest()}
    assert manifest["format"] == 1
    assert manifest["kind"] == "predictor"
    assert manifest["facts"] == BUNDLE.facts
    assert list(manifest["files"]) == ["empty.json", "model.txt", "weights.npz"]
    assert manifest["files"]["weights.npz"] == {
        "sha256": hashlib.sha256(b"\x00\x01\x02\x03").hexdigest(),
        "bytes": 4,
    }


def test_identity_is_the_hash_of_the_manifest_on_disk(folder: Path) -> None:
    on_disk = hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
    assert BUNDLE.sha256 == on_disk == read_bundle(folder, "predictor").sha256


@pytest.mark.parametrize(
    "other",
    [
        Bundle("baseline", BUNDLE.facts, BUNDLE.files),
        Bundle("predictor", {**BUNDLE.facts, "mae": 3.26}, BUNDLE.files),
        Bundle("predictor", BUNDLE.facts, {**BUNDLE.files, "model.txt": b"tree 2\n"}),
        Bundle("predictor", BUNDLE.facts, {**BUNDLE.files, "more.txt": b""}),
    ],
)
def test_identity_depends_on_kind_facts_and_files(other: Bundle) -> None:
    assert other.sha256 != BUNDLE.sha256


def test_bytes_do_not_depend_on_the_order_of_files_nor_on_the_place(
    folder: Path, tmp_path: Path
) -> None:
    reordered = Bundle("predictor", BUNDLE.facts, dict(reversed(BUNDLE.files.items())))
    write_bundle(reordered, tmp_path / "elsewhere")
    assert _content(tmp_path / "elsewhere") == _content(folder)


def test_new_bundle_replaces_all_of_the_old_one(folder: Path) -> None:
    other = Bundle("predictor", {}, {"other.txt": b"new"})
    write_bundle(other, folder)
    assert read_bundle(folder, "predictor") == other
    assert set(_content(folder)) == {"other.txt", MANIFEST}
    assert [path.name for path in folder.parent.iterdir()] == ["predictor"]


def _edit(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], Any]:
    def harm(folder: Path) -> None:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        change(manifest)
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n")

    return harm


def _cut(name: str) -> Callable[[Path], Any]:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:-1])


def _flip(name: str) -> Callable[[Path], Any]:
    def harm(folder: Path) -> None:
        content = bytearray((folder / name).read_bytes())
        content[2] ^= 1
        (folder / name).write_bytes(content)

    return harm


def _stretch(name: str) -> Callable[[Path], Any]:
    """Make a file a terabyte long; it takes no room on the disk."""

    def harm(folder: Path) -> None:
        with (folder / name).open("ab") as file:
            file.truncate(2**40)

    return harm


def _as_pipe(name: str) -> Callable[[Path], Any]:
    """Put a pipe that nobody writes to in the place of a file."""

    def harm(folder: Path) -> None:
        (folder / name).unlink()
        os.mkfifo(folder / name)

    return harm


def _link(path: Path, to: Path) -> None:
    path.unlink()
    path.symlink_to(to)


HARMS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "file missing": (lambda folder: (folder / "model.txt").unlink(), "model.txt missing"),
    "file left over": (
        lambda folder: (folder / "code.py").write_text("import os"),
        "code.py not in the manifest",
    ),
    "folder left over": (lambda folder: (folder / "sub").mkdir(), "sub not in the manifest"),
    "byte altered": (_flip("weights.npz"), "weights.npz was altered"),
    "file cut short": (_cut("model.txt"), "model.txt was altered"),
    "no manifest": (lambda folder: (folder / MANIFEST).unlink(), "manifest.json is missing"),
    "manifest cut short": (
        lambda folder: (folder / MANIFEST).write_bytes(BUNDLE.manifest()[:-9]),
        "manifest.json is not readable",
    ),
    "manifest empty": (
        lambda folder: (folder / MANIFEST).write_bytes(b""),
        "manifest.json is not readable",
    ),
    "manifest is a list": (
        lambda folder: (folder / MANIFEST).write_bytes(b"[]"),
        "manifest.json is not readable",
    ),
    "manifest not text": (
        lambda folder: (folder / MANIFEST).write_bytes(b"\xff\xfe\x00"),
        "manifest.json is not readable",
    ),
    "no list of files": (_edit(lambda m: m.pop("files")), "manifest.json is not readable"),
    "file without a hash": (
        _edit(lambda m: m["files"]["model.txt"].pop("sha256")),
        "manifest.json is not readable",
    ),
    "hash altered": (
        _edit(lambda m: m["files"]["model.txt"].update(sha256="0" * 64)),
        "model.txt was altered: expected sha256 0000",
    ),
    "file taken off the list": (
        _edit(lambda m: m["files"].pop("model.txt")),
        "model.txt not in the manifest",
    ),
    "size altered": (
        _edit(lambda m: m["files"]["model.txt"].update(bytes=8)),
        "model.txt was altered: expected 8 bytes, found 7",
    ),
    "size without bounds": (
        _edit(lambda m: m["files"]["model.txt"].update(bytes=2**40)),
        "expected at most 2147483648 bytes, found 1099511627780",
    ),
    "size that is none": (
        _edit(lambda m: m["files"]["model.txt"].update(bytes="7")),
        "manifest.json is not readable",
    ),
    "file without an end": (
        _stretch("model.txt"),
        "model.txt was altered: expected 7 bytes, found",
    ),
    "manifest without an end": (
        _stretch(MANIFEST),
        "manifest.json cannot be read: expected at most 1048576 bytes, found 1099511627776",
    ),
    "manifest without a bottom": (
        lambda folder: (folder / MANIFEST).write_bytes(b"[" * 500_000),
        "manifest.json is not readable",
    ),
    "pipe": (_as_pipe("empty.json"), "empty.json cannot be read: expected a regular file, found"),
    "manifest is a pipe": (
        _as_pipe(MANIFEST),
        "manifest.json cannot be read: expected a regular file, found",
    ),
    "device": (
        lambda folder: _link(folder / "empty.json", Path("/dev/zero")),
        "empty.json cannot be read: expected a regular file, found",
    ),
    "folder in place of a file": (
        lambda folder: _link(folder / "model.txt", folder.parent),
        "model.txt was altered: expected 7 bytes, found",
    ),
    "very many files": (
        lambda folder: [(folder / f"{number:04}.txt").touch() for number in range(1_200)],
        "",
    ),
    "fact altered": (_edit(lambda m: m["facts"].update(mae=0.1)), "manifest.json was altered"),
    "fact added": (_edit(lambda m: m["facts"].update(best=True)), "manifest.json was altered"),
    "file outside": (
        _edit(lambda m: m["files"].update({"../x": m["files"]["model.txt"]})),
        "../x missing",
    ),
    "other format": (
        _edit(lambda m: m.update(format=2)),
        "expected format 1 of a predictor, found (2, 'predictor')",
    ),
    "other kind": (
        _edit(lambda m: m.update(kind="baseline")),
        "expected format 1 of a predictor, found (1, 'baseline')",
    ),
}


@pytest.mark.parametrize("kind", HARMS)
def test_harmed_bundle_is_refused_and_the_file_named(folder: Path, kind: str) -> None:
    harm, named = HARMS[kind]
    harm(folder)
    with pytest.raises(ModelFileError) as caught:
        read_bundle(folder, "predictor")
    assert str(caught.value).startswith(f"{folder}: {named}")
    assert len(str(caught.value)) < 500


def test_bundle_of_another_kind_is_refused(folder: Path) -> None:
    with pytest.raises(ModelFileError, match="format 1 of a feature_transformer, found"):
        read_bundle(folder, "feature_transformer")


def test_no_folder_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"nothing: manifest\.json is missing"):
        read_bundle(tmp_path / "nothing", "predictor")


@pytest.mark.parametrize(
    ("broken", "error"),
    [
        (Bundle("predictor", {}, {"a.txt": b"a", "no/such/folder.txt": b"b"}), OSError),
        (Bundle("predictor", {"model": object()}, {"a.txt": b"a"}), TypeError),
    ],
)
def test_failing_write_leaves_the_old_bundle_and_nothing_beside(
    folder: Path, broken: Bundle, error: type[Exception]
) -> None:
    with pytest.raises(error):
        write_bundle(broken, folder)
    assert read_bundle(folder, "predictor") == BUNDLE
    assert [path.name for path in folder.parent.iterdir()] == ["predictor"]


def test_bundle_that_cannot_take_its_place_leaves_nothing_beside(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file, not a folder")
    with pytest.raises(OSError, match="models"):
        write_bundle(BUNDLE, tmp_path / "models" / "predictor")
    assert [path.name for path in tmp_path.iterdir()] == ["models"]


def test_files_behind_links_are_read(folder: Path, tmp_path: Path) -> None:
    """As a volume of Kubernetes has them."""
    (tmp_path / "elsewhere").mkdir()
    for path in list(folder.iterdir()):
        path.rename(tmp_path / "elsewhere" / path.name)
        path.symlink_to(tmp_path / "elsewhere" / path.name)
    assert read_bundle(folder, "predictor") == BUNDLE


def test_a_file_that_grows_while_it_is_read_is_cut_off(tmp_path: Path) -> None:
    (tmp_path / "grows").write_bytes(b"1234")
    assert read_regular(tmp_path / "grows", 4) == b"1234"
    with pytest.raises(OSError, match="expected at most 3 bytes, found 4"):
        read_regular(tmp_path / "grows", 3)
    # what the kernel says is empty is not: its size is known once it is read
    with pytest.raises(OSError, match="expected at most 10 bytes, found 11"):
        read_regular(Path("/proc/self/status"), 10)
