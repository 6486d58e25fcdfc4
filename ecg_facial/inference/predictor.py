"""From a window to a prediction, without torch.

Input: a bundle's description, its networks on some engine, then windows or files. Output: class probabilities with the
quality of the signals behind them. Without one signal the other model answers alone; without both there is no
prediction. A signal for which the bundle holds no model counts as missing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ecg_facial.ecg.formats.opening import find_ecg_file
from ecg_facial.ecg.reading import read_ecg_fully
from ecg_facial.errors import BundleError, SettingsError
from ecg_facial.face.detection import FaceDetector
from ecg_facial.face.detectors.loading import load_detector
from ecg_facial.face.video import measure_video, read_frames
from ecg_facial.inference.backends.contract import Networks
from ecg_facial.inference.backends.loading import load_networks
from ecg_facial.inference.bundle import Bundle, BundleInfo
from ecg_facial.inference.face_descriptors import FaceDescriptors, read_descriptors
from ecg_facial.inference.pairing import find_places
from ecg_facial.recording import VideoRef
from ecg_facial.runtime.paths import FoundPath, find_path
from ecg_facial.runtime.typing import Float32Array, FloatArray
from ecg_facial.windows.faces import first_frame_s
from ecg_facial.windows.making import make_window
from ecg_facial.windows.window import Window


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """The prediction for one window.

    Attributes
    ----------
    class_names : tuple of str
    predicted : str or None
        Most probable class; None without any usable signal.
    probabilities : tuple of float or None
        Fused and calibrated; those of one model where the other has no signal; None without any usable signal.
    facial, ecg : tuple of float or None
        Each model's own calibrated probabilities; None where it had nothing to look at.
    variants : dict of str to tuple of float
        Calibrated probabilities of the bundle's further models (`bundle.VARIANTS`) by name, beside the fused ones that
        decide; only of those that had something to look at.
    face_quality, ecg_quality : float
        0..1.
    n_frames_with_face, n_heart_rate_tokens : int
    heart_rate_bpm : float or None
    simulated : bool
        The bundle was trained on simulated people.
    notes : tuple of str
        What is missing, and why.
    """

    class_names: tuple[str, ...]
    predicted: str | None
    probabilities: tuple[float, ...] | None
    facial: tuple[float, ...] | None
    ecg: tuple[float, ...] | None
    face_quality: float
    ecg_quality: float
    n_frames_with_face: int
    n_heart_rate_tokens: int
    heart_rate_bpm: float | None
    simulated: bool
    notes: tuple[str, ...]
    variants: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able content."""
        return asdict(self)


class Predictor:
    """A bundle ready to predict; `open_predictor` makes one from what `load_bundle` gives.

    Parameters
    ----------
    info : BundleInfo
        Fusion, class names, and how windows are made.
    networks : Networks
        The bundle's networks on some engine.
    descriptors : FaceDescriptors, optional
        The forest of the bundle's variants.
    detector_path : Path, optional
        Model file of the face detector, where the bundle's needs one.
    """

    def __init__(
        self,
        info: BundleInfo,
        networks: Networks,
        *,
        descriptors: FaceDescriptors | None = None,
        detector_path: Path | None = None,
    ) -> None:
        self.info, self.networks, self.descriptors = info, networks, descriptors
        self._detector_path = detector_path
        self._detector: FaceDetector | None = None

    @property
    def detector(self) -> FaceDetector:
        """Face detector that the bundle's windows are made with, loaded on first use."""
        if self._detector is None:
            self._detector = load_detector(self.info.windows.detector, model_path=self._detector_path)
        return self._detector

    def predict(self, window: Window) -> Prediction:
        """Predict one window, made with the bundle's window settings.

        Raises
        ------
        BundleError
            When a network gives no finite logits, or another number of them than there are classes.
        """
        window = _keep_signals(window, self.info.models)
        features = self._face_features(window)
        face, ecg = self._facial_logits(features), self._ecg_logits(window)
        found = self.info.fusion.probabilities(face[None], ecg[None])
        sees, beats = bool(window.frame_mask.any()), bool(len(window.tokens))
        fused = _to_tuple(found["fusion"][0]) if sees or beats else None
        return Prediction(
            class_names=self.info.class_names,
            predicted=None if fused is None else self.info.class_names[int(np.argmax(fused))],
            probabilities=fused,
            facial=_to_tuple(found["facial"][0]) if sees else None,
            ecg=_to_tuple(found["ecg"][0]) if beats else None,
            face_quality=window.face_quality,
            ecg_quality=window.ecg_quality,
            n_frames_with_face=int(window.frame_mask.sum()),
            n_heart_rate_tokens=len(window.tokens),
            heart_rate_bpm=None if math.isnan(window.heart_rate_bpm) else window.heart_rate_bpm,
            simulated=self.info.simulated,
            notes=_describe_gaps(window, self.info.models),
            variants=self._predict_variants(window, features, ecg),
        )

    def _face_features(self, window: Window) -> Float32Array | None:
        """Features of the frames that show the face; None without one."""
        seen = window.frame_mask
        return self.networks.face_features(window.crops[seen]) if seen.any() else None

    def _facial_logits(self, features: Float32Array | None) -> Float32Array:
        """Logits of the facial model; NaN without a face, which the fusion reads as a missing signal."""
        return self._missing() if features is None else self._check(self.networks.facial_logits(features), "facial")

    def _predict_variants(
        self, window: Window, features: Float32Array | None, ecg: Float32Array
    ) -> dict[str, tuple[float, ...]]:
        """Probabilities of the models in which the forest takes the place of the facial network."""
        if self.descriptors is None:
            return {}
        face = self._missing()
        if features is not None:
            logits = self.descriptors.logits(features, window.frame_times_s[window.frame_mask])
            face = self._check(logits, self.info.variants[0])
        found = self.info.descriptors.probabilities(face[None], ecg[None])
        usable = {"facial": features is not None, "fusion": features is not None or bool(np.isfinite(ecg).all())}
        models = [name.split(":")[0] for name in self.info.variants]
        named = zip(self.info.variants, models, strict=True)
        return {name: _to_tuple(found[model][0]) for name, model in named if usable[model]}

    def _ecg_logits(self, window: Window) -> Float32Array:
        if not len(window.tokens):
            return self._missing()
        return self._check(self.networks.ecg_logits(window.tokens, window.token_times_s), "ecg")

    def _missing(self) -> Float32Array:
        return np.full(len(self.info.class_names), np.nan, dtype=np.float32)

    def _check(self, logits: Float32Array, model: str) -> Float32Array:
        """Refuse what a broken network gives: NaN would pass for a missing signal."""
        expected = (len(self.info.class_names),)
        if logits.shape != expected or not np.isfinite(logits).all():
            raise BundleError(
                f"the bundle's {model} model gives {logits.tolist()}: expected {expected[0]} finite logits; "
                "train it again"
            )
        return logits


def open_predictor(
    bundle: Bundle, *, engine: str = "onnx", threads: int = 0, detector_path: Path | None = None
) -> Predictor:
    """Open a bundle's networks with an engine, ready to predict.

    Parameters
    ----------
    bundle : Bundle
        From `load_bundle`.
    engine : {"onnx"}
    threads : int
        Threads per network; with 0 the engine chooses.
    detector_path : Path, optional
        Model file of the face detector, where the bundle's needs one.

    Returns
    -------
    Predictor

    Raises
    ------
    SettingsError
        For an unknown engine.
    BundleError
        When a network or the forest is missing or cannot be opened.
    """
    networks = load_networks(bundle, engine=engine, threads=threads)
    descriptors = read_descriptors(bundle.files) if bundle.info.variants else None
    return Predictor(bundle.info, networks, descriptors=descriptors, detector_path=detector_path)


def predict_files(
    predictor: Predictor,
    *,
    video: Path | str | None = None,
    ecg: Path | str | None = None,
    fs_hz: float | None = None,
    ecg_column: str = "ecg",
    start_s: float = 0.0,
    fps: float | None = None,
    frame_times: Path | str | None = None,
) -> Prediction:
    """Predict one window of a video, an ECG, or both, that share a clock.

    Parameters
    ----------
    predictor : Predictor
    video : path, optional
        A video file or a folder of frames.
    ecg : path, optional
        A file of any format that `read_ecg` reads. An XDF file with a stream of frame stamps places the frames of the
        video on its clock; other recordings begin together.
    fs_hz : float, optional
        Sampling rate in Hz, where the ECG's file says none.
    ecg_column : str
        Name of the ECG's column or channel.
    start_s : float
        Start of the window in both files, in seconds; with stamps of the frames in an XDF file, from its ECG's start.
    fps : float, optional
        Frames per second of a folder of frames, or of a raw stream that states none.
    frame_times : path, optional
        A text file that lists the time of each frame.

    Returns
    -------
    Prediction

    Raises
    ------
    SettingsError
        Without a signal that the bundle has a model for, or for a start below 0.
    DataError
        For a file that cannot be read.
    """
    if video is None and ecg is None:
        raise SettingsError("neither video nor ECG was given: give one of them, or both")
    if not (math.isfinite(start_s) and start_s >= 0):
        raise SettingsError(f"start_s is {start_s}: expected 0 or more seconds")
    settings = predictor.info.windows
    models = predictor.info.models
    if video is None and "ecg" not in models:
        raise SettingsError("the bundle holds the facial model alone: give a video")
    if ecg is None and "facial" not in models:
        raise SettingsError("the bundle holds the ECG model alone: give an ECG")
    signal, notes = None, []
    place = None
    if ecg is not None and "ecg" in models:
        place = find_ecg_file(ecg)
        reading = read_ecg_fully(place.path, fs_hz=fs_hz, column=ecg_column)
        signal = reading.signal
        notes += [f"ECG: {note}" for note in (place.note, *reading.notes) if note]
    lengths_s = {} if signal is None else {"ECG": signal.duration_s}
    if video is None or "facial" not in models:
        notes += _note_late(start_s, lengths_s)
        window = make_window(None, signal, settings=settings, start_s=start_s)
    else:
        times = FoundPath(path=Path()) if frame_times is None else find_path(frame_times)
        found = find_path(video)
        film = VideoRef(path=found.path, fps=fps, frame_times=None if frame_times is None else times.path)
        begin_s = first_frame_s(start_s, settings)
        span_s = (begin_s, start_s - begin_s + settings.window_s)
        places = None if place is None or fs_hz is not None else find_places(film, place.path, column=ecg_column)
        if places is not None:
            span_s = places.find_span(begin_s, start_s + settings.window_s)
            notes.append(f"video: {places.note}")
        else:
            notes += _note_late(start_s, lengths_s | {"video": measure_video(film)})
        frames = read_frames(film, start_s=span_s[0], duration_s=span_s[1])
        placed = frames if places is None else places.place(frames)
        window = make_window(placed, signal, settings=settings, detector=predictor.detector, start_s=start_s)
        frames.close()
        notes += [f"video: {note}" for note in (found.note, times.note, *frames.notes) if note]
    prediction = predictor.predict(window)
    return replace(prediction, notes=(*prediction.notes, *notes))


def _note_late(start_s: float, lengths_s: Mapping[str, float]) -> list[str]:
    """Say which recordings end before the window starts: nothing else is wrong with them."""
    late = [(name, length_s) for name, length_s in lengths_s.items() if 0 < length_s <= start_s]
    return [f"{name}: it ends at {length_s:.4g} s, and the window starts at {start_s:g} s" for name, length_s in late]


def _to_tuple(values: FloatArray) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def _keep_signals(window: Window, models: tuple[str, ...]) -> Window:
    """Leave out the signal that there is no model for, as if it had not been given."""
    if "facial" not in models:
        unseen = np.zeros_like(window.frame_mask)
        return replace(window, frame_mask=unseen, face_quality=0.0, has_video=False)
    if "ecg" not in models:
        return replace(
            window,
            tokens=window.tokens[:0],
            token_times_s=window.token_times_s[:0],
            r_peak_times_s=window.r_peak_times_s[:0],
            heart_rate_bpm=math.nan,
            ecg_quality=0.0,
            has_ecg=False,
        )
    return window


def _describe_gaps(window: Window, models: tuple[str, ...]) -> tuple[str, ...]:
    """Say for each signal that is not used why it is not."""
    notes = []
    if "facial" not in models:
        notes.append("the bundle holds no facial model: a video is not used")
    elif not window.has_video:
        notes.append("no video: the ECG alone is used" if "ecg" in models else "no video")
    elif not window.frame_mask.any():
        notes.append("no face is seen: the video is not used")
    if "ecg" not in models:
        notes.append("the bundle holds no ECG model: an ECG is not used")
    elif not window.has_ecg:
        notes.append("no ECG: the face alone is used" if "facial" in models else "no ECG")
    elif not len(window.tokens):
        notes.append("no interval between beats can be trusted: the ECG is not used")
    return tuple(notes)
