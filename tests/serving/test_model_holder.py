"""Which failures to load a model are final, and what is reported of them."""

from __future__ import annotations

import errno
import os
import resource
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from trip_duration.bundle import Bundle, read_bundle, write_bundle
from trip_duration.errors import ModelFileError, ModelUnreadableError
from trip_duration.features import FeatureTransformer
from trip_duration.models import Predictor
from trip_duration.models.predictor import KIND
from trip_duration.serving import isolated_loading
from trip_duration.serving.model import ModelHolder, Served, load_served
from trip_duration.serving.server import describe_start
from trip_duration.serving.settings import Settings
from trip_duration.serving.sources import FolderSource, load_fallback

Events = list[tuple[str, Any]]


def holder_of(source: Any) -> tuple[ModelHolder, Events]:
    events: Events = []

    def report(event: str, facts: Mapping[str, Any]) -> None:
        events.append((event, facts.get("reason")))

    return ModelHolder(source, 60, report), events


@pytest.fixture
def folder(models: Path, tmp_path: Path) -> Path:
    return shutil.copytree(models / "first", tmp_path / "model")


@contextmanager
def no_open_files() -> Iterator[None]:
    """Let no further file be opened: EMFILE."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.dup(0)
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_a_model_that_could_not_be_read_is_tried_again(folder: Path) -> None:
    with no_open_files(), pytest.raises(ModelUnreadableError) as caught:
        read_bundle(folder, KIND)
    assert str(caught.value) == (
        f"{folder}: manifest.json cannot be read: Too many open files. Try again."
    )

    class Flaky(FolderSource):
        def load(self) -> Served:
            if failures.pop():
                with no_open_files():
                    return super().load()
            return super().load()

    failures = [False, True, True]
    holder, events = holder_of(Flaky(folder))
    holder.look()
    holder.look()
    reason = str(caught.value)
    assert holder.problem == reason
    holder.look()
    assert (holder.ready, holder.problem) == (True, None)
    # a failure that repeats is reported once
    assert events == [("refused", reason), ("loaded", None)]


def test_a_trial_that_takes_too_long_is_no_refusal(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = read_bundle(models / "baseline", KIND)
    other = Bundle(KIND, {**bundle.facts, "family": "random_forest"}, bundle.files)
    write_bundle(other, tmp_path / "forest")
    monkeypatch.setattr(isolated_loading, "_SECONDS", 0.001)
    with pytest.raises(ModelUnreadableError, match=r"not loaded within 0\.001 seconds on trial"):
        load_served(tmp_path / "forest")


def test_a_trial_tells_what_may_pass_from_what_may_not(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = tmp_path / "code"
    code.mkdir()
    for error, kind in (("MemoryError()", ModelUnreadableError), ("KeyError(1)", ModelFileError)):
        (code / "sitecustomize.py").write_text(
            "from trip_duration.models import predictor\n"
            "def fail(bundle):\n"
            f"    raise {error}\n"
            "predictor.Predictor.from_bundle = fail\n"
        )
        monkeypatch.setenv("PYTHONPATH", str(code))
        with pytest.raises(ModelFileError) as caught:
            isolated_loading.load_in_subprocess(models / "first")
        assert type(caught.value) is kind


@pytest.mark.parametrize("error", [AttributeError("no trees"), RuntimeError("of a library")])
def test_errors_of_libraries_refuse_a_model(
    folder: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(Predictor, "predict", fail)
    with pytest.raises(ModelFileError, match=f"^{folder}: cannot be loaded: "):
        load_served(folder)
    # a table that is broken does not end the service's start
    settings = Settings(model=folder.with_name("missing"), fallback=folder)
    assert load_fallback(settings) is None


def test_a_lack_of_memory_is_no_refusal(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(Predictor, "predict", fail)
        with pytest.raises(ModelUnreadableError, match="cannot be loaded at present"):
            load_served(folder)
    monkeypatch.setattr(FeatureTransformer, "from_files", fail)
    with pytest.raises(ModelUnreadableError, match="the memory of this machine"):
        load_served(folder)


class Scripted:
    """A source whose identities and failures a test sets."""

    def __init__(self, served: Served) -> None:
        self.identities: list[str | Exception] = []
        self.served: Served | Exception = served
        self.during: Callable[[], None] = lambda: None

    def identity(self) -> str:
        self.during()
        identity = self.identities.pop(0)
        if isinstance(identity, Exception):
            raise identity
        return identity

    def load(self) -> Served:
        if isinstance(self.served, Exception):
            raise self.served
        return self.served


@pytest.fixture
def source(models: Path) -> Scripted:
    return Scripted(load_served(models / "baseline"))


def test_a_source_that_comes_back_with_the_same_model_leaves_no_problem(source: Scripted) -> None:
    holder, events = holder_of(source)
    source.identities = ["a", OSError(errno.ESTALE, "stale file handle"), "a"]
    holder.look()
    holder.look()
    assert "stale file handle" in str(holder.problem)
    holder.look()
    assert holder.problem is None
    assert [event for event, _ in events] == ["loaded", "source_away", "source_back"]


def test_a_source_that_comes_back_with_a_refused_model_still_says_why(source: Scripted) -> None:
    holder, events = holder_of(source)
    source.identities = ["a", OSError("away"), "a"]
    source.served = ModelFileError("altered")
    for _ in range(3):
        holder.look()
    assert holder.problem == "altered"
    assert [event for event, _ in events] == ["refused", "source_away", "source_back"]


def test_a_check_that_has_ended_is_not_reported_as_late(source: Scripted) -> None:
    holder, events = holder_of(source)
    source.identities = ["a", "a"]
    holder.look()
    # the report comes from a thread of its own, and may be late itself
    holder.report_late(5)
    assert holder.problem is None
    assert [event for event, _ in events] == ["loaded"]
    source.during = lambda: holder.report_late(5)
    holder.look()
    assert holder.problem is None
    assert [event for event, _ in events] == ["loaded", "source_away", "source_back"]


def test_files_put_in_place_with_their_old_times_are_another_identity(folder: Path) -> None:
    source, path = FolderSource(folder), folder / "manifest.json"
    before, times = source.identity(), path.stat()
    content = path.read_bytes()
    path.write_bytes(content[::-1])
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert source.identity() != before


def test_a_served_predictor_does_not_keep_its_files(models: Path) -> None:
    predictor = Predictor.load(models / "first")
    served = load_served(models / "first")
    assert served.sha256 == predictor.sha256
    assert predictor._bundle is not None
    assert served.predictor._bundle is None


@pytest.mark.parametrize(
    ("months", "shown"),
    [
        (["2023-01"], "2023-01"),
        (["2023-01", "2023-02", "2023-03"], "2023-01..2023-03"),
        (["2023-01", "2023-04"], "2023-01 2023-04"),
    ],
)
def test_the_start_names_the_training_months_and_no_others(
    source: Scripted, months: list[str], shown: str
) -> None:
    assert isinstance(source.served, Served)
    holder, _ = holder_of(source)
    facts = {"train_months": months}
    holder.current = replace(source.served, predictor=replace(source.served.predictor, facts=facts))
    assert f", learnt from {shown}. Open" in describe_start(holder, "http://localhost/")
