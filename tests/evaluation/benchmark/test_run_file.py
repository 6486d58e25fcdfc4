"""`run.json`: the temperatures of all folds, and the windows that a run was made from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from results import make_run

from ecg_facial.errors import MissingDataError
from ecg_facial.evaluation.benchmark.run_file import describe_folds, open_windows, sum_up_temperatures
from ecg_facial.evaluation.benchmark.run_record import FoldRecord, TemperatureRecord
from ecg_facial.evaluation.protocols.fold_manifest import FoldPlan
from ecg_facial.evaluation.protocols.folds import Fold, Part
from ecg_facial.inference.calibration import Temperature
from ecg_facial.runtime.settings import to_dict

FREE = Temperature(value=2.5, n_subjects=9, n_trials=720, reason="")
LIMITED = Temperature(value=10.0, n_subjects=9, n_trials=720, reason="at the limit of 0.1 to 10")
FEW = Temperature(n_subjects=2, n_trials=160, reason="fewer than 4 subjects: 2")


def tabulate(*folds: dict[str, Temperature]) -> pd.DataFrame:
    rows = [{"temperatures": {name: to_dict(each) for name, each in fold.items()}} for fold in folds]
    return pd.DataFrame({"details": rows})


def test_temperatures_are_summed_up_by_model_and_reasons_counted() -> None:
    details = tabulate({"facial": FREE, "ecg": FEW}, {"facial": LIMITED, "ecg": FEW}, {"facial": FEW, "ecg": FEW})
    facial, ecg = sum_up_temperatures(details)
    assert facial == TemperatureRecord(
        model="facial",
        n_folds=3,
        lowest=1.0,
        median=2.5,
        highest=10.0,
        reasons={"at the limit of 0.1 to 10": 1, "fewer than 4 subjects: 2": 1},
    )
    assert (ecg.lowest, ecg.highest, ecg.reasons) == (1.0, 1.0, {"fewer than 4 subjects: 2": 3})
    assert TemperatureRecord.from_dict(facial.to_dict()) == facial


def test_sizes_of_the_parts_and_the_choices_of_every_fold_are_described() -> None:
    parts = {"test": Part(("a",)), "train": Part(("b", "c"), ("a-1",)), "stopping": Part(("d",))}
    fold = Fold(index=0, calibration=Part(("e", "f")), conformal=Part(("g",)), **parts)
    chosen = {
        "best_epochs": {"ecg": 4},
        "combiners": {
            "fusion": {"fusion": {"face_weight": 0.3}},
            "own": {},
            "fusion:chosen": {"fusion": {"face_weight": 0.6}, "face": "facial:descriptors"},
        },
        "temperatures": {"ecg": to_dict(FREE)},
    }
    rows = [{"seed": 5, "fold": 0, "details": each} for each in (chosen, {"temperatures": {"majority": to_dict(FEW)}})]
    rows.append({"seed": 6, "fold": 0, "details": {}})
    plan = FoldPlan(protocol="loso", task="biovid4", subjects=tuple("abcdefg"), folds={5: (fold,), 6: (fold,)})
    first, second = describe_folds(plan, pd.DataFrame(rows))
    assert (first.seed, first.n_tested, first.n_trained, first.n_shots) == (5, 1, 2, 1)
    assert (first.n_stopped, first.n_calibrated, first.n_conformal, first.n_refitted) == (1, 2, 1, 2)
    assert (first.epochs, first.face_weights) == ({"ecg": 4}, {"fusion": 0.3, "fusion:chosen": 0.6})
    assert (first.chosen_face, second.chosen_face) == ("facial:descriptors", None)
    assert FoldRecord.from_dict(first.to_dict()) == first
    # runs that were made before know no such choice
    assert "chosen_face" not in second.to_dict()
    assert first.temperatures == {"ecg": 2.5, "majority": 1.0}
    assert (second.seed, second.epochs, second.temperatures) == (6, {}, {})
    (again,) = describe_folds(replace(plan, folds={5: (replace(fold, refit=True),)}), pd.DataFrame(rows))
    assert again.n_refitted == 5


def test_a_method_without_temperatures_has_none() -> None:
    assert sum_up_temperatures(pd.DataFrame({"details": [{"best_epochs": {}}, {}]})) == ()


def test_windows_that_a_run_does_not_name_or_that_are_gone_are_missing_data(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="names no folder of windows: they were in memory"):
        open_windows(replace(make_run(), windows_folders=()), tmp_path)
    with pytest.raises(MissingDataError):
        open_windows(replace(make_run(), windows_folders=("windows",)), tmp_path)
