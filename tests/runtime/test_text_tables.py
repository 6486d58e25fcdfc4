"""Tables as programs and people write them: one header, rows of its length, the line of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecg_facial.errors import CorruptDataError, DataError, MissingDataError
from ecg_facial.runtime.text_tables import TextTable, find_table, iterate_rows, line_of, read_cells

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
