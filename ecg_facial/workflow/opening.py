"""The data and the methods of a finished run, opened again for an audit.

Input: a `RunRecord` and its folder. Output: prepared data, and factories.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ecg_facial.datasets.feature_tables import read_feature_table
from ecg_facial.errors import MissingDataError, SettingsError, StaleCacheError
from ecg_facial.evaluation.benchmark.feature_models import choose_feature_models
from ecg_facial.evaluation.benchmark.naming import load_pipeline
from ecg_facial.evaluation.benchmark.pipelines import Factory, Pipeline
from ecg_facial.evaluation.benchmark.run_file import open_windows
from ecg_facial.evaluation.benchmark.run_record import RunRecord
from ecg_facial.prepared.contract import PreparedData
from ecg_facial.prepared.tabular import TabularData


def open_data(run: RunRecord, folder: Path, *, table: Path | None = None) -> PreparedData:
    """Open the windows, or the table of features, that a run was made from.

    Parameters
    ----------
    run : RunRecord
    folder : Path
        The run folder.
    table : Path, optional
        The table of features, where it was moved.

    Raises
    ------
    MissingDataError
        When they are gone, or were in memory alone.
    StaleCacheError
        When the table was changed.
    """
    if run.table is None:
        return open_windows(run, folder)
    path = folder / run.table.path if table is None else table
    if not path.is_file():
        raise MissingDataError(f"{path}: the run's table of features is gone; say where it is with --data TABLE.csv")
    found = read_feature_table(path, run.table.columns, labels=run.labels)
    data = TabularData(found.trials, found.features, simulated=run.simulated)
    if data.fingerprint != run.windows_fingerprint:
        raise StaleCacheError(f"{path}: not the table that {folder} was made from; run the benchmark again")
    return data


def open_pipelines(run: RunRecord, given: Sequence[Factory | Pipeline | str] | None) -> list[Factory | Pipeline] | None:
    """Give the methods of a run; None for the built-in models alone.

    Parameters
    ----------
    run : RunRecord
    given : sequence of pipelines, factories or str, optional
        The run's own methods; those that the record names without it.

    Raises
    ------
    SettingsError
        When one of them cannot be imported.
    """
    own = [load_pipeline(each) if isinstance(each, str) else each for each in given or _named(run, given)]
    if run.table is not None:
        return [*choose_feature_models(run.benchmark_settings.models), *own]
    return own or None


def _named(run: RunRecord, given: object) -> tuple[str, ...]:
    """Names that a run keeps of its own methods; each must be one that can be imported."""
    if given is not None:
        return ()
    unnamed = [name for name in run.pipelines if ":" not in name or name.startswith("(")]
    if unnamed:
        raise SettingsError(
            f"method {', '.join(unnamed)} of this run has no name to import it by; give it: --pipeline MODULE:NAME, or "
            "audit(run, pipelines=...) in Python"
        )
    return run.pipelines
