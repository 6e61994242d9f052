"""From a prediction back to the bytes that its model was made of, each hash verified.

A model whose intervals were calibrated anew has a run of its own, with the month that calibrated
it, and a parent, whose run has the months that both have learnt from.

Knows the registry and what a run records. It must not know where predictions are logged.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from trip_duration.bundle import Bundle, read_bundle
from trip_duration.errors import ModelFileError, RegistryError
from trip_duration.models.predictor import KIND
from trip_duration.params.flat import ESTIMATOR, INTERVAL_ESTIMATOR, UNLOGGED, as_texts, flatten
from trip_duration.registry.recorded import LOCK, RUN_MANIFEST, RecordedRun, raw_files, read_run
from trip_duration.registry.records import Version
from trip_duration.registry.versions import Registry
from trip_duration.secrets import masked_uri
from trip_duration.tlc.files import data_digest

# parameters of a run that its configuration does not have
_DERIVED = (f"{ESTIMATOR}.", f"{INTERVAL_ESTIMATOR}.")
_FILE = " of the predictor"
# prefixes of the files that a recalibration changes
_CALIBRATED = ("files", "intervals.")


@dataclass(frozen=True)
class Answer:
    """What an answer says of its model."""

    prediction_id: str
    model_version: str
    model_sha256: str


@dataclass(frozen=True)
class Link:
    """One comparison on the way.

    Attributes:
        name: What is compared.
        expected: The hash that it should have.
        found: The hash that it has, or why it has none.
        holds: Whether the two are the same; None if there was nothing at hand to compare.
    """

    name: str
    expected: str
    found: str
    holds: bool | None


@dataclass
class Trace:
    """Where a prediction comes from.

    Attributes:
        answer: The prediction.
        version: Number of the registered version.
        run_id: The MLflow run that has trained it.
        commit: Commit of the code of the run; None outside a repository.
        clean: Whether the tree was as committed.
        lock: SHA-256 of the lock.
        parameters: Those of the run.
        links: The comparisons, in the order in which they were made.
        parents: Runs of the predictors that it was calibrated from, the nearest first.
    """

    answer: Answer
    version: str
    run_id: str
    commit: str | None = None
    clean: bool | None = None
    lock: str | None = None
    parameters: dict[str, str] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    parents: list[str] = field(default_factory=list)

    @property
    def broken(self) -> Link | None:
        """The first comparison that does not hold, or None."""
        return next((link for link in self.links if link.holds is False), None)

    def compare(self, name: str, expected: object, found: object) -> None:
        """Add a comparison."""
        self.links.append(Link(name, str(expected), str(found), expected == found))


def trace_answer(answer: Answer, registry: Registry, raw: Path) -> Trace:
    """Follow an answer to its model, its run and the raw months.

    Args:
        answer: What was logged.
        registry: Where its model is registered.
        raw: Folder of the ingested files, ``data/01_raw``; need not have them.

    Raises:
        RegistryError: If the version or its run cannot be found at all.
    """
    return _trace_version(answer, _find(answer, registry), registry, raw)


def _trace_version(answer: Answer, version: Version, registry: Registry, raw: Path) -> Trace:
    trace = Trace(answer, version.number, version.run_id)
    trace.compare("registered version", answer.model_sha256, version.sha256)
    with tempfile.TemporaryDirectory() as folder:
        bundle = _fetch(trace, registry, version, Path(folder) / KIND)
        run = read_run(registry, trace.run_id, Path(folder))
    trace.parameters = run.parameters
    trace.compare("tag of the run", answer.model_sha256, run.tags.get("predictor_sha256"))
    manifest = run.manifest()
    if manifest is None:
        trace.links.append(Link(RUN_MANIFEST, "a manifest", "none that can be read", False))
        return trace
    _compare_run(trace, manifest, run)
    if bundle is not None:
        _compare_bundle(trace, manifest, bundle)
    for name, expected in raw_files(manifest):
        trace.links.append(_raw_link(name, expected, raw))
    if manifest.get("parent"):
        _trace_parent(trace, manifest["parent"], registry, raw)
    return trace


def _trace_parent(trace: Trace, sha256: str, registry: Registry, raw: Path) -> None:
    """Follow the predictor that a model was calibrated from, and compare what both have."""
    parent = registry.find_by_sha256(sha256)
    if parent is None:
        trace.links.append(Link("parent: registered version", sha256, "not registered", False))
        return
    answer = Answer(trace.answer.prediction_id, parent.number, sha256)
    parent_trace = _trace_version(answer, parent, registry, raw)
    trace.parents = [parent_trace.run_id, *parent_trace.parents]
    hashes = {link.name: link.found for link in trace.links if link.name.endswith(_FILE)}
    for link in parent_trace.links:
        if link.name in hashes and not link.name.startswith(_CALIBRATED):
            trace.compare(f"{link.name}, as of its parent", link.found, hashes[link.name])
    trace.links += [replace(link, name=f"parent: {link.name}") for link in parent_trace.links]


def _find(answer: Answer, registry: Registry) -> Version:
    # a service that was given a folder knows no number
    version = registry.find(answer.model_version) or registry.find_by_sha256(answer.model_sha256)
    if version is None:
        raise RegistryError(
            f"prediction {answer.prediction_id} was made by version {answer.model_version} with "
            f"sha256 {answer.model_sha256}, and the registry at "
            f"{masked_uri(registry.tracking_uri)} has neither. Name another with --tracking-uri."
        )
    return version


def _fetch(trace: Trace, registry: Registry, version: Version, to: Path) -> Bundle | None:
    name = "files of the predictor"
    try:
        bundle = read_bundle(registry.fetch(version, to), KIND)
    except ModelFileError as error:
        trace.links.append(Link(name, version.sha256, str(error), False))
        return None
    trace.compare(name, trace.answer.model_sha256, bundle.sha256)
    return bundle


def _compare_run(trace: Trace, manifest: Mapping[str, Any], run: RecordedRun) -> None:
    tags, files = run.tags, run.files
    code = manifest["code"]
    trace.commit, trace.clean, trace.lock = code["commit"], code["clean"], code["lock"]
    trace.compare(f"commit in {RUN_MANIFEST}", tags.get("git.commit"), code["commit"] or "unknown")
    _compare_parameters(trace, manifest["parameters"])
    if trace.lock is not None:
        found = _sha256(files[LOCK]) if LOCK in files else "missing"
        trace.compare(f"{LOCK} of the run", trace.lock, found)
    if manifest["raw"] is not None:
        digest = data_digest(manifest["raw"])
        trace.compare(f"digest of the raw files in {RUN_MANIFEST}", tags.get("data_digest"), digest)
    stated = manifest["predictor"]["sha256"]
    trace.compare(f"predictor in {RUN_MANIFEST}", trace.answer.model_sha256, stated)


def _compare_parameters(trace: Trace, parameters: Mapping[str, Any]) -> None:
    stated, logged = as_texts(flatten(parameters)), trace.parameters
    configured = (name for name in logged if not name.startswith(_DERIVED))
    names = sorted({*configured, *(name for name in stated if not name.startswith(UNLOGGED))})
    name = next((name for name in names if stated.get(name) != logged.get(name)), None)
    if name is None:
        alike = f"{len(names)} alike"
        trace.compare(f"parameters in {RUN_MANIFEST}", alike, alike)
    else:
        found = stated.get(name, "missing")
        trace.compare(f"{name} in {RUN_MANIFEST}", logged.get(name, "missing"), found)


def _compare_bundle(trace: Trace, manifest: Mapping[str, Any], bundle: Bundle) -> None:
    for name, expected in manifest["predictor"]["files"].items():
        content = bundle.files.get(name)
        found = "missing" if content is None else _sha256(content)
        trace.compare(f"{name}{_FILE}", expected, found)


def _raw_link(name: str, expected: str, raw: Path) -> Link:
    try:
        with (raw / name).open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return Link(name, expected, "not at hand", None)
    if found != expected and found == _recorded(name, raw):
        # not altered: a later ingestion has put another file in its place
        return Link(name, expected, f"not at hand, another file was ingested since: {found}", None)
    return Link(name, expected, found, found == expected)


def _recorded(name: str, raw: Path) -> str | None:
    """Return the SHA-256 that the ingestion has recorded of a raw file."""
    from trip_duration.tlc.fetch import mirrored_files  # noqa: PLC0415 - pandas, rarely needed

    folder, _, inside = name.partition("/")
    file = mirrored_files(raw / folder).get(inside)
    return None if file is None else str(file.record.get("sha256"))


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
