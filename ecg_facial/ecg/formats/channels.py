"""Finding the ECG channel.

Input: the channels of a recording, and a name or number. Output: the channel's index. Only names decide, never the
position: the second column of a BioVid table is the skin conductance.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace

from ecg_facial.ecg.formats.contract import Channel, EcgFile, shorten
from ecg_facial.ecg.formats.ecg_names import looks_like_ecg
from ecg_facial.ecg.formats.text_times import find_time_columns
from ecg_facial.ecg.formats.units import is_another_quantity, split_unit
from ecg_facial.errors import DataError

ECG = "ecg"
_MAX_LISTED = 12
# what the only signal beside times is called by programs that record an ECG alone
_SIGNALS = frozenset({
    "signal", "signals", "value", "values", "data", "sample", "samples", "voltage", "amplitude", "y", "uv",
    "\u00b5v", "mv",
})  # fmt: skip


def choose_channel(recording: EcgFile, wanted: str) -> int:
    """Find a channel by name or number.

    Parameters
    ----------
    recording : EcgFile
    wanted : str
        A name (letter case does not matter) or a number from 1. ``ecg`` is the channel of that name, else the first one
        named like an ECG or a lead, else the only channel beside times that has no name, or one that says nothing.

    Returns
    -------
    int
        Its index.

    Raises
    ------
    DataError
        When no channel fits, or more than one.
    """
    names = [channel.name.strip().lower() for channel in recording.channels]
    asked = wanted.strip().lower()
    found = _match(recording, names, asked)
    if len(found) == 1:
        return found[0]
    if found:
        places = ", ".join(str(place + 1) for place in found)
        raise DataError(
            f"{recording.path}: {len(found)} channels are named {shorten(wanted)}; choose by number, one of {places}"
        )
    raise DataError(f"{recording.path}: {_describe_absence(recording, wanted)}")


def _match(recording: EcgFile, names: list[str], asked: str) -> list[int]:
    """List the channels with a name, else with a number, else those named like an ECG."""
    found = [place for place, name in enumerate(names) if name == asked]
    if not found and asked.isdecimal() and len(asked) < 8 and 0 < int(asked) <= len(names):
        return [int(asked) - 1]
    if not found:
        # as the file spells it, with the unit
        plain = split_unit(asked)[0].strip()
        found = [place for place, name in enumerate(names) if plain != asked and name == plain]
    return found if found or asked != ECG else _find_ecg(recording.channels, names)


def _find_ecg(channels: Sequence[Channel], names: list[str]) -> list[int]:
    """List the channels with the best name of an ECG: its own, else that of its sensor, else the only one without."""
    times = {column.index for column in find_time_columns([_last_name(channel) for channel in channels])}
    likely = [place for place, one in enumerate(channels) if place not in times and looks_like_ecg(one.name)]
    # a channel in beats per minute or per cent is computed from it
    likely = [place for place in likely if not is_another_quantity(channels[place].unit)] or likely
    if likely:
        # the first of those with the most samples
        most = max(_count_stored(channels[place]) for place in likely)
        likely = [place for place in likely if _count_stored(channels[place]) == most]
        best = _prefer([names[place] for place in likely])
        return [place for place in likely if names[place] == best]
    # a plug "A1" with a sensor "ECG"; the first of several, as with names
    sensors = [place for place, channel in enumerate(channels) if looks_like_ecg(channel.sensor)]
    if sensors:
        return sensors[:1]
    if len(names) == 1 and not channels[0].is_named:
        return [0]
    others = [place for place in range(len(names)) if place not in times]
    is_only = len(others) == 1 and (names[others[0]] in _SIGNALS or not channels[others[0]].is_named)
    return others if is_only else []


def _last_name(channel: Channel) -> Channel:
    """Leave out the structs around an array: ``ecg.t`` holds times."""
    return replace(channel, name=channel.name.rpartition(".")[2]) if "." in channel.name else channel


def list_ecgs(recording: EcgFile) -> list[int]:
    """List all channels that are named like an ECG, or have a sensor for one, the best name first."""
    channels = recording.channels
    likely = [place for place, one in enumerate(channels) if is_named_like_ecg(one)]
    return sorted(likely, key=lambda place: not re.search(r"e[ck]g", channels[place].name.lower()))


def is_named_like_ecg(channel: Channel) -> bool:
    """Tell whether the name of a channel, or of its sensor, is that of an ECG."""
    return looks_like_ecg(channel.name) or looks_like_ecg(channel.sensor)


def _count_stored(channel: Channel) -> float:
    return math.inf if channel.n_stored is None else channel.n_stored


def _prefer(likely: list[str]) -> str:
    """First name that contains ``ecg`` or ``ekg``, else the first lead."""
    return next((name for name in likely if re.search(r"e[ck]g", name)), likely[0])


def _describe_absence(recording: EcgFile, wanted: str) -> str:
    word = "column" if "table" in recording.kind else "channel"
    if not any(channel.is_named for channel in recording.channels):
        n_channels = len(recording.channels)
        return (
            f"{n_channels} {word}s without a header, so which is the ECG is unknown; add a header line, or name the "
            f"{word} by its number, 1 to {n_channels}"
        )
    names = [channel.name for channel in recording.channels]
    more = f" and {len(names) - _MAX_LISTED} more" if len(names) > _MAX_LISTED else ""
    listed = shorten(", ".join(names[:_MAX_LISTED]), limit=_MAX_LISTED * 8)
    return f"no {word} {shorten(wanted)} ({word}s: {listed}{more}); name the ECG {word}{recording.hint}"
