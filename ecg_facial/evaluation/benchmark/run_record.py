"""Content of `run.json`, typed: what is needed to judge and to repeat a run.

Input: nothing, or a file. Output: `RunRecord`. `run_file` fills it. Imports no network, so that a report of another
program's predictions needs none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ecg_facial.datasets.settings import FeatureSettings, LabelSettings
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.evaluation.protocols.settings import InnerSettings
from ecg_facial.learning.settings import ModelSettings
from ecg_facial.prepared.settings import NormalisationSettings
from ecg_facial.runtime.provenance import ProgramRecord
from ecg_facial.runtime.records import Record
from ecg_facial.windows.settings import WindowSettings

RUN_FILE = "run.json"


@dataclass(frozen=True, kw_only=True)
class ProblemRecord(Record):
    """Something that was left out, and why.

    Attributes
    ----------
    kind : str
        ``missing``, ``unreadable``, ``too_short``, ``unknown_label``, ``no_level`` or ``duplicate``.
    subject : str
        Empty where it concerns nobody in particular.
    trial : str
        Empty where it concerns no trial in particular.
    message : str
        What is wrong, in one line.
    """

    kind: str
    subject: str
    trial: str
    message: str


@dataclass(frozen=True, kw_only=True)
class LeakingRun(Record):
    """The run by the original's leaking protocol, made beside the honest one.

    Attributes
    ----------
    folder : str
        Inside the run folder.
    stamps : tuple of str
        Its warnings.
    """

    folder: str
    stamps: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class TemperatureRecord(Record):
    """The temperatures of one model over the folds of all seeds; `folds/*.json` holds each of them.

    Attributes
    ----------
    model : str
        ``facial``, ``ecg`` or ``fusion``.
    n_folds : int
        Folds of all seeds together.
    lowest : float
        Lowest temperature; 1 leaves a model's confidence as it is.
    median : float
        Median temperature.
    highest : float
        Highest temperature.
    reasons : mapping of str to int
        Why temperatures are 1, or at the limit of the search, with the number of folds. In the other folds they were
        fitted freely.
    """

    model: str
    n_folds: int
    lowest: float
    median: float
    highest: float
    reasons: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class TableRecord(Record):
    """The table of features that a run was made from.

    Attributes
    ----------
    path : str
        Where it lies, seen from the run folder.
    sha256 : str
        SHA-256 of the file.
    columns : FeatureSettings
        Which columns are features, label, subject and trial.
    n_features : mapping of str to int
        Number of features by modality.
    """

    path: str
    sha256: str
    columns: FeatureSettings
    n_features: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class FoldRecord(Record):
    """How many subjects each part of a fold holds, and what was chosen on them.

    Attributes
    ----------
    seed : int
        Seed of the run.
    fold : int
        Number of the fold.
    n_tested : int
        Subjects who were tested.
    n_trained : int
        Subjects who trained before any refit.
    n_shots : int
        Single trials that trained, of subjects who were tested.
    n_stopped : int
        Subjects who chose the epochs.
    n_calibrated : int
        Subjects who fitted temperatures and learned weights; under cross-fitting all inner ones, out of fold.
    n_conformal : int
        Subjects kept for conformal scores.
    n_refitted : int
        Subjects whom the predicting models were fitted on in the end.
    epochs : mapping of str to int
        Chosen epoch by model, of models that have epochs.
    face_weights : mapping of str to float
        Weight of the facial logits by fused model.
    temperatures : mapping of str to float
        Temperature by model.
    chosen_face : str or None
        Facial model that ``fusion:chosen`` takes; None where no model chooses.
    """

    optional: ClassVar[tuple[str, ...]] = ("chosen_face",)

    seed: int
    fold: int
    n_tested: int
    n_trained: int
    n_shots: int
    n_stopped: int
    n_calibrated: int
    n_conformal: int
    n_refitted: int
    epochs: Mapping[str, int]
    face_weights: Mapping[str, float]
    temperatures: Mapping[str, float]
    chosen_face: str | None = None


@dataclass(frozen=True, kw_only=True)
class RunRecord(ProgramRecord):
    """Content of `run.json`.

    Attributes
    ----------
    seed : int
        The first seed.
    seeds : tuple of int
        Every seed is a whole run of all folds.
    task : str
        Name of the task, such as ``biovid4``.
    class_names : tuple of str
        The classes in their order.
    simulated : bool
        Whether the data are SIMULATED.
    reader : str
        Which reader indexed the data; ``table`` for a table of features, ``prepared`` for data given prepared.
    reader_settings : mapping of str to number or str
        Settings of that reader, by name; empty for two joined data sets.
    data_fingerprint : str
        SHA-256 of the index: files, sizes, levels.
    windows_fingerprint : str
        SHA-256 of the prepared windows: data and window settings.
    n_subjects : int
        Subjects with prepared trials.
    n_trials : int
        Prepared trials, without rest.
    n_rest : int
        Prepared rest recordings, outside the scored trials.
    levels_by : str
        ``stimulus``: set by the experiment; ``observer``: what a face shows; ``unknown`` for classes of one's own.
    labels : LabelSettings
        How labels became classes.
    problems : tuple of ProblemRecord
        Everything that was left out.
    benchmark_settings : BenchmarkSettings
        All settings of the evaluation.
    windows_folders : tuple of str
        Where the prepared windows lie, seen from the run folder.
    table : TableRecord or None
        The table of features, where the data are one.
    window_settings : WindowSettings or None
        How the windows were made; None for a table of features.
    model_settings : ModelSettings or None
        Of the built-in models, the same as in `benchmark_settings`; None where these took no part.
    pipelines : tuple of str
        Own methods, as MODULE:NAME of their factory, or in parentheses what cannot be imported by a name.
    bundle : str or None
        Folder of the bundle, seen from the run folder; None where none was made.
    protocol : str
        The protocol in words.
    stamps : tuple of str
        Warnings that belong to every figure.
    original : LeakingRun or None
        Where the protocol ``original`` was asked for.
    folds_sha256 : str
        SHA-256 of `folds.json`.
    folds_repeated : bool
        Whether the folds were given by a manifest.
    inner : InnerSettings or None
        How inner subjects were split; None where the folds were given.
    refit_rule : str
        Whether models are fitted again after the choice of epochs, in words.
    normalisation : NormalisationSettings
        How signals were scaled.
    normalisation_order : str or None
        Order of the trials for the causal mode.
    fusion_weights : {"fixed", "learned"}
        Whether the fusion weight is that of the settings, or chosen on calibration subjects.
    temperatures : tuple of TemperatureRecord
        By which the logits of each model were divided for `predictions.csv`.
    folds : tuple of FoldRecord
        Sizes of the parts and choices, by seed and fold.
    validation_share : float, 0 to 1
        Share of the inner subjects that choose the epoch.
    permuted_labels : bool
        Whether labels were permuted within subject: results must be at chance.
    wall_s : float, s
        How long the run took.
    """

    format_version: ClassVar[int] = 3

    seed: int
    seeds: tuple[int, ...]
    task: str
    class_names: tuple[str, ...]
    simulated: bool
    reader: str
    reader_settings: Mapping[str, str | int | float | bool | None]
    data_fingerprint: str
    windows_fingerprint: str
    n_subjects: int
    n_trials: int
    n_rest: int
    levels_by: str
    labels: LabelSettings
    problems: tuple[ProblemRecord, ...]
    benchmark_settings: BenchmarkSettings
    windows_folders: tuple[str, ...]
    table: TableRecord | None
    window_settings: WindowSettings | None
    model_settings: ModelSettings | None
    pipelines: tuple[str, ...]
    bundle: str | None
    protocol: str
    stamps: tuple[str, ...]
    original: LeakingRun | None
    folds_sha256: str
    folds_repeated: bool
    inner: InnerSettings | None
    refit_rule: str
    normalisation: NormalisationSettings
    normalisation_order: str | None
    fusion_weights: str
    temperatures: tuple[TemperatureRecord, ...]
    folds: tuple[FoldRecord, ...]
    validation_share: float
    permuted_labels: bool
    wall_s: float


@dataclass(frozen=True, kw_only=True)
class ScoredFile(ProgramRecord):
    """What is known of another program's predictions; the report shows it, no file holds it.

    Attributes
    ----------
    simulated : bool
        Whether the data are SIMULATED.
    predictions : str
        Name of the file.
    predictions_sha256 : str
        SHA-256 of the file.
    """

    simulated: bool
    predictions: str
    predictions_sha256: str
