"""Checks the text of a LightGBM model before LightGBM reads it.

LightGBM trusts the text: it jumps to the trees by the sizes that the text states, and follows
children by their numbers. A text that was cut short or altered makes it read beyond its memory,
which ends the process, or walk in a circle for ever. What is checked here is all that it trusts.
Source: ``GBDT::LoadModelFromString`` and ``Tree::Tree`` in LightGBM's own code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from trip_duration.errors import ModelFileError

Ints = npt.NDArray[np.int64]
_FIRST_TREE, _END = b"\nTree=0\n", b"end of trees\n"
# objectives whose prediction is the plain sum of leaf values
_OBJECTIVES = frozenset({b"regression", b"regression_l1", b"quantile"})
_EXPECTED = {b"num_class": b"1", b"num_tree_per_iteration": b"1", b"label_index": b"0"}
# arrays with a value for each split, and for each leaf
_PER_SPLIT = frozenset(
    {
        *(b"split_feature", b"split_gain", b"threshold", b"decision_type", b"left_child"),
        *(b"right_child", b"internal_value", b"internal_weight", b"internal_count"),
    }
)
_PER_LEAF = frozenset({b"leaf_value", b"leaf_weight", b"leaf_count"})
_ARRAYS = _PER_SPLIT | _PER_LEAF
_SHRINKAGE = b"shrinkage"
# fields that LightGBM uses as indexes or returns as predictions
_SPLIT_FEATURE, _DECISION, _LEAF_VALUE = b"split_feature", b"decision_type", b"leaf_value"
_LEFT, _RIGHT, _THRESHOLD = b"left_child", b"right_child", b"threshold"
_INFINITY = re.compile(rb"(?<![^ ])-?inf(?![^ ])")
# allowed next characters in a line of numbers, one bit per character class
_FOLLOWERS = {"0123456789": "0.e ", "-": "0", "+": "0", ".": "0", "e": "0-+", " ": "0-"}
_BIT = {kind: 1 << place for place, kind in enumerate(_FOLLOWERS)}
_BITS = bytes(next((_BIT[k] for k in _BIT if chr(i) in k), 0) for i in range(256))
_MASKS = bytes(
    sum(_BITS[ord(c)] for k in _FOLLOWERS if chr(i) in k for c in _FOLLOWERS[k]) for i in range(256)
)
# splits by numbers, with each way to treat missing values; others are of categories
_DECISIONS = (0, 2, 4, 6, 8, 10)
# LightGBM reads no more lines of a tree; sizes and counts fit into its integers
_MOST_LINES, _MOST_DIGITS = 22, 9
# explaining a prediction takes memory that grows with the square of the depth
_MOST_DEPTH = 1_000


def check_text(content: bytes, features: int) -> bytes:
    """Return the part of a model text that holds the trees, after checking it.

    What follows the trees, LightGBM's settings of the training, is left away: it is not needed to
    predict, and LightGBM would trust it too.

    Args:
        content: LightGBM's own text.
        features: Number of features that the model was fitted on.

    Raises:
        ModelFileError: If the text is cut short, altered, or of a kind of model that this project
            does not train. The message names the place.
    """
    if not content.isascii() or b"\0" in content or b"\r" in content:
        raise _refusal("the text", "characters that LightGBM does not write", "plain ASCII")
    start = content.find(_FIRST_TREE) + 1
    if not start:
        raise _refusal("the text", "no tree", "a line Tree=0")
    header = _read_header(content[:start], features)
    ends = _ends_of_trees(header.get(b"tree_sizes"), start)
    if content[ends[-1] : ends[-1] + len(_END)] != _END:
        raise _refusal("the trees", "no line 'end of trees' behind the last tree", "one there")
    trees = [
        _read_tree(number, content[first:last])
        for number, (first, last) in enumerate(pairwise([start, *ends]))
    ]
    _check_numbers(trees, features)
    return content[: ends[-1] + len(_END)]


def _read_header(text: bytes, features: int) -> dict[bytes, bytes]:
    first, *lines = text.split(b"\n")
    if first != b"tree":
        raise _refusal("the first line", repr(first[:40].decode()), "'tree'")
    fields = _fields("the header", filter(None, lines))
    expected = {**_EXPECTED, b"max_feature_idx": b"%d" % (features - 1)}
    for name, value in expected.items():
        if fields.get(name) != value:
            raise _refusal(name.decode(), _shown(fields.get(name)), value.decode())
    for name in (b"feature_names", b"feature_infos"):
        count = _count(fields.get(name, b""))
        if count != features:
            raise _refusal(name.decode(), f"{count} values", f"{features}")
    if fields.get(b"objective", b"").partition(b" ")[0] not in _OBJECTIVES:
        objectives = ", ".join(sorted(name.decode() for name in _OBJECTIVES))
        raise _refusal("objective", _shown(fields.get(b"objective")), f"one of {objectives}")
    return fields


def _ends_of_trees(sizes: bytes | None, start: int) -> list[int]:
    numbers = (sizes or b"").split(b" ")
    if not all(number.isdigit() and len(number) < _MOST_DIGITS for number in numbers):
        raise _refusal("tree_sizes", _shown(sizes), "the number of bytes of each tree")
    ends: list[int] = (start + np.cumsum(np.array(numbers).astype(np.int64))).tolist()
    return ends


def _read_tree(number: int, text: bytes) -> tuple[int, dict[bytes, bytes]]:
    """Return the number of leaves of a tree, and its numbers as they are written."""
    place = f"Tree={number}"
    head = b"Tree=%d\n" % number
    if not text.startswith(head) or not text.endswith(b"\n\n"):
        raise _refusal(place, "another place of the text", "the tree, where tree_sizes states it")
    lines = text[len(head) :].rstrip(b"\n").split(b"\n")
    if len(lines) > _MOST_LINES:
        raise _refusal(place, f"{len(lines)} lines", f"at most {_MOST_LINES}")
    fields = _fields(place, lines)
    for name, value in ((b"num_cat", b"0"), (b"is_linear", b"0")):
        if fields.get(name, b"0") != value:
            raise _refusal(f"{place}: {name.decode()}", _shown(fields[name]), value.decode())
    leaves = _read_leaves(place, fields)
    for name in _ARRAYS & fields.keys():
        expected = leaves if name in _PER_LEAF else leaves - 1
        count = _count(fields[name])
        # a tree without a split has its answer and nothing else
        if count != expected and (leaves > 1 or name == _LEAF_VALUE):
            raise _refusal(f"{place}: {name.decode()}", f"{count} values", f"{expected}")
    missing = (_ARRAYS | {_SHRINKAGE}) - fields.keys()
    if missing or not fields[_SHRINKAGE]:
        names = ", ".join(sorted(name.decode() for name in missing or {_SHRINKAGE}))
        raise _refusal(place, f"no {names}", "a line for each")
    return leaves, {name: fields[name] for name in (*_ARRAYS, _SHRINKAGE)}


def _read_leaves(place: str, fields: dict[bytes, bytes]) -> int:
    leaves = fields.get(b"num_leaves", b"")
    if not leaves.isdigit() or len(leaves) > _MOST_DIGITS or not int(leaves):
        raise _refusal(f"{place}: num_leaves", _shown(leaves), "a number from 1")
    if b"num_cat" not in fields:
        raise _refusal(place, "no num_cat", "a line num_cat=0")
    return int(leaves)


def _check_numbers(trees: Sequence[tuple[int, dict[bytes, bytes]]], features: int) -> None:
    """Check the numbers of all trees together, which takes a tenth of the time of one by one."""
    for name in (*_ARRAYS, _SHRINKAGE):
        numbers = b" ".join(filter(None, (values[name] for _, values in trees)))
        if name == _THRESHOLD:
            # a split of missing values from all others
            numbers = _INFINITY.sub(b"0", numbers)
        if not _are_numbers(numbers):
            raise _refusal(name.decode(), "something that is no number", "numbers")
    leaves = np.array([count for count, _ in trees], np.int64)
    splits = leaves - 1
    feature, decision, left, right = (
        _parse(name, [values[name] for count, values in trees if count > 1], np.int64)
        for name in (_SPLIT_FEATURE, _DECISION, _LEFT, _RIGHT)
    )
    leaf_values = _parse(_LEAF_VALUE, [values[_LEAF_VALUE] for _, values in trees], np.float64)
    if not np.isfinite(leaf_values).all():
        raise _refusal("leaf_value", "a number that is not finite", "finite numbers")
    tree = np.repeat(np.arange(len(leaves)), splits)
    for name, wrong in (
        (_SPLIT_FEATURE, (feature < 0) | (feature >= features)),
        (_DECISION, ~np.isin(decision, _DECISIONS)),
        (_LEFT, ~_lies_in(left, splits[tree], leaves[tree])),
        (_RIGHT, ~_lies_in(right, splits[tree], leaves[tree])),
    ):
        if wrong.any():
            place = f"Tree={tree[wrong.argmax()]}: {name.decode()}"
            raise _refusal(place, "an index out of range", "features, splits or leaves that exist")
    _check_shape(leaves, tree, left, right)


def _lies_in(child: Ints, splits: Ints, leaves: Ints) -> npt.NDArray[np.bool_]:
    # a leaf is written as the complement of its number, and no child is the root
    inside: npt.NDArray[np.bool_] = np.where(
        child < 0, ~child < leaves, (child > 0) & (child < splits)
    )
    return inside


def _check_shape(leaves: Ints, tree: Ints, left: Ints, right: Ints) -> None:
    """Check that every split and leaf has one parent, and that none is too far from its root."""
    first_split, first_leaf = (np.cumsum(count) - count for count in (leaves - 1, leaves))
    children = np.concatenate([left, right])
    of_tree = np.concatenate([tree, tree])
    inner = children > 0
    split = first_split[of_tree[inner]] + children[inner]
    leaf = first_leaf[of_tree[~inner]] + ~children[~inner]
    roots = first_split[leaves > 1]
    parents = np.bincount(split, minlength=len(tree))
    parents[roots] += 1
    leaf_parents = np.bincount(leaf, minlength=int(leaves.sum()))
    # the leaf of a tree without a split has no parent
    leaf_parents[first_leaf[leaves == 1]] += 1
    if (parents != 1).any() or (leaf_parents != 1).any():
        raise _refusal("the trees", "a split or a leaf with no parent or several", "one parent")
    visited, depth, level = 0, 0, roots
    while len(level) and depth <= _MOST_DEPTH:
        visited, depth = visited + len(level), depth + 1
        below = np.concatenate([left[level], right[level]])
        start = np.tile(first_split[tree[level]], 2)
        level = (start + below)[below > 0]
    if visited != len(tree):
        expected = f"trees of at most {_MOST_DEPTH} splits from root to leaf"
        raise _refusal("the trees", "splits in a circle, or too deep", expected)


def _are_numbers(text: bytes) -> bool:
    """Return whether the text is numbers separated by single spaces.

    It is checked by pairs of characters.
    """
    spaced = b" %b " % text if text else b""
    bits, masks = (np.frombuffer(spaced.translate(table), np.uint8) for table in (_BITS, _MASKS))
    return bool((masks[:-1] & bits[1:]).all())


def _parse(name: bytes, arrays: Iterable[bytes], kind: Any) -> npt.NDArray[Any]:
    text = b" ".join(arrays)
    if kind is np.int64 and text.translate(None, b"0123456789- "):
        raise _refusal(name.decode(), "something that is no whole number", "whole numbers")
    return np.fromstring(text.decode(), dtype=kind, sep=" ")


def _fields(place: str, lines: Iterable[bytes]) -> dict[bytes, bytes]:
    """Return the values of lines by name.

    Raises:
        ModelFileError: If a line has no name, or two lines have the same.
    """
    pairs: Sequence[tuple[bytes, bytes, bytes]] = [line.partition(b"=") for line in lines]
    fields = {name: value for name, mark, value in pairs if mark and name}
    if len(fields) < len(pairs):
        raise _refusal(place, "a line without a name, or two of one name", "lines name=value")
    return fields


def _count(values: bytes) -> int:
    return values.count(b" ") + 1 if values else 0


def _shown(value: bytes | None) -> str:
    return "nothing" if value is None else repr(value[:40].decode())


def _refusal(place: str, found: str, expected: str) -> ModelFileError:
    return ModelFileError(
        f"lightgbm.txt: {place}: expected {expected}, found {found}. The text is cut short or "
        "altered, or no model of this project; restore the file or train anew."
    )
