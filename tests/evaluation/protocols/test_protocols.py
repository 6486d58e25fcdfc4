"""Which trials are tested by models fitted on which others."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ecg_facial.errors import CorruptDataError, MissingDataError, SettingsError
from ecg_facial.evaluation.protocols.fold_manifest import FoldPlan, check_trials, read_folds, write_folds
from ecg_facial.evaluation.protocols.folds import Fold
from ecg_facial.evaluation.protocols.protocols import describe_choices, make_folds
from ecg_facial.evaluation.protocols.settings import InnerSettings, Protocol, parse_protocol

PEOPLE = [f"s{number:02d}" for number in range(10)]
LEVELS = ("BL1", "PA1", "PA2", "PA3")
PER_LEVEL = 3
INNER = InnerSettings(calibration_share=0.2, conformal_share=0.2)


@pytest.fixture
def trials() -> pd.DataFrame:
    rows = [(p, f"{p}-{level}-{n}", level) for p in PEOPLE for level in LEVELS for n in range(PER_LEVEL)]
    return pd.DataFrame(rows, columns=["subject", "trial", "level"])


def folds_of(trials: pd.DataFrame, text: str, *, seed: int = 0, inner: InnerSettings = INNER) -> list[Fold]:
    return make_folds(trials, parse_protocol(text), seed=seed, inner=inner)


def inner_subjects(fold: Fold) -> list[str]:
    parts = (fold.train, fold.stopping, fold.calibration, fold.conformal)
    return [subject for part in parts for subject in part.subjects]


@pytest.mark.parametrize("text", ["loso", "kfold:2", "kfold:10", "k-shot:1"])
def test_everybody_is_tested_once_and_is_inner_in_all_other_folds(trials: pd.DataFrame, text: str) -> None:
    folds = folds_of(trials, text)
    assert sorted(subject for fold in folds for subject in fold.test.subjects) == PEOPLE
    assert [fold.index for fold in folds] == list(range(len(folds)))
    for fold in folds:
        assert sorted([*inner_subjects(fold), *fold.test.subjects]) == PEOPLE


def test_groups_of_a_k_fold_differ_by_one_person_at_most_and_by_seed(trials: pd.DataFrame) -> None:
    folds = folds_of(trials, "kfold:3")
    assert sorted(len(fold.test.subjects) for fold in folds) == [3, 3, 4]
    assert [fold.test for fold in folds] != [fold.test for fold in folds_of(trials, "kfold:3", seed=1)]


def test_shots_are_n_trials_a_class_of_the_test_person_and_train(trials: pd.DataFrame) -> None:
    for fold in folds_of(trials, "k-shot:2"):
        (subject,) = fold.test.subjects
        assert len(fold.train.trials) == 2 * len(LEVELS)
        assert {name.split("-")[0] for name in fold.train.trials} == {subject}
        assert pd.Series(fold.train.trials).str.split("-").str[1].value_counts().tolist() == [2] * len(LEVELS)
    assert folds_of(trials, "k-shot:2")[0].train.trials != folds_of(trials, "k-shot:2", seed=1)[0].train.trials


def test_shots_are_the_first_trials_in_time_and_without_times_it_is_said(trials: pd.DataFrame) -> None:
    rng = np.random.default_rng(0)
    timed = trials.assign(start_s=rng.permutation(len(trials)).astype(float))
    protocol = parse_protocol("k-shot:2")
    for fold in folds_of(timed, "k-shot:2"):
        own = timed[timed["subject"].isin(fold.test.subjects)]
        shots = own["trial"].isin(fold.train.trials)
        for _, level in own.groupby("level"):
            assert level.loc[shots, "start_s"].max() < level.loc[~shots, "start_s"].min()
    assert folds_of(timed, "k-shot:2")[0].train.trials == folds_of(timed, "k-shot:2", seed=1)[0].train.trials
    assert describe_choices(timed, protocol) == (
        "the trials that train are each person's first of each class in time (start_s)",
    )
    for unknown in (trials, trials.assign(start_s=0.0), timed.assign(start_s=timed["start_s"].where(timed.index > 0))):
        (said,) = describe_choices(unknown, protocol)
        assert "DRAWN AT RANDOM" in said
    assert "of 1 of 10 people" in said


def test_a_class_that_the_training_set_lacks_is_said(trials: pd.DataFrame) -> None:
    protocol = parse_protocol("cross-dataset")
    both = trials.assign(dataset=["test" if name < "s03" else "train" for name in trials["subject"]])
    assert describe_choices(both, protocol) == ()
    lacking = both[(both["dataset"] == "test") | ~both["level"].isin(["PA2", "PA3"])]
    n_tested = (both["dataset"] == "test").sum()
    (said,) = describe_choices(lacking, protocol)
    assert said.startswith("THE TRAINING SET HAS NO TRIAL OF PA2, PA3:")
    assert f"{n_tested // 2} of {n_tested} test trials count as wrong" in said
    assert describe_choices(lacking, parse_protocol("loso")) == ()


def test_shots_that_leave_nothing_to_score_are_refused_by_name(trials: pd.DataFrame) -> None:
    with pytest.raises(SettingsError, match="subject s00 has 3 trials of BL1"):
        folds_of(trials, "k-shot:3")


def test_the_original_splits_trials_stops_on_its_test_and_scores_fusion_on_everything(trials: pd.DataFrame) -> None:
    (fold,) = folds_of(trials, "original")
    everything = sorted(trials["trial"])
    assert len(fold.train.trials) == 0.8 * len(everything)
    assert sorted((*fold.train.trials, *fold.test.trials)) == everything
    assert fold.stopping == fold.test
    assert list(fold.fusion_test.trials) == everything
    both_sides = {name.split("-")[0] for name in fold.train.trials} & {name.split("-")[0] for name in fold.test.trials}
    assert len(both_sides) > 5
    assert "LEAKS" in parse_protocol("original").stamps[0]
    assert not parse_protocol("loso").stamps
    assert "3 LABELLED TRIALS" in parse_protocol("k-shot:3").stamps[0]


def test_cross_dataset_tests_one_set_and_fits_on_the_other(trials: pd.DataFrame) -> None:
    marked = trials.assign(dataset=["test" if name >= "s06" else "train" for name in trials["subject"]])
    (fold,) = folds_of(marked, "cross-dataset")
    assert list(fold.test.subjects) == PEOPLE[6:]
    assert sorted(inner_subjects(fold)) == PEOPLE[:6]
    with pytest.raises(SettingsError, match="--test-data"):
        folds_of(trials, "cross-dataset")


def test_pools_are_tested_in_turn_or_make_one_fold_by_their_names(trials: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "pools.csv"
    pd.DataFrame({"subject": PEOPLE, "pool": list("aaaabbbccc")}).to_csv(path, index=False)
    assert [fold.test.subjects for fold in folds_of(trials, f"pools:{path}")] == [
        ("s00", "s01", "s02", "s03"),
        ("s04", "s05", "s06"),
        ("s07", "s08", "s09"),
    ]
    named = ["train"] * 5 + ["validation"] * 2 + ["test"] * 3
    pd.DataFrame({"subject": PEOPLE, "pool": named}).to_csv(path, index=False)
    (fold,) = folds_of(trials, f"pools:{path}")
    assert fold.stopping.subjects == ("s05", "s06")
    assert fold.test.subjects == ("s07", "s08", "s09")
    assert sorted((*fold.train.subjects, *fold.calibration.subjects, *fold.conformal.subjects)) == PEOPLE[:5]


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        (None, MissingDataError, "no such file"),
        ("person,pool\ns00,a\n", CorruptDataError, "subject,pool"),
        ("subject,pool\ns00,a\ns01,\n", CorruptDataError, "row 3 has no subject or no pool"),
        ("subject,pool\ns00,a\ns00,b\n", SettingsError, "s00 are listed twice"),
        ("subject,pool\n" + "".join(f"{p},a\n" for p in PEOPLE), SettingsError, "1 pool"),
        ("subject,pool\n" + "".join(f"{p},{p[2]}\n" for p in PEOPLE[1:]), SettingsError, "s00 of the data are missing"),
        ("subject,pool\n" + "".join(f"{p},{p[2]}\n" for p in [*PEOPLE, "x99"]), SettingsError, "subjects x99 have"),
    ],
)
def test_bad_pools_are_refused(
    trials: pd.DataFrame, tmp_path: Path, text: str | None, error: type[Exception], message: str
) -> None:
    path = tmp_path / "pools.csv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(error, match=message):
        folds_of(trials, f"pools:{path}")


def test_people_in_pools_may_be_spelt_in_another_way(trials: pd.DataFrame, tmp_path: Path) -> None:
    people = sorted(set(trials["subject"]))
    path = tmp_path / "pools.csv"
    for spelt in (people, [f" {name.upper()} " for name in people]):
        rows = [f"{name},{'ab'[number % 2]}" for number, name in enumerate(spelt)]
        path.write_text("\n".join(["subject,pool", *rows, ""]))
        assert folds_of(trials, f"pools:{path}")[0].test.subjects == tuple(people[::2])


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_table_of_pools_is_read_in_any_encoding_and_separator(
    trials: pd.DataFrame, tmp_path: Path, encoding: str, separator: str
) -> None:
    renamed = trials.assign(subject=["J\u00fcrgen" if name == "s00" else name for name in trials["subject"]])
    people = sorted(set(renamed["subject"]))
    pools = ["Test" if name == "J\u00fcrgen" else "TRAIN" for name in people]
    rows = [f"{name}{separator}7{separator}{pool} " for name, pool in zip(people, pools, strict=True)]
    path = tmp_path / "Pools.csv"
    path.write_bytes("\r\n".join([f"Subject{separator}n{separator}POOL", *rows, ""]).encode(encoding))
    (fold,) = folds_of(renamed, f"pools:{tmp_path / 'pools.CSV'}")
    assert fold.test.subjects == ("J\u00fcrgen",)


@pytest.mark.parametrize("text", ["lopo", "kfold", "kfold:1", "kfold:x", "k-shot:0", "pools", "loso:3", "original:2"])
def test_unknown_protocols_are_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=text.split(":")[0]):
        parse_protocol(text)


def test_more_folds_than_people_are_refused(trials: pd.DataFrame) -> None:
    with pytest.raises(SettingsError, match="kfold:11 of 10"):
        folds_of(trials, "kfold:11")


def make_plan(trials: pd.DataFrame, text: str, inner: InnerSettings = INNER) -> FoldPlan:
    folds = {seed: tuple(folds_of(trials, text, seed=seed, inner=inner)) for seed in (0, 1)}
    return FoldPlan(
        protocol=Protocol(name="loso").text if text == "loso" else text,
        task="biovid4",
        subjects=tuple(PEOPLE),
        folds=folds,
    )


@pytest.mark.parametrize(
    ("text", "inner"),
    [("loso", INNER), ("k-shot:1", INNER), ("original", INNER), ("kfold:3", InnerSettings(rule="crossfit"))],
)
def test_a_manifest_is_read_back_as_it_was_written(
    trials: pd.DataFrame, tmp_path: Path, text: str, inner: InnerSettings
) -> None:
    plan = make_plan(trials, text, inner)
    write_folds(tmp_path / "folds.json", plan)
    again = read_folds(tmp_path / "folds.json", subjects=PEOPLE, task="biovid4")
    assert again == plan
    assert again.sha256 == plan.sha256
    assert plan.sha256 != make_plan(trials, "kfold:5").sha256


def test_a_manifest_of_other_people_names_who_is_missing(trials: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "folds.json"
    write_folds(path, make_plan(trials, "loso"))
    with pytest.raises(SettingsError, match="subjects s09 have no trial"):
        read_folds(path, subjects=PEOPLE[:-1], task="biovid4")
    with pytest.raises(SettingsError, match="subjects t00 of the data are missing"):
        read_folds(path, subjects=[*PEOPLE, "t00"], task="biovid4")
    with pytest.raises(SettingsError, match="task biovid4, the run's is binary"):
        read_folds(path, subjects=PEOPLE, task="binary")


def test_a_manifest_that_lists_an_absent_trial_is_refused(trials: pd.DataFrame, tmp_path: Path) -> None:
    plan = make_plan(trials, "k-shot:1")
    shot = plan.folds[0][0].train.trials[0]
    with pytest.raises(SettingsError, match=f"1 trials are not in the data, {shot}"):
        check_trials(tmp_path, plan, [name for name in trials["trial"] if name != shot])


def test_an_altered_or_foreign_manifest_is_refused(trials: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "folds.json"
    with pytest.raises(MissingDataError, match="no such file"):
        read_folds(path, subjects=PEOPLE, task="biovid4")
    path.write_text("[]")
    with pytest.raises(CorruptDataError, match="not a fold manifest"):
        read_folds(path, subjects=PEOPLE, task="biovid4")
    content = make_plan(trials, "loso").to_dict()
    moved = content["seeds"][0]["folds"][0]
    moved["train"]["subjects"].append(moved["stopping"]["subjects"].pop())
    path.write_text(json.dumps(content))
    with pytest.raises(CorruptDataError, match="altered"):
        read_folds(path, subjects=PEOPLE, task="biovid4")
    path.write_text(json.dumps({**content, "format_version": 99}))
    with pytest.raises(CorruptDataError, match="version 99"):
        read_folds(path, subjects=PEOPLE, task="biovid4")
