"""Kedro's settings: how configuration is read, and what watches a run."""

from __future__ import annotations

import os

from trip_duration.config import ConfigLoader
from trip_duration.hooks import (
    DataFolderHook,
    DataQualityHook,
    InputHook,
    NodeLogHook,
    ResultsHook,
    TrackingHook,
)
from trip_duration.logs import configure_logs
from trip_duration.terminal import error_block
from trip_duration.terminal.library_noise import silence_libraries


def _from_environment(name: str, default: str | None = None) -> str | None:
    """Resolver ``env``: a variable of the environment, in any configuration file."""
    return os.environ.get(name) or default


CONFIG_LOADER_CLASS = ConfigLoader
CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    "custom_resolvers": {"env": _from_environment},
    # a nested --params keeps its siblings even if conf/local has parameters of its own
    "merge_strategy": {"parameters": "soft", "globals": "soft"},
}
silence_libraries()
configure_logs()
error_block.install()
# the last is called first
_tracking = TrackingHook()
HOOKS = (
    _tracking,
    ResultsHook(_tracking),
    DataQualityHook(),
    DataFolderHook(),
    NodeLogHook(),
    InputHook(),
)
