"""A neutral camera changes nothing; gain, noise, blur and compression have the stated strength."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ecg_facial.simulate.files.encode import encode_video
from ecg_facial.simulate.head.camera import CameraParameters, apply_camera, sample_camera
from ecg_facial.simulate.settings.presets import BIOVID_LIKE_SCENE, SceneSettings

GREY = np.full((120, 160, 3), 100, np.uint8)


def test_a_neutral_camera_changes_nothing() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (120, 160, 3)).astype(np.uint8)
    before = picture.copy()
    assert np.array_equal(apply_camera(picture, CameraParameters(), frame=7), picture)
    apply_camera(picture, CameraParameters(noise=5.0, blur_px=1.0, gain=(1.1, 1.0, 0.9)), frame=7)
    assert np.array_equal(picture, before)


def test_gain_and_brightness_multiply_each_colour_and_end_at_white() -> None:
    seen = apply_camera(GREY, CameraParameters(gain=(1.2, 1.0, 0.8)), brightness=1.1)
    assert seen[0, 0].tolist() == [132, 110, 88]
    assert apply_camera(GREY, CameraParameters(gain=(9.0, 1.0, 1.0)))[0, 0].tolist() == [255, 100, 100]


def test_noise_has_its_standard_deviation_and_is_new_in_every_frame() -> None:
    take = CameraParameters(noise=4.0, seed=3)
    frames = [apply_camera(GREY, take, frame=number).astype(int) - 100 for number in range(40)]
    assert np.std(frames) == pytest.approx(4.0, rel=0.03)
    assert np.mean(frames) == pytest.approx(0.0, abs=0.1)
    for number in range(1, 40):
        assert abs(np.corrcoef(frames[0].ravel(), frames[number].ravel())[0, 1]) < 0.03
    assert np.array_equal(apply_camera(GREY, take, frame=5), frames[5] + 100)


def test_blur_grows_with_the_picture() -> None:
    def edge_width(height: int) -> float:
        picture = np.zeros((height, height, 3), np.uint8)
        picture[:, height // 2 :] = 200
        row = apply_camera(picture, CameraParameters(blur_px=1.5))[height // 2, :, 0].astype(float)
        return float(((row > 20) & (row < 180)).sum())

    assert edge_width(480) == pytest.approx(2 * edge_width(240), abs=2)


def test_cameras_are_drawn_within_their_settings_and_change_colour_not_brightness() -> None:
    takes = [sample_camera(np.random.default_rng(seed), BIOVID_LIKE_SCENE) for seed in range(200)]
    for take in takes:
        assert BIOVID_LIKE_SCENE.noise[0] <= take.noise <= BIOVID_LIKE_SCENE.noise[1]
        assert BIOVID_LIKE_SCENE.crf[0] <= take.crf <= BIOVID_LIKE_SCENE.crf[1]
    gains = np.array([take.gain for take in takes])
    assert gains.mean(axis=1).std() == pytest.approx(BIOVID_LIKE_SCENE.exposure_sd, rel=0.2)
    neutral = replace(SceneSettings(), white_balance_sd=0.1)
    gain = sample_camera(np.random.default_rng(0), neutral).gain
    assert np.mean(gain) == pytest.approx(1.0)
    assert np.ptp(gain) > 0.02


def test_a_larger_rate_factor_gives_a_smaller_video() -> None:
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 256, (64, 96, 3)).astype(np.uint8) for _ in range(3)]
    sizes = [len(encode_video(iter(frames), width=96, height=64, crf=crf)) for crf in (18, 23, 35)]
    assert sizes[0] > sizes[1] > sizes[2]
    assert encode_video(iter(frames), width=96, height=64) == encode_video(iter(frames), width=96, height=64, crf=23)
