"""Text for the terminal: runs, data sets, ECGs, predictions, audits.

Input: results of the other modules. Output: text. All layouts of the terminal are here and, for the content of
`metrics.json`, in `evaluation.report.terminal`; tables are made by `runtime.text`.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ecg_facial.datasets.labelling import suggest_option
from ecg_facial.datasets.readers.registry import READERS
from ecg_facial.datasets.records import DatasetIndex
from ecg_facial.datasets.store import summarise
from ecg_facial.evaluation.protocols.settings import parse_protocol
from ecg_facial.evaluation.report.terminal import describe_metrics, format_share
from ecg_facial.runtime.text import RESEARCH_NOTE, SIMULATED_BUNDLE_NOTE, SIMULATED_NOTE, format_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ecg_facial.cli.doctor import Finding
    from ecg_facial.evaluation.benchmark.runner import BenchmarkResult
    from ecg_facial.evaluation.judging.schema import AuditResult, RunMetrics
    from ecg_facial.inference.predictor import Prediction
    from ecg_facial.inspection.findings import Findings

REPORT_FILE = "report.html"
_NO_HEART = "SIMULATED: no heart made this ECG"


def show_result(result: BenchmarkResult) -> str:
    """Lay a run out for the terminal: the models, chance, comparisons, and where the files are."""
    metrics = result.metrics
    title = parse_protocol(metrics.protocol or "").title
    heading = f"{metrics.task}, {title}, normalisation {metrics.normalisation}"
    lines = [
        *describe_metrics(metrics, heading=heading, simulated=result.simulated),
        *_list_original(metrics),
        *_list_audit(metrics),
        f"report: {result.folder / REPORT_FILE}",
    ]
    return "\n".join(lines)


def _list_audit(metrics: RunMetrics) -> list[str]:
    """Give the verdict of the audit with its reach, and each cause with its consequences."""
    return [] if metrics.audit is None else metrics.audit.describe()


def _list_original(metrics: RunMetrics) -> list[str]:
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
    """Give the overall accuracy of the fusion, as the original's program did, or of the only model."""
    model = result.metrics.main_model
    title = {"fusion": "Fusion", "facial": "Face", "ecg": "ECG"}.get(model, model)
    lines = [SIMULATED_NOTE] if result.simulated else []
    accuracy = result.metrics.models[model].overall.accuracy
    lines.append(f"{title} accuracy (leave-one-subject-out): {100 * accuracy:.2f} %")
    if model in (ceiling := result.metrics.ceiling or {}):
        lines.append(f"Ceiling, what an ideal observer reaches on these trials: {100 * ceiling[model].accuracy:.2f} %")
    return "\n".join(lines)


def describe_index(index: DatasetIndex) -> str:
    """Lay an index out for the terminal: labels, trials per subject and class, and every problem by name."""
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
    lines += _list_labels(index)
    lines.append(_count_rest(index))
    lines.append(format_table(table.to_numpy().tolist(), header=[str(name) for name in table.columns]))
    counts = Counter(problem.kind for problem in index.problems)
    lines.append("problems: " + (", ".join(f"{n} {kind}" for kind, n in sorted(counts.items())) or "none"))
    # one reason of many trials is one row
    same: dict[tuple[str, str], list[str]] = {}
    for item in index.problems:
        same.setdefault((item.kind, item.message), []).append(item.trial or item.subject or item.path.name)
    rows = [[f"  {kind}", _shorten(names), message] for (kind, message), names in same.items()]
    if rows:
        lines.append(format_table(rows, header=["  kind", "trial", "what"], n_left=3))
    return "\n".join(lines)


def _shorten(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def _list_labels(index: DatasetIndex) -> list[str]:
    """Say which labels there are, what class each is, and how those without one get it."""
    shown = [
        f"{item.label} ({item.n_trials} trial{'s' * (item.n_trials != 1)}"
        + (f", {f'class {item.name}' if item.name else 'NO CLASS'})" if item.name != item.label else ")")
        for item in index.found_labels
    ]
    unknown = [item.label for item in index.found_labels if not item.name]
    lines = [f"labels: {', '.join(shown)}"]
    if index.class_names:
        lines.append(f"classes in their order: {', '.join(index.class_names)}")
    lines += [f"note: {note}" for note in index.notes]
    if not unknown or index.class_names:
        return lines
    if len(unknown) < len(index.found_labels):
        return [*lines, f"labels without a class: {_say_where(index, unknown)}"]
    return [*lines, f"labels without a class: {suggest_option(unknown)}"]


def _say_where(index: DatasetIndex, unknown: Sequence[str]) -> str:
    """Say which trials have a label that is none beside stimulus levels, and where the first of them is."""
    odd = [problem for problem in index.problems if problem.kind == "unknown_label"]
    first = f" (trial {odd[0].trial or odd[0].subject} in {odd[0].path})" if odd else ""
    return suggest_option(unknown, beside_levels=True) + first


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


def show_findings(findings: Findings) -> str:
    """Lay out what was found in an ECG."""
    from ecg_facial.inspection.wording import describe_quality, describe_rate, describe_time

    signal = findings.signal
    lines = [_NO_HEART] if findings.simulated else []
    lines += [
        f"file             {findings.reading.name} ({findings.reading.kind})",
        f"channel          {findings.reading.channel} (of {', '.join(findings.reading.channels[:12])})",
        f"unit             {signal.unit or 'unknown'}",
        f"rate             {signal.fs_hz:g} Hz",
        f"duration         {describe_time(signal.duration_s)}",
        f"not recorded     {100 * findings.share_not_recorded:.1f} %",
        f"beats            {len(findings.beats)}",
        f"heart rate       {describe_rate(findings)}",
        f"signal quality   {describe_quality(findings)}",
    ]
    return "\n".join([*lines, *(f"note             {note}" for note in findings.notes)])


def show_prediction(prediction: Prediction) -> str:
    """Lay out a prediction: probabilities per class, qualities, notes."""
    width = max(map(len, ("class", *prediction.class_names)))
    lines = [f"{'class':{width}}" + "".join(f"{title:>9}" for title in ("fused", "face", "ECG"))]
    for number, name in enumerate(prediction.class_names):
        cells = (
            "-" if values is None else f"{values[number]:.3f}"
            for values in (prediction.probabilities, prediction.facial, prediction.ecg)
        )
        lines.append(f"{name:{width}}" + "".join(f"{cell:>9}" for cell in cells))
    rate = "unknown" if prediction.heart_rate_bpm is None else f"{prediction.heart_rate_bpm:.0f} bpm"
    for model, values in prediction.variants.items():
        shown = zip(prediction.class_names, values, strict=True)
        lines.append(f"{model}: " + ", ".join(f"{name} {value:.3f}" for name, value in shown))
    lines.append(f"predicted: {prediction.predicted or 'nothing'}")
    lines.append(f"face quality {prediction.face_quality:.2f} ({prediction.n_frames_with_face} frames with a face)")
    lines.append(f"ECG quality {prediction.ecg_quality:.2f} (heart rate {rate})")
    lines += [f"note: {note}" for note in prediction.notes]
    if prediction.simulated:
        lines.append(SIMULATED_BUNDLE_NOTE)
    return "\n".join([*lines, RESEARCH_NOTE])


def show_audit(audit: AuditResult) -> str:
    """Lay an audit out: each check, then the verdict."""
    marks = {None: "not made", True: "passed", False: "FAILED"}
    checks = [f"{marks[check.passed]:8s} {check.name}: {check.message}" for check in audit.checks]
    return "\n".join([*checks, *audit.describe()])


def show_installation(items: Iterable[Finding]) -> str:
    """Lay out what is installed."""
    rows = [[item.name, item.status, item.detail] for item in items]
    return format_table(rows, header=["what", "status", "detail"], n_left=3)
