"""An invented city that publishes months of trips in TLC's own layout and form.

It is the source of the project where there is no network. It knows TLC's files, and nothing of the
models that will learn from them.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from trip_duration.params import CityParams, Service
from trip_duration.tlc.files import ZONE_LOOKUP, ZONE_SHAPES

# raised with every change of the generator that changes what it writes
CITY_VERSION = 1
_MONTH_FILE = re.compile(
    r"trip-data/(green|yellow)_tripdata_(20\d\d-(?:0[1-9]|1[0-2]))\.parquet", re.ASCII
)


@dataclass(frozen=True)
class City:
    """A publisher whose files depend on nothing but its parameters.

    Attributes:
        params: Size, seed and dirt.
    """

    params: CityParams

    @property
    def fingerprint(self) -> str:
        """Short digest that changes when the files of the city may have changed."""
        identity = f"{CITY_VERSION}:{self.params.model_dump_json()}"
        return hashlib.sha256(identity.encode()).hexdigest()[:12]

    def write(self, name: str, to: Path) -> None:
        """Write one file of the publisher's layout.

        Args:
            name: Name in the layout, such as ``trip-data/green_tripdata_2023-01.parquet``.
            to: File to write; its folder exists.

        Raises:
            FileNotFoundError: If the city publishes no such file.
        """
        # a second of geography, which no command needs that reads real months
        from trip_duration.tlc.city import names, publish  # noqa: PLC0415

        if name == ZONE_LOOKUP:
            to.write_bytes(names.lookup_csv())
        elif name == ZONE_SHAPES:
            publish.write_shapes(to)
        elif found := _MONTH_FILE.fullmatch(name):
            publish.write_month(self.params, Service(found[1]), found[2], to)
        else:
            raise FileNotFoundError(
                f"the synthetic city publishes no '{name}': expected {ZONE_LOOKUP}, {ZONE_SHAPES} "
                "or trip-data/<green|yellow>_tripdata_<YYYY-MM>.parquet"
            )
