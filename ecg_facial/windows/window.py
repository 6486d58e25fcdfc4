"""The window: everything that a model may see of a stretch of recording.

Input: arrays and single values. Output: a `Window`, or one whose fields are read when they are first asked for.
How a window is made of frames and ECG stands in `windows.making`.

A new signal per trial is a new field of `Window`, the place in `windows.making` that computes it, and a higher
`PREPROCESSING_VERSION`. Prepared data, their files and their wrappers take names, types and shapes from here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, get_args, get_type_hints

import numpy as np

from ecg_facial.ecg.token_features import N_TOKEN_FEATURES
from ecg_facial.runtime.typing import BoolArray, Float32Array, Float64Array, UInt8Array


@dataclass(frozen=True, eq=False, kw_only=True)
class Window:
    """What a model sees. Times are in seconds from the window's start.

    Attributes
    ----------
    crops : ndarray of uint8, shape (n_frames, crop_px, crop_px, 3)
        RGB; zeros where no face was seen.
    frame_mask : ndarray of bool, shape (n_frames,)
        True where a face was seen.
    frame_times_s : ndarray of float32, shape (n_frames,)
        Time of the frame; where none was seen, the time it was looked for.
    tokens : ndarray of float32, shape (n_tokens, N_TOKEN_FEATURES)
        Heart-rate tokens (`ecg.token_features.TOKEN_FEATURES`); none where no interval can be trusted.
    token_times_s : ndarray of float32, shape (n_tokens,)
    r_peak_times_s : ndarray of float64, shape (n_beats,)
    has_video, has_ecg : bool
        Whether the signal was given at all.
    face_quality : float
        0..1: mean confidence over the frames, 0 where no face is seen, times the share of the window that has frames.
    ecg_quality : float
        0..1 (`ecg.quality.compute_sqi`).
    heart_rate_bpm : float
        NaN when unknown.
    """

    crops: UInt8Array = field(metadata={"source": "video"})
    frame_mask: BoolArray = field(metadata={"source": "video"})
    frame_times_s: Float32Array = field(metadata={"source": "video"})
    tokens: Float32Array = field(metadata={"source": "ecg", "width": N_TOKEN_FEATURES})
    token_times_s: Float32Array = field(metadata={"source": "ecg"})
    r_peak_times_s: Float64Array = field(metadata={"source": "ecg"})
    has_video: bool
    has_ecg: bool
    face_quality: float
    ecg_quality: float
    heart_rate_bpm: float

    @property
    def n_faces(self) -> int:
        """Number of frames that show the face."""
        return int(np.sum(self.frame_mask))

    @property
    def n_tokens(self) -> int:
        """Number of heart-rate tokens."""
        return len(self.token_times_s)

    def summarise(self) -> dict[str, Any]:
        """Give the single values of the window, and the numbers of faces and tokens: columns of a table of windows."""
        values = {name: getattr(self, name) for name in VALUES}
        return {**values, "n_faces": self.n_faces, "n_tokens": self.n_tokens}


@dataclass(frozen=True, kw_only=True)
class Signal:
    """An array of a `Window`.

    Attributes
    ----------
    source : {"video", "ecg"}
        The recording that it comes from.
    dtype : dtype
    width : int or None
        Length of the second axis, for arrays that have one of fixed length; None for others.
    """

    source: str
    dtype: np.dtype[Any]
    width: int | None


def _list_signals() -> dict[str, Signal]:
    """Read kind and shape of the arrays off the fields of `Window`, in their order."""
    hints = get_type_hints(Window)
    signals = {}
    for each in fields(Window):
        if each.metadata:
            (scalar,) = get_args(get_args(hints[each.name])[-1])
            about = each.metadata
            signals[each.name] = Signal(source=about["source"], dtype=np.dtype(scalar), width=about.get("width"))
    return signals


SIGNALS: Mapping[str, Signal] = _list_signals()
"""Arrays of a window by name, in the order of its fields."""
VALUES: Mapping[str, type] = {name: kind for name, kind in get_type_hints(Window).items() if name not in SIGNALS}
"""Types of the single values of a window by name, in the order of its fields."""


class _LazyWindow(Window):
    """A window whose fields are read when they are first asked for, and then kept."""

    def __getattr__(self, name: str) -> Any:
        # called only for what is not there: fields that were not read yet
        if name not in SIGNALS and name not in VALUES:
            raise AttributeError(f"a window has no {name}")
        value = self.__dict__["_read"](name)
        self.__dict__[name] = value
        return value

    def __getstate__(self) -> dict[str, Any]:
        # what the window is read from stays where it is
        return {name: getattr(self, name) for name in (*SIGNALS, *VALUES)}


def read_lazily(read: Callable[[str], Any]) -> Window:
    """Make a window whose fields are read when they are first asked for.

    Parameters
    ----------
    read : callable
        Gives the value of a field by its name; called at most once per name.

    Examples
    --------
    >>> window = read_lazily(lambda name: f"the {name}")
    >>> window.tokens
    'the tokens'
    """
    window = object.__new__(_LazyWindow)
    window.__dict__["_read"] = read
    return window
