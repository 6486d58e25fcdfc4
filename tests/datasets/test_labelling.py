"""Labels become classes: stimulus levels, own words in order, or ratings; what has no class says how it gets one."""

from __future__ import annotations

import re

import pytest

from ecg_facial.datasets.labelling import find_classes, name_ranges, suggest_option
from ecg_facial.datasets.settings import LabelSettings
from ecg_facial.errors import SettingsError, UnknownLabelError

LEVELS = LabelSettings()
WORDS = LabelSettings(classes=("no pain", "mild", "severe"))


def test_stimulus_levels_are_what_is_expected_without_options() -> None:
    found = find_classes({"BL1": 2, "p3": 1, "4": 1}, LEVELS)
    assert (found.class_names, found.classes) == ((), {"BL1": "BL1", "p3": "PA3", "4": "PA4"})


def test_an_unknown_label_is_no_class_and_names_the_option() -> None:
    found = find_classes({"no pain": 6, "severe": 5}, LEVELS)
    with pytest.raises(UnknownLabelError, match=r"unknown label 'no pain': expected one of BL1, .* --classes"):
        found.find("no pain")
    assert suggest_option(["no pain", "severe"]).endswith('--classes "no pain,severe"')


def test_numbers_are_class_ids_only_where_all_numbers_are() -> None:
    """Otherwise ratings of 0 to 4 would become levels, and those of 5 to 10 would be lost."""
    assert find_classes({"0": 3, "4": 3}, LEVELS).classes == {"0": "BL1", "4": "PA4"}
    found = find_classes({"0": 3, "4": 3, "7": 1}, LEVELS)
    assert not found.classes
    with pytest.raises(UnknownLabelError, match="cut ratings into classes with --cut"):
        found.find("0")


@pytest.mark.parametrize(
    "others",
    [
        {"no pain": 9, "severe": 9},
        {"severe": 1, "mild": 1},
        {"severe": 20},
        {"7": 20},
        {"6": 1, "7": 1},
        {"severe": 20, "PA9": 1},
    ],
)
def test_two_sets_of_labels_in_one_study_are_refused_by_name(others: dict[str, int]) -> None:
    with pytest.raises(
        SettingsError, match=r"two sets of labels in one study: stimulus levels 'BL1' .*, 'PA3' "
    ) as said:
        find_classes({"BL1": 40, "PA3": 40, **others}, LEVELS)
    for label, n in others.items():
        assert label == "PA9" or f"{label!r} ({n})" in str(said.value)
    assert "--classes" in str(said.value)
    # named as classes they are one set
    classes = ("BL1", "PA3", *others)
    assert find_classes({"BL1": 40, "PA3": 40, **others}, LabelSettings(classes=classes)).class_names == classes


@pytest.mark.parametrize("others", [{"PA9": 30}, {"PA9": 1, "B1": 2, "p-7": 1}, {"calibration": 2}, {"7": 1}])
def test_a_slip_beside_levels_costs_its_trials_and_the_levels_are_said(others: dict[str, int]) -> None:
    found = find_classes({"BL1": 40, "PA3": 40, **others}, LEVELS)
    assert set(found.classes) == {"BL1", "PA3"}
    (note,) = found.notes
    assert "expected BL1, PA1, PA2, PA3, PA4 (or P0..P4, or 0..4), as the other trials have" in note
    assert "--classes" not in note
    with pytest.raises(UnknownLabelError):
        found.find(next(iter(others)))


def test_a_long_label_is_cut_in_messages() -> None:
    said = suggest_option(["no pain", "x" * 500])
    assert said.endswith(f'--classes "no pain,{"x" * 40}..."')
    assert len(suggest_option(["x" * 500] * 9, beside_levels=True)) < 600


def test_own_words_are_found_in_any_spelling_and_the_reading_is_noted() -> None:
    found = find_classes({"no pain": 3, "No  Pain": 1, "mild": 2, "severe": 2}, WORDS)
    assert found.find("No  Pain") == "no pain"
    assert found.notes == ("label 'No  Pain' is read as 'no pain'",)


def test_a_label_beside_own_words_has_no_class() -> None:
    found = find_classes({"no pain": 3, "mild": 2, "severe": 2, "strong": 4}, WORDS)
    with pytest.raises(
        UnknownLabelError, match=r"'strong' \(4 trials\) is not among the classes no pain, mild, severe"
    ):
        found.find("strong")


def test_a_misspelt_class_is_refused_with_the_labels_that_there_are() -> None:
    with pytest.raises(
        SettingsError, match=r"no label is 'severe'; found 'no pain' \(3\), 'mild' \(2\), 'sever' \(2\)"
    ):
        find_classes({"no pain": 3, "mild": 2, "sever": 2}, WORDS)


def test_a_class_without_trials_is_noted_where_nothing_is_left_over() -> None:
    found = find_classes({"no pain": 3, "mild": 2}, WORDS)
    assert found.class_names == WORDS.classes
    assert found.notes == ("no trial has the label 'severe' (--classes)",)


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        (LabelSettings(cut=(1, 4, 7)), ("0", "1-3", "4-6", "7-10")),
        (LabelSettings(cut=(30, 70)), ("0-29", "30-69", "70-100")),
        (LabelSettings(cut=(3,), scale="cpot"), ("0-2", "3-8")),
        (LabelSettings(cut=(4, 6), scale="bps"), ("3", "4-5", "6-12")),
        (LabelSettings(cut=(2.5, 10), scale="pspi"), ("0-<2.5", "2.5-<10", "10-16")),
        (LabelSettings(cut=(10,)), ("0-9", "10")),
        (LabelSettings(scale="1-4"), ("1", "2", "3", "4")),
    ],
)
def test_classes_of_ratings_are_named_by_their_range(settings: LabelSettings, names: tuple[str, ...]) -> None:
    assert find_classes({"3": 1}, settings).class_names == names


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("0", "0"),
        ("0.9", "0"),
        ("1", "1-3"),
        ("3,5", "1-3"),
        ("4.0", "4-6"),
        ("7", "7-10"),
        ("10", "7-10"),
        ("+3", "1-3"),
    ],
)
def test_a_rating_equal_to_a_cut_belongs_to_the_upper_class(label: str, name: str) -> None:
    assert find_classes({label: 1}, LabelSettings(cut=(1, 4, 7))).find(label) == name


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("11", "rating 11 is outside 0 to 10 (nrs is assumed); name the scale with --scale"),
        ("-1", "rating -1 is outside 0 to 10"),
        ("n/a", "'n/a' is no rating: expected a number from 0 to 10"),
        ("severe", "'severe' is no rating"),
        ("", "'' is no rating"),
        ("5 mV", "'5 mV' is no rating"),
    ],
)
def test_what_is_no_rating_of_the_scale_has_no_class(label: str, message: str) -> None:
    found = find_classes({"3": 1, label: 2}, LabelSettings(cut=(1, 4, 7)))
    with pytest.raises(UnknownLabelError, match=re.escape(message)):
        found.find(label)


def test_a_rating_between_two_steps_needs_a_cut() -> None:
    found = find_classes({"3.5": 1, "4.0": 1}, LabelSettings(scale="nrs"))
    assert found.find("4.0") == "4"
    with pytest.raises(UnknownLabelError, match=r"rating 3\.5 is between two steps of the scale; cut it"):
        found.find("3.5")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"classes": ("pain",)}, "expected two or more"),
        ({"classes": ("pain", "pain")}, "each with its own name"),
        ({"classes": ("a", "b"), "cut": (3.0,)}, "words (--classes) or ranges of ratings (--cut, --scale)"),
        ({"cut": (4.0, 4.0)}, "cut 4,4: expected numbers that increase"),
        ({"scale": "nsr"}, "scale 'nsr': expected nrs, vas, cpot, bps, pspi, or LOW-HIGH"),
        ({"scale": "10-0"}, "scale '10-0'"),
    ],
)
def test_settings_that_contradict_themselves_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(message)):
        LabelSettings(**settings)  # type: ignore[arg-type]


def test_cuts_outside_the_scale_and_too_many_steps_are_refused() -> None:
    with pytest.raises(SettingsError, match=r"cut 0: expected more than 0 and at most 10 \(--scale\)"):
        name_ranges((0, 4), low=0, high=10)
    with pytest.raises(SettingsError, match="101 steps; at most 20 classes are judged: cut it into classes with --cut"):
        find_classes({"50": 1}, LabelSettings(scale="vas"))


@pytest.mark.parametrize(
    "spelling", ["no_pain", "No-Pain", "NO  PAIN", "'no pain'", '"No pain"', "\u201cno pain\u201d"]
)
def test_what_joins_the_words_of_a_class_does_not_count(spelling: str) -> None:
    found = find_classes({spelling: 2, "severe": 3}, LabelSettings(classes=("no pain", "severe")))
    assert found.find(spelling) == "no pain"
    assert found.notes == (f"label {spelling!r} is read as 'no pain'",)


def test_a_class_that_is_named_in_two_spellings_is_refused() -> None:
    for names in (("mild", "severe", "Mild"), ("no pain", "no_pain"), ("0", "0.0", "1")):
        with pytest.raises(SettingsError, match="are one class in two spellings: name it once"):
            LabelSettings(classes=names)


@pytest.mark.parametrize("end", ["/10", " / 10", " of 10", " von 10"])
def test_the_end_of_the_scale_behind_a_rating_does_not_count(end: str) -> None:
    found = find_classes({f"0{end}": 1, f"3,5{end}": 1, f"10{end}": 1}, LabelSettings(cut=(1, 4, 7)))
    assert list(found.classes.values()) == ["0", "1-3", "7-10"]
    # another end is another scale
    assert find_classes({"3/11": 1, "4": 1}, LabelSettings(cut=(1, 4, 7))).refused.keys() == {"3/11"}


@pytest.mark.parametrize("scale", ["0-10", "0\u201310", "0 to 10", "0..10", "0,10", "0:10"])
def test_a_scale_is_read_however_its_ends_are_joined(scale: str) -> None:
    assert LabelSettings(scale=scale).ends == (0, 10)
