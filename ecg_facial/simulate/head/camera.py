"""Simulated camera: white balance, exposure, blur and noise.

Input: scene settings and a random stream; then pictures. Output: pictures of the same shape. Does not compress:
`CameraParameters.crf` is for the encoder.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from ecg_facial.runtime.typing import Int16Array, UInt8Array
from ecg_facial.simulate.grid import uniform
from ecg_facial.simulate.settings.presets import SceneSettings

USUAL_CRF = 23
_USUAL_HEIGHT = 240
# weaker blur and noise are invisible and left out
_MIN_BLUR_PX, _MIN_NOISE = 0.15, 0.05
# the noise of a trial is larger than a picture by this
_NOISE_SLACK_PX = 61


@dataclass(frozen=True, kw_only=True)
class CameraParameters:
    """Parameters of the camera in one trial.

    Attributes
    ----------
    gain : tuple of float, length 3
        Factor of red, green and blue: white balance and exposure.
    noise : float
        Standard deviation in steps of 8-bit values.
    blur_px : float
        Standard deviation at a picture height of 240.
    crf : int
        Rate factor for the H.264 encoder.
    seed : int
        Seed of the noise.
    """

    gain: tuple[float, float, float] = (1.0, 1.0, 1.0)
    noise: float = 0.0
    blur_px: float = 0.0
    crf: int = USUAL_CRF
    seed: int = 0


def sample_camera(rng: np.random.Generator, settings: SceneSettings) -> CameraParameters:
    """Draw the camera of a trial."""
    balance = settings.white_balance_sd * np.clip(rng.standard_normal(3), -2.5, 2.5)
    exposure = 1.0 + settings.exposure_sd * float(np.clip(rng.standard_normal(), -2.5, 2.5))
    # a white balance changes colour, not brightness
    red, green, blue = (exposure * (1.0 + balance - balance.mean())).tolist()
    return CameraParameters(
        gain=(red, green, blue),
        noise=uniform(rng, settings.noise),
        blur_px=uniform(rng, settings.blur_px),
        crf=round(uniform(rng, settings.crf)),
        seed=int(rng.integers(2**31)),
    )


def apply_camera(picture: UInt8Array, take: CameraParameters, *, brightness: float = 1.0, frame: int = 0) -> UInt8Array:
    """Apply the camera to a picture.

    Parameters
    ----------
    picture : ndarray of uint8, shape (height, width, 3)
        RGB; not changed.
    take : CameraParameters
        The camera.
    brightness : float
        Brightness of the room, relative to the usual one.
    frame : int
        Number of the frame; each has other noise.
    """
    height, width = picture.shape[:2]
    sigma = take.blur_px * height / _USUAL_HEIGHT
    if sigma > _MIN_BLUR_PX:
        picture = cv2.GaussianBlur(picture, (0, 0), sigma).astype(np.uint8, copy=False)
    # imported here, because scenes are simulated without numba
    from ecg_facial.simulate.head.pixels import scale_and_add_noise, scale_colours

    gains = [max(0.0, brightness * gain) for gain in take.gain]
    if take.noise <= _MIN_NOISE:
        return scale_colours(picture, gains)
    down, right = (frame * step % _NOISE_SLACK_PX for step in (17, 29))
    return scale_and_add_noise(picture, gains, _draw_grain(take.seed, take.noise, height, width), corner=(down, right))


@lru_cache(maxsize=2)
def _draw_grain(seed: int, noise: float, height: int, width: int) -> Int16Array:
    """Draw a trial's noise, larger than a picture: each frame uses another part, which is faster than new noise."""
    rng = np.random.default_rng(seed)
    shape = (height + _NOISE_SLACK_PX, width + _NOISE_SLACK_PX, 3)
    grain: Int16Array = np.rint(noise * rng.standard_normal(shape, dtype=np.float32)).astype(np.int16)
    return grain
