"""Kedro's settings: how configuration is read, and what watches a run."""

from __future__ import annotations

import os

from kedro.config import OmegaConfigLoader


def _from_environment(name: str, default: str | None = None) -> str | None:
    """Resolver ``env``: a variable of the environment, in any configuration file."""
    return os.environ.get(name) or default


CONFIG_LOADER_CLASS = OmegaConfigLoader
CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "base",
    "custom_resolvers": {"env": _from_environment},
    # a nested --params keeps its siblings even if conf/local has parameters of its own
    "merge_strategy": {"parameters": "soft", "globals": "soft"},
}
