"""A browser as a camera: what it may send, who may be one, and that its blocks are those of any source."""

from __future__ import annotations

import struct

import cv2
import numpy as np
import pytest
from fastapi.testclient import TestClient
from fuzzing import bounded_memory
from set_clock import SetClock

from ecg_facial.errors import CorruptDataError, SettingsError, SourceLostError
from ecg_facial.live.sources.contract import EcgBlock, VideoBlock
from ecg_facial.live.ward import Ward
from ecg_facial.service.app import make_app
from ecg_facial.service.browser_source import BrowserLink
from ecg_facial.service.jpeg import check_jpeg
from ecg_facial.service.tokens import TokenBook


def make_jpeg(width: int = 64, height: int = 48, *, progressive: bool = False) -> bytes:
    options = [cv2.IMWRITE_JPEG_PROGRESSIVE, int(progressive)]
    return cv2.imencode(".jpg", np.full((height, width, 3), (30, 60, 200), np.uint8), options)[1].tobytes()


def claim_size(jpeg: bytes, width: int, height: int) -> bytes:
    place = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:place] + struct.pack(">HH", height, width) + jpeg[place + 4 :]


def say(kind: int, captured_s: float, payload: bytes) -> bytes:
    return struct.pack("<Bd", kind, captured_s) + payload


@pytest.fixture
def link(clock: SetClock) -> BrowserLink:
    return BrowserLink("P7", takes_ecg=True, now=clock)


def test_pictures_and_ecg_carry_the_browsers_own_times(link: BrowserLink) -> None:
    camera, amplifier = link.sources
    offer = link.accept(ecg_fs_hz=250.0)
    infos = [camera.open(), amplifier.open()]
    assert [info.kind for info in infos] == ["video", "ecg"]
    assert len({info.clock for info in infos}) == 1
    assert (infos[1].rate_hz, infos[1].unit) == (250.0, "mV")
    offer.put(say(1, 7.25, make_jpeg()))
    offer.put(say(2, 7.5, np.array([0.5, np.inf, -0.25], "<f4").tobytes()))
    picture, ecg = camera.read(0.0), amplifier.read(0.0)
    assert isinstance(picture, VideoBlock)
    assert (picture.frame.time_s, picture.arrived_s) == (7.25, SetClock().now_s)
    assert (picture.frame.width, picture.frame.height) == (64, 48)
    red, green, blue = picture.frame.small_rgb(640)[0].reshape(-1, 3).mean(axis=0)
    assert red > 150 > green > blue
    assert isinstance(ecg, EcgBlock)
    np.testing.assert_array_equal(ecg.samples, [0.5, np.nan, -0.25])
    np.testing.assert_allclose(ecg.stamps_s, [7.5, 7.504, 7.508])
    assert camera.read(0.0) is None


def test_a_source_is_lost_without_a_browser_and_found_again_on_another_clock(link: BrowserLink) -> None:
    camera = link.sources[0]
    with pytest.raises(SourceLostError, match="no browser is the camera"):
        camera.open()
    first = link.accept(ecg_fs_hz=None)
    clock = camera.open().clock
    with pytest.raises(SourceLostError, match="gives no ECG"):
        link.sources[1].open()
    first.stop()
    with pytest.raises(SourceLostError, match="has stopped"):
        camera.read(0.0)
    link.accept(ecg_fs_hz=None)
    assert camera.open().clock != clock


def test_one_browser_at_a_time_is_the_camera_until_it_is_silent(link: BrowserLink, clock: SetClock) -> None:
    first = link.accept(ecg_fs_hz=None)
    with pytest.raises(SettingsError, match="another browser"):
        link.accept(ecg_fs_hz=None)
    clock.now_s += 6
    second = link.accept(ecg_fs_hz=None)
    assert first.is_stopped
    assert link.offer is second


@pytest.mark.parametrize("fs_hz", [0.0, 10.0, 1e6, float("nan")])
def test_an_ecg_of_an_impossible_rate_is_refused(link: BrowserLink, fs_hz: float) -> None:
    with pytest.raises(SettingsError, match="expected 50 to 4000"):
        link.accept(ecg_fs_hz=fs_hz)
    with pytest.raises(SettingsError, match="not taken from a browser"):
        BrowserLink("P8").accept(ecg_fs_hz=250.0)


@pytest.mark.parametrize(
    "message",
    [
        b"", b"\x01", say(1, 0.0, b""), say(3, 0.0, b"x"), say(1, float("nan"), make_jpeg()), say(1, 0.0, b"GIF89a..."),
        say(2, 0.0, b"123"), say(2, 0.0, bytes(4 * 2501)), say(1, 0.0, make_jpeg(progressive=True)),
        say(1, 0.0, b"\xff\xd8"), say(1, 0.0, b"\xff\xd8\xff\xe0\x00\x00\x00\x00\x00\x00"),
    ],
)  # fmt: skip
def test_messages_that_are_not_as_agreed_are_refused(link: BrowserLink, message: bytes) -> None:
    offer = link.accept(ecg_fs_hz=250.0)
    with pytest.raises(CorruptDataError):
        offer.put(message)


@pytest.mark.parametrize(("width", "height"), [(30_000, 30_000), (1921, 100), (1920, 1920), (0, 0), (65_535, 1)])
def test_a_jpeg_that_is_or_claims_to_be_too_large_is_never_decoded(width: int, height: int) -> None:
    bomb = claim_size(make_jpeg(), width, height)
    with bounded_memory(10 << 20), pytest.raises(CorruptDataError, match="pixels"):
        check_jpeg(bomb)


def test_many_scans_are_refused_and_usual_pictures_are_not() -> None:
    jpeg = make_jpeg(1920, 1080)
    assert check_jpeg(jpeg) == (1920, 1080)
    with pytest.raises(CorruptDataError, match="scans"):
        check_jpeg(jpeg + b"\xff\xda" * 5)


def test_a_damaged_picture_is_left_out_and_the_newest_are_kept(link: BrowserLink) -> None:
    offer, camera = link.accept(ecg_fs_hz=None), link.sources[0]
    camera.open()
    jpeg = make_jpeg()
    offer.put(say(1, 0.0, jpeg[: jpeg.index(b"\xff\xda")]))
    assert camera.read(0.0) is None
    for number in range(60):
        offer.put(say(1, float(number), jpeg))
    first = camera.read(0.0)
    assert isinstance(first, VideoBlock)
    assert first.frame.time_s == 10.0


def test_a_page_offers_its_camera_and_stops(ward: Ward, book: TokenBook) -> None:
    link = BrowserLink("P7")
    headers = {"Authorization": f"Bearer {book.add('test')}"}

    def settle(socket: object) -> list[str]:
        """List the problems that were told, up to that of an unknown message, which is dealt with last."""
        socket.send_text("{}")  # type: ignore[attr-defined]
        problems: list[str] = []
        while not problems or "unknown type" not in problems[-1]:
            told = socket.receive_json()  # type: ignore[attr-defined]
            problems += [told["detail"]] if told["type"] == "problem" else []
        return problems[:-1]

    with TestClient(make_app(ward, book=book, links={"P7": link}), headers=headers) as client:
        assert [one["accepts_browser"] for one in client.get("/v1/patients").json()] == [True, False]
        with client.websocket_connect("/v1/stream") as socket:
            socket.send_json({"type": "offer", "patient": "P8"})
            socket.send_bytes(say(1, 1.0, make_jpeg()))
            socket.send_json({"type": "offer", "patient": "P7", "ecg_fs_hz": "fast"})
            refused, stray, rate = settle(socket)
            assert "takes no browser" in refused
            assert "without an offer" in stray
            assert "ecg_fs_hz is no number" in rate
            socket.send_json({"type": "offer", "patient": "P7", "ecg_fs_hz": None})
            socket.send_bytes(say(1, 1.0, make_jpeg()))
            assert settle(socket) == []
            camera = link.sources[0]
            camera.open()
            assert isinstance(camera.read(5.0), VideoBlock)
            socket.send_json({"type": "stop"})
            assert settle(socket) == []
            assert link.offer is None
            socket.send_json({"type": "offer", "patient": "P7"})
            assert settle(socket) == []
            assert link.offer is not None
    assert link.offer is None
