"""What a service need not import, although a library of it would."""

from __future__ import annotations

import importlib
import sys

# LightGBM looks for these, for classes that take frames and keep scikit-learn's contract
_NOT_USED = ("pandas", "pyarrow", "sklearn")


def import_lightgbm() -> None:
    """Import LightGBM without the libraries that its further classes are for.

    The service predicts arrays by the native interface. The rest is two thirds of the time until it
    is ready, and of its memory. Who needs those libraries for something else can import them after.
    """
    hidden = [name for name in _NOT_USED if name not in sys.modules]
    # Python takes None for a module that is not installed
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        importlib.import_module("lightgbm")
    finally:
        for name in hidden:
            del sys.modules[name]
