"""Numbers as people write them: decimal signs, grouping, missing values, units."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg_facial.runtime.numbers import MISSING_WORDS, NumberStyle, find_style, parse_number, parse_quantity

POINT, COMMA = NumberStyle(decimal="."), NumberStyle(decimal=",")


@pytest.mark.parametrize(
    ("cell", "style", "value"),
    [
        ("1.234,5", COMMA, 1234.5),
        ("1 234,5", COMMA, 1234.5),
        ("1\u00a0234,5", COMMA, 1234.5),
        ("1\u202f234,5", COMMA, 1234.5),
        ("1'234.5", POINT, 1234.5),
        ("1\u2019234.5", POINT, 1234.5),
        ("1,234.5", POINT, 1234.5),
        ("1,234,567", POINT, 1234567.0),
        ("1,5E-3", COMMA, 0.0015),
        ("1.5e+03", POINT, 1500.0),
        ("\u22121.5", POINT, -1.5),
        ("\u20130,5", COMMA, -0.5),
        ("+.5", POINT, 0.5),
        ("- 3", POINT, -3.0),
        ('"2.5"', POINT, 2.5),
        ("45 %", POINT, 0.45),
        ("5.", POINT, 5.0),
        ("-inf", POINT, -math.inf),
    ],
)
def test_a_number_is_read_however_it_is_written(cell: str, style: NumberStyle, value: float) -> None:
    assert parse_number(cell, style) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    "cell",
    [
        "1.2.3",
        "1,23",
        "1,23,456",
        "0,004",
        "12:30",
        "12.0\0",
        "1 2",
        "0x10",
        "1_000",
        "5 000 00",
        "a1",
        "1.5-",
        "1" * 70,
    ],
)
def test_what_is_no_number_as_a_whole_is_never_half_of_it(cell: str) -> None:
    assert parse_number(cell, POINT) is None


@pytest.mark.parametrize("word", sorted(MISSING_WORDS))
def test_a_word_for_missing_is_missing_in_any_case(word: str) -> None:
    for spelt in (word, word.upper(), f" {word} "):
        value = parse_number(spelt, POINT)
        assert value is not None
        assert math.isnan(value)


def test_a_unit_behind_a_number_is_told_and_not_ignored() -> None:
    assert parse_number("1.5 mV", POINT) is None
    found = parse_quantity("1.5mV", POINT)
    assert found is not None
    assert (found.value, found.unit) == (1.5, "mV")


@pytest.mark.parametrize(
    ("cells", "separator", "decimal"),
    [
        (["0,004", "1,234"], "\t", ","),
        (["1,234", "1,500"], "\t", ","),
        (["512", "1,024", "998", "1,100"], "\t", "."),
        (["1", "1,234", "1500"], "\t", ","),
        (["512", "1.024", "998", "1.100"], ";", ","),
        (["1.234", "2.345"], ";", "."),
        (["512", "1,024"], ",", "."),
        (["512", "1.024", "3.125"], ",", "."),
        (["1.234.567"], ";", ","),
        (["05.03.2024"], ";", "."),
        (["1.2.3", "7"], ";", "."),
        ([], None, "."),
    ],
)
def test_the_decimal_sign_is_decided_by_all_cells(cells: Sequence[str], separator: str | None, decimal: str) -> None:
    assert find_style([[cell] for cell in cells], separator).decimal == decimal


def test_whole_numbers_of_another_column_do_not_turn_a_point_into_grouping() -> None:
    assert find_style([["1", "1.234"], ["2", "2.345"], ["3", "3.456"]], ";").decimal == "."


def test_cells_that_contradict_each_other_are_not_grouped() -> None:
    style = find_style([["1.5"], ["2.5"], ["3,5"]], ";")
    assert style == NumberStyle(decimal=".", is_grouped=False)
    assert parse_number("3,500", style) is None


@settings(max_examples=80)
@given(
    values=st.lists(st.floats(-1e7, 1e7).map(lambda value: round(value, 2)), min_size=2, max_size=20),
    style=st.sampled_from([(".", ","), (".", ""), (".", "'"), (",", "."), (",", " "), (",", "\u202f"), (",", "")]),
)
def test_numbers_written_in_one_style_read_back(values: list[float], style: tuple[str, str]) -> None:
    decimal, group = style
    table = str.maketrans({",": group, ".": decimal})
    cells = [f"{value:,.2f}".translate(table) for value in values]
    found = find_style([[cell] for cell in cells], ";")
    assert [parse_number(cell, found) for cell in cells] == values


@settings(max_examples=80)
@given(cell=st.text(max_size=40))
def test_any_cell_is_a_number_or_none(cell: str) -> None:
    style = find_style([[cell]])
    value = parse_number(cell, style)
    assert value is None or isinstance(value, float)
