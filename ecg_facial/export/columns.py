"""What the columns of a store's tables mean, with their units.

Input: nothing. Output: `COLUMNS`, from which the descriptions in all exports are made. Units are of UCUM, so that every
format writes the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ecg_facial.live.store.rows import AlarmRow, BaselineRow, EstimateRow, EventRow, RatingRow, Row


@dataclass(frozen=True, kw_only=True)
class Column:
    """Meaning of a column.

    Attributes
    ----------
    description : str
    unit : str
        UCUM; ``1`` for what has no unit, empty for text.
    """

    description: str
    unit: str = ""


_TIME = {
    "time_s": Column(description="Time on the session's clock, which starts at 0 and never steps", unit="s"),
    "utc_s": Column(description="Time of the machine's clock when it was kept, since 1970-01-01 in UTC", unit="s"),
}
COLUMNS: Mapping[type[Row], Mapping[str, Column]] = {
    EstimateRow: {
        "time_s": Column(description="End of the window, on the session's clock", unit="s"),
        "utc_s": _TIME["utc_s"],
        "window_s": Column(description="Length of the window", unit="s"),
        "estimate": Column(description="Pain estimate: expected class, 0 for the first; absent if gated", unit="1"),
        "low": Column(description="Lower end of the trend's 90 % interval", unit="1"),
        "high": Column(description="Upper end of the trend's 90 % interval", unit="1"),
        "trend": Column(description="Pain estimate smoothed over time", unit="1"),
        "probabilities": Column(description="Calibrated probability of each class", unit="1"),
        "used": Column(description="Signals behind the estimate: facial+ecg, facial, ecg, or none"),
        "face_state": Column(description="ok, or what is wrong with the face; empty where no camera was asked for"),
        "ecg_state": Column(description="ok, or what is wrong with the ECG; empty where no ECG was asked for"),
        "face_quality": Column(description="Quality of the face in the window, 0 to 1", unit="1"),
        "ecg_quality": Column(description="Quality of the ECG in the window, 0 to 1", unit="1"),
        "heart_rate_bpm": Column(description="Heart rate of the window", unit="/min"),
        "clock_state": Column(description="Clocks of face and ECG: one clock, synchronised or unsynchronised"),
        "clock_offset_ms": Column(description="Offset of the ECG's clock against the video's", unit="ms"),
        "clock_drift_ppm": Column(description="Drift of the ECG's clock against the video's", unit="[ppm]"),
        "clock_uncertainty_ms": Column(description="How far the offset may be off", unit="ms"),
        "latency_ms": Column(description="From the window's last sample to the estimate", unit="ms"),
        "frames_shed": Column(description="Frames dropped since the last estimate: the machine was too slow", unit="1"),
    },
    EventRow: {
        **_TIME,
        "source": Column(description="video, ecg, clock, store or monitor"),
        "kind": Column(description="Such as gap, lost, back, shed, step, gate, started, ended"),
        "message": Column(description="One line for a person"),
        "duration_s": Column(description="Length, where it has one; of `back` that of the time before it", unit="s"),
    },
    AlarmRow: {
        **_TIME,
        "alarm": Column(description="pain, or a technical alarm"),
        "priority": Column(description="high, medium or low; none is high at present"),
        "change": Column(description="raised, acknowledged, cleared, paused, resumed, switched off, switched on"),
        "by": Column(description="Sign of the person who did it, or monitor"),
        "message": Column(description="Why"),
    },
    RatingRow: {
        **_TIME,
        "scale": Column(description="Scale of the rating, such as NRS; empty for a note"),
        "value": Column(description="Rating; absent for a note", unit="{score}"),
        "by": Column(description="Sign of the person who rated or entered it"),
        "note": Column(description="What the person wrote"),
    },
    BaselineRow: {
        **_TIME,
        "estimate": Column(description="Median pain estimate at rest", unit="1"),
        "heart_rate_bpm": Column(description="Median heart rate at rest", unit="/min"),
        "n_estimates": Column(description="Estimates behind the medians", unit="1"),
    },
}
