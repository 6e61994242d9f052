"""The project's own exceptions: what was expected, what was found, what to do.

They know nothing of the rest of the package.
"""


class TripDurationError(Exception):
    """Base of every error that a user can cause and mend."""


class SourceError(TripDurationError):
    """A file could not be had from the source of trips, or is not what it should be."""


class DataError(TripDurationError):
    """A file or frame breaks a contract, or a month is missing or implausible."""


class ModelFileError(TripDurationError):
    """A saved predictor is incomplete, altered, or of an unknown form."""


class ParameterError(TripDurationError):
    """A parameter is unknown, of the wrong type, or out of bounds."""


class ReproductionError(TripDurationError):
    """A run cannot be made again: it is unknown, or what it was made of cannot be had."""


class BehaviourError(TripDurationError):
    """A predictor does what no predictor may do, whatever its errors."""


class LogError(TripDurationError):
    """The prediction log cannot be had, read or written, or what is loaded into it is no table."""


class TrackingError(TripDurationError):
    """The server or database where runs are tracked does not answer."""


class RegistryError(TripDurationError):
    """A registered version cannot be had or moved, or the ledger does not hold."""


class GateError(TripDurationError):
    """A challenger fails the gate of promotion."""
