"""One name spelt in several ways is one name; what may be two is refused by naming both."""

from __future__ import annotations

import unicodedata

import pytest

from ecg_facial.errors import CorruptDataError
from ecg_facial.runtime.names import find_name, is_missing, name_key, same_name, tidy_name, unify_names

NFC, NFD = (unicodedata.normalize(form, "Jürgen") for form in ("NFC", "NFD"))
ONE_NAME = [
    (NFC, NFD),
    ("anna", " anna"),
    ("anna", "anna\u00a0"),
    ("anna", "\ufeffanna"),
    ("an na", "an\u2009na"),
    ("anna", "an\u200bna"),
    ("anna", "an\u00adna"),
    ("anna", "ANNA"),
    ("strasse", "Straße"),
    ("no pain", "No  Pain"),
    ("s-01", "S\u201301"),
    ("s1", "\uff531"),
    ("1", "1.0"),
    ("1", "1,0"),
    ("1000", "1.000000e+03"),
    ("anna", "anna\t"),
    ("anna", "anna\x00"),
]
TWO_NAMES = [("anna", "ana"), ("1", "01"), ("1.1", "1.10"), ("s1", "s01"), ("1e3", "1000"), ("no pain", "nopain")]


@pytest.mark.parametrize(("one", "other"), ONE_NAME)
def test_one_name_in_two_spellings_is_one(one: str, other: str) -> None:
    assert same_name(one, other)
    found = unify_names([one, other, one], what="subject", where="t.csv", people=True)
    assert set(found.names.values()) == {one}
    assert repr(other)[1:-1] in found.notes[0]


@pytest.mark.parametrize(("one", "other"), TWO_NAMES)
def test_two_names_stay_two(one: str, other: str) -> None:
    assert not same_name(one, other)
    assert len(set(unify_names([one, other], what="trial", where="t.csv").names.values())) == 2


def test_names_that_are_spelt_well_stay_as_they_are_without_a_note() -> None:
    names = ["071309_w_21", "Anna", "no pain", "1", "01", NFC, "BL1", "a-b"]
    found = unify_names(names, what="subject", where="t.csv")
    assert found.names == dict(zip(names, names, strict=True))
    assert found.notes == ()


@pytest.mark.parametrize(
    "spellings", [("0", "0.0", "0.000000e+00", "0,0", "-0.0", "00", "\uff10"), (".5", "0.50", "5e-1")]
)
def test_classes_that_are_numbers_count_by_value(spellings: tuple[str, ...]) -> None:
    assert len({name_key(spelling, by_value=True) for spelling in spellings}) == 1


@pytest.mark.parametrize(
    ("one", "other"), [("007", "7"), ("007", "7.0"), ("S01", "S1"), ("071309_w_21", "71309_w_21"), ("a-010", "a-10")]
)
def test_people_who_differ_by_zeros_are_refused_by_naming_both(one: str, other: str) -> None:
    with pytest.raises(CorruptDataError, match="differ by zeros alone: one or two") as caught:
        unify_names([one, "x", other], what="subject", where="t.csv", people=True)
    assert repr(one) in str(caught.value)


def test_numbered_trials_keep_their_decimals() -> None:
    names = ["1.0", "1.1", "1.2", "1.10"]
    assert list(unify_names(names, what="trial", where="t.csv").names.values()) == names


@pytest.mark.parametrize(("one", "other"), [("anna", "\u0430nna"), ("Eva", "\u0415va"), ("oo", "\u03bfo")])
def test_letters_of_other_alphabets_that_look_alike_are_refused(one: str, other: str) -> None:
    with pytest.raises(CorruptDataError, match=r"look alike, but one has (CYRILLIC|GREEK)"):
        unify_names([one, other], what="subject", where="t.csv")


def test_numbers_that_stay_apart_beside_fractions_do_not_look_alike() -> None:
    # a name with a sign of no alphabet among them
    names = ["1,0", "1", "1,5", "5\u00b0"]
    assert list(unify_names(names, what="trial", where="t.csv").names.values()) == names


def test_a_number_beyond_all_digits_of_a_float_stays_short() -> None:
    assert name_key("1e300", by_value=True) == name_key("1.0e+300", by_value=True) == "1e+300"
    assert name_key("9007199254740991.0", by_value=True) == "9007199254740991"


def test_names_in_other_alphabets_are_names() -> None:
    names = ["анна", "Ελένη", "田中", "محمد"]
    assert list(unify_names(names, what="subject", where="t.csv").names.values()) == names


@pytest.mark.parametrize(
    "text", ["", " ", "nan", "NaN", "NA", "n/a", "N/A", "null", "NULL", "none", "None", "-", "\u2014", "\u00a0"]
)
def test_words_for_missing_are_no_name(text: str) -> None:
    assert is_missing(text)


@pytest.mark.parametrize("text", ["Nan Li", "nina", "0", "n", "naomi"])
def test_names_are_not_missing(text: str) -> None:
    assert not is_missing(text)


def test_a_name_is_found_among_others_only_where_one_fits() -> None:
    assert find_name("ANNA", ["ben", "Anna"]) == "Anna"
    assert find_name("ANNA", ["anna", "Anna"]) is None
    assert find_name("anna", ["anna", "Anna"]) == "anna"
    assert find_name("eve", ["ben"]) is None


def test_line_ends_within_a_name_are_blanks() -> None:
    assert tidy_name("no\r\npain") == "no pain"
