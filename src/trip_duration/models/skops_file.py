"""Files of skops: scikit-learn's objects without pickle, and the same bytes whenever they are made.

Knows what is written in such a file, and nothing of families.
"""

from __future__ import annotations

import io
import json
from collections.abc import Collection, Iterator
from typing import Any
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile, ZipInfo

import numpy as np

_SCHEMA = "schema.json"
# which of skops' own ways to rebuild something are needed; the others can name functions
_LOADERS = {
    "DictNode",
    "JsonNode",
    "ListNode",
    "NdArrayNode",
    "ObjectNode",
    "TreeNode",
    "TupleNode",
    "TypeNode",
}


def write_skops(fitted: Any) -> bytes:
    """Return the object as a file of skops, without what differs from process to process.

    skops names arrays by their addresses in memory, notes the time, and writes what happens to lie
    between the fields of records.
    """
    from skops.io import dumps  # noqa: PLC0415 - slow to import, and not needed to predict

    addresses: list[str] = []
    buffer = io.BytesIO()
    with ZipFile(io.BytesIO(dumps(fitted))) as found, ZipFile(buffer, "w") as target:
        schema = _without_addresses(json.loads(found.read(_SCHEMA)), addresses)
        for number, address in enumerate(addresses):
            _add(target, f"{number}.npy", _without_gaps(found.read(address)))
        _add(target, _SCHEMA, json.dumps(schema).encode())
    return buffer.getvalue()


def _without_addresses(node: Any, addresses: list[str]) -> Any:
    # an array that is used twice is written twice: what shares its memory depends on the process
    if isinstance(node, list):
        return [_without_addresses(part, addresses) for part in node]
    if not isinstance(node, dict):
        return node
    if node.get("__loader__") == "NdArrayNode" and "file" in node:
        addresses.append(node["file"])
        node = {**node, "file": f"{len(addresses) - 1}.npy"}
    return {
        name: _without_addresses(part, addresses) for name, part in node.items() if name != "__id__"
    }


def _without_gaps(content: bytes) -> bytes:
    array = np.load(io.BytesIO(content), allow_pickle=False)
    if array.dtype.names is None:
        return content
    clean = np.zeros(array.shape, array.dtype)
    for name in array.dtype.names:
        clean[name] = array[name]
    buffer = io.BytesIO()
    np.save(buffer, clean, allow_pickle=False)
    return buffer.getvalue()


def _add(target: ZipFile, name: str, content: bytes) -> None:
    # a ZipInfo made by hand bears a fixed date
    target.writestr(ZipInfo(name), content, compress_type=ZIP_DEFLATED, compresslevel=1)


def read_skops(content: bytes, trusted: Collection[str]) -> Any:
    """Rebuild what a file of skops holds, if it holds nothing but trusted types.

    skops trusts all of scikit-learn, NumPy and SciPy of itself. This does not.

    Args:
        content: The file.
        trusted: Full names of all types that may occur, those of Python included.

    Raises:
        ValueError: If it holds any other type, or is no such file.
    """
    from skops.io import loads  # noqa: PLC0415 - slow to import, and for one family only

    try:
        with ZipFile(io.BytesIO(content)) as file:
            named = set(_named(json.loads(file.read(_SCHEMA))))
    except BadZipFile as error:
        raise ValueError(f"expected a file of skops: {error}") from error
    others = {kind for _, kind in named} - set(trusted)
    loaders = {loader for loader, _ in named} - _LOADERS
    if others or loaders:
        raise ValueError(f"types that are not trusted: {', '.join(sorted(others | loaders))}")
    return loads(content, trusted=sorted(trusted))


def _named(node: Any) -> Iterator[tuple[str, str]]:
    """Yield loader and type of everything that is written in a schema."""
    if isinstance(node, dict):
        if "__loader__" in node:
            yield str(node["__loader__"]), f"{node.get('__module__')}.{node.get('__class__')}"
        node = list(node.values())
    if isinstance(node, list):
        for part in node:
            yield from _named(part)
