"""The code that two searches have to share to be the same one."""

from __future__ import annotations

from trip_duration.identity import COMPUTING, digest_of_code, digest_of_json, versions

PATTERNS = (
    "months.py",
    "request_bounds.py",
    "features/**/*.py",
    "models/**/*.py",
    "params/**/*.py",
)


def digest_of_search() -> str:
    """Return a digest of the code that makes features, models and draws, and of its libraries."""
    libraries = versions([*COMPUTING, ("optuna",)])
    return digest_of_json({**libraries, "code": digest_of_code(PATTERNS)})
