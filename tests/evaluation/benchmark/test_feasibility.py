"""What cannot be done is said before the first fold, in one line."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from ecg_facial.errors import SettingsError
from ecg_facial.evaluation.benchmark import feasibility
from ecg_facial.evaluation.benchmark.feasibility import check_folds
from ecg_facial.evaluation.protocols.fold_manifest import FoldPlan
from ecg_facial.evaluation.protocols.protocols import make_folds
from ecg_facial.evaluation.protocols.settings import InnerSettings, parse_protocol
from ecg_facial.labels import get_task

TASK = get_task("biovid4")
PEOPLE = ("a", "b", "c", "d")


def check(levels: dict[str, str], face: str = "abcd", beats: str = "abcd", *, of_signals: bool = True) -> None:
    """Check leave-one-subject-out of people with these levels, of whom some have a face, and some heart beats."""
    rows = [(subject, f"{subject}-{n}", level) for subject in levels for n, level in enumerate(levels[subject].split())]
    table = pd.DataFrame(rows, columns=["subject", "trial", "level"])
    data: Any = SimpleNamespace(table=table)
    folds = make_folds(table, parse_protocol("loso"), seed=0, inner=InnerSettings())
    plan = FoldPlan(protocol="loso", task=TASK.name, subjects=tuple(levels), folds={0: tuple(folds)})
    signals = tuple(
        (name, files, lambda _, row, people=people: table["subject"][row] in people)
        for name, files, people in (("a face", "videos", face), ("a heart beat", "ECGs", beats))
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feasibility, "_SIGNALS", signals)
        check_folds(data, plan, TASK, of_signals=of_signals)


BALANCED = dict.fromkeys(PEOPLE, "BL1 PA1 PA2 PA3")


@pytest.mark.parametrize(("face", "beats"), [("abcd", "abcd"), ("abcd", ""), ("", "abcd"), ("", "")])
def test_one_signal_alone_is_enough(face: str, beats: str) -> None:
    check(BALANCED, face, beats)


def test_one_class_alone_is_refused() -> None:
    with pytest.raises(SettingsError, match="all 8 trials are of class BL1: nothing to tell apart"):
        check(dict.fromkeys(PEOPLE, "BL1 BL1"))


def test_a_class_that_one_person_has_alone_is_no_reason_to_stop() -> None:
    check({**dict.fromkeys(PEOPLE, "BL1 PA1"), "a": "BL1 PA1 PA3"})


def test_a_fold_with_one_class_to_train_on_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"the fold that tests \w has one class alone to train on \(BL1\)"):
        check({"a": "PA1 PA2", "b": "BL1", "c": "BL1", "d": "BL1"})


def test_a_signal_that_too_few_people_have_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match=r"no trial with a heart beat to train on: 1 of 4 subjects") as caught:
        check(BALANCED, beats="a")
    assert "leave the ECGs out" in str(caught.value)
    check(BALANCED, beats="a", of_signals=False)
    check(BALANCED, beats="abc")
