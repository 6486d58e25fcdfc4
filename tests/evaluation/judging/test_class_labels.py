"""Predictions whose labels are own words or ratings are judged by the classes that are asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ecg_facial.datasets.settings import LabelSettings
from ecg_facial.errors import CorruptDataError, UnknownLabelError
from ecg_facial.evaluation.judging.predictions_table import read_predictions

CUT = LabelSettings(cut=(1, 4, 7))


def write(folder: Path, text: str) -> Path:
    path = folder / "p.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_ratings_and_predicted_ratings_are_cut(tmp_path: Path) -> None:
    text = "subject,trial,label,predicted\na,1,0,1.5\na,2,5,6.9\nb,1,10,7\nb,2,4,\n"
    found = read_predictions(write(tmp_path, text), labels=CUT)
    assert (found.class_names, found.ordered) == (("0", "1-3", "4-6", "7-10"), True)
    assert found.table["label"].tolist() == ["0", "4-6", "7-10", "4-6"]
    assert found.table["predicted"].tolist() == ["1-3", "4-6", "7-10", ""]


def test_probabilities_of_ratings_of_one_class_are_summed(tmp_path: Path) -> None:
    text = "subject,trial,label,p_0,p_2,p_3,p_8\na,1,0,0.5,0.2,0.2,0.1\na,2,3,0.1,0.4,0.3,0.2\nb,1,8,,,,\n"
    found = read_predictions(write(tmp_path, text), labels=CUT)
    assert found.class_names == ("0", "1-3", "7-10")
    values = found.table[["p_0", "p_1-3", "p_7-10"]].to_numpy()
    np.testing.assert_allclose(values[:2], [[0.5, 0.4, 0.1], [0.1, 0.7, 0.2]])
    assert np.isnan(values[2]).all()


def test_probabilities_of_classes_by_their_range_stay(tmp_path: Path) -> None:
    text = "subject,trial,label,p_0,p_1-3,p_4-6,p_7-10\na,1,0,0.4,0.3,0.2,0.1\na,2,9,0.1,0.2,0.3,0.4\n"
    found = read_predictions(write(tmp_path, text), labels=CUT)
    assert found.table["label"].tolist() == ["0", "7-10"]
    assert found.class_names == ("0", "1-3", "4-6", "7-10")


def test_own_words_are_read_in_any_spelling(tmp_path: Path) -> None:
    text = "subject,trial,label,p_no pain,p_severe\na,1,No pain,0.4,0.6\na,2,severe,0.1,0.9\n"
    found = read_predictions(write(tmp_path, text), labels=LabelSettings(classes=("no pain", "severe")))
    assert found.table["label"].tolist() == ["no pain", "severe"]


def test_what_is_none_of_the_classes_is_refused_with_its_row(tmp_path: Path) -> None:
    path = write(tmp_path, "subject,trial,label,predicted\na,1,0,1\na,2,5,12\n")
    with pytest.raises(UnknownLabelError, match=r"row 3: predicted: rating 12 is outside 0 to 10 \(nrs is assumed\)"):
        read_predictions(path, labels=CUT)
    path = write(tmp_path, "subject,trial,label,p_0,p_2,p_3\na,1,0,0.5,x,0.5\n")
    with pytest.raises(CorruptDataError, match="row 2: p_2 'x' is no number"):
        read_predictions(path, labels=CUT)
