"""Normalisation of heart-rate tokens and frame features, between windows and models.

Input: prepared data and a mode. Output: the same data with these vectors shifted and scaled. Means and deviations of
the population come from the training part of a fold alone; those of a person come from that person's trials, as far
as the mode permits. Pixels are not changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pandas as pd

from ecg_facial.errors import SettingsError
from ecg_facial.labels import REST_CODE
from ecg_facial.prepared.base import Wrapper, change_window
from ecg_facial.prepared.contract import FrameEncoder, FrameFeatures, PreparedData
from ecg_facial.prepared.settings import NormalisationSettings
from ecg_facial.runtime.executors.contract import Executor
from ecg_facial.runtime.executors.serial import SERIAL
from ecg_facial.runtime.storage import sha256_bytes, sha256_json
from ecg_facial.runtime.typing import Float32Array, Float64Array
from ecg_facial.windows.window import Window

FIRST_LEVEL = "BL1"
TIME_COLUMN = "start_s"
# Least standard deviation: avoids a division by 0 for features that are constant in training.
_LEAST_STD = 1e-6


class NormalisedData(Wrapper):
    """Prepared data with normalised heart-rate tokens and frame features; pixels stay as they are. See `PreparedData`.

    Parameters
    ----------
    base : PreparedData
    normalisation : NormalisationSettings
    train_rows : sequence of int, optional
        The training part of a fold. Without it normalised values cannot be read: call `fit` first.
    """

    def __init__(
        self, base: PreparedData, normalisation: NormalisationSettings, *, train_rows: Sequence[int] | None = None
    ) -> None:
        super().__init__(base)
        self.normalisation, self.train_rows = normalisation, train_rows
        self._adjustments: dict[str, Adjustment] = {}

    def wrap(self, base: PreparedData) -> NormalisedData:
        """Normalise other data in the same way."""
        return NormalisedData(base, self.normalisation, train_rows=self.train_rows)

    def fit(self, train_rows: Sequence[int]) -> NormalisedData:
        """Return the same data, normalised for a fold with this training part."""
        return NormalisedData(self.base.fit(train_rows), self.normalisation, train_rows=list(train_rows))

    def describe_fit(self) -> dict[str, str]:
        """SHA-256 of the mode, and of the means and deviations that were computed so far."""
        mode = sha256_json([self.normalisation.mode, self.normalisation.baseline_trials])
        # tokens first, so that the order does not depend on what was read first
        names = sorted(self._adjustments, key=lambda name: (name != "tokens", name))
        fitted = {f"normalisation:{name}": self._adjustments[name].fingerprint() for name in names}
        return {**self.base.describe_fit(), "normalisation": mode, **fitted}

    def __getitem__(self, row: int, /) -> Window:
        window = self.base[row]
        return change_window(window, tokens=lambda: self._adjust("tokens", self._read_tokens, row))

    def features(
        self, key: str, load: Callable[[], FrameEncoder], *, executor: Executor = SERIAL, show_progress: bool = False
    ) -> FrameFeatures:
        """Compute the features of all crops and return them normalised, by row; frames without a face stay 0."""
        raw = super().features(key, load, executor=executor, show_progress=show_progress)
        return partial(self._adjust_features, key, raw)

    def _adjust_features(self, key: str, raw: FrameFeatures, row: int) -> Float32Array:
        features, mask = raw(row), self.base[row].frame_mask
        adjusted = np.zeros_like(features)
        adjusted[mask] = self._adjust(key, partial(self._read_seen, raw), row)
        return adjusted

    def _read_tokens(self, row: int) -> Float32Array:
        return self.base[row].tokens

    def _read_seen(self, raw: FrameFeatures, row: int) -> Float32Array:
        """Features of the frames that show the face."""
        return raw(row)[self.base[row].frame_mask]

    def _adjust(self, name: str, read: Callable[[int], Float32Array], row: int) -> Float32Array:
        """Normalise vectors (n, n_features) of a row; the training part is measured at the first call."""
        if name not in self._adjustments:
            if self.train_rows is None:
                raise SettingsError("normalised data were read before their training part was known; fit them first")
            self._adjustments[name] = Adjustment(
                read, table=self.table, settings=self.normalisation, train_rows=self.train_rows
            )
        return self._adjustments[name].apply(row, read(row))


class Adjustment:
    """Shift and scale of each row, for one kind of vectors (tokens, or features of one network).

    Parameters
    ----------
    read : callable
        Gives the valid vectors (n, n_features) of a row; n may be 0.
    table : DataFrame
        Columns ``subject, trial, level``, and ``start_s`` where times are known.
    settings : NormalisationSettings
    train_rows : sequence of int
    """

    def __init__(
        self,
        read: Callable[[int], Float32Array],
        *,
        table: pd.DataFrame,
        settings: NormalisationSettings,
        train_rows: Sequence[int],
    ) -> None:
        self._read_single, self._table, self._settings = read, table, settings
        pooled = np.concatenate([self._read(row) for row in train_rows])
        if not len(pooled):
            pooled = np.zeros((1, read(0).shape[1]))
        self.mean, self.std = pooled.mean(axis=0), np.maximum(pooled.std(axis=0), _LEAST_STD)
        self._of_person: dict[str, dict[int, tuple[Float64Array, Float64Array]]] = {}

    def apply(self, row: int, values: Float32Array) -> Float32Array:
        """Normalise the vectors of a row."""
        shift, scale = self.mean, self.std
        if self._settings.mode != "training-set":
            subject = str(self._table["subject"].iloc[row])
            if subject not in self._of_person:
                self._of_person[subject] = self._measure(subject)
            shift, scale = self._of_person[subject][row]
        return np.asarray((values - shift) / scale, dtype=np.float32)

    def _read(self, row: int) -> Float64Array:
        # in float32 the last digits of a mean would depend on the order of the rows
        return np.asarray(self._read_single(row), dtype=np.float64)

    def fingerprint(self) -> str:
        """SHA-256 of what was fitted to the training part; a person's own means are not part of it."""
        return sha256_bytes(self.mean.tobytes() + self.std.tobytes())

    def _measure(self, subject: str) -> dict[int, tuple[Float64Array, Float64Array]]:
        """Shift and scale of each row of a person; those of the training part where the person has no vectors."""
        rows = [int(row) for row in np.flatnonzero((self._table["subject"] == subject).to_numpy())]
        one = np.ones_like(self.std)
        if self._settings.mode == "causal":
            return {row: (shift, one) for row, shift in self._running_means(rows).items()}
        levels = self._table["level"].to_numpy()
        resting = self._settings.mode == "baseline"
        own = [row for row in rows if not resting or levels[row] == REST_CODE]
        pooled = np.concatenate([np.zeros((0, len(self.mean))), *(self._read(row) for row in own)])
        shift = pooled.mean(axis=0) if len(pooled) else self.mean
        scale = one if resting else np.maximum(pooled.std(axis=0), _LEAST_STD) if len(pooled) else self.std
        return dict.fromkeys(rows, (shift, scale))

    def _running_means(self, rows: list[int]) -> dict[int, Float64Array]:
        """Mean over the trials before each row; the training part's mean counts as one trial before the first."""
        total, n_past, means = self.mean.copy(), 1, {}
        for row in order_rows(self._table, rows):
            means[row] = total / n_past
            vectors = self._read(row)
            if len(vectors):
                total, n_past = total + vectors.mean(axis=0), n_past + 1
        return means


def order_rows(table: pd.DataFrame, rows: Sequence[int]) -> list[int]:
    """Order a person's rows by time, or by a hash of their names where no time is known.

    Never by name: the numbers in the names of BioVid's clips run within a level, so their order reveals the level.
    """
    if has_times(table):
        times_s = table[TIME_COLUMN].to_numpy(np.float64)
        return sorted(rows, key=lambda row: (times_s[row], row))
    names = table["trial"].astype(str).to_numpy()
    return sorted(rows, key=lambda row: hashlib.sha256(names[row].encode()).hexdigest())


def has_times(table: pd.DataFrame) -> bool:
    """Whether the table has the start time of every trial."""
    return TIME_COLUMN in table and bool(np.isfinite(table[TIME_COLUMN].to_numpy(np.float64)).all())


def describe_order(table: pd.DataFrame) -> str:
    """Describe the order of trials in the causal mode."""
    if has_times(table):
        return f"by time ({TIME_COLUMN})"
    return "drawn by a hash of the names: the data do not say when a trial was"


def normalise(prepared: PreparedData, settings: NormalisationSettings) -> PreparedData:
    """Normalise prepared data by a mode; ``none`` returns them unchanged.

    Raises
    ------
    SettingsError
        When a person has too few BL1 trials (`choose_rest`).
    """
    if settings.mode == "none":
        return prepared
    return NormalisedData(choose_rest(prepared, settings), settings)


def choose_rest(prepared: PreparedData, settings: NormalisationSettings) -> PreparedData:
    """Relabel the first BL1 trials of each person as rest, in mode ``baseline`` and where not everybody has rest.

    Raises
    ------
    SettingsError
        When a person has too few BL1 trials.
    """
    if settings.mode != "baseline" or _everybody_rests(prepared.table):
        return prepared
    table = prepared.table.copy()
    for subject in sorted(set(table["subject"].astype(str))):
        table.loc[table.index[_first_rows(table, subject, settings.baseline_trials)], "level"] = REST_CODE
    return prepared.with_table(table)


def _everybody_rests(table: pd.DataFrame) -> bool:
    resting = set(table.loc[table["level"] == REST_CODE, "subject"])
    return resting == set(table["subject"])


def _first_rows(table: pd.DataFrame, subject: str, n: int) -> list[int]:
    rows = np.flatnonzero(((table["subject"] == subject) & (table["level"] == FIRST_LEVEL)).to_numpy())
    if len(rows) <= n:
        raise SettingsError(
            f"subject {subject} has {len(rows)} {FIRST_LEVEL} trials: {n} for the baseline leave none to score; take "
            "fewer, or record rest"
        )
    return order_rows(table, [int(row) for row in rows])[:n]
