"""Models from the registry: what their errors name."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from trip_duration.errors import ModelFileError
from trip_duration.registry import Registry, Version
from trip_duration.serving import model
from trip_duration.serving.sources import RegistrySource


def test_an_error_names_the_version_and_no_temporary_folder(
    registry: Registry,
    register: Callable[[int], Version],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    register(0)
    source = RegistrySource(registry.tracking_uri, "1")

    def fail(*_: object) -> None:
        raise ValueError("no number")

    with monkeypatch.context() as patch:
        patch.setattr(model, "require_finite_predictions", fail)
        with pytest.raises(ModelFileError) as caught:
            source.load()
    start = "version 1 of the registry: "
    assert str(caught.value) == f"{start}cannot be loaded: ValueError('no number')"
    (manifest,) = (tmp_path / "artifacts").rglob("predictor/manifest.json")
    manifest.write_bytes(manifest.read_bytes()[:-9])
    with pytest.raises(ModelFileError) as caught:
        source.load()
    assert str(caught.value).startswith(f"{start}manifest.json is not readable")
    assert tempfile.gettempdir() not in str(caught.value)
