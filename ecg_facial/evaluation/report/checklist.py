"""The TRIPOD+AI checklist, filled from a run as far as a run can fill it.

Enters: content of `run.json` and `metrics.json`. Leaves: items with what the run says, or with who has to say it. The
wording of the items is ours and short; the statement itself is to be read.

References
----------
Collins et al., TRIPOD+AI statement: updated guidance for reporting clinical prediction models that use regression or
machine learning methods, BMJ 385, 2024, e078378.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Content = Mapping[str, Any]
_Fill = Callable[[Content, Content], str]


@dataclass(frozen=True, kw_only=True)
class Item:
    """One item.

    Attributes
    ----------
    number : str
        As in the statement.
    section, topic : str
    said : str
        What the run says; empty where the authors have to write it.
    """

    number: str
    section: str
    topic: str
    said: str


def fill_checklist(run: Content, metrics: Content) -> list[Item]:
    """Fill every item that the run knows of."""
    return [
        Item(number=number, section=section, topic=topic, said=fill(run, metrics) if fill else "")
        for section, items in _ITEMS.items()
        for number, topic, fill in items
    ]


def _title(run: Content, metrics: Content) -> str:
    return f"development with internal validation: {_protocol(run, metrics)}; classes {_classes(metrics)}"


def _protocol(run: Content, metrics: Content) -> str:
    return str(run.get("protocol", metrics.get("protocol", "predictions of another program; protocol not known")))


def _classes(metrics: Content) -> str:
    return ", ".join(metrics["class_names"])


def _data(run: Content, _: Content) -> str:
    if run.get("simulated"):
        return "SIMULATED recordings with known truth; no patients"
    return f"reader {run['reader']}, fingerprint {run['data_fingerprint'][:16]}" if "reader" in run else ""


def _participants(run: Content, metrics: Content) -> str:
    excluded = len(run.get("problems", ()))
    return f"{metrics['n_subjects']} subjects, {metrics['n_trials']} trials; {excluded} exclusions and problems, listed"


def _preparation(run: Content, _: Content) -> str:
    if "window_settings" not in run:
        return ""
    return "face crops and heart-rate tokens by one function for all trials; settings and versions below"


def _outcome(run: Content, metrics: Content) -> str:
    if "protocol" not in run:
        return ""
    return f"level of the stimulus ({_classes(metrics)}), set by the experiment; not what the person felt"


def _predictors(run: Content, _: Content) -> str:
    return "face video and ECG of the same seconds" if "window_settings" in run else ""


def _size(_: Content, metrics: Content) -> str:
    widest = max(
        (figures["ci95_high"] - figures["ci95_low"], model)
        for model, judged in metrics["models"].items()
        if (figures := judged["over_subjects"])["ci95_low"] is not None
    )
    return f"intervals over subjects are up to {100 * widest[0]:.1f} points wide ({widest[1]})"


def _known_size(run: Content, metrics: Content) -> str:
    known = any(judged["over_subjects"]["ci95_low"] is not None for judged in metrics["models"].values())
    return _size(run, metrics) if known else ""


def _missing(run: Content, _: Content) -> str:
    if "window_settings" not in run:
        return ""
    return "a trial without one signal is judged by the other; a trial without both is left out and listed"


def _analysis(run: Content, metrics: Content) -> str:
    if "protocol" not in run:
        return ""
    seeds = len(metrics["seeds"])
    return f"{_protocol(run, metrics)}, {seeds} seed{'s' if seeds > 1 else ''}; every choice on inner subjects"


def _model(run: Content, _: Content) -> str:
    return "ResNet18 and GRU; Transformer over heart-rate tokens; late fusion" if "model_settings" in run else ""


def _performance_measures(_: Content, metrics: Content) -> str:
    one = next(iter(metrics["models"].values()))
    return "accuracy, balanced accuracy, macro-F1" + (", calibration, conformal sets" if one.get("calibration") else "")


def _balance(_: Content, metrics: Content) -> str:
    return f"chance is {100 * metrics['chance']:.1f} %: {metrics['chance_rule']}"


def _fairness(_: Content, metrics: Content) -> str:
    strata = sorted({name for judged in metrics["models"].values() for name in judged["strata"]})
    return f"figures by {', '.join(strata)}" if strata else ""


def _output(_: Content, metrics: Content) -> str:
    return f"a probability for each of {len(metrics['class_names'])} classes; the largest is the prediction"


def _code(run: Content, _: Content) -> str:
    commit = run.get("git_commit")
    return f"ecg_facial {run['package_version']}" + (f", commit {commit[:12]}" if commit else "")


def _participants_flow(run: Content, metrics: Content) -> str:
    return f"data table of this report: {metrics['n_subjects']} subjects judged" if "n_subjects" in run else ""


def _specification(run: Content, _: Content) -> str:
    return "bundle in model/ (ONNX and weights, with SHA-256)" if run.get("bundle") else ""


def _performance(_: Content, metrics: Content) -> str:
    def one(model: str, judged: Content) -> str:
        figures = judged["over_subjects"]
        mean = f"{model} {100 * figures['accuracy_mean']:.1f} %"
        if figures["ci95_low"] is None:
            return mean
        return f"{mean} (95 % CI {100 * figures['ci95_low']:.1f} to {100 * figures['ci95_high']:.1f})"

    return "mean over subjects: " + "; ".join(one(*each) for each in metrics["models"].items())


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
        ("10", "Sample size", _known_size),
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
