"""From a data folder to prepared windows.

Input: a folder and `DataOptions`. Output: an index, and windows on disk.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from ecg_facial.datasets.indexing import index_dataset
from ecg_facial.datasets.labelling import list_counts, suggest_option
from ecg_facial.datasets.readers.contract import NoSettings
from ecg_facial.datasets.records import DatasetIndex
from ecg_facial.errors import MissingDataError, SettingsError
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.labels import OWN_TASK, PainLevel, Task
from ecg_facial.prepared.contract import PreparedData
from ecg_facial.prepared.joining import join_prepared
from ecg_facial.prepared.making import prepare
from ecg_facial.prepared.queries import describe_losses
from ecg_facial.runtime.executors.contract import Executor
from ecg_facial.runtime.executors.serial import SERIAL
from ecg_facial.runtime.progress import announce
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
        labels=options.labels,
        window_s=options.windows.window_s,
        executor=executor,
        show_progress=show_progress,
    )


def prepare_dataset(
    data: Path,
    out: Path,
    *,
    options: DataOptions,
    task: Task | None = None,
    executor: Executor = SERIAL,
    show_progress: bool = False,
) -> Prepared:
    """Index a data folder and prepare its windows, of the task's levels where one is given.

    Raises
    ------
    MissingDataError
        When no trial has a class; the message lists the labels that there are, and names the option for one's own.
    """
    index = index_data(data, options=options, executor=executor, show_progress=show_progress)
    # classes of one's own are the task
    named = task.class_names if task is not None else options.labels.classes
    classes = None if index.class_names or not named else named
    if not any(classes is None or trial.code in classes for trial in index.trials):
        raise MissingDataError(f"{data}: {explain_missing(index, classes)}; see more with: ecg-facial index {data}")
    if show_progress:
        for note in index.notes:
            announce(note)
    prepared = prepare(
        index,
        out,
        settings=options.windows,
        classes=classes,
        executor=executor,
        detector_path=options.detector_path,
        show_progress=show_progress,
    )
    if show_progress:
        _announce_losses(data, index, prepared)
    return Prepared(index, prepared)


def explain_missing(index: DatasetIndex, classes: Collection[str] | None) -> str:
    """Say why an index has no usable trial of these classes: labels that are none, or files."""
    unknown = {item.label: item.n_trials for item in index.found_labels if not item.name}
    if unknown and len(unknown) == len(index.found_labels):
        return f"no trial has a label that is known: found {list_counts(unknown)}; {suggest_option(unknown)}"
    found = {item.label: item.n_trials for item in index.found_labels}
    wanted = "trials" if classes is None else f"trials of {', '.join(classes)}"
    return f"no usable {wanted}: found {list_counts(found)}"


def share_classes(options: DataOptions, settings: BenchmarkSettings) -> tuple[DataOptions, BenchmarkSettings]:
    """Bring classes that were named for the data, or for the evaluation, to both.

    Raises
    ------
    SettingsError
        When both name classes, and others.
    """
    named = options.labels.classes
    if settings.classes and named not in ((), settings.classes):
        raise SettingsError(
            f"two sets of labels: {', '.join(named)} of the data, {', '.join(settings.classes)} of the evaluation; "
            "name one"
        )
    if named:
        return options, replace(settings, task=OWN_TASK, classes=named)
    if settings.classes:
        options = replace(options, labels=replace(options.labels, classes=settings.classes))
    return options, settings


def choose_classes(settings: BenchmarkSettings, index: DatasetIndex) -> BenchmarkSettings:
    """Put the classes of a data set into settings: ratings are known once they are read.

    Raises
    ------
    SettingsError
        When its trials are all of one class, which nothing can be told apart from.
    """
    chosen = replace(settings, task=OWN_TASK, classes=index.class_names) if index.labels.of_ratings else settings
    names = chosen.find_task().class_names
    found = [trial.code for trial in index.trials if trial.code in names]
    if len(set(found)) < 2:
        raise SettingsError(
            f"{index.root}: all {len(found)} usable trials are of class {found[0]!r}; expected two classes or more of "
            f"{', '.join(names)}"
        )
    return chosen


def _announce_losses(data: Path, index: DatasetIndex, prepared: PreparedData) -> None:
    """Say what cannot be used, and what was lost."""
    unused = sum(problem.excludes for problem in index.problems)
    if unused:
        announce(f"{unused} signals or files are not used; ecg-facial index {data} lists them")
    if losses := describe_losses(prepared):
        announce(losses)


def join_datasets(first: Prepared, second: Prepared) -> Prepared:
    """Join the data set to train on and the one to test on.

    Raises
    ------
    SettingsError
        When their classes differ.
    """
    names = [found.index.class_names or tuple(PainLevel.__members__) for found in (first, second)]
    if names[0] != names[1]:
        raise SettingsError(
            f"two sets of labels: {', '.join(names[0])} in {first.index.root}, but {', '.join(names[1])} in "
            f"{second.index.root}; bring both to one (--classes, --cut, --scale)"
        )
    index = DatasetIndex(
        root=first.index.root,
        reader=f"{first.index.reader}+{second.index.reader}",
        reader_settings=NoSettings(),
        trials=(*first.index.trials, *second.index.trials),
        problems=(*first.index.problems, *second.index.problems),
        fingerprint=sha256_json([first.index.fingerprint, second.index.fingerprint]),
        simulated=first.index.simulated or second.index.simulated,
        levels_by=first.index.levels_by,
        labels=first.index.labels,
        class_names=first.index.class_names,
        found_labels=(*first.index.found_labels, *second.index.found_labels),
        notes=tuple(dict.fromkeys((*first.index.notes, *second.index.notes))),
    )
    return Prepared(index, join_prepared(first.prepared, second.prepared))
