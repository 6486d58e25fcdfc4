"""The TRIPOD+AI checklist, filled from a run as far as a run can fill it.

Input: `RunRecord` (or `ScoredFile`) and `RunMetrics`. Output: items with what the run says, empty where the authors
have to write it. The wording of the items is ours and short; the statement itself is to be read.

References
----------
Collins et al., TRIPOD+AI statement: updated guidance for reporting clinical prediction models that use regression or
machine learning methods, BMJ 385, 2024, e078378.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ecg_facial.evaluation.benchmark.run_record import RunRecord, ScoredFile
from ecg_facial.evaluation.judging.schema import ModelMetrics, RunMetrics

_Source = RunRecord | ScoredFile
_Fill = Callable[[_Source, RunMetrics], str]
_SIGNALS = {"facial": "face video", "ecg": "ECG"}
_NETWORKS = {"facial": "ResNet18 and GRU", "ecg": "Transformer over heart-rate tokens", "fusion": "late fusion"}
_WINDOWS = {"facial": "face crops", "ecg": "heart-rate tokens"}


@dataclass(frozen=True, kw_only=True)
class Item:
    """One item.

    Attributes
    ----------
    number : str
        As in the statement.
    section, topic : str
    text : str
        What the run says; empty where the authors have to write it.
    """

    number: str
    section: str
    topic: str
    text: str


def fill_checklist(run: RunRecord | ScoredFile, metrics: RunMetrics) -> list[Item]:
    """Fill every item that the run knows of."""
    return [
        Item(number=number, section=section, topic=topic, text=fill(run, metrics) if fill else "")
        for section, items in _ITEMS.items()
        for number, topic, fill in items
    ]


def name_signals(metrics: RunMetrics) -> str:
    """Name the signals that were judged: both, but where the face's or the ECG's model is the only built-in one."""
    return " and ".join(_pick(_SIGNALS, metrics))


def _pick(words: dict[str, str], metrics: RunMetrics) -> list[str]:
    """Words of the built-in models that the run has; all of them where it has none of these."""
    return [word for model, word in words.items() if model in metrics.models] or list(words.values())


def _title(run: _Source, metrics: RunMetrics) -> str:
    return f"development with internal validation: {_protocol(run, metrics)}; classes {_classes(metrics)}"


def _protocol(run: _Source, _: RunMetrics) -> str:
    return run.protocol if isinstance(run, RunRecord) else "predictions of another program; protocol not known"


def _classes(metrics: RunMetrics) -> str:
    return ", ".join(metrics.class_names)


def _data(run: _Source, _: RunMetrics) -> str:
    if run.simulated:
        return "SIMULATED recordings with known truth; no patients"
    return f"reader {run.reader}, fingerprint {run.data_fingerprint[:16]}" if isinstance(run, RunRecord) else ""


def _participants(run: _Source, metrics: RunMetrics) -> str:
    excluded = len(run.problems) if isinstance(run, RunRecord) else 0
    return f"{metrics.n_subjects} subjects, {metrics.n_trials} trials; {excluded} exclusions and problems, listed"


def _preparation(run: _Source, metrics: RunMetrics) -> str:
    if not isinstance(run, RunRecord):
        return ""
    made = " and ".join(_pick(_WINDOWS, metrics))
    return f"{made} by one function for all trials; settings and versions below"


def _outcome(run: _Source, metrics: RunMetrics) -> str:
    if not isinstance(run, RunRecord):
        return ""
    return f"level of the stimulus ({_classes(metrics)}), set by the experiment; not what the person felt"


def _predictors(run: _Source, metrics: RunMetrics) -> str:
    if not isinstance(run, RunRecord):
        return ""
    signals = _pick(_SIGNALS, metrics)
    return f"{' and '.join(signals)} of the same seconds" if len(signals) > 1 else f"{signals[0]} alone"


def _size(_: _Source, metrics: RunMetrics) -> str:
    over_subjects = {model: judged.over_subjects for model, judged in metrics.models.items()}
    widths = [(over.ci95.width, model) for model, over in over_subjects.items() if over.ci95 is not None]
    if not widths:
        return ""
    width, model = max(widths)
    return f"intervals over subjects are up to {100 * width:.1f} points wide ({model})"


def _missing(run: _Source, metrics: RunMetrics) -> str:
    if not isinstance(run, RunRecord):
        return ""
    signals = _pick(_SIGNALS, metrics)
    if len(signals) == 1:
        return f"a trial without {signals[0]} is left out and listed"
    return "a trial without one signal is judged by the other; a trial without both is left out and listed"


def _analysis(run: _Source, metrics: RunMetrics) -> str:
    if not isinstance(run, RunRecord):
        return ""
    seeds = len(metrics.seeds)
    return f"{_protocol(run, metrics)}, {seeds} seed{'s' if seeds > 1 else ''}; every choice on inner subjects"


def _model(run: _Source, metrics: RunMetrics) -> str:
    return "; ".join(_pick(_NETWORKS, metrics)) if isinstance(run, RunRecord) else ""


def _performance_measures(_: _Source, metrics: RunMetrics) -> str:
    calibrated = next(iter(metrics.models.values())).calibration is not None
    return "accuracy, balanced accuracy, macro-F1" + (", calibration, conformal sets" if calibrated else "")


def _balance(_: _Source, metrics: RunMetrics) -> str:
    return f"chance is {100 * metrics.chance:.1f} %: {metrics.chance_rule}"


def _fairness(_: _Source, metrics: RunMetrics) -> str:
    strata = sorted({name for judged in metrics.models.values() for name in judged.strata})
    return f"figures by {', '.join(strata)}" if strata else ""


def _output(_: _Source, metrics: RunMetrics) -> str:
    return f"a probability for each of {len(metrics.class_names)} classes; the largest is the prediction"


def _code(run: _Source, _: RunMetrics) -> str:
    return f"ecg_facial {run.package_version}" + (f", commit {run.git_commit[:12]}" if run.git_commit else "")


def _participants_flow(run: _Source, metrics: RunMetrics) -> str:
    return f"data table of this report: {metrics.n_subjects} subjects judged" if isinstance(run, RunRecord) else ""


def _specification(run: _Source, _: RunMetrics) -> str:
    shipped = isinstance(run, RunRecord) and run.bundle
    return "bundle in model/ (ONNX and weights, with SHA-256)" if shipped else ""


def _performance(_: _Source, metrics: RunMetrics) -> str:
    return "mean over subjects: " + "; ".join(_performance_of(*each) for each in metrics.models.items())


def _performance_of(model: str, judged: ModelMetrics) -> str:
    over = judged.over_subjects
    mean = f"{model} {100 * over.accuracy_mean:.1f} %"
    if over.ci95 is None:
        return mean
    return f"{mean} (95 % CI {100 * over.ci95.low:.1f} to {100 * over.ci95.high:.1f})"


_ITEMS: dict[str, list[tuple[str, str, _Fill | None]]] = {
    "Title and abstract": [
        ("1", "Identify the study as developing or evaluating a prediction model", _title),
        ("2", "Abstract by the TRIPOD+AI list for abstracts", None),
    ],
    "Introduction": [
        ("3a", "Healthcare context and rationale", None),
        ("3b", "Target population, intended purpose, intended users", None),
        ("3c", "Known health inequalities between groups", None),
        ("4", "Objectives", None),
    ],
    "Methods": [
        ("5a", "Source of the data", _data),
        ("5b", "Dates of the data", None),
        ("6a", "Setting and centres", None),
        ("6b", "Eligibility of participants", _participants),
        ("6c", "Treatments received", None),
        ("7", "Preparation of the data", _preparation),
        ("8a", "Outcome, and how it was assessed", _outcome),
        ("8b", "Who assessed the outcome, where that takes judgement", _outcome),
        ("8c", "Blinding of the outcome's assessment", None),
        ("9a", "Choice of initial predictors", _predictors),
        ("9b", "Definition of all predictors", _predictors),
        ("9c", "Who assessed predictors, where that takes judgement", None),
        ("10", "Sample size", _size),
        ("11", "Missing data", _missing),
        ("12a", "How the data were used: development and evaluation", _analysis),
        ("12b", "Handling of predictors", _preparation),
        ("12c", "Type of model, building steps, internal validation", _model),
        ("12d", "Heterogeneity between clusters", lambda _, m: "per-subject figures and their spread"),
        ("12e", "Measures of performance", _performance_measures),
        ("12f", "Model updating", None),
        ("12g", "How predictions were made for the evaluation", _analysis),
        ("13", "Class imbalance", _balance),
        ("14", "Fairness", _fairness),
        ("15", "Output of the model, and thresholds", _output),
        ("16", "Differences between development and evaluation data", None),
        ("17", "Ethical approval", None),
        ("18a", "Funding", None),
        ("18b", "Conflicts of interest", None),
        ("18c", "Protocol of the study", None),
        ("18d", "Registration", None),
        ("18e", "Availability of the data", None),
        ("18f", "Availability of the code", _code),
        ("19", "Patient and public involvement", None),
    ],
    "Results": [
        ("20a", "Flow of participants", _participants_flow),
        ("20b", "Characteristics of participants", _fairness),
        ("20c", "Comparison of development and evaluation data", None),
        ("21", "Participants and events in each analysis", _participants),
        ("22", "Full specification of the model", _specification),
        ("23a", "Performance with intervals, also in groups", _performance),
        ("23b", "Heterogeneity of performance between clusters", lambda _, m: "dot plot of every subject"),
        ("24", "Results of updating", None),
    ],
    "Discussion": [
        ("25", "Interpretation, with fairness", None),
        ("26", "Limitations", None),
        ("27a", "Poor or missing input in use", _missing),
        ("27b", "Interaction of users with the model, and their expertise", None),
        ("27c", "Next steps of research", None),
    ],
}
