"""API keys: several, with scopes, each revocable, none of them ever written down.

A key is ``td_<id>_<secret>``, the secret being 256 random bits. Only the SHA-256 of the secret is
kept. Slow hashes such as Argon2 protect passwords, which can be guessed; 256 random bits cannot be,
however quick the hash, and a slow one would cost each request more than its prediction.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import os
import secrets
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trip_duration.errors import ParameterError, format_faults
from trip_duration.serving.watching import PeriodicCheck
from trip_duration.serving.wire import now
from trip_duration.storage import FileVersion, file_version, read_regular, replacing

logger = logging.getLogger(__name__)
Scope = Literal["predict", "explain", "admin"]
_PREFIX = "td"
# how soon a revoked key is refused by a service that runs, and how long a look may take, seconds
_LOOK, _LATE = 1.0, 10.0
_MOST_BYTES = 4 * 2**20
_NO_ONE = hashlib.sha256(b"").hexdigest()


class Key(BaseModel):
    """What is kept of a key."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[A-Za-z0-9]{1,64}$")
    name: str
    scopes: tuple[Scope, ...]
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    created_at: datetime
    revoked_at: datetime | None = None


class KeyFile(BaseModel):
    """The file of keys."""

    model_config = ConfigDict(extra="forbid")

    keys: list[Key] = []

    @classmethod
    def read(cls, path: Path) -> KeyFile:
        """Read the file; one that is not there has no keys.

        Raises:
            ParameterError: If it is not what ``trip-duration keys`` writes.
        """
        try:
            return cls.model_validate_json(read_regular(path, _MOST_BYTES))
        except FileNotFoundError:
            return cls()
        except ValidationError as error:
            problem = format_faults(error)
            raise ParameterError(f"{path}: the keys cannot be read: {problem}") from None
        except OSError as error:
            reason = error.strerror or error
            raise ParameterError(f"{path}: the keys cannot be read: {reason}") from None

    def write(self, path: Path) -> None:
        """Replace the file; only its owner can read and write it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        content = json.dumps(self.model_dump(mode="json"), indent=1).encode() + b"\n"
        with replacing(path) as temporary:
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(content)

    def create(self, name: str, scopes: tuple[Scope, ...]) -> str:
        """Add a key and return it; it cannot be shown again."""
        # no underscore, which separates the parts
        identity, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        known = Key(id=identity, name=name, scopes=scopes, sha256=_hash(secret), created_at=now())
        self.keys.append(known)
        return f"{_PREFIX}_{identity}_{secret}"

    def revoke(self, identity: str) -> Key:
        """Make a key worthless.

        Raises:
            ParameterError: If there is no such key.
        """
        for place, key in enumerate(self.keys):
            if key.id == identity:
                if key.revoked_at is None:
                    self.keys[place] = key.model_copy(update={"revoked_at": now()})
                return self.keys[place]
        known = ", ".join(key.id for key in self.keys) or "none at all"
        raise ParameterError(f"there is no key {identity}; there are: {known}")


class Keys:
    """API keys from a file, reread about once a second.

    If the file is missing, invalid or empty, the last valid keys stay in force. To disable a key,
    revoke it.

    Args:
        path: The file of keys.

    Raises:
        ParameterError: If the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        """Read the file."""
        self._path = path
        self._known: dict[str, Key] = {}
        self._version: FileVersion | None = None
        self._complaint = ""
        self._watch = PeriodicCheck("keys", _LOOK, self.read_again)
        self._read()

    def __len__(self) -> int:
        """Return how many keys are in force."""
        return len(self._known)

    def start(self) -> None:
        """Begin to follow the file, in a thread of its own."""
        self._watch.start(0)

    def stop(self) -> None:
        """Follow the file no more."""
        self._watch.stop()

    def warn_if_late(self) -> None:
        """Log once that reading the file takes longer than 10 seconds."""
        if self._watch.is_late(_LATE):
            self._complain(f"{self._path}: not read within {_LATE:g} seconds")

    def find(self, given: str) -> Key | None:
        """Return the key that was given, if it is in force."""
        prefix, _, rest = given.partition("_")
        identity, _, secret = rest.partition("_")
        known = self._known.get(identity)
        # the same work for an id that is not known, and a comparison that takes equally long
        expected = known.sha256 if known else _NO_ONE
        same = hmac.compare_digest(_hash(secret), expected)
        return known if same and known and prefix == _PREFIX else None

    def read_again(self) -> None:
        """Read the file if it has changed; keep the keys if it cannot be read."""
        try:
            self._read()
            self._complaint = ""
        except ParameterError as error:
            self._complain(str(error))

    def _complain(self, problem: str) -> None:
        if problem != self._complaint:
            logger.error("%s; the keys read before stay in force", problem)
        self._complaint = problem

    def _read(self) -> None:
        version = self._look()
        if version is not None and version == self._version:
            return
        read = KeyFile.read(self._path)
        if self._known and not read.keys:
            raise ParameterError(f"{self._path}: expected keys, found none at all")
        self._known = {key.id: key for key in read.keys if key.revoked_at is None}
        self._version = version

    def _look(self) -> FileVersion | None:
        try:
            return file_version(self._path)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ParameterError(f"{self._path}: the keys cannot be read: {error}") from None


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
