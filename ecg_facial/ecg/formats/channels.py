"""Finding the ECG channel.

Input: the channels of a recording, and a name or number. Output: the channel's index. Only names decide, never the
position: the second column of a BioVid table is the skin conductance.
"""

from __future__ import annotations

import re

from ecg_facial.ecg.formats.contract import EcgFile, shorten
from ecg_facial.errors import DataError

ECG = "ecg"
_ECG_WORD = re.compile(r"^e[ck]g(\d+[a-z]?)?$")
# names of leads: standard, modified (ML, M), augmented (aV), chest (V), and of two-channel monitors
_LEAD = re.compile(r"^(ml?i{1,3}|i{1,3}|ml?[1-6]|av[rlf]|m?v\d{1,2}r?|mcl\d|cm\d|d[123])$")
# channels computed from an ECG have "ECG" in their names too
_DERIVED = frozenset({
    "rate", "hr", "bpm", "rr", "nn", "sqi", "quality", "status", "peak", "peaks", "rpeaks", "onset", "onsets", "offset",
    "offsets", "time", "timestamp", "off",
})  # fmt: skip
_MAX_LISTED = 12


def looks_like_ecg(name: str) -> bool:
    """Tell whether a name is that of an ECG: it has the word ``ecg`` or ``ekg``, or is a lead.

    Examples
    --------
    >>> [looks_like_ecg(name) for name in ("ECG II", "ECG100C", "MLII", "V5", "ECG_Rate", "gsr", "EEG Fpz")]
    [True, True, True, True, False, False, False]
    """
    words = [word for word in re.split(r"[^a-z0-9]+", name.lower()) if word]
    # a rate or quality computed from an ECG is not an ECG
    if _DERIVED & set(words):
        return False
    return any(_ECG_WORD.match(word) for word in words) or _is_lead(words)


def _is_lead(words: list[str]) -> bool:
    rest = [word for word in words if word not in ("lead", "channel", "ch")]
    return len(rest) == 1 and bool(_LEAD.match(rest[0]))


def choose_channel(recording: EcgFile, wanted: str) -> int:
    """Find a channel by name or number.

    Parameters
    ----------
    recording : EcgFile
    wanted : str
        A name (letter case does not matter) or a number from 1. ``ecg`` is the channel of that name, else the first one
        named like an ECG or a lead, else the only channel of a file without names.

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
    if not found and asked == ECG:
        likely = [name for name in names if looks_like_ecg(name)]
        found = [place for place, name in enumerate(names) if likely and name == _prefer(likely)]
        if not found:
            # a plug "A1" with a sensor "ECG"; the first of several, as with names
            sensors = [place for place, channel in enumerate(recording.channels) if looks_like_ecg(channel.sensor)]
            found = sensors[:1]
        if not found and len(names) == 1 and not recording.channels[0].is_named:
            return [0]
    return found


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
