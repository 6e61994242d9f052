"""How training goes, apart from the trips: what a candidate changes of it, and what it does not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import pandas as pd

from trip_duration.evaluation.folds import Candidate
from trip_duration.params import FeatureEngineeringParams, ModellingParams

# settings that no outcome depends on, months being those of the fold
_SPLITS = {"train_months", "test_months"}
# settings of all families alike; those of a family are under its own name, the table's are for all
_SHARED = {"model_type", "objective", "seed", "num_threads", "intervals", "lookup"}


@dataclass(frozen=True)
class Recipe:
    """How a predictor is made of trips.

    Attributes:
        zones: Geometry of the zones.
        features: Settings of validation, features and presentation.
        modelling: Family and its settings.
    """

    zones: pd.DataFrame
    features: FeatureEngineeringParams
    modelling: ModellingParams

    def of(self, candidate: Candidate) -> Self:
        """Return the recipe of a candidate."""
        selection = self.features.selection.model_copy(update={"sources": candidate.sources})
        features = {"selection": selection, "presentation": candidate.presentation}
        return replace(
            self,
            features=self.features.model_copy(update=features),
            modelling=self.modelling.model_copy(update={"model_type": candidate.family}),
        )

    def settings_of(self, candidate: Candidate) -> dict[str, Any]:
        """Return the settings that a candidate's outcome depends on."""
        own = self.of(candidate)
        return {
            "features": own.features.model_dump(mode="json", exclude=_SPLITS),
            "modelling": own.modelling.model_dump(
                mode="json", include={*_SHARED, candidate.family}
            ),
        }
