"""The feature transformer: scikit-learn's contract, fitted on training trips, used everywhere."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from trip_duration.bundle import Bundle
from trip_duration.errors import DataError, ModelFileError
from trip_duration.features import calendar, geometry, history
from trip_duration.features.contract import Contract
from trip_duration.features.dictionary import Feature
from trip_duration.features.reach import Reach
from trip_duration.features.requests import ROUTE_FEATURES, ZONE_FEATURES, Requests, as_requests

if TYPE_CHECKING:
    import pandas as pd

FEATURES: tuple[Feature, ...] = (
    *calendar.FEATURES,
    *geometry.FEATURES,
    *history.FEATURES,
    *ZONE_FEATURES,
    *ROUTE_FEATURES,
)
FEATURE_NAMES = tuple(feature.name for feature in FEATURES)
ROUTE_NAMES = tuple(feature.name for feature in ROUTE_FEATURES)
VERSIONS = {feature.name: feature.version for feature in FEATURES}
KIND = "feature_transformer"
# the geometry of transformers that were saved without the names of theirs
_FIRST_GEOMETRY = (
    *("pickup_x", "pickup_y", "dropoff_x", "dropoff_y", "straight_distance", "street_distance"),
    *("bearing", "same_zone", "pickup_borough", "dropoff_borough", "borough_pair"),
    *("pickup_airport", "dropoff_airport", "pickup_area", "dropoff_area"),
)
_STREET = [feature.name for feature in geometry.FEATURES].index("street_distance")
_TYPICAL_MILES, _TYPICAL_SPEED, _HOUR_PACE = 1, 2, 3

Matrix = npt.NDArray[np.float32]
Data: TypeAlias = "Requests | pd.DataFrame | Mapping[str, Any]"


class FeatureTransformer(Contract):
    """Turns requests into the numeric matrix that every estimator of the project takes.

    ``fit_transform`` differs from ``fit`` followed by ``transform``, as in scikit-learn's
    ``TargetEncoder``: training rows get history learnt from the other days only, for their own
    durations must not tell them the answer.

    Args:
        zones: Rows as in the ``Zones`` contract.
        smoothing: Trips' worth of weight that zones have in the history of a pair.
        folds: Folds by day for the history of the training rows.

    Attributes:
        vocabulary_: Zone ids seen in training; the code of one is its row of the zones, else 0.
        selected_: Names of the columns that ``transform`` returns.
        reach_: Days and distances that were learnt from.
        usual_: Median geometry of training trips, which stands in where a zone is not known.
    """

    def __init__(
        self, zones: pd.DataFrame | None = None, smoothing: float = 20.0, folds: int = 5
    ) -> None:
        """Keep the settings, as scikit-learn asks."""
        self.zones = zones
        self.smoothing = smoothing
        self.folds = folds

    def fit(self, X: Data, y: npt.ArrayLike) -> Self:
        """Learn zones and history from training trips.

        Args:
            X: Requests, ``route_distance`` being the metered distance where there is one.
            y: Durations, minutes, shape ``(n,)``.
        """
        self._fit(X, y)
        return self

    def fit_transform(self, X: Data, y: npt.ArrayLike) -> Matrix:
        """Fit, and return the features of the training trips with history from other days."""
        requests, trips = self._fit(X, y)
        parts = self._parts(requests)
        fold = requests.pickup_datetime.astype("datetime64[D]").astype(np.int64) % self.folds
        for number in np.unique(fold):
            rows = fold == number
            others = history.learn_history(trips.rows(~rows), len(self.zone_table_), self.smoothing)
            own = trips.rows(rows)
            parts["history"][rows] = others.features(own.pickup, own.dropoff, own.hour, own.street)
        return self._assemble(requests, parts)

    def transform(self, X: Data) -> Matrix:
        """Return the features of requests, ``float32`` of shape ``(n, features)``.

        Zones that are not known have the code 0, the usual geometry and the history of the city as
        a whole; features of the route are NaN where no distance is given.
        """
        self._require("history_")
        requests = as_requests(X)
        return self._assemble(requests, self._parts(requests))

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[np.object_]:
        """Return the names of the columns of the matrix."""
        self._require("selected_")
        return np.asarray(self.selected_, dtype=object)

    def select(self, names: Iterable[str]) -> Self:
        """Return a copy of this fitted transformer that returns only the named columns."""
        wanted = set(names)
        unknown = wanted - set(FEATURE_NAMES)
        if unknown:
            raise DataError(f"unknown features: {', '.join(sorted(unknown))}")
        other = copy.copy(self)
        other._set_selected(tuple(name for name in FEATURE_NAMES if name in wanted))
        return other

    def without_distance(self, matrix: Matrix) -> Matrix:
        """Return the same rows of features as they are for requests without a distance."""
        hidden = matrix.copy()
        hidden[:, [i for i, name in enumerate(self.selected_) if name in ROUTE_NAMES]] = np.nan
        return hidden

    def flag(self, X: Data) -> dict[str, npt.NDArray[np.bool_]]:
        """Tell which requests are unlike the trips that were learnt from; see ``Reach.flags``."""
        self._require("history_")
        requests = as_requests(X)
        ends = (requests.pickup_zone, requests.dropoff_zone)
        unknown = np.logical_or(*(self.zone_table_.rows(ids) == 0 for ids in ends))
        unseen = np.logical_or(*(self._codes(ids) == 0 for ids in ends))
        return self.reach_.flags(requests, unknown, unseen)

    def to_bundle(self) -> Bundle:
        """Return the fitted state as a bundle of its own."""
        return Bundle(KIND, {"selected": list(self.selected_)}, self.to_files())

    @classmethod
    def from_bundle(cls, bundle: Bundle) -> Self:
        """Rebuild a fitted transformer of a verified bundle."""
        return cls.from_files(bundle.files)

    def to_files(self) -> dict[str, bytes]:
        """Return the fitted state as JSON and npz; nothing in it can run code."""
        self._require("history_")
        facts = {
            "smoothing": self.smoothing,
            "folds": self.folds,
            "selected": self.selected_,
            "versions": {name: VERSIONS[name] for name in self.selected_},
            "geometry": [feature.name for feature in geometry.FEATURES],
            "boroughs": self.zone_table_.boroughs,
            "reach": self.reach_.to_json(),
        }
        arrays = {
            "holidays": self.holidays_,
            "vocabulary": self.vocabulary_,
            "zone_rows": self.zone_table_.row_of,
            "zone_columns": self.zone_table_.columns,
            "usual": self.usual_,
            **{f"history_{name}": value for name, value in vars(self.history_).items()},
        }
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **arrays)
        return {
            "features.json": json.dumps(facts, indent=1).encode(),
            "features.npz": buffer.getvalue(),
        }

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """Rebuild a fitted transformer from what ``to_files`` returned, here or in earlier code.

        Raises:
            ModelFileError: If a feature that it computes has no such definition in this code.
        """
        facts = json.loads(files["features.json"])
        _require_definitions(facts.get("versions", dict.fromkeys(facts["selected"], 1)))
        arrays = np.load(io.BytesIO(files["features.npz"]), allow_pickle=False)
        self = cls(smoothing=facts["smoothing"], folds=facts["folds"])
        self.holidays_ = arrays["holidays"]
        self.vocabulary_ = arrays["vocabulary"]
        self.zone_table_ = geometry.ZoneTable(
            arrays["zone_rows"], arrays["zone_columns"], tuple(facts["boroughs"])
        )
        saved = {name.removeprefix("history_"): array for name, array in arrays.items()}
        self.history_ = history.read_history(saved, len(self.zone_table_))
        self.reach_ = Reach.from_json(facts["reach"])
        usual = dict(zip(facts.get("geometry", _FIRST_GEOMETRY), arrays["usual"], strict=True))
        self.usual_ = np.array([usual.get(f.name, np.nan) for f in geometry.FEATURES])
        self._tabulate()
        self._set_selected(tuple(facts["selected"]))
        return self

    def _fit(self, X: Data, y: npt.ArrayLike) -> tuple[Requests, history.Trips]:
        if self.zones is None:
            raise DataError("the feature transformer needs zones to be fitted")
        requests, minutes = as_requests(X), np.asarray(y, dtype=np.float64)
        self.holidays_ = calendar.holiday_days()
        self.zone_table_ = geometry.ZoneTable.of(self.zones)
        self.vocabulary_ = np.unique(np.append(requests.pickup_zone, requests.dropoff_zone))
        self.reach_ = Reach.of(requests)
        pickup, dropoff, hour = self._places(requests)
        self.usual_ = geometry.usual_geometry(self.zone_table_, pickup, dropoff)
        self._tabulate()
        street = self._pairs[pickup * len(self.zone_table_) + dropoff, _STREET]
        miles = requests.route_distance
        trips = history.Trips(pickup, dropoff, hour, street, minutes, miles)
        self.history_ = history.learn_history(trips, len(self.zone_table_), self.smoothing)
        self._set_selected(FEATURE_NAMES)
        return requests, trips

    def _tabulate(self) -> None:
        """Compute the tables that follow from the fitted state, once."""
        self._days = calendar.day_table(self.holidays_)
        self._pairs = geometry.pair_table(self.zone_table_, self.usual_)
        self._code_of = np.zeros(len(self.zone_table_.row_of) + 1, dtype=np.int64)
        known = self.vocabulary_[(self.vocabulary_ > 0) & (self.vocabulary_ < len(self._code_of))]
        self._code_of[known] = self.zone_table_.rows(known)
        self._code_of[-1] = 0

    def _set_selected(self, names: tuple[str, ...]) -> None:
        self.selected_ = names
        self.n_features_out_ = len(names)
        self._columns = [FEATURE_NAMES.index(name) for name in names]

    def _codes(self, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        codes: npt.NDArray[np.int64] = self._code_of[ids.clip(0, len(self._code_of) - 1)]
        return codes

    def _places(self, requests: Requests) -> Any:
        """Return the rows of both zones, and the hour of the week."""
        ends = (requests.pickup_zone, requests.dropoff_zone)
        hour = calendar.hour_of_week(requests.pickup_datetime)
        return *(self.zone_table_.rows(ids) for ids in ends), hour

    def _parts(self, requests: Requests) -> dict[str, Matrix]:
        pickup, dropoff, hour = self._places(requests)
        pairs = self._pairs[pickup * len(self.zone_table_) + dropoff]
        return {
            "calendar": calendar.calendar_features(requests.pickup_datetime, self._days),
            "geometry": pairs,
            "history": self.history_.features(pickup, dropoff, hour, pairs[:, _STREET]),
        }

    def _assemble(self, requests: Requests, parts: dict[str, Matrix]) -> Matrix:
        typical = parts["history"]
        route = np.empty((len(requests), len(ROUTE_FEATURES)), dtype=np.float32)
        route[:, 0] = miles = requests.route_distance
        route[:, 1] = miles / typical[:, _TYPICAL_MILES]
        route[:, 2] = miles / typical[:, _TYPICAL_SPEED] * 60 * np.exp(typical[:, _HOUR_PACE])
        codes = [self._codes(ids)[:, None] for ids in (requests.pickup_zone, requests.dropoff_zone)]
        everything = np.concatenate(
            [parts["calendar"], parts["geometry"], typical, *codes, route], axis=1, dtype=np.float32
        )
        whole = len(self._columns) == len(FEATURE_NAMES)
        return everything if whole else everything[:, self._columns]


def _require_definitions(versions: Mapping[str, int]) -> None:
    """Refuse features whose definitions this code does not have.

    Args:
        versions: Version of each feature that a saved transformer computes.

    Raises:
        ModelFileError: With the name of each, its version there and here.
    """
    incompatible = [
        f"{name} version {version} (this code has "
        f"{f'version {VERSIONS[name]}' if name in VERSIONS else 'no such feature'})"
        for name, version in versions.items()
        if VERSIONS.get(name) != version
    ]
    if incompatible:
        raise ModelFileError(
            f"the model was fitted with other definitions of features: {', '.join(incompatible)}. "
            "It would answer wrongly. Serve it with the release that made it, or train anew."
        )
