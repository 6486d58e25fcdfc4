"""Videos: one film, in all containers, codecs and stamps, is read with its times; damage costs little."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
from fuzzing import attempt, attempt_and_read
from video_files import TURNS, draw, join, read_number, store, turn_by_header, write_film, write_images, write_stamped

from ecg_facial.face.frame_times import read_frame_times
from ecg_facial.face.video import FrameReader, probe_video, read_frames
from ecg_facial.recording import VideoRef

N_FRAMES = 24
RATES = (10, 15, 25, 30, 50)
# codec, containers, whether stamps may vary
CODECS = {
    "libx264": (("mp4", "mov", "mkv", "ts", "flv", "avi", "h264"), {"crf": "18", "preset": "ultrafast"}),
    "mpeg4": (("mp4", "mkv", "avi"), {"b": "4000000", "qmax": "2"}),
    "mpeg2video": (("mpg", "ts", "mkv", "m2v"), {"b": "4000000", "qmax": "2"}),
    "mjpeg": (("avi", "mkv", "mov"), {}),
    "ffv1": (("mkv", "avi"), {}),
    "libvpx": (("webm", "mkv"), {"deadline": "realtime", "cpu-used": "8", "b": "2000000"}),
}
# containers without stamps, or of one rate
REGULAR = ("avi", "h264", "m2v", "mpg")
TICKS = {"ts": 90000, "flv": 1000, "mkv": 1000, "webm": 1000}
# MPEG-2 knows these rates alone
RATES_OF_MPEG = (25, 30, 50)
# loggers and film of a minute at most; FFmpeg needs its own memory, which is not counted
MOST_BYTES = 64 << 20


def draw_times(rng: np.random.Generator, rate: int, container: str) -> list[float]:
    """Times of the frames: regular, or with dropped frames and pauses where the container can say so."""
    steps = np.full(N_FRAMES, 1 / rate)
    if container not in REGULAR and rng.random() < 0.5:
        steps[rng.integers(1, N_FRAMES, 3)] *= rng.integers(2, 30, 3)
    times = np.concatenate([[0.0], np.cumsum(steps[1:])])
    late = 0.0 if container in REGULAR else float(rng.choice([0.0, 0.0, 2.0, 7.2]))
    return [float(time) for time in times + late]


def write_any(rng: np.random.Generator, folder: Path) -> tuple[Path, np.ndarray]:
    """Draw codec, container, rate and stamps; give the file and the times of its frames."""
    codec = str(rng.choice(list(CODECS)))
    containers, options = CODECS[codec]
    container = str(rng.choice(containers))
    rate = int(rng.choice(RATES_OF_MPEG if codec == "mpeg2video" else RATES))
    options = options | {"g": str(rng.choice([1, 5, 12, 250]))}
    # key frames alone are late by a frame with it, and FFmpeg cuts the last of them behind a pause in an MP4
    if codec in ("libx264", "mpeg2video", "mpeg4") and options["g"] != "1" and rng.random() < 0.5:
        options |= {"bf": "2", "b_strategy": "0"}
    times = draw_times(rng, rate, container)
    # its encoder takes ticks of one frame alone
    by_frame = container in REGULAR or codec == "mpeg2video"
    base = Fraction(1, rate if by_frame else TICKS.get(container, rate if codec != "libx264" else 12800))
    times = [round(time / float(base)) * float(base) for time in times]
    path = write_film(
        folder / f"clip.{container}",
        (draw(number) for number in range(N_FRAMES)),
        times,
        codec=codec,
        pixels="yuvj420p" if codec == "mjpeg" else "yuv420p",
        rate=rate,
        time_base=base,
        options=options,
    )
    return path, np.array(times) - times[0]


def read_all(path: Path, **about: object) -> tuple[np.ndarray, np.ndarray, list[str]]:
    frames: FrameReader = read_frames(VideoRef(path=path, **about))  # type: ignore[arg-type]  # on purpose
    found = [(frame.time_s, read_number(frame.small_rgb(1000)[0])) for frame in frames]
    return np.array([time for time, _ in found]), np.array([number for _, number in found]), frames.notes


def test_a_film_is_read_with_its_times_in_every_container(rng: np.random.Generator, tmp_path: Path) -> None:
    path, truth = write_any(rng, tmp_path)
    times, numbers, notes = attempt_and_read(lambda: read_all(path), most_bytes=MOST_BYTES)
    assert len(times) == N_FRAMES, (path.name, len(times), notes)
    np.testing.assert_allclose(times, truth, atol=2e-3)
    np.testing.assert_allclose(numbers, np.arange(N_FRAMES), atol=2)
    assert not notes
    info = probe_video(path)
    assert abs(info.duration_s - truth[-1]) < 0.2
    # any stretch is that part of the whole
    begin_s = float(rng.uniform(0, truth[-1]))
    part = [frame.time_s + begin_s for frame in read_frames(VideoRef(path=path, start_s=begin_s))]
    np.testing.assert_allclose(part, truth[truth >= begin_s - 1e-6], atol=2e-3)


def test_a_turned_film_is_shown_upright(rng: np.random.Generator, tmp_path: Path) -> None:
    turn, size = str(rng.choice(list(TURNS))), (int(rng.integers(16, 60)) * 2, int(rng.integers(16, 60)) * 2)
    picture = draw(int(rng.integers(50)), width=size[0], height=size[1])
    path = write_film(tmp_path / "clip.mp4", [store(picture, turn)] * 2, [0.0, 0.04])
    frame = attempt_and_read(lambda: next(read_frames(turn_by_header(path, turn))))
    found = frame.small_rgb(1000)[0]
    assert found.shape == picture.shape
    assert np.abs(found.astype(int) - picture).mean() < 4


def test_restarts_of_the_clock_are_joined(rng: np.random.Generator, tmp_path: Path) -> None:
    container = str(rng.choice(["ts", "mkv"]))
    parts = []
    # FFmpeg reads two joined MKV files, not three
    for number in range(2 if container == "mkv" else int(rng.integers(2, 5))):
        late = float(rng.choice([0.0, 5.0, 3600.0]))
        base = Fraction(1, TICKS[container])
        times = [late + frame / 25 for frame in range(N_FRAMES)]
        path = tmp_path / f"{number}.{container}"
        parts.append(write_film(path, (draw(frame) for frame in range(N_FRAMES)), times, time_base=base))
    path = join(tmp_path / f"all.{container}", *parts)
    times, _, _ = attempt_and_read(lambda: read_all(path))
    assert len(times) == N_FRAMES * len(parts)
    steps = np.diff(times)
    assert steps.min() > 0
    # a part that begins later may be a pause, never hours
    assert np.median(steps) < 0.05
    assert times[-1] < 3700 * len(parts)


def test_a_few_wrong_stamps_cost_no_frame(rng: np.random.Generator, tmp_path: Path) -> None:
    stamps = 40 * np.arange(N_FRAMES)
    kind = str(rng.choice(["overtaken", "late", "early", "none"]))
    place = int(rng.integers(2, N_FRAMES - 3))
    if kind == "overtaken":
        stamps[[place, place + 1]] = stamps[[place + 1, place]]
    elif kind != "none":
        stamps[place] = {"late": int(rng.choice([10_000, 86_400_000])), "early": 0}[kind]
    path = write_stamped(tmp_path / "clip.mkv", stamps.tolist())
    times, numbers, notes = attempt_and_read(lambda: read_all(path))
    np.testing.assert_allclose(times, np.arange(N_FRAMES) / 25, atol=2e-3)
    np.testing.assert_allclose(numbers, np.arange(N_FRAMES), atol=2)
    assert bool(notes) == (kind != "none")


def hurt(rng: np.random.Generator, content: bytes) -> bytes:
    """Damage of disks and copies: bytes overwritten, taken out, put in twice, or cut off."""
    changed = bytearray(content)
    for _ in range(int(rng.integers(1, 6))):
        place, length = int(rng.integers(len(changed) + 1)), int(rng.choice([1, 6, 188, 1000]))
        kind = rng.integers(5)
        if kind == 0:
            changed[place : place + length] = rng.bytes(length)
        elif kind == 1:
            changed[place : place + length] = b"\0" * length
        elif kind == 2:
            del changed[place : place + length]
        elif kind == 3:
            changed[place:place] = changed[place : place + length]
        else:
            del changed[max(place, len(changed) // 2) :]
    return bytes(changed)


def test_a_damaged_film_is_frames_in_order_or_one_line(rng: np.random.Generator, tmp_path: Path) -> None:
    path, _ = write_any(rng, tmp_path)
    path.write_bytes(hurt(rng, path.read_bytes()))
    found = attempt(lambda: read_all(path, fps=25.0), most_bytes=MOST_BYTES)
    if isinstance(found, tuple):
        times = found[0]
        assert len(times) <= 2 * N_FRAMES
        assert (np.diff(times) > 0).all()
        assert np.isfinite(times).all()
        attempt_and_read(lambda: probe_video(VideoRef(path=path, fps=25.0)))


def test_a_folder_of_frames_keeps_the_gaps_of_its_numbers(rng: np.random.Generator, tmp_path: Path) -> None:
    first, fps = int(rng.choice([0, 1, 98, 99_998])), float(rng.choice(RATES))
    numbers = first + np.unique(np.concatenate([[0, 1, 2, 3], rng.integers(4, 40, 12)]))
    digits = int(rng.choice([1, 6]))
    name = str(rng.choice(["{}", "frame{}", "cam2_{}_left", "a-b ({})"]))
    names = [name.format(f"{number:0{digits}d}") + str(rng.choice([".png", ".PNG"])) for number in numbers]
    write_images(tmp_path, names)
    for leftover in rng.choice(["._x.png", "Thumbs.db", ".DS_Store", "desktop.ini"], 2):
        (tmp_path / str(leftover)).write_bytes(b"\0\5\x16\7" + bytes(20))
    times, shown, _ = attempt_and_read(lambda: read_all(tmp_path, fps=fps))
    np.testing.assert_allclose(times, (numbers - first) / fps, atol=1e-9)
    np.testing.assert_allclose(shown, np.arange(len(numbers)), atol=1)


def test_a_folder_of_frames_keeps_the_times_of_its_names(rng: np.random.Generator, tmp_path: Path) -> None:
    times_ms = np.cumsum([0, *rng.choice([33, 34, 33, 67, 500], 14)]) + int(rng.integers(700))
    form = str(rng.choice(["ms", "us", "ns", "fraction", "date"]))
    since = 1_580_465_472_000 + times_ms
    names = {
        "ms": [f"{number}" for number in since],
        "us": [f"cam1_{number}{rng.integers(1000):03d}" for number in since],
        "ns": [f"{number}000000-left" for number in since],
        "fraction": [f"{number // 1000}.{number % 1000:03d}000" for number in since],
        "date": [f"2020-01-31 23.5{8 + n // 60000}.{n // 1000 % 60:02d}.{n % 1000:03d}" for n in times_ms + 30_000],
    }[form]
    write_images(tmp_path, [f"{name}{rng.choice(['.png', '.PNG'])}" for name in names])
    for other in rng.choice(["cover.jpg", "folder.png", "._x.png"], int(rng.integers(3)), replace=False):
        write_images(tmp_path, [str(other)])
    fps = float(rng.choice(RATES)) if rng.random() < 0.5 else None
    times, shown, _ = attempt_and_read(lambda: read_all(tmp_path, fps=fps))
    np.testing.assert_allclose(times, (times_ms - times_ms[0]) / 1e3, atol=1.1e-3)
    np.testing.assert_allclose(shown, np.arange(len(times_ms)), atol=1)


def test_a_file_of_frame_times_is_read_in_every_spelling(rng: np.random.Generator, tmp_path: Path) -> None:
    times_s = np.cumsum([0.0, *rng.choice([0.033, 0.04, 0.08, 0.5], 30, p=[0.3, 0.4, 0.2, 0.1])])
    unit, per_second = [("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)][int(rng.integers(4))]
    start = int(rng.choice([0, 1_580_465_472])) * per_second
    mark = str(rng.choice(["\t", ";", ",", " ", ", "]))
    decimal = str(rng.choice([".", ","])) if mark in ("\t", ";", " ") else "."
    cells = [
        f"{start + time_s:.6f}".replace(".", decimal) if unit == "s" else f"{start + round(time_s * per_second)}"
        for time_s in times_s
    ]
    first, form = int(rng.choice([0, 1, 5000])), str(rng.choice(["{}", "img_{:05d}.png", "cam0/{:06d}.jpg"]))
    keys = [form.format(first + number) for number in range(len(cells))]
    # numbers without a mark of their own may be taken for a counter
    is_first = form != "{}" and rng.random() < 0.4
    rows = [mark.join([cell, key] if is_first else [key, cell]) for key, cell in zip(keys, cells, strict=True)]
    head = str(rng.choice(["{}timestamp [{}]", "{}time_{}", "{}Time ({})"])).format("", unit)
    names = ["frame", head]
    above = [mark.join(names[::-1] if is_first else names)] if rng.random() < 0.6 or unit != "s" else []
    above = [f"{'# ' if rng.random() < 0.5 else ''}{line}" for line in above]
    path = tmp_path / "times.txt"
    path.write_text("\n".join([*above, *rows, ""]))
    found = attempt_and_read(lambda: read_frame_times(path))
    np.testing.assert_allclose(found.stamps_s - found.stamps_s[0], times_s, atol=1e-5)
    assert found.keys == tuple(keys)


def test_a_file_of_frame_times_is_a_list_or_one_line(rng: np.random.Generator, tmp_path: Path) -> None:
    path = tmp_path / "times.txt"
    times = np.cumsum(rng.choice([0.02, 0.04, 0.08], 40))
    lines = [f"{number} 2024-05-0{1 + number // 30} 10:00:{time:09.6f}" for number, time in enumerate(times)]
    content = bytearray("\n".join(lines).encode())
    if rng.random() < 0.8:
        content = bytearray(hurt(rng, bytes(content)))
    path.write_bytes(bytes(content))
    attempt(lambda: read_frame_times(path))
    path.write_bytes(struct.pack("<40d", *times))
    attempt(lambda: read_frame_times(path))
