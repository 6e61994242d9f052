"""Nested values as one value for each leaf, named by its path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trip_duration.params import Group, Parameters


def flatten(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return the leaves of nested mappings, named ``outer.inner``."""
    leaves: dict[str, Any] = {}
    for name, value in nested.items():
        if isinstance(value, Mapping):
            leaves |= flatten(value, f"{prefix}{name}.")
        else:
            leaves[f"{prefix}{name}"] = value
    return leaves


def flat_parameters(parameters: Parameters) -> dict[str, str]:
    """Return every parameter of every group, defaults included.

    The choices of the command line are left out: each is in the groups that it changes.
    """
    groups = {name: value for name, value in parameters if isinstance(value, Group)}
    dumped = {name: group.model_dump(mode="json") for name, group in groups.items()}
    return {name: _text(value) for name, value in flatten(dumped).items()}


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
