"""What makes two searches the same one: data, parameters, and the code that they run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

ROOMS = ("trip_duration.features", "trip_duration.models")
# whose own results a score or a draw depends on
LIBRARIES = ("lightgbm", "numpy", "optuna", "pandas", "scikit-learn", "xgboost", "xgboost-cpu")


def digest_of(parts: Mapping[str, Any]) -> str:
    """Return a digest of JSON."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def digest_of_code() -> str:
    """Return a digest of the code that makes features and models, and of what it stands on."""
    code = {room: _digest(files(room)) for room in ROOMS}
    return digest_of({**code, **{name: _version(name) for name in LIBRARIES}})


def _version(library: str) -> str:
    # XGBoost has another name on another platform
    try:
        return version(library)
    except PackageNotFoundError:
        return ""


def _digest(folder: Traversable) -> dict[str, Any]:
    inside = sorted(folder.iterdir(), key=lambda part: part.name)
    modules = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in inside if _is_module(p)}
    rooms = {p.name: _digest(p) for p in inside if p.is_dir() and p.name != "__pycache__"}
    return {**modules, **rooms}


def _is_module(path: Traversable) -> bool:
    return path.is_file() and path.name.endswith(".py")
