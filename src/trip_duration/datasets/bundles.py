"""Fitted objects as folders of native files."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from kedro.io import AbstractDataset
from kedro_datasets._typing import JSONPreview

from trip_duration.bundle import MANIFEST, prefix_errors, read_bundle, write_bundle
from trip_duration.datasets.folders import local_folder
from trip_duration.errors import ParameterError

_KINDS = {
    "predictor": ("trip_duration.models", "Predictor"),
    "feature_transformer": ("trip_duration.features", "FeatureTransformer"),
}


class BundleDataset(AbstractDataset[Any, Any]):
    """A fitted object as a folder of native files, verified when it is loaded.

    Args:
        path: The folder.
        kind: ``predictor`` or ``feature_transformer``.
        metadata: For Kedro's plugins.
    """

    def __init__(self, path: str, kind: str, metadata: dict[str, Any] | None = None) -> None:  # noqa: D107 - see the class
        if kind not in _KINDS:
            raise ParameterError(f"kind {kind!r}: expected one of {', '.join(_KINDS)}")
        self._folder, self._kind = local_folder(path), kind
        self.metadata = metadata

    def load(self) -> Any:
        """Return the object.

        Raises:
            ModelFileError: If a file is missing or altered; as the cause of a ``DatasetError``.
        """
        # estimators' libraries are imported when a model is, not with every command
        module, name = _KINDS[self._kind]
        with prefix_errors(self._folder):
            return getattr(import_module(module), name).from_bundle(
                read_bundle(self._folder, self._kind)
            )

    def save(self, data: Any) -> None:
        """Write the object, whole or not at all."""
        write_bundle(data.to_bundle(), self._folder)

    def preview(self) -> JSONPreview:
        """Return the manifest: what is known of the object without loading it, for Kedro-Viz."""
        return JSONPreview((self._folder / MANIFEST).read_text())

    def _exists(self) -> bool:
        return (self._folder / MANIFEST).is_file()

    def _describe(self) -> dict[str, Any]:
        return {"path": self._folder.as_posix(), "kind": self._kind}
