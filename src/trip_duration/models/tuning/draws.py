"""What to try next, and what to give up: Optuna's samplers and pruner on the trials so far.

Each trial has an Optuna study of its own, filled with the trials that ended before it, and a
sampler seeded by its number. So it depends on those trials and on nothing else: a search that was
killed and taken up again goes on as if it had never stopped.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.samplers import BaseSampler, GridSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState

from trip_duration.models.tuning.trials import Trial
from trip_duration.params.model import ModelType
from trip_duration.params.tuning import Choice, Space, Span, TuningParams, family_group

# trials that are drawn evenly before TPE has enough to go by, and before any is given up
STARTUP = 5
_STATES = {
    "complete": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED,
    "failed": TrialState.FAIL,
}
Grid = dict[str, list[Any]]


class Draws:
    """Draws settings from a space, by a strategy.

    Args:
        family: Family whose settings are drawn.
        params: Strategy, seed and space.
    """

    def __init__(self, family: ModelType, params: TuningParams) -> None:
        """Read the space."""
        self._params = params
        space = params.spaces.get(family, {})
        self._distributions = distributions_of(family, space)
        self._grid = grid_of(family, space)
        self._points = math.prod(len(values) for values in self._grid.values())

    @property
    def size(self) -> int:
        """Settings that there are to try at most, the configured ones included."""
        possible = {"none": 0, "grid": self._points}.get(self._params.strategy, self._params.trials)
        return min(1 + possible, self._params.trials)

    def next(self, trials: Sequence[Trial]) -> optuna.Trial:
        """Draw the settings of the trial after these, whose first is that of the default."""
        return self._study(trials).ask(self._distributions)

    def hopeless(self, drawn: optuna.Trial, scores: Sequence[float], default: Trial) -> bool:
        """Tell whether a trial is to be given up after some of its folds.

        It is, if it does worse than the median of the others. Scores are compared relative to those
        of the default, because some folds are harder for all.
        """
        drawn.report(relative(scores, default)[-1], len(scores) - 1)
        return self._params.pruning and bool(drawn.should_prune())

    def _study(self, trials: Sequence[Trial]) -> optuna.Study:
        quiet = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        try:
            pruner = optuna.pruners.MedianPruner(n_startup_trials=STARTUP)
            study = optuna.create_study(sampler=self._sampler(len(trials)), pruner=pruner)
            study.add_trials([self._frozen(trial, trials[0]) for trial in trials])
        finally:
            optuna.logging.set_verbosity(quiet)
        return study

    def _sampler(self, number: int) -> BaseSampler:
        seed = self._params.seed
        if self._params.strategy == "grid":
            # it shuffles the grid by its seed, once for all trials
            return GridSampler(self._grid, seed=seed)
        if self._params.strategy == "random":
            return RandomSampler(seed=seed + number)
        return TPESampler(seed=seed + number, n_startup_trials=STARTUP)

    def _frozen(self, trial: Trial, default: Trial) -> FrozenTrial:
        # the configured settings may lie outside the space
        inside = {
            name: value
            for name, value in trial.params.items()
            if _allows(self._distributions[name], value)
        }
        return optuna.trial.create_trial(
            state=_STATES[trial.state],
            value=trial.value,
            params=inside,
            distributions={name: self._distributions[name] for name in inside},
            intermediate_values=dict(enumerate(relative(trial.scores, default))),
            system_attrs=self._place(trial.number),
        )

    def _place(self, number: int) -> dict[str, Any]:
        if self._params.strategy != "grid" or not number:
            return {}
        # where Optuna's sampler has put it: by number, and the first point, which was the turn of
        # the default, last
        return {"grid_id": number % self._points, "search_space": self._grid}


def _allows(distribution: Any, value: Any) -> bool:
    if isinstance(distribution, CategoricalDistribution):
        return value in distribution.choices
    return bool(distribution.low <= value <= distribution.high)


def relative(scores: Sequence[float], default: Trial) -> list[float]:
    """Return the mean of scores relative to those of the default, up to each fold."""
    ratios = np.asarray(scores) / np.asarray(default.scores[: len(scores)])
    means: list[float] = (np.cumsum(ratios) / np.arange(1, len(ratios) + 1)).tolist()
    return means


def distributions_of(family: ModelType, space: Space) -> dict[str, BaseDistribution]:
    """Return a space as Optuna has it."""
    return {name: _distribution(_kind(family, name), area) for name, area in space.items()}


def _distribution(kind: Literal["int", "float"], area: Span | Choice) -> BaseDistribution:
    if isinstance(area, Choice):
        return CategoricalDistribution(area.choices)
    if kind == "int":
        return IntDistribution(int(area.low), int(area.high), log=area.log)
    return FloatDistribution(float(area.low), float(area.high), log=area.log)


def _kind(family: ModelType, name: str) -> Literal["int", "float"]:
    return "int" if family_group(family).model_fields[name].annotation is int else "float"


def grid_of(family: ModelType, space: Space) -> Grid:
    """Return the values that a grid takes of each parameter, in the order of the names."""
    return {name: _values(_kind(family, name), space[name]) for name in sorted(space)}


def _values(kind: Literal["int", "float"], area: Span | Choice) -> list[Any]:
    if isinstance(area, Choice):
        return list(area.choices)
    spaced = (np.geomspace if area.log else np.linspace)(area.low, area.high, area.steps)
    if kind == "int":
        return sorted({int(value) for value in spaced.round()})
    return [float(value) for value in spaced.clip(area.low, area.high)]
