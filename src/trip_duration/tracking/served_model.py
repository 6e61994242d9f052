"""The code of the logged MLflow model: a copy of it lies in the model and is run when that is read.

The numbers come from the predictor's own bundle beside it, which is verified when it is read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlflow.models
import pandas as pd
from mlflow.pyfunc.model import PythonModel

from trip_duration.models import Predictor


class ServedPredictor(PythonModel):
    """The predictor behind MLflow's interface."""

    def load_context(self, context: Any) -> None:
        """Read the predictor from the folder that was logged with the model."""
        self.predictor = Predictor.load(Path(context.artifacts["predictor"]))

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Return durations of requests with their intervals: ``minutes``, ``lower``, ``upper``."""
        return pd.DataFrame(self.predictor.predict(model_input)._asdict())


mlflow.models.set_model(ServedPredictor())
