"""What the ledger says, and what a promotion has to meet; nothing here changes anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from trip_duration.errors import RegistryError
from trip_duration.registry.ledger import DONE, INTENT, Ledger, Line, find_broken
from trip_duration.registry.records import ALIASES, CHALLENGER, Version
from trip_duration.registry.versions import Registry
from trip_duration.secrets import masked_uri


def is_open(lines: Sequence[Line]) -> bool:
    """Return whether the last change was begun and not ended."""
    return bool(lines) and lines[-1].event == INTENT


def possible_heads(lines: Sequence[Line]) -> set[str | None]:
    """Return which lines the registry of a ledger can have carried out last.

    One, by its hash, or None before the first; amid a change either that line or the one before it.
    """
    heads = [None, *(line.hash for line in lines if line.event == INTENT)]
    return {*heads[-2:]} if is_open(lines) else {heads[-1]}


def require_own(registry: Registry, ledger: Ledger, lines: Sequence[Line]) -> None:
    """Refuse a ledger that another registry has been changed by; a new one belongs to any.

    Raises:
        RegistryError: With both, and what to set.
    """
    if not lines or registry.ledger_head() in possible_heads(lines):
        return
    last = next((line for line in reversed(lines) if line.event == INTENT), lines[-1])
    raise RegistryError(
        f"the ledger at {masked_uri(ledger.url)} is not that of the registry at "
        f"{masked_uri(registry.tracking_uri)}, nothing is changed: its last change, line "
        f"{last.sequence}, was one of {last.content.get('registry', 'another registry')}, and this "
        "registry has not carried it out last. Set TRIP_DURATION_DATABASE_URL to the ledger of "
        "this registry, or MLFLOW_TRACKING_URI to the registry of this ledger. If that registry is "
        "no more, put its ledger away."
    )


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


def challengers(lines: Sequence[Line]) -> list[str]:
    """Return the versions that the alias challenger may come back to, the present one last.

    A version that was promoted or archived is no candidate any more. With the promotion of the
    challenger the candidates before it are outdated.
    """
    candidates: list[str] = []
    for line in lines:
        if line.event != DONE:
            continue
        if line.action == "register":
            candidates.append(line.version)
        elif line.action == "promote" and line.content["aliases"].get(CHALLENGER) is None:
            candidates = []
        elif line.action in ("promote", "archive"):
            candidates = [version for version in candidates if version != line.version]
    return candidates


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
    hint = (
        f'Run `kedro run --pipelines promotion --params "version={version.number}"`, or give '
        "--force with a --reason."
    )
    if not report:
        raise RegistryError(f"there is no gate report for {name}. {hint}")
    if report.get("sha256") != version.sha256 or str(report.get("version")) != version.number:
        raise RegistryError(
            f"the gate report is about version {report.get('version')} "
            f"(sha256 {report.get('sha256')}), not about {name}. {hint}"
        )
    compared, now = report.get("champion") or {}, champion.sha256 if champion else None
    if compared.get("sha256") != now:
        raise RegistryError(
            f"the gate compared {name} with {_name(compared.get('version'))}, but the champion is "
            f"{_name(champion.number if champion else None)} now. {hint}"
        )
    criteria = report.get("criteria") or []
    failed = [str(one.get("name")) for one in criteria if one.get("passed") is not True]
    if failed or not criteria or report.get("passed") is not True:
        raise RegistryError(f"the gate report of {name} fails: {', '.join(failed)}. {hint}")


def _name(number: Any) -> str:
    return "none" if number is None else f"version {number}"


def find_problems(registry: Registry, ledger: Ledger) -> list[str]:
    """Hold the ledger against itself, and the registry against the ledger.

    Returns:
        What does not hold, the first broken line first; none if all is well.
    """
    lines = ledger.lines()
    problems = _find_problems(registry, lines)
    # a change that was made meanwhile is none by other means
    return find_problems(registry, ledger) if problems and ledger.lines() != lines else problems


def _find_problems(registry: Registry, lines: Sequence[Line]) -> list[str]:
    broken = find_broken(lines)
    if broken:
        return [broken]
    head = registry.ledger_head()
    if head not in possible_heads(lines):
        return [_describe_head(head, lines)]
    if is_open(lines):
        last = lines[-1]
        return [f"line {last.sequence} ({last.action} of version {last.version}) was not ended"]
    wanted = lines[-1].content["aliases"] if lines else {}
    now = registry.aliases()
    moved = [alias for alias in ALIASES if wanted.get(alias) != now.get(alias)]
    return [
        *(
            f"by the ledger {alias} is {_name(wanted.get(alias))}, by the registry "
            f"{_name(now.get(alias))}: it was changed or deleted by other means"
            for alias in moved
        ),
        *_find_replaced(registry, lines, {a: n for a, n in now.items() if a not in moved}),
    ]


def _describe_head(head: str | None, lines: Sequence[Line]) -> str:
    if head is None:
        return f"the registry has carried out none of the {len(lines)} lines: it is another one"
    line = next((line for line in lines if line.hash == head), None)
    if line is not None:
        return (
            f"the registry was last changed by line {line.sequence}, and the ledger has later "
            f"changes up to line {len(lines)}: the registry was set back, or is another one"
        )
    return (
        f"the registry was last changed by a line with hash {head}, which the ledger lacks "
        f"behind line {len(lines)}: lines at its end were removed, or it is the ledger of another"
    )


def _find_replaced(
    registry: Registry, lines: Sequence[Line], aliases: Mapping[str, str]
) -> Iterator[str]:
    """Yield the versions with aliases that are others than those the ledger tells of."""
    known = {version.number: version.sha256 for version in registry.versions()}
    told = {line.version: line.sha256 for line in lines}
    for alias, number in aliases.items():
        found, expected = known.get(number, "none: it was deleted"), told.get(number)
        if alias in ALIASES and found != expected:
            yield (
                f"by the ledger version {number}, the {alias}, has sha256 {expected}, by the "
                f"registry {found or 'none'}: it was replaced by other means"
            )
