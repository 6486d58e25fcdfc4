"""Reading an ECG from a file of any format.

Enters: a path, and what the ECG is called. Leaves: its samples in millivolts where the file knows its unit, and their
rate. Does not filter, and does not guess which channel is the ECG when none is named so.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ecg_facial.ecg.filtering import check_rate
from ecg_facial.ecg.formats.channels import ECG, choose_channel
from ecg_facial.ecg.formats.contract import Lead, Recording
from ecg_facial.ecg.formats.opening import open_recording
from ecg_facial.ecg.formats.units import MILLIVOLT, find_factor
from ecg_facial.errors import CorruptDataError
from ecg_facial.recording import EcgSignal


@dataclass(frozen=True)
class EcgInfo:
    """What a file holds.

    Attributes
    ----------
    n_times : int
        Number of samples.
    fs_hz : float
        Sampling rate in Hz.
    duration_s : float
        Length in seconds.
    columns : tuple of str
        Names of the columns or channels as the file spells them; ``"1"``, ``"2"``, ... where it names none.
    kind : str
        Format in words.
    channel : str
        Name of the channel that is the ECG.
    """

    n_times: int
    fs_hz: float
    duration_s: float
    columns: tuple[str, ...]
    kind: str = "text table"
    channel: str = ECG


@dataclass(frozen=True, eq=False)
class EcgReading:
    """An ECG with what is known of the file that it came from.

    Attributes
    ----------
    name : str
        Name of the file.
    signal : EcgSignal
    kind : str
        Format in words.
    channel : str
        Name of the channel.
    channels : tuple of str
        Names of all channels.
    notes : tuple of str
        What a reader of the figures should know, a sentence each.
    """

    name: str
    signal: EcgSignal
    kind: str
    channel: str
    channels: tuple[str, ...]
    notes: tuple[str, ...]


def read_ecg(path: Path, *, fs_hz: float | None = None, column: str = ECG) -> EcgSignal:
    """Read an ECG.

    Parameters
    ----------
    path : Path
        A text table (separated by TAB, comma, semicolon or blanks, decimal comma or point, with or without a header), a
        WFDB record (its ``.hea``, or its name), EDF, EDF+, BDF, XDF, ``.npy`` or ``.npz``.
    fs_hz : float, optional
        Sampling rate in Hz; needed where the file says none. It wins over what the file says.
    column : str
        Name of the column or channel (letter case does not matter), or its number from 1. ``ecg`` also finds the first
        channel that is named like an ECG or a lead.

    Returns
    -------
    EcgSignal
        In mV where the file gives a unit of voltage, else in the file's own numbers without a unit. NaN where nothing
        was recorded.

    Raises
    ------
    MissingDataError, CorruptDataError, DataError, SettingsError
        In one line: the value, the limit and the remedy.

    Notes
    -----
    BioVid's files hold ``time gsr ecg ...``: the second column is the skin conductance, so the ECG is taken by name.
    """
    return read_ecg_fully(path, fs_hz=fs_hz, column=column).signal


def read_ecg_fully(path: Path, *, fs_hz: float | None = None, column: str = ECG) -> EcgReading:
    """Read an ECG as `read_ecg` does, with the name of its channel and notes on how it was read.

    Raises
    ------
    MissingDataError, CorruptDataError, DataError, SettingsError
        As `read_ecg`.
    """
    recording = open_recording(path)
    index = choose_channel(recording, column)
    lead = recording.read(index, fs_hz=None if fs_hz is None else check_rate(fs_hz))
    if not np.isfinite(lead.fs_hz) or lead.fs_hz <= 0:
        raise CorruptDataError(f"{path}: states a sampling rate of {lead.fs_hz:g} Hz; give it in Hz (fs_hz)")
    return EcgReading(path.name, _scale(lead), *_describe(recording, index), notes=_note_unit(lead))


def probe_ecg(path: Path, *, fs_hz: float | None = None, column: str = ECG) -> EcgInfo:
    """Say what a file holds without converting its ECG.

    Raises
    ------
    MissingDataError, CorruptDataError, DataError, SettingsError
        As `read_ecg`.
    """
    recording = open_recording(path)
    index = choose_channel(recording, column)
    n_times, rate_hz = recording.measure(index, fs_hz=None if fs_hz is None else check_rate(fs_hz))
    kind, channel, channels = _describe(recording, index)
    rate_hz = check_rate(rate_hz)
    return EcgInfo(n_times, rate_hz, n_times / rate_hz, channels, kind, channel)


def _describe(recording: Recording, index: int) -> tuple[str, str, tuple[str, ...]]:
    names = tuple(channel.name for channel in recording.channels)
    return recording.kind, names[index], names


def _scale(lead: Lead) -> EcgSignal:
    factor = find_factor(lead.unit)
    samples = np.where(np.isinf(lead.samples), np.nan, lead.samples) if np.isinf(lead.samples).any() else lead.samples
    if factor is None:
        return EcgSignal(samples, lead.fs_hz)
    return EcgSignal(samples if factor == 1.0 else samples * factor, lead.fs_hz, MILLIVOLT)


def _note_unit(lead: Lead) -> tuple[str, ...]:
    if find_factor(lead.unit) is not None:
        return lead.notes
    said = "says no unit" if not lead.unit else f"gives the unit {lead.unit!r}, which is no voltage"
    return (*lead.notes, f"the file {said}: amplitudes are its own numbers, not millivolts")
