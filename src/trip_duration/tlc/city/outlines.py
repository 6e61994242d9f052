"""The coast of an invented city: islands, bridges, airports and centres, drawn by hand.

Coordinates are thousands of feet of EPSG:2263 (New York Long Island), inside the extent of the real
city, so that maps and distances look right. Nothing here copies a real shore.
"""

from __future__ import annotations

Point = tuple[float, float]

# corners of each borough's shore, before it is roughened
SHORES: dict[str, list[Point]] = {
    "Manhattan": [
        (970, 180),
        (974, 176),
        (979, 178),
        (986, 190),
        (996, 208),
        (1007, 226),
        (1015, 246),
        (1013, 257),
        (1006, 255),
        (999, 240),
        (987, 218),
        (975, 198),
    ],
    "Bronx": [
        (1018, 266),
        (1021, 250),
        (1018, 236),
        (1029, 232),
        (1036, 236),
        (1044, 233),
        (1056, 243),
        (1053, 254),
        (1056, 263),
        (1043, 269),
        (1028, 271),
    ],
    "Queens": [
        (1001, 205),
        (1004, 197),
        (1013, 190),
        (1026, 181),
        (1033, 166),
        (1041, 163),
        (1044, 156),
        (1054, 158),
        (1058, 170),
        (1064, 180),
        (1063, 200),
        (1060, 219),
        (1052, 225),
        (1044, 221),
        (1036, 227),
        (1022, 225),
        (1013, 223),
    ],
    "Brooklyn": [
        (983, 174),
        (990, 184),
        (998, 193),
        (1009, 187),
        (1022, 178),
        (1028, 166),
        (1026, 153),
        (1021, 145),
        (1009, 143),
        (998, 137),
        (986, 138),
        (978, 146),
        (980, 156),
        (976, 166),
    ],
    "Staten Island": [
        (917, 129),
        (927, 125),
        (941, 131),
        (957, 143),
        (967, 156),
        (964, 168),
        (950, 171),
        (938, 168),
        (927, 152),
    ],
    "EWR": [(925, 183), (936, 181), (942, 192), (938, 203), (929, 200)],
}

# small islands in the harbour: centre and radius
ISLETS: list[tuple[Point, float]] = [((962, 176), 1.6), ((963, 183), 0.9), ((970, 171), 1.2)]

# the two ends of each bridge or tunnel: borough and point
BRIDGES: list[tuple[str, Point, str, Point]] = [
    ("Manhattan", (979, 179), "Brooklyn", (984, 176)),
    ("Manhattan", (983, 184), "Brooklyn", (989, 183)),
    ("Manhattan", (990, 197), "Brooklyn", (997, 191)),
    ("Manhattan", (996, 207), "Queens", (1002, 204)),
    ("Manhattan", (1004, 221), "Queens", (1013, 222)),
    ("Manhattan", (1011, 237), "Bronx", (1019, 237)),
    ("Manhattan", (1013, 247), "Bronx", (1020, 248)),
    ("Bronx", (1030, 233), "Queens", (1026, 225)),
    ("Bronx", (1045, 234), "Queens", (1046, 222)),
    ("Brooklyn", (1000, 191), "Queens", (1005, 196)),
    ("Brooklyn", (1012, 186), "Queens", (1015, 189)),
    ("Brooklyn", (1022, 177), "Queens", (1027, 179)),
    ("Brooklyn", (979, 150), "Staten Island", (965, 156)),
    ("Manhattan", (972, 182), "EWR", (940, 190)),
    ("Staten Island", (951, 170), "EWR", (936, 182)),
]

# where each airport lies: its zone is the nearest of its borough
AIRPORTS: dict[int, Point] = {1: (934, 192), 132: (1051, 161), 138: (1036, 224)}

# centres of slow and busy streets: point, reach, weight
CENTRES: list[tuple[Point, float, float]] = [
    ((987, 207), 17.0, 1.0),
    ((977, 187), 12.0, 0.85),
    ((990, 180), 9.0, 0.5),
    ((1007, 206), 9.0, 0.4),
    ((1025, 240), 8.0, 0.3),
    ((1040, 200), 8.0, 0.3),
]
