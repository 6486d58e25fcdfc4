"""Images of a folder are frames in the order of their numbers, at the rate that is given; gaps stay gaps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from video_files import damage, read_number, write_images

from ecg_facial.errors import CorruptDataError
from ecg_facial.face.frame_folders import list_images, time_images
from ecg_facial.face.video import read_frames
from ecg_facial.recording import VideoRef


def read_all(folder: Path, fps: float | None = 25.0, **part: float) -> tuple[list[float], list[int], list[str]]:
    """Times, the numbers that the pictures show, and the notes."""
    frames = read_frames(VideoRef(path=folder, fps=fps), **part)
    found = [(round(frame.time_s, 6), read_number(frame.small_rgb(1000)[0])) for frame in frames]
    return [time for time, _ in found], [number for _, number in found], frames.notes


@pytest.mark.parametrize(
    "names",
    [
        ["frame1.png", "frame2.png", "frame9.png", "frame10.PNG", "frame11.png"],
        ["001.jpg", "002.jpg", "009.jpg", "010.jpg", "011.jpg"],
        ["cam1_take2_1.bmp", "cam1_take2_2.bmp", "cam1_take2_9.bmp", "cam1_take2_10.bmp", "cam1_take2_11.bmp"],
        ["a-099998.webp", "a-099999.webp", "a-100006.webp", "a-100007.webp", "a-100008.webp"],
        ["1.ppm", "2.ppm", "9.PPM", "10.ppm", "11.ppm"],
    ],
)
@pytest.mark.parametrize("fps", [25.0, 10.0])
def test_numbers_count_frames_by_their_value(tmp_path: Path, names: list[str], fps: float) -> None:
    times, numbers, notes = read_all(write_images(tmp_path, names), fps)
    np.testing.assert_allclose(times, np.array([0, 1, 8, 9, 10]) / fps, atol=1e-6)
    np.testing.assert_allclose(numbers, range(5), atol=1)
    assert notes == ["6 of 11 frames are missing by the numbers in the names: gaps stay gaps"]
    assert time_images(tmp_path, fps).duration_s == pytest.approx(11 / fps)


def test_without_a_rate_25_are_assumed_with_a_note(tmp_path: Path) -> None:
    times, _, notes = read_all(write_images(tmp_path, ["1.png", "2.png"]), None)
    assert times == [0.0, 0.04]
    assert notes == ["a folder of frames: 25 frames per second are assumed; give its rate (fps)"]


@pytest.mark.parametrize(
    "names",
    [
        ["a.png", "b.png", "c.png"],
        ["1_5.png", "2_3.png", "3_9.png"],
        ["1.png", "x2.png", "3.png"],
        ["20240101.png", "20250101.png", "20990101.png"],
        ["0.png", "10.png", "999999999.png"],
    ],
)
def test_other_names_are_read_in_their_order(tmp_path: Path, names: list[str]) -> None:
    assert read_all(write_images(tmp_path, names))[0] == [0.0, 0.04, 0.08]


@pytest.mark.parametrize(("per_second", "unit"), [(1e3, "milliseconds"), (1e6, "microseconds")])
def test_numbers_that_are_times_are_read_as_times(tmp_path: Path, per_second: float, unit: str) -> None:
    names = [f"t{round(number * per_second / 25)}.png" for number in (0, 1, 2, 5)]
    times, _, notes = read_all(write_images(tmp_path, names))
    assert times == [0.0, 0.04, 0.08, 0.2]
    assert notes == [f"the numbers in the names are {unit}"]


@pytest.mark.parametrize(
    "leftover", ["._1.png", ".DS_Store", "Thumbs.db", "desktop.ini", "notes.txt", "1.png~", "._Thumbs.jpg"]
)
def test_what_systems_leave_behind_is_no_frame(tmp_path: Path, leftover: str) -> None:
    write_images(tmp_path, ["1.png", "2.png"])
    (tmp_path / leftover).write_bytes(b"\0\5\x16\7\0\2\0\0Mac OS X        ")
    assert [path.name for path in list_images(tmp_path)] == ["1.png", "2.png"]
    assert read_all(tmp_path)[0] == [0.0, 0.04]


@pytest.mark.parametrize("content", [b"", b"not a picture"])
def test_a_damaged_image_costs_itself_and_no_more(tmp_path: Path, content: bytes) -> None:
    write_images(tmp_path, ["1.png", "2.png", "3.png"])
    (tmp_path / "2.png").write_bytes(content)
    times, numbers, notes = read_all(tmp_path)
    assert times == [0.0, 0.08]
    assert numbers == [0, 2]
    assert notes == ["1 of 3 images cannot be read, the first is 2.png"]


def test_an_image_that_ends_early_is_read_or_lost_but_never_an_error(tmp_path: Path) -> None:
    write_images(tmp_path, ["1.jpg", "2.jpg"])
    damage(tmp_path / "2.jpg", 300, bytes(400))
    assert len(read_all(tmp_path)[0]) in (1, 2)


def test_a_folder_of_damaged_images_is_corrupt(tmp_path: Path) -> None:
    for name in ("1.png", "2.png"):
        (tmp_path / name).write_bytes(b"not a picture")
    with pytest.raises(CorruptDataError, match=r"1.png: not a readable image, like all others; copy it again"):
        read_all(tmp_path)


def test_a_folder_without_images_is_corrupt(tmp_path: Path) -> None:
    with pytest.raises(CorruptDataError, match=r"no images; expected frames as .bmp, .jfif, .jpe, .jpeg, .jpg, .pgm"):
        read_all(tmp_path)


def test_a_part_holds_the_frames_that_begin_in_it_and_opens_no_others(tmp_path: Path) -> None:
    write_images(tmp_path, [f"{number}.png" for number in range(6)])
    for number in (0, 1, 4, 5):
        (tmp_path / f"{number}.png").write_bytes(b"not a picture")
    frames = list(read_frames(VideoRef(path=tmp_path, fps=10.0, start_s=0.2, duration_s=0.2)))
    assert [read_number(frame.small_rgb(1000)[0]) for frame in frames] == [2, 3]
    np.testing.assert_allclose([frame.time_s for frame in frames], [0.0, 0.1], atol=1e-9)


def test_where_images_are_one_level_down_is_said(tmp_path: Path) -> None:
    (tmp_path / "IMG_0001.heic").write_bytes(b"x")
    with pytest.raises(CorruptDataError, match=r"no images, but 'IMG_0001.heic': name a video by its file, and save"):
        time_images(tmp_path)
    write_images(tmp_path / "frames", ["1.png"])
    with pytest.raises(CorruptDataError, match="no images in it, but in its folder 'frames'"):
        time_images(tmp_path)


START_MS = 1_580_465_472_640
STEPS_MS = (0, 33, 67, 100, 133, 200, 233, 267, 300, 333, 400)


def spell_date(at_ms: int, form: str) -> str:
    seconds, ms = divmod(at_ms - START_MS + 640, 1000)
    return form.format(second=57 + seconds, ms=ms)


CLOCKS: dict[str, Callable[[int], str]] = {
    "milliseconds since 1970": lambda at_ms: f"cam_{at_ms}",
    "microseconds since 1970": lambda at_ms: f"{at_ms}000",
    "nanoseconds since 1970": lambda at_ms: f"{at_ms}000123",
    "nanoseconds since the start of the computer": lambda at_ms: f"{at_ms - START_MS + 5_000_000}000000",
    "seconds and a fraction": lambda at_ms: f"{at_ms // 1000}.{at_ms % 1000:03d}000",
    "a date, compact": lambda at_ms: spell_date(at_ms, "IMG_20200131_1011{second:02d}_{ms:03d}"),
    "a date, compact, without marks": lambda at_ms: spell_date(at_ms, "2020013110 11{second:02d}{ms:03d}"),
    "a date as programs write it": lambda at_ms: spell_date(at_ms, "2020-01-31T10-11-{second:02d}.{ms:03d}"),
    "a screenshot's date": lambda at_ms: spell_date(at_ms, "Shot 2020-01-31 at 10.11.{second:02d}.{ms:03d}"),
    "hours, minutes and seconds": lambda at_ms: spell_date(at_ms, "left 10-11-{second:02d}-{ms:03d}"),
    "milliseconds from the first": lambda at_ms: f"t{at_ms - START_MS}",
}


@pytest.mark.parametrize("clock", CLOCKS)
def test_names_that_are_times_need_no_rate(tmp_path: Path, clock: str) -> None:
    names = [f"{CLOCKS[clock](START_MS + step)}.png" for step in STEPS_MS]
    times, numbers, notes = read_all(write_images(tmp_path, names), None)
    np.testing.assert_allclose(times, np.array(STEPS_MS) / 1e3, atol=1e-6)
    np.testing.assert_allclose(numbers, range(len(names)), atol=1)
    assert len(notes) == 1
    assert "in the names are" in notes[0]
    # the last frame is shown for the usual time
    assert time_images(tmp_path).duration_s == pytest.approx(0.433, abs=2e-3)


def test_names_that_are_times_count_more_than_a_rate(tmp_path: Path) -> None:
    steps = [0, 31, 70, 99, 170, 201, 229]
    write_images(tmp_path, [f"{START_MS + step}.png" for step in steps])
    assert read_all(tmp_path, 30.0)[0] == [step / 1e3 for step in steps]


@pytest.mark.parametrize("rest", [".jpg", ".bmp"])
def test_midnight_between_names_does_not_matter(tmp_path: Path, rest: str) -> None:
    write_images(tmp_path, [f"20200131_235959_600{rest}", f"20200131_235959_800{rest}", f"20200201_000000_000{rest}"])
    np.testing.assert_allclose(read_all(tmp_path, None)[0], [0.0, 0.2, 0.4], atol=1e-9)


@pytest.mark.parametrize(
    ("names", "places"),
    [
        # every 24th or 25th frame was kept, and the rate is known
        (["0.png", "24.png", "49.png", "73.png"], [0, 24, 49, 73]),
        # a counter behind the second at which it began to count
        (["20200131_101112_0001.png", "20200131_101112_0002.png", "20200131_101113_0003.png"], [0, 1, 2]),
        (["f1_t0.040s.png", "f2_t0.080s.png", "f4_t0.160s.png"], [0, 1, 3]),
    ],
)
def test_a_counter_is_no_time(tmp_path: Path, names: list[str], places: list[int]) -> None:
    np.testing.assert_allclose(read_all(write_images(tmp_path, names), 25.0)[0], np.array(places) / 25, atol=1e-9)


FILM = ["f_1.png", "f_2.png", "f_3.png", "f_4.png", "F_7.PNG", "f_8.png"]
TIMES = [0.0, 0.04, 0.08, 0.12, 0.24, 0.28]


@pytest.mark.parametrize(
    "others", [["contact_sheet.png"], ["Folder.jpg", "AlbumArtSmall.jpg"], ["f_3 (1).png"], ["f_last.png", "_x.png"]]
)
def test_a_picture_of_another_name_is_no_frame(tmp_path: Path, others: list[str]) -> None:
    write_images(tmp_path, [*FILM, *others])
    times, numbers, notes = read_all(tmp_path)
    assert times == TIMES
    np.testing.assert_allclose(numbers, range(6), atol=1)
    assert notes[0] == f"no frame by its name: {', '.join(sorted(others))}"


def test_pictures_of_which_many_have_another_name_are_all_frames(tmp_path: Path) -> None:
    names = [*(f"a_{number}.png" for number in range(4)), *(f"b_{number}.png" for number in range(4))]
    times, numbers, notes = read_all(write_images(tmp_path, names))
    np.testing.assert_allclose(times, np.arange(8) / 25, atol=1e-9)
    np.testing.assert_allclose(numbers, range(8), atol=1)
    assert notes == ["the numbers in the names start anew: 2 series are read one behind the other"]


def test_frames_of_two_cameras_in_one_folder_are_said(tmp_path: Path) -> None:
    write_images(tmp_path, [f"cam{camera}_{number:03d}.png" for camera in (1, 2) for number in range(4)])
    assert read_all(tmp_path)[2] == ["the numbers in the names start anew: 2 series are read one behind the other"]


def test_a_frame_in_two_formats_is_one_frame(tmp_path: Path) -> None:
    write_images(tmp_path, [f"{number}.png" for number in range(4)])
    write_images(tmp_path, [f"{number}.jpg" for number in range(3)])
    times, _, notes = read_all(tmp_path)
    assert times == [0.0, 0.04, 0.08, 0.12]
    assert notes == ["3 frames are there in two formats, such as 0.jpg: each is read once"]
    assert [path.suffix for path in time_images(tmp_path, 25.0).paths] == [".png"] * 4


def test_names_without_a_number_are_said(tmp_path: Path) -> None:
    write_images(tmp_path, ["a1f3.png", "b7c.png", "c.png"])
    assert read_all(tmp_path)[2] == ["no number in the names counts frames: the order counts alone"]
