"""The project's own exceptions: what was expected, what was found, what to do.

They know nothing of the rest of the package.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from pydantic import ValidationError


class TripDurationError(Exception):
    """Base of every error that a user can cause and mend."""


class SourceError(TripDurationError):
    """A file could not be had from the source of trips, or is not what it should be."""


class BusyError(TripDurationError):
    """Another process is writing what this one would write."""


class DataError(TripDurationError):
    """A file or frame breaks a contract, or a month is missing or implausible."""


class ContractError(DataError):
    """Rows of a file break a contract.

    Attributes:
        file: Name of the file.
        contract: Name of the contract.
        rows: Number of rows of the file.
        failures: For each broken check its ``column`` and ``check``, the number of ``rows`` that
            break it, and ``examples`` of their values.
    """

    def __init__(  # noqa: D107 - see the class
        self,
        message: str,
        file: str = "",
        contract: str = "",
        rows: int = 0,
        failures: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__(message)
        self.file, self.contract, self.rows = file, contract, rows
        self.failures = tuple(failures)


class BrokenMonthsError(DataError):
    """Months break a contract; the others were processed.

    Attributes:
        errors: What is wrong with each of them.
    """

    def __init__(self, errors: Sequence[ContractError]) -> None:  # noqa: D107 - see the class
        super().__init__("\n".join(map(str, errors)))
        self.errors = tuple(errors)

    def __reduce__(self) -> tuple[type[BrokenMonthsError], tuple[tuple[ContractError, ...]]]:
        """Let the error come whole from another process."""
        return type(self), (self.errors,)


class ModelFileError(TripDurationError):
    """A saved predictor is incomplete, altered, or of an unknown form.

    Attributes:
        place: Where the files are; the message begins with it. None if it is not known.
    """

    def __init__(self, message: str, place: object = None) -> None:  # noqa: D107 - see the class
        super().__init__(message if place is None else f"{place}: {message}")
        self.place = place

    def at(self, place: object) -> Self:
        """Return the same error of files at another place."""
        message = str(self)
        for earlier in (self.place, place):
            message = message if earlier is None else message.removeprefix(f"{earlier}: ")
        return type(self)(message, place)


class ModelUnreadableError(ModelFileError):
    """A saved predictor cannot be read at present; a later attempt may succeed."""


class ParameterError(TripDurationError):
    """A parameter is unknown, of the wrong type, or out of bounds."""


class ReproductionError(TripDurationError):
    """A run cannot be made again: it is unknown, or what it was made of cannot be had."""


class LogError(TripDurationError):
    """The prediction log cannot be had, read or written, or what is loaded into it is no table."""


class TrackingError(TripDurationError):
    """The server or database where runs are tracked does not answer."""


class RegistryError(TripDurationError):
    """A registered version cannot be had or moved, or the ledger does not hold."""


class GateError(TripDurationError):
    """A challenger fails the gate of promotion."""


def list_faults(error: ValidationError) -> list[tuple[str, str]]:
    """Return field and reason of each fault that pydantic has found, without the values.

    A value may be a secret. The field is empty if the fault is that of the whole document.
    """
    details = error.errors(include_url=False, include_input=False, include_context=False)
    return [
        (".".join(map(str, detail["loc"])), detail["msg"].removeprefix("Value error, "))
        for detail in details
    ]


def format_faults(error: ValidationError, most: int = 3) -> str:
    """Return the first faults that pydantic has found in a file as one line.

    Args:
        error: The faults.
        most: Number of faults that are shown.
    """
    return "; ".join(f"{field or 'the file'}: {why}" for field, why in list_faults(error)[:most])
