"""Reading an ECG from a file of any format.

Input: a path, and the name of the channel. Output: the samples, in millivolts where the file gives a unit, and the
sampling rate. Does not filter, and does not guess which channel is the ECG if no name says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ecg_facial.ecg.filtering import check_rate
from ecg_facial.ecg.formats.channels import ECG, choose_channel, is_named_like_ecg, list_ecgs
from ecg_facial.ecg.formats.contract import EcgFile, Lead
from ecg_facial.ecg.formats.opening import open_ecg_file
from ecg_facial.ecg.formats.units import MILLIVOLT, find_factor, is_another_quantity, is_size_of_ecg, measure_range_mv
from ecg_facial.ecg.sentinels import remove_sentinels
from ecg_facial.errors import CorruptDataError, DataError, SettingsError
from ecg_facial.recording import EcgSignal
from ecg_facial.runtime.typing import Float64Array

_OWN_NUMBERS = "amplitudes are its own numbers, not millivolts"
# sampling rates of anything that a file may hold beside an ECG, temperature to sound
_RATES_HZ = (0.1, 1e6)


@dataclass(frozen=True, kw_only=True)
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


@dataclass(frozen=True, eq=False, kw_only=True)
class EcgReading:
    """An ECG, with what is known of its file.

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
        Remarks on the data, one sentence each.
    """

    name: str
    signal: EcgSignal
    kind: str
    channel: str
    channels: tuple[str, ...]
    notes: tuple[str, ...]


def read_ecg(path: Path | str, *, fs_hz: float | None = None, column: str = ECG) -> EcgSignal:
    """Read an ECG.

    Parameters
    ----------
    path : path
        A text table (separated by TAB, comma, semicolon or blanks, decimal comma or point, with or without a header), a
        WFDB record (its ``.hea``, or its name), EDF, EDF+, BDF, XDF, ``.mat``, ``.npy`` or ``.npz``.
    fs_hz : float, optional
        Sampling rate in Hz; needed where the file states none, and used instead of the file's where given.
    column : str
        Name of the column or channel (letter case does not matter), or its number from 1. ``ecg`` also finds the first
        channel that is named like an ECG or a lead.

    Returns
    -------
    EcgSignal
        In mV where the file gives a plausible unit of voltage, else in the file's own numbers without a unit. NaN where
        nothing was recorded.

    Raises
    ------
    MissingDataError, CorruptDataError, DataError, SettingsError
        When there is no such file or channel, the file is damaged, or the rate is unknown.

    Notes
    -----
    BioVid's files hold ``time gsr ecg ...``: the second column is the skin conductance, so the ECG is taken by name.
    """
    return read_ecg_fully(Path(path), fs_hz=fs_hz, column=column).signal


def read_ecg_fully(path: Path, *, fs_hz: float | None = None, column: str = ECG) -> EcgReading:
    """Read an ECG as `read_ecg` does, with the name of its channel and notes on how it was read.

    Raises
    ------
    MissingDataError, CorruptDataError, DataError, SettingsError
        As `read_ecg`.
    """
    recording = open_ecg_file(path)
    index = choose_channel(recording, column)
    lead = recording.read(index, fs_hz=_check_given(fs_hz))
    choice: tuple[str, ...] = ()
    if column == ECG:
        index, lead, choice = _prefer_living(recording, index, lead, fs_hz=_check_given(fs_hz))
    _check_stated(path, lead.fs_hz)
    kind, channel, channels = _describe(recording, index)
    if is_another_quantity(lead.unit):
        raise DataError(f"{path}: {channel!r} is in {lead.unit}, which is no voltage; choose the channel of the ECG")
    samples, gaps = remove_sentinels(lead.samples, lead.fs_hz)
    signal, notes = _scale(replace(lead, samples=samples))
    return EcgReading(
        name=path.name,
        signal=signal,
        kind=kind,
        channel=channel,
        channels=channels,
        notes=(*choice, *lead.notes, *gaps, *notes),
    )


def probe_ecg(path: Path, *, fs_hz: float | None = None, column: str = ECG) -> EcgInfo:
    """Describe the ECG of a file without converting its samples.

    Raises
    ------
    MissingDataError, CorruptDataError, DataError, SettingsError
        As `read_ecg`.
    """
    recording = open_ecg_file(path)
    index = choose_channel(recording, column)
    n_times, rate_hz = recording.measure(index, fs_hz=_check_given(fs_hz))
    _check_stated(path, rate_hz)
    kind, channel, channels = _describe(recording, index)
    return EcgInfo(
        n_times=n_times, fs_hz=rate_hz, duration_s=n_times / rate_hz, columns=channels, kind=kind, channel=channel
    )


def _prefer_living(
    recording: EcgFile, index: int, lead: Lead, *, fs_hz: float | None
) -> tuple[int, Lead, tuple[str, ...]]:
    """Take another ECG where the first one is flat, as an electrode that fell off leaves it; a note says so."""
    chosen = recording.channels[index]
    if not is_named_like_ecg(chosen) and chosen.is_named:
        return index, lead, (f"no channel is named like an ECG: {chosen.name!r}, the only signal, is read",)
    if not _is_flat(lead.samples):
        return index, lead, ()
    for other in list_ecgs(recording):
        found = None if other == index else recording.read(other, fs_hz=fs_hz)
        if found is not None and not _is_flat(found.samples):
            note = f"channel {chosen.name!r} is flat: {recording.channels[other].name!r} was taken"
            return other, found, (note,)
    return index, lead, ()


def _is_flat(samples: Float64Array) -> bool:
    known = samples[np.isfinite(samples)]
    return not len(known) or bool((known == known[0]).all())


def _check_given(fs_hz: float | None) -> float | None:
    if fs_hz is None:
        return None
    if not _RATES_HZ[0] <= check_rate(fs_hz) <= _RATES_HZ[1]:
        raise SettingsError(f"sampling rate is {fs_hz:g} Hz: expected {_RATES_HZ[0]:g} to {_RATES_HZ[1]:g} Hz")
    return float(fs_hz)


def _check_stated(path: Path, fs_hz: float) -> None:
    if not _RATES_HZ[0] <= fs_hz <= _RATES_HZ[1]:
        raise CorruptDataError(
            f"{path}: states a sampling rate of {fs_hz:g} Hz, expected {_RATES_HZ[0]:g} to {_RATES_HZ[1]:g} Hz; give "
            "it in Hz (fs_hz)"
        )


def _describe(recording: EcgFile, index: int) -> tuple[str, str, tuple[str, ...]]:
    names = tuple(channel.name for channel in recording.channels)
    return recording.kind, names[index], names


def _scale(lead: Lead) -> tuple[EcgSignal, tuple[str, ...]]:
    """Convert samples to millivolts where their unit is known and plausible; otherwise a note says why not."""
    samples = np.where(np.isinf(lead.samples), np.nan, lead.samples) if np.isinf(lead.samples).any() else lead.samples
    own = EcgSignal(samples=samples, fs_hz=lead.fs_hz)
    factor = find_factor(lead.unit)
    if factor is None:
        said = "says no unit" if not lead.unit else f"gives the unit {lead.unit!r}, which is no voltage"
        return own, (f"the file {said}: {_OWN_NUMBERS}",)
    scaled = samples if factor == 1.0 else samples * factor
    range_mv = measure_range_mv(scaled, lead.fs_hz)
    if not is_size_of_ecg(range_mv):
        return own, (
            f"{range_mv:.3g} mV within two seconds is no heart's, so the file's unit {lead.unit!r} is wrong: "
            f"{_OWN_NUMBERS}",
        )
    return EcgSignal(samples=scaled, fs_hz=lead.fs_hz, unit=MILLIVOLT), ()
