"""Options of a run, as commands that go with it have to repeat them."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

from trip_duration.params.flat import flatten

# environments that a command without --env has as well
_DEFAULT_ENVIRONMENTS = {None, "base", "local"}
_DEFAULT_PIPELINE = "__default__"
_DEFAULT_RUNNER = "SequentialRunner"
# filters of `kedro run` that narrow a pipeline whatever other filters do
_FILTERS = {
    "tags": "--tags",
    "namespaces": "--namespaces",
    "node_names": "--nodes",
    "from_inputs": "--from-inputs",
    "to_nodes": "--to-nodes",
    "to_outputs": "--to-outputs",
}


@dataclass(frozen=True)
class RunOptions:
    """Options of ``kedro run``.

    Attributes:
        env: Kedro's environment.
        params: Parameters of the command line, nested.
        selection: Options that select pipelines, nodes and runner, as a list of arguments.
    """

    env: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    selection: tuple[str, ...] = ()

    @classmethod
    def of(cls, run_params: Mapping[str, Any]) -> RunOptions:
        """Return the options of a run as Kedro hands them to hooks."""
        return cls(
            run_params.get("env"),
            run_params.get("runtime_params") or {},
            tuple(_selection(run_params)),
        )

    def kedro(self, *arguments: str, **params: Any) -> str:
        """Return a Kedro command with environment and parameters of the run, for a shell.

        Args:
            arguments: Command and options, such as ``run --pipelines promotion``.
            params: Further parameters.
        """
        env = [] if self.env in _DEFAULT_ENVIRONMENTS else ["--env", str(self.env)]
        pairs = as_pairs({**self.params, **params})
        parameters = ["--params", ",".join(pairs)] if pairs else []
        return f"{program('kedro')} {shlex.join([*arguments, *env, *parameters])}"

    def resume(self, nodes: Iterable[str]) -> str:
        """Return the command that goes on with the run from some nodes."""
        return self.kedro("run", *self.selection, "--from-nodes", ",".join(sorted(nodes)))


def as_pairs(params: Mapping[str, Any]) -> list[str]:
    """Return nested parameters as ``--params`` takes them, a ``name=value`` each."""
    return [f"{name}={_as_text(value)}" for name, value in flatten(params).items()]


def _as_text(value: Any) -> str:
    if value is None:
        return "null"
    # --params splits at commas, so that a list is written as words
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _selection(run_params: Mapping[str, Any]) -> Iterable[str]:
    # Kedro has them in any order
    names = sorted(run_params.get("pipeline_names") or [])
    if names not in ([], [_DEFAULT_PIPELINE]):
        yield from ("--pipelines", ",".join(names))
    for name, option in _FILTERS.items():
        if run_params.get(name):
            yield from (option, ",".join(run_params[name]))
    runner = re.search(r"\w+Runner", str(run_params.get("runner")))
    if runner is not None and runner[0] != _DEFAULT_RUNNER:
        yield from ("--runner", runner[0])


def program(name: str) -> str:
    """Return a program of this interpreter's environment, as a shell takes it from here.

    It is the bare name in an activated environment, else a path.
    """
    path = Path(sys.executable).with_name(name)
    if shutil.which(name) == str(path):
        return name
    path_text = from_here(str(path))
    # a shell would look for a bare name elsewhere
    return shlex.quote(path_text if "/" in path_text else f"./{path_text}")


def from_here(path: str) -> str:
    """Return a path relative to the working directory, if it is in there."""
    working_folder = Path.cwd()
    inside = PurePath(path).is_relative_to(working_folder)
    return str(PurePath(path).relative_to(working_folder)) if inside else path
