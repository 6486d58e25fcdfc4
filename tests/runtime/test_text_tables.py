"""Tables as programs and people write them: one header, rows of its length, the line of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecg_facial.errors import CorruptDataError, DataError, MissingDataError
from ecg_facial.runtime.text_tables import TextTable, find_table, iterate_rows, line_of, read_cells, read_typed

ROWS = [["anna", "1", "BL1"], ["ben", "2", "no pain"]]


def write(path: Path, text: str, encoding: str = "utf-8") -> TextTable:
    path.write_bytes(text.encode(encoding))
    return find_table(path, expected="a table", columns=("subject", "trial", "label"))


def join(separator: str, end: str = "\n") -> str:
    return end.join(separator.join(cells) for cells in [["subject", "trial", "label"], *ROWS]) + end


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separators_encodings_and_line_ends_do_not_matter(
    tmp_path: Path, separator: str, encoding: str, end: str
) -> None:
    table = write(tmp_path / "t.csv", join(separator, end), encoding)
    assert (table.names, table.separator) == (("subject", "trial", "label"), separator)
    assert read_cells(table).to_numpy().tolist() == ROWS
    assert list(iterate_rows(table)) == [(2, ROWS[0]), (3, ROWS[1])]


@pytest.mark.parametrize("head", ["sep=;\n", "SEP=;\r\n", "# made today\n# by me\n", "\n\n", "\ufeffsep=;\n"])
def test_lines_above_the_header_are_no_header(tmp_path: Path, head: str) -> None:
    table = write(tmp_path / "t.csv", head + join(";"))
    assert table.names == ("subject", "trial", "label")
    assert read_cells(table).to_numpy().tolist() == ROWS
    assert line_of(table, 1) == len(head.splitlines()) + 3


def test_a_tab_that_excel_names_is_the_separator(tmp_path: Path) -> None:
    assert write(tmp_path / "t.csv", "sep=\t\n" + join("\t")).separator == "\t"


def test_blank_lines_and_separators_at_the_end_do_not_matter(tmp_path: Path) -> None:
    text = "subject,trial,label,,\n\nanna,1,BL1,,\n,,,,\nben,2,no pain,,\n\n"
    table = write(tmp_path / "t.csv", text)
    assert read_cells(table).to_numpy().tolist() == ROWS
    assert line_of(table, 1) == 5


@pytest.mark.parametrize("again", ["subject,trial,label", "\ufeffsubject,trial,label", ' "Subject" ,TRIAL,label,,'])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_header_that_stands_there_again_is_no_row(tmp_path: Path, again: str, end: str) -> None:
    lines = ["subject,trial,label", *map(",".join, ROWS), again, "eve,3,PA1", again, ""]
    table = write(tmp_path / "t.csv", end.join(lines))
    assert read_cells(table).to_numpy().tolist() == [*ROWS, ["eve", "3", "PA1"]]
    assert [number for number, _ in iterate_rows(table)] == [2, 3, 5]
    assert line_of(table, 2) == 5
    assert read_typed(table, words=("subject",), numbers=("trial",))["trial"].astype(int).tolist() == [1, 2, 3]
    assert table.notes == ("the header stands there 3 times, as in joined tables: read once",)


def test_names_of_columns_are_words_too(tmp_path: Path) -> None:
    table = write(tmp_path / "t.csv", "subject,trial,label\nsubject,1,label\ntrial,2,subject\n")
    assert len(read_cells(table)) == 2
    assert table.notes == ()


def test_a_second_header_in_another_order_is_another_table(tmp_path: Path) -> None:
    with pytest.raises(CorruptDataError, match="row 3 is the header of another table, with the columns in another"):
        write(tmp_path / "t.csv", "subject,trial,label\nanna,1,BL1\ntrial,subject,label\n2,anna,PA1\n")


@pytest.mark.parametrize("first", [0, 1])
def test_row_numbers_without_a_name_are_no_column(tmp_path: Path, first: int) -> None:
    rows = [",".join(f'"{cell}"' for cell in [number, *cells]) for number, cells in enumerate(ROWS, start=first)]
    table = write(tmp_path / "t.csv", "\n".join(['"subject","trial","label"', *rows]))
    frame = read_cells(table)
    assert frame[["subject", "trial", "label"]].to_numpy().tolist() == ROWS
    assert table.has_row_names
    assert "as R writes it" in table.notes[0]


@pytest.mark.parametrize(
    "rows", [["1,anna,1,BL1", "1,anna,2,PA1"], ["1,anna,1,BL1"], ["a,anna,1,BL1", "b,anna,2,PA1"], ["1,a,1,x", "2,a,2"]]
)
def test_rows_that_are_longer_for_another_reason_are_refused(tmp_path: Path, rows: list[str]) -> None:
    table = write(tmp_path / "t.csv", "\n".join(["subject,trial,label", *rows, ""]))
    with pytest.raises(CorruptDataError, match="row 2 has 4 cells, the header 3"):
        read_cells(table)


def test_quoted_cells_hold_separators_and_line_ends(tmp_path: Path) -> None:
    table = write(tmp_path / "t.csv", 'subject,trial,label\n"a, b",1,"x\ny"\n"say ""no""",2,z\n')
    assert read_cells(table).to_numpy().tolist() == [["a, b", "1", "x\ny"], ['say "no"', "2", "z"]]
    assert line_of(table, 1) == 4


@pytest.mark.parametrize(("row", "n"), [("ben,2,x,more", 4), ("ben,2", 2), ("ben", 1), ("a,b,c,d,e", 5)])
def test_a_row_of_another_length_is_named(tmp_path: Path, row: str, n: int) -> None:
    table = write(tmp_path / "t.csv", f"subject,trial,label\nanna,1,x\n{row}\n")
    for read in (read_cells, lambda found: list(iterate_rows(found))):
        with pytest.raises(CorruptDataError, match=f"row 3 has {n} cells, the header 3"):
            read(table)


def test_a_column_in_two_spellings_stands_there_twice(tmp_path: Path) -> None:
    with pytest.raises(CorruptDataError, match="'subject' stands there twice"):
        write(tmp_path / "t.csv", "subject,Subject \na,b\n")


def test_the_separator_is_the_one_that_gives_the_expected_columns(tmp_path: Path) -> None:
    table = write(tmp_path / "t.csv", "subject;trial;label;a,b,c,d,e\nx;1;y;1\n")
    assert table.separator == ";"


def test_columns_are_found_in_any_letter_case(tmp_path: Path) -> None:
    table = write(tmp_path / "t.csv", "Subject, TRIAL ,label\na,b,c\n")
    assert [table.find_column(name) for name in ("subject", "trial", "fold")] == ["Subject", "TRIAL", None]


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="no such file; expected a table"):
        find_table(tmp_path / "gone.csv", expected="a table")
    with pytest.raises(CorruptDataError, match="the file is empty"):
        write(tmp_path / "t.csv", "\n\n")
    with pytest.raises(CorruptDataError, match="a header and no rows"):
        read_cells(write(tmp_path / "t.csv", "subject,trial,label\n"))
    with pytest.raises(DataError, match="limit 10; split it"):
        find_table(tmp_path / "t.csv", expected="a table", most_bytes=10)
