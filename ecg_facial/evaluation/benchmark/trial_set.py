"""The trials of one part of a fold, as a method sees them: with labels, or without.

Input: prepared data, rows, and whether labels may be seen. Output: windows by place. Names and order of BioVid's trials
reveal their level, so a set without labels has no names either, and its order is drawn by a hash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from ecg_facial.ecg_model import ECGDataset
from ecg_facial.errors import SettingsError, WithheldError
from ecg_facial.facial_model import FacialDataset
from ecg_facial.labels import Task
from ecg_facial.nets.features import frozen_features
from ecg_facial.nets.settings import FacialSettings
from ecg_facial.prepared.contract import FrameFeatures, PreparedData
from ecg_facial.prepared.queries import encode_labels, has_beats, sees_face
from ecg_facial.runtime.typing import BoolArray, Float32Array, Float64Array, Int64Array
from ecg_facial.windows.window import Window

# Columns that a method may see. Not `problem`: its text holds file names, which reveal the level.
OPEN_COLUMNS = (
    "subject", "sex", "age_years", "has_video", "has_ecg", "face_quality", "ecg_quality", "heart_rate_bpm", "n_faces",
    "n_tokens",
)  # fmt: skip


class TrialSet:
    """Trials by place, 0 to ``len - 1``.

    Parameters
    ----------
    prepared : PreparedData
    rows : sequence of int
        Rows of `prepared.table`.
    task : Task
    labelled : bool
        Whether `labels` and `trials` may be asked for.

    Raises
    ------
    UnknownLabelError
        For a labelled trial whose level is not part of the task.
    """

    def __init__(self, prepared: PreparedData, rows: Sequence[int], *, task: Task, labelled: bool = True) -> None:
        self.task, self.labelled = task, labelled
        self._prepared = prepared
        self._rows = [int(row) for row in rows]
        self._found: dict[FacialSettings, FrameFeatures | None] = {}
        self._labels = np.array(encode_labels(prepared, self._rows, task), np.int64) if labelled else None

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return self.task.n_classes

    @property
    def labels(self) -> Int64Array:
        """Class index of each trial, shape (n,).

        Raises
        ------
        WithheldError
            Where the trials are those to be predicted.
        """
        if self._labels is None:
            raise WithheldError("labels of trials to be predicted: withheld; fit on the inner parts")
        return self._labels.copy()

    @property
    def trials(self) -> list[str]:
        """Names of the trials.

        Raises
        ------
        WithheldError
            Where the trials are those to be predicted: names may spell the level.
        """
        if not self.labelled:
            raise WithheldError("names of trials to be predicted: withheld, they may spell the level; go by place")
        return [str(name) for name in self._prepared.table["trial"].iloc[self._rows]]

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row per trial, without names and levels: those of `OPEN_COLUMNS` that the data have, and features."""
        features = [name for group in self.modalities.values() for name in group]
        columns = [*(name for name in OPEN_COLUMNS if name in self._prepared.table), *features]
        return self._prepared.table[columns].iloc[self._rows].reset_index(drop=True)

    @property
    def modalities(self) -> Mapping[str, tuple[str, ...]]:
        """Columns of `table` that are features, by modality; empty where signals are windows."""
        return self._prepared.modalities

    def values(self, *modalities: str) -> Float64Array:
        """Features of some modalities side by side, (n, n_features); NaN where one is missing.

        Raises
        ------
        SettingsError
            For a modality that the data do not have.
        """
        absent = [name for name in modalities if name not in self.modalities]
        if absent:
            known = ", ".join(self.modalities) or "none, its signals are windows"
            raise SettingsError(f"no modality {absent[0]!r} in the table of features: it has {known}")
        columns = [column for name in modalities for column in self.modalities[name]]
        return np.asarray(self._prepared.table[columns].iloc[self._rows], dtype=np.float64)

    @property
    def subjects(self) -> list[str]:
        """Subject of each trial."""
        return [str(name) for name in self.table["subject"]]

    @cached_property
    def sees_face(self) -> BoolArray:
        """Whether any frame of a trial shows the face, (n,)."""
        return np.array([sees_face(self._prepared, row) for row in self._rows], dtype=bool)

    @cached_property
    def has_beats(self) -> BoolArray:
        """Whether a trial has any heart-rate token, (n,)."""
        return np.array([has_beats(self._prepared, row) for row in self._rows], dtype=bool)

    def __getitem__(self, place: int, /) -> Window:
        """Window of a trial: face crops, heart-rate tokens, times and quality. Nothing in it reveals the level."""
        return self._prepared[self._rows[place]]

    def frame_features(self, place: int, settings: FacialSettings | None = None) -> Float32Array:
        """Features (n_frames, 512) of the crops by a frozen network, zeros where no face was seen."""
        features = self._features(settings or FacialSettings())
        if features is None:
            raise SettingsError("the ResNet18 is trained too: only a frozen one has features computed before")
        return features(self._rows[place])

    def facial_data(self, settings: FacialSettings | None = None) -> FacialDataset:
        """Make a torch data set of the clips: features of a frozen network, or crops for one that is trained too."""
        features = self._features(settings or FacialSettings())
        return FacialDataset(self._prepared, self._rows, task=self._known_task, features=features)

    def ecg_data(self) -> ECGDataset:
        """Make a torch data set of the heart-rate tokens."""
        return ECGDataset(self._prepared, self._rows, task=self._known_task)

    def select(self, mask: BoolArray) -> TrialSet:
        """Keep the trials where `mask`, shape (n,), is true."""
        rows = [row for row, keep in zip(self._rows, mask, strict=True) if keep]
        return self._with(rows, labelled=self.labelled)

    def join(self, *others: TrialSet) -> TrialSet:
        """Put the trials of other parts of the same fold behind these."""
        rows = [row for part in (self, *others) for row in part._rows]
        return self._with(rows, labelled=self.labelled)

    def without_labels(self) -> TrialSet:
        """Return the same trials in the same order without labels."""
        return self._with(self._rows, labelled=False)

    def _with(self, rows: Sequence[int], *, labelled: bool) -> TrialSet:
        made = TrialSet(self._prepared, rows, task=self.task, labelled=labelled)
        made._found = self._found
        return made

    @property
    def _known_task(self) -> Task | None:
        return self.task if self.labelled else None

    def _features(self, settings: FacialSettings) -> FrameFeatures | None:
        if settings not in self._found:
            self._found[settings] = frozen_features(self._prepared, settings)
        return self._found[settings]


@dataclass(frozen=True, eq=False, kw_only=True)
class Parts:
    """The inner parts of a fold, on which a method is fitted: disjoint, and without the test trials.

    Attributes
    ----------
    train : TrialSet
    stopping : TrialSet
        Chooses the epoch.
    calibration : TrialSet
        Fits the fusion weight and temperatures; may be empty.
    conformal : TrialSet
        For the scores of conformal sets; `Pipeline.fit` must not look at it. May be empty.
    refit : bool
        Fit once more on all of ``train``, ``stopping`` and ``calibration``, with what these chose.
    crossfit : tuple of Parts
        Inner folds, where no subjects are reserved for calibration. The ``calibration`` part of each is predicted by
        models that were fitted on its ``train`` and ``stopping`` parts; together they hold every inner subject once.
    """

    train: TrialSet
    stopping: TrialSet
    calibration: TrialSet
    conformal: TrialSet
    crossfit: tuple[Parts, ...] = field(default=())
    refit: bool = False


def shuffle_rows(prepared: PreparedData, rows: Iterable[int]) -> list[int]:
    """Order rows by a hash of their names, so that the order does not reveal the level."""
    names = prepared.table[["subject", "trial"]].to_numpy()

    def digest(row: int) -> str:
        return hashlib.sha256("\0".join(map(str, names[row])).encode()).hexdigest()

    return sorted((int(row) for row in rows), key=digest)
