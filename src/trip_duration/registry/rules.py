"""What the ledger says, and what a promotion has to meet; nothing here changes anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trip_duration.errors import RegistryError
from trip_duration.registry.ledger import DONE, INTENT, Ledger, Line, find_broken
from trip_duration.registry.records import ALIASES, Version
from trip_duration.registry.versions import Registry

_HINT = "Run `kedro run --pipelines promotion`, or give --force with a --reason."


def is_open(lines: Sequence[Line]) -> bool:
    """Return whether the last change was begun and not ended."""
    return bool(lines) and lines[-1].event == INTENT


def champions(lines: Sequence[Line]) -> list[str]:
    """Return the champions that a rollback may come back to, the present one last."""
    stack: list[str] = []
    for line in lines:
        if line.event != DONE:
            continue
        if line.action == "promote":
            stack.append(line.version)
        elif line.action == "rollback":
            while stack and stack[-1] != line.version:
                stack.pop()
            stack = stack or [line.version]
        elif line.action == "archive":
            stack = [version for version in stack if version != line.version]
    return stack


def require_pass(report: Mapping[str, Any], version: Version, champion: Version | None) -> None:
    """Refuse a version whose gate report is not a passing one for this very promotion.

    Args:
        report: The gate report, empty if there is none.
        version: The version that is to be promoted.
        champion: The present champion, if there is one.

    Raises:
        RegistryError: With what is wrong and what to do.
    """
    name = f"version {version.number} (sha256 {version.sha256})"
    if not report:
        raise RegistryError(f"there is no gate report for {name}. {_HINT}")
    if report.get("sha256") != version.sha256 or str(report.get("version")) != version.number:
        raise RegistryError(
            f"the gate report is about version {report.get('version')} "
            f"(sha256 {report.get('sha256')}), not about {name}. {_HINT}"
        )
    compared, now = report.get("champion") or {}, champion.sha256 if champion else None
    if compared.get("sha256") != now:
        raise RegistryError(
            f"the gate compared {name} with {_name(compared.get('version'))}, but the champion is "
            f"{_name(champion.number if champion else None)} now. {_HINT}"
        )
    criteria = report.get("criteria") or []
    failed = [str(one.get("name")) for one in criteria if one.get("passed") is not True]
    if failed or not criteria or report.get("passed") is not True:
        raise RegistryError(f"the gate report of {name} fails: {', '.join(failed)}. {_HINT}")


def _name(number: Any) -> str:
    return "none" if number is None else f"version {number}"


def find_problems(registry: Registry, ledger: Ledger) -> list[str]:
    """Hold the ledger against itself, and the registry against the ledger.

    Returns:
        What does not hold, the first broken line first; none if all is well.
    """
    lines = ledger.lines()
    broken = find_broken(lines)
    if broken:
        return [broken]
    head = registry.ledger_head()
    if head is not None and head not in {line.hash for line in lines}:
        return [
            f"the registry was last changed by a line with hash {head}, which the ledger lacks "
            f"behind line {len(lines)}: lines at its end were removed"
        ]
    if is_open(lines):
        last = lines[-1]
        return [f"line {last.sequence} ({last.action} of version {last.version}) was not ended"]
    wanted = lines[-1].content["aliases"] if lines else {}
    now = registry.aliases()
    return [
        f"by the ledger {alias} is {_name(wanted.get(alias))}, by the registry "
        f"{_name(now.get(alias))}: it was changed or deleted by other means"
        for alias in ALIASES
        if wanted.get(alias) != now.get(alias)
    ]
