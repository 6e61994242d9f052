"""Loads a model in a subprocess first, if its library may crash on altered files.

The files of some families are read by libraries that trust them. A file that was altered, and
sealed with hashes that fit, can end the process that reads it. LightGBM's text is checked before
(see ``models.lightgbm_text``), and what NumPy reads cannot do that; all others are tried here.
``python -m trip_duration.serving.isolated_loading FOLDER`` is that process.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from trip_duration.bundle import read_bundle
from trip_duration.errors import ModelFileError, ModelUnreadableError
from trip_duration.models.predictor import KIND, Predictor

# families whose files are checked, or hold nothing but arrays
FAMILIES_LOADED_DIRECTLY = frozenset({"lightgbm", "linear", "lookup"})
_SECONDS = 120
# exit code (EX_TEMPFAIL): the model cannot be read at present
_UNREADABLE = 75


def load_in_subprocess(folder: Path) -> None:
    """Load a model and let it answer once, in a process of its own.

    Raises:
        ModelFileError: If that process refuses the model or crashes.
        ModelUnreadableError: If that process cannot read the model at present.
        TimeoutError: If that process does not end in time.
        OSError: If that process cannot be started.
    """
    command = [sys.executable, "-P", "-m", __name__, str(folder)]
    try:
        ended = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)  # noqa: S603 - own module
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"not loaded within {_SECONDS:g} seconds on trial") from None
    if ended.returncode < 0:
        name = signal.Signals(-ended.returncode).name
        raise ModelFileError(
            f"a process that loads it on trial ends with {name}. It is not used; restore the "
            "folder or train anew.",
            folder,
        )
    if ended.returncode:
        lines = ended.stderr.decode(errors="replace").strip().splitlines()
        message = lines[-1] if lines else "cannot be loaded on trial"
        unreadable = ended.returncode == _UNREADABLE
        kind = ModelUnreadableError if unreadable else ModelFileError
        raise kind(message.removeprefix(f"{folder}: "), folder)


def main() -> None:
    """Load the model of the folder that is named; exit with an error's message if that fails."""
    from trip_duration.serving.model import require_finite_predictions  # noqa: PLC0415 - which imports this

    folder = Path(sys.argv[1])
    try:
        predictor = Predictor.from_bundle(read_bundle(folder, KIND))
        require_finite_predictions(predictor)
    except (ModelUnreadableError, OSError, MemoryError) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(_UNREADABLE)
    except Exception as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
