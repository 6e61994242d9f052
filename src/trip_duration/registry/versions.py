"""Versions of the predictor in MLflow's model registry, and the aliases that point to them."""

from __future__ import annotations

import tempfile
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from trip_duration.bundle import read_bundle, write_bundle
from trip_duration.errors import ModelFileError, RegistryError
from trip_duration.registry import tables
from trip_duration.registry.client import naming_registry, open_client, without_progress_bar
from trip_duration.registry.places import MOST_OUTLINES, OUTLINES, sqlite_file, with_driver
from trip_duration.registry.records import (
    CHAMPION,
    LEDGER_HEAD,
    METRIC,
    MODEL_NAME,
    SEMANTIC,
    SHA256,
    STAGE,
    UNSTAGED,
    Candidate,
    Registered,
    Version,
    describe,
)
from trip_duration.registry.semantic import SemanticVersion

if TYPE_CHECKING:
    from mlflow import MlflowClient

_KIND = "predictor"
_FOLDER = "artifacts"


@dataclass(frozen=True)
class Registry:
    """The registry at a place; nothing is read before it is asked.

    Attributes:
        tracking_uri: Where MLflow keeps it: a database or a server.
        name: Name of the registered model.
    """

    tracking_uri: str
    name: str = MODEL_NAME

    @property
    def place(self) -> str:
        """What MLflow is told."""
        return with_driver(self.tracking_uri)

    @cached_property
    def _client(self) -> MlflowClient:
        return open_client(self.tracking_uri)

    def versions(self) -> list[Version]:
        """Return every version, the newest first."""
        if (versions := tables.read_versions(self.place, self.name)) is not None:
            return versions
        with self._asking():
            rows = self._client.search_model_versions(f"name='{self.name}'")
        aliases = self.aliases()
        return sorted((describe(row, aliases) for row in rows), key=lambda v: -int(v.number))

    def aliases(self) -> dict[str, str]:
        """Return the number of the version that each alias points to."""
        if (aliases := tables.read_aliases(self.place, self.name)) is not None:
            return aliases
        with self._asking():
            models = self._client.search_registered_models(f"name='{self.name}'")
        # a version may have been deleted by a client that leaves its aliases
        return {alias: str(number) for model in models for alias, number in model.aliases.items()}

    def has_champion(self, required: bool) -> bool:
        """Tell whether a version is the champion.

        Args:
            required: Whether a registry that does not exist is an error. The database of a project
                in which nothing was trained yet does not exist; one that a user has named does.

        Raises:
            RegistryError: If the registry does not answer, or is required and does not exist.
        """
        file = sqlite_file(self.tracking_uri)
        if file is not None and not required and not file.exists():
            return False
        return CHAMPION in self.aliases()

    def find(self, reference: str) -> Version | None:
        """Return the version of an alias, a number or a semantic version, or None if none has it.

        Args:
            reference: For example ``champion``, ``2``, ``v1.2.3`` or ``1.2.3``.
        """
        aliases = self.aliases()
        number = aliases.get(reference, reference)
        semantic = SemanticVersion.parse(reference)
        names = {number, str(semantic)} if semantic else {number}
        matches = (v for v in self.versions() if names & {v.number, v.semantic_version} - {""})
        return next(matches, None)

    def find_by_sha256(self, sha256: str) -> Version | None:
        """Return the newest version of the predictor with a sha256, or None if there is none."""
        return next((version for version in self.versions() if version.sha256 == sha256), None)

    def get(self, reference: str) -> Version:
        """Return the version of an alias, a number or a semantic version; see ``find``.

        Raises:
            RegistryError: If there is none; the message says what there is.
        """
        version = self.find(reference)
        if version is not None:
            return version
        if reference in self.aliases():
            raise RegistryError(
                f"the alias {reference} points to version {self.aliases()[reference]}, which was "
                "deleted. Promote another with `trip-duration models promote`."
            )
        available = ", ".join([*self.aliases(), *(v.name for v in reversed(self.versions()))])
        raise RegistryError(
            f"{self.name} has no version {reference!r}; it has: {available or 'none at all'}. "
            "A `kedro run` that trains registers its model if that is fit for production; else "
            "the tag `registered` of its run gives the reasons."
        )

    def fetch(self, version: Version, to: Path) -> Path:
        """Copy the predictor of a version to a folder, whole or not at all.

        Args:
            version: The version.
            to: The folder. If it holds that very predictor, it is left as it is.

        Returns:
            The folder.

        Raises:
            RegistryError: If the files cannot be had.
            ModelFileError: If they are not those that were registered.
        """
        if _holds(to, version.sha256):
            return to
        with tempfile.TemporaryDirectory() as folder:
            bundle = read_bundle(self._download(version, _KIND, folder), _KIND)
        if bundle.sha256 != version.sha256:
            raise ModelFileError(
                f"version {version.number} was registered with sha256 {version.sha256}, its files "
                f"have {bundle.sha256}. It is not used; register the predictor anew."
            )
        write_bundle(bundle, to)
        return to

    def fetch_outlines(self, version: Version) -> bytes | None:
        """Return the outlines of the zones that were logged with a version, or None.

        Versions that were logged before outlines were have none.

        Raises:
            RegistryError: If they cannot be fetched, or are too long.
        """
        with self._asking():
            from mlflow.artifacts import list_artifacts  # noqa: PLC0415 - see _client

            place = self._address_of(version, "")
            files = list_artifacts(artifact_uri=place, tracking_uri=self.place)
        sizes = {Path(file.path).name: file.file_size or 0 for file in files}
        if OUTLINES not in sizes:
            return None
        if sizes[OUTLINES] > MOST_OUTLINES:
            raise RegistryError(
                f"{OUTLINES} of version {version.number} has {sizes[OUTLINES]} bytes: expected at "
                f"most {MOST_OUTLINES}"
            )
        with tempfile.TemporaryDirectory() as folder:
            return self._download(version, OUTLINES, folder).read_bytes()

    def _address_of(self, version: Version, name: str) -> str:
        source = self._client.get_model_version_download_uri(self.name, version.number)
        return f"{source.rstrip('/')}/{_FOLDER}/{name}".rstrip("/")

    def _download(self, version: Version, name: str, folder: str) -> Path:
        with self._asking(), without_progress_bar():
            from mlflow.artifacts import download_artifacts  # noqa: PLC0415 - see _client

            folder = download_artifacts(
                artifact_uri=self._address_of(version, name),
                dst_path=folder,
                tracking_uri=self.place,
                registry_uri=self.place,
            )
        return Path(folder)

    def load(self, reference: str) -> Registered:
        """Return a version with its predictor, verified."""
        # estimators' libraries are imported when a model is, not with every command
        from trip_duration.models import Predictor  # noqa: PLC0415

        version = self.get(reference)
        with tempfile.TemporaryDirectory() as folder:
            return Registered(version, Predictor.load(self.fetch(version, Path(folder) / _KIND)))

    def add(self, candidate: Candidate, semantic: SemanticVersion) -> Version:
        """Register a logged model as a new version that no alias points to."""
        metrics = {f"{METRIC}{name}": repr(value) for name, value in candidate.metrics.items()}
        project_tags = {SHA256: candidate.sha256, STAGE: UNSTAGED, SEMANTIC: str(semantic)}
        tags = {**candidate.tags, **metrics, **project_tags}
        with self._asking():
            if not self._client.search_registered_models(f"name='{self.name}'"):
                self._create()
            # not models:/<id>, which MLflow would look for wherever it happens to point to
            source = self._client.get_logged_model(candidate.model_id).artifact_location
            made = self._client.create_model_version(
                self.name,
                source,
                run_id=candidate.run_id,
                tags=tags,
                description=candidate.description,
                model_id=candidate.model_id,
            )
        return self.get(str(made.version))

    def _create(self) -> None:
        from mlflow.exceptions import MlflowException  # noqa: PLC0415 - see _client

        said = "Durations of New York taxi trips at the moment they are requested."
        try:
            self._client.create_registered_model(self.name, description=said)
        except MlflowException as error:
            # another run was quicker
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise

    def point(self, alias: str, number: str | None) -> None:
        """Let an alias point to a version, or to none."""
        with self._asking():
            if number is None:
                self._client.delete_registered_model_alias(self.name, alias)
            else:
                self._client.set_registered_model_alias(self.name, alias, number)

    def set_stage(self, number: str, stage: str) -> None:
        """Set the stage tag of a version."""
        with self._asking():
            self._client.set_model_version_tag(self.name, number, STAGE, stage)

    def ledger_head(self) -> str | None:
        """Return the hash of the last ledger line that the registry has carried out."""
        with self._asking():
            models = self._client.search_registered_models(f"name='{self.name}'")
        return models[0].tags.get(LEDGER_HEAD) if models else None

    def set_ledger_head(self, line: str) -> None:
        """Note the hash of the ledger line that was carried out."""
        with self._asking():
            self._client.set_registered_model_tag(self.name, LEDGER_HEAD, line)

    def _asking(self) -> AbstractContextManager[None]:
        return naming_registry(self.tracking_uri)


def _holds(folder: Path, sha256: str) -> bool:
    try:
        return read_bundle(folder, _KIND).sha256 == sha256
    except ModelFileError:
        return False
