"""A frame is what a player shows: turned, mirrored and with square pixels, by whatever header says it."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from video_files import HEIGHT, TURNS, WIDTH, draw, remux, store, turn_by_header, write_film

from ecg_facial.face.display import PLAIN, read_display
from ecg_facial.face.frames import VideoFrame
from ecg_facial.face.video import probe_video, read_frames
from ecg_facial.runtime.typing import Float64Array, UInt8Array

TURNED_BY_SOME = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), 17.0, 0.9)


def first_frame(path: Path) -> VideoFrame:
    return next(read_frames(path))


def shown(frame: VideoFrame) -> UInt8Array:
    return frame.small_rgb(max(frame.width, frame.height))[0]


def differ(one: UInt8Array, other: UInt8Array) -> float:
    assert one.shape == other.shape
    return float(np.abs(one.astype(int) - other).mean())


def write_still(path: Path, picture: UInt8Array, **about: object) -> Path:
    return write_film(path, [picture] * 2, [0.0, 0.04], time_base=Fraction(1, 25), **about)  # type: ignore[arg-type]  # on purpose


def warp(frame: VideoFrame, matrix: Float64Array = TURNED_BY_SOME) -> UInt8Array:
    return frame.warp_rgb(np.asarray(matrix, dtype=np.float64), 48)


@pytest.mark.parametrize("container", ["mp4", "mov", "mkv"])
@pytest.mark.parametrize("turn", TURNS)
def test_a_turned_film_is_shown_upright(tmp_path: Path, turn: str, container: str) -> None:
    upright = first_frame(write_still(tmp_path / "upright.mp4", draw()))
    path = turn_by_header(write_still(tmp_path / "turned.mp4", store(draw(), turn)), turn)
    frame = first_frame(path if container == "mp4" else remux(path, tmp_path / f"turned.{container}"))
    assert (frame.width, frame.height) == (WIDTH, HEIGHT)
    assert differ(shown(frame), shown(upright)) < 3
    assert differ(warp(frame), warp(upright)) < 3


@pytest.mark.parametrize(
    ("width", "aspect"), [(WIDTH // 2, Fraction(2)), (WIDTH * 2, Fraction(1, 2)), (72, Fraction(4, 3))]
)
@pytest.mark.parametrize("container", ["mp4", "mkv", "h264", "avi"])
def test_pixels_are_made_square(tmp_path: Path, container: str, width: int, aspect: Fraction) -> None:
    """By the container's header or, in raw streams and AVI, the codec's."""
    large = draw(width=2 * WIDTH, height=2 * HEIGHT)
    squeezed = np.asarray(cv2.resize(large, (width, HEIGHT), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    path = write_still(tmp_path / f"squeezed.{container}", squeezed, aspect=aspect)
    frame, upright = first_frame(path), first_frame(write_still(tmp_path / "upright.mp4", draw()))
    assert frame.width / frame.height == WIDTH / HEIGHT
    # shown at the same size
    assert differ(frame.small_rgb(64)[0], upright.small_rgb(64)[0]) < 3
    zoom = upright.width / frame.width
    to_small = np.array([[zoom, 0, zoom / 2 - 0.5], [0, zoom, zoom / 2 - 0.5], [0, 0, 1]])
    assert differ(warp(frame, TURNED_BY_SOME @ to_small), warp(upright)) < 3


def test_a_squeezed_picture_that_lies_on_its_side_is_both_widened_and_turned(tmp_path: Path) -> None:
    """The pixels are those of the stored picture: it is widened first, then turned."""
    lying = store(draw(), "90")
    squeezed = np.asarray(cv2.resize(lying, (HEIGHT // 2, WIDTH), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    path = write_still(tmp_path / "phone.mp4", squeezed, aspect=Fraction(2))
    # a stretched film has another size in its track header, but the same matrix
    frame = first_frame(turn_by_header(path, "90"))
    assert (frame.width, frame.height) == (WIDTH, HEIGHT)
    assert differ(shown(frame), draw()) < 6
    info = probe_video(path)
    assert {info.width, info.height} == {WIDTH, HEIGHT}


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("aspect", [1.0, 2.0, 0.5])
def test_the_map_of_pixels_and_the_turn_of_a_picture_agree(turn: str, aspect: float) -> None:
    a, b, c, d = TURNS[turn]
    matrix = struct.pack("<9i", *(65536 * value for value in (a, b, 0, c, d, 0, 0, 0)), 1 << 30)
    display = read_display(matrix, Fraction(aspect))
    picture = draw(width=12, height=8)
    size = display.size(12, 8)
    stretched = size[::-1] if display.is_turned else size
    expected = display.turn(np.asarray(cv2.resize(picture, stretched), dtype=np.uint8))
    found = cv2.warpAffine(picture, display.matrix(12, 8), size, borderMode=cv2.BORDER_REPLICATE)
    assert expected.shape[1::-1] == size
    assert np.abs(expected.astype(int) - found).max() <= 3


@pytest.mark.parametrize(
    "matrix", [None, b"", b"\0" * 36, struct.pack("<9i", 46341, 46341, 0, -46341, 46341, 0, 0, 0, 1 << 30)]
)
@pytest.mark.parametrize("aspect", [None, Fraction(0), Fraction(1, 255), Fraction(1000)])
def test_a_header_that_makes_no_sense_leaves_the_picture_as_it_is(
    matrix: bytes | None, aspect: Fraction | None
) -> None:
    assert read_display(matrix, aspect) == PLAIN


def test_a_frame_may_state_a_turn_of_its_own(tmp_path: Path) -> None:
    """As phones write that are turned while they record: a message in the H.264 stream."""
    path = write_still(tmp_path / "clip.h264", draw())
    content = path.read_bytes()
    # message 47: no cancel, no flips, a quarter anticlockwise, for this picture
    bits = "0" + "0" + "0" + f"{0x4000:016b}" + "010" + "0" + "1"
    body = int(bits.ljust(24, "0"), 2).to_bytes(3, "big")
    message = b"\0\0\0\1\x06" + bytes([47, len(body)]) + body + b"\x80"
    at = content.index(b"\0\0\1\x65")
    at -= content[at - 1] == 0
    path.write_bytes(content[:at] + message + content[at:])
    frames = list(read_frames(path))
    assert [(frame.width, frame.height) for frame in frames] == [(HEIGHT, WIDTH), (WIDTH, HEIGHT)]
    assert differ(shown(frames[0]), np.rot90(draw())) < 3


def test_a_photograph_is_turned_as_its_exif_data_say(tmp_path: Path) -> None:
    encoded = cv2.imencode(".jpg", cv2.cvtColor(store(draw(), "90"), cv2.COLOR_RGB2BGR))[1].tobytes()
    # orientation 6: a quarter clockwise
    tiff = b"II*\0\x08\0\0\0" + struct.pack("<HHHIHH", 1, 0x0112, 3, 1, 6, 0) + b"\0\0\0\0"
    exif = b"Exif\0\0" + tiff
    segment = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
    (tmp_path / "1.jpg").write_bytes(encoded[:2] + segment + encoded[2:])
    frame = first_frame(tmp_path)
    assert (frame.width, frame.height) == (WIDTH, HEIGHT)
    assert differ(shown(frame), draw()) < 3
