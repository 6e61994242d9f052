"""Answers on disk: chunk by chunk beside their place, put there whole, continued after a kill."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path

from trip_duration.errors import DataError
from trip_duration.inference.answering import Batch
from trip_duration.inference.finding import SUFFIXES, kind_of
from trip_duration.inference.parts import (
    ANSWERED,
    REJECTED,
    Key,
    Parts,
    read_json,
    rejects_of,
    write_json,
)
from trip_duration.inference.reading import Chunk, Identity, RequestFile
from trip_duration.inference.survey import Survey
from trip_duration.progress import bar
from trip_duration.storage import FileVersion, hold_lock

log = logging.getLogger(__name__)
# of the parts; another one is not continued
_FORMAT = 2
_FINISHED = ".finished.json"


def write_batch(batch: Batch, output: Path) -> None:
    """Answer every file of a batch.

    The answers to a file are written beside their place in parts, one for each chunk, and put
    there when they are whole. A run that was killed goes on with the chunk that it was at, if file
    and predictor are the same. Rows that are no requests go to ``<name>.rejected.<suffix>``.
    One process at a time writes to an output; a lock of the operating system sees to that.

    Args:
        batch: Files and predictor.
        output: A file that ends in ``.parquet`` or ``.csv``; for a folder of files, a folder.

    Raises:
        BusyError: If another process is writing to the output.
        DataError: If a file cannot be read, or the output cannot be what it is to be.
    """
    targets = _targets(batch, output)
    try:
        if batch.requested.folder:
            with _locked(output / _FINISHED, output, "a folder of requests"):
                _write_all(batch, targets, output / _FINISHED)
        else:
            _write_all(batch, targets, None)
    except OSError as error:
        raise DataError(f"{output} cannot be written: {error}") from error


def _targets(batch: Batch, output: Path) -> dict[Path, Path]:
    if batch.requested.folder:
        if output.is_file() or kind_of(output) in SUFFIXES:
            raise DataError(f"{output} cannot hold the answers to a folder: name a folder as well")
        targets = {source: output / source.name for source in batch.requested.files}
    else:
        (source,) = batch.requested.files
        if output.is_dir() or kind_of(output) not in SUFFIXES:
            raise DataError(
                f"{output} cannot hold the answers to {source}: expected a file that ends in "
                f'{" or ".join(SUFFIXES)}. Give it by --params "output=..."'
            )
        targets = {source: output}
    read, written = {source.resolve() for source in targets}, dict[Path, Path]()
    for source, target in targets.items():
        for path in (target.resolve(), rejects_of(target).resolve()):
            if path in read:
                raise DataError(f"{target} would overwrite {source}, or another file that is read")
            other = written.setdefault(path, source)
            if other != source:
                raise DataError(
                    f"{path} would hold what is made of {other} and of {source}: rename one of them"
                )
    return targets


def _write_all(batch: Batch, targets: dict[Path, Path], finished: Path | None) -> None:
    # of a folder, what was finished before a kill is not done again
    done = read_json(finished) if finished else {}
    for source, target in targets.items():
        file = RequestFile(source)
        before = file.version()
        with _locked(target, target, source):
            identity = file.identify()
            key = _key(batch, identity)
            if done.get(target.name) == key and target.is_file():
                log.info("%s is answered already", source)
                continue
            _write_one(batch, file, Parts(target, key), before, identity)
        if finished:
            done[target.name] = key
            write_json(finished, done)
    if finished:
        finished.unlink(missing_ok=True)


def _write_one(
    batch: Batch, file: RequestFile, parts: Parts, before: FileVersion, identity: Identity
) -> None:
    with bar(file.path.name, file.expected_rows(identity), "rows") as progress_bar:
        parts.begin()
        survey, chunks = Survey(kind_of(file.path) == ".csv"), 0
        for chunk in _answer_chunks(batch, file, parts, before):
            progress_bar.advance(len(chunk.rows) + len(chunk.broken))
            survey.add(chunk)
            chunks += 1
        _finish(parts, file.path, chunks)
    for warning in survey.warnings(identity):
        log.warning("%s: %s", file.path, warning)


def _locked(place: Path, output: Path, source: object) -> AbstractContextManager[None]:
    return hold_lock(
        place.with_name(f".{place.name.lstrip('.')}.lock"),
        str(output),
        f"bulk prediction of {source}",
        advice="Wait until it ends, or name another output.",
    )


def _key(batch: Batch, identity: Identity) -> Key:
    return {
        "format": _FORMAT,
        "input": asdict(identity),
        "model": batch.sha256,
        "chunk_rows": batch.chunk_rows,
    }


def _answer_chunks(
    batch: Batch, file: RequestFile, parts: Parts, before: FileVersion
) -> Iterator[Chunk]:
    """Make the parts that are missing; yield every chunk of the file."""
    for number, chunk in enumerate(file.chunks(batch.chunk_rows)):
        if not parts.has(number):
            try:
                answered, rejected = batch.answer(chunk)
            except DataError as error:
                raise DataError(f"{file.path}: {error}") from error
            # before it is kept: the next run would take it for a part of the file as it was
            _require_same(file, before, parts)
            parts.add(number, answered, rejected)
        yield chunk
    _require_same(file, before, parts)


def _finish(parts: Parts, source: Path, chunks: int) -> None:
    answered_rows, rejected_rows = parts.count(ANSWERED), parts.count(REJECTED)
    parts.finish(chunks)
    log.info("%s: %s rows of %s answered", parts.target, f"{answered_rows:,}", source.name)
    if rejected_rows:
        log.warning("%s: %s rows set aside, with reasons", parts.rejects, f"{rejected_rows:,}")


def _require_same(file: RequestFile, before: FileVersion, parts: Parts) -> None:
    if file.version() != before:
        parts.discard()
        raise DataError(f"{file.path} was changed while it was read: run again")
