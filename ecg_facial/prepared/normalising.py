"""Normalisation of heart-rate tokens and frame features, between windows and models.

Enters: prepared data and a mode. Leaves: the same data with vectors shifted and scaled. What is fitted is fitted on the
training part of a fold; what is a person's own is taken from that person's trials, as the mode says. Pixels stay.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from ecg_facial.errors import SettingsError
from ecg_facial.labels import REST_CODE
from ecg_facial.prepared import PreparedData
from ecg_facial.prepared.settings import NormalisationSettings
from ecg_facial.runtime.storage import sha256_bytes, sha256_json
from ecg_facial.runtime.typing import BoolArray, Float32Array, Float64Array, UInt8Array

FIRST_LEVEL = "BL1"
TIME_COLUMN = "start_s"
_TINY = 1e-6
_Read = Callable[[int], Float64Array]


class NormalisedData(PreparedData):
    """Prepared data whose tokens are normalised; frame features are where they are asked for (`adjust_features`).

    Parameters
    ----------
    base : PreparedData
    settings : NormalisationSettings
    train_rows : sequence of int, optional
        The training part; without it nothing may be read yet.
    """

    def __init__(
        self, base: PreparedData, normalisation: NormalisationSettings, *, train_rows: Sequence[int] | None = None
    ) -> None:
        self.base, self.normalisation, self.train_rows = base, normalisation, train_rows
        self.folder, self.table, self.settings = base.folder, base.table, base.settings
        self.fingerprint, self.simulated = base.fingerprint, base.simulated
        self._tokens: Adjustment | None = None
        self._features: dict[str, Adjustment] = {}

    def fit(self, train_rows: Sequence[int]) -> NormalisedData:
        """Give the same data normalised for a fold with this training part."""
        return NormalisedData(self.base, self.normalisation, train_rows=list(train_rows))

    def with_table(self, table: pd.DataFrame) -> NormalisedData:
        """Give the same windows with another table."""
        return NormalisedData(self.base.with_table(table), self.normalisation, train_rows=self.train_rows)

    def tokens(self, row: int) -> Float32Array:
        """Normalised heart-rate tokens (n_tokens, N_TOKEN_FEATURES)."""
        if self._tokens is None:
            self._tokens = self._make_adjustment(self.base.tokens)
        return self._tokens.apply(row, self.base.tokens(row))

    def adjust_features(self, row: int, features: Callable[[int], Float32Array], *, key: str) -> Float32Array:
        """Normalise the frame features (n_frames, n_features) of a row; frames without a face stay 0.

        Parameters
        ----------
        row : int
        features : callable
            Features as they were computed, by row.
        key : str
            Says which features they are.
        """
        if key not in self._features:
            self._features[key] = self._make_adjustment(lambda other: features(other)[self.base.frame_mask(other)])
        raw, mask = features(row), self.base.frame_mask(row)
        return np.where(mask[:, None], self._features[key].apply(row, raw), raw)

    def fingerprints(self) -> dict[str, str]:
        """SHA-256 of what was fitted on the training part so far, and of the mode."""
        said = {"normalisation": sha256_json([self.normalisation.mode, self.normalisation.baseline_trials])}
        fitted = {"tokens": self._tokens, **self._features}
        return said | {
            f"normalisation:{name}": adjustment.fingerprint() for name, adjustment in fitted.items() if adjustment
        }

    def crops(self, row: int) -> UInt8Array:
        """Crops, as they are."""
        return self.base.crops(row)

    def frame_mask(self, row: int) -> BoolArray:
        """Where a face was seen."""
        return self.base.frame_mask(row)

    def frame_times_s(self, row: int) -> Float32Array:
        """Seconds from the window's start to each frame."""
        return self.base.frame_times_s(row)

    def token_times_s(self, row: int) -> Float32Array:
        """Seconds from the window's start to each token."""
        return self.base.token_times_s(row)

    def r_peak_times_s(self, row: int) -> Float64Array:
        """Seconds from the window's start to each R-peak."""
        return self.base.r_peak_times_s(row)

    def _make_adjustment(self, read: Callable[[int], Float32Array]) -> Adjustment:
        if self.train_rows is None:
            raise SettingsError("normalised data were read before their training part was known; fit them first")

        def read_exactly(row: int) -> Float64Array:
            return np.asarray(read(row), dtype=np.float64)

        return Adjustment(read_exactly, self.table, self.normalisation, self.train_rows)


class Adjustment:
    """Shift and scale of each row, for one kind of vectors.

    Parameters
    ----------
    read : callable
        Valid vectors (n, n_features) of a row; n may be 0.
    table : DataFrame
        With ``subject, trial, level``, a row for each row.
    settings : NormalisationSettings
    train_rows : sequence of int
    """

    def __init__(
        self, read: _Read, table: pd.DataFrame, settings: NormalisationSettings, train_rows: Sequence[int]
    ) -> None:
        self._read, self._table, self._settings = read, table, settings
        pooled = np.concatenate([read(row) for row in train_rows])
        if not len(pooled):
            pooled = np.zeros((1, read(0).shape[1]))
        self.mean, self.std = pooled.mean(axis=0), np.maximum(pooled.std(axis=0), _TINY)
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

    def fingerprint(self) -> str:
        """SHA-256 of what was fitted on the training part; a person's own figures are not among it."""
        return sha256_bytes(self.mean.tobytes() + self.std.tobytes())

    def _measure(self, subject: str) -> dict[int, tuple[Float64Array, Float64Array]]:
        rows = [int(row) for row in np.flatnonzero((self._table["subject"] == subject).to_numpy())]
        one = np.ones_like(self.std)
        if self._settings.mode == "causal":
            return {row: (shift, one) for row, shift in self._running_means(rows).items()}
        levels = self._table["level"].to_numpy()
        resting = self._settings.mode == "baseline"
        own = [row for row in rows if not resting or levels[row] == REST_CODE]
        pooled = np.concatenate([np.zeros((0, len(self.mean))), *(self._read(row) for row in own)])
        shift = pooled.mean(axis=0) if len(pooled) else self.mean
        scale = one if resting else np.maximum(pooled.std(axis=0), _TINY) if len(pooled) else self.std
        return dict.fromkeys(rows, (shift, scale))

    def _running_means(self, rows: list[int]) -> dict[int, Float64Array]:
        total, n_past, means = self.mean.copy(), 1, {}
        for row in order_rows(self._table, rows):
            means[row] = total / n_past
            vectors = self._read(row)
            if len(vectors):
                total, n_past = total + vectors.mean(axis=0), n_past + 1
        return means


def order_rows(table: pd.DataFrame, rows: Sequence[int]) -> list[int]:
    """Order a person's rows in time; by a hash of their names where no time is known.

    The numbers in the names of BioVid's clips run within a level, so that their order would tell the level.
    """
    if has_times(table):
        times_s = table[TIME_COLUMN].to_numpy(np.float64)
        return sorted(rows, key=lambda row: (times_s[row], row))
    names = table["trial"].astype(str).to_numpy()
    return sorted(rows, key=lambda row: hashlib.sha256(names[row].encode()).hexdigest())


def has_times(table: pd.DataFrame) -> bool:
    """Whether the table knows when every trial began."""
    return TIME_COLUMN in table and bool(np.isfinite(table[TIME_COLUMN].to_numpy(np.float64)).all())


def describe_order(table: pd.DataFrame) -> str:
    """Say what order of trials the causal mode goes by."""
    if has_times(table):
        return f"by time ({TIME_COLUMN})"
    return "drawn by a hash of the names: the data do not say when a trial was"


def normalise(prepared: PreparedData, settings: NormalisationSettings) -> PreparedData:
    """Give prepared data as a mode sees them; ``none`` leaves them as they are.

    For ``baseline`` without rest of everybody's, the first BL1 trials of each person become rest.

    Raises
    ------
    SettingsError
        When a person has too few BL1 trials.
    """
    if settings.mode == "none":
        return prepared
    if settings.mode != "baseline" or _everybody_rests(prepared.table):
        return NormalisedData(prepared, settings)
    table = prepared.table.copy()
    for subject in sorted(set(table["subject"].astype(str))):
        table.loc[table.index[_first_rows(table, subject, settings.baseline_trials)], "level"] = REST_CODE
    return NormalisedData(prepared.with_table(table), settings)


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
