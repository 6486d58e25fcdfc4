"""The options of each command: which fields of which settings they set.

Input: settings. Output: groups of options for `cli.options.with_options`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from inspect import Parameter
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from ecg_facial.cli.console import warn
from ecg_facial.cli.options import SettingsOptions
from ecg_facial.datasets.readers.contract import Reader
from ecg_facial.datasets.readers.registry import READERS, list_settings
from ecg_facial.datasets.settings import AUTO, FeatureSettings, LabelSettings
from ecg_facial.errors import SettingsError
from ecg_facial.evaluation.audit.settings import WHOLE
from ecg_facial.evaluation.benchmark.settings import SEEDS_TO_PUBLISH, BenchmarkSettings
from ecg_facial.evaluation.protocols.settings import INNER_RULES, REFITS
from ecg_facial.inspection.settings import InspectionSettings
from ecg_facial.labels import TASKS
from ecg_facial.learning.settings import FUSION_RULES, suit_training
from ecg_facial.live.alarms.settings import AlarmSettings
from ecg_facial.live.settings import MonitorSettings
from ecg_facial.prepared.settings import MODES
from ecg_facial.runtime.executors.contract import Executor
from ecg_facial.runtime.executors.opening import open_executor
from ecg_facial.runtime.executors.settings import ExecutorSettings
from ecg_facial.runtime.outputs import check_output_file, check_output_folder
from ecg_facial.runtime.paths import find_path
from ecg_facial.service.settings import ServiceSettings
from ecg_facial.simulate.pathology_kinds import PATHOLOGY_KINDS
from ecg_facial.simulate.settings.cohort_settings import CohortSettings
from ecg_facial.simulate.settings.presets import PRESETS
from ecg_facial.windows.settings import DETECTORS, FRAME_POLICIES
from ecg_facial.workflow.settings import DataOptions, DemoSettings


def open_folder(folder: Path | None) -> Path | None:
    """Try a folder to write to, before any work is done."""
    if folder is not None:
        check_output_folder(folder)
    return folder


def open_file(path: Path | None) -> Path | None:
    """Try a file to write, before any work is done."""
    if path is not None:
        check_output_file(path)
    return path


def open_running(running: ExecutorSettings) -> AbstractContextManager[Executor]:
    """Open what tasks run on."""
    return open_executor(running.executor, workers=running.workers, address=running.address)


def find_input(path: Path | None) -> Path | None:
    """Find a file or folder to read that may be spelt as on another system; standard error says what was taken."""
    if path is None:
        return None
    found = find_path(path)
    if found.note:
        warn(found.note)
    return found.path


CacheOption = Annotated[
    Path | None, typer.Option(help="Folder of the cached windows [default: beside OUT].", callback=open_folder)
]
DataFolder = Annotated[
    Path,
    typer.Argument(
        # the system says it in one line
        readable=False,
        help="BioVid (the folder of PartA), PMED, UNBC-McMaster, the original's layout, or a manifest.",
    ),
]
PipelineOption = Annotated[
    list[str] | None,
    typer.Option(help="Own method, MODULE:NAME or FILE.py:NAME of a pipeline or its factory; may be given repeatedly."),
]


def name_columns(
    features: str | None, *, label: str | None, subject: str | None, trial: str | None
) -> FeatureSettings | None:
    """Give the columns of a table of features; None where none is meant.

    Raises
    ------
    SettingsError
        When one of the three that belong together is missing.
    """
    needed = {"--features": features, "--label": label, "--subject": subject}
    absent = [option for option, value in needed.items() if value is None]
    if len(absent) == len(needed) and trial is None:
        return None
    if features is None or label is None or subject is None:
        raise SettingsError(f"no {', no '.join(absent)}: a table of features needs {', '.join(needed)}")
    return FeatureSettings(features=features, label=label, subject=subject, trial=trial)


def refuse_with_table(*, test_data: Path | None, cache: Path | None) -> None:
    """Refuse options of recordings where the data are a table.

    Raises
    ------
    SettingsError
    """
    named = "--test-data" if test_data is not None else "--cache" if cache is not None else None
    if named is not None:
        raise SettingsError(
            f"{named} is of recordings: a table of features is one data set without windows; leave it out"
        )


def refuse_without_table(*, simulated: bool) -> None:
    """Refuse options of a table where the data are no table.

    Raises
    ------
    SettingsError
    """
    if simulated:
        raise SettingsError(
            "--simulated is of a table of features: name its columns with --features, --label, --subject"
        )


class BenchmarkOptions(SettingsOptions):
    """Options of a benchmark; its training is adapted to the networks that are chosen."""

    def make(self, typed: Mapping[str, Any]) -> BenchmarkSettings:
        """Make the settings of a benchmark of what was typed."""
        settings: BenchmarkSettings = super().make(typed)
        return replace(settings, models=suit_training(settings.models))


class ReadingOptions(SettingsOptions):
    """Options of reading a data folder, among them the settings of every reader."""

    def list_parameters(self) -> list[Parameter]:
        """Give the options; those of readers have no value unless they are typed."""
        return [
            *super().list_parameters(),
            *(self._make_shared(name, owners) for name, owners in list_settings().items()),
        ]

    def _make_shared(self, name: str, owners: Sequence[Reader]) -> Parameter:
        """Option for a field that one or more readers have."""
        parameter = SettingsOptions(base=owners[0].settings(), places={name: name}).list_parameters()[0]
        hint, about = get_args(parameter.annotation)
        defaults = dict.fromkeys(str(getattr(owner.settings(), name)) for owner in owners)
        about.help = f"{about.help} [{', '.join(owner.name for owner in owners)}; default: {', '.join(defaults)}]"
        return parameter.replace(default=None, annotation=Annotated[hint | None, about])

    def make(self, typed: Mapping[str, Any]) -> DataOptions:
        """Make the options of what was typed."""
        options: DataOptions = super().make(typed)
        given = {name: typed[name] for name in list_settings() if typed[name] not in (None, [])}
        return replace(options, reader_options=given)


_LABELS = {"classes": "classes", "cut": "cut", "scale": "scale"}
_LISTED = ("classes", "cut")
_OF_DATA = {"reader": "reader", **{name: f"labels.{place}" for name, place in _LABELS.items()}}
LABELS = SettingsOptions(base=LabelSettings(), places=_LABELS, listed=_LISTED)
READING = ReadingOptions(base=DataOptions(), places=_OF_DATA, choices={"reader": (AUTO, *READERS)}, listed=_LISTED)
DATA = ReadingOptions(
    base=DataOptions(),
    places={
        **_OF_DATA,
        "frames": "windows.n_frames",
        "crop_px": "windows.crop_px",
        "frame_policy": "windows.frame_policy",
        "detector": "windows.detector",
        "detector_path": "detector_path",
    },
    choices={"reader": (AUTO, *READERS), "frame_policy": FRAME_POLICIES, "detector": DETECTORS},
    listed=_LISTED,
)
_MODELS = {
    "task": "task",
    "weights": "models.facial.weights",
    "hidden": "models.facial.hidden",
    "epochs": "models.facial_training.epochs",
    "fine_tune": "models.facial.fine_tune",
    "face_weight": "models.face_weight",
    "ecg_weight": "models.ecg_weight",
    "seed": "seed",
}
_PROTOCOL = {
    "protocol": "protocol",
    "seeds": "seeds",
    "inner": "inner.rule",
    "calibration_share": "inner.calibration_share",
    "conformal_share": "inner.conformal_share",
    "refit": "inner.refit",
    "normalisation": "normalisation.mode",
    "baseline_trials": "normalisation.baseline_trials",
    "fusion_weights": "fusion_weights",
    "choose_face": "choose_face",
    "permute_labels": "permute_labels",
}
_CHOICES = {
    "task": TASKS,
    "inner": INNER_RULES,
    "refit": REFITS,
    "normalisation": MODES,
    "fusion_weights": FUSION_RULES,
}
TRAINING = BenchmarkOptions(base=BenchmarkSettings(), places=_MODELS, choices=_CHOICES)
BENCHMARK = BenchmarkOptions(
    base=BenchmarkSettings(seeds=SEEDS_TO_PUBLISH), places={**_MODELS, **_PROTOCOL}, choices=_CHOICES
)
AUDIT = SettingsOptions(base=WHOLE, places={"folds": "n_folds", "permutations": "permutations"})
DEMO = SettingsOptions(
    base=DemoSettings(), places={"subjects": "n_subjects", "seed": "seed", "permute_labels": "permute_labels"}
)
COHORT = SettingsOptions(
    base=CohortSettings(),
    places={
        "subjects": "n_subjects",
        "trials_per_level": "trials_per_level",
        "preset": "preset",
        "rest": "rest",
        "continuous": "continuous",
        "continuous_video": "continuous_video",
        "pathology": "pathologies",
        "pathology_share": "pathology_share",
        "seed": "seed",
    },
    choices={"preset": PRESETS, "pathology": PATHOLOGY_KINDS},
)
EXECUTOR = SettingsOptions(
    base=ExecutorSettings(), places={"executor": "executor", "workers": "workers", "address": "address"}
)
INSPECTION = SettingsOptions(
    base=InspectionSettings(),
    places={"fs_hz": "fs_hz", "channel": "channel", "start_s": "start_s", "duration_s": "duration_s"},
    aliases={"channel": "--column"},
)
MONITOR = SettingsOptions(
    base=MonitorSettings(),
    places={"step_s": "step_s", "rest_s": "rest_s", "stale_s": "stale_s", "keep_ecg": "keep_ecg"},
)
ALARMS = SettingsOptions(
    base=AlarmSettings(), places={"pain_raise": "pain_raise", "pain_clear": "pain_clear", "pause_s": "pause_s"}
)
SERVICE = SettingsOptions(
    base=ServiceSettings(),
    places={name: name for name in ("host", "port", "certificate", "key", "behind_proxy", "token_days")},
)
