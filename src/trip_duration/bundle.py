"""A bundle: a folder of native files with a manifest of their hashes, written and read whole.

Every saved object of the project has this form. A bundle can be verified before a byte of it is
used, and nothing in it can run code.
"""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from trip_duration.errors import ModelFileError, ModelUnreadableError
from trip_duration.storage import read_regular

MANIFEST = "manifest.json"
FORMAT = 1
# a predictor of this project has a dozen files and some megabytes
MOST_BYTES = 2 * 2**30
_MOST_MANIFEST, _MOST_FILES = 2**20, 1_000
# names in a message
_SHOWN = 5
# what is wrong with the file itself: another attempt would fail as well
_LASTING = frozenset(
    {errno.EFBIG, errno.EINVAL, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENOTDIR}
)


@dataclass(frozen=True)
class Bundle:
    """The verified content of a folder.

    Attributes:
        kind: What the files make up, ``predictor`` for example.
        facts: What is to be known of it without loading it; JSON.
        files: Content by file name.
    """

    kind: str
    facts: Mapping[str, Any]
    files: Mapping[str, bytes]

    def manifest(self) -> bytes:
        """Return the manifest: kind, facts, size and SHA-256 of each file, and its own SHA-256."""
        files = {
            name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
            for name, content in sorted(self.files.items())
        }
        manifest = {"format": FORMAT, "kind": self.kind, "facts": self.facts, "files": files}
        sealed = {**manifest, "sha256": hashlib.sha256(_dump(manifest)).hexdigest()}
        return _dump(sealed)

    @property
    def sha256(self) -> str:
        """Identity of the bundle: the hash of its manifest."""
        return hashlib.sha256(self.manifest()).hexdigest()


def _dump(manifest: Mapping[str, Any]) -> bytes:
    return (json.dumps(manifest, indent=1) + "\n").encode()


def write_bundle(bundle: Bundle, folder: Path) -> None:
    """Write a bundle beside ``folder``, then put it in its place.

    A reader sees the old bundle or the new one. A writer that fails puts the old one back; one that
    is killed between the two renames leaves it whole beside, under a name that ends in ``.old``.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        beside.chmod(0o755)
        for name, content in {**bundle.files, MANIFEST: bundle.manifest()}.items():
            (beside / name).write_bytes(content)
        _replace(beside, folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _replace(new: Path, folder: Path) -> None:
    old = new.with_name(f"{new.name}.old")
    if folder.exists():
        folder.rename(old)
    try:
        new.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def read_bundle(folder: Path, kind: str) -> Bundle:
    """Read a bundle and verify every file of it.

    Args:
        folder: Where it lies.
        kind: What it has to be.

    Raises:
        ModelFileError: If the folder is no bundle of this kind, or if a file is missing, left over,
            cut short or altered. The message names the file.
        ModelUnreadableError: If a file cannot be read at present.
    """
    sealed = _read(folder, MANIFEST, _MOST_MANIFEST)
    manifest = _parse_manifest(folder, kind, sealed)
    sizes = {name: entry["bytes"] for name, entry in sorted(manifest["files"].items())}
    _check_names(folder, set(sizes))
    _check_sizes(folder, sizes)
    files = {name: _read(folder, name, size) for name, size in sizes.items()}
    for name, content in files.items():
        expected = manifest["files"][name]["sha256"]
        actual = hashlib.sha256(content).hexdigest()
        if actual != expected:
            problem = f"{name} was altered: expected sha256 {expected}, found {actual}"
            raise _bundle_error(folder, problem)
    bundle = Bundle(kind, manifest["facts"], files)
    if bundle.manifest() != sealed:
        raise _bundle_error(folder, f"{MANIFEST} was altered")
    return bundle


def _check_names(folder: Path, listed: set[str]) -> None:
    with _translate_read_errors(folder, "the folder"):
        existing = {path.name for path in islice(folder.iterdir(), _MOST_FILES)} - {MANIFEST}
    missing, unlisted = listed - existing, existing - listed
    for problem, names in (("missing", missing), ("not in the manifest", unlisted)):
        if names:
            shown_names = ", ".join(sorted(names)[:_SHOWN])
            more = ", ..." if len(names) > _SHOWN else ""
            raise _bundle_error(folder, f"{shown_names}{more} {problem}")


def _check_sizes(folder: Path, sizes: Mapping[str, int]) -> None:
    """Compare sizes before anything is read: a file may be far longer than it should."""
    total = sum(sizes.values())
    if total > MOST_BYTES:
        raise _bundle_error(folder, f"expected at most {MOST_BYTES} bytes, found {total}")
    for name, size in sizes.items():
        with _translate_read_errors(folder, name):
            actual_size = (folder / name).stat().st_size
        if actual_size != size:
            problem = f"{name} was altered: expected {size} bytes, found {actual_size}"
            raise _bundle_error(folder, problem)


def _read(folder: Path, name: str, most: int) -> bytes:
    with _translate_read_errors(folder, name):
        return read_regular(folder / name, most)


@contextmanager
def _translate_read_errors(folder: Path, name: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise _bundle_error(folder, f"{name} is missing") from None
    except OSError as error:
        problem = f"{name} cannot be read: {error.strerror}"
        if error.errno in _LASTING:
            raise _bundle_error(folder, problem) from None
        raise ModelUnreadableError(f"{problem}. Try again.", folder) from None


@contextmanager
def prefix_errors(place: object) -> Iterator[None]:
    """Begin the message of a ``ModelFileError`` with ``place``, instead of any earlier place."""
    try:
        yield
    except ModelFileError as error:
        raise error.at(place) from error


def _parse_manifest(folder: Path, kind: str, content: bytes) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads(content)
        format_and_kind = (manifest["format"], manifest["kind"])
        _ = manifest["facts"]
        for entry in manifest["files"].values():
            _check_entry(entry)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _bundle_error(folder, f"{MANIFEST} is not readable ({error!r})") from None
    if format_and_kind != (FORMAT, kind):
        problem = f"expected format {FORMAT} of a {kind}, found {format_and_kind}"
        raise _bundle_error(folder, problem)
    return manifest


def _check_entry(entry: Mapping[str, Any]) -> None:
    size, _ = entry["bytes"], entry["sha256"]
    if type(size) is not int or size < 0:
        raise ValueError(f"bytes: expected a number from 0, found {size!r}")


def _bundle_error(folder: Path, problem: str) -> ModelFileError:
    advice = "It is not used; save it anew or restore the whole folder."
    return ModelFileError(f"{problem}. {advice}", folder)
