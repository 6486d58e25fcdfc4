"""Windows of noise, which say nothing about the level of a trial.

Input: how many people, and a seed. Output: prepared data in memory, SIMULATED.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ecg_facial.prepared.memory import MemoryData
from ecg_facial.windows.settings import WindowSettings
from ecg_facial.windows.window import Window

LEVELS = ("BL1", "PA1", "PA2", "PA3")


def draw_noise(n_people: int, *, n_each: int, n_frames: int, crop_px: int, seed: int = 0) -> MemoryData:
    """Draw windows of noise.

    Parameters
    ----------
    n_people, n_each : int
        People, and trials per level of each. Names of trials spell the level, as those of BioVid do.
    n_frames, crop_px : int
        Frames per window, and the side of a crop in pixels.
    seed : int
    """
    rng, settings = np.random.default_rng(seed), WindowSettings(n_frames=n_frames, crop_px=crop_px)
    rows = [(f"s{who:02d}", level) for who in range(n_people) for level in LEVELS for _ in range(n_each)]
    table = pd.DataFrame(rows, columns=["subject", "level"])
    table["trial"] = [f"{subject}-{level}-{number:04d}" for number, (subject, level) in enumerate(rows)]
    windows = [
        Window(
            crops=rng.integers(0, 255, (n_frames, crop_px, crop_px, 3)).astype(np.uint8),
            frame_mask=np.ones(n_frames, bool),
            frame_times_s=np.arange(n_frames, dtype=np.float32),
            tokens=rng.normal(size=(6, 3)).astype(np.float32),
            token_times_s=np.arange(1, 7, dtype=np.float32),
            r_peak_times_s=np.sort(rng.random(7)) * 5.5,
            has_video=True,
            has_ecg=True,
            face_quality=1.0,
            ecg_quality=0.5,
            heart_rate_bpm=75.0,
        )
        for _ in rows
    ]
    return MemoryData(windows, table, settings=settings, simulated=True)
