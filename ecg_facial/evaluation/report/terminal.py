"""Metrics as text for the terminal.

Input: `RunMetrics`. Output: lines.
"""

from __future__ import annotations

from collections.abc import Mapping

from ecg_facial.evaluation.judging.schema import CeilingComparison, ModelMetrics, ModelPair, OverSubjects, RunMetrics
from ecg_facial.runtime.text import SIMULATED_NOTE, format_table

_MOST_COMPARISONS = 10


def describe_metrics(metrics: RunMetrics, *, heading: str, simulated: bool) -> list[str]:
    """Lay out the results of a run or a file: stamps, models beside chance, comparisons, leakage.

    Parameters
    ----------
    metrics : RunMetrics
    heading : str
        What was judged, and how.
    simulated : bool
    """
    ceiling = metrics.ceiling or {}
    return [
        *([SIMULATED_NOTE] if simulated else []),
        *metrics.stamps,
        f"{heading}: {metrics.n_subjects} subjects, {metrics.n_trials} trials{_describe_seeds(metrics)}, %",
        _tabulate(metrics, ceiling),
        f"whom was judged: {metrics.independence.sentence}",
        f"p: {metrics.test_against_chance}, Holm over models",
        *_list_errors(metrics),
        *(_describe_answers(model, judged) for model, judged in metrics.models.items() if judged.answers.n_unanswered),
        *_describe_comparisons(metrics),
        *(_describe_leakage(name, compared) for name, compared in ceiling.items() if compared.leakage),
    ]


def _tabulate(metrics: RunMetrics, ceiling: Mapping[str, CeilingComparison]) -> str:
    """One row per model, then chance; the accuracy is the first figure, where scripts look for it."""
    rows = [
        [
            name,
            format_share(judged.overall.accuracy),
            *([format_share(ceiling[name].accuracy) if name in ceiling else "-"] if ceiling else []),
            format_share(judged.overall.balanced_accuracy),
            format_share(judged.overall.macro_f1),
            format_share(judged.over_subjects.accuracy_mean),
            _format_interval(judged.over_subjects),
            format_p(judged.p_above_chance_holm),
            str(judged.answers.n_answered),
        ]
        for name, judged in metrics.models.items()
    ]
    chance, balanced = format_share(metrics.chance), format_share(metrics.chance_balanced)
    rows.append(["chance", "", *([""] if ceiling else []), balanced, "", chance, "", "", ""])
    shown = ["accuracy", *(["ceiling"] if ceiling else []), "balanced", "macro-F1", "mean over subjects", "95 % CI"]
    return format_table(rows, header=["model", *shown, "p above chance", "trials"])


def _list_errors(metrics: RunMetrics) -> list[str]:
    """Mean absolute error of ratings in points of their scale, over subjects with its interval."""
    found = {model: judged.figures.get("mae_points") for model, judged in metrics.models.items()}
    shown = [
        f"{model} {each.mean:.2f}"
        + ("" if each.ci95_low is None else f" ({each.ci95_low:.2f} to {each.ci95_high:.2f})")
        for model, each in found.items()
        if each is not None and each.mean is not None
    ]
    return [f"mean absolute error in points of the scale, over subjects (95 % CI): {', '.join(shown)}"] if shown else []


def _describe_answers(model: str, judged: ModelMetrics) -> str:
    answers = judged.answers
    return (
        f"{model}: {answers.n_unanswered} of {answers.n_trials} trials without a prediction "
        f"(coverage {format_share(answers.coverage)} %), left out above; counted as wrong: accuracy "
        f"{format_share(answers.accuracy_as_wrong)} %, balanced {format_share(answers.balanced_accuracy_as_wrong)} %"
    )


def _format_interval(over: OverSubjects) -> str:
    return "-" if over.ci95 is None else f"{format_share(over.ci95.low)} to {format_share(over.ci95.high)}"


def _describe_leakage(name: str, compared: CeilingComparison) -> str:
    """One line on a model that is above the ideal observer."""
    return (
        f"LEAKAGE: {name} is {100 * compared.difference:.1f} points above its ceiling (99 % lower bound "
        f"{format_share(compared.lower99)}); nothing but information about the test subjects explains that"
    )


def _describe_seeds(metrics: RunMetrics) -> str:
    """Give the number of seeds and the largest spread over them; empty for one seed."""
    spreads = [judged.over_seeds.accuracy_std for judged in metrics.models.values()]
    known = [spread for spread in spreads if spread is not None]
    if not known:
        return ""
    return f", {len(metrics.seeds)} seeds (standard deviation up to {100 * max(known):.1f} points)"


def _describe_comparisons(metrics: RunMetrics) -> list[str]:
    """Set the main model against the others, and say how many pairs are not listed."""
    primary = [pair for pair in metrics.comparisons if pair.family == "primary"]
    shown = [pair for pair in primary if pair.accuracy_difference is not None][:_MOST_COMPARISONS]
    hidden, exploratory = len(primary) - len(shown), len(metrics.comparisons) - len(primary)
    more = [f"{hidden} more pairs with {metrics.main_model}"] if hidden else []
    more += [f"{exploratory} pairs of other models (exploratory, corrected among themselves)"] if exploratory else []
    more = [f"{' and '.join(more)}: in the report and in tables/comparisons.csv"] if more else []
    return [*(_describe_pair(pair) for pair in shown), *more]


def _describe_pair(pair: ModelPair) -> str:
    left_out = f" ({pair.n_left_out} left out)" if pair.n_left_out else ""
    return (
        f"{pair.first} against {pair.second}: {100 * (pair.accuracy_difference or 0.0):+.1f} points on "
        f"{pair.n_trials} trials of both{left_out}, p {format_p(pair.p_holm)} (sign flips over subjects, Holm)"
    )


def format_share(value: float | None) -> str:
    """Share as percent with one digit."""
    return "-" if value is None else f"{100 * value:.1f}"


def format_p(value: float | None) -> str:
    """P value with four digits, small ones as a limit."""
    return "-" if value is None else "< 0.0001" if value < 1e-4 else f"{value:.4f}"
