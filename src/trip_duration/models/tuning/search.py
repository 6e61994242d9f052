"""The search: one trial after the other, each scored on every fold."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from trip_duration.errors import ParameterError
from trip_duration.models.tuning.folds import Fold
from trip_duration.models.tuning.trials import State, Trial, best_trial
from trip_duration.params import ModellingParams, TuningParams
from trip_duration.params.tuning import with_values
from trip_duration.progress import Bar, bar

if TYPE_CHECKING:
    from trip_duration.models.tuning.draws import Draws

log = logging.getLogger(__name__)
MINUTE = 60.0


@dataclass(frozen=True)
class Study:
    """What is searched, and how.

    Attributes:
        digest: Identity of the search.
        modelling: Family, objective and configured settings.
        tuning: Strategy, budget and space.
    """

    digest: str
    modelling: ModellingParams
    tuning: TuningParams

    def __post_init__(self) -> None:
        """Refuse a search of nothing.

        Raises:
            ParameterError: If the family has no space.
        """
        family = self.modelling.model_type
        if self.tuning.strategy != "none" and not self.tuning.spaces.get(family):
            raise ParameterError(
                f"nothing to search for {family}: add tuning.spaces.{family} to "
                "parameters_tuning.yml, or set tuning.strategy=none"
            )

    def with_settings(self, params: dict[str, Any]) -> ModellingParams:
        """Return the modelling parameters with other settings of the family."""
        family = self.modelling.model_type
        group = with_values(getattr(self.modelling, family), params)
        return self.modelling.model_copy(update={family: group})

    @property
    def configured(self) -> dict[str, Any]:
        """The configured settings, as far as the space has them."""
        family = self.modelling.model_type
        names = sorted(self.tuning.spaces.get(family, {}))
        return {name: getattr(getattr(self.modelling, family), name) for name in names}


def search(study: Study, folds: Sequence[Fold], ended: Sequence[Trial]) -> Iterator[Trial]:
    """Try settings until the budget is used up, the configured ones first.

    Args:
        study: What is searched.
        folds: Folds that score a trial.
        ended: Trials of the same study that ended before; they are not tried again.

    Yields:
        Every trial, in the order of the search, those that ended before included.
    """
    # Optuna costs half a second, which only a search is to pay
    from trip_duration.models.tuning.draws import Draws  # noqa: PLC0415

    draws, trials = Draws(study.modelling.model_type, study.tuning), list(ended)
    yield from trials
    with bar("tuning", draws.size, "trials", done=len(trials)) as progress_bar:
        while len(trials) < draws.size and not _time_is_up(trials, study.tuning.timeout):
            trial = _try(study, folds, draws, trials)
            trials.append(trial)
            _tell(progress_bar, trials)
            yield trial


def _time_is_up(trials: Sequence[Trial], timeout: float) -> bool:
    return 0 < timeout * MINUTE <= sum(trial.seconds for trial in trials)


def _try(study: Study, folds: Sequence[Fold], draws: Draws, trials: Sequence[Trial]) -> Trial:
    began = perf_counter()
    drawn = draws.next(trials) if trials else None
    params = study.configured if drawn is None else dict(sorted(drawn.params.items()))
    modelling, scores, reason = study.with_settings(params), list[float](), ""
    state: State = "complete"
    try:
        for fold in folds:
            if drawn is not None and scores and draws.hopeless(drawn, scores, trials[0]):
                state = "pruned"
                break
            scores.append(_finite(fold.score(modelling)))
    except Exception as error:
        # all others are compared with the configured settings
        if drawn is None or not _blames_settings(error):
            raise
        log.exception("trial %d failed with %s", len(trials), params)
        state, reason = "failed", f"{type(error).__name__}: {error}"
    value = float(np.mean(scores)) if state == "complete" else None
    seconds = perf_counter() - began
    return Trial(study.digest, len(trials), params, state, scores, value, seconds, reason)


def _blames_settings(error: Exception) -> bool:
    # a slip in the code and a machine that is too small would fail every trial alike; where
    # scikit-learn refuses a setting, its error is of both kinds
    return isinstance(error, ValueError) or not isinstance(error, TypeError | MemoryError)


def _finite(score: float) -> float:
    if not np.isfinite(score):
        raise ArithmeticError(f"the score of a fold is {score}")
    return score


def _tell(progress_bar: Bar, trials: Sequence[Trial]) -> None:
    last, best = trials[-1], best_trial(trials)
    progress_bar.advance()
    progress_bar.update(f"tuning, best {best.value:.4f}" if best else "tuning")
    scored = " ".join(f"{score:.4f}" for score in last.scores)
    log.info(
        "trial %d %s: %s (%.1f s), %s", last.number, last.state, scored, last.seconds, last.params
    )
