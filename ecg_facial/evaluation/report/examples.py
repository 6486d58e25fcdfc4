"""Clips that a report shows.

Input: predictions, prepared windows, the index. Output: up to three examples: a baseline and a highest level that were
recognised, and a mistake. Faces are shown of SIMULATED people only: data agreements forbid publishing the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ecg_facial.datasets.records import DatasetIndex
from ecg_facial.ecg.intervals import compute_nn
from ecg_facial.ecg.stretches import read_ecg_stretch
from ecg_facial.errors import DataError
from ecg_facial.evaluation.judging.predictions_file import class_names_of, predicted_classes
from ecg_facial.labels import Task
from ecg_facial.prepared.contract import PreparedData
from ecg_facial.recording import EcgRef
from ecg_facial.runtime.typing import Float64Array, UInt8Array

N_CROPS = 6


@dataclass(frozen=True, eq=False, kw_only=True)
class Example:
    """One clip with its signals and the probabilities of the models.

    Attributes
    ----------
    title, subject, trial, label, predicted : str
    class_names : tuple of str
    crops : ndarray of uint8, shape (n, crop_px, crop_px, 3)
        None of them for people who are not simulated.
    crop_times_s : ndarray, shape (n,)
    ecg : ndarray, shape (n_times,)
        The window's samples; empty without ECG.
    fs_hz : float
    r_peak_times_s : ndarray, shape (n_beats,)
    heart_rate_times_s, heart_rate_bpm : ndarray, shape (n_intervals,)
        Of the trusted intervals.
    probabilities : mapping of str to ndarray, shape (n_classes,)
        By model.
    simulated : bool
    """

    title: str
    subject: str
    trial: str
    label: str
    predicted: str
    class_names: tuple[str, ...]
    crops: UInt8Array
    crop_times_s: Float64Array
    ecg: Float64Array
    fs_hz: float
    r_peak_times_s: Float64Array
    heart_rate_times_s: Float64Array
    heart_rate_bpm: Float64Array
    probabilities: Mapping[str, Float64Array]
    simulated: bool


def choose_examples(
    predictions: pd.DataFrame, prepared: PreparedData, index: DatasetIndex, *, task: Task, model: str
) -> list[Example]:
    """Choose clips by rule, so that nobody picks the pretty ones.

    Parameters
    ----------
    predictions : DataFrame
        As in `predictions.csv`, of one seed.
    prepared : PreparedData
    index : DatasetIndex
    task : Task
    model : str
        The model by whose predictions they are chosen.

    Returns
    -------
    list of Example
        The surest right baseline, the surest right highest level, and the surest mistake, as far as there are such.
    """
    own = predictions[predictions["model"] == model].sort_values(["subject", "trial"], kind="stable")
    own = own.assign(
        predicted=predicted_classes(own),
        confidence=own[[f"p_{name}" for name in class_names_of(own)]].max(axis=1),
    )
    own = own[own["predicted"] != ""]
    right = own["predicted"] == own["label"]
    wanted = [
        (f"{task.class_names[0]}, recognised", right & (own["label"] == task.class_names[0])),
        (f"{task.class_names[-1]}, recognised", right & (own["label"] == task.class_names[-1])),
        ("The surest mistake", ~right),
    ]
    examples = []
    for title, mask in wanted:
        if mask.any():
            row = own[mask].sort_values("confidence", ascending=False, kind="stable").iloc[0]
            examples.append(_make_example(title, row, predictions, prepared, index))
    return examples


def _make_example(
    title: str, chosen: pd.Series, predictions: pd.DataFrame, prepared: PreparedData, index: DatasetIndex
) -> Example:
    row = int(np.flatnonzero((prepared.table["trial"] == chosen["trial"]).to_numpy())[0])
    names = class_names_of(predictions)
    of_trial = predictions[predictions["trial"] == chosen["trial"]].set_index("model")
    crops, crop_times_s = _pick_crops(prepared, row)
    trial = next(trial for trial in index.trials if trial.id == chosen["trial"])
    ecg, fs_hz = _read_window(trial.ecg, prepared.settings.window_s)
    peaks = np.asarray(prepared[row].r_peak_times_s, dtype=np.float64)
    nn = compute_nn(peaks)
    kept = np.isfinite(nn)
    return Example(
        title=title,
        subject=str(chosen["subject"]),
        trial=str(chosen["trial"]),
        label=str(chosen["label"]),
        predicted=str(chosen["predicted"]),
        class_names=names,
        crops=crops,
        crop_times_s=crop_times_s,
        ecg=ecg,
        fs_hz=fs_hz,
        r_peak_times_s=peaks,
        heart_rate_times_s=peaks[1:][kept],
        heart_rate_bpm=60 / nn[kept],
        probabilities={
            model: of_trial.loc[model, [f"p_{name}" for name in names]].to_numpy(np.float64) for model in of_trial.index
        },
        simulated=prepared.simulated,
    )


def _pick_crops(prepared: PreparedData, row: int) -> tuple[UInt8Array, Float64Array]:
    """Crops spread over the frames that show a face."""
    window = prepared[row]
    crops, seen = window.crops, np.flatnonzero(window.frame_mask)
    if not prepared.simulated or not len(seen):
        return crops[:0], np.zeros(0)
    chosen = seen[np.unique(np.linspace(0, len(seen) - 1, N_CROPS).round().astype(int))]
    return np.array(crops[chosen]), np.asarray(window.frame_times_s, dtype=np.float64)[chosen]


def _read_window(source: EcgRef | None, window_s: float) -> tuple[Float64Array, float]:
    """ECG of the window and its rate; empty where the trial has none that can be read."""
    if source is None:
        return np.zeros(0), 1.0
    try:
        signal = read_ecg_stretch(source)
    except DataError:
        return np.zeros(0), 1.0
    return signal.samples[: round(window_s * signal.fs_hz)], signal.fs_hz
