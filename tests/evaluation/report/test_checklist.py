"""Every item of the checklist is filled only where its sentence is true of the run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from results import TASK, make_predictions, make_run, make_table

from ecg_facial.evaluation.benchmark.run_record import RunRecord, ScoredFile
from ecg_facial.evaluation.judging.predictions_table import from_run
from ecg_facial.evaluation.judging.schema import Independence, RunMetrics
from ecg_facial.evaluation.judging.summary import summarise_predictions
from ecg_facial.evaluation.report.checklist import fill_checklist
from ecg_facial.runtime.provenance import describe_program

PROVEN = Independence(shown="yes", sentence="of subjects outside", subjects_in_several_folds=0)
RUN = replace(make_run(), simulated=False)
SCORED = ScoredFile(**vars(describe_program()), simulated=False, predictions="p.csv", predictions_sha256="0" * 64)


def judge(*, models: tuple[str, ...] = ("facial", "ecg", "fusion"), lost: int = 0) -> RunMetrics:
    table = make_predictions(models)
    columns = [f"p_{name}" for name in TASK.class_names]
    lacking = (table["model"] == "ecg") & table["trial"].isin([f"t{number}" for number in range(lost)])
    table.loc[lacking, columns] = np.nan
    metrics = summarise_predictions(from_run(table, TASK.class_names), task=TASK.name)
    return replace(metrics, independence=PROVEN)


def fill(run: RunRecord | ScoredFile, metrics: RunMetrics) -> dict[str, str]:
    return {item.number: item.text for item in fill_checklist(run, metrics)}


NOBODY_KNOWS = ("2", "3a", "3b", "4", "5b", "6a", "6b", "6c", "8c", "9a", "9c", "10", "12f", "16", "17", "18a", "18b",
                "18c", "18d", "18e", "19", "20c", "24", "25", "26", "27b", "27c")  # fmt: skip


@pytest.mark.parametrize("number", NOBODY_KNOWS)
def test_what_a_run_cannot_know_is_left_to_the_authors(number: str) -> None:
    assert fill(RUN, judge())[number] == ""
    assert fill(SCORED, judge())[number] == ""


NOT_IN_A_FILE = ("5a", "7", "8a", "8b", "9b", "11", "12a", "12b", "12c", "12g", "18f", "20a", "22", "27a")


@pytest.mark.parametrize("number", NOT_IN_A_FILE)
def test_of_a_strangers_predictions_nothing_is_said_that_is_not_in_the_file(number: str) -> None:
    assert fill(SCORED, judge())[number] == ""


def test_a_strangers_file_is_no_development_of_a_model() -> None:
    assert fill(SCORED, judge())["1"].startswith("evaluation of predictions of another program")
    assert fill(RUN, judge())["1"].startswith("development with internal validation")
    other = replace(RUN, protocol="trained on one data set, tested on another")
    assert fill(other, judge())["1"].startswith("development with external validation")


@pytest.mark.parametrize("number", ["7", "9b", "12b", "12c"])
def test_of_own_methods_the_networks_are_not_described(number: str) -> None:
    assert fill(RUN, judge())[number] != ""
    assert fill(RUN, judge(models=("own",)))[number] == ""
    assert "ECG" not in fill(RUN, judge(models=("facial",)))[number]
    assert "heart" not in fill(RUN, judge(models=("facial",)))[number]


def test_the_outcome_is_the_stimulus_only_where_it_was() -> None:
    by_stimulus, by_observer = (fill(replace(RUN, levels_by=by), judge()) for by in ("stimulus", "observer"))
    assert "set by the experiment" in by_stimulus["8a"]
    assert "nobody" in by_stimulus["8b"]
    assert "an observer coded" in by_observer["8a"]
    assert by_observer["8b"] == ""


def test_missing_data_are_counted_as_they_were() -> None:
    said = fill(RUN, judge(lost=5))["11"]
    assert "of 12: facial 0, ecg 5, fusion 0" in said
    assert "fused model takes that model's output" in said
    assert "fused" not in fill(RUN, judge(models=("facial", "ecg")))["11"]


def test_input_in_use_and_specification_are_those_of_a_bundle() -> None:
    for number in ("22", "27a"):
        assert fill(RUN, judge())[number] == ""
        assert fill(replace(RUN, bundle="model"), judge())[number] != ""
    assert "the other decides" in fill(replace(RUN, bundle="model"), judge())["27a"]
    assert "the other" not in fill(replace(RUN, bundle="model"), judge(models=("facial",)))["27a"]
    assert "after the evaluation" in fill(replace(RUN, bundle="model"), judge())["22"]


def test_a_leaking_protocol_has_no_choice_on_inner_subjects() -> None:
    said = Independence(shown="no", sentence="NOT SUBJECT-INDEPENDENT: 3 subjects", subjects_in_several_folds=0)
    assert "inner subjects" in fill(RUN, judge())["12a"]
    leaking = fill(RUN, replace(judge(), independence=said))["12a"]
    assert "inner subjects" not in leaking
    assert "NOT SUBJECT-INDEPENDENT" in leaking


def test_characteristics_are_counts_of_people_and_fairness_is_figures() -> None:
    table = make_table(5)
    table["sex"] = np.where(table["subject"] == "s0", "m", "w")
    metrics = summarise_predictions(from_run(table.drop(columns="sex"), TASK.class_names,
                                             people=table[["subject", "sex"]]), task=TASK.name)  # fmt: skip
    assert fill(RUN, metrics)["20b"] == "sex: m 1, w 4"
    assert fill(RUN, metrics)["14"] == "figures by sex"
    assert fill(RUN, judge())["20b"] == fill(RUN, judge())["14"] == ""


def test_who_was_analysed_is_counted_by_class_and_model() -> None:
    said = fill(SCORED, judge(lost=5))["21"]
    assert "3 subjects, 12 trials (BL1 3, PA1 3, PA2 3, PA3 3)" in said
    assert "facial 12; ecg 7; fusion 12" in said


def test_the_output_is_described_as_it_is() -> None:
    metrics = judge()
    assert "the largest is the prediction" in fill(RUN, metrics)["15"]
    assert "not always the largest" in fill(RUN, replace(metrics, n_disagreeing=3))["15"]
    silent = {model: replace(each, calibration=None) for model, each in metrics.models.items()}
    assert fill(RUN, replace(metrics, models=silent))["15"] == ""


def test_clusters_need_more_than_one_subject_and_simulated_people_are_no_patients() -> None:
    alone = summarise_predictions(from_run(make_table(1), TASK.class_names), task=TASK.name)
    assert (fill(RUN, alone)["12d"], fill(RUN, alone)["23b"]) == ("", "")
    assert fill(RUN, judge())["12d"] != ""
    assert "SIMULATED" in fill(replace(RUN, simulated=True), judge())["5a"]
    assert "SIMULATED" not in fill(RUN, judge())["5a"]


def test_measures_and_imbalance_name_what_was_computed() -> None:
    said = fill(RUN, judge())
    assert all(name in said["12e"] for name in ("auroc macro", "balanced accuracy", "calibration"))
    assert "sensitivity" not in said["12e"]
    assert "sign-flip" in said["13"]
    assert "facial" in said["23a"]
