"""Settings of a benchmark."""

from __future__ import annotations

from dataclasses import dataclass, field

from ecg_facial.errors import SettingsError
from ecg_facial.evaluation.protocols.settings import InnerSettings, parse_protocol
from ecg_facial.labels import DEFAULT_TASK, get_task
from ecg_facial.learning.settings import FUSION_RULES, ModelSettings
from ecg_facial.prepared.settings import NormalisationSettings
from ecg_facial.runtime.settings import strict_settings


@strict_settings
@dataclass(frozen=True, kw_only=True)
class BenchmarkSettings:
    """What is evaluated, and how.

    Attributes
    ----------
    task : str
        Name of the task (`labels.TASKS`).
    models : ModelSettings
        Of the built-in pipeline.
    fusion_weights : {"fixed", "learned"}
        Of the built-in pipeline: those of `models`, or one learned on the calibration part.
    protocol : str
        As `protocols.parse_protocol` reads it.
    inner : InnerSettings
        How the subjects who are not tested are used.
    normalisation : NormalisationSettings
    seed : int
        The first seed.
    seeds : int
        How many seeds, counted on from the first: each is a whole run of all folds.
    permute_labels : bool
        Permute the levels within each subject: the result must be at chance.
    threads : int
        Threads of a fold. Part of the result to the last bit, so it does not follow the number of workers.

    Raises
    ------
    SettingsError
        For a value outside its limits.
    """

    task: str = DEFAULT_TASK
    models: ModelSettings = field(default_factory=ModelSettings)
    fusion_weights: str = "fixed"
    protocol: str = "loso"
    inner: InnerSettings = field(default_factory=InnerSettings)
    normalisation: NormalisationSettings = field(default_factory=NormalisationSettings)
    seed: int = 0
    seeds: int = 1
    permute_labels: bool = False
    threads: int = 1

    def __post_init__(self) -> None:
        get_task(self.task)
        parse_protocol(self.protocol)
        if self.fusion_weights not in FUSION_RULES:
            raise SettingsError(f"fusion_weights is {self.fusion_weights!r}: expected {' or '.join(FUSION_RULES)}")
        if min(self.threads, self.seeds) < 1 or self.seed < 0:
            raise SettingsError(
                f"threads {self.threads}, seeds {self.seeds}: expected 1 or more of both; seed {self.seed}: 0 or more"
            )
