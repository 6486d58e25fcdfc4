"""Typed results: what `metrics.json` and `audit.json` hold.

Input: nothing. Output: frozen dataclasses with `to_dict`, `from_dict`, `read` and `write` (`runtime.records.Record`).
`docs/keys.md` is made from their fields and docstrings. How the figures are computed is `judging`'s and `statistics`'.
"""

from ecg_facial.evaluation.judging.schema.audit import ALPHA, LEAKS, NO_LEAK, AuditResult, Check
from ecg_facial.evaluation.judging.schema.model import (
    Agreement,
    Answers,
    GroupComparison,
    Interval,
    ModelMetrics,
    OverSeeds,
    OverSubjects,
    Retest,
    SeedMetrics,
    Stratum,
    SubjectFigure,
    SubjectMetrics,
)
from ecg_facial.evaluation.judging.schema.probabilities import (
    AbstentionMetrics,
    CalibrationMetrics,
    ConformalMetrics,
    CoveragePoint,
)
from ecg_facial.evaluation.judging.schema.run import (
    CeilingComparison,
    Independence,
    LeakageGap,
    ModelPair,
    ModelRanks,
    ProtocolComparison,
    RunMetrics,
)

__all__ = [
    "ALPHA",
    "LEAKS",
    "NO_LEAK",
    "AbstentionMetrics",
    "Agreement",
    "Answers",
    "AuditResult",
    "CalibrationMetrics",
    "CeilingComparison",
    "Check",
    "ConformalMetrics",
    "CoveragePoint",
    "GroupComparison",
    "Independence",
    "Interval",
    "LeakageGap",
    "ModelMetrics",
    "ModelPair",
    "ModelRanks",
    "OverSeeds",
    "OverSubjects",
    "ProtocolComparison",
    "Retest",
    "RunMetrics",
    "SeedMetrics",
    "Stratum",
    "SubjectFigure",
    "SubjectMetrics",
]
