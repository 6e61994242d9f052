"""Which path needs which key. What is not named here needs one, whether it exists or not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

PAGE = Path(__file__).parent / "page"
# answered without a key
OPEN = frozenset({"/", "/health", "/health/live", "/health/ready", "/openapi.json", "/v1/zones"})
OPEN_FILES = frozenset(f"/page/{file.name}" for file in PAGE.iterdir())
# answered to keys with this scope
SCOPE_OF_PATH: Mapping[str, str] = {
    "/v1/predict": "predict",
    "/v1/predict/batch": "predict",
    "/v1/explain": "explain",
    "/metrics": "admin",
}
# named in metrics and log lines; other paths are for callers to invent
ENDPOINTS = frozenset({*OPEN, *SCOPE_OF_PATH, "/v1/model"})


def needs_key(path: str) -> bool:
    """Tell whether a path is answered to keys only."""
    return path not in OPEN and path not in OPEN_FILES
