"""Making a window of frames and ECG: the only place where preprocessing is defined.

Input: the frames and the ECG of a stretch of recording. Output: a `Window` with aligned face crops, heart-rate tokens
and their quality. No state is carried from one window to the next: the detection grid and the tracker start at the
window's first frame, so that a window of a file and the same window of a live stream are equal.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ecg_facial.ecg.intervals import HeartRateTokens, compute_heart_rate_tokens, mean_heart_rate
from ecg_facial.ecg.quality import compute_sqi
from ecg_facial.ecg.rpeaks import RPeaks, detect_r_peaks
from ecg_facial.ecg.token_features import N_TOKEN_FEATURES
from ecg_facial.errors import SettingsError
from ecg_facial.face.alignment import crop_face
from ecg_facial.face.detection import FaceDetector
from ecg_facial.face.settings import TrackSettings
from ecg_facial.face.tracking import FaceTracker
from ecg_facial.face.video import VideoFrame
from ecg_facial.recording import EcgSignal
from ecg_facial.runtime.typing import Float64Array
from ecg_facial.windows.settings import WindowSettings
from ecg_facial.windows.window import Window

# Faces react 1 to 3 s after the stimulus, so the policy "late" leaves out the first 2 s of BioVid's 5.5 s.
_LATE_START = 2.0 / 5.5
# Timestamps of video files are fractions: a frame may miss the window's edge by rounding, never by a microsecond.
_CLOCK_TOLERANCE_S = 1e-6


def make_window(
    frames: Iterable[VideoFrame] | None,
    ecg: EcgSignal | None,
    *,
    settings: WindowSettings,
    detector: FaceDetector | None = None,
    start_s: float = 0.0,
) -> Window:
    """Make one window in one pass over its frames.

    Parameters
    ----------
    frames : iterable of VideoFrame or None
        In order of time; frames outside the window are ignored. None where there is no video.
    ecg : EcgSignal or None
        Covers at least the window. None where there is no ECG.
    settings : WindowSettings
    detector : FaceDetector, optional
        Needed with `frames`; must be the one that `settings` names.
    start_s : float
        Start of the window on the clock that frames and ECG share.

    Returns
    -------
    Window

    Raises
    ------
    SettingsError
        Without any signal, or without the detector that the settings name.

    Notes
    -----
    A pure function: equal frames and samples give an equal window, whatever was processed before.
    """
    if frames is None and ecg is None:
        raise SettingsError("a window needs video, ECG, or both: neither was given")
    if frames is not None and (detector is None or detector.name != settings.detector):
        given = "none" if detector is None else detector.name
        raise SettingsError(f"face detector is {given}: the settings name {settings.detector}")
    face = _FaceTrack(settings)
    if frames is not None and detector is not None:
        face.collect(frames, detector, start_s)
    peaks, tokens, ecg_quality = _read_heart(ecg, settings, start_s)
    return Window(
        crops=face.crops,
        frame_mask=face.mask,
        frame_times_s=face.times_s.astype(np.float32),
        tokens=tokens.features,
        token_times_s=tokens.times_s,
        r_peak_times_s=peaks,
        has_video=frames is not None,
        has_ecg=ecg is not None,
        face_quality=face.quality,
        ecg_quality=ecg_quality,
        heart_rate_bpm=mean_heart_rate(peaks),
    )


def frame_grid(settings: WindowSettings) -> Float64Array:
    """Compute the slots' times in seconds, shape (n_frames,): the middles of equal parts of the window."""
    begin_s = _LATE_START * settings.window_s if settings.frame_policy == "late" else 0.0
    parts = (np.arange(settings.n_frames) + 0.5) / settings.n_frames
    return np.asarray(begin_s + (settings.window_s - begin_s) * parts, dtype=np.float64)


class _FaceTrack:
    """Crops of a window, collected in one pass over its frames."""

    def __init__(self, settings: WindowSettings) -> None:
        self._settings = settings
        self.crops = np.zeros((settings.n_frames, settings.crop_px, settings.crop_px, 3), np.uint8)
        self.mask = np.zeros(settings.n_frames, np.bool_)
        self.times_s = frame_grid(settings)
        self.quality = 0.0

    def collect(self, frames: Iterable[VideoFrame], detector: FaceDetector, start_s: float) -> None:
        """Track the face through all frames of the window; keep one crop per slot."""
        tracker = FaceTracker(detector, settings=TrackSettings(detect_every=self._settings.detect_every))
        # a slot takes the first frame with a face from its own time until the next slot's time
        grid = self.times_s.copy()
        confidences: list[float] = []
        last_s = 0.0
        for frame in frames:
            time_s = frame.time_s - start_s
            if time_s >= self._settings.window_s - _CLOCK_TOLERANCE_S:
                break
            if time_s < -_CLOCK_TOLERANCE_S:
                continue
            face = tracker.update(frame)
            slot = self._slot(grid, time_s, number=len(confidences))
            confidences.append(0.0 if face is None else face.confidence)
            last_s = time_s
            if face is not None and 0 <= slot < len(self.mask) and not self.mask[slot]:
                self.crops[slot] = crop_face(frame, face, crop_px=self._settings.crop_px)
                self.mask[slot] = True
                self.times_s[slot] = time_s
        if confidences:
            step_s = last_s / (len(confidences) - 1) if len(confidences) > 1 else 0.0
            covered = min(1.0, (last_s + step_s) / self._settings.window_s)
            self.quality = float(np.mean(confidences)) * covered

    def _slot(self, grid: Float64Array, time_s: float, *, number: int) -> int:
        """Find the slot that a frame may fill: the last one whose time has come, -1 before the first."""
        if self._settings.frame_policy == "first":
            return number
        return int(np.searchsorted(grid, time_s + _CLOCK_TOLERANCE_S, side="right")) - 1


def _read_heart(
    ecg: EcgSignal | None, settings: WindowSettings, start_s: float
) -> tuple[Float64Array, HeartRateTokens, float]:
    """Compute the times of beats from the window's start, the heart-rate tokens, and the quality."""
    nothing = (np.zeros(0), _no_tokens(), 0.0)
    if ecg is None:
        return nothing
    first = round((start_s - ecg.start_s) * ecg.fs_hz)
    samples = ecg.samples[max(first, 0) : max(first + round(settings.window_s * ecg.fs_hz), 0)]
    if not len(samples):
        return nothing
    offset_s = ecg.start_s + max(first, 0) / ecg.fs_hz - start_s
    peaks = detect_r_peaks(samples, ecg.fs_hz)
    covered = min(1.0, len(samples) / (settings.window_s * ecg.fs_hz))
    quality = compute_sqi(samples, ecg.fs_hz, r_peaks=peaks) * covered
    moved = RPeaks(peaks.times_s + offset_s, peaks.confidence)
    return moved.times_s, compute_heart_rate_tokens(moved), quality


def _no_tokens() -> HeartRateTokens:
    return HeartRateTokens(np.zeros((0, N_TOKEN_FEATURES), np.float32), np.zeros(0, np.float32))
