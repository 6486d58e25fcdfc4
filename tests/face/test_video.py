"""Frames have their times; crops of planes equal crops of the whole picture; unreadable videos are named."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from ecg_facial.errors import CorruptDataError, MissingDataError
from ecg_facial.face import decoding
from ecg_facial.face.display import Display
from ecg_facial.face.video import RgbFrame, VideoFrame, YuvFrame, probe_video, read_frames
from ecg_facial.recording import VideoRef
from ecg_facial.runtime.typing import Float64Array, UInt8Array

WIDTH, HEIGHT, N_FRAMES, FPS = 160, 120, 20, 25


def smooth_picture(number: int = 0, *, width: int = WIDTH, height: int = HEIGHT) -> UInt8Array:
    """Colours without edges, so that compression changes them little; brighter from frame to frame, 50 times."""
    y, x = np.mgrid[0:height, 0:width]
    red, green = 40 + 150 * x / width, 200 - 120 * y / height
    return np.stack([red, green, 60 + 100 * x * y / width / height], axis=-1).astype(np.uint8) + np.uint8(number % 50)


def write_video(
    path: Path,
    *,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    width: int = WIDTH,
    height: int = HEIGHT,
    times: list[int] | None = None,
    faststart: bool = False,
) -> Path:
    """Frames at the given multiples of 1/25 s."""
    options = {"movflags": "faststart"} if faststart else {}
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(codec, rate=FPS)
        stream.width, stream.height, stream.pix_fmt = width, height, pixels
        stream.codec_context.time_base = Fraction(1, FPS)
        for number, time in enumerate(times or range(N_FRAMES)):
            frame = av.VideoFrame.from_ndarray(smooth_picture(number, width=width, height=height), format="rgb24")
            frame.pts, frame.time_base = time, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("clip") / "clip.mp4", faststart=True)


def read_all(path: Path, **part: float) -> list[VideoFrame]:
    return list(read_frames(VideoRef(path=path), **part))


def turned(scale: float, angle: float, *, width: int = WIDTH, height: int = HEIGHT, size: int = 48) -> Float64Array:
    """Matrix that turns and scales about the picture's middle into the middle of a crop."""
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, scale)
    matrix[:, 2] += size / 2 - np.array([width / 2, height / 2])
    return np.asarray(matrix, dtype=np.float64)


def test_frames_have_their_times_size_and_colours(clip: Path) -> None:
    frames = read_all(clip)
    np.testing.assert_allclose([frame.time_s for frame in frames], np.arange(N_FRAMES) / FPS, atol=1e-9)
    for number in (0, 7, 19):
        frame = frames[number]
        assert (frame.width, frame.height) == (WIDTH, HEIGHT)
        shown, scale = frame.small_rgb(1000)
        assert scale == 1.0
        assert np.abs(shown.astype(int) - smooth_picture(number)).mean() < 2.0


def test_uneven_timestamps_are_kept(tmp_path: Path) -> None:
    times = [0, 1, 2, 5, 6, 30]
    frames = read_all(write_video(tmp_path / "uneven.mp4", times=times))
    np.testing.assert_allclose([frame.time_s for frame in frames], np.array(times) / FPS, atol=1e-6)


def test_times_count_from_the_first_frame(tmp_path: Path) -> None:
    frames = read_all(write_video(tmp_path / "late.mkv", times=[50, 51, 52]))
    np.testing.assert_allclose([frame.time_s for frame in frames], [0.0, 0.04, 0.08], atol=2e-3)


@pytest.mark.parametrize(
    ("start_s", "duration_s", "expected"),
    [(0.0, 0.2, range(5)), (0.2, 0.2, range(5, 10)), (0.12, 0.08, range(3, 5)), (0.7, None, range(18, 20)), (9, 1, ())],
)
def test_a_part_holds_the_frames_that_begin_in_it(
    clip: Path, start_s: float, duration_s: float | None, expected: range
) -> None:
    frames = read_frames(VideoRef(path=clip), start_s=start_s, duration_s=duration_s)
    assert [round(frame.time_s * FPS) for frame in frames] == list(expected)


def test_neighbouring_parts_neither_share_nor_lose_a_frame(tmp_path: Path) -> None:
    """Starts such as 3 * 0.1 are not exactly those of the frames."""
    path = write_video(tmp_path / "long.mp4", times=list(range(60)))
    parts = [read_all(path, start_s=number * 0.12, duration_s=0.12) for number in range(20)]
    assert [len(part) for part in parts] == [3] * 20


@pytest.mark.parametrize(("scale", "angle"), [(1.0, 0.0), (0.8, 17.0), (0.3, -30.0), (0.15, 5.0), (2.0, 45.0)])
@pytest.mark.parametrize(
    ("codec", "pixels", "suffix"),
    [
        ("libx264", "yuv420p", "mp4"),
        ("libx264", "yuv444p", "mp4"),
        ("mjpeg", "yuvj420p", "mov"),
        ("png", "rgb24", "mov"),
    ],
)
def test_warping_planes_equals_warping_the_picture(
    tmp_path: Path, codec: str, pixels: str, suffix: str, scale: float, angle: float
) -> None:
    frame = read_all(write_video(tmp_path / f"clip.{suffix}", codec=codec, pixels=pixels, times=[0]))[0]
    matrix = turned(scale, angle)
    whole = RgbFrame(smooth_picture(), 0.0).warp_rgb(matrix, 48)
    part = frame.warp_rgb(matrix, 48)
    assert part.shape == (48, 48, 3)
    inside = (whole > 0).all(axis=2) & (part > 0).all(axis=2)
    inside = cv2.erode(inside.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    difference = part[inside].astype(int) - whole[inside]
    assert inside.sum() > 100
    assert np.abs(difference).mean() < 3.0
    assert np.abs(difference.mean(axis=0)).max() < 2.5


@pytest.mark.parametrize("scale", [0.5, 0.25, 0.12])
def test_shrinking_does_not_alias_nor_shift(scale: float) -> None:
    """Stripes finer than a pixel of the crop become grey, and a broad bump stays where the matrix puts it."""
    stripes = np.repeat(np.tile(np.array([0, 255], np.uint8), 160)[None, :, None], 240, axis=0).repeat(3, axis=2)
    grey = RgbFrame(stripes, 0.0).warp_rgb(turned(scale, 0.0, width=320, height=240, size=24), 24)
    assert np.abs(grey[4:-4, 4:-4].astype(int) - 127).max() < 30
    y, x = np.mgrid[0:240, 0:320]
    bump = np.exp(-((x - 170.0) ** 2 + (y - 110.0) ** 2) * scale**2 / 2 / 3.0**2)
    picture = np.repeat((255 * bump).astype(np.uint8)[..., None], 3, axis=2)
    matrix = turned(scale, 0.0, width=320, height=240, size=48)
    weights = RgbFrame(picture, 0.0).warp_rgb(matrix, 48)[..., 0].astype(float)
    rows, columns = np.mgrid[0:48, 0:48]
    centre = np.array([(columns * weights).sum(), (rows * weights).sum()]) / weights.sum()
    np.testing.assert_allclose(centre, matrix @ [170.0, 110.0, 1.0], atol=0.3)


def test_outside_of_the_frame_is_black() -> None:
    frame = RgbFrame(np.full((60, 80, 3), 200, np.uint8), 0.0)
    far = np.array([[1.0, 0, -500], [0, 1.0, -500]])
    assert not frame.warp_rgb(far, 32).any()
    beside = frame.warp_rgb(np.array([[1.0, 0, 16], [0, 1.0, 0]]), 32)
    assert not beside[:, :15].any()
    assert (beside[:, 17:] == 200).all()


def as_planes(pixels: str, *, full_range: bool, picture: UInt8Array) -> YuvFrame:
    frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(
        format=pixels, dst_colorspace="ITU601", dst_color_range="JPEG" if full_range else "MPEG"
    )
    frame.color_range = 2 if full_range else 1
    return YuvFrame(frame, 0.0)


@pytest.mark.parametrize(
    ("pixels", "full_range"), [("yuv420p", False), ("yuv420p", True), ("yuvj420p", True), ("yuv444p", False)]
)
@pytest.mark.parametrize(("scale", "angle"), [(1.0, 0.0), (0.8, 17.0), (0.3, -30.0), (0.12, 5.0), (2.0, 45.0)])
def test_pictures_and_planes_are_the_same_black_outside_of_the_frame(
    pixels: str, full_range: bool, scale: float, angle: float
) -> None:
    """At every corner of the frame, its border included, for even and odd sizes."""
    for width, height in ((WIDTH, HEIGHT), (WIDTH - 1, HEIGHT - 1)):
        picture = smooth_picture(width=width, height=height)
        planes = as_planes(pixels, full_range=full_range, picture=picture)
        for corner in ((0, 0), (width, 0), (0, height), (width, height)):
            matrix = turned(scale, angle, width=2 * corner[0], height=2 * corner[1])
            expected, found = RgbFrame(picture, 0.0).warp_rgb(matrix, 48), planes.warp_rgb(matrix, 48)
            rows, columns = np.mgrid[0:48, 0:48]
            x, y = np.einsum("ij,jrc->irc", cv2.invertAffineTransform(matrix), [columns, rows, np.ones_like(rows)])
            margin = max(1 / scale, 1.0) + 0.1
            outside = (x < -margin) | (y < -margin) | (x > width - 1 + margin) | (y > height - 1 + margin)
            assert outside.sum() > 400
            assert not expected[outside].any()
            assert not found[outside].any()
            difference = found.astype(int) - expected
            assert np.abs(difference[~outside]).mean() < 3.0
            assert np.abs(difference).max() <= 12


def test_crops_wholly_outside_of_a_decoded_frame_are_black() -> None:
    frame = as_planes("yuv420p", full_range=False, picture=smooth_picture())
    for x, y in ((-500, -500), (500, 0), (0, 400)):
        assert not frame.warp_rgb(np.array([[1.0, 0, x], [0, 1.0, y]]), 32).any()


def test_a_much_shrunk_part_of_a_frame_has_no_dark_border() -> None:
    frame = RgbFrame(np.full((800, 800, 3), 200, np.uint8), 0.0)
    assert (frame.warp_rgb(turned(1 / 12, 0.0, width=800, height=800, size=32), 32) == 200).all()


@pytest.mark.parametrize(("width", "height"), [(101, 75), (640, 360)])
def test_a_small_picture_has_the_stated_scale(tmp_path: Path, width: int, height: int) -> None:
    path = write_video(tmp_path / "odd.mov", codec="mjpeg", pixels="yuvj420p", width=width, height=height, times=[0])
    for frame in (read_all(path)[0], RgbFrame(smooth_picture(width=width, height=height), 0.0)):
        small, scale = frame.small_rgb(64)
        assert max(small.shape) == 64
        assert scale == 64 / width
        assert small.shape[0] == round(height * scale)


def test_probing_says_what_the_header_says(clip: Path) -> None:
    info = probe_video(clip)
    assert (info.width, info.height, info.fps, info.n_frames, info.codec) == (WIDTH, HEIGHT, 25.0, N_FRAMES, "h264")
    assert info.duration_s == pytest.approx(0.8)


@pytest.mark.parametrize("share", [0.97, 0.8])
def test_a_file_that_was_cut_off_is_read_up_to_the_cut(clip: Path, tmp_path: Path, share: float) -> None:
    content = clip.read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(content[: int(len(content) * share)])
    frames = read_frames(path)
    times = [frame.time_s for frame in frames]
    assert 0 < len(times) < N_FRAMES
    np.testing.assert_allclose(times, np.arange(len(times)) / FPS, atol=0.1)
    assert frames.notes[0].startswith(f"cut off at {path.stat().st_size} of at least {len(content)} bytes: ")


@pytest.mark.parametrize("share", [0.2, 0.1, 0.0])
def test_a_file_of_which_nothing_is_left_is_corrupt(clip: Path, tmp_path: Path, share: float) -> None:
    content = clip.read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(CorruptDataError, match=r"cut.mp4: .*copy it again") as caught:
        read_all(path)
    assert "\n" not in str(caught.value)


def test_importing_leaves_the_log_of_ffmpeg_to_the_host() -> None:
    program = (
        "import av; before = av.logging.get_level()\n"
        "import ecg_facial.face.video; print(before, av.logging.get_level())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    before, after = done.stdout.split()
    assert after == before


@pytest.mark.parametrize("level", [None, av.logging.ERROR])
def test_reading_leaves_the_log_of_ffmpeg_to_the_host(
    level: int | None, clip: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is said by default; a host that asks for the log gets it by Python's logging."""
    damaged = tmp_path / "cut.mp4"
    damaged.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    at_first = av.logging.get_level()
    av.logging.set_level(level)
    try:
        read_all(clip)
        assert not caplog.records
        with pytest.raises(CorruptDataError):
            read_all(damaged)
        assert av.logging.get_level() == level
    finally:
        av.logging.set_level(at_first)
    assert bool(caplog.records) == (level is not None)
    assert capfd.readouterr() == ("", "")


def test_what_is_no_video_is_corrupt(tmp_path: Path) -> None:
    path = tmp_path / "notes.mp4"
    path.write_text("no video at all\n" * 50)
    for function in (read_all, probe_video):
        with pytest.raises(CorruptDataError, match="not a readable video"):
            function(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 1\n", "a pointer of Git LFS"),
        (b"/annex/objects/SHA256E-s100--ab.mp4\n", "a pointer of git-annex"),
        (b"<!DOCTYPE html><html></html>", "a page of the web"),
        (b"\x1f\x8b\x08\0" + bytes(60), "not a video but a compressed file; unpack it first"),
        (b"\0\0\0\x18ftypisom\0\0\2\0isomiso2" + bytes(200), r"its index \(moov\) is missing"),
    ],
)
def test_what_lies_in_the_place_of_a_video_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "clip.mp4").write_bytes(content)
    with pytest.raises(CorruptDataError, match=f"clip.mp4: .*{said}"):
        list(read_frames(tmp_path / "clip.mp4"))


def test_a_codec_that_nobody_knows_is_said(clip: Path, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(clip.read_bytes().replace(b"avc1", b"zzz1").replace(b"avcC", b"zzzC"))
    with pytest.raises(CorruptDataError, match="a codec that FFmpeg does not know"):
        list(read_frames(path))


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(CorruptDataError, match="no video stream; expected a video such as"):
        read_all(path)


def test_a_missing_file_is_missing(tmp_path: Path) -> None:
    for function in (read_all, probe_video):
        with pytest.raises(MissingDataError, match="no such file; check the path of the video"):
            function(tmp_path / "nowhere.mp4")


def write_images(folder: Path, names: list[str]) -> Path:
    for number, name in enumerate(names):
        picture = np.full((24, 32, 3), (10 * number, 0, 200), np.uint8)
        cv2.imwrite(str(folder / name), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    return folder


def test_a_stretch_is_the_frames_that_it_names_on_its_own_clock(clip: Path, tmp_path: Path) -> None:
    part = list(read_frames(VideoRef(path=clip, start_s=0.2, duration_s=0.4)))
    expected = read_all(clip)[5:15]
    assert [round(FPS * frame.time_s) for frame in part] == list(range(10))
    for found, wanted in zip(part, expected, strict=True):
        np.testing.assert_array_equal(found.small_rgb(WIDTH)[0], wanted.small_rgb(WIDTH)[0])
    inner = list(read_frames(VideoRef(path=clip, start_s=0.2, duration_s=0.4), start_s=0.2, duration_s=9.0))
    assert [round(FPS * frame.time_s) for frame in inner] == list(range(5, 10))


@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_a_late_stretch_is_found_without_decoding_all_before_it(
    codec: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    n_frames, start_s = 1000, 30.0
    path = write_video(tmp_path / "long.mp4", codec=codec, width=64, height=48, times=list(range(n_frames)))
    wanted = [frame for frame in read_all(path) if start_s <= frame.time_s < start_s + 1.0]
    decoded = []

    class Counting(YuvFrame):
        def __init__(self, frame: av.VideoFrame, time_s: float, *, display: Display) -> None:
            decoded.append(time_s)
            super().__init__(frame, time_s, display=display)

    monkeypatch.setattr(decoding, "YuvFrame", Counting)
    found = list(read_frames(VideoRef(path=path, start_s=start_s, duration_s=1.0)))
    assert len(found) == len(wanted) == FPS
    for late, before in zip(found, wanted, strict=True):
        assert late.time_s == pytest.approx(before.time_s - start_s)
        np.testing.assert_array_equal(late.small_rgb(64)[0], before.small_rgb(64)[0])
    # frames before the stretch are decoded, but nothing is made of them
    assert len(decoded) == FPS


def test_a_stretch_of_a_folder_opens_its_own_images_alone(tmp_path: Path) -> None:
    write_images(tmp_path, [f"{number}.png" for number in range(6)])
    for number in (0, 1, 4, 5):
        (tmp_path / f"{number}.png").write_bytes(b"not a picture")
    part = list(read_frames(VideoRef(path=tmp_path, fps=10.0, start_s=0.2, duration_s=0.2)))
    assert [frame.small_rgb(32)[0][0, 0].tolist() for frame in part] == [[20, 0, 200], [30, 0, 200]]
    np.testing.assert_allclose([frame.time_s for frame in part], [0.0, 0.1], atol=1e-9)
