"""One thing spelt in two ways is one thing, and a trial is counted once."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ecg_facial.errors import CorruptDataError
from ecg_facial.evaluation.judging.predictions_table import PredictionsTable, read_predictions
from ecg_facial.evaluation.judging.summary import summarise_predictions

HEADER = "subject,trial,label,predicted"


def read(folder: Path, rows: list[str], header: str = HEADER, encoding: str = "utf-8") -> PredictionsTable:
    path = folder / "p.csv"
    path.write_bytes("\n".join([header, *rows, ""]).encode(encoding))
    return read_predictions(path)


def accuracy(found: PredictionsTable) -> float:
    return float(np.mean(found.table["label"] == found.table["predicted"]))


@pytest.mark.parametrize(
    ("labels", "predicted", "names"),
    [
        (("0.0", "1.0"), ("0", "1"), ("0", "1")),
        (("0", "1"), ("0.0", "1.000000e+00"), ("0", "1")),
        (("00", "01"), ("0", "1"), ("0", "1")),
        (("0", "1"), (" 0", "1 "), ("0", "1")),
        (("0.5", "1"), (".5", "1.0"), ("0.5", "1")),
        (("BL1", "PA4"), ("bl1", "pa4"), ("BL1", "PA4")),
        (("no pain", "pain"), ("No  pain", "Pain\u00a0"), ("no pain", "pain")),
        (("ja", "Größe"), ("ja", unicodedata.normalize("NFD", "Größe")), ("Größe", "ja")),
        (("no_pain", "mild"), ("No pain", "'mild'"), ("mild", "no_pain")),
    ],
)
def test_classes_in_two_spellings_are_one(
    tmp_path: Path, labels: tuple[str, str], predicted: tuple[str, str], names: tuple[str, str]
) -> None:
    rows = [f"a,1,{labels[0]},{predicted[0]}", f"a,2,{labels[1]},{predicted[1]}", f"b,1,{labels[0]},{predicted[1]}"]
    found = read(tmp_path, rows)
    assert found.class_names == names
    assert accuracy(found) == pytest.approx(2 / 3)
    assert any(note.startswith("class: read ") for note in found.notes)


@pytest.mark.parametrize(
    ("labels", "predicted", "names"),
    [
        (("bl1", "pa3"), ("bl1", "pa3"), ("BL1", "PA3")),
        (("BL1", "PA1"), ("BL1", "P1"), ("BL1", "PA1")),
        (("P0", "P4"), ("p0", "p4"), ("BL1", "PA4")),
        (("BL1", "PA-1"), ("bl 1", "pa_1"), ("BL1", "PA1")),
        (("BL1", "pain"), ("BL1", "pain"), ("BL1", "pain")),
    ],
)
def test_stimulus_levels_are_one_class_in_every_spelling(
    tmp_path: Path, labels: tuple[str, str], predicted: tuple[str, str], names: tuple[str, str]
) -> None:
    rows = [f"a,1,{labels[0]},{predicted[0]}", f"a,2,{labels[1]},{predicted[1]}", f"b,1,{labels[0]},{predicted[1]}"]
    found = read(tmp_path, rows)
    assert found.class_names == names
    assert found.ordered == (names[1] != "pain")
    assert accuracy(found) == pytest.approx(2 / 3)


def test_columns_of_probabilities_are_of_levels_in_every_spelling(tmp_path: Path) -> None:
    found = read(tmp_path, ["a,1,BL1,0.9,0.1", "a,2,PA4,0.2,0.8"], "subject,trial,label,P_bl1,p_Pa4")
    assert (found.class_names, found.ordered) == (("BL1", "PA4"), True)
    with pytest.raises(CorruptDataError, match="columns 'p_P4' and 'p_PA4' are of one class"):
        read(tmp_path, ["a,1,BL1,0.9,0.1,0", "a,2,PA4,0.2,0.8,0"], "subject,trial,label,p_BL1,p_P4,p_PA4")


def test_classes_that_are_shifted_are_named(tmp_path: Path) -> None:
    rows = [f"a,{trial},{trial % 3 + 1},{trial % 3}" for trial in range(6)]
    said = "predicted, but no label: 0; labels that are never predicted: 3: check that both count from the same number"
    assert any(note.startswith(said) for note in read(tmp_path, rows).notes)
    # a model that never says a class, or says one more, is none of these
    for others in (["a,1,x,x", "a,2,y,x"], ["a,1,x,x", "a,2,x,y", "a,3,y,y", "a,4,y,z"]):
        assert not any("check that both" in note for note in read(tmp_path, others).notes)


@pytest.mark.parametrize("answers", [("np.int64(0)", "np.int64(1)"), ("rest", "pain"), ("class 0", "class 1")])
def test_predictions_in_other_words_than_the_labels_are_refused(tmp_path: Path, answers: tuple[str, str]) -> None:
    rows = [f"a,1,0,{answers[0]}", f"a,2,1,{answers[1]}", f"b,1,0,{answers[0]}", f"b,2,1,{answers[1]}"]
    with pytest.raises(CorruptDataError, match="no prediction is one of the labels: labels 0, 1; predictions "):
        read(tmp_path, rows)


def test_probability_columns_count_by_value_too(tmp_path: Path) -> None:
    found = read(tmp_path, ["a,1,0,0.9,0.1", "a,2,1,0.2,0.8"], "subject,trial,label,p_0.0,p_1.0")
    assert found.class_names == ("0", "1")
    assert found.table["predicted"].tolist() == ["0", "1"]


def test_two_probability_columns_of_one_class_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CorruptDataError, match=r"columns 'p_0' and 'p_0\.0' are of one class"):
        read(tmp_path, ["a,1,0,0.5,0.1,0.4"], "subject,trial,label,p_0,p_0.0,p_1")


@pytest.mark.parametrize("word", ["nan", "NaN", "NA", "n/a", "null", "None", "-", "", "\u2014"])
def test_words_for_missing_are_no_class(tmp_path: Path, word: str) -> None:
    found = read(tmp_path, ["a,1,0,0", f"a,2,1,{word}", "b,1,1,1"])
    assert found.class_names == ("0", "1")
    assert found.table["predicted"].tolist() == ["0", "", "1"]
    for row in (f"a,2,{word},1", f"{word},2,1,1", f"a,{word},1,1"):
        with pytest.raises(CorruptDataError, match=r"row 3: .* is (empty|a word for a missing name)"):
            read(tmp_path, ["a,1,0,0", row])


def test_none_is_a_class_among_words_and_where_it_is_named(tmp_path: Path) -> None:
    assert read(tmp_path, ["a,1,none,mild", "a,2,mild,none"]).class_names == ("mild", "none")
    named = read(tmp_path, ["a,1,none,0.9,0.1", "a,2,3,0.2,0.8"], "subject,trial,label,p_none,p_3")
    assert named.class_names == ("none", "3")


@pytest.mark.parametrize("other", ["Anna", "anna ", "\u00a0anna", "an\u200bna"])
def test_a_person_in_two_spellings_is_one_person(tmp_path: Path, other: str) -> None:
    found = read(tmp_path, ["anna,1,0,0", f"{other},2,1,1", "ben,1,0,0", "ben,2,1,0"])
    assert found.table["subject"].nunique() == 2
    assert any(note.startswith("subject: read ") for note in found.notes)


@pytest.mark.parametrize(("one", "other"), [("007", "7"), ("S01", "S1"), ("anna", "\u0430nna")])
def test_who_may_be_two_people_is_refused(tmp_path: Path, one: str, other: str) -> None:
    with pytest.raises(CorruptDataError, match="one or two"):
        read(tmp_path, [f"{one},1,0,0", f"{other},2,1,1"])


def test_trials_of_one_person_that_differ_by_zeros_are_refused(tmp_path: Path) -> None:
    assert len(read(tmp_path, ["a,01,0,0", "b,1,1,1"]).table) == 2
    with pytest.raises(CorruptDataError, match="trial '01' and '1' of subject 'a'"):
        read(tmp_path, ["a,01,0,0", "a,1,1,1", "b,1,1,1"])


@pytest.mark.parametrize("second", ["a,1,0,0,0", "a,1,0,1,1", "a,1.0,0,1,1", "A,1,0,1,1", "a, 1,0,1,1"])
def test_a_trial_is_scored_once_in_whatever_fold(tmp_path: Path, second: str) -> None:
    rows = ["a,1,0,0,0", "a,2,1,1,0", second]
    with pytest.raises(CorruptDataError, match=r"row 4: trial '1' of subject 'a'.*stands there twice"):
        read(tmp_path, rows, f"{HEADER},fold")


def test_folds_that_repeat_a_trial_are_named_with_their_number(tmp_path: Path) -> None:
    rows = [f"a,{trial},{trial % 2},0,{fold}" for fold in (0, 1) for trial in range(4)]
    with pytest.raises(CorruptDataError, match=r"in folds 0 and 1 \(4 of 8 rows repeat another\).*'repetition'"):
        read(tmp_path, rows, f"{HEADER},fold")


def test_repetitions_that_the_file_names_are_counted(tmp_path: Path) -> None:
    rows = [f"{s},{trial},{trial % 2},{trial % 2},{r}" for r in (0, 1) for s in "abc" for trial in range(4)]
    found = read(tmp_path, rows, f"{HEADER},Repetition")
    assert any("rows counted: 24 (12 trials, 1 models, 1 seeds, 2 repetitions)" in note for note in found.notes)
    assert summarise_predictions(found, task="t").models["model"].overall.accuracy == 1.0
    with pytest.raises(CorruptDataError, match="stands there twice"):
        read(tmp_path, [*rows, rows[0]], f"{HEADER},repetition")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize(("separator", "decimal"), [(",", "."), (";", ","), (";", "."), ("\t", ","), ("|", ".")])
def test_a_table_reads_the_same_however_it_is_written(
    tmp_path: Path, encoding: str, separator: str, decimal: str
) -> None:
    rows = [["Jürgen", "1", "no pain", "0.25", "0.75", "0.9"], ["ben", "2", "pain", "0.125", "0.875", ""]]
    header = ["Subject", "TRIAL", "Level", "P_no pain", "p_pain", "face_quality"]
    lines = [separator.join(cell.replace(".", decimal) for cell in cells) for cells in [header, *rows]]
    head = ["sep=;"] if separator == ";" else []
    path = tmp_path / "p.csv"
    path.write_bytes("\r\n".join([*head, *lines, ""]).encode(encoding))
    found = read_predictions(path)
    assert found.class_names == ("no pain", "pain")
    assert found.table["subject"].tolist() == ["Jürgen", "ben"]
    np.testing.assert_allclose(found.table[["p_no pain", "p_pain"]], [[0.25, 0.75], [0.125, 0.875]])
    np.testing.assert_allclose(found.table["face_quality"], [0.9, np.nan])


def test_the_line_of_a_wrong_row_is_that_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(CorruptDataError, match="row 6: subject '' is empty"):
        read(tmp_path, ["", '"a",1,"0",0', "", "", ",2,1,1"][1:], "sep=,\n" + HEADER)


def test_a_row_of_another_length_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorruptDataError, match="row 3 has 3 cells, the header 4"):
        read(tmp_path, ["a,1,0,0", "a,2,1"])


def test_a_float_seed_is_a_whole_number(tmp_path: Path) -> None:
    found = read(tmp_path, ["a,1,0,0,0.0", "a,2,1,1,1.0"], f"{HEADER},seed")
    assert found.table["seed"].tolist() == [0, 1]
    assert pd.api.types.is_integer_dtype(found.table["seed"])
