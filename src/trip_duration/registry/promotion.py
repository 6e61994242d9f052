"""Changes to the registry: who serves, who wants to, who did; each of them a matter of the ledger.

A change is written to the ledger as intended, then carried out, then written as done. Whoever comes
next ends what a killed process has left between the two, so that there is one state at any time.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trip_duration.errors import RegistryError
from trip_duration.registry.ledger import DONE, INTENT, UNDONE, Entry, Ledger, Line, find_broken
from trip_duration.registry.records import (
    ALIASES,
    ARCHIVED,
    CHALLENGER,
    CHAMPION,
    PREVIOUS,
    PRODUCTION,
    SEMANTIC,
    STAGING,
    UNSTAGED,
    Candidate,
    Version,
)
from trip_duration.registry.rules import (
    challengers,
    champions,
    is_open,
    require_own,
    require_pass,
)
from trip_duration.registry.semantic import SemanticVersion, next_version
from trip_duration.registry.versions import Registry
from trip_duration.secrets import masked_uri

State = dict[str, dict[str, str | None]]


@dataclass(frozen=True)
class Keeper:
    """The one who changes the registry.

    Attributes:
        registry: The registry.
        ledger: The ledger of its changes.
        actor: Who asks for the changes.
    """

    registry: Registry
    ledger: Ledger
    actor: str

    def register(self, candidate: Candidate) -> Version:
        """Register a logged model with its semantic version, and make it the challenger."""
        with self._changing():
            semantic = self._next_version(candidate)
            version = self.registry.add(candidate, semantic)
            old = self.registry.find(CHALLENGER)
            stages = {version.number: STAGING} | ({old.number: UNSTAGED} if old else {})
            aliases = {CHALLENGER: version.number}
            self._change("register", version, aliases, stages, semantic_version=str(semantic))
        return self.registry.get(version.number)

    def _next_version(self, candidate: Candidate) -> SemanticVersion:
        parent = self.registry.get(candidate.parent) if candidate.parent else None
        contents = [line.content for line in self.ledger.lines()]
        versions = self.registry.versions()
        # a process that was killed before it wrote the ledger has left its version
        taken = {content[SEMANTIC] for content in contents if SEMANTIC in content}
        taken |= {version.semantic_version for version in versions}
        return next_version(candidate.tags, versions, taken, parent)

    def promote(
        self, reference: str, report: Mapping[str, Any], reason: str = "", force: bool = False
    ) -> Line:
        """Make a version the champion, and the champion the previous one.

        Args:
            reference: Alias, number or semantic version.
            report: The gate report, empty if there is none.
            reason: Why.
            force: Promote without a passing gate report; takes a reason.

        Returns:
            The ledger line that says it is done.

        Raises:
            RegistryError: If the report is not a passing one for this very version against this
                very champion, or if the version cannot serve.
        """
        with self._changing():
            version, champion = self.registry.get(reference), self.registry.find(CHAMPION)
            if champion is not None and champion.number == version.number:
                raise RegistryError(f"version {version.number} is the champion already.")
            if not force:
                require_pass(report, version, champion)
            elif not reason.strip():
                raise RegistryError("--force takes a --reason, which goes into the ledger.")
            self._require_files(version)
            aliases: dict[str, str | None] = {CHAMPION: version.number}
            aliases[PREVIOUS] = champion.number if champion else self._former(version.number)
            if self.registry.aliases().get(CHALLENGER) == version.number:
                aliases[CHALLENGER] = None
            stages = {champion.number: ARCHIVED} if champion else {}
            shown = dict(report) if report.get("sha256") == version.sha256 else None
            said = {"forced": force, "gate_report": shown}
            stages[version.number] = PRODUCTION
            return self._change("promote", version, aliases, stages, reason=reason, **said)

    def rollback(self, reason: str = "") -> Line:
        """Make the previous champion the champion again.

        Raises:
            RegistryError: If there is none that could serve.
        """
        with self._changing():
            target, champion = self.registry.find(PREVIOUS), self.registry.find(CHAMPION)
            if target is None:
                raise RegistryError(
                    "there is no previous champion to go back to. Promote a version with "
                    "`trip-duration models promote VERSION --force --reason ...`."
                )
            self._require_files(target)
            out = [champion.number] if champion else []
            aliases = {CHAMPION: target.number, PREVIOUS: self._former(target.number, *out)}
            stages = {number: ARCHIVED for number in out} | {target.number: PRODUCTION}
            return self._change("rollback", target, aliases, stages, reason=reason)

    def archive(self, reference: str, reason: str = "") -> Line:
        """Put a version away: no alias points to it any more, and no rollback comes back to it.

        If it is the challenger, the candidate that it displaced becomes the challenger again.

        Raises:
            RegistryError: If it is the champion.
        """
        with self._changing():
            version = self.registry.get(reference)
            if CHAMPION in version.aliases:
                raise RegistryError(
                    f"version {version.number} is the champion and serves. Promote another "
                    "version or roll back, then archive it."
                )
            aliases: dict[str, str | None] = {}
            stages = {version.number: ARCHIVED}
            if CHALLENGER in version.aliases:
                displaced = self._displaced_by(version.number)
                aliases[CHALLENGER] = displaced
                stages |= {displaced: STAGING} if displaced else {}
            if PREVIOUS in version.aliases:
                serving = self.registry.aliases().get(CHAMPION, "")
                aliases[PREVIOUS] = self._former(version.number, serving)
            return self._change("archive", version, aliases, stages, reason=reason)

    def settle(self) -> Line | None:
        """End a change that was begun and left, by a process that was killed; None if all ended."""
        if not is_open(self.ledger.lines()):
            return None
        with self.ledger.lock():
            self.require_own(self.ledger.lines())
            return self._settle()

    def require_own(self, lines: Sequence[Line]) -> None:
        """Refuse a ledger that another registry was changed by; see ``rules.require_own``."""
        require_own(self.registry, self.ledger, lines)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        with self.ledger.lock():
            lines = self.ledger.lines()
            broken = find_broken(lines)
            if broken:
                raise RegistryError(f"the ledger does not hold, nothing is changed: {broken}.")
            self.require_own(lines)
            self._settle()
            yield

    def _settle(self) -> Line | None:
        lines = self.ledger.lines()
        # the one who held the lock may have ended it
        return self._carry_out(lines[-1]) if is_open(lines) else None

    def _change(
        self,
        action: str,
        version: Version,
        aliases: Mapping[str, str | None],
        stages: Mapping[str, str],
        **said: Any,
    ) -> Line:
        known = {found.number: found for found in self.registry.versions()}
        now = self.registry.aliases()
        before: State = {
            "aliases": {alias: now.get(alias) for alias in ALIASES},
            "stages": {number: known[number].stage for number in stages},
        }
        after: State = {"aliases": {**before["aliases"], **aliases}, "stages": dict(stages)}
        reason = said.pop("reason", "")
        where = masked_uri(self.registry.tracking_uri)
        content = {"registry": where, "before": before, "after": after, **said}
        about = (action, version.number, version.sha256, self.actor, reason)
        return self._carry_out(self.ledger.append(Entry(INTENT, *about, content=content)))

    def _carry_out(self, line: Line) -> Line:
        """Do what a line intends, or undo it where its version is gone; doing it twice is once."""
        known = {found.number: found.sha256 for found in self.registry.versions()}
        possible = known.get(line.version) == line.sha256
        wanted: State = line.content["after" if possible else "before"]
        aliases = {a: n if n in known else None for a, n in wanted["aliases"].items()}
        for number, stage in wanted["stages"].items():
            if number in known and stage is not None:
                self.registry.set_stage(number, stage)
        # the champion last: a reader never meets one that the others do not fit
        for alias in reversed(ALIASES):
            self.registry.point(alias, aliases[alias])
        self.registry.set_ledger_head(line.hash)
        reason = "" if possible else f"version {line.version} was deleted meanwhile"
        about = (line.action, line.version, line.sha256, self.actor, reason)
        content = {"intent": line.sequence, "aliases": aliases}
        return self.ledger.append(Entry(DONE if possible else UNDONE, *about, content=content))

    def _former(self, *without: str) -> str | None:
        """Return the champion before the present one that is still there, by the ledger."""
        existing = {version.number for version in self.registry.versions()} - set(without)
        return next((v for v in reversed(champions(self.ledger.lines())) if v in existing), None)

    def _displaced_by(self, number: str) -> str | None:
        """Return the last candidate before the challenger that is still there, by the ledger."""
        existing = {version.number for version in self.registry.versions()} - {number}
        return next((v for v in reversed(challengers(self.ledger.lines())) if v in existing), None)

    def _require_files(self, version: Version) -> None:
        if not version.sha256:
            raise RegistryError(
                f"version {version.number} has no predictor_sha256: it was not registered by a run "
                "of this project, and cannot be verified."
            )
        with tempfile.TemporaryDirectory() as folder:
            self.registry.fetch(version, Path(folder) / "predictor")
