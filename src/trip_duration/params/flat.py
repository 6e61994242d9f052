"""Nested values as one value for each leaf, under the dotted names of ``--params``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# the search spaces of all families, which no run logs: a search reports its own
UNLOGGED = "tuning.spaces."
# what a run logs beside its parameters: all that the libraries are given, by their names for it
ESTIMATOR, INTERVAL_ESTIMATOR = "estimator", "interval_estimator"


def flatten(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return the leaves of nested mappings, named ``outer.inner``."""
    leaves: dict[str, Any] = {}
    for name, value in nested.items():
        if isinstance(value, Mapping):
            leaves |= flatten(value, f"{prefix}{name}.")
        else:
            leaves[f"{prefix}{name}"] = value
    return leaves


def as_texts(leaves: Mapping[str, Any]) -> dict[str, str]:
    """Return leaves as MLflow keeps parameters: a list as its values between commas."""
    return {name: _as_text(value) for name, value in leaves.items()}


def _as_text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
