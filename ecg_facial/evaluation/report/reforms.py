"""The REFORMS checklist, filled from a run as far as a run can fill it.

Input: `RunRecord` (or `ScoredFile`) and `RunMetrics`. Output: items with what the run says, empty where the authors
have to write it. An item is filled only where its sentence is true of this run and answers the item. The wording of the
items is ours and short; the statement itself is to be read.

References
----------
Kapoor et al., REFORMS: consensus-based recommendations for machine-learning-based science, Science Advances 10, 2024,
eadk3452.
"""

from __future__ import annotations

from collections.abc import Callable

from ecg_facial.evaluation.benchmark.run_record import RunRecord, ScoredFile
from ecg_facial.evaluation.judging.schema import NO_LEAK, RunMetrics
from ecg_facial.evaluation.report.checklist import Item, describe_table

_Source = RunRecord | ScoredFile
_Fill = Callable[[_Source, RunMetrics], str]
_NETWORKS = {"facial": "ResNet18 and GRU on face crops", "ecg": "Transformer on heart-rate tokens"}
_NETWORKS["fusion"] = "weighted sum of their logits"
_NETWORKS["fusion:descriptors"] = "the same with the forest on the face's action units"
# simple models that a run of our networks holds beside them
_BASELINES = {
    "majority": "the training people's class shares",
    "ecg:rate": "mean heart rate alone",
    "ecg:descriptors": "forest on the course of the heart rate",
    "facial:descriptors": "forest on the courses of action units",
}
# number of the leak "copies of one trial on both sides" in `audit.json`
_COPIES = 9


def fill_reforms(run: RunRecord | ScoredFile, metrics: RunMetrics) -> list[Item]:
    """Fill every item that the run knows of."""
    return [
        Item(number=number, section=section, topic=topic, text=fill(run, metrics) if fill else "")
        for section, items in _ITEMS.items()
        for number, topic, fill in items
    ]


def _code(run: _Source, _: RunMetrics) -> str:
    if not isinstance(run, RunRecord) or run.git_commit is None:
        return ""
    own = f"; without the code of {', '.join(run.pipelines)}" if run.pipelines else ""
    return f"ecg_facial {run.package_version}, commit {run.git_commit[:12]}{own}"


def _environment(run: _Source, _: RunMetrics) -> str:
    if not isinstance(run, RunRecord):
        return ""
    return "versions: " + ", ".join(f"{name} {version}" for name, version in run.versions.items())


def _command(run: _Source, _: RunMetrics) -> str:
    return f"one command: {run.command}" if isinstance(run, RunRecord) else ""


def _source(run: _Source, _: RunMetrics) -> str:
    """Where simulated recordings come from; a table of features may be simulated by anybody."""
    if not run.simulated or not isinstance(run, RunRecord) or run.window_settings is None:
        return ""
    return "SIMULATED: rendered faces and synthetic ECGs with known truth"


def _outcome(run: _Source, metrics: RunMetrics) -> str:
    if not isinstance(run, RunRecord):
        return ""
    classes = ", ".join(metrics.class_names)
    if run.levels_by == "stimulus":
        return f"level of the stimulus ({classes}), set by the experiment; not what the person felt"
    return f"level by an observer ({classes}): what a face shows" if run.levels_by == "observer" else ""


def _size(run: _Source, _: RunMetrics) -> str:
    return f"{run.n_subjects} subjects, {run.n_trials} trials" if isinstance(run, RunRecord) else ""


def _problems(run: _Source, _: RunMetrics) -> str:
    if not isinstance(run, RunRecord):
        return ""
    n = len(run.problems)
    return f"{n} exclusions and problems, each listed with its reason" if n else "nothing was excluded"


def _missing(run: _Source, _: RunMetrics) -> str:
    if not isinstance(run, RunRecord):
        return ""
    if run.table is not None:
        return "missing values take the median of the training part; models of an absent modality give no prediction"
    n = sum(problem.kind == "missing" for problem in run.problems)
    return f"{n} recordings or trials were missing; what was missing is left out and listed"


def _corrupt(run: _Source, _: RunMetrics) -> str:
    if not isinstance(run, RunRecord):
        return ""
    if run.table is not None:
        return ""
    n = sum(problem.kind in ("unreadable", "too_short", "unknown_label") for problem in run.problems)
    return f"left out and listed with the reason: {n} unreadable, too short or without a known level"


def _transformations(run: _Source, _: RunMetrics) -> str:
    if isinstance(run, RunRecord) and run.table is not None:
        return f"{describe_table(run)}; a missing value takes the median of the training part"
    if not isinstance(run, RunRecord) or run.model_settings is None:
        return ""
    return f"windows by one function for all trials, normalisation {run.normalisation.mode}; all settings are listed"


def _model(run: _Source, metrics: RunMetrics) -> str:
    """Every model in words, where all are ours."""
    known = _NETWORKS | _BASELINES
    if not isinstance(run, RunRecord) or run.model_settings is None or not set(metrics.models) <= set(known):
        return ""
    return "; ".join(f"{model}: {known[model]}" for model in metrics.models)


def _baselines(run: _Source, metrics: RunMetrics) -> str:
    if not isinstance(run, RunRecord) or run.model_settings is None:
        return ""
    return "; ".join(f"{model}: {said}" for model, said in _BASELINES.items() if model in metrics.models)


def _evaluation(run: _Source, _: RunMetrics) -> str:
    return run.protocol if isinstance(run, RunRecord) else ""


def _selection(run: _Source, metrics: RunMetrics) -> str:
    """How epochs were chosen: known of our networks, under an honest protocol whose folds we split."""
    if not _model(run, metrics) or not isinstance(run, RunRecord) or run.stamps or run.inner is None:
        return ""
    return f"the epoch of networks by {100 * run.validation_share:.0f} % of the training subjects, who do not train"


def _separation(_: _Source, metrics: RunMetrics) -> str:
    """Say that nothing was found, never more than the reach of the audit."""
    audit = metrics.audit
    return audit.headline if audit is not None and audit.verdict == NO_LEAK else ""


def _copies(_: _Source, metrics: RunMetrics) -> str:
    checks = [check for check in metrics.audit.checks if check.leak == _COPIES] if metrics.audit else []
    found = [check.message for check in checks if check.passed]
    return "; ".join(found) if found and all(check.passed for check in checks) else ""


def _measures(_: _Source, metrics: RunMetrics) -> str:
    scale = ", quadratic-weighted kappa, distance in steps" if metrics.ordered else ""
    calibrated = any(judged.calibration for judged in metrics.models.values())
    return f"accuracy, balanced accuracy, macro-F1{scale}" + (", AUROC, calibration" if calibrated else "")


def _uncertainty(_: _Source, metrics: RunMetrics) -> str:
    found = {judged.over_subjects.interval for judged in metrics.models.values() if judged.over_subjects.ci95}
    return f"95 % intervals over subjects ({', '.join(sorted(found))})" if found else ""


def _tests(_: _Source, metrics: RunMetrics) -> str:
    if not metrics.comparisons:
        return ""
    main = metrics.main_model
    return f"paired over subjects, never over trials; corrected for the number of comparisons with {main} (Holm)"


def _limits(run: _Source, _: RunMetrics) -> str:
    return "SIMULATED: the figures say nothing about people" if run.simulated else ""


_ITEMS: dict[str, list[tuple[str, str, _Fill | None]]] = {
    "Study goals": [
        ("1a", "Population or distribution that the claim is about", None),
        ("1b", "Why this population", None),
        ("1c", "Why machine learning is used", None),
    ],
    "Computational reproducibility": [
        ("2a", "Where the data are", None),
        ("2b", "Where the code is", _code),
        ("2c", "Environment: versions and hardware", _environment),
        ("2d", "Instructions for the code and the data", None),
        ("2e", "A script that makes all results again", _command),
    ],
    "Data quality": [
        ("3a", "Source of the data, and how they were collected", _source),
        ("3b", "From whom the sample was drawn", None),
        ("3c", "Why these data fit the question", None),
        ("3d", "Outcome, and how it is defined", _outcome),
        ("3e", "Size of the sample", _size),
        ("3f", "Missing data: how many, how handled", _missing),
        ("3g", "Whether the sample stands for the population", None),
    ],
    "Data preprocessing": [
        ("4a", "What was excluded, and why", _problems),
        ("4b", "Impossible or corrupt samples", _corrupt),
        ("4c", "From raw data to the model's input", _transformations),
    ],
    "Modeling": [
        ("5a", "Models with their inputs and outputs", _model),
        ("5b", "Why these models", None),
        ("5c", "How models were evaluated", _evaluation),
        ("5d", "How models were selected", _selection),
        ("5e", "How hyper-parameters were chosen", None),
        ("5f", "Baselines", _baselines),
    ],
    "Data leakage": [
        ("6a", "Training and test data kept apart at every step", _separation),
        ("6b", "Dependent or duplicate samples on both sides", _copies),
        ("6c", "Why each feature is legitimate", None),
    ],
    "Metrics and uncertainty": [
        ("7a", "Measures of performance", _measures),
        ("7b", "Uncertainty of the figures", _uncertainty),
        ("7c", "Statistical tests", _tests),
    ],
    "Generalizability and limitations": [
        ("8a", "Evidence from other data", None),
        ("8b", "Where the findings are not expected to hold", _limits),
    ],
}
