"""The locks name extras, because an older pip resolves ``name[extra]`` anew where they do not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import PROJECT

LOCKS = {"dev": "requirements.lock", "serving": "deploy/requirements.lock"}
_PIN = re.compile(r"^[A-Za-z0-9][^#]*==[^#]*?(?= \\$)")


def read_lock(text: str) -> dict[str, set[str]]:
    """Return the extras of each locked package, by its name."""
    pins = (_PIN.match(line) for line in text.splitlines())
    locked = [Requirement(pin[0]) for pin in pins if pin]
    return {
        canonicalize_name(pin.name): {canonicalize_name(e) for e in pin.extras} for pin in locked
    }


def unlocked_extras(lock: dict[str, set[str]]) -> list[str]:
    """List the requirements with extras that are not in the lock with exactly these extras.

    An older pip takes ``name[a]`` and ``name[a,b]`` for two projects, and looks for a version of
    each that the lock does not pin.
    """
    return [
        f"{name} requires {requirement.name}[{','.join(sorted(requirement.extras))}]"
        for name, extras in lock.items()
        for requirement in _required_by(name, extras)
        if requirement.extras
        and {canonicalize_name(extra) for extra in requirement.extras}
        != lock.get(canonicalize_name(requirement.name))
    ]


def _required_by(name: str, extras: set[str]) -> Iterator[Requirement]:
    try:
        requirements = [Requirement(line) for line in requires(name) or []]
    except PackageNotFoundError:
        return  # for another platform or Python
    for requirement in requirements:
        environments = [{"extra": extra} for extra in ("", *extras)]
        marker = requirement.marker
        if marker is None or any(marker.evaluate(environment) for environment in environments):
            yield requirement


@pytest.mark.parametrize("kind", LOCKS)
def test_a_lock_names_every_extra_that_is_required(kind: str) -> None:
    lock = read_lock((PROJECT / LOCKS[kind]).read_text(encoding="utf-8"))
    assert len(lock) > 20
    assert unlocked_extras(lock) == []


def test_a_lock_without_extras_is_found_out() -> None:
    text = (PROJECT / LOCKS["dev"]).read_text(encoding="utf-8")
    stripped = re.sub(r"^([\w.-]+)\[[^]]*\]==", r"\1==", text, flags=re.MULTILINE)
    assert "pytest-cov requires coverage[toml]" in unlocked_extras(read_lock(stripped))


@pytest.mark.parametrize("kind", LOCKS)
def test_a_lock_has_hashes_and_names_no_host(kind: str) -> None:
    text = (PROJECT / LOCKS[kind]).read_text(encoding="utf-8")
    pins = [line for line in text.splitlines() if _PIN.match(line)]
    assert text.count("--hash=sha256:") >= len(pins)
    assert "://" not in text
    assert "--index" not in text
