"""Zone ids as TLC numbers them, with names that belong to no real place."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd

# borough of ids 1 to 265, as in TLC's taxi_zone_lookup.csv: M and H are Manhattan inside and
# outside the zone that green taxis may not pick up in
_LETTERS = (
    "EQXMSSQQQQKMMKQQKXQXKKSMKKQQKQXXKKKKKQKKHHMSMXXMKMXKQKKQQXXXKKKQKKKMXQKKQHHKKXMKXQQSKQMMKMKQQXQQKQ"
    "SMQQMMMKMKSSKKMMSHQSXHQQKQMXHHQQQQKQQXMQQMMMMMQQXMKKMHHKKSQMXQMMMMKHXXXMQSQXQSKKQQKXXXXMSKKKQQQMKQ"
    "QQXXQHQSQSQXMKMXXSQQKQQXSKQMKQKKMMMMMMXMMMMXXXHHSMXXMXSQQXKKKQXQMMMUU"
)
_BOROUGH = {
    "M": "Manhattan",
    "H": "Manhattan",
    "X": "Bronx",
    "Q": "Queens",
    "K": "Brooklyn",
    "S": "Staten Island",
    "E": "EWR",
    "U": "Unknown",
}
_FIXED = {
    1: ("Newark Airport", "EWR"),
    132: ("JFK Airport", "Airports"),
    138: ("LaGuardia Airport", "Airports"),
    264: ("NV", "N/A"),
    265: ("NA", "N/A"),
}
# ids that share a name, as 56 and 57 do at TLC
_NAMED_AS = {57: 56, 104: 103, 105: 103}
_FIRST = [
    "Alder", "Amber", "Anchor", "Beacon", "Birch", "Bramble", "Canal", "Cedar", "Chandler",
    "Clover", "Copper", "Cooper", "Dovecote", "Elder", "Falcon", "Ferry", "Foundry", "Glass",
    "Granary", "Harbor", "Hazel", "Heron", "Ivory", "Juniper", "Kestrel", "Lantern", "Larch",
    "Linden", "Market", "Mason", "Millrace", "Orchard", "Osprey", "Paper", "Pilot", "Quarry",
    "Saddler", "Sparrow", "Tanner", "Thistle", "Tinker", "Weaver", "Willow", "Wren",
]  # fmt: skip
_SECOND = [
    "Cross", "Gate", "Green", "Heights", "Hill", "Landing", "Park", "Point", "Reach", "Row",
    "Square", "Yard",
]  # fmt: skip
LAST_SHAPE = 263
_NAMES_SEED = 7


def letters() -> np.ndarray:
    """Return one letter for each id from 0 on; id 0 is ``U``, like the unknown ids 264 and 265."""
    return np.array(list("U" + _LETTERS))


def boroughs() -> np.ndarray:
    """Return the borough of each id from 0 on."""
    return np.array([_BOROUGH[letter] for letter in letters()])


@functools.cache
def lookup() -> pd.DataFrame:
    """Return the lookup as TLC publishes it.

    Returns:
        Columns ``LocationID``, ``Borough``, ``Zone`` and ``service_zone``, one row per id.
    """
    frame = pd.DataFrame(
        {
            "LocationID": np.arange(1, len(_LETTERS) + 1),
            "Borough": boroughs()[1:],
            "Zone": _invent_names(len(_LETTERS)),
            "service_zone": np.where(letters()[1:] == "M", "Yellow Zone", "Boro Zone"),
        }
    )
    shared = {zone: (str(frame["Zone"][source - 1]), None) for zone, source in _NAMED_AS.items()}
    for zone, (name, service) in {**shared, **_FIXED}.items():
        frame.loc[zone - 1, "Zone"] = name
        frame.loc[zone - 1, "service_zone"] = service or frame["service_zone"][zone - 1]
    return frame


def lookup_csv() -> bytes:
    """Return the lookup in TLC's spelling: quoted strings, bare ids, lines ending in CR LF."""
    names = ",".join(f'"{name}"' for name in lookup().columns)
    rows = [
        f'{zone},"{borough}","{name}","{service}"'
        for zone, borough, name, service in lookup().itertuples(index=False)
    ]
    return "".join(f"{line}\r\n" for line in [names, *rows]).encode("ascii")


def _invent_names(count: int) -> list[str]:
    # in the order of the alphabet, as TLC's are
    every = [f"{first} {second}" for first in _FIRST for second in _SECOND]
    chosen = np.random.default_rng(_NAMES_SEED).choice(len(every), count, replace=False)
    return sorted(every[index] for index in chosen)
