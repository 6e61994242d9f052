"""What makes two results the same one: digests of data and code, and versions of what computes.

Whatever is kept under a digest, compared with an earlier run or made again asks here.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pandas as pd

# whatever features and numbers come from; each by the names it is published under
COMPUTING: tuple[tuple[str, ...], ...] = (
    ("numpy",),
    ("pandas",),
    ("pyarrow",),
    ("scipy",),
    ("scikit-learn",),
    ("lightgbm",),
    ("xgboost", "xgboost-cpu"),
    ("mapie",),
    ("holidays",),
    ("geopandas",),
    ("shapely",),
    ("pyproj",),
)
_PACKAGE = Path(__file__).parent
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def digest_of_json(what: Any) -> str:
    """Return a SHA-256 of JSON, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()


def digest_of_frame(frame: pd.DataFrame) -> str:
    """Return a SHA-256 of the names, types and rows of a frame; its index does not count."""
    rows = pd.util.hash_pandas_object(frame, index=False).to_numpy()
    types = {str(name): str(kind) for name, kind in frame.dtypes.items()}
    return digest_of_json([list(types.items()), hashlib.sha256(rows.tobytes()).hexdigest()])


def digest_of_code(patterns: Iterable[str], package: Path = _PACKAGE) -> str:
    """Return a SHA-256 of modules, by where they are and what they do.

    Comments, docstrings and layout do not count. Another version of Python may write the same
    module in another way, and so give another digest.

    Args:
        patterns: Where they are, as ``Path.glob`` takes it.
        package: Folder of the package that the patterns start from.
    """
    paths = {path for pattern in patterns for path in package.glob(pattern)}
    names = {path.relative_to(package).as_posix(): path for path in paths}
    contents = {name: _bare_code(path.read_text("utf-8")) for name, path in names.items()}
    return digest_of_json({k: hashlib.sha256(v.encode()).hexdigest() for k, v in contents.items()})


def _bare_code(source: str) -> str:
    """Return a module without comments, docstrings and layout."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            # a body may not be empty
            node.body[0] = ast.Pass()
    return ast.unparse(tree)


def versions(libraries: Iterable[tuple[str, ...]] = COMPUTING) -> dict[str, str]:
    """Return the versions of the installed ones of some libraries, by their first name.

    Args:
        libraries: Names of each, of which no more than one is installed.
    """
    found = {names[0]: _version(names) for names in libraries}
    return {name: known for name, known in found.items() if known is not None}


def _version(names: Iterable[str]) -> str | None:
    for name in names:
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return None
