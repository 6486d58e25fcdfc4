"""Command-line options that several commands share.

Enters: what was typed. Leaves: `DataArguments` and `ModelArguments`, which make the settings of `workflow`. Heavy
modules are imported only then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from ecg_facial.labels import DEFAULT_TASK, TASKS
from ecg_facial.runtime.executors.settings import EXECUTORS, ExecutorSettings

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
    from ecg_facial.runtime.executors.contract import Executor
    from ecg_facial.workflow.preparing import DataOptions

TaskName = StrEnum("TaskName", {name: name for name in TASKS})  # type: ignore[misc]  # members come from TASKS
DEFAULT_TASK_NAME = TaskName(DEFAULT_TASK)
ExecutorChoice = StrEnum("ExecutorChoice", {name: name for name in EXECUTORS})  # type: ignore[misc]  # as TaskName
DEFAULT_EXECUTOR = ExecutorChoice(ExecutorSettings.executor)
DataFolder = Annotated[
    Path,
    typer.Argument(help="BioVid (the folder of PartA), PMED, UNBC-McMaster, the original's layout, or a manifest."),
]
TaskOption = Annotated[TaskName, typer.Option("--task", help="Classes.")]
SeedOption = Annotated[int, typer.Option(min=0, help="Seed of everything random.")]
ReaderOption = Annotated[str, typer.Option(help="auto, biovid, original, pmed, unbc or manifest.")]
PspiOption = Annotated[float, typer.Option("--pspi-pain", help="UNBC-McMaster: least PSPI that is pain (PA4).")]
SignalsOption = Annotated[str, typer.Option(help="BioVid biosignals: filtered or raw.")]
SubjectsOption = Annotated[str, typer.Option(help="all, or reactive (BioVid's 67 people who show a reaction).")]
PermuteOption = Annotated[
    bool, typer.Option("--permute-labels", help="Shuffle levels within subject: must score at chance.")
]
DetectorPathOption = Annotated[Path | None, typer.Option(help="Model file of the detector (yunet).")]
CacheOption = Annotated[Path | None, typer.Option(help="Folder of the cached windows [default: beside OUT].")]


@dataclass(frozen=True, kw_only=True)
class DataArguments:
    """How a data folder is read and cut into windows; see `workflow.DataOptions`."""

    reader: ReaderOption = "auto"
    signals: SignalsOption = "filtered"
    subjects: SubjectsOption = "all"
    pspi_pain: PspiOption = 3.0
    frames: Annotated[int, typer.Option(min=1, help="Frames a window.")] = 32
    crop_px: Annotated[int, typer.Option(min=32, help="Side of a face crop in pixels.")] = 112
    frame_policy: Annotated[str, typer.Option(help="Frames: uniform, late or first.")] = "uniform"
    detector: Annotated[str, typer.Option(help="Face detector: mtcnn, or yunet.")] = "mtcnn"
    detector_path: DetectorPathOption = None

    def make(self) -> DataOptions:
        """Make the options of `workflow`."""
        from ecg_facial.windows.settings import WindowSettings
        from ecg_facial.workflow.preparing import DataOptions

        windows = WindowSettings(
            n_frames=self.frames, crop_px=self.crop_px, frame_policy=self.frame_policy, detector=self.detector
        )
        return DataOptions(
            reader=self.reader,
            signals=self.signals,
            subjects=self.subjects,
            windows=windows,
            detector_path=self.detector_path,
            pspi_pain=self.pspi_pain,
        )


@dataclass(frozen=True, kw_only=True)
class ModelArguments:
    """What is trained, and how long."""

    task: TaskOption = DEFAULT_TASK_NAME
    weights: Annotated[str, typer.Option(help="ResNet18 start: rendered, imagenet, none, or a file.")] = "rendered"
    hidden: Annotated[int, typer.Option(min=1, help="GRU units in each direction.")] = 256
    epochs: Annotated[int, typer.Option(min=1, help="Most passes over the training data.")] = 30
    fine_tune: Annotated[
        bool, typer.Option("--fine-tune", help="Train the ResNet18 too instead of keeping it frozen.")
    ] = False
    face_weight: Annotated[float | None, typer.Option(help="Of the face's logits in the fusion [default: 0.8].")] = None
    ecg_weight: Annotated[float | None, typer.Option(help="Of the ECG's logits in the fusion [default: 0.2].")] = None
    seed: SeedOption = 0

    def make(self, **others: Any) -> BenchmarkSettings:
        """Make the settings of a benchmark, with `others` of its fields; training pictures takes smaller steps."""
        from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
        from ecg_facial.inference.settings import ECG_WEIGHT, FACE_WEIGHT
        from ecg_facial.learning.settings import ModelSettings, TrainingSettings
        from ecg_facial.nets.settings import FacialSettings

        frozen = not (self.fine_tune or self.weights == "none")
        rate, batch = (1e-3, 32) if frozen else (1e-4, 4)
        models = ModelSettings(
            facial=FacialSettings(weights=self.weights, hidden=self.hidden, frozen=frozen),
            facial_training=TrainingSettings(epochs=self.epochs, learning_rate=rate, batch_size=batch),
            ecg_training=TrainingSettings(epochs=2 * self.epochs, patience=12),
            face_weight=FACE_WEIGHT if self.face_weight is None else self.face_weight,
            ecg_weight=ECG_WEIGHT if self.ecg_weight is None else self.ecg_weight,
        )
        return BenchmarkSettings(task=self.task.value, models=models, seed=self.seed, **others)


@dataclass(frozen=True, kw_only=True)
class ProtocolArguments:
    """Who is tested by models fitted on whom; see `evaluation.protocols` and `evaluation.splits`."""

    protocol: Annotated[
        str, typer.Option(help="loso, kfold:N, pools:FILE, cross-dataset, k-shot:N, or original (which leaks).")
    ] = "loso"
    seeds: Annotated[int, typer.Option(min=1, help="Whole runs, seeded from SEED on; their spread is shown.")] = 3
    folds: Annotated[Path | None, typer.Option(help="A folds.json to repeat, with its seeds and protocol.")] = None
    test_data: Annotated[Path | None, typer.Option(help="Data set to test on (cross-dataset).")] = None
    inner: Annotated[str, typer.Option(help="Calibrate on set-apart subjects (parts) or crossfit.")] = "parts"
    calibration_share: Annotated[
        float | None,
        typer.Option(help="Share of the inner subjects who calibrate [default: 0.1 from 35 on]."),
    ] = None
    conformal_share: Annotated[float, typer.Option(help="Share kept for conformal sets; writes conformal.csv.")] = 0.0
    normalisation: Annotated[
        str, typer.Option(help="none, training-set, baseline, causal, or transductive (which flatters).")
    ] = "none"
    baseline_trials: Annotated[
        int, typer.Option(min=1, help="BL1 trials a person taken for rest (baseline) where the data have no rest.")
    ] = 3
    fusion_weights: Annotated[str, typer.Option(help="fixed, or learned on the calibration part.")] = "fixed"

    def make(self) -> dict[str, Any]:
        """Make the fields of `BenchmarkSettings` that these options set."""
        from ecg_facial.evaluation.protocols.settings import InnerSettings
        from ecg_facial.prepared.settings import NormalisationSettings

        inner = InnerSettings(
            calibration_share=self.calibration_share, conformal_share=self.conformal_share, rule=self.inner
        )
        return {
            "protocol": self.protocol,
            "seeds": self.seeds,
            "inner": inner,
            "normalisation": NormalisationSettings(mode=self.normalisation, baseline_trials=self.baseline_trials),
            "fusion_weights": self.fusion_weights,
        }


@dataclass(frozen=True, kw_only=True)
class ExecutorArguments:
    """Where parallel steps run; see `runtime.executors`."""

    executor: Annotated[ExecutorChoice, typer.Option(help="Where parallel steps run.")] = DEFAULT_EXECUTOR
    workers: Annotated[int, typer.Option(min=1, help="Tasks at the same time.")] = ExecutorSettings.workers
    address: Annotated[
        str | None, typer.Option(help="Ray cluster to join, as HOST:PORT or auto [default: Ray on this machine].")
    ] = ExecutorSettings.address

    def open(self) -> AbstractContextManager[Executor]:
        """Open the executor for a ``with`` block."""
        from ecg_facial.runtime.executors.opening import open_executor

        return open_executor(self.executor.value, workers=self.workers, address=self.address)


def with_options(**groups: type) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the fields of option groups as options of its own.

    Parameters
    ----------
    **groups : type
        A dataclass for each parameter of the command that is a group. The command gets each as one object.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        hints = get_type_hints(command, include_extras=True)
        own = [
            parameter.replace(kind=Parameter.KEYWORD_ONLY, annotation=hints[name])
            for name, parameter in signature(command).parameters.items()
            if name not in groups
        ]
        shared = [parameter for kind in groups.values() for parameter in _list_parameters(kind)]

        @wraps(command)
        def run(**typed: Any) -> None:
            made = {
                name: kind(**{field.name: typed.pop(field.name) for field in fields(kind)})
                for name, kind in groups.items()
            }
            command(**typed, **made)

        # typer reads both
        run.__signature__ = Signature([*own, *shared])  # type: ignore[attr-defined]  # functions have one when asked
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in (*own, *shared)}
        return run

    return decorate


def _list_parameters(kind: type) -> list[Parameter]:
    hints = get_type_hints(kind, include_extras=True)
    return [
        Parameter(field.name, Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name])
        for field in fields(kind)
    ]
