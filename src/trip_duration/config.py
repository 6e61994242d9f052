"""How configuration is read: Kedro's way, and what a search for better settings has found.

Knows files of parameters. It must not know what is in them: that is for ``params`` to refuse.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from kedro.config import OmegaConfigLoader
from omegaconf import OmegaConf

from trip_duration.errors import ParameterError

TUNED = "tuned"
# a short name of the command line sets these, whatever a file says of them
_SHORT_NAMES = {"model_type": ("modelling", "model_type")}


class ConfigLoader(OmegaConfigLoader):
    """Kedro's loader, whose parameters take in the file that the runtime parameter ``tuned`` names.

    What the file says goes before ``conf/``, and what the command line says before the file.
    """

    def __init__(self, conf_source: str, env: str | None = None, **choices: Any) -> None:
        """Read the configuration of an environment.

        Args:
            conf_source: Folder or archive of the configuration.
            env: The environment.
            choices: What Kedro's loader takes beside.

        Raises:
            ParameterError: If there is no such environment; the message names those that there are.
        """
        super().__init__(conf_source, env=env, **choices)
        _require_environment(Path(conf_source), env or self.default_run_env)

    def __getitem__(self, key: str) -> dict[str, Any]:
        """Return the configuration of a kind.

        Args:
            key: The kind: ``parameters``, ``catalog`` and so on.

        Raises:
            ParameterError: If the file of tuned parameters cannot be had or read.
        """
        if key != "parameters" or key in self or not (self.runtime_params or {}).get(TUNED):
            loaded: dict[str, Any] = super().__getitem__(key)
            return loaded
        given = self.runtime_params
        self.runtime_params = self._with_tuned(given)
        try:
            loaded = super().__getitem__(key)
        finally:
            self.runtime_params = given
        return loaded

    def _with_tuned(self, given: Mapping[str, Any]) -> dict[str, Any]:
        # relative to the project, which holds conf/, wherever the command was given
        path = Path(self.conf_source).parent / str(given[TUNED])
        tuned = read_tuned(path)
        for short, (group, name) in _SHORT_NAMES.items():
            if short in given:
                tuned.get(group, {}).pop(name, None)
        merged: Any = OmegaConf.to_container(OmegaConf.merge(tuned, dict(given)))
        return dict(merged)


def _require_environment(conf: Path, env: str | None) -> None:
    # an archive or an address is Kedro's to open
    if env is None or not conf.is_dir() or (conf / env).is_dir():
        return
    environments = ", ".join(sorted(path.name for path in conf.iterdir() if path.is_dir()))
    raise ParameterError(
        f"environment {env!r}: the folder {conf / env} does not exist; expected one of "
        f"{environments} (--env, or the variable KEDRO_ENV)"
    )


def read_tuned(path: Path) -> dict[str, dict[str, Any]]:
    """Read a file of parameters that a search has written.

    Args:
        path: The file: YAML, groups of parameters by name.

    Raises:
        ParameterError: If it is not there, or is something else.
    """
    expected = "expected a file that the pipeline tuning has written: groups of parameters in YAML"
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise ParameterError(f"tuned: {path} cannot be read ({reason}); {expected}") from None
    groups = content.values() if isinstance(content, dict) else [content]
    if not content or not all(isinstance(group, dict) for group in groups):
        raise ParameterError(f"tuned: {path} holds no groups of parameters; {expected}")
    return dict(content)
