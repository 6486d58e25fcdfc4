"""The REFORMS checklist: filled where it is true, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from results import make_metrics, make_run

from ecg_facial.evaluation.benchmark.run_record import ScoredFile
from ecg_facial.evaluation.judging.model_names import MAJORITY, RATE
from ecg_facial.evaluation.judging.schema import AuditResult, Check, RunMetrics
from ecg_facial.evaluation.report.reforms import fill_reforms

RUN, METRICS = make_run(), make_metrics()
SCORED = ScoredFile(
    command="ecg-facial score p.csv", created_utc="2026-01-01T00:00:00+00:00", package_version="0.1.0",
    git_commit="a" * 40, versions={"python": "3.11.7"}, simulated=False, predictions="p.csv",
    predictions_sha256="0" * 64,
)  # fmt: skip
ONLY_AUTHORS = {"1a", "1b", "1c", "2a", "2d", "3b", "3c", "3g", "5b", "5e", "6c", "8a"}


def fill(run: object = RUN, metrics: RunMetrics = METRICS) -> dict[str, str]:
    return {item.number: item.text for item in fill_reforms(run, metrics)}  # type: ignore[arg-type]  # on purpose


def make_audit(*passed: bool | None, leak: int | None = None) -> AuditResult:
    checks = [
        Check(name=f"check {place}", kind="deterministic", passed=each, message=f"said {place}", leak=leak)
        for place, each in enumerate(passed)
    ]
    return AuditResult(checks=tuple(checks))


def test_there_are_32_items_in_8_sections() -> None:
    items = fill_reforms(RUN, METRICS)
    assert len({item.number for item in items}) == len(items) == 32
    assert len({item.section for item in items}) == 8


def test_what_only_authors_know_is_left_to_them() -> None:
    assert not [number for number, text in fill().items() if number in ONLY_AUTHORS and text]


def test_of_a_file_of_predictions_only_its_judgement_is_known() -> None:
    filled = {number for number, text in fill(SCORED).items() if text}
    assert filled == {"7a", "7b", "7c"}


def test_simulated_data_are_never_called_a_sample_of_people() -> None:
    assert "SIMULATED" in fill()["3a"]
    assert "SIMULATED" in fill()["8b"]
    real = fill(replace(RUN, simulated=False))
    assert (real["3a"], real["8b"]) == ("", "")


def test_the_outcome_is_the_observers_where_an_observer_set_it() -> None:
    assert "stimulus" in fill()["3d"]
    seen = fill(replace(RUN, levels_by="observer"))["3d"]
    assert "observer" in seen
    assert "stimulus" not in seen


def test_own_methods_are_not_described_as_ours() -> None:
    own = replace(METRICS, models={"mine": METRICS.models["facial"]})
    # the name of a model proves nothing: a run of own methods may call one of them facial
    called_ours = replace(RUN, model_settings=None, pipelines=("mine:make",), git_commit="a" * 40)
    assert fill(metrics=own)["5a"] == fill(metrics=own)["5d"] == ""
    assert [fill(called_ours)[number] for number in ("4c", "5a", "5d")] == ["", "", ""]
    assert fill(called_ours)["2b"].endswith("without the code of mine:make")
    assert "ResNet18" in fill()["5a"]


def test_a_table_of_features_is_not_called_rendered_faces() -> None:
    table = replace(RUN, window_settings=None, model_settings=None, levels_by="unknown")
    assert [fill(table)[number] for number in ("3a", "3d", "4c", "5a")] == ["", "", "", ""]


def test_a_leaking_protocol_is_not_said_to_choose_on_inner_subjects() -> None:
    assert "do not train" in fill()["5d"]
    assert fill(replace(RUN, stamps=("LEAKS",)))["5d"] == ""
    assert fill(replace(RUN, inner=None))["5d"] == ""


def test_separation_is_claimed_only_as_far_as_the_audit_reached() -> None:
    assert fill()["6a"] == ""
    said = fill(metrics=replace(METRICS, audit=make_audit(True, True, None)))["6a"]
    assert said == "no leak found: 2 of 3 checks passed; not checked: check 2"
    for checks in ((True, False), (None, None)):
        assert fill(metrics=replace(METRICS, audit=make_audit(*checks)))["6a"] == ""
    made = make_audit(True, None)
    undecided = replace(made, checks=(made.checks[0], replace(made.checks[1], decisive=True)))
    assert fill(metrics=replace(METRICS, audit=undecided))["6a"] == ""


@pytest.mark.parametrize(("checks", "said"), [((True,), "said 0"), ((False,), ""), ((None,), ""), ((True, None), "")])
def test_copies_are_denied_only_where_all_checks_for_them_passed(checks: tuple[bool | None, ...], said: str) -> None:
    assert fill(metrics=replace(METRICS, audit=make_audit(*checks, leak=9)))["6b"] == said


def test_one_model_has_no_tests_between_models() -> None:
    assert fill(metrics=make_metrics(("facial",)))["7c"] == ""


def test_baselines_are_named_where_our_networks_ran_beside_them() -> None:
    assert fill()["5f"] == ""
    judged = METRICS.models["facial"]
    beside = replace(METRICS, models={"facial": judged, MAJORITY: judged, RATE: judged})
    assert fill(metrics=beside)["5f"].startswith("majority: the training people's class shares; ecg:rate: ")
    assert fill(metrics=beside)["5a"].count(";") == 2
    assert fill(replace(RUN, model_settings=None), beside)["5f"] == ""
