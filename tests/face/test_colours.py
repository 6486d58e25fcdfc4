"""Pictures of any pixel format, range and matrix have the colours that were filmed."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from video_files import draw, write_film

from ecg_facial.face.frames import YuvFrame
from ecg_facial.face.video import read_frames
from ecg_facial.runtime.typing import UInt8Array

BT601, BT709, BT2020 = 5, 1, 9
LIMITED, FULL = 1, 2
# chroma at half the size rounds edges off, and video keeps 220 levels of 256
CLOSE = 3.0


def from_matrix(picture: UInt8Array, weights: tuple[float, float], *, full: bool, bits: int) -> list[np.ndarray]:
    """Planes of a picture by the definition: luma of weighted red, green and blue, and two differences."""
    red, blue = weights
    rgb = picture.astype(float)
    luma = red * rgb[..., 0] + (1 - red - blue) * rgb[..., 1] + blue * rgb[..., 2]
    differences = [(rgb[..., 2] - luma) / (2 * (1 - blue)), (rgb[..., 0] - luma) / (2 * (1 - red))]
    most = (1 << bits) - 1
    if full:
        planes = [luma / 255 * most, *(most * plane / 255 + (1 << (bits - 1)) for plane in differences)]
    else:
        unit = 1 << (bits - 8)
        planes = [unit * (16 + luma * 219 / 255), *(unit * (128 + plane * 224 / 255) for plane in differences)]
    return [np.clip(np.rint(plane), 0, most) for plane in planes]


def make_frame(pixels: str, planes: list[np.ndarray], *, full: bool, space: int) -> av.VideoFrame:
    height, width = planes[0].shape
    frame = av.VideoFrame(width, height, pixels)
    for target, plane in zip(frame.planes, planes, strict=False):
        wide = target.line_size // target.width > 1
        kind = np.dtype("<u2" if wide else np.uint8)
        rows = np.zeros((target.height, target.line_size // kind.itemsize), kind)
        y, x = height // target.height, width // target.width
        rows[:, : target.width] = plane[::y, ::x]
        target.update(rows.tobytes())
    frame.color_range, frame.colorspace = FULL if full else LIMITED, space
    return frame


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(
    ("space", "weights"), [(BT601, (0.299, 0.114)), (BT709, (0.2126, 0.0722)), (BT2020, (0.2627, 0.0593))]
)
@pytest.mark.parametrize(
    "pixels", ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p12le", "yuva420p"]
)
def test_planes_become_the_colours_that_they_stand_for(
    pixels: str, space: int, weights: tuple[float, float], full: bool
) -> None:
    bits = 12 if "12" in pixels else 10 if "10" in pixels else 8
    picture = draw(30)
    frame = make_frame(pixels, from_matrix(picture, weights, full=full, bits=bits), full=full, space=space)
    found = YuvFrame(frame, 0.0).small_rgb(1000)[0].astype(int)
    assert np.abs(found - picture).mean() < CLOSE
    assert np.abs((found - picture).mean(axis=(0, 1))).max() < 1.5


@pytest.mark.parametrize(
    "pixels", ["nv12", "yuyv422", "uyvy422", "p010le", "rgb24", "bgra", "gbrp", "yuv420p10be", "yuv410p", "yuv440p"]
)
@pytest.mark.parametrize("full", [False, True])
def test_formats_of_cameras_and_screens_have_the_same_colours(pixels: str, full: bool) -> None:
    picture = draw(30)
    limits = "JPEG" if full else "MPEG"
    frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=pixels, dst_color_range=limits)
    if pixels not in ("rgb24", "bgra", "gbrp"):
        frame.color_range = FULL if full else LIMITED
    found = YuvFrame(frame, 0.0).small_rgb(1000)[0].astype(int)
    assert np.abs(found - picture).mean() < 2 * CLOSE
    assert np.abs((found - picture).mean(axis=(0, 1))).max() < CLOSE


@pytest.mark.parametrize(("pixels", "bits"), [("gray", 8), ("gray10le", 10), ("gray16le", 16)])
@pytest.mark.parametrize("full", [None, False, True])
def test_grey_pictures_are_grey_and_of_full_range_unless_they_say_otherwise(
    pixels: str, bits: int, full: bool | None
) -> None:
    grey = np.tile(np.linspace(0, 255, 64).round(), (32, 1))
    planes = from_matrix(
        np.repeat(grey[..., None], 3, axis=2).astype(np.uint8), (0.299, 0.114), full=full is not False, bits=bits
    )
    frame = make_frame(pixels, planes[:1], full=full is not False, space=BT601)
    if full is None:
        frame.color_range = 0
    found = YuvFrame(frame, 0.0).small_rgb(1000)[0]
    assert np.abs(found.astype(int) - grey[..., None]).max() <= 1


def test_blacker_than_black_is_black() -> None:
    """Cameras and compression write luma below 16; it is not a mirror image of what is above."""
    planes = [np.tile(np.arange(64) % 17, (32, 1)), np.full((32, 64), 128), np.full((32, 64), 128)]
    found = YuvFrame(make_frame("yuv444p", planes, full=False, space=BT601), 0.0).small_rgb(1000)[0]
    assert found.max() == 0


def test_a_stretched_plane_of_chroma_stays_in_its_place(tmp_path: Path) -> None:
    """Crops of 4:2:2, 4:4:4 and 4:1:1 pictures equal those of 4:2:0."""
    matrix = np.array([[0.6, 0.1, 3.0], [-0.1, 0.6, 6.0]])
    crops = []
    for pixels in ("yuv420p", "yuv422p", "yuv444p", "yuv411p"):
        planes = from_matrix(draw(30), (0.299, 0.114), full=False, bits=8)
        # the mean of the pixels under each one of chroma
        frame = make_frame("yuv444p", planes, full=False, space=BT601).reformat(format=pixels)
        frame.color_range, frame.colorspace = LIMITED, BT601
        crops.append(YuvFrame(frame, 0.0).warp_rgb(matrix, 48).astype(int))
    for other in crops[1:]:
        assert np.abs(other - crops[0]).mean() < CLOSE


@pytest.mark.parametrize(
    ("codec", "pixels", "suffix"),
    [
        ("libx264", "yuv420p10le", "mp4"),
        ("libx264", "yuv422p", "mp4"),
        ("libx264", "yuv444p", "mkv"),
        ("libx264", "gray", "mp4"),
        ("libx264rgb", "rgb24", "mkv"),
        ("ffv1", "yuv444p16le", "mkv"),
        ("ffv1", "gray", "mkv"),
        ("rawvideo", "yuyv422", "avi"),
        ("gif", "rgb8", "gif"),
        ("mpeg4", "yuv420p", "avi"),
    ],
)
def test_files_of_all_kinds_show_their_pictures(tmp_path: Path, codec: str, pixels: str, suffix: str) -> None:
    picture = draw(30)
    path = write_film(tmp_path / f"clip.{suffix}", [picture] * 3, [0.0, 0.04, 0.08], codec=codec, pixels=pixels)
    found = next(read_frames(path)).small_rgb(1000)[0].astype(int)
    expected = np.repeat((picture @ [0.299, 0.587, 0.114])[..., None], 3, axis=2) if pixels == "gray" else picture
    assert np.abs(found - expected).mean() < (20 if codec == "gif" else 2 * CLOSE)


@pytest.mark.parametrize("space", [BT601, BT709, BT2020])
def test_a_stream_states_its_matrix(tmp_path: Path, space: int) -> None:
    picture = np.full((64, 96, 3), (200, 60, 40), np.uint8)
    colours = {"colorspace": space, "color_range": LIMITED}
    path = write_film(tmp_path / "clip.mp4", [picture] * 2, [0.0, 0.04], colours=colours)
    found = next(read_frames(path)).small_rgb(1000)[0].astype(int)
    assert np.abs(found - picture).max() <= 4


@pytest.mark.parametrize(("width", "height"), [(97, 65), (95, 64), (2, 2), (1, 1), (33, 480)])
def test_odd_sizes_are_read_whole(width: int, height: int) -> None:
    frame = av.VideoFrame.from_ndarray(draw(width=width, height=height), format="rgb24").reformat(format="yuv420p")
    shown = YuvFrame(frame, 0.0)
    assert shown.small_rgb(1000)[0].shape == (height, width, 3)
    assert shown.warp_rgb(np.array([[1.0, 0, 0], [0, 1.0, 0]]), 16).shape == (16, 16, 3)
