"""Settings of a benchmark."""

from __future__ import annotations

from dataclasses import dataclass, field

from ecg_facial.errors import SettingsError
from ecg_facial.evaluation.protocols.settings import InnerSettings, Protocol, parse_protocol
from ecg_facial.labels import DEFAULT_TASK, TASKS, Task, get_task
from ecg_facial.learning.settings import FUSION_RULES, ModelSettings
from ecg_facial.prepared.settings import NormalisationSettings
from ecg_facial.runtime.settings import strict_settings

SEEDS_TO_PUBLISH = 3
"""How many seeds a command runs: enough to show their spread."""


@strict_settings
@dataclass(frozen=True, kw_only=True)
class BenchmarkSettings:
    """What is evaluated, and how.

    Attributes
    ----------
    task : str
        Which levels are the classes. One of `labels.TASKS`; with classes of one's own their name.
    classes : tuple of str
        Classes of one's own in their order, in place of levels.
    ordered : bool
        Whether the classes are steps of one scale.
    models : ModelSettings
        Networks, training and fusion of the built-in pipeline.
    fusion_weights : {"fixed", "learned"}
        Fusion weights: fixed, or learned on the calibration part. Fixed ones are those of `models`.
    choose_face : bool
        Report a further fused model, fusion:chosen: in each fold it takes facial or facial:descriptors, whichever the
        calibration subjects speak for.
    protocol : str
        Who is tested by models fitted on whom: loso, kfold:N, pools:FILE, cross-dataset, k-shot:N, or original (which
        leaks). See `protocols.settings.parse_protocol`.
    inner : InnerSettings
        How the subjects who are not tested are used.
    normalisation : NormalisationSettings
        How features and tokens are normalised.
    seed : int
        First seed of everything random.
    seeds : int
        Number of seeds, counted from the first: each is a whole run of all folds, and their spread is shown.
    permute_labels : bool
        Shuffle the levels within each subject: the result must be at chance.
    threads : int
        Threads per fold. Part of the result to the last bit, so it does not follow the number of workers.
    baselines : bool
        Run the baselines beside the methods, so that no figure stands alone: class shares, heart rate, and descriptors
        of the courses of heart rate and face.

    Raises
    ------
    SettingsError
        For a value outside its limits.
    """

    task: str = DEFAULT_TASK
    classes: tuple[str, ...] = ()
    ordered: bool = Task.ordered
    models: ModelSettings = field(default_factory=ModelSettings)
    fusion_weights: str = "fixed"
    choose_face: bool = False
    protocol: str = Protocol.name
    inner: InnerSettings = field(default_factory=InnerSettings)
    normalisation: NormalisationSettings = field(default_factory=NormalisationSettings)
    seed: int = 0
    seeds: int = 1
    permute_labels: bool = False
    threads: int = 1
    baselines: bool = True

    def __post_init__(self) -> None:
        self.find_task()
        parse_protocol(self.protocol)
        if self.fusion_weights not in FUSION_RULES:
            raise SettingsError(f"fusion_weights is {self.fusion_weights!r}: expected {' or '.join(FUSION_RULES)}")
        if self.choose_face and not self.baselines:
            raise SettingsError("choose_face without baselines: there is no facial:descriptors to choose; keep them")
        if min(self.threads, self.seeds) < 1 or self.seed < 0:
            raise SettingsError(
                f"threads {self.threads}, seeds {self.seeds}: expected 1 or more of both; seed {self.seed}: 0 or more"
            )

    def find_task(self) -> Task:
        """Give the classes of the task.

        Raises
        ------
        SettingsError
            For an unknown task, or classes of one's own under the name of another task.
        """
        if not self.classes:
            return get_task(self.task)
        if self.task in TASKS:
            raise SettingsError(f"task {self.task} has classes of its own: give {', '.join(self.classes)} another name")
        return Task(name=self.task, class_names=self.classes, ordered=self.ordered)
