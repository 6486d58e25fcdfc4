"""What runs and data sets look like on the terminal.

Enters: a finished run, or an index. Leaves: text.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ecg_facial.datasets.readers.registry import READERS
from ecg_facial.datasets.records import DatasetIndex
from ecg_facial.datasets.store import summarise
from ecg_facial.evaluation.protocols.settings import parse_protocol
from ecg_facial.evaluation.report.terminal import describe_metrics, format_share
from ecg_facial.runtime.text import SIMULATED_NOTE, format_table

if TYPE_CHECKING:
    from ecg_facial.evaluation.benchmark.runner import BenchmarkResult
    from ecg_facial.evaluation.judging.schema import RunMetrics

REPORT_FILE = "report.html"


def show_result(result: BenchmarkResult) -> str:
    """Lay a run out for the terminal: the models, chance, comparisons, and where the files are."""
    metrics = result.metrics
    title = parse_protocol(metrics.protocol or "").title
    heading = f"{metrics.task}, {title}, normalisation {metrics.normalisation}"
    lines = [
        *describe_metrics(metrics, heading=heading, simulated=result.simulated),
        *_say_original(metrics),
        *_say_audit(metrics),
        f"report: {result.folder / REPORT_FILE}",
    ]
    return "\n".join(lines)


def _say_audit(metrics: RunMetrics) -> list[str]:
    """Verdict of the audit, and what failed."""
    audit = metrics.audit
    if audit is None:
        return []
    failed = [f"  {check.name}: {check.message}" for check in audit.checks if check.passed is False]
    made = sum(check.passed is not None for check in audit.checks)
    return [f"leakage audit: {audit.verdict} ({made} of {len(audit.checks)} checks made)", *failed]


def _say_original(metrics: RunMetrics) -> list[str]:
    original = metrics.original
    if original is None:
        return []
    gaps = [
        f"{model} {format_share(gap.accuracy)} instead of {format_share(gap.honest_accuracy)} "
        f"({100 * gap.leakage:+.1f} points)"
        for model, gap in original.models.items()
    ]
    return [f"by {parse_protocol(original.protocol).title}: {', '.join(gaps)}", *original.stamps]


def show_accuracy(result: BenchmarkResult) -> str:
    """Say what share of all trials the fusion gets right, as the original's program did; or the one model there is."""
    model = result.metrics.main_model
    title = {"fusion": "Fusion", "facial": "Face", "ecg": "ECG"}.get(model, model)
    lines = [SIMULATED_NOTE] if result.simulated else []
    accuracy = result.metrics.models[model].overall.accuracy
    lines.append(f"{title} accuracy (leave-one-subject-out): {100 * accuracy:.2f} %")
    if model in (ceiling := result.metrics.ceiling or {}):
        lines.append(f"Ceiling, what an ideal observer reaches on these trials: {100 * ceiling[model].accuracy:.2f} %")
    return "\n".join(lines)


def describe_index(index: DatasetIndex) -> str:
    """Lay an index out for the terminal: trials per subject and level, and every problem by name."""
    table = summarise(index)
    lines = [SIMULATED_NOTE] if index.simulated else []
    lines.append(
        f"{index.root}: {index.reader}, {len(index.trials)} usable trials, fingerprint {index.fingerprint[:16]}"
    )
    if not index.simulated:
        card = READERS[index.reader].card
        lines.append(f"{card.title}; access: {card.access}")
    if index.levels_by == "observer":
        lines.append("LEVELS BY AN OBSERVER: what a face shows, not a stimulus; a person in pain may show nothing")
    lines.append(_count_rest(index))
    lines.append(format_table(table.to_numpy().tolist(), header=[str(name) for name in table.columns]))
    counts = Counter(problem.kind for problem in index.problems)
    lines.append("problems: " + (", ".join(f"{n} {kind}" for kind, n in sorted(counts.items())) or "none"))
    rows = [[f"  {item.kind}", item.trial or item.subject or item.path.name, item.message] for item in index.problems]
    if rows:
        lines.append(format_table(rows, header=["  kind", "trial", "what"], n_left=3))
    return "\n".join(lines)


def _count_rest(index: DatasetIndex) -> str:
    people = len({item.subject.id for item in index.rest})
    kinds = [[signal is not None for signal in (item.video, item.ecg)] for item in index.rest]
    n_video, n_ecg = (sum(kind[place] for kind in kinds) for place in (0, 1))
    if not index.rest:
        return "rest recordings, outside the trials: none"
    return (
        f"rest recordings, outside the trials: {len(index.rest)} of {people} of {len(index.subjects)} subjects "
        f"({n_video} with video, {n_ecg} with ECG)"
    )
