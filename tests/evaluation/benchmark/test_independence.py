"""Whether a run's folds keep tested people out of what is fitted is said as it is."""

from __future__ import annotations

import pandas as pd
import pytest

from ecg_facial.evaluation.benchmark.independence import describe_independence
from ecg_facial.evaluation.protocols.fold_manifest import FoldPlan
from ecg_facial.evaluation.protocols.folds import Fold, InnerFold, Part

PEOPLE = ("a", "b", "c", "d")
TRIALS = pd.DataFrame([(who, f"{who}{trial}") for who in PEOPLE for trial in (1, 2)], columns=["subject", "trial"])
FOLD = Fold(index=0, test=Part(subjects=("a",)), train=Part(subjects=("b",)), stopping=Part(subjects=("c",)))


def describe(*folds: Fold) -> tuple[str, int, str]:
    found = describe_independence(FoldPlan(subjects=PEOPLE, folds={0: folds}), TRIALS)
    return found.shown, found.subjects_in_several_folds, found.sentence


def change(**parts: object) -> Fold:
    content = {name: getattr(FOLD, name) for name in ("index", "test", "train", "stopping")}
    return Fold(**{**content, **parts})  # type: ignore[arg-type]


def test_people_who_are_in_no_other_part_are_independent() -> None:
    assert describe(FOLD)[:2] == ("yes", 0)
    assert describe(FOLD, change(index=1, test=Part(subjects=("d",))))[:2] == ("yes", 0)


@pytest.mark.parametrize("part", ["train", "stopping", "calibration", "conformal"])
@pytest.mark.parametrize("holds", [Part(subjects=("a", "d")), Part(trials=("a2", "d1"))])
def test_a_person_of_the_test_part_in_any_other_part_is_told(part: str, holds: Part) -> None:
    shown, _, sentence = describe(change(**{part: holds}))
    assert shown == "no"
    assert sentence.startswith("NOT SUBJECT-INDEPENDENT: 1 subjects")


def test_a_person_of_the_test_part_in_an_inner_fold_is_told() -> None:
    parts = {"train": Part(subjects=("b",)), "stopping": Part(subjects=("c",)), "held_out": Part(subjects=("d",))}
    assert describe(change(crossfit=(InnerFold(**parts),)))[0] == "yes"
    for name in parts:
        assert describe(change(crossfit=(InnerFold(**{**parts, name: Part(trials=("a1",))}),)))[0] == "no"


def test_people_whose_trials_are_tested_in_several_folds_are_counted() -> None:
    halves = [change(index=number, test=Part(trials=(f"a{number + 1}",))) for number in (0, 1)]
    assert describe(*halves)[:2] == ("yes", 1)
    fused = change(fusion_test=Part(subjects=("a", "b")))
    assert describe(fused)[0] == "no"
