"""A table of features through protocol, models, late fusion, audit and report, in one call.

Input: a table of features, which of its columns are what, and settings. Output: a run folder.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ecg_facial.datasets.feature_tables import FeatureTable, read_feature_table
from ecg_facial.datasets.indexing import MARKER_NAME
from ecg_facial.datasets.settings import FeatureSettings, LabelSettings
from ecg_facial.errors import SettingsError
from ecg_facial.evaluation.benchmark.feature_models import choose_feature_models, describe_feature_models
from ecg_facial.evaluation.benchmark.naming import load_pipeline
from ecg_facial.evaluation.benchmark.run_file import DataSource
from ecg_facial.evaluation.benchmark.run_record import TableRecord
from ecg_facial.evaluation.benchmark.runner import BenchmarkResult
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.evaluation.protocols.settings import parse_protocol
from ecg_facial.labels import OWN_TASK
from ecg_facial.learning.settings import ModelSettings
from ecg_facial.prepared.tabular import TabularData
from ecg_facial.runtime.executors.contract import Executor
from ecg_facial.runtime.executors.serial import SERIAL
from ecg_facial.runtime.outputs import lock_folder
from ecg_facial.workflow.benchmarking import run_prepared


def benchmark_table(
    table: Path | str,
    out: Path | str,
    *,
    columns: FeatureSettings,
    labels: LabelSettings | None = None,
    settings: BenchmarkSettings | None = None,
    pipelines: Sequence[str] = (),
    folds: Path | None = None,
    simulated: bool = False,
    with_audit: bool = True,
    executor: Executor = SERIAL,
    show_progress: bool = False,
) -> BenchmarkResult:
    """Evaluate models of a table of features by a protocol, and write the whole run folder.

    Parameters
    ----------
    table : path
        Text table with one row per trial.
    out : path
        Run folder; an interrupted run is resumed.
    columns : FeatureSettings
        Which columns are features of which modality, label, subject and trial.
    labels : LabelSettings, optional
        How labels become classes: words in their order on a scale, or ratings. Without it the labels are the classes,
        ordered as numbers or by the alphabet.
    settings : BenchmarkSettings, optional
        Protocol, seeds and more; its `classes` name the labels in their order too.
    pipelines : sequence of str
        Own methods as MODULE:NAME, beside the forests and logistic regressions.
    folds : Path, optional
        A fold manifest to repeat.
    simulated : bool
        Whether the features are of SIMULATED people; also known from a `SIMULATED.json` beside the table.
    with_audit : bool
        Whether to look for leakage.
    executor : Executor
        The result does not depend on it.
    show_progress : bool

    Returns
    -------
    BenchmarkResult

    Raises
    ------
    MissingDataError, CorruptDataError, SettingsError, UnknownLabelError
        When the table cannot be used; the message names the column, the row or the value.
    """
    begin, path, out = time.monotonic(), Path(table), Path(out)
    wanted = BenchmarkSettings() if settings is None else settings
    _check(wanted)
    how = LabelSettings(classes=wanted.classes) if labels is None else labels
    found = read_feature_table(path, columns, labels=how)
    chosen = replace(wanted, task=OWN_TASK, classes=found.class_names, ordered=found.ordered)
    prepared = TabularData(found.trials, found.features, simulated=simulated or (path.parent / MARKER_NAME).is_file())
    with lock_folder(out):
        return run_prepared(
            prepared,
            out,
            settings=chosen,
            source=replace(_describe(found, path, out, columns=columns, models=chosen.models), labels=how),
            pipelines=[*choose_feature_models(chosen.models), *(load_pipeline(name) for name in pipelines)],
            names=tuple(pipelines),
            folds=folds,
            with_audit=with_audit,
            begin=begin,
            executor=executor,
            show_progress=show_progress,
        )


def _check(settings: BenchmarkSettings) -> None:
    """Refuse what is made for windows, or for two data sets."""
    if parse_protocol(settings.protocol).name == "cross-dataset":
        raise SettingsError("protocol cross-dataset: a table is one data set; name the people to test on: pools:FILE")
    if settings.normalisation.mode != "none":
        raise SettingsError(
            f"normalisation {settings.normalisation.mode!r} is of windows: features of a table are standardised by the "
            "models, on the training part; leave it out"
        )
    if settings.fusion_weights != "fixed":
        raise SettingsError(
            f"fusion weights {settings.fusion_weights!r}: of a table they are fixed (--face-weight, --ecg-weight), and "
            "equal beside them"
        )
    if settings.choose_face:
        raise SettingsError("choose_face is of recordings: a table has one facial model of each kind; leave it out")


def _describe(
    found: FeatureTable, path: Path, out: Path, *, columns: FeatureSettings, models: ModelSettings
) -> DataSource:
    """Give what is known of the table, and what its models are."""
    relative = Path(os.path.relpath(path, out)).as_posix()
    n_features = {modality: len(table.columns) for modality, table in found.features.items()}
    record = TableRecord(path=relative, sha256=found.sha256, columns=columns, n_features=n_features)
    notes = (*found.notes, *describe_feature_models(models, tuple(n_features)))
    return DataSource(reader="table", fingerprint=found.sha256, table=record, notes=notes)
