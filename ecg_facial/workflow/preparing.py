"""From a data folder to prepared windows.

Input: a folder and `DataOptions`. Output: an index, and windows on disk.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ecg_facial.datasets.indexing import index_dataset
from ecg_facial.datasets.readers.contract import NoSettings
from ecg_facial.datasets.records import DatasetIndex
from ecg_facial.errors import MissingDataError
from ecg_facial.labels import get_task
from ecg_facial.prepared.contract import PreparedData
from ecg_facial.prepared.joining import join_prepared
from ecg_facial.prepared.making import prepare
from ecg_facial.runtime.executors.contract import Executor
from ecg_facial.runtime.executors.serial import SERIAL
from ecg_facial.runtime.storage import sha256_json
from ecg_facial.workflow.settings import DataOptions


@dataclass(frozen=True, eq=False)
class Prepared:
    """An index and the windows made of it."""

    index: DatasetIndex
    prepared: PreparedData


def index_data(
    data: Path, *, options: DataOptions, executor: Executor = SERIAL, show_progress: bool = False
) -> DatasetIndex:
    """Index a data folder as the options say."""
    return index_dataset(
        data,
        reader=options.reader,
        reader_options=options.reader_options,
        window_s=options.windows.window_s,
        executor=executor,
        show_progress=show_progress,
    )


def prepare_dataset(
    data: Path,
    out: Path,
    *,
    options: DataOptions,
    task: str | None = None,
    executor: Executor = SERIAL,
    show_progress: bool = False,
) -> Prepared:
    """Index a data folder and prepare its windows, of the task's levels where one is given."""
    index = index_data(data, options=options, executor=executor, show_progress=show_progress)
    levels = None if task is None else get_task(task).levels
    if not any(levels is None or trial.level in levels for trial in index.trials):
        wanted = "trials" if task is None else f"trials of task {task!r}"
        raise MissingDataError(f"{data}: no usable {wanted}; see what is wrong with: ecg-facial index {data}")
    prepared = prepare(
        index,
        out,
        settings=options.windows,
        levels=levels,
        executor=executor,
        detector_path=options.detector_path,
        show_progress=show_progress,
    )
    return Prepared(index, prepared)


def join_datasets(first: Prepared, second: Prepared) -> Prepared:
    """Join the data set to train on and the one to test on."""
    index = DatasetIndex(
        root=first.index.root,
        reader=f"{first.index.reader}+{second.index.reader}",
        reader_settings=NoSettings(),
        trials=(*first.index.trials, *second.index.trials),
        problems=(*first.index.problems, *second.index.problems),
        fingerprint=sha256_json([first.index.fingerprint, second.index.fingerprint]),
        simulated=first.index.simulated or second.index.simulated,
    )
    return Prepared(index, join_prepared(first.prepared, second.prepared))
