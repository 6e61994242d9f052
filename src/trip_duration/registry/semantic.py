"""Semantic versions of registered predictors: what changes for those who use them.

Major: requests or taxi service differ. Minor: features or model family differ. Patch: new months,
or a new fit of the same.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from trip_duration.registry.records import Version

Tags = Mapping[str, str]
REQUEST_COLUMNS, SERVICE, FEATURES, FAMILY = "request_columns", "service", "features", "family"
_WRITTEN = re.compile(r"v?(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")


@dataclass(frozen=True, order=True)
class SemanticVersion:
    """A semantic version, written ``v1.2.3``."""

    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read ``v1.2.3`` or ``1.2.3``; None if it is neither."""
        match = _WRITTEN.fullmatch(text)
        return cls(*map(int, match.groups())) if match else None

    def __str__(self) -> str:
        """Write it with the leading v."""
        return f"v{self.major}.{self.minor}.{self.patch}"

    def next_major(self) -> SemanticVersion:
        """Return the version after a change of requests or service."""
        return SemanticVersion(self.major + 1, 0, 0)

    def next_minor(self) -> SemanticVersion:
        """Return the version after a change of features or family."""
        return SemanticVersion(self.major, self.minor + 1, 0)

    def next_patch(self) -> SemanticVersion:
        """Return the version after a new fit."""
        return SemanticVersion(self.major, self.minor, self.patch + 1)


FIRST = SemanticVersion(1, 0, 0)


def next_version(
    tags: Tags, versions: Iterable[Version], taken: Collection[str], parent: Version | None = None
) -> SemanticVersion:
    """Return the semantic version of a predictor that is to be registered.

    Args:
        tags: What is known of the predictor, by the names above.
        versions: All registered versions.
        taken: Semantic versions that were given before, those of deleted versions among them.
        parent: The version whose intervals were calibrated anew, if it is a recalibration: this
            is a patch of it, whatever was registered since.
    """
    compared = [parent] if parent and parent.semantic_version else versions
    numbered = {
        number: version
        for version in compared
        if (number := SemanticVersion.parse(version.semantic_version))
    }
    if not numbered:
        semantic = FIRST
    else:
        highest = max(numbered)
        semantic = _advance(highest, numbered[highest].tags, tags)
    while str(semantic) in taken:
        semantic = semantic.next_patch()
    return semantic


def _advance(base: SemanticVersion, old: Tags, new: Tags) -> SemanticVersion:
    if any(old.get(name) != new.get(name) for name in (REQUEST_COLUMNS, SERVICE)):
        return base.next_major()
    if old.get(FAMILY) != new.get(FAMILY) or _split(old) != _split(new):
        return base.next_minor()
    return base.next_patch()


def _split(tags: Tags) -> set[str]:
    # the order of features does not matter
    return set(tags.get(FEATURES, "").split(","))
