"""Anybody's predictions: what is read, what is refused, and how it is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ecg_facial.datasets.settings import LabelSettings
from ecg_facial.errors import CorruptDataError, DataError, MissingDataError, SettingsError
from ecg_facial.evaluation.judging.predictions_table import read_predictions

GOOD = """subject,trial,label,p_no,p_yes
a,1,no,0.8,0.2
a,2,yes,0.4,0.6
b,1,no,0.3,0.7
b,2,yes,0.1,0.9
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "p.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_least_that_is_needed_is_read_and_assumptions_are_said(tmp_path: Path) -> None:
    found = read_predictions(write(tmp_path, GOOD))
    assert found.class_names == ("no", "yes")
    assert found.table["predicted"].tolist() == ["no", "yes", "yes", "yes"]
    assert set(found.table["model"]) == {"model"}
    assert not found.ordered
    assert any("no column 'seed'" in note for note in found.notes)


def test_decisions_without_probabilities_are_enough(tmp_path: Path) -> None:
    found = read_predictions(write(tmp_path, "subject,trial,level,predicted\na,1,PA4,BL1\nb,1,BL1,BL1\n"))
    assert found.class_names == ("BL1", "PA4")
    assert found.ordered
    assert found.table["p_BL1"].isna().all()


def test_a_decision_that_differs_from_the_largest_probability_is_kept(tmp_path: Path) -> None:
    text = GOOD.replace("p_yes\n", "p_yes,predicted\n").replace("0.8,0.2", "0.8,0.2,yes")
    text = "\n".join(line if line.count(",") == 5 else line + ",no" for line in text.strip().splitlines())
    assert read_predictions(write(tmp_path, text)).table["predicted"].tolist() == ["yes", "no", "no", "no"]


@pytest.mark.parametrize(
    ("classes", "expected", "ordered"),
    [("10,9,8", ("8", "9", "10"), True), ("mild,none,worst", ("mild", "none", "worst"), False)],
)
def test_classes_without_columns_are_ordered_by_number_or_by_name(
    tmp_path: Path, classes: str, expected: tuple[str, ...], ordered: bool
) -> None:
    rows = "".join(f"a,{number},{name},{name}\n" for number, name in enumerate(classes.split(",")))
    found = read_predictions(write(tmp_path, "subject,trial,label,predicted\n" + rows))
    assert (found.class_names, found.ordered) == (expected, ordered)


def test_a_given_order_makes_a_scale(tmp_path: Path) -> None:
    found = read_predictions(write(tmp_path, GOOD), labels=LabelSettings(classes=("yes", "no")))
    assert (found.class_names, found.ordered) == (("yes", "no"), True)


def test_semicolons_and_decimal_commas_are_read(tmp_path: Path) -> None:
    text = GOOD.replace(",", ";").replace("0.", "0,")
    assert read_predictions(write(tmp_path, text)).table["p_yes"].tolist() == [0.2, 0.6, 0.7, 0.9]


def test_names_in_biovids_form_give_sex_and_age(tmp_path: Path) -> None:
    text = GOOD.replace("\na,", "\n071309_w_21,").replace("\nb,", "\n080209_m_61,")
    found = read_predictions(write(tmp_path, text))
    assert found.strata == ("sex", "age_band")
    assert found.table["age_band"].tolist() == ["18-35", "18-35", "51+", "51+"]


def test_biovids_people_without_a_visible_reaction_are_told_from_the_other_67(tmp_path: Path) -> None:
    text = GOOD.replace("\na,", "\n071309_w_21,").replace("\nb,", "\n082315_w_60,")
    found = read_predictions(write(tmp_path, text))
    assert found.strata == ("sex", "age_band", "reaction")
    assert found.table["reaction"].tolist() == ["visible", "visible", "none visible", "none visible"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("label", "truth", "no column label; expected subject, trial, label.*found subject, trial, truth"),
        ("p_no,p_yes", "q_no,q_yes", "neither p_<class> columns nor predicted"),
        ("p_no,p_yes", "p_no,p_no", "column 'p_no' stands there twice"),
        ("a,2,yes", "a,2,maybe", "row 3: class 'maybe' has no column p_maybe; classes are no, yes"),
        ("a,2,yes,0.4,0.6", "...,...,...,...,...", r"row 3: class '\.\.\.' has no column"),
        ("0.8,0.2", "0.8,0.3", "row 2: probabilities 0.8 0.3 do not sum to 1"),
        ("0.8,0.2", "1.5,-0.5", "row 2: probabilities 1.5 -0.5"),
        ("0.8,0.2", "0.8,", "row 2: p_no.*only in part there"),
        ("0.8,0.2", "0.8,x", "row 2: p_yes 'x' is no number"),
        ("a,1,no", ",1,no", "row 2: subject '' is empty"),
        ("a,2,yes", "a,1,no", "row 3: trial '1' of subject 'a'.*stands there twice"),
        (GOOD[GOOD.index("a,1") :], "", "a header and no rows"),
    ],
)
def test_bad_files_are_one_clear_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(CorruptDataError, match=message) as caught:
        read_predictions(path)
    assert "\n" not in str(caught.value)


def test_two_labels_of_one_trial_are_refused(tmp_path: Path) -> None:
    text = "subject,trial,model,label,predicted\na,1,x,no,no\na,1,y,yes,no\n"
    with pytest.raises(CorruptDataError, match="trial '1' of subject 'a' has two labels"):
        read_predictions(write(tmp_path, text))


def test_half_a_model_with_probabilities_is_refused(tmp_path: Path) -> None:
    text = "subject,trial,label,predicted,p_no,p_yes\na,1,no,no,0.6,0.4\na,2,yes,no,,\n"
    with pytest.raises(CorruptDataError, match="1 of 2 decisions have no probabilities"):
        read_predictions(write(tmp_path, text))


def test_wishes_that_the_file_cannot_fulfil_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    with pytest.raises(SettingsError, match="--classes: no label is 'perhaps'; found 'no'"):
        read_predictions(path, labels=LabelSettings(classes=("no", "perhaps")))
    with pytest.raises(SettingsError, match="no column 'centre'"):
        read_predictions(path, strata=("centre",))
    with pytest.raises(CorruptDataError, match="subject 'a' has several values of 'label'"):
        read_predictions(path, strata=("label",))


def test_what_is_no_table_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError):
        read_predictions(tmp_path / "none.csv")
    for number, content in enumerate((b"", b"\xff\xfe\x00\x01" * 50, b"subject\n", b'"a\n1,2')):
        path = tmp_path / f"{number}.csv"
        path.write_bytes(content)
        with pytest.raises(DataError):
            read_predictions(path)


def test_one_class_alone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorruptDataError, match=r"1 classes \(no\); expected 2 to 50"):
        read_predictions(write(tmp_path, "subject,trial,label,predicted\na,1,no,no\n"))


@pytest.mark.parametrize(
    ("cells", "share"), [("70,30", 0.7), ("70.5,29.5", 0.705), ("66.7,33.3", 0.667), ("100,0", 1.0)]
)
def test_per_cent_are_read_as_shares_with_a_note(tmp_path: Path, cells: str, share: float) -> None:
    path = tmp_path / "p.csv"
    path.write_text(f"subject,trial,label,p_no,p_yes\na,1,no,{cells}\na,2,yes,20,80\nb,1,yes,,\n")
    found = read_predictions(path)
    assert found.table["p_no"].tolist()[:2] == pytest.approx([share, 0.2])
    assert found.table["predicted"].tolist() == ["no", "yes", ""]
    assert any("per cent" in note for note in found.notes)


def test_rows_that_were_rounded_sum_to_one(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("subject,trial,label,p_a,p_b,p_c\nx,1,a,0.33,0.33,0.33\nx,2,b,0.17,0.67,0.17\nx,3,c,0.1,0.2,0.7\n")
    found = read_predictions(path)
    values = found.table[["p_a", "p_b", "p_c"]].to_numpy()
    np.testing.assert_allclose(values.sum(axis=1), 1.0)
    np.testing.assert_allclose(values[1], np.array([0.17, 0.67, 0.17]) / 1.01)
    assert "probabilities of 2 decimals: 2 rows miss 1 by rounding, divided by their sum" in found.notes


@pytest.mark.parametrize(
    ("cells", "remedy"),
    [
        ("2.31,-1.2", "logits and other scores need a softmax first"),
        ("7,3", "logits and other scores need a softmax first"),
        ("0.6,0.3", "correct that row"),
        ("0.61,0.33", "correct that row"),
        ("0.333,0.660", "correct that row"),
    ],
)
def test_what_does_not_sum_to_one_is_refused_with_a_remedy(tmp_path: Path, cells: str, remedy: str) -> None:
    path = tmp_path / "p.csv"
    path.write_text(f"subject,trial,label,p_no,p_yes\na,1,no,0.8,0.2\na,2,yes,{cells}\n")
    with pytest.raises(CorruptDataError, match=f"row 3: probabilities .* do not sum to 1; {remedy}"):
        read_predictions(path)
