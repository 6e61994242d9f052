"""The search for better settings of a family, by folds that follow the calendar.

Knows trips, parameters and what was tried before. It must not know pipelines, files or tracking.
Nothing that predicts imports it: it is the one part of this room that needs Optuna.
"""

from trip_duration.models.tuning.folds import Fold, Window, fold_windows, make_fold
from trip_duration.models.tuning.identity import digest_of_search
from trip_duration.models.tuning.search import Study, search
from trip_duration.models.tuning.trials import Trial, best_trial, read_trials

__all__ = [
    "Fold",
    "Study",
    "Trial",
    "Window",
    "best_trial",
    "digest_of_search",
    "fold_windows",
    "make_fold",
    "read_trials",
    "search",
]
