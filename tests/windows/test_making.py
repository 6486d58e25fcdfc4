"""A window depends on its own frames and samples alone, and its contents change only with `PREPROCESSING_VERSION`."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from ecg_facial.ecg.token_features import N_TOKEN_FEATURES
from ecg_facial.errors import SettingsError
from ecg_facial.face.alignment import TEMPLATE
from ecg_facial.face.detection import Face, FaceDetector
from ecg_facial.face.detectors.loading import load_detector
from ecg_facial.face.video import RgbFrame, VideoFrame, YuvFrame
from ecg_facial.recording import EcgSignal
from ecg_facial.runtime.settings import from_dict, to_dict
from ecg_facial.runtime.typing import Float64Array
from ecg_facial.windows.faces import first_frame_s, frame_grid
from ecg_facial.windows.making import make_window
from ecg_facial.windows.settings import PREPROCESSING_VERSION, WindowSettings
from ecg_facial.windows.window import Window

GOLDEN = Path(__file__).parent / "golden" / "window.json"
FACE = Path(__file__).parent / "golden" / "rendered_face.png"
FPS, FS_HZ = 25, 512.0
GOLDEN_SETTINGS = WindowSettings(window_s=2.4, n_frames=6, crop_px=48)
CLIP = WindowSettings(n_frames=11, crop_px=32)


class AlwaysThere:
    """A face at the same place wherever the picture is not black; it costs nothing to find."""

    name, sha256 = "mtcnn", "0" * 64
    face = Face(box=np.array([8.0, 8.0, 32.0, 32.0]), landmarks=TEMPLATE * 32 + 8, confidence=0.9)

    def detect(self, frame: VideoFrame) -> list[Face]:
        return [self.face] if frame.small_rgb(48)[0].any() else []

    def detect_small(self, frame: VideoFrame) -> list[Face]:
        return []

    def ask_upright(self, frame: VideoFrame, face: Face) -> Callable[[], bool]:
        return lambda: True

    def verify(self, frame: VideoFrame, expected: Face) -> Face | None:
        return next(iter(self.detect(frame)), None)


def numbered_frames(n_frames: int = 138, *, first: int = 0, blank: range = range(0)) -> list[RgbFrame]:
    """Frame k is of brightness k + 1, so that a crop tells which frame it came from; black frames show no face."""
    values = [0 if number in blank else number + 1 for number in range(n_frames)]
    return [
        RgbFrame(np.full((48, 48, 3), value, np.uint8), (first + number) / FPS) for number, value in enumerate(values)
    ]


def shown(window: Window) -> list[int | None]:
    """Number of the frame in every slot, None where it is masked."""
    middles = window.crops[:, 16, 16, 0].astype(int) - 1
    return [int(number) if seen else None for number, seen in zip(middles, window.frame_mask, strict=True)]


def make_from(frames: list[RgbFrame], **settings: Any) -> Window:
    return make_window(frames, None, settings=WindowSettings(**({"crop_px": 32} | settings)), detector=AlwaysThere())


def moving_face(n_frames: int, *, first: int = 0) -> list[RgbFrame]:
    """A stored picture of a simulated head that drifts by whole pixels and gets brighter."""
    picture = cv2.cvtColor(cv2.imread(str(FACE)), cv2.COLOR_BGR2RGB).astype(np.uint8)
    frames = []
    for number in range(first, first + n_frames):
        moved = np.roll(picture, (round(6 * np.sin(number / 9)), round(8 * np.sin(number / 7))), axis=(0, 1))
        frames.append(RgbFrame(cv2.convertScaleAbs(moved, alpha=1.0, beta=number / 6), number / FPS))  # type: ignore[arg-type]  # on purpose
    return frames


def make_ecg(n_times: int, *, beats_s: Float64Array, start_s: float = 0.0) -> EcgSignal:
    """R, S and T waves at given times from the first sample."""
    times_s = np.arange(n_times) / FS_HZ
    waves = ((1.0, 0.0, 0.01), (-0.25, 0.03, 0.01), (0.25, 0.28, 0.05))
    ecg = sum(a * np.exp(-0.5 * ((times_s - beat - at) / width) ** 2) for beat in beats_s for a, at, width in waves)
    return EcgSignal(samples=np.asarray(ecg, dtype=np.float64), fs_hz=FS_HZ, start_s=start_s)


@pytest.fixture(scope="module")
def mtcnn() -> FaceDetector:
    return load_detector()


def describe(window: Window) -> dict[str, Any]:
    """Numbers that are stable across processors and change with what a model would see."""
    size = GOLDEN_SETTINGS.crop_px // 4
    blocks = window.crops.reshape(len(window.crops), 4, size, 4, size, 3).mean(axis=(2, 4))
    return {
        "preprocessing_version": PREPROCESSING_VERSION,
        "frame_mask": window.frame_mask.tolist(),
        "frame_times_s": np.round(window.frame_times_s, 3).tolist(),
        "crop_blocks": np.round(blocks, 1).tolist(),
        "tokens": np.round(window.tokens, 3).tolist(),
        "token_times_s": np.round(window.token_times_s, 4).tolist(),
        "r_peak_times_s": np.round(window.r_peak_times_s, 4).tolist(),
        "heart_rate_bpm": round(window.heart_rate_bpm, 2),
        "face_quality": round(window.face_quality, 3),
        "ecg_quality": round(window.ecg_quality, 3),
    }


def make_golden(detector: FaceDetector) -> dict[str, Any]:
    """From planes as they are decoded, and an ECG with muscle noise."""
    planes = (cv2.cvtColor(frame.image, cv2.COLOR_RGB2YUV_I420) for frame in moving_face(60))
    frames = [
        YuvFrame(av.VideoFrame.from_ndarray(plane, format="yuv420p"), number / FPS)  # type: ignore[arg-type]  # on purpose
        for number, plane in enumerate(planes)
    ]
    ecg = make_ecg(round(2.4 * FS_HZ), beats_s=np.array([0.31, 1.02, 1.69, 2.31]))
    times_s = np.arange(len(ecg.samples)) / FS_HZ
    noise = 0.16 * np.sin(2 * np.pi * 13 * times_s) + 0.09 * np.sin(2 * np.pi * 27 * times_s + 1)
    noisy = EcgSignal(samples=ecg.samples + noise, fs_hz=FS_HZ)
    return describe(make_window(frames, noisy, settings=GOLDEN_SETTINGS, detector=detector))


def test_outputs_change_only_with_a_new_preprocessing_version(mtcnn: FaceDetector) -> None:
    """If this fails, caches hold other windows than the code makes: raise the version and run this file as a script."""
    stored, made = json.loads(GOLDEN.read_text(encoding="utf-8")), make_golden(mtcnn)
    assert made["preprocessing_version"] == stored["preprocessing_version"]
    assert made["frame_mask"] == stored["frame_mask"]
    tolerances = {"crop_blocks": 1.5, "tokens": 0.02, "heart_rate_bpm": 0.05, "face_quality": 0.01, "ecg_quality": 0.01}
    for key in set(stored) - {"preprocessing_version", "frame_mask"}:
        np.testing.assert_allclose(made[key], stored[key], atol=tolerances.get(key, 5e-4), err_msg=key)


def test_the_golden_window_is_a_plausible_one() -> None:
    stored = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert all(stored["frame_mask"])
    np.testing.assert_allclose(stored["r_peak_times_s"], [0.31, 1.02, 1.69, 2.31], atol=5e-3)
    assert stored["heart_rate_bpm"] == pytest.approx(60 * 3 / 2.0, abs=0.3)
    assert min(stored["face_quality"], stored["ecg_quality"]) > 0.8


def test_a_window_of_a_long_stream_equals_the_same_stretch_cut_out(mtcnn: FaceDetector) -> None:
    """Whatever came before; the stretch begins with the whole second in which the window starts."""
    beats_s = 0.2 + 0.73 * np.arange(9)
    long_ecg = make_ecg(round(6 * FS_HZ), beats_s=beats_s)
    for first, start_s in ((25, 1.0), (25, 1.52), (50, 2.2)):
        streamed = make_window(moving_face(150), long_ecg, settings=GOLDEN_SETTINGS, detector=mtcnn, start_s=start_s)
        # on a clock of its own that starts with the stretch
        moved_s = start_s - first / FPS
        frames = [RgbFrame(frame.image, number / FPS) for number, frame in enumerate(moving_face(100, first=first))]
        sample = round(start_s * FS_HZ)
        cut = EcgSignal(samples=long_ecg.samples[sample : sample + round(2.4 * FS_HZ)], fs_hz=FS_HZ, start_s=moved_s)
        alone = make_window(frames, cut, settings=GOLDEN_SETTINGS, detector=mtcnn, start_s=moved_s)
        assert streamed.frame_mask.all()
        assert np.array_equal(streamed.crops, alone.crops)
        np.testing.assert_allclose(streamed.frame_times_s, alone.frame_times_s, atol=1e-6)
        # the window's start falls between two samples
        np.testing.assert_allclose(streamed.r_peak_times_s, alone.r_peak_times_s, atol=0.5 / FS_HZ)
        np.testing.assert_allclose(streamed.tokens, alone.tokens, atol=1e-6)
        assert streamed.face_quality == pytest.approx(alone.face_quality, abs=1e-12)
        assert streamed.ecg_quality == alone.ecg_quality


def test_overlapping_windows_show_the_same_crop_of_a_frame(mtcnn: FaceDetector) -> None:
    settings = WindowSettings(window_s=1.2, n_frames=30, crop_px=48, frame_policy="first")
    crops: dict[int, Any] = {}
    for first in (0, 5, 15, 25, 30):
        window = make_window(moving_face(70), None, settings=settings, detector=mtcnn, start_s=first / FPS)
        assert window.n_faces == 30
        for number, crop in enumerate(window.crops, start=first):
            assert np.array_equal(crops.setdefault(number, crop), crop)
    assert len(crops) == 60


def test_frames_before_the_window_tell_who_is_followed_and_nothing_else() -> None:
    """Frames of the second in which the window starts; frames before it do not count at all."""
    numbers: list[int] = []

    class Counting(AlwaysThere):
        def detect(self, frame: VideoFrame) -> list[Face]:
            numbers.append(round(frame.time_s * FPS))
            return super().detect(frame)

    settings = WindowSettings(window_s=1.0, n_frames=5, crop_px=32)
    assert first_frame_s(2.4, settings) == 2.0
    window = make_window(numbered_frames(120), None, settings=settings, detector=Counting(), start_s=2.4)
    assert sorted(set(numbers)) == list(range(50, 85))
    assert shown(window) == [63, 68, 73, 78, 83]
    assert window.face_quality == pytest.approx(0.9)


def test_making_a_window_twice_gives_the_same_bytes(mtcnn: FaceDetector) -> None:
    windows = [make_window(moving_face(30), None, settings=GOLDEN_SETTINGS, detector=mtcnn) for _ in range(2)]
    assert np.array_equal(windows[0].crops, windows[1].crops)
    assert windows[0].face_quality == windows[1].face_quality


def test_no_frame_after_the_window_is_waited_for() -> None:
    taken: list[int] = []

    def stream() -> Iterator[RgbFrame]:
        for number in itertools.count():
            taken.append(number)
            yield RgbFrame(np.full((48, 48, 3), 9, np.uint8), number / FPS)

    make_window(stream(), None, settings=WindowSettings(window_s=1.0, crop_px=32), detector=AlwaysThere())
    assert taken == list(range(26))


def test_the_grid_lies_in_the_middles_of_equal_parts() -> None:
    np.testing.assert_allclose(frame_grid(WindowSettings(window_s=4.0, n_frames=4)), [0.5, 1.5, 2.5, 3.5])
    late = frame_grid(WindowSettings(window_s=5.5, n_frames=7, frame_policy="late"))
    np.testing.assert_allclose(late, 2.25 + 0.5 * np.arange(7))


def test_uniform_slots_take_the_first_frame_after_their_time() -> None:
    window = make_from(numbered_frames(), n_frames=11)
    assert shown(window) == [int(np.ceil((0.25 + 0.5 * slot) * FPS - 1e-6)) for slot in range(11)]
    np.testing.assert_allclose(window.frame_times_s, np.array(shown(window), dtype=float) / FPS, atol=1e-6)


def test_late_slots_leave_out_the_first_two_seconds() -> None:
    assert shown(make_from(numbered_frames(), n_frames=7, frame_policy="late")) == [57, 69, 82, 94, 107, 119, 132]


def test_first_slots_take_the_first_frames() -> None:
    assert shown(make_from(numbered_frames(), n_frames=16, frame_policy="first")) == list(range(16))
    assert shown(make_from(numbered_frames(blank=range(3, 5)), n_frames=7, frame_policy="first")) == [
        0, 1, 2, None, None, 5, 6,
    ]  # fmt: skip


def test_a_slot_waits_for_a_face_until_the_next_one_opens() -> None:
    # every other frame is searched from the first one without a face on
    assert shown(make_from(numbered_frames(blank=range(6, 12)), n_frames=11))[:2] == [12, 19]
    assert shown(make_from(numbered_frames(blank=range(6, 18)), n_frames=11))[:2] == [18, 19]
    assert shown(make_from(numbered_frames(blank=range(6, 20)), n_frames=11))[:3] == [None, 20, 32]


def test_a_masked_slot_is_black_and_keeps_the_time_it_looked_for() -> None:
    window = make_from(numbered_frames(blank=range(7, 20)), n_frames=11)
    assert not window.crops[0].any()
    assert window.frame_times_s[0] == pytest.approx(0.25)


def test_a_video_shorter_than_the_window_masks_the_rest() -> None:
    whole, half = make_from(numbered_frames(138), n_frames=11), make_from(numbered_frames(69), n_frames=11)
    assert shown(half)[:5] == shown(whole)[:5]
    assert half.frame_mask.tolist() == [True] * 5 + [False] * 6
    assert whole.face_quality == pytest.approx(0.9)
    assert half.face_quality == pytest.approx(0.9 * 69 / 137.5, abs=1e-6)


def test_frames_without_a_face_lower_the_quality() -> None:
    assert make_from(numbered_frames(137, blank=range(70))).face_quality == pytest.approx(0.9 * 67 / 137.5, rel=0.01)


def test_no_face_anywhere_masks_everything_with_quality_zero(mtcnn: FaceDetector) -> None:
    frames = [RgbFrame(np.full((120, 160, 3), 90, np.uint8), number / FPS) for number in range(20)]
    for given in (frames, []):
        window = make_window(given, None, settings=CLIP, detector=mtcnn)
        assert not window.frame_mask.any()
        assert not window.crops.any()
        assert window.face_quality == 0.0
        assert window.has_video
        assert np.isfinite(window.frame_times_s).all()


def test_video_alone_has_no_tokens_and_an_unknown_heart_rate() -> None:
    window = make_from(numbered_frames())
    assert (window.has_video, window.has_ecg) == (True, False)
    assert window.tokens.shape == (0, N_TOKEN_FEATURES)
    assert window.token_times_s.shape == window.r_peak_times_s.shape == (0,)
    assert np.isnan(window.heart_rate_bpm)
    assert window.ecg_quality == 0.0


def test_ecg_alone_has_masked_frames() -> None:
    beats_s = 0.3 + 0.75 * np.arange(7)
    window = make_window(None, make_ecg(2816, beats_s=beats_s), settings=CLIP)
    assert (window.has_video, window.has_ecg) == (False, True)
    assert window.crops.shape == (11, 32, 32, 3)
    assert not window.frame_mask.any()
    assert window.face_quality == 0.0
    np.testing.assert_allclose(window.r_peak_times_s, beats_s, atol=2e-3)
    np.testing.assert_allclose(window.token_times_s, beats_s[1:], atol=2e-3)
    assert window.heart_rate_bpm == pytest.approx(80.0, abs=0.1)
    assert window.ecg_quality > 0.95


def test_ecg_is_placed_on_the_clock_that_it_shares_with_the_frames() -> None:
    """The recording starts 10 s into the session, the window at 12 s."""
    ecg = make_ecg(round(10 * FS_HZ), beats_s=0.3 + 0.75 * np.arange(13), start_s=10.0)
    window = make_window(None, ecg, settings=CLIP, start_s=12.0)
    np.testing.assert_allclose(window.r_peak_times_s, 0.55 + 0.75 * np.arange(7), atol=2e-3)


def test_ecg_that_covers_half_of_the_window_has_half_the_quality() -> None:
    beats_s = 0.3 + 0.6 * np.arange(8)
    half = make_window(None, make_ecg(1408, beats_s=beats_s), settings=CLIP)
    assert half.ecg_quality == pytest.approx(0.5, abs=0.03)
    late = make_window(None, make_ecg(2816, beats_s=beats_s, start_s=2.75), settings=CLIP)
    assert late.ecg_quality == pytest.approx(0.5, abs=0.03)
    assert late.r_peak_times_s[0] == pytest.approx(3.05, abs=2e-3)
    elsewhere = make_window(None, make_ecg(2816, beats_s=beats_s, start_s=100.0), settings=CLIP)
    assert (len(elsewhere.tokens), elsewhere.ecg_quality) == (0, 0.0)


@pytest.mark.parametrize("samples", [np.zeros(2816), np.full(2816, np.nan), np.zeros(0), np.ones(3)])
def test_an_ecg_that_says_nothing_is_a_window_of_quality_zero(samples: Float64Array) -> None:
    window = make_window(None, EcgSignal(samples=samples, fs_hz=FS_HZ), settings=CLIP)
    assert window.has_ecg
    assert window.ecg_quality == 0.0
    assert np.isnan(window.heart_rate_bpm)
    assert window.tokens.shape == (0, N_TOKEN_FEATURES)


def test_neither_signal_is_refused() -> None:
    with pytest.raises(SettingsError, match="needs video, ECG, or both: neither was given"):
        make_window(None, None, settings=CLIP)


def test_a_detector_other_than_the_settings_name_is_refused() -> None:
    with pytest.raises(SettingsError, match="face detector is mtcnn: the settings name yunet"):
        make_window([], None, settings=WindowSettings(detector="yunet"), detector=AlwaysThere())
    with pytest.raises(SettingsError, match="face detector is none: the settings name mtcnn"):
        make_window([], None, settings=CLIP)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"window_s": 0.0}, "window_s is 0.0: expected a positive number"),
        ({"window_s": float("nan")}, "window_s is nan"),
        ({"n_frames": 0}, "n_frames is 0: expected 1 or more"),
        ({"crop_px": 31}, "crop_px is 31: expected 32 to 512"),
        ({"crop_px": 513}, "crop_px is 513"),
        ({"frame_policy": "last"}, "unknown frame policy 'last': expected uniform, late, first"),
        ({"detector": "haar"}, "unknown face detector 'haar': expected mtcnn, yunet"),
        ({"search_every_s": 0}, "search_every_s is 0: expected 1 or more whole seconds"),
    ],
)
def test_settings_outside_their_limits_are_refused(setting: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        WindowSettings(**setting)


def test_settings_survive_json() -> None:
    settings = WindowSettings(window_s=4.0, n_frames=16, frame_policy="late")
    assert from_dict(WindowSettings, json.loads(json.dumps(to_dict(settings)))) == settings


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(make_golden(load_detector())) + "\n", encoding="utf-8")
