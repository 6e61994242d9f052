"""What a search has found, as a report and for the model card."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trip_duration.errors import DataError
from trip_duration.models.tuning import Trial, best_trial, read_trials
from trip_duration.months import span_months
from trip_duration.params import TuningParams

_ROWS = 10
_SCORES = {"absolute_error": "MAE", "squared_error": "RMSE"}


def report_tuning(
    tuning_trials: dict[str, Any], tuning_study: dict[str, Any], tuning: TuningParams
) -> dict[str, Any]:
    """Report the study, its winner, the configured settings beside it, and every trial.

    Args:
        tuning_trials: Records of all trials, of this study and of others.
        tuning_study: What was searched.
        tuning: Number of trials, beyond which none is looked at.

    Returns:
        ``study``, ``winner`` and ``default`` (trials), ``gain`` (minutes, and as a share), all
        ``trials``, and ``card``: title, lines and rows for the model card.
    """
    trials = read_trials(tuning_trials, tuning_study["digest"], tuning.trials)
    best, default = winner_of(trials), trials[0]
    gain = default.value - best.value if default.value and best.value else 0.0
    share = gain / default.value if default.value else 0.0
    report = {
        "study": tuning_study,
        "winner": best.to_record(),
        "default": default.to_record(),
        "gain": {"minutes": gain, "share": share},
        "trials": [trial.to_record() for trial in trials],
    }
    return {**report, "card": _card(trials, report)}


def winner_of(trials: Sequence[Trial]) -> Trial:
    """Return the best trial.

    Raises:
        DataError: If no trial is complete.
    """
    best = best_trial(trials)
    if best is None:
        raise DataError("no trial of this study is complete. Run the node search_settings first.")
    return best


def _card(trials: Sequence[Trial], report: dict[str, Any]) -> dict[str, Any]:
    study, best, default = report["study"], winner_of(trials), trials[0]
    windows, score = study["folds"], _SCORES[study["objective"]]
    counts = [sum(trial.state == state for trial in trials) for state in ("pruned", "failed")]
    lines = [
        f"{len(trials)} settings of {study['family']} were tried ({study['strategy']}; "
        f"{counts[0]} given up early, {counts[1]} failed) on {len(windows)} folds of "
        f"{span_months(study['train_months'])}, {windows[0][0]} to {windows[-1][1]}. The test "
        "months were not read.",
        f"Trial {best.number} is the best: {score} {best.value:.3f} minutes, "
        f"{100 * report['gain']['share']:.2f} % below that of the configured settings.",
    ]
    names = sorted(best.params)[: _ROWS - 1]
    rows = [[f"{score} (minutes)", f"{default.value:.3f}", f"{best.value:.3f}"]]
    rows += [[name, _short(default.params[name]), _short(best.params[name])] for name in names]
    return {
        "title": "Tuning",
        "lines": lines,
        "head": ["", "configured", "best"],
        "rows": rows,
    }


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
