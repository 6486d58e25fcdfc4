"""A text file beside a video or a folder of frames tells the times of its frames, as people and devices write it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from video_files import read_number, write_images, write_numbered

from ecg_facial.errors import CorruptDataError, MissingDataError
from ecg_facial.face.frame_times import read_frame_times
from ecg_facial.face.video import probe_video, read_frames
from ecg_facial.recording import VideoRef

# a camera that slows down, on a clock of its own
TIMES = np.cumsum([0.0, 0.04, 0.04, 0.04, 0.08, 0.08, 0.08, 0.2])
N_FRAMES = len(TIMES)


def clock(time_s: float, *, hours: int = 10) -> str:
    whole = round(time_s * 1e6)
    return f"{hours:02d}:59:{59 + whole // 1_000_000:02d}.{whole % 1_000_000:06d}"


SPELLINGS: dict[str, Callable[[int, float], str]] = {
    "number, date and time": lambda n, t: f"{n} 2020-01-31 {clock(t)}",
    "numbers from 1": lambda n, t: f"{n + 1} 2020-01-31 {clock(t)}",
    "a camera's counter": lambda n, t: f"{n + 5000} 2020-01-31 {clock(t)}",
    "commas": lambda n, t: f"{n},2020-01-31 {clock(t)}",
    "ISO": lambda n, t: f"{n}\t2020-01-31T{clock(t)}Z",
    "quotes": lambda n, t: f'"{n}";"2020-01-31 {clock(t)}"',
    "hours and minutes": lambda n, t: f"{n} {clock(t)}",
    "seconds": lambda n, t: f"{n} {t + 1234.5:.3f}",
    "seconds with a comma": lambda n, t: f"{n}\t{t + 1234.5:.3f}".replace(".", ","),
    "seconds alone": lambda n, t: f"{t:.3f}",
    "dates alone": lambda n, t: f"2020-01-31 {clock(t)}",
    "a column more": lambda n, t: f"{n},{t:.3f},ok",
}


START_S = 1_580_465_472


def since_1970(n: int, time_s: float, unit: int) -> int:
    return START_S * unit + round(time_s * unit)


# lines, what stands above them, and the notes
LISTS: dict[str, tuple[Callable[[int, float], str], str, int]] = {
    "counter and milliseconds": (lambda n, t: f"{n},{1000 * t:.0f}", "frame,timestamp_ms\n", 0),
    "counter and milliseconds without a name": (lambda n, t: f"{n},{1000 * t:.0f}", "", 1),
    "counter and milliseconds with blanks": (lambda n, t: f"{n} {1000 * t:.0f}", "", 1),
    "counter and milliseconds with decimals": (lambda n, t: f"{n},{1000 * t:.3f}", "", 1),
    "milliseconds of MKVToolNix": (lambda n, t: f"{1000 * t:.0f}", "# timestamp format v2\n", 0),
    "milliseconds of MKVToolNix, old": (lambda n, t: f"{1000 * t:.6f}", "# timecode format v2\n", 0),
    "milliseconds since 1970": (lambda n, t: f"{n},{since_1970(n, t, 1000)}", "", 1),
    "microseconds since 1970": (lambda n, t: f"{n};{since_1970(n, t, 10**6)}", "", 1),
    "nanoseconds since 1970": (lambda n, t: f"{n}\t{since_1970(n, t, 10**9)}", "", 1),
    "EuRoC": (lambda n, t: f"{since_1970(n, t, 10**9)},{since_1970(n, t, 10**9)}.png", "#timestamp [ns],filename\n", 0),
    "TUM": (lambda n, t: f"{START_S + t:.6f} rgb/{START_S + t:.6f}.png", "# color images\n# timestamp filename\n", 0),
    "TUM without a header": (lambda n, t: f"{START_S + t:.6f} rgb/{START_S + t:.6f}.png", "", 0),
    "OpenFace": (lambda n, t: f"{n + 1}, {t:.3f}, 0.98, 1", "frame, timestamp, confidence, success\n", 0),
    "times before numbers": (lambda n, t: f"{t:.3f} {n}", "", 0),
    "a column of times by its name": (lambda n, t: f"{n},0.9{n},{t:.3f}", "frame,confidence,time_s\n", 0),
    "minutes by their name": (lambda n, t: f"{n},{t / 60:.12f}", "frame,time_min\n", 0),
    "hours": (lambda n, t: f"{n},{t / 3600:.12f}", "", 1),
    "days of a spreadsheet": (lambda n, t: f"{n},{45000 + t / 86400:.13f}", "", 1),
    "days of a spreadsheet by their name": (lambda n, t: f"{n},{t / 86400:.13f}", "frame,time_days\n", 0),
    "German": (lambda n, t: f"{n};{1000 * t:.0f}".replace(".", ","), "Bild;Zeit [ms]\n", 0),
    "a decimal comma alone": (lambda n, t: f"{t:.3f}".replace(".", ","), "time\n", 0),
    "an evening in America": (lambda n, t: f"{n} 10:59:{t:06.3f} PM", "", 0),
}


@pytest.mark.parametrize("spelling", LISTS)
def test_the_columns_and_the_unit_of_a_list_are_found(clip: Path, tmp_path: Path, spelling: str) -> None:
    line, before, n_notes = LISTS[spelling]
    lines = [line(number, time_s) for number, time_s in enumerate(TIMES)]
    times, numbers, notes = read_with(clip, write_times(tmp_path / "times.txt", lines, before=before))
    np.testing.assert_allclose(times, TIMES, atol=1e-6)
    np.testing.assert_allclose(numbers, range(N_FRAMES), atol=1)
    assert len(notes) == n_notes
    assert all("no unit" in note for note in notes)


def test_minutes_are_known_by_their_steps(tmp_path: Path) -> None:
    found = read_frame_times(write_times(tmp_path / "times.txt", [f"{n},{n / 25 / 60:.9f}" for n in range(20)]))
    np.testing.assert_allclose(found.stamps_s, np.arange(20) / 25, atol=1e-6)
    assert found.notes == ("the frame times have no unit: minutes are assumed",)


def test_images_are_found_by_their_place_in_a_data_set(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "rgb", [f"f{number}.png" for number in range(N_FRAMES)])
    lines = [f"{TIMES[number]:.3f} rgb/f{number}.png" for number in (2, 0, 1, 3, 4, 5, 6, 7)]
    times, numbers, notes = read_with(folder, write_times(tmp_path / "rgb.txt", lines))
    np.testing.assert_allclose(times, TIMES, atol=1e-6)
    np.testing.assert_allclose(numbers, range(N_FRAMES), atol=1)
    assert notes == []


def test_a_time_lapse_of_seconds_stays_one(clip: Path, tmp_path: Path) -> None:
    lines = [f"{n} {60 * n}" for n in range(N_FRAMES)]
    times, _, notes = read_with(clip, write_times(tmp_path / "times.txt", lines, before="frame time_s\n"))
    np.testing.assert_allclose(times, 60.0 * np.arange(N_FRAMES))
    assert notes == []
    times, _, _ = read_with(clip, write_times(tmp_path / "times.txt", [f"{n} {2 * n}" for n in range(N_FRAMES)]))
    np.testing.assert_allclose(times, 2.0 * np.arange(N_FRAMES))


def write_times(path: Path, lines: list[str], *, before: str = "") -> Path:
    path.write_text(before + "\n".join(lines) + "\n")
    return path


def read_with(path: Path, times: Path) -> tuple[list[float], list[int], list[str]]:
    frames = read_frames(VideoRef(path=path, frame_times=times))
    found = [(frame.time_s, read_number(frame.small_rgb(1000)[0])) for frame in frames]
    return [time for time, _ in found], [number for _, number in found], frames.notes


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_numbered(tmp_path_factory.mktemp("clip") / "clip.mp4", N_FRAMES)


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("before", ["", "# made by a camera\nframe time\n"])
def test_times_are_read_in_every_spelling(clip: Path, tmp_path: Path, spelling: str, before: str) -> None:
    lines = [SPELLINGS[spelling](number, time_s) for number, time_s in enumerate(TIMES)]
    times, numbers, notes = read_with(clip, write_times(tmp_path / "times.txt", lines, before=before))
    np.testing.assert_allclose(times, TIMES, atol=1e-6)
    np.testing.assert_allclose(numbers, range(N_FRAMES), atol=1)
    assert not notes


def test_a_probe_and_a_stretch_go_by_the_same_times(clip: Path, tmp_path: Path) -> None:
    listed = write_times(tmp_path / "times.txt", [f"{n} {t:.3f}" for n, t in enumerate(TIMES)])
    video = VideoRef(path=clip, frame_times=listed, start_s=0.2, duration_s=0.2)
    np.testing.assert_allclose([frame.time_s for frame in read_frames(video)], [0.0, 0.08, 0.16], atol=1e-6)
    assert probe_video(video).duration_s == pytest.approx(TIMES[-1] + 0.08)


@pytest.mark.parametrize("key", ["f_{:04d}.png", "f_{:04d}", "{}"])
def test_images_are_found_by_name_or_number(tmp_path: Path, key: str) -> None:
    """Whatever the order of the lines; an image without a line follows from the others."""
    folder = write_images(tmp_path / "frames", [f"f_{number:04d}.png" for number in range(N_FRAMES)])
    lines = [f"{key.format(number)} {TIMES[number]:.3f}" for number in (3, 0, 1, 2, 4, 5, 6, 7) if number != 1]
    times, numbers, notes = read_with(folder, write_times(tmp_path / "times.txt", lines))
    np.testing.assert_allclose(times, TIMES, atol=1e-6)
    np.testing.assert_allclose(numbers, range(N_FRAMES), atol=1)
    assert len(notes) == 2
    assert notes[-1] == f"the file of frame times lists {N_FRAMES - 1} frames, there are {N_FRAMES}"


def test_lines_without_a_frame_and_frames_without_a_line_are_said(clip: Path, tmp_path: Path) -> None:
    more = write_times(tmp_path / "more.txt", [f"{t:.3f}" for t in (*TIMES, 9.0)])
    times, _, notes = read_with(clip, more)
    np.testing.assert_allclose(times, TIMES, atol=1e-6)
    assert notes == [f"the file of frame times lists {N_FRAMES + 1} frames, there are {N_FRAMES}"]
    gap = write_times(tmp_path / "gap.txt", [f"{n} {TIMES[n]:.3f}" for n in (0, 1, 2, 3, 5, 6, 7)])
    times, _, notes = read_with(clip, gap)
    np.testing.assert_allclose(times, TIMES, atol=1e-6)
    assert len(notes) == 2


def test_a_clock_of_whole_seconds_is_spread(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "clip.mp4", 100)
    lines = [f"{n} 2020-01-31 10:00:{n // 25:02d}" for n in range(100)]
    times, _, _ = read_with(path, write_times(tmp_path / "times.txt", lines))
    np.testing.assert_allclose(np.diff(times), 0.04, atol=2e-3)


def test_midnight_and_a_clock_that_was_set_do_not_matter(clip: Path, tmp_path: Path) -> None:
    night = [
        f"{n} {'23:59:59' if t < 0.2 else '00:00:00'}.{round((0.8 + t) * 1000) % 1000:03d}" for n, t in enumerate(TIMES)
    ]
    np.testing.assert_allclose(read_with(clip, write_times(tmp_path / "night.txt", night))[0], TIMES, atol=1e-6)
    steps = [f"{n} {t + (3600 if n < 4 else 0):.3f}" for n, t in enumerate(0.04 * np.arange(N_FRAMES))]
    times, _, notes = read_with(clip, write_times(tmp_path / "set.txt", steps))
    np.testing.assert_allclose(times, 0.04 * np.arange(N_FRAMES), atol=1e-6)
    assert len(notes) == 1


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "0 of 0 lines are no frame times"),
        (
            ["one", "two", "three"],
            "lines are no frame times; expected a line per frame: its number, and a time such as",
        ),
        (
            [f"{n} {40_000_000_000 * n}" for n in range(8)],
            r"times go up by 4e\+10 per frame; expected seconds, or dates and times",
        ),
        ([f"{n} {4e-12 * n:.12f}" for n in range(8)], "times go up by 4e-12 per frame; expected seconds"),
    ],
)
def test_what_is_no_list_of_times_is_refused_in_one_line(tmp_path: Path, lines: list[str], message: str) -> None:
    path = write_times(tmp_path / "times.txt", lines)
    with pytest.raises(CorruptDataError, match=message) as caught:
        read_frame_times(path)
    assert "\n" not in str(caught.value)
    with pytest.raises(MissingDataError, match="expected a line per frame"):
        read_frame_times(tmp_path / "absent.txt")
