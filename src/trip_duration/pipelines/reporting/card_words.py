"""What the model card calls families and settings."""

from __future__ import annotations

from typing import Any

from trip_duration.params import SYNTHETIC

FAMILIES = {
    "lightgbm": "Gradient-boosted trees (LightGBM), stopped early on the validation trips.",
    "xgboost": "Gradient-boosted trees (XGBoost), stopped early on the validation trips.",
    "random_forest": "A random forest (scikit-learn): trees that are grown apart and averaged.",
    "linear": "Linear regression on scaled and one-hot coded features, by gradient descent.",
    "lookup": "A lookup table of median durations by zone pair and hour, and coarser cells.",
}
# families that do not minimise the objective itself, or none
_TRAINED = {
    ("lookup", "absolute_error"): "medians of cells, which follow no objective",
    ("lookup", "squared_error"): "medians of cells, which follow no objective",
    ("random_forest", "absolute_error"): "trained to the least squared error of the logarithm of "
    "minutes, in place of the mean absolute error",
}
IMPORTANCE = {
    "lightgbm": "the gain of all splits on it",
    "xgboost": "the gain of all splits on it",
    "random_forest": "the fall of squared error in all splits on it",
    "linear": "how far it moves the predictions of training trips",
    "lookup": "the same share for each column of the table",
}
PRESENTATIONS = {
    "both": "Every training trip is shown to it twice, with its metered distance and without, so "
    "that one model answers both kinds of request.",
    "with_distance": "Training trips are shown to it with their metered distance only: what it "
    "answers to requests without a distance means nothing.",
    "without_distance": "Training trips are shown to it without their distance only: it makes "
    "nothing of the distance of a request.",
}
# what becomes of the validation trips, and of which model their metrics are
REFIT = {
    True: {
        "refit": "Then transformer and estimator were fitted once more, to all known trips, those "
        "of validation included, for as many rounds as validation had found.",
        "kept": "kept for validation at first",
        "validation_words": "Metrics of validation trips are of the model before it was fitted "
        "once more, to which they are new.",
    },
    False: {
        "refit": "It was not fitted once more to the validation trips.",
        "kept": "kept for validation",
        "validation_words": "Validation trips have set the number of rounds, but no weights.",
    },
}
_OBJECTIVES = {
    "absolute_error": "mean absolute error",
    "squared_error": "mean squared error",
}


def say_training(family: str, objective: str) -> str:
    """Say what training has minimised, if anything."""
    least = f"trained to the least {_OBJECTIVES.get(objective, objective)}"
    return _TRAINED.get((family, objective), least)


def describe_source(run: dict[str, Any]) -> dict[str, str]:
    """Describe where the trips come from, in the head of the card and in its section on data."""
    if run["source"] == SYNTHETIC:
        return {
            "source": "synthetic: the trips are made up by a generated city",
            "source_words": ", in the form of which a synthetic city has published them",
        }
    return {
        "source": f"real: files of TLC from `{run['source_root']}`",
        "source_words": f", from `{run['source_root']}`",
    }
