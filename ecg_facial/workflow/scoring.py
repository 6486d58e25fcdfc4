"""Judge a predictions file of any program.

Input: a predictions file. Output: a folder with `metrics.json`, `report.html` and `tables/`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ecg_facial.datasets.settings import LabelSettings
from ecg_facial.errors import SettingsError
from ecg_facial.evaluation.benchmark.run_record import RUN_FILE, ScoredFile
from ecg_facial.evaluation.judging.predictions_table import read_predictions
from ecg_facial.evaluation.judging.schema import RunMetrics
from ecg_facial.evaluation.judging.settings import DECISIONS, Decisions
from ecg_facial.evaluation.judging.summary import summarise_predictions
from ecg_facial.evaluation.report.tables import write_tables
from ecg_facial.evaluation.report.writing import write_report
from ecg_facial.runtime.outputs import lock_folder
from ecg_facial.runtime.paths import find_path
from ecg_facial.runtime.provenance import describe_program
from ecg_facial.runtime.storage import sha256_file

METRICS_FILE, REPORT_FILE, TABLES_FOLDER = "metrics.json", "report.html", "tables"


def score(
    predictions: Path | str,
    out: Path | str,
    *,
    labels: LabelSettings | None = None,
    strata: Sequence[str] | None = None,
    decisions: Decisions = DECISIONS,
    simulated: bool = False,
) -> RunMetrics:
    """Judge a predictions file and write what was found.

    Parameters
    ----------
    predictions : path
        CSV with the columns ``subject``, ``trial``, ``label``, and one ``p_<class>`` per class or ``predicted``;
        all empty where a model gave no answer.
    out : path
        Folder to write.
    labels : LabelSettings, optional
        The classes in their order, as steps of one scale; or how ratings are cut.
    strata : sequence of str, optional
        Columns to group subjects by.
    decisions : {"predicted", "probabilities"}
        What counts as a decision where a row has both.
    simulated : bool
        Whether the data are simulated; also known from a `run.json` beside the file.

    Returns
    -------
    RunMetrics
        Content of `metrics.json`.

    Raises
    ------
    MissingDataError, CorruptDataError
        When the file is not there, or is no such table.
    SettingsError
        When `labels`, `strata` or `decisions` do not fit the table, or the folder holds a run.
    """
    found, out = find_path(predictions), Path(out)
    if (out / RUN_FILE).is_file():
        raise SettingsError(f"{out}: holds a run, whose report and metrics would be lost; name another folder")
    path = found.path
    about = read_predictions(path, labels=labels, strata=strata, decisions=decisions)
    if found.note:
        about = replace(about, notes=(found.note, *about.notes))
    simulated = simulated or _says_simulated(path.parent / RUN_FILE)
    metrics = summarise_predictions(about, task=path.name, simulated=simulated)
    run = ScoredFile(
        **vars(describe_program()),
        simulated=simulated,
        predictions=path.name,
        predictions_sha256=sha256_file(path),
    )
    with lock_folder(out):
        metrics.write(out / METRICS_FILE)
        write_tables(out / TABLES_FOLDER, metrics, simulated=simulated)
        write_report(out / REPORT_FILE, run=run, metrics=metrics, predictions=about.table)
    return metrics


def _says_simulated(path: Path) -> bool:
    """Whether a `run.json` says so; it may be another program's, so that only this key is looked at."""
    try:
        return bool(json.loads(path.read_text(encoding="utf-8"))["simulated"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
