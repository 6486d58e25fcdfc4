"""Exceptions that this package raises on purpose.

Output: the exception tree below. ``except EcgFacialError`` catches them all. A message is one line with the value, the
limit and the remedy; the command line prints the message alone.

::

    EcgFacialError
    ├── DataError                 a file or folder that cannot be used as it is
    │   ├── MissingDataError      it is not there
    │   ├── CorruptDataError      it is there, but its content cannot be read
    │   └── AmbiguousDataError    two files claim to be the same thing
    ├── UnknownLabelError         a pain-level code outside the vocabulary
    ├── SettingsError             a setting or argument outside its limits
    ├── BundleError               a model bundle that is incomplete, altered or of another version
    ├── WithheldError             labels or other data that a method must not see
    ├── MissingDependencyError    an optional package that is needed and not installed
    ├── StaleCacheError           a cache made from other data or other settings
    ├── SourceLostError           a camera, amplifier or stream that is gone for now
    ├── SourceEndedError          a replayed recording that is at its end
    ├── StoreError                the monitor's store cannot be opened, read or written
    └── WorkerDiedError           a worker process that ended without a result
"""

from __future__ import annotations


class EcgFacialError(Exception):
    """Base of every exception that the package raises on purpose."""


class DataError(EcgFacialError):
    """A file or folder cannot be used as it is."""


class MissingDataError(DataError):
    """A file or folder is not there."""


class CorruptDataError(DataError):
    """A file is there, but its content cannot be read."""


class AmbiguousDataError(DataError):
    """Two files claim to be the same thing."""


class UnknownLabelError(EcgFacialError, ValueError):
    """A pain-level code is outside the vocabulary."""


class SettingsError(EcgFacialError, ValueError):
    """A setting or argument is outside its limits."""


class WithheldError(EcgFacialError):
    """A method asked for labels or other data that it must not see."""


class BundleError(EcgFacialError):
    """A model bundle is incomplete, altered or of another version."""


class MissingDependencyError(EcgFacialError, ImportError):
    """An optional package is needed and not installed."""


class StaleCacheError(EcgFacialError):
    """A cache was made from other data or with other settings."""


class StoreError(EcgFacialError):
    """The monitor's store cannot be opened, read or written."""


class SourceLostError(EcgFacialError):
    """A camera, an amplifier or a stream is gone for now; the monitor tries it again."""


class SourceEndedError(EcgFacialError):
    """A replayed recording is at its end."""


class WorkerDiedError(EcgFacialError):
    """A worker process ended without a result, usually because memory ran out."""
