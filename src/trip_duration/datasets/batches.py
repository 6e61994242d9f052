"""Files of requests, the predictor that is to answer them, and the files of answers."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import AbstractDataset
from kedro.io.core import DatasetError

from trip_duration.datasets.folders import local_folder
from trip_duration.datasets.registered import Place
from trip_duration.errors import DataError, ModelFileError, ParameterError, TripDurationError
from trip_duration.months import span_months
from trip_duration.registry import CHAMPION, MODEL_NAME, Registry
from trip_duration.registry.places import SQLITE

if TYPE_CHECKING:
    from trip_duration.inference import Batch, Requested
    from trip_duration.models import Predictor

log = logging.getLogger(__name__)
_MODELS = "models:/"


class RefusedInput(DatasetError):
    """Requests, a model or an output that cannot be used."""


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except TripDurationError as error:
        raise RefusedInput(str(error)) from error


def _place(path: str | None) -> Path | None:
    return local_folder(path) if path else None


def _given(place: Path | None, name: str) -> Path:
    # asked for late, for Kedro shows a traceback of what a dataset refuses when it is made
    if place is None:
        raise ParameterError(f'{name} is empty. Give it by --params "{name}=..."')
    return place


class RequestFilesDataset(AbstractDataset[Any, "Requested"]):
    """A file of requests, or a folder of them; loaded as paths, for the content may be large.

    Args:
        path: The file or the folder; without one, nothing can be loaded.
        metadata: For Kedro's plugins.
    """

    def __init__(self, path: str | None, metadata: dict[str, Any] | None = None) -> None:  # noqa: D107 - see the class
        self._place = _place(path)
        self.metadata = metadata

    def load(self) -> Requested:
        """Return the files by name.

        Raises:
            RefusedInput: If there is nothing to read.
        """
        # Arrow and the estimators' libraries are imported when there is something to answer
        from trip_duration.inference import find_files  # noqa: PLC0415

        with _refusing():
            return find_files(_given(self._place, "input"))

    def save(self, data: Any) -> None:
        """Refuse: requests come from outside."""
        raise DataError("requests are read, not written.")

    def _exists(self) -> bool:
        return self._place is not None and self._place.exists()

    def _describe(self) -> dict[str, Any]:
        return {"path": self._place and self._place.as_posix()}


class ChosenPredictorDataset(AbstractDataset[Any, "Predictor"]):
    """The predictor of a folder, or of a version of the registry.

    Args:
        model: A folder; else the alias or the number of a version, alone or as MLflow writes them:
            ``models:/name@alias`` and ``models:/name/number``. Without one it is the champion, or
            ``default`` while the registry has none.
        project: Its ``path`` is where relative folders begin.
        registry: Where MLflow keeps the registry, as for a registered predictor.
        default: The folder of the last run.
        metadata: For Kedro's plugins.
    """

    def __init__(  # noqa: D107 - see the class
        self,
        model: str | int | None,
        project: Mapping[str, str],
        registry: Place,
        default: str = "data/06_models/predictor",
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._model = None if model in (None, "") else str(model)
        self._project, self._default = Path(project["path"]), default
        self._named = bool(registry.get("url"))
        self._registry = Registry(registry.get("url") or f"{SQLITE}{registry['path']}")
        self.metadata = metadata

    def load(self) -> Predictor:
        """Return the predictor, verified; a line of the log says which one it is.

        Raises:
            RefusedInput: If there is none, if its files were altered, or if no model was named and
                the registry does not answer.
        """
        from trip_duration.models import Predictor  # noqa: PLC0415 - see RequestFilesDataset

        with _refusing():
            if self._model is None and self._registry.has_champion(required=self._named):
                return self._load_version(CHAMPION)
            model = self._model or self._default
            folder = self._project / model
            if folder.is_dir():
                predictor = Predictor.load(folder)
                log.info("using %s from the folder %s", _describe(predictor), folder)
                return predictor
            reference = _reference(model)
            if reference is None:
                raise ModelFileError(
                    f"{folder} is no folder of a predictor. Train one by `kedro run`, or give "
                    '--params "model=..." a folder, or the alias or number of a version.'
                )
            return self._load_version(reference)

    def _load_version(self, reference: str) -> Predictor:
        registered = self._registry.load(reference)
        version, predictor = registered.version, registered.predictor
        alias = "" if reference == version.number else f" ({reference})"
        described = _describe(predictor)
        log.info("using version %s%s of the registry, %s", version.number, alias, described)
        return predictor

    def save(self, data: Any) -> None:
        """Refuse: a predictor is saved by the run that trains it."""
        raise DataError("a predictor is saved by the run that trains it.")

    def _exists(self) -> bool:
        model = self._model or self._default
        return (self._project / model).is_dir() or _reference(model) is not None

    def _describe(self) -> dict[str, Any]:
        return {"model": self._model or f"{CHAMPION}, else {self._default}"}


def _describe(predictor: Predictor) -> str:
    months = predictor.facts.get("train_months")
    learnt = f", learnt from {span_months(months)}" if months else ""
    return f"{predictor.family}{learnt}, sha256 {predictor.sha256[:12]}"


class AnswerFilesDataset(AbstractDataset["Batch", Path]):
    """Answers: saving a batch is what answers it, a chunk at a time.

    Args:
        path: A file, or a folder for the answers to a folder; without one, nothing can be saved.
        metadata: For Kedro's plugins.
    """

    def __init__(self, path: str | None, metadata: dict[str, Any] | None = None) -> None:  # noqa: D107 - see the class
        self._place = _place(path)
        self.metadata = metadata

    def load(self) -> Path:
        """Return where the answers are."""
        with _refusing():
            return _given(self._place, "output")

    def save(self, data: Batch) -> None:
        """Answer the batch, or go on with it where a run was killed.

        Raises:
            RefusedInput: If a file cannot be read or written; the message names it.
        """
        from trip_duration.inference import write_batch  # noqa: PLC0415 - see RequestFilesDataset

        with _refusing():
            write_batch(data, _given(self._place, "output"))

    def _exists(self) -> bool:
        return self._place is not None and self._place.exists()

    def _describe(self) -> dict[str, Any]:
        return {"path": self._place and self._place.as_posix()}


def _reference(model: str) -> str | None:
    """Return the alias or the number that a model is named by, or None if it is a path."""
    if not model.startswith(_MODELS):
        # a leading @, as MLflow writes aliases, is no value to Kedro's command line
        return model.removeprefix("@") if "/" not in model else None
    named = re.fullmatch(f"{MODEL_NAME}[@/](.+)", model.removeprefix(_MODELS))
    if named is None:
        raise ModelFileError(
            f"{model}: expected {_MODELS}{MODEL_NAME}@alias or {_MODELS}{MODEL_NAME}/number"
        )
    return named[1]
