"""What the headline of an audit says, and how it names methods and questions."""

from __future__ import annotations

from ecg_facial.evaluation.judging.schema import AuditResult, Check


def make_result(checks: dict[str, bool | None], **more: object) -> AuditResult:
    made = (Check(name=name, kind="deterministic", passed=passed, message="") for name, passed in checks.items())
    return AuditResult(checks=tuple(made), **more)  # type: ignore[arg-type]  # on purpose


def test_a_question_that_no_method_answers_stands_once_without_their_names() -> None:
    checks = {"facial and ecg: order": None, "majority and ecg:rate: order": None, "no copies": True}
    assert make_result(checks).headline == "no leak found: 1 of 3 checks passed; not checked: order"


def test_a_question_that_some_methods_answer_names_the_others_in_words() -> None:
    networks, baselines = "facial, ecg and fusion", "majority, ecg:rate and ecg:descriptors"
    checks = {f"{networks}: modes": True, f"{baselines}: modes": None, "own: modes": None, "permuted labels": None}
    found = make_result(checks, refitted=(3, 11), n_folds=12)
    assert found.headline == (
        "no leak found: 1 of 4 checks passed, 2 of 12 folds fitted again; not checked: "
        "modes (of majority, ecg:rate and ecg:descriptors, of own); permuted labels"
    )


def test_a_long_list_says_how_many_more_there_are() -> None:
    found = make_result({"order": True} | {f"question {number}": None for number in range(9)})
    assert found.headline.endswith("question 4; question 5; and 3 more")


def test_a_name_of_what_should_hold_is_not_read_as_what_was_found() -> None:
    found = make_result({"no copy of a trial on both sides": False, "order": True})
    assert [line.strip() for line in found.describe()[1:]] == ["LEAK: failed: no copy of a trial on both sides:"]
