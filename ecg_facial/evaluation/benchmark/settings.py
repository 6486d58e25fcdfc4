"""Settings of a benchmark."""

from __future__ import annotations

from dataclasses import dataclass, field

from ecg_facial.errors import SettingsError
from ecg_facial.evaluation.protocols.settings import InnerSettings, Protocol, parse_protocol
from ecg_facial.labels import DEFAULT_TASK, get_task
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
        Which levels are the classes. One of `labels.TASKS`.
    models : ModelSettings
        Networks, training and fusion of the built-in pipeline.
    fusion_weights : {"fixed", "learned"}
        Fusion weights: fixed, or learned on the calibration part. Fixed ones are those of `models`.
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

    Raises
    ------
    SettingsError
        For a value outside its limits.
    """

    task: str = DEFAULT_TASK
    models: ModelSettings = field(default_factory=ModelSettings)
    fusion_weights: str = "fixed"
    protocol: str = Protocol.name
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
