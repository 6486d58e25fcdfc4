"""All readers by name.

Input: the modules of the readers. Output: `READERS`. The command line is made of their settings, so each is imported
with it: a reader imports what takes long (numpy, pandas, OpenCV) inside its functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from ecg_facial.datasets.readers import biovid, manifest, original, pmed, unbc
from ecg_facial.datasets.readers.contract import Reader
from ecg_facial.errors import SettingsError
from ecg_facial.runtime.settings import from_dict, strict_settings, to_dict

READERS: dict[str, Reader] = {}


def register(reader: Reader) -> None:
    """Add a reader, for `index_dataset` and, where it is added before `ecg_facial.cli` is imported, its options.

    Raises
    ------
    SettingsError
        For a name that is taken, or settings that cannot be stored.
    """
    if reader.name in READERS:
        raise SettingsError(f"reader {reader.name!r} is there already: give another name")
    strict_settings(reader.settings)
    READERS[reader.name] = reader


register(biovid.READER)
register(original.READER)
register(pmed.READER)
register(unbc.READER)
register(manifest.READER)


def list_settings() -> dict[str, list[Reader]]:
    """Give the readers that have a setting, by its name."""
    found: dict[str, list[Reader]] = {}
    for reader in READERS.values():
        for item in fields(reader.settings):
            found.setdefault(item.name, []).append(reader)
    return found


def make_settings(reader: Reader, options: Mapping[str, Any]) -> Any:
    """Make the settings of a reader; its own defaults hold for what is not given.

    Parameters
    ----------
    reader : Reader
    options : mapping of str to object
        Values by field name.

    Raises
    ------
    SettingsError
        For a field that this reader does not have, and for a value that its settings refuse.
    """
    owners = list_settings()
    for name, value in options.items():
        if reader not in owners.get(name, []):
            others = ", ".join(owner.name for owner in owners.get(name, [])) or "none"
            raise SettingsError(f"{name} is {value!r}: a setting of other readers ({others}), not of {reader.name}")
    return from_dict(reader.settings, {**to_dict(reader.settings()), **options})
