"""Windows put together from frames that were followed once equal those that are made of the frames, bit for bit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from ecg_facial.errors import SettingsError
from ecg_facial.face.detection import Face, FaceDetector
from ecg_facial.face.detectors.loading import load_detector
from ecg_facial.face.tracking import FaceFollower
from ecg_facial.face.video import RgbFrame, VideoFrame, read_frames
from ecg_facial.live.rings.faces import FaceRing
from ecg_facial.recording import VideoRef
from ecg_facial.runtime.typing import Float32Array, Float64Array, UInt8Array
from ecg_facial.simulate.head.identity import sample_identity
from ecg_facial.simulate.head.renderer import FaceRenderer, Pose
from ecg_facial.windows.faces import FacePart
from ecg_facial.windows.making import make_window, make_window_from
from ecg_facial.windows.settings import WindowSettings
from tests.helpers.staged_faces import Stage, face_at

SMALL = WindowSettings(window_s=2.0, n_frames=6, crop_px=32)
RATES = {
    "25 fps": np.arange(150) / 25,
    "30 fps": np.arange(180) / 30,
    "29.97 fps": np.arange(180) * 1001 / 30000,
    "stamps in ms": np.round(np.arange(180) / 30, 3),
    "from a clock that runs for days": 300_000.4 + np.arange(180) / 30,
    "variable": np.cumsum(np.random.default_rng(0).uniform(0.01, 0.12, 100)),
    "with gaps": np.delete(np.arange(180) / 30, [*range(29, 35), *range(60, 95)]),
}


@pytest.fixture(scope="module")
def mtcnn() -> FaceDetector:
    return load_detector()


class Named(Stage):
    """A scripted detector with the name that settings ask for, for frames at any times."""

    name = "mtcnn"

    def __init__(self, script: Sequence[Sequence[tuple[int, Face]]], times_s: Float64Array) -> None:
        super().__init__(script)
        self._numbers = {float(time_s): number for number, time_s in enumerate(times_s)}

    def number(self, frame: VideoFrame) -> int:
        return self._numbers[frame.time_s]

    def frames(self) -> list[RgbFrame]:
        return [RgbFrame(frame.image, time_s) for frame, time_s in zip(super().frames(), self._numbers, strict=True)]


def perform(times_s: Float64Array) -> Named:
    """Two people who pass each other in prominence; the first is lost twice, once over a whole second."""
    script = []
    for number in range(len(times_s)):
        cast = [(2, face_at(250 - number / 3, 60, 50 + number / 6))]
        if not (20 <= number < 27 or 80 <= number < 130):
            cast.append((1, face_at(90 + number / 4, 150, 70, confidence=0.9 + number / 2000)))
        script.append([] if 100 <= number < 104 else cast)
    return Named(script, times_s)


def starts(frames: Sequence[VideoFrame], settings: WindowSettings) -> list[float]:
    """All whole seconds from before the first frame to after the last, and some that are none."""
    first, last = int(np.floor(frames[0].time_s)), int(np.ceil(frames[-1].time_s))
    return [
        *map(float, range(first, last + 1)),
        first + 0.52,
        first + 1.0 - 1e-7,
        frames[-1].time_s - settings.window_s,
    ]


def assert_equals_offline(
    frames: Sequence[VideoFrame],
    detector: FaceDetector,
    *,
    settings: WindowSettings = SMALL,
    at: Sequence[float] | None = None,
) -> list[FacePart]:
    """Compare all windows, each as soon as its last frame has come, and again at the end."""
    ring = FaceRing(settings, detector, keep_s=1e6)
    at = starts(frames, settings) if at is None else at
    wanted = {
        start_s: make_window(frames, None, settings=settings, detector=detector, start_s=start_s) for start_s in at
    }
    made: dict[float, FacePart] = {}
    for frame in frames:
        ring.push(frame)
        made |= {s: ring.window_faces(s) for s in at if s not in made and frame.time_s >= s + settings.window_s}
    parts = []
    for start_s, window in wanted.items():
        for part in (made.get(start_s), ring.window_faces(start_s)):
            if part is not None:
                found = make_window_from(part, None, settings=settings, start_s=start_s)
                assert found.crops.tobytes() == window.crops.tobytes(), start_s
                assert found.frame_mask.tolist() == window.frame_mask.tolist(), start_s
                assert found.frame_times_s.tobytes() == window.frame_times_s.tobytes(), start_s
                assert (found.face_quality, found.has_video) == (window.face_quality, True), start_s
                parts.append(part)
    return parts


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("policy", ["uniform", "late", "first"])
def test_windows_of_two_people_equal_the_offline_ones_at_any_rate(rate: str, policy: str) -> None:
    stage = perform(RATES[rate])
    settings = WindowSettings(window_s=2.0, n_frames=6, crop_px=32, frame_policy=policy)
    parts = assert_equals_offline(stage.frames(), stage, settings=settings)
    # not all alike: some windows are full, in some the person is lost for a while
    n_seen = {int(part.frame_mask.sum()) for part in parts}
    assert len(n_seen) >= 3
    assert max(n_seen) == 6


def test_windows_equal_the_offline_ones_where_small_intervals_are_longer() -> None:
    stage = perform(RATES["30 fps"])
    settings = WindowSettings(window_s=2.0, n_frames=6, crop_px=32, search_every_s=2)
    assert_equals_offline(stage.frames(), stage, settings=settings)


def test_windows_of_a_drawn_face_equal_the_offline_ones(mtcnn: FaceDetector) -> None:
    """A head that moves, is hidden for half a second, and comes back beside a second one."""
    one, two = (FaceRenderer(sample_identity(np.random.default_rng(seed)), width=160, height=120) for seed in (1, 5))
    frames = []
    for number in range(60):
        picture = one.render({}, pose=Pose(x=6 * np.sin(number / 9)))
        hidden = np.full_like(picture, 90) if 18 <= number < 25 else picture
        side = two.render({}) if number >= 40 else np.full_like(picture, 120)
        frames.append(RgbFrame(np.hstack([hidden, side]), number / 15))
    parts = assert_equals_offline(frames, mtcnn, at=[0.0, 1.0, 2.0])
    assert [bool(part.frame_mask.all()) for part in parts[::2]] == [False, False, True]


@pytest.mark.parametrize(
    ("name", "at"),
    [("single_face.mp4", [0.0, 1.0]), ("face_noface.mov", [1.0, 2.0]), ("WolfgangLanger_Pexels.mp4", [1.0])],
)
def test_windows_of_a_real_clip_equal_the_offline_ones(
    shared_data: Path, mtcnn: FaceDetector, name: str, at: list[float]
) -> None:
    video = VideoRef(path=shared_data / "face_video" / name, duration_s=4.0)
    frames = list(read_frames(video))
    assert any(part.frame_mask.any() for part in assert_equals_offline(frames, mtcnn, at=at))


def test_a_window_does_not_depend_on_later_frames() -> None:
    stage = perform(RATES["25 fps"])
    frames = stage.frames()
    ring = FaceRing(SMALL, stage, keep_s=1e6)
    for frame in frames[:75]:
        ring.push(frame)
    before = ring.window_faces(1.0)
    for frame in frames[75:]:
        ring.push(frame)
    after = ring.window_faces(1.0)
    assert before.crops.tobytes() == after.crops.tobytes()
    assert before.face_quality == after.face_quality


def test_each_frame_is_followed_once_whatever_the_number_of_windows() -> None:
    stage = Named([[(1, face_at(160, 120))]] * 150, RATES["25 fps"])
    ring = FaceRing(SMALL, stage, keep_s=4.0)
    for frame in stage.frames():
        ring.push(frame)
        ring.window_faces(max(ring.begin_s, 0.0))
        ring.recent(frame.time_s - 1.0)
    assert stage.verified == list(range(150))
    assert stage.searched == list(range(0, 150, 25))


def test_memory_is_bounded_by_the_seconds_that_are_kept() -> None:
    times_s = np.arange(1000) / 25
    stage = Named([[(1, face_at(160, 120))]] * 1000, times_s)
    ring = FaceRing(SMALL, stage, keep_s=3.0)
    sizes = []
    for frame in stage.frames():
        ring.push(frame)
        sizes.append(len(ring))
    # whole seconds are dropped at once
    assert max(sizes) == 4 * 25
    assert sizes[-200:] == sizes[-400:-200]
    assert ring.begin_s == 36.0


def test_a_window_of_dropped_frames_is_refused() -> None:
    stage = Named([[(1, face_at(160, 120))]] * 150, RATES["25 fps"])
    ring = FaceRing(SMALL, stage, keep_s=2.0)
    assert ring.begin_s == -np.inf
    for frame in stage.frames():
        ring.push(frame)
    assert ring.begin_s == 3.0
    assert ring.window_faces(3.0).frame_mask.all()
    with pytest.raises(SettingsError, match=r"a window from 2\.9 s: faces are kept from 3\.0 s on; raise keep_s"):
        ring.window_faces(2.9)


def test_a_ring_of_less_than_a_window_or_another_detector_is_refused() -> None:
    stage = perform(RATES["25 fps"])
    with pytest.raises(SettingsError, match=r"keep_s is 1\.0: expected a window or more, 2\.0 s"):
        FaceRing(SMALL, stage, keep_s=1.0)
    with pytest.raises(SettingsError, match="face detector is mtcnn: the settings name yunet"):
        FaceRing(WindowSettings(detector="yunet"), stage, keep_s=6.0)


def test_frames_that_are_out_of_order_are_refused() -> None:
    stage = perform(RATES["25 fps"])
    frames = stage.frames()
    ring = FaceRing(SMALL, stage, keep_s=2.0)
    ring.push(frames[1])
    for frame in (frames[1], frames[0]):
        with pytest.raises(SettingsError, match=r"follows one of 0\.04 s: sort them first"):
            ring.push(frame)


def test_an_enrolled_person_is_followed_in_all_windows() -> None:
    stage = Named([[(1, face_at(160, 120, 90)), (2, face_at(60, 60, 50))]] * 75, RATES["25 fps"][:75])
    frames = stage.frames()
    looks: dict[float, Float32Array] = {
        each.face.size_px: each.look for each in FaceFollower(stage).update(frames[0]).faces
    }
    crops = []
    for size in (50.0, 90.0):
        ring = FaceRing(SMALL, stage, keep_s=4.0, enrolled=looks[size])
        for frame in frames:
            ring.push(frame)
        crops.append(ring.window_faces(1.0).crops)
        again = make_window(frames, None, settings=SMALL, detector=stage, start_s=1.0, enrolled=looks[size])
        assert again.crops.tobytes() == crops[-1].tobytes()
    assert not np.array_equal(*crops)


def watch(pictures: Sequence[UInt8Array], script: Sequence[Sequence[tuple[int, Face]]]) -> FaceRing:
    """A ring that has seen pictures at 25 frames per second."""
    times_s = np.arange(len(script)) / 25
    ring = FaceRing(SMALL, Named(script, times_s), keep_s=10.0)
    for picture, time_s in zip(pictures, times_s, strict=True):
        ring.push(RgbFrame(picture, float(time_s)))
    return ring


def test_recent_frames_tell_how_many_faces_there_are_and_how_sure_is_the_persons() -> None:
    one, two = (1, face_at(160, 120, 80, confidence=0.95)), (2, face_at(50, 50, 50, confidence=0.8))
    ring = watch([np.full((240, 320, 3), 128, np.uint8)] * 60, [[one]] * 25 + [[one, two]] * 25 + [[two]] * 10)
    seen = ring.recent(1.8, person_from_s=0.0)
    assert [round(frame.time_s * 25) for frame in seen] == list(range(45, 60))
    assert [frame.n_faces for frame in seen] == [2] * 5 + [1] * 10
    assert [frame.confidence for frame in seen] == [0.95] * 5 + [0.0] * 10
    # without the window's start, whoever is left is the person
    assert ring.recent(2.0)[0].confidence == 0.8


def test_recent_frames_tell_brightness_and_contrast_of_the_face() -> None:
    plain, striped = np.full((240, 320, 3), 70, np.uint8), np.full((240, 320, 3), 200, np.uint8)
    striped[:, ::40] = striped[:, 1::40] = striped[:, 2::40] = 0
    ring = watch([plain, striped, striped], [[(1, face_at(160, 120))]] * 2 + [[]])
    first, second, third = ring.recent(0.0)
    assert (first.brightness, first.contrast) == (pytest.approx(70, abs=1), pytest.approx(0, abs=1))
    assert second.brightness > 150
    assert second.contrast > 20
    assert np.isnan([third.brightness, third.contrast]).all()


def test_a_picture_that_stands_still_has_the_same_checksum_and_a_noisy_one_has_not() -> None:
    rng = np.random.default_rng(0)
    picture = cv2.resize(rng.integers(0, 255, (6, 8, 3), dtype=np.uint8), (320, 240))
    noisy = [np.clip(picture + rng.normal(0, 1, picture.shape), 0, 255).astype(np.uint8) for _ in range(3)]
    still, moving = (watch(pictures, [[]] * 3).recent(0.0) for pictures in ([noisy[0]] * 3, noisy))
    assert len({frame.checksum for frame in still}) == 1
    assert len({frame.checksum for frame in moving}) == 3
    # the thumbnail tells another picture from the same one with other noise
    thumbnails = np.array([frame.thumbnail for frame in moving]).astype(int)
    assert thumbnails.shape == (3, 16, 16)
    assert np.abs(np.diff(thumbnails, axis=0)).max() <= 1
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    wanted = cv2.resize(grey, (16, 16), interpolation=cv2.INTER_AREA)
    assert np.abs(thumbnails[0] - wanted).max() < 40
