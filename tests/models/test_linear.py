"""Linear regression: scikit-learn's own, folded into weights."""

from __future__ import annotations

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import SGDRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from tests.models.small_families import NAMES, make_rows
from trip_duration.models.linear import Linear
from trip_duration.params import LinearParams


def test_linear_keeps_the_pass_of_the_lowest_validation_loss() -> None:
    matrix, minutes = make_rows()
    params = LinearParams(alpha=1e-4, max_iter=30)
    curve = Linear(params).fit(matrix, minutes, eval_set=make_rows(seed=1)).curve_
    assert curve.best_round == int(np.argmin(curve.validation)) + 1
    assert len(curve.train) == len(curve.validation) >= 3


def test_linear_folds_scikit_learns_pipeline_into_weights() -> None:
    matrix, minutes = make_rows()
    params = LinearParams(alpha=1e-4, max_iter=3)
    ours = Linear(params, seed=1).fit(matrix, minutes, feature_names=NAMES)
    encoder = ColumnTransformer(
        [
            ("n", make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()), [3]),
            ("c", OneHotEncoder(handle_unknown="ignore"), [0, 1, 2]),
        ]
    )
    theirs = SGDRegressor(
        loss="epsilon_insensitive", epsilon=0.0, alpha=1e-4, average=True, random_state=1
    )
    encoded = encoder.fit_transform(matrix)
    for _ in range(3):
        theirs.partial_fit(encoded, minutes)
    later, _ = make_rows(seed=2)
    later[0, 0] = 99.0  # a code never seen
    expected = theirs.predict(encoder.transform(later))
    np.testing.assert_allclose(ours.predict(later), expected, rtol=1e-6)
