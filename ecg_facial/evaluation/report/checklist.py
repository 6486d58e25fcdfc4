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
_OTHER_DATA = "trained on one data set"
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
    return " and ".join([word for model, word in _SIGNALS.items() if model in metrics.models] or _SIGNALS.values())


def _is_built_in(run: RunRecord, metrics: RunMetrics) -> bool:
    """Whether the package's own networks were judged, so that what it knows of them is true of the run."""
    return run.model_settings is not None and any(model in metrics.models for model in _SIGNALS)


def describe_table(run: RunRecord) -> str:
    """Count the features of a table by modality; empty where the data are no table."""
    if run.table is None:
        return ""
    counts = ", ".join(f"{n} {modality}" for modality, n in run.table.n_features.items())
    return f"features of a table, as they were given ({counts}; run.json)"


def _title(run: _Source, metrics: RunMetrics) -> str:
    if not isinstance(run, RunRecord):
        return f"evaluation of predictions of another program; protocol not known; classes {_classes(metrics)}"
    kind = "external validation" if run.protocol.startswith(_OTHER_DATA) else "internal validation"
    return f"development with {kind}: {run.protocol}; classes {_classes(metrics)}"


def _classes(metrics: RunMetrics) -> str:
    return ", ".join(metrics.class_names)


def _data(run: _Source, _: RunMetrics) -> str:
    if run.simulated:
        return "SIMULATED recordings with known truth; no patients"
    return f"reader {run.reader}, fingerprint {run.data_fingerprint[:16]}" if isinstance(run, RunRecord) else ""


def _analysed(_: _Source, metrics: RunMetrics) -> str:
    """Count who was analysed, trials by class, and trials that each model answered."""
    n_by_class = next(iter(metrics.models.values())).answers.n_by_class
    by_class = ", ".join(f"{name} {n}" for name, n in n_by_class.items())
    answered = "; ".join(f"{model} {judged.answers.n_answered}" for model, judged in metrics.models.items())
    return f"{metrics.n_subjects} subjects, {metrics.n_trials} trials ({by_class}); with a prediction: {answered}"


def _preparation(run: _Source, metrics: RunMetrics) -> str:
    if isinstance(run, RunRecord) and run.table is not None:
        return f"{describe_table(run)}; a missing value takes the median of the training part"
    if not isinstance(run, RunRecord) or not _is_built_in(run, metrics):
        return ""
    made = " and ".join(word for model, word in _WINDOWS.items() if model in metrics.models)
    return f"{made} by one function for all trials; normalisation {run.normalisation.mode}; settings and versions below"


def _outcome(run: _Source, metrics: RunMetrics) -> str:
    if not isinstance(run, RunRecord):
        return ""
    if run.levels_by == "stimulus":
        return f"level of the stimulus ({_classes(metrics)}), set by the experiment; not what the person felt"
    if run.levels_by == "unknown":
        return ""
    return f"level that an observer coded ({_classes(metrics)}); not what the person felt"


def _assessor(run: _Source, metrics: RunMetrics) -> str:
    """Who judged: nobody, where the experiment set the level."""
    by_experiment = isinstance(run, RunRecord) and run.levels_by == "stimulus"
    return "nobody: the level of the stimulus is set by the experiment and takes no judgement" if by_experiment else ""


def _predictors(run: _Source, metrics: RunMetrics) -> str:
    if isinstance(run, RunRecord) and run.table is not None:
        return describe_table(run)
    if not isinstance(run, RunRecord) or not _is_built_in(run, metrics):
        return ""
    signals = [f"{_WINDOWS[model]} ({word})" for model, word in _SIGNALS.items() if model in metrics.models]
    length = f", windows of {run.window_settings.window_s:g} s" if run.window_settings else ""
    return f"{' and '.join(signals)}{length}"


def _missing(run: _Source, metrics: RunMetrics) -> str:
    """Count trials without a prediction, and say what became of them."""
    if not isinstance(run, RunRecord):
        return ""
    lacking = ", ".join(f"{model} {judged.answers.n_unanswered}" for model, judged in metrics.models.items())
    said = (
        f"trials without a prediction, of {metrics.n_trials}: {lacking}; left out of the figures, as wrong beside them"
    )
    both = all(model in metrics.models for model in (*_SIGNALS, "fusion")) and not run.pipelines
    return f"{said}; with one signal alone the fused model takes that model's output" if both else said


def _missing_in_use(run: _Source, metrics: RunMetrics) -> str:
    """How the bundle treats poor input; nothing is said of a model that is not shipped."""
    if not (isinstance(run, RunRecord) and run.bundle):
        return ""
    both = all(model in metrics.models for model in _SIGNALS)
    other = "without one signal the other decides; " if both else ""
    return f"the bundle: {other}without any usable signal there is no prediction; signal qualities and notes are given"


def _analysis(run: _Source, metrics: RunMetrics) -> str:
    if not isinstance(run, RunRecord):
        return ""
    seeds = len(metrics.seeds)
    said = f"{run.protocol}, {seeds} seed{'s' if seeds > 1 else ''}"
    inner = "fitted and chosen on inner subjects (folds.json)"
    return f"{said}; {inner}" if metrics.independence.shown == "yes" else f"{said}; {metrics.independence.sentence}"


def _how_predicted(run: _Source, metrics: RunMetrics) -> str:
    if not isinstance(run, RunRecord):
        return ""
    return "the models of a fold predict its test trials, which they get without labels and names (predictions.csv)"


def _model(run: _Source, metrics: RunMetrics) -> str:
    if not isinstance(run, RunRecord) or not _is_built_in(run, metrics):
        return ""
    return "; ".join(word for model, word in _NETWORKS.items() if model in metrics.models)


def _spread(_: _Source, metrics: RunMetrics) -> str:
    return "per-subject figures and their spread" if metrics.n_subjects > 1 else ""


def _dots(_: _Source, metrics: RunMetrics) -> str:
    return "dot plot of every subject" if metrics.n_subjects > 1 else ""


def _performance_measures(_: _Source, metrics: RunMetrics) -> str:
    judged = list(metrics.models.values())
    parts = {
        "calibration": any(each.calibration for each in judged),
        "conformal sets": any(each.conformal for each in judged),
    }
    figures = sorted({name.replace("_", " ") for each in judged for name, f in each.figures.items() if f.n_subjects})
    return f"over subjects with intervals: {', '.join([*figures, *(name for name, there in parts.items() if there)])}"


def _balance(_: _Source, metrics: RunMetrics) -> str:
    return f"tested by {metrics.test_against_chance}; answering without looking reaches {100 * metrics.chance:.1f} %"


def _fairness(_: _Source, metrics: RunMetrics) -> str:
    strata = sorted({name for judged in metrics.models.values() for name in judged.strata})
    return f"figures by {', '.join(strata)}" if strata else ""


def _characteristics(_: _Source, metrics: RunMetrics) -> str:
    """How many people are in each known group."""
    strata = next(iter(metrics.models.values())).strata
    return "; ".join(
        f"{name.replace('_', ' ')}: {', '.join(f'{group} {over.n_subjects}' for group, over in stratum.groups.items())}"
        for name, stratum in strata.items()
    )


def _output(_: _Source, metrics: RunMetrics) -> str:
    if any(judged.calibration is None for judged in metrics.models.values()):
        return ""
    if metrics.n_disagreeing and metrics.decisions == "predicted":
        n_classes = len(metrics.class_names)
        return f"a probability for each of {n_classes} classes, and a decision that is not always the largest"
    return f"a probability for each of {len(metrics.class_names)} classes; the largest is the prediction"


def _code(run: _Source, _: RunMetrics) -> str:
    if not isinstance(run, RunRecord):
        return ""
    return f"ecg_facial {run.package_version}" + (f", commit {run.git_commit[:12]}" if run.git_commit else "")


def _participants_flow(run: _Source, metrics: RunMetrics) -> str:
    if not isinstance(run, RunRecord):
        return ""
    n = len(run.problems)
    return (
        f"{metrics.n_subjects} subjects judged, in the data table of this report; {n} exclusions and problems, listed"
    )


def _specification(run: _Source, _: RunMetrics) -> str:
    shipped = isinstance(run, RunRecord) and run.bundle
    if not shipped:
        return ""
    return "bundle in model/, trained on all subjects after the evaluation: weights and ONNX, with SHA-256"


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
        ("6b", "Eligibility of participants", None),
        ("6c", "Treatments received", None),
        ("7", "Preparation of the data", _preparation),
        ("8a", "Outcome, and how it was assessed", _outcome),
        ("8b", "Who assessed the outcome, where that takes judgement", _assessor),
        ("8c", "Blinding of the outcome's assessment", None),
        ("9a", "Choice of initial predictors", None),
        ("9b", "Definition of all predictors", _predictors),
        ("9c", "Who assessed predictors, where that takes judgement", None),
        ("10", "Sample size", None),
        ("11", "Missing data", _missing),
        ("12a", "How the data were used: development and evaluation", _analysis),
        ("12b", "Handling of predictors", _preparation),
        ("12c", "Type of model, building steps, internal validation", _model),
        ("12d", "Heterogeneity between clusters", _spread),
        ("12e", "Measures of performance", _performance_measures),
        ("12f", "Model updating", None),
        ("12g", "How predictions were made for the evaluation", _how_predicted),
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
        ("20b", "Characteristics of participants", _characteristics),
        ("20c", "Comparison of development and evaluation data", None),
        ("21", "Participants and events in each analysis", _analysed),
        ("22", "Full specification of the model", _specification),
        ("23a", "Performance with intervals, also in groups", _performance),
        ("23b", "Heterogeneity of performance between clusters", _dots),
        ("24", "Results of updating", None),
    ],
    "Discussion": [
        ("25", "Interpretation, with fairness", None),
        ("26", "Limitations", None),
        ("27a", "Poor or missing input in use", _missing_in_use),
        ("27b", "Interaction of users with the model, and their expertise", None),
        ("27c", "Next steps of research", None),
    ],
}
