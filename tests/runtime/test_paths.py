"""A path that was written on another system is found, or one line says what is there instead."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from ecg_facial.runtime.paths import PathFinder, explain_absence, find_path

NFD = unicodedata.normalize("NFD", "Jürgen")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A data set named study."""
    for name in ("clips/a.mp4", "clips/b c.mp4", f"{NFD}/Clip.MP4", "clips/sub/d.mp4"):
        (tmp_path / "study" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "study" / name).write_text(name)
    return tmp_path / "study"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("clips\\a.mp4", "have backslashes"),
        (".\\clips\\a.mp4", "have backslashes"),
        ("C:\\Users\\anna\\study\\clips\\a.mp4", "begin with a drive"),
        ("D:/study/clips/a.mp4", "begin with a drive"),
        ("\\\\server\\share\\study\\clips\\a.mp4", "begin with a drive"),
        ("/Users/anna/study/clips/a.mp4", "lie in another folder"),
        ("study/clips/a.mp4", "are found in another spelling"),
        ("Clips/A.MP4", "are found in another spelling"),
        ('"clips/a.mp4"', "have quotes or blanks"),
        ("'clips/a.mp4'", "have quotes or blanks"),
        ("clips/a.mp4\u00a0", "have quotes or blanks"),
        ("\ufeffclips/a.mp4", "have quotes or blanks"),
        ("file:///Users/anna/study/clips/a.mp4", "are web addresses"),
        ("file:///C:/study/clips/a.mp4", "are web addresses"),
        ("file:clips/a.mp4", "are web addresses"),
        ("PosixPath('clips/a.mp4')", "have quotes or blanks"),
        ("WindowsPath('C:/study/clips/a.mp4')", "begin with a drive"),
        ("&quot;clips/a.mp4&quot;", "have signs of a web page"),
    ],
)
def test_a_path_of_another_system_is_found_with_a_note(base: Path, text: str, reason: str) -> None:
    finder = PathFinder(base=base)
    found = finder.find(text)
    assert found.path.resolve() == base / "clips" / "a.mp4"
    assert found.note.endswith("is read as clips/a.mp4")
    assert len(finder.notes) == 1
    assert reason in finder.notes[0]


@pytest.mark.parametrize("text", ["clips/b%20c.mp4", "clips\\b%20c.mp4", "file://x/clips/b%20c.mp4", "CLIPS/b  c.mp4"])
def test_signs_of_web_addresses_and_blanks_are_read(base: Path, text: str) -> None:
    assert PathFinder(base=base).find(text).path == base / "clips" / "b c.mp4"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("my clips (1)/a'b.mp4", r"my\ clips\ \(1\)/a\'b.mp4"),
        ("my clips (1)/a'b.mp4", r"/Users/anna/study/my\ clips\ \(1\)/a\'b.mp4"),
        ("A&B/a.mp4", "A&amp;B/a.mp4"),
    ],
)
def test_what_terminals_and_pages_put_into_a_path_is_taken_out(base: Path, name: str, text: str) -> None:
    (base / name).parent.mkdir()
    (base / name).write_text("")
    assert PathFinder(base=base).find(text).path == base / name


def test_a_name_in_another_unicode_form_is_found(base: Path) -> None:
    assert PathFinder(base=base).find("Jürgen/clip.mp4").path == base / NFD / "Clip.MP4"


def test_a_file_of_the_home_folder_is_found(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(base))
    assert PathFinder(base=base.parent).find("~/clips/a.mp4").path == base / "clips" / "a.mp4"


def test_a_path_that_is_there_is_taken_as_it_is(base: Path) -> None:
    (base / "clips" / "x\\y.mp4").write_text("")
    finder = PathFinder(base=base)
    for text in ("clips/a.mp4", "clips/x\\y.mp4", str(base / "clips" / "a.mp4"), "../study/clips/a.mp4"):
        assert finder.find(text).note == ""
    assert finder.notes == ()


def test_a_data_set_one_level_up_or_down_is_found_where_one_thing_fits(base: Path) -> None:
    assert PathFinder(base=base.parent).find("clips/a.mp4").path == base / "clips" / "a.mp4"
    assert PathFinder(base=base / "clips").find("sub/d.mp4").note == ""
    assert PathFinder(base=base / "clips" / "sub").find("a.mp4").path.resolve() == base / "clips" / "a.mp4"
    (base.parent / "copy" / "clips").mkdir(parents=True)
    (base.parent / "copy" / "clips" / "a.mp4").write_text("")
    assert not PathFinder(base=base.parent).find("clips/a.mp4").path.exists()


@pytest.mark.parametrize("text", ["D:\\study\\s2\\1.mp4", "/study/s2/1.mp4", "s2/1.mp4", "s2\\1.mp4"])
def test_a_file_of_one_person_is_never_taken_for_anothers(tmp_path: Path, text: str) -> None:
    (tmp_path / "study" / "s1").mkdir(parents=True)
    (tmp_path / "study" / "s1" / "1.mp4").write_text("")
    assert not PathFinder(base=tmp_path / "study").find(text).path.exists()


def test_of_two_spellings_none_is_taken(base: Path) -> None:
    (base / "clips" / "A.mp4").write_text("")
    path = PathFinder(base=base).find("clips/A.MP4").path
    assert not path.exists()
    assert "'A.mp4' and 'a.mp4' fit it" in explain_absence(path)


@pytest.mark.parametrize("text", ["clips/z.mp4", "clips\\z.mp4", "C:\\z.mp4", "", "clips/" + "x" * 300, "clips/z\0"])
def test_what_is_not_there_stays_as_it_was_given(base: Path, text: str) -> None:
    finder = PathFinder(base=base)
    assert finder.find(text).path == base / text
    assert finder.notes == ()


def test_what_is_there_instead_is_said(base: Path) -> None:
    (base / "clips" / ".e.mp4.icloud").write_text("")
    (base / "clips" / "link.mp4").symlink_to("gone.mp4")
    for name, said in [
        ("clips/a.avi", "'a.mp4' is there"),
        ("clip/a.mp4", "holds no folder 'clip'"),
        ("clips/e.mp4", "in iCloud and not on this disk"),
        ("clips/link.mp4", "a link to gone.mp4, which is not there"),
        ("q\\z.mp4", "backslashes"),
    ]:
        assert said in explain_absence(base / name), name
    assert explain_absence(base / "clips" / "z.mp4") == ""
    (base / "clips" / "loop.mp4").symlink_to("loop.mp4")
    assert explain_absence(base / "clips" / "loop.mp4") == " (it is a link to loop.mp4, which is not there)"


def test_the_command_line_is_read_from_the_working_folder(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(base)
    assert find_path("clips\\a.mp4").path == Path("clips/a.mp4")
    assert find_path(base / "clips" / "a.mp4").note == ""
