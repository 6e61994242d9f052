"""Identity of the code that makes trips of raw months: when it changes, months are made again."""

from __future__ import annotations

from functools import cache

from trip_duration.identity import digest_of_code

# the reading of a raw month, its contract, the rules, and how they are applied; the values of the
# parameters are part of a month's digest themselves
PATTERNS = (
    "months.py",
    "schemas.py",
    "tlc/files.py",
    "pipelines/data_processing/nodes.py",
    "pipelines/data_processing/rules.py",
)


@cache
def digest_of_rules() -> str:
    """Return a SHA-256 of the code that makes trips of a raw month."""
    return digest_of_code(PATTERNS)
