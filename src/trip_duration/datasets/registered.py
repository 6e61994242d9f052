"""Versions of the registry: loaded with their predictors, and promoted."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from typing import Any

from kedro.io import AbstractDataset

from trip_duration.errors import RegistryError, TripDurationError
from trip_duration.registry import Registered, Registry
from trip_duration.registry.places import SQLITE
from trip_duration.registry.records import CHALLENGER

Order = dict[str, Any]
# Kedro ties a path to the project, and leaves an address as it is
Place = Mapping[str, str | None]


class RegisteredPredictorDataset(AbstractDataset[Any, Registered | None]):
    """A registered version with its predictor, verified when it is loaded; it cannot be saved.

    Args:
        reference: Alias or number of the version.
        registry: Where MLflow keeps the registry: the ``url``, or the ``path`` of a SQLite database
            if there is none.
        optional: Whether there may be none, which is loaded as None.
        metadata: For Kedro's plugins.
    """

    def __init__(  # noqa: D107 - see the class
        self,
        reference: str,
        registry: Place,
        optional: bool = False,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._reference, self._optional = str(reference), optional
        self._registry = Registry(_url(registry))
        self.metadata = metadata

    def load(self) -> Registered | None:
        """Return the version and its predictor.

        Raises:
            RegistryError: If there is no such version; as the cause of a ``DatasetError``.
            ModelFileError: If its files are not those that were registered; likewise.
        """
        if self._registry.find(self._reference) is None:
            if self._optional:
                return None
            if self._reference == CHALLENGER:
                raise RegistryError(
                    "there is no challenger to judge: no run has registered a predictor since the "
                    "last promotion. Train one by `kedro run`, or name a version by "
                    '--params "version=...".'
                )
        return self._registry.load(self._reference)

    def save(self, data: Any) -> None:
        """Refuse: a run that trains registers its predictor."""
        raise TripDurationError("a version is registered by the run that trains it.")

    def _exists(self) -> bool:
        return self._registry.find(self._reference) is not None

    def _describe(self) -> dict[str, Any]:
        return {"reference": self._reference}


class PromotionDataset(AbstractDataset[Order, Any]):
    """What is saved here is promoted: an order with the gate report, or one that asks for nothing.

    Args:
        registry: Where MLflow keeps the registry, as for a registered predictor.
        ledger: Where the ledger is, likewise.
        metadata: For Kedro's plugins.
    """

    def __init__(  # noqa: D107 - see the class
        self, registry: Place, ledger: Place, metadata: dict[str, Any] | None = None
    ) -> None:
        self._registry, self._ledger = Registry(_url(registry)), _url(ledger)
        self.metadata = metadata

    def load(self) -> Any:
        """Refuse: what was promoted is in the ledger."""
        raise TripDurationError("see `trip-duration models history` for what was promoted.")

    def save(self, data: Order) -> None:
        """Promote the version of the order's gate report, if the order says so.

        Raises:
            RegistryError: If the registry has changed meanwhile; as the cause of a
                ``DatasetError``.
        """
        if not data["promote"]:
            return
        # the database is none of a run's business that promotes nothing
        from trip_duration.registry.ledger import Ledger  # noqa: PLC0415
        from trip_duration.registry.promotion import Keeper  # noqa: PLC0415

        report = data["gate_report"]
        keeper = Keeper(self._registry, Ledger(self._ledger), getpass.getuser())
        keeper.promote(report["version"], report, reason="passed the gate (auto_promote)")

    def _exists(self) -> bool:
        return False

    def _describe(self) -> dict[str, Any]:
        return {"registry": self._registry.name}


def _url(place: Place) -> str:
    return place.get("url") or f"{SQLITE}{place['path']}"
