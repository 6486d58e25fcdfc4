"""What a simulated camera does to a picture: white balance, exposure, blur and noise.

Input: scene settings and a random stream; then pictures. Output: pictures of the same shape. Compression is the
encoder's part: `CameraTake.crf` is only carried here.
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
_FAINTEST_BLUR_PX, _FAINTEST_NOISE = 0.15, 0.05
_NOISE_SLACK_PX = 61


@dataclass(frozen=True, kw_only=True)
class CameraTake:
    """How the camera of one trial sees.

    Attributes
    ----------
    gain : tuple of float, length 3
        Factor of red, green and blue: white balance and exposure.
    noise : float
        Standard deviation in steps of 255.
    blur_px : float
        Standard deviation at a picture height of 240.
    crf : int
        Rate factor for the H.264 encoder.
    seed : int
        Of the noise.
    """

    gain: tuple[float, float, float] = (1.0, 1.0, 1.0)
    noise: float = 0.0
    blur_px: float = 0.0
    crf: int = USUAL_CRF
    seed: int = 0


def sample_take(rng: np.random.Generator, settings: SceneSettings) -> CameraTake:
    """Draw the camera of a trial."""
    balance = settings.white_balance_sd * np.clip(rng.standard_normal(3), -2.5, 2.5)
    exposure = 1.0 + settings.exposure_sd * float(np.clip(rng.standard_normal(), -2.5, 2.5))
    # a white balance changes colour, not brightness
    red, green, blue = (exposure * (1.0 + balance - balance.mean())).tolist()
    return CameraTake(
        gain=(red, green, blue),
        noise=uniform(rng, settings.noise),
        blur_px=uniform(rng, settings.blur_px),
        crf=round(uniform(rng, settings.crf)),
        seed=int(rng.integers(2**31)),
    )


def take_picture(picture: UInt8Array, take: CameraTake, *, brightness: float = 1.0, frame: int = 0) -> UInt8Array:
    """See a picture through a camera.

    Parameters
    ----------
    picture : ndarray of uint8, shape (height, width, 3)
        RGB; not changed.
    take : CameraTake
        The camera.
    brightness : float
        Light of the room relative to the usual one.
    frame : int
        Number of the frame; each has noise of its own.
    """
    height, width = picture.shape[:2]
    sigma = take.blur_px * height / _USUAL_HEIGHT
    if sigma > _FAINTEST_BLUR_PX:
        picture = cv2.GaussianBlur(picture, (0, 0), sigma).astype(np.uint8, copy=False)
    # here, as scenes are drawn where no picture is, and without numba
    from ecg_facial.simulate.head.pixels import scale_and_grain, scale_colours

    gains = [max(0.0, brightness * gain) for gain in take.gain]
    if take.noise <= _FAINTEST_NOISE:
        return scale_colours(picture, gains)
    down, right = (frame * step % _NOISE_SLACK_PX for step in (17, 29))
    return scale_and_grain(picture, gains, _draw_grain(take.seed, take.noise, height, width), corner=(down, right))


@lru_cache(maxsize=2)
def _draw_grain(seed: int, noise: float, height: int, width: int) -> Int16Array:
    """Draw a trial's noise, larger than a picture: each frame shows another part, which is cheaper than new noise."""
    rng = np.random.default_rng(seed)
    shape = (height + _NOISE_SLACK_PX, width + _NOISE_SLACK_PX, 3)
    grain: Int16Array = np.rint(noise * rng.standard_normal(shape, dtype=np.float32)).astype(np.int16)
    return grain
