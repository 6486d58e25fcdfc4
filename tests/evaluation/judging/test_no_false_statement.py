"""What a file does not show is not said: chance, answers, decisions, independence, differences."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ecg_facial.errors import CorruptDataError, SettingsError
from ecg_facial.evaluation.judging.predictions_file import write_predictions
from ecg_facial.evaluation.judging.predictions_table import Decisions, read_predictions
from ecg_facial.evaluation.judging.schema import RunMetrics
from ecg_facial.evaluation.judging.summary import summarise_predictions

FOUR = ("BL1", "PA1", "PA2", "PA3")


def make_rows(
    numbers: list[dict[str, int]], answer: str | None = None, *, model: str = "model", seed: int = 0
) -> pd.DataFrame:
    """Trials of people by class; the label is the answer where none is given."""
    rows = [
        (f"s{person:02d}", f"t{person}-{number}", label)
        for person, counts in enumerate(numbers)
        for number, label in enumerate(name for name, n in counts.items() for _ in range(n))
    ]
    table = pd.DataFrame(rows, columns=["subject", "trial", "label"])
    return table.assign(predicted=table["label"] if answer is None else answer, model=model, seed=seed)


def judge(folder: Path, table: pd.DataFrame, *, decisions: Decisions = "predicted") -> RunMetrics:
    """Write a table, read it, judge it."""
    table.to_csv(folder / "p.csv", index=False)
    return summarise_predictions(read_predictions(folder / "p.csv", decisions=decisions), task="p.csv")


@pytest.mark.parametrize(
    ("numbers", "answer", "accuracy"),
    [
        ([dict(zip(FOUR, (17, 20, 20, 20), strict=True))] * 12, "PA1", 20 / 77),
        ([{"no": 6, "yes": 2}] * 9 + [{"no": 30, "yes": 34}] * 3, "no", (9 * 6 / 8 + 3 * 30 / 64) / 12),
        ([{"no": 7, "yes": 3}] * 20, "no", 0.7),
        # whoever knows each person's base rate knows nothing of a trial
        ([{"no": 9, "yes": 1}] * 12, "no", 0.9),
    ],
)
def test_who_always_says_the_same_is_not_above_chance(
    tmp_path: Path, numbers: list[dict[str, int]], answer: str, accuracy: float
) -> None:
    over = judge(tmp_path, make_rows(numbers, answer)).models["model"].over_subjects
    assert over.accuracy_mean == pytest.approx(accuracy, abs=1e-6)
    assert (over.excess_over_chance, over.p_above_chance) == (0.0, 1.0)
    if len({tuple(each.items()) for each in numbers}) == 1:
        # equal figures of all people are no interval of width 0
        assert (over.ci95_low, over.interval) == (None, "none")


def test_chance_beside_accuracy_is_what_the_best_constant_answer_reaches(tmp_path: Path) -> None:
    uneven = judge(tmp_path, make_rows([{"no": 6, "yes": 2}] * 9 + [{"no": 30, "yes": 34}] * 3, "no"))
    assert uneven.chance == pytest.approx((9 * 6 / 8 + 3 * 34 / 64) / 12, abs=1e-6)
    assert "not balanced" in uneven.chance_rule
    even = judge(tmp_path, make_rows([dict.fromkeys(FOUR, 5)] * 3, "PA1"))
    assert (even.chance, even.chance_balanced) == (0.25, 0.25)


def test_perfect_answers_are_above_chance_by_the_smallest_p_there_is(tmp_path: Path) -> None:
    metrics = judge(tmp_path, make_rows([dict.fromkeys(FOUR, 5)] * 12))
    assert metrics.models["model"].over_subjects.p_above_chance == pytest.approx(1 / 2**12, rel=1e-5)
    many = judge(tmp_path, make_rows([dict.fromkeys(FOUR, 2)] * 29))
    assert many.models["model"].over_subjects.p_above_chance == pytest.approx(1 / 2**29, rel=1e-5)


def test_no_p_value_of_a_file_is_zero(tmp_path: Path) -> None:
    """1,000 people: floats end long before the p of Wilcoxon's or Welch's test does."""
    good, bad = (make_rows([dict.fromkeys(FOUR, 2)] * 1000, answer, model=str(answer)) for answer in (None, "PA1"))
    bad.loc[bad["subject"] == "s00", "predicted"] = "PA2"
    table = pd.concat([good, bad])
    table["sex"] = np.where(table["subject"].str[1:].astype(int) % 2 == 0, "w", "m")
    metrics = judge(tmp_path, table)
    found = list(collect_p(metrics.to_dict()))
    assert len(found) > 10
    assert min(found) > 0


def collect_p(content: object) -> list[float]:
    """All known p values of parsed JSON."""
    if isinstance(content, dict):
        own = [value for key, value in content.items() if key.startswith("p_") and isinstance(value, float)]
        return own + [p for value in content.values() for p in collect_p(value)]
    return [p for value in content for p in collect_p(value)] if isinstance(content, list) else []


def lose(table: pd.DataFrame, mask: pd.Series) -> pd.DataFrame:
    """Empty the answers of some rows."""
    return table.assign(predicted=table["predicted"].where(~mask, ""))


def test_a_trial_without_an_answer_is_counted_apart_and_scored_both_ways(tmp_path: Path) -> None:
    """480 trials of two classes, 172 of them without a heart beat: sensitivity is of the others."""
    table = make_rows([{"no": 20, "yes": 20}] * 12)
    number = table["trial"].str.split("-").str[1].astype(int)
    table.loc[number % 3 == 1, "predicted"] = table["label"].map({"no": "yes", "yes": "no"})
    judged = judge(tmp_path, lose(table, number % 4 == 0)).models["model"]
    kept = table[number % 4 != 0]
    right = (kept["predicted"] == kept["label"]) & (kept["label"] == "yes")
    assert judged.overall.sensitivity == pytest.approx(right.sum() / (kept["label"] == "yes").sum(), abs=1e-6)
    assert judged.overall.n_trials == judged.answers.n_answered == len(kept) == np.sum(judged.overall.confusion)
    assert (judged.answers.n_trials, judged.answers.n_unanswered) == (480, 120)
    assert judged.answers.coverage == 0.75
    assert judged.answers.recall_as_wrong["yes"] == pytest.approx(right.sum() / 240, abs=1e-6)
    assert judged.answers.accuracy_as_wrong == pytest.approx(0.75 * judged.overall.accuracy, abs=1e-6)
    assert judged.answers.unanswered_by_class == {"no": 60, "yes": 60}
    assert [subject.n_unanswered for subject in judged.subjects] == [10] * 12


def test_a_trial_that_a_model_has_no_row_of_is_without_an_answer_too(tmp_path: Path) -> None:
    whole = make_rows([{"no": 20, "yes": 20}] * 12, "no", model="whole")
    whole.loc[whole["trial"].str.endswith("9"), "predicted"] = "yes"
    sure = whole[whole["predicted"] == whole["label"]].assign(model="sure")
    metrics = judge(tmp_path, pd.concat([whole, sure]))
    answers = metrics.models["sure"].answers
    assert (answers.n_trials, answers.n_answered) == (480, len(sure))
    pair = metrics.comparisons[0]
    assert (pair.n_trials, pair.n_left_out) == (len(sure), 480 - len(sure))
    # over the trials that both answered they are the same model, and equally bad where what is missing is wrong
    assert (pair.accuracy_difference, pair.p_holm, pair.difference_as_wrong) == (0.0, 1.0, 0.0)


def test_people_and_models_without_any_answer_are_named(tmp_path: Path) -> None:
    table = make_rows([dict.fromkeys(FOUR, 2)] * 5)
    silent = lose(table.assign(model="silent"), table["subject"] != "")
    metrics = judge(tmp_path, pd.concat([lose(table, table["subject"] == "s03"), silent]))
    assert list(metrics.models) == ["model"]
    assert any("model 'silent' has no prediction" in note for note in metrics.notes)
    judged = metrics.models["model"]
    assert judged.answers.subjects_unanswered == ("s03",)
    assert (judged.over_subjects.n_subjects, judged.answers.over_subjects_as_wrong.mean) == (4, 0.8)
    assert [subject.subject for subject in judged.subjects] == ["s00", "s01", "s02", "s04"]
    with pytest.raises(CorruptDataError, match="no row has a prediction"):
        judge(tmp_path, silent)


def test_a_row_of_empty_probabilities_is_read_written_and_no_first_class(tmp_path: Path) -> None:
    path = tmp_path / "predictions.csv"
    table = make_rows([{"BL1": 2, "PA4": 2}] * 3).drop(columns="predicted")
    table = table.assign(fold=0, p_BL1=0.2, p_PA4=0.8, face_quality=1.0, ecg_quality=np.nan)
    table.loc[table["label"] == "BL1", ["p_BL1", "p_PA4"]] = np.nan
    write_predictions(path, table)
    assert path.read_text().splitlines()[1] == "s00,t0-0,0,0,model,BL1,,,1.000000,"
    read = read_predictions(path)
    assert read.table["predicted"].tolist() == ["", "", "PA4", "PA4"] * 3
    judged = summarise_predictions(read, task="t").models["model"]
    assert (judged.overall.specificity, judged.overall.sensitivity) == (None, 1.0)
    assert judged.answers.unanswered_by_class == {"BL1": 6, "PA4": 0}
    assert judged.calibration is not None


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "NaN", "x"])
def test_a_probability_that_is_no_number_is_an_error_and_no_missing_answer(tmp_path: Path, text: str) -> None:
    path = tmp_path / "p.csv"
    path.write_text(f"subject,trial,label,p_no,p_yes\na,1,no,0.8,0.2\na,2,yes,{text},{text}\n")
    with pytest.raises(CorruptDataError, match=rf"row 3: p_no '{text}' is no number; leave cells .* empty"):
        read_predictions(path)


def test_decisions_against_probabilities_are_named_and_the_user_says_which_count(tmp_path: Path) -> None:
    table = make_rows([{"no": 10, "yes": 10}] * 12)
    sure = np.where(table["label"] == "yes", 0.9, 0.1)
    table = table.assign(p_no=1 - sure, p_yes=sure, predicted=table["label"].map({"no": "yes", "yes": "no"}))
    stated = judge(tmp_path, table)
    assert stated.models["model"].overall.accuracy == 0.0
    assert stated.n_disagreeing == 240
    assert "in 240 of 240 rows" in stated.stamps[0]
    likely = judge(tmp_path, table, decisions="probabilities")
    assert likely.models["model"].overall.accuracy == 1.0
    assert "the most probable class counts" in likely.stamps[0]
    # equal probabilities contradict nobody
    even = judge(tmp_path, table.assign(p_no=0.5, p_yes=0.5), decisions="probabilities")
    assert (even.n_disagreeing, even.stamps) == (0, ())
    with pytest.raises(SettingsError, match="decisions 'x'"):
        judge(tmp_path, table, decisions="x")  # type: ignore[arg-type]  # the point of the test


def test_people_in_several_folds_of_a_seed_are_named_at_the_top(tmp_path: Path) -> None:
    table = make_rows([dict.fromkeys(FOUR, 5)] * 12)
    metrics = judge(tmp_path, table.assign(fold=np.arange(len(table)) % 5))
    assert metrics.independence.shown == "no"
    assert metrics.stamps == ("NOT SUBJECT-INDEPENDENT: 12 of 12 subjects are in several folds of one seed",)
    # one fold per seed is no proof against it, and neither of it
    by_seed = pd.concat([table.assign(seed=seed, fold=seed) for seed in range(3)])
    assert judge(tmp_path, by_seed).independence.shown == "unknown"


def test_what_a_file_does_not_say_of_training_is_not_said(tmp_path: Path) -> None:
    table = make_rows([dict.fromkeys(FOUR, 5)] * 12)
    for each in (table, table.assign(fold=table["subject"])):
        found = judge(tmp_path, each).independence
        assert (found.shown, found.subjects_in_several_folds) == ("unknown", 0)
        assert "does not say" in found.sentence


def test_figures_of_probabilities_are_of_all_seeds(tmp_path: Path) -> None:
    rng, parts = np.random.default_rng(0), []
    for seed, skill in ((0, 3.0), (1, 0.0)):
        table = make_rows([dict.fromkeys(FOUR, 5)] * 12, seed=seed).drop(columns="predicted")
        logits = rng.normal(size=(len(table), 4))
        logits[np.arange(len(table)), [FOUR.index(name) for name in table["label"]]] += skill
        p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        parts.append(table.assign(**{f"p_{name}": p[:, place] for place, name in enumerate(FOUR)}))
    each = [judge(tmp_path, part).models["model"] for part in parts]
    both = judge(tmp_path, pd.concat(parts)).models["model"]
    for part, name in (("calibration", "ece"), ("calibration", "log_loss"), ("abstention", "aurc"),
                       ("conformal", "coverage"), ("conformal", "mean_size")):  # fmt: skip
        values = [getattr(getattr(one, part), name) for one in each]
        assert abs(values[0] - values[1]) > 0.002
        assert getattr(getattr(both, part), name) == pytest.approx(np.mean(values), abs=2e-6)
    assert both.calibration is not None
    assert both.calibration.seeds == (0, 1)
    assert both.calibration.reliability_seed == 0
    assert both.calibration.reliability == each[0].calibration.reliability  # type: ignore[union-attr]  # as above


def test_a_curve_of_a_model_that_declines_ends_at_its_coverage(tmp_path: Path) -> None:
    table = make_rows([{"no": 10, "yes": 10}] * 6).drop(columns="predicted").assign(p_no=0.3, p_yes=0.7)
    table.loc[table["trial"].str.endswith("5"), ["p_no", "p_yes"]] = np.nan
    found = judge(tmp_path, table).models["model"].abstention
    assert found is not None
    assert found.curve[-1][0] == 0.9
    assert [point.accuracy is None for point in found.points] == [False, False, False, False, True]


def test_every_figure_of_merit_has_an_interval_over_subjects_within_its_limits(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    table = make_rows([{"no": 10, "yes": 10}] * 12).drop(columns="predicted")
    sure = np.clip(0.5 + rng.normal(0.3, 0.2, len(table)) * np.where(table["label"] == "yes", 1, -1), 0.01, 0.99)
    # the scale of the probabilities differs between people, so that pooled ranks are worse than those within
    sure = sure ** np.exp(table["subject"].str[1:].astype(int) / 6 - 1)
    judged = judge(tmp_path, table.assign(p_no=1 - sure, p_yes=sure)).models["model"]
    expected = {"accuracy", "balanced_accuracy", "macro_f1", "auroc_macro", "sensitivity", "specificity", "brier",
                "log_loss"}  # fmt: skip
    assert expected <= set(judged.figures)
    for name in expected:
        figure = judged.figures[name]
        assert figure.n_subjects == 12
        assert figure.ci95_low is not None
        assert figure.ci95_high is not None
        assert 0 <= figure.ci95_low < figure.mean < figure.ci95_high  # type: ignore[operator]  # known, as above
        assert name in ("brier", "log_loss") or figure.ci95_high <= 1
    within = np.mean([subject.auroc_macro for subject in judged.subjects])
    assert judged.figures["auroc_macro"].mean == pytest.approx(within, abs=1e-6)
    assert judged.overall.auroc_macro < within - 0.02


def test_the_claims_of_several_models_are_corrected_for_their_number(tmp_path: Path) -> None:
    rng, parts = np.random.default_rng(3), []
    for model in "abcd":
        table = make_rows([dict.fromkeys(FOUR, 5)] * 12, model=model)
        guess = np.array(FOUR)[rng.integers(4, size=len(table))]
        parts.append(table.assign(predicted=np.where(rng.random(len(table)) < 0.1, table["label"], guess)))
    metrics = judge(tmp_path, pd.concat(parts))
    single = sorted(judged.over_subjects.p_above_chance for judged in metrics.models.values())
    assert min(judged.p_above_chance_holm for judged in metrics.models.values()) == pytest.approx(
        4 * single[0], rel=1e-5
    )
    for family, n in (("primary", 3), ("exploratory", 3)):
        pairs = [pair for pair in metrics.comparisons if pair.family == family]
        assert [metrics.main_model in (pair.first, pair.second) for pair in pairs] == [family == "primary"] * n
        single = sorted(pair.p_sign_flip for pair in pairs)
        assert min(pair.p_holm for pair in pairs) == pytest.approx(min(1, n * single[0]), rel=1e-5)
    assert metrics.main_model == "a"
    assert "sign-flip" in metrics.test_of_differences
    assert "sign-flip" in metrics.test_against_chance
