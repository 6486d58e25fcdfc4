"""Making a window of frames and ECG: the only place where preprocessing is defined.

Input: the frames and the ECG of a stretch of recording. Output: a `Window` with aligned face crops, heart-rate tokens
and their quality. No state is carried from one window to the next: faces are searched anew on whole seconds of the
clock, and who is followed is decided in each window, so that a window of a file and the same window of a live stream,
which follows each frame once, are equal.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import numpy as np

from ecg_facial.ecg.intervals import HeartRateTokens, compute_heart_rate_tokens, mean_heart_rate
from ecg_facial.ecg.quality import compute_sqi
from ecg_facial.ecg.rpeaks import RPeaks, detect_r_peaks
from ecg_facial.ecg.token_features import N_TOKEN_FEATURES
from ecg_facial.errors import SettingsError
from ecg_facial.face.alignment import crop_face
from ecg_facial.face.detection import FaceDetector
from ecg_facial.face.tracking import FaceFollower, TrackedFace
from ecg_facial.face.video import VideoFrame
from ecg_facial.recording import EcgSignal
from ecg_facial.runtime.typing import Float32Array, Float64Array, UInt8Array
from ecg_facial.windows.faces import FacePart, FaceSlots, track_settings
from ecg_facial.windows.settings import WindowSettings
from ecg_facial.windows.window import Window


def make_window(
    frames: Iterable[VideoFrame] | None,
    ecg: EcgSignal | None,
    *,
    settings: WindowSettings,
    detector: FaceDetector | None = None,
    start_s: float = 0.0,
    enrolled: Float32Array | None = None,
) -> Window:
    """Make one window in one pass over its frames.

    Parameters
    ----------
    frames : iterable of VideoFrame or None
        In order of time, from the whole second in which the window starts (`windows.faces.first_frame_s`): faces are
        followed from there on. Frames before it and after the window are ignored. None where there is no video.
    ecg : EcgSignal or None
        Covers at least the window. None where there is no ECG.
    settings : WindowSettings
    detector : FaceDetector, optional
        Needed with `frames`; must be the one that `settings` names.
    start_s : float
        Start of the window on the clock that frames and ECG share.
    enrolled : ndarray of float32, shape (24, 24), optional
        Look of the person, where it is known (`face.person.PersonFinder`). Without it the largest and most central of
        the first faces is the person's.

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
    face = None
    if frames is not None and detector is not None:
        slots = FaceSlots(settings, start_s=start_s, enrolled=enrolled)
        _follow(frames, slots, detector=detector, settings=settings)
        face = slots.finish()
    return make_window_from(face, ecg, settings=settings, start_s=start_s)


def make_window_from(
    face: FacePart | None, ecg: EcgSignal | None, *, settings: WindowSettings, start_s: float = 0.0
) -> Window:
    """Make one window of a face part that was put together already, and an ECG.

    Parameters
    ----------
    face : FacePart or None
        None where there is no video.
    ecg : EcgSignal or None
        Covers at least the window. None where there is no ECG.
    settings : WindowSettings
    start_s : float
        Start of the window on the clock that frames and ECG share.

    Returns
    -------
    Window
    """
    peaks, tokens, ecg_quality = _read_heart(ecg, settings, start_s)
    part = FaceSlots(settings).finish() if face is None else face
    return Window(
        crops=part.crops,
        frame_mask=part.frame_mask,
        frame_times_s=part.frame_times_s,
        tokens=tokens.features,
        token_times_s=tokens.times_s,
        r_peak_times_s=peaks,
        has_video=face is not None,
        has_ecg=ecg is not None,
        face_quality=part.face_quality,
        ecg_quality=ecg_quality,
        heart_rate_bpm=mean_heart_rate(peaks),
    )


def _follow(
    frames: Iterable[VideoFrame], slots: FaceSlots, *, detector: FaceDetector, settings: WindowSettings
) -> None:
    """Follow the faces through all frames of the window; keep one crop per slot."""
    follower = FaceFollower(detector, settings=track_settings(settings))
    for frame in frames:
        if slots.is_after(frame.time_s):
            break
        if not slots.is_before(frame.time_s):
            slots.add(frame.time_s, follower.update(frame), crop=partial(_crop, frame, settings))


def _crop(frame: VideoFrame, settings: WindowSettings, tracked: TrackedFace) -> UInt8Array:
    return crop_face(frame, tracked.face, crop_px=settings.crop_px)


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
