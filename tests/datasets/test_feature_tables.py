"""A table of features is read as it says, or refused in one line that names the column, the row or the value."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ecg_facial.datasets.feature_tables import FeatureTable, read_feature_table
from ecg_facial.datasets.settings import FeatureSettings, LabelSettings, parse_features
from ecg_facial.errors import CorruptDataError, EcgFacialError, MissingDataError, SettingsError, UnknownLabelError

COLUMNS = FeatureSettings(features="face_*:facial,ecg_*:ecg", label="pain", subject="who")


def make_table(n_subjects: int = 4, n_trials: int = 6) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    n = n_subjects * n_trials
    return pd.DataFrame(
        {
            "who": np.repeat([f"p{number}" for number in range(n_subjects)], n_trials),
            "n": np.tile(np.arange(1, n_trials + 1), n_subjects),
            "pain": np.tile(["severe", "none", "mild"], n // 3),
            "face_a": rng.normal(size=n).round(3),
            "ecg_a": rng.normal(size=n).round(3),
            "face_b": rng.normal(size=n).round(3),
        }
    )


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., FeatureTable]:
    def read_it(
        table: pd.DataFrame | str,
        columns: FeatureSettings = COLUMNS,
        *,
        classes: tuple[str, ...] = (),
        labels: LabelSettings | None = None,
        **how: Any,
    ) -> FeatureTable:
        path = tmp_path / "table.csv"
        if isinstance(table, str):
            path.write_text(table, encoding="utf-8")
        else:
            table.to_csv(path, index=False, **how)
        return read_feature_table(path, columns, labels=labels or LabelSettings(classes=classes))

    return read_it


def with_cell(name: str, row: int, value: Any) -> pd.DataFrame:
    table = make_table().astype({name: object})
    table.loc[row, name] = value
    return table


def test_columns_go_to_their_modalities_and_labels_to_their_order(read: Callable[..., FeatureTable]) -> None:
    table = make_table()
    found = read(table)
    assert {name: list(group.columns) for name, group in found.features.items()} == {
        "facial": ["face_a", "face_b"],
        "ecg": ["ecg_a"],
    }
    np.testing.assert_array_equal(found.features["facial"]["face_b"], table["face_b"])
    assert found.trials["level"].tolist() == table["pain"].tolist()
    assert found.trials["trial"].tolist()[:2] == ["p0-0001", "p0-0002"]
    assert (found.class_names, found.ordered) == (("mild", "none", "severe"), False)
    given = read(table, classes=("none", "mild", "severe"))
    assert (given.class_names, given.ordered) == (("none", "mild", "severe"), True)


def test_numbers_as_labels_are_a_scale_and_have_one_spelling(read: Callable[..., FeatureTable]) -> None:
    found = read(make_table().assign(pain=np.tile(["10.0", "2", "2.0"], 8)))
    assert (found.class_names, found.ordered) == (("2", "10"), True)
    assert "pain: read '10.0' as '10', '2.0' as '2'" in found.notes


@pytest.mark.parametrize(
    ("name", "spelt", "meant"), [("pain", "Mild", "mild"), ("who", " P0", "p0"), ("who", "p\u200b0", "p0")]
)
def test_a_name_in_two_spellings_is_one(read: Callable[..., FeatureTable], name: str, spelt: str, meant: str) -> None:
    table = make_table()
    row = int(np.flatnonzero(table[name] == meant)[1])
    found = read(with_cell(name, row, spelt))
    assert found.trials["subject" if name == "who" else "level"].tolist() == table[name].tolist()
    assert any(note.startswith(f"{name}: read ") for note in found.notes)


@pytest.mark.parametrize("word", ["-", "nan", "NA", "null"])
def test_words_for_missing_are_no_person(read: Callable[..., FeatureTable], word: str) -> None:
    with pytest.raises(CorruptDataError, match=rf"row 4: who '{word}' is a word for a missing name; fill it in"):
        read(with_cell("who", 2, word))


def test_rows_that_stand_twice_are_said(read: Callable[..., FeatureTable]) -> None:
    table = make_table()
    note = "2 rows equal another one of the same person in every feature: counted twice"
    assert note not in read(table).notes
    assert note in read(pd.concat([table, table.iloc[[3, 5]]], ignore_index=True)).notes
    # another person's is none, nor are rows without any value
    others = table.iloc[[3]].assign(who="p2")
    empty = table.iloc[[0, 0]].assign(face_a=np.nan, face_b=np.nan, ecg_a=np.nan)
    found = read(pd.concat([table, others, empty], ignore_index=True)).notes
    assert not any("counted twice" in said for said in found)


@pytest.mark.parametrize(("sep", "decimal"), [(",", "."), (";", ","), (";", "."), ("\t", ","), ("\t", ".")])
def test_separators_and_decimal_signs_of_all_countries_give_the_same_numbers(
    read: Callable[..., FeatureTable], sep: str, decimal: str
) -> None:
    table = make_table()
    found = read(table, sep=sep, decimal=decimal)
    np.testing.assert_array_equal(found.features["ecg"]["ecg_a"], table["ecg_a"])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
@pytest.mark.parametrize("head", ["", "sep=;\n", "# made by a colleague\n"])
def test_a_table_of_any_encoding_is_read_and_what_was_taken_is_said(tmp_path: Path, encoding: str, head: str) -> None:
    table = make_table().assign(who=["J\u00fcrgen", "S\u00f8ren"] * 12).rename(columns={"face_a": "face_H\u00f6he"})
    path = tmp_path / "table.csv"
    path.write_bytes((head + table.to_csv(index=False, sep=";", decimal=",")).encode(encoding))
    found = read_feature_table(path, COLUMNS)
    assert found.trials["subject"].unique().tolist() == ["J\u00fcrgen", "S\u00f8ren"]
    np.testing.assert_array_equal(found.features["facial"]["face_H\u00f6he"], table["face_H\u00f6he"])
    said = {"cp1252": "Windows-1252", "utf-16": "UTF-16", "utf-32": "UTF-32"}.get(encoding)
    notes = [note for note in found.notes if "the text is" in note]
    assert len(notes) == (said is not None)
    assert all(str(said) in note for note in notes)


@pytest.mark.parametrize(
    ("sep", "cells", "meant"),
    [
        (";", ["1.234,5", "0,5", "12"], [1234.5, 0.5, 12.0]),
        (";", ["1,234.5", "0.5", "12"], [1234.5, 0.5, 12.0]),
        (",", ['"1,234.5"', "0.5", "-"], [1234.5, 0.5, np.nan]),
        ("\t", ["1\u00a0234,5", "\u22120,5", "n/a"], [1234.5, -0.5, np.nan]),
        ("|", ["45 %", "0.5", "None"], [0.45, 0.5, np.nan]),
    ],
)
def test_numbers_of_features_are_read_as_people_write_them(
    read: Callable[..., FeatureTable], sep: str, cells: list[str], meant: list[float]
) -> None:
    rows = [sep.join((f"p{n % 2}", f"{n % 2}", cells[n % 3], "7")) for n in range(6)]
    found = read("\n".join([sep.join(("who", "pain", "face_a", "ecg_a")), *rows, ""]))
    np.testing.assert_array_equal(found.features["facial"]["face_a"], meant * 2)


def test_columns_may_be_named_in_another_spelling_and_blank_rows_are_no_rows(read: Callable[..., FeatureTable]) -> None:
    text = make_table().rename(columns={"who": "Who ", "pain": "PAIN"}).to_csv(index=False)
    found = read(text.replace("\n", "\n,,,,,\n\n") + ",,,,,\n")
    assert len(found.trials) == 24
    with pytest.raises(CorruptDataError, match="row 5: face_a 'high' is no number"):
        read("who,pain,face_a,ecg_a\n\na,x,1,2\n\na,y,high,2\n")


@pytest.mark.parametrize("row", ["p0,mild,1", "p0,mild,1,2,3"])
def test_a_row_of_another_length_is_named(read: Callable[..., FeatureTable], row: str) -> None:
    text = "who,pain,face_a,ecg_a\np0,none,1,2\np1,mild,1,\n"
    assert len(read(text).trials) == 2
    n_cells = row.count(",") + 1
    with pytest.raises(CorruptDataError, match=f"row 4 has {n_cells} cells, the header 4; mend that row"):
        read(f"{text}{row}\n")


def test_none_is_a_class_in_every_letter_case(read: Callable[..., FeatureTable]) -> None:
    assert read(make_table().replace("none", "None")).class_names == ("None", "mild", "severe")


def test_empty_cells_are_missing_and_counted(read: Callable[..., FeatureTable]) -> None:
    table = make_table()
    table.loc[3, ["face_a", "face_b"]] = np.nan
    table.loc[5, "face_a"] = np.nan
    table["pain"] = np.where(table["who"] == "p1", "none", table["pain"])
    found = read(table)
    assert np.isnan(found.features["facial"].to_numpy()).sum() == 3
    assert "facial: 1 of 24 trials lack it" in found.notes
    assert "facial: 1 missing cells take the training part's median" in found.notes
    assert "1 of 4 subjects have one class alone: p1" in found.notes


def test_trials_of_the_table_keep_their_names_and_get_the_subject_where_they_need_it(
    read: Callable[..., FeatureTable],
) -> None:
    columns = FeatureSettings(features=COLUMNS.features, label="pain", subject="who", trial="n")
    assert read(make_table(), columns).trials["trial"].tolist()[5:7] == ["p0-6", "p1-1"]
    own = make_table().assign(n=[f"t{number}" for number in range(24)])
    assert read(own, columns).trials["trial"].tolist() == own["n"].tolist()
    with pytest.raises(CorruptDataError, match=r"row 3: trial '1' of subject 'p0' stands there twice"):
        read(with_cell("n", 1, 1), columns)


def test_people_are_kept_where_each_has_one_sex_and_age(read: Callable[..., FeatureTable]) -> None:
    table = make_table().assign(sex=np.repeat(["f", "m", "f", "m"], 6), age_years=np.arange(24))
    assert [name for name in ("sex", "age_years") if name in read(table).trials] == ["sex"]


BAD: list[tuple[str, Callable[[], pd.DataFrame], dict[str, Any], type[EcgFacialError], str]] = [
    ("label", make_table, {"label": "level"}, SettingsError, r"no column 'level' \(--label\); found who, n, pain"),
    ("subject", make_table, {"subject": "id"}, SettingsError, r"no column 'id' \(--subject\)"),
    ("trial", make_table, {"trial": "id"}, SettingsError, r"no column 'id' \(--trial\)"),
    ("pattern", make_table, {"features": "eda_*:eda"}, SettingsError, r"no column fits 'eda_\*' \(--features\)"),
    ("two", make_table, {"features": "face_*:a,*_a:b"}, SettingsError, "column 'face_a' is in two groups, a and b"),
    ("leak", make_table, {"features": "*:all_of_it"}, SettingsError, r"pattern '\*' takes 'who', the subject, for a"),
    ("leak", make_table, {"features": "pa*:x"}, SettingsError, r"takes 'pain', the label, for a feature"),
    ("leak", make_table, {"features": "n:x", "trial": "n"}, SettingsError, r"takes 'n', the trial, for a feature"),
    ("text", lambda: with_cell("face_a", 4, "high"), {}, CorruptDataError, "row 6: face_a 'high' is no number"),
    ("inf", lambda: with_cell("ecg_a", 0, "inf"), {}, CorruptDataError, "row 2: ecg_a 'inf' is infinite"),
    ("empty", lambda: with_cell("pain", 2, ""), {}, CorruptDataError, r"row 4: pain '' is empty; fill it in"),
    ("empty", lambda: with_cell("who", 2, " "), {}, CorruptDataError, r"row 4: who .* is empty"),
    ("alike", lambda: with_cell("who", 2, "\u04400"), {}, CorruptDataError, "look alike, but one has CYRILLIC"),
    (
        "zeros",
        lambda: make_table().assign(who=["01", "1"] * 12),
        {},
        CorruptDataError,
        "who '01' and '1' differ by zeros alone: one or two",
    ),
    ("one", lambda: make_table().assign(pain="mild"), {}, SettingsError, "pain is 'mild' in all 24 rows"),
    ("rows", lambda: make_table()[:0], {}, CorruptDataError, "a header and no rows"),
    ("scale", lambda: make_table().assign(pain=range(24)), {}, SettingsError, "pain has 24 values"),
]


@pytest.mark.parametrize(("kind", "make", "columns", "error", "message"), BAD)
def test_a_table_that_cannot_be_used_is_refused_in_one_line(
    read: Callable[..., FeatureTable],
    kind: str,
    make: Callable[[], pd.DataFrame],
    columns: dict[str, Any],
    error: type[EcgFacialError],
    message: str,
) -> None:
    asked = {"features": COLUMNS.features, "label": "pain", "subject": "who", **columns}
    with pytest.raises(error, match=message) as caught:
        read(make(), FeatureSettings(**asked))
    assert "\n" not in str(caught.value)


def test_the_label_under_another_name_is_refused_as_a_feature(read: Callable[..., FeatureTable]) -> None:
    table = make_table().assign(face_c=lambda t: t["pain"].map({"none": 3, "mild": 7, "severe": 1}))
    with pytest.raises(SettingsError, match="feature 'face_c' is pain under another name: one value per class"):
        read(table)
    table.loc[0, "face_c"] = 4
    read(table)


def test_labels_that_are_not_named_are_refused_with_the_option(read: Callable[..., FeatureTable]) -> None:
    with pytest.raises(
        UnknownLabelError, match=r"row 2: pain: label 'severe' \(8 trials\) is not among .* name it with --classes"
    ):
        read(make_table(), classes=("none", "mild"))
    found = read(make_table(), classes=("none", "mild", "sever", "severe"))
    assert found.class_names == ("none", "mild", "severe")
    assert "no trial has the label 'sever' (--classes)" in found.notes


def test_ratings_of_a_table_are_cut_into_classes(read: Callable[..., FeatureTable]) -> None:
    table = make_table()
    table["pain"] = [(0, 1.0, 6)[row % 3] for row in range(len(table))]
    found = read(table, labels=LabelSettings(cut=(1, 4, 7)))
    # a class without a row is left out of a table
    assert (found.class_names, found.ordered) == (("0", "1-3", "4-6"), True)
    assert found.trials["level"].tolist()[:3] == ["0", "1-3", "4-6"]
    with pytest.raises(UnknownLabelError, match=r"row 4: pain: rating 6 is outside 0 to 5 \(scale 0-5\)"):
        read(table, labels=LabelSettings(cut=(1,), scale="0-5"))


def test_what_is_no_table_is_refused(read: Callable[..., FeatureTable], tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="no such file; expected a table of features"):
        read_feature_table(tmp_path / "none.csv", COLUMNS)
    with pytest.raises(CorruptDataError, match="column 'face_a' stands there twice"):
        read("who,pain,face_a,face_a,ecg_a\na,x,1,2,3\n")
    with pytest.raises(CorruptDataError, match="row 2 has 6 cells, the header 5"):
        read("who,pain,face_a,face_b,ecg_a\n0,a,x,1,2,3\n")
    with pytest.raises(CorruptDataError, match="the file is empty; expected a table of features"):
        read("")
    with pytest.raises(CorruptDataError, match="no header with columns"):
        read("who\na\n")
    path = tmp_path / "book.xlsx"
    path.write_bytes(b"PK\x03\x04\xff\xfe\x00" * 20)
    with pytest.raises(CorruptDataError, match="save the sheet as CSV"):
        read_feature_table(path, COLUMNS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("face_*", "expected PATTERN:NAME"),
        ("", "expected PATTERN:NAME"),
        ("face_*:", "expected PATTERN:NAME"),
        ("face_*:my face", "expected PATTERN:NAME"),
        ("face_*:fusion", "is the name of a model of all"),
    ],
)
def test_features_of_another_form_are_refused(text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        parse_features(text)


def test_one_column_for_two_purposes_is_refused() -> None:
    with pytest.raises(SettingsError, match="column 'who' is named for two of label, subject and trial"):
        FeatureSettings(features="face_*:facial", label="who", subject="who")
