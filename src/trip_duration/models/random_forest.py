"""A random forest by scikit-learn, saved by skops."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from trip_duration.models.estimator import Estimator, LearningCurve, Matrix, Minutes
from trip_duration.models.skops_file import read_skops, write_skops
from trip_duration.params import Objective, RandomForestParams

# all that a saved forest is made of
TRUSTED = (
    "builtins.dict",
    "builtins.list",
    "builtins.str",
    "builtins.tuple",
    "numpy.ndarray",
    "sklearn.ensemble._forest.RandomForestRegressor",
    "sklearn.tree._classes.DecisionTreeRegressor",
    "sklearn.tree._tree.Tree",
)
_FILE = "random_forest.skops"
_LEAF = -1


class RandomForest(Estimator):
    """Trees that are grown apart, on random shares of rows and features, and averaged.

    Splitting by absolute error takes scikit-learn a time that grows with the square of the rows.
    For that objective the logarithm of minutes is learnt by squared error instead: its mean is near
    the logarithm of the median where durations are skewed. Durations that are not all positive have
    no logarithm and are learnt as they are. NaN goes to the side of a split that served it best.

    Args:
        params: scikit-learn's settings.
        objective: Loss that training minimises; ``absolute_error`` nearly, as said above.
        seed: Seed of the shares of rows and features.
        num_threads: Threads in training; the trees do not depend on them.
    """

    family: ClassVar[str] = "random_forest"

    def __init__(
        self,
        params: RandomForestParams | None = None,
        objective: Objective = "absolute_error",
        seed: int = 0,
        num_threads: int = 2,
    ) -> None:
        """Keep the settings, as scikit-learn asks."""
        self.params = params
        self.objective = objective
        self.seed = seed
        self.num_threads = num_threads

    def _fit(self, X: Matrix, y: Minutes, eval_set: Any) -> None:
        from sklearn.ensemble import RandomForestRegressor  # noqa: PLC0415 - this family only

        params = self.params or RandomForestParams()
        logarithmic = self.objective == "absolute_error" and bool(y.min() > 0)
        forest = RandomForestRegressor(**self._settings(params), n_jobs=self.num_threads)
        forest.fit(X, np.log(y) if logarithmic else y)
        # what a saved forest is must not depend on the threads that grew it
        forest.set_params(n_jobs=None)
        self._keep(forest, logarithmic)

    def settings(self) -> dict[str, Any]:
        """Return the forest's parameters, and what it learns: minutes or their logarithm."""
        learnt = "log_minutes" if self.objective == "absolute_error" else "minutes"
        threads = {"n_jobs": self.num_threads}
        return {**self._settings(self.params or RandomForestParams()), **threads, "target": learnt}

    def _settings(self, params: RandomForestParams) -> dict[str, Any]:
        return {**params.model_dump(), "criterion": "squared_error", "random_state": self.seed}

    def _keep(self, forest: Any, logarithmic: bool) -> None:
        self.forest_ = forest
        self.logarithmic_ = logarithmic
        self.trees_ = [fitted.tree_ for fitted in forest.estimators_]
        self.steps_ = [_steps(tree) for tree in self.trees_]
        self.content_: bytes | None = None
        self.curve_ = LearningCurve(self.objective)

    def _predict(self, X: Matrix) -> Minutes:
        # tree by tree in their order: scikit-learn's threads would add them as they come
        total = np.zeros(len(X))
        for tree in self.trees_:
            total += tree.predict(X)[:, 0]
        mean: Minutes = total / len(self.trees_)
        return np.exp(mean) if self.logarithmic_ else mean

    def contributions(self, X: Matrix) -> tuple[Minutes, Minutes]:
        """Return what the splits on each feature add on the way from the root to the leaf.

        Where logarithms were learnt, their contributions are turned into minutes in proportion, by
        the logarithmic mean of base and prediction. Sources: Palczewska and others, Interpreting
        Random Forest Models Using a Feature Contribution Method, 2013; Ang, Decomposition Analysis
        for Policymaking in Energy, 2004 (LMDI).
        """
        parts = np.zeros(X.size)
        for tree, (features, changes) in zip(self.trees_, self.steps_, strict=True):
            path = tree.decision_path(X)
            row = np.repeat(np.arange(len(X)), np.diff(path.indptr))
            cell = row * X.shape[1] + features[path.indices]
            parts += np.bincount(cell, changes[path.indices], minlength=X.size)
        parts = parts.reshape(X.shape) / len(self.trees_)
        base = float(np.mean([tree.value[0, 0, 0] for tree in self.trees_]))
        if not self.logarithmic_:
            return np.full(len(X), base), parts
        scale = np.exp(base) * _growth(parts.sum(axis=1))
        return np.full(len(X), np.exp(base)), parts * scale[:, None]

    def importance(self) -> dict[str, float]:
        """Return each feature's share of the fall of squared error in all splits."""
        shares = self.forest_.feature_importances_
        return dict(zip(self.feature_names_, shares.tolist(), strict=True))

    def to_files(self) -> dict[str, bytes]:
        """Return the forest as a file of skops, and the names of the features as JSON."""
        if self.content_ is None:
            self.content_ = write_skops(self.forest_)
        facts = {
            "names": self.feature_names_,
            "objective": self.objective,
            "logarithmic": self.logarithmic_,
        }
        return {"random_forest.json": json.dumps(facts).encode(), _FILE: self.content_}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """Rebuild the forest.

        Raises:
            ValueError: If the file holds anything but a forest of these features, or trees that
                lead out of themselves.
        """
        facts = json.loads(files["random_forest.json"])
        self = cls(objective=facts["objective"])
        self.feature_names_ = tuple(facts["names"])
        self.n_features_in_ = len(self.feature_names_)
        forest = read_skops(files[_FILE], TRUSTED)
        _check_forest(forest, self.n_features_in_)
        self._keep(forest, facts["logarithmic"])
        self.content_ = files[_FILE]
        return self


def _steps(tree: Any) -> tuple[npt.NDArray[np.int64], Minutes]:
    """Return, of each node, the feature that its parent asks for, and what it adds to its value."""
    features = np.zeros(tree.node_count, dtype=np.int64)
    changes = np.zeros(tree.node_count)
    values = tree.value[:, 0, 0]
    inner = np.flatnonzero(tree.children_left != _LEAF)
    for children in (tree.children_left[inner], tree.children_right[inner]):
        features[children] = tree.feature[inner]
        changes[children] = values[children] - values[inner]
    return features, changes


def _growth(logs: Minutes) -> Minutes:
    """Return ``(exp(x) - 1) / x``, which is 1 where nothing grows."""
    still = logs == 0
    return np.where(still, 1.0, np.expm1(logs) / np.where(still, 1.0, logs))


def _check_forest(forest: Any, features: int) -> None:
    try:
        trees = [fitted.tree_ for fitted in forest.estimators_]
    except AttributeError as error:
        raise ValueError(f"expected a forest in {_FILE}: {error}") from error
    for tree in trees:
        _check_tree(tree, features)


def _check_tree(tree: Any, features: int) -> None:
    # scikit-learn follows the numbers of a tree without a look at where they lead
    inner = np.flatnonzero(tree.children_left != _LEAF)
    below = np.concatenate([tree.children_left[inner], tree.children_right[inner]])
    asked = tree.feature[inner]
    inside = (below > np.tile(inner, 2)) & (below < tree.node_count)
    known = (asked >= 0) & (asked < features)
    if not (inside.all() and known.all() and tree.value.shape == (tree.node_count, 1, 1)):
        raise ValueError(f"a tree of {_FILE} leads out of itself or asks for unknown features")
