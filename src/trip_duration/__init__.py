"""Predicts how long a New York taxi trip will take, at the moment it is requested."""

import os

__version__ = "0.1.0"

# threads that wait at each tree by spinning take the cores from whatever else runs: on a busy
# machine training took ten times as long. A short spin costs nothing on an idle one. OpenMP reads
# this once, when it is first loaded.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
