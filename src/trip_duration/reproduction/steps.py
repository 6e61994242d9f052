"""The steps from the name of a run to a verdict, each of which is announced."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from trip_duration.errors import ReproductionError
from trip_duration.params import SYNTHETIC
from trip_duration.reproduction import environment
from trip_duration.reproduction.checkout import checked_out, copied, workplace
from trip_duration.reproduction.processes import interruptible
from trip_duration.reproduction.recorded import Recorded, configured_place, read_files, read_run
from trip_duration.reproduction.rerun import Rerun, recorded_root
from trip_duration.reproduction.verdict import Verdict, judge
from trip_duration.tracking.manifest import RawFiles, RunManifest

Say = Callable[[str], None]
STEPS = 6
_COMMIT = 10


@dataclass(frozen=True)
class Choices:
    """How a run is to be made again.

    Attributes:
        run: Id of an MLflow run, or the path of a manifest.
        tracking_uri: Where the run is tracked; None: where the project's runs are.
        source_root: Where the months are had from; None: where the run had them from.
        workdir: Where the temporary folder is made; None: where the system has such.
        keep: Whether that folder stays.
        here: Whether the code as it stands is used, instead of that of the recorded commit.
        allow_dirty: Whether a run may be tried whose commit does not hold all of its code.
    """

    run: str
    tracking_uri: str | None = None
    source_root: str | None = None
    workdir: Path | None = None
    keep: bool = False
    here: bool = False
    allow_dirty: bool = False


def make_again(project: Path, choices: Choices, say: Say) -> Verdict:
    """Make a recorded run again, and compare it with the record bit by bit.

    Args:
        project: Root of the project.
        choices: Which run, and how.
        say: Is told of each step.

    Returns:
        Whether the two are identical, and where they first differ.

    Raises:
        ReproductionError: If the run cannot be made again.
    """
    with interruptible():
        recorded = _read(project, choices)
        manifest = recorded.manifest
        _announce(say, 1, f"read the manifest of {choices.run}: {_describe(manifest)}")
        raw = _refuse(manifest, choices)
        with _tree(project, manifest, choices, say) as tree:
            python = _choose_python(project, manifest, tree, say)
            rerun = Rerun(manifest, tree, python)
            root = _source_root(choices.source_root) or recorded_root(raw)
            rerun.configure(root)
            _announce(say, 4, f"fetch {len(raw.months)} months from {root}, verify checksums")
            rerun.ingest()
            _announce(say, 5, f"run {','.join(manifest.pipelines)} with the recorded parameters")
            again = rerun.train()
            _announce(say, 6, "compare the predictor and the predictions, bit by bit")
            return judge(recorded, again)


def _announce(say: Say, step: int, what: str) -> None:
    say(f"[{step}/{STEPS}] {what}")


def _read(project: Path, choices: Choices) -> Recorded:
    path = Path(choices.run).expanduser()
    if path.exists():
        return read_files(path)
    if path.suffix or "/" in choices.run:
        raise ReproductionError(f"{choices.run}: there is no such file.")
    return read_run(choices.run, choices.tracking_uri or configured_place(project))


def _describe(manifest: RunManifest) -> str:
    commit = (manifest.code.commit or "no commit")[:_COMMIT]
    return f"commit {commit}, Python {manifest.python}, env {manifest.env or 'base'}"


def _refuse(manifest: RunManifest, choices: Choices) -> RawFiles:
    """Refuse what no effort could make again, before any is made."""
    if not manifest.complete or manifest.raw is None or manifest.predictions is None:
        raise ReproductionError(
            "the run was of parts: it has not made everything from raw months to predictions, and "
            "depends on what earlier runs had left. Only a run of the whole can be made again."
        )
    if choices.here:
        return manifest.raw
    if manifest.code.commit is None:
        raise ReproductionError(
            "the run was made outside a git repository: its code is not known. Use --here to try "
            "with the code as it stands."
        )
    if manifest.code.clean is not True and not choices.allow_dirty:
        raise ReproductionError(
            f"the tree had changes that commit {manifest.code.commit} does not hold (their sha256: "
            f"{manifest.code.changes}). Use --allow-dirty to try with the commit alone, or --here "
            "with the code as it stands."
        )
    return manifest.raw


@contextmanager
def _tree(project: Path, manifest: RunManifest, choices: Choices, say: Say) -> Iterator[Path]:
    with workplace(choices.workdir, choices.keep) as folder:
        if choices.keep:
            say(f"{folder} is kept; `git worktree remove --force {folder}/tree` removes its tree")
        if choices.here or manifest.code.commit is None:
            _announce(say, 2, f"copy the code as it stands to {folder}")
            yield copied(project, folder)
        else:
            _announce(say, 2, f"check out {manifest.code.commit[:_COMMIT]} in {folder}")
            with checked_out(project, manifest.code.commit, folder, choices.keep) as tree:
                yield tree


def _choose_python(project: Path, manifest: RunManifest, tree: Path, say: Say) -> Path:
    running = environment.running_environment(project)
    why = environment.why_install(manifest, tree, running)
    if why is None:
        _announce(say, 3, f"use the running environment: Python {running.python}, the same lock")
        return Path(sys.executable)
    _announce(say, 3, f"install the environment of the lock, because {why}")
    return environment.install(manifest, tree)


def _source_root(given: str | None) -> str | None:
    """Return a source as given, but a folder relative to here as seen from anywhere."""
    if given is None or given == SYNTHETIC or "://" in given:
        return given
    return Path(given).expanduser().resolve().as_posix()
