"""EDF+: estimates and raw ECG as signals, alarms and all else as annotations.

Input: sessions of a patient. Output: ``LABEL_session-N.edf``, one EDF+C file for each. Session time 0 is the start of
the file. What is missing has the lowest digital value (-32768), which stands for nothing else; nothing is interpolated.
Annotations are a word and JSON: ``alarm {"alarm": "pain", ...}``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ecg_facial.export.columns import COLUMNS
from ecg_facial.export.content import SessionContent, make_label
from ecg_facial.export.files import new_file
from ecg_facial.export.marks import KINDS, Mark, list_marks
from ecg_facial.export.scaling import MISSING_COUNT, Scale, choose_scale
from ecg_facial.export.series import NUMBERS, EcgSeries, EstimateGrid, find_end_s, lay_out_estimates, read_ecg
from ecg_facial.live.store.rows import EstimateRow
from ecg_facial.runtime.extras import require_extras
from ecg_facial.runtime.text import RESEARCH_NOTE, SIMULATED_NOTE
from ecg_facial.runtime.typing import Float64Array

if TYPE_CHECKING:
    from edfio import EdfSignal

# Each data record holds as many bytes of annotations as the fullest one needs: longer records waste less.
_LONG_SESSION_S, _LONG_RECORD_S, _MOST_STEPS = 600.0, 10.0, 60
# The lowest value stands so far from an ECG that programs which take it for a sample show a cut, not a heart beat.
_ECG_ROOM = 8.0
# samples per record must be whole numbers
_TOLERANCE = 1e-6
_LABELS = {
    "estimate": "pain estimate", "trend": "pain trend", "low": "trend low", "high": "trend high",
    "heart_rate_bpm": "heart rate", "clock_offset_ms": "clock offset", "clock_drift_ppm": "clock drift",
    "clock_uncertainty_ms": "clock uncertain", "latency_ms": "latency", "face_quality": "face quality",
    "ecg_quality": "quality of ECG", "frames_shed": "frames shed",
}  # fmt: skip
# values that fit into every file, so that the steps of files are the same; estimates have their classes
_LARGEST = {
    "face_quality": 1.0, "ecg_quality": 1.0, "heart_rate_bpm": 300.0, "clock_offset_ms": 1500.0,
    "clock_drift_ppm": 1500.0, "clock_uncertainty_ms": 150.0, "latency_ms": 1500.0, "frames_shed": 3000.0,
}  # fmt: skip
# lost samples are marked one by one; shorter stretches of them are no annotation
_LEAST_LOSS_S = 0.1
_UNITS = {"1": "", "/min": "bpm", "[ppm]": "ppm"}
_TEXT_FIELD, _CODE_FIELD = 80, 40
# years that a header can hold; a machine without a battery begins in 1970
_YEARS = range(1985, 2085)


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """How the signals of a file are cut into data records."""

    record_s: float
    n_records: int

    @property
    def length_s(self) -> float:
        return self.record_s * self.n_records


def write_edf(sessions: Sequence[SessionContent], out: Path) -> list[Path]:
    """Write a file for each session.

    Raises
    ------
    MissingDependencyError
        Without the extra `export`.
    """
    require_extras("export")
    return [_write_session(one, out) for one in sessions]


def _write_session(one: SessionContent, out: Path) -> Path:
    from edfio import Edf, Patient, Recording

    about = one.session
    path = out / f"{make_label(about.patient)}_session-{one.number}.edf"
    grid = lay_out_estimates(one.read(EstimateRow))
    ecg = read_ecg(one)
    plan, fitting = _plan(grid, ecg, end_s=find_end_s(one, ecg, [*KINDS]))
    started = datetime.fromtimestamp(about.started_utc_s, tz=UTC)
    file = Edf(
        [*_make_signals(grid, about.class_names, plan), *_make_ecg(fitting, plan)],
        patient=Patient(code=_say_code(about.patient)),
        recording=Recording(
            startdate=started.date() if started.year in _YEARS else None,
            equipment_code=f"ecg_facial_{_say_code(about.software)}",
            additional=["SIMULATED"] * about.simulated,
        ),
        starttime=started.time(),
        data_record_duration=plan.record_s,
        annotations=list(_annotate(one, grid, ecg, fitting)),
    )
    with new_file(path) as temporary:
        file.write(temporary)
    return path


def _plan(grid: EstimateGrid, ecg: Sequence[EcgSeries], *, end_s: float) -> tuple[_Plan, list[EcgSeries]]:
    """Choose the length of the data records, and the series of ECG that fit into such records."""
    end_s = max(end_s, len(grid.rows) * grid.step_s)
    least_s = _LONG_RECORD_S if end_s > _LONG_SESSION_S else 0.0
    for fitting in (list(ecg), []):
        for count in range(1, _MOST_STEPS + 1):
            record_s = count * grid.step_s
            if record_s >= least_s and all(_fits(series.rate_hz * record_s) for series in fitting):
                return _Plan(record_s=record_s, n_records=max(1, math.ceil(end_s / record_s - _TOLERANCE))), fitting
    raise AssertionError("records without ECG fit always")


def _fits(n_samples: float) -> bool:
    return abs(n_samples - round(n_samples)) < _TOLERANCE


def _make_signals(grid: EstimateGrid, class_names: Sequence[str], plan: _Plan) -> Iterator[EdfSignal]:
    """Signals of the estimates."""
    n_cells = round(plan.length_s / grid.step_s)
    series = grid.series
    for name, values in series.items():
        padded = np.full(n_cells, np.nan)
        padded[: len(values)] = values
        number = name.removeprefix("p_") if name.startswith("p_") else ""
        label = f"probability {number}" if number else _LABELS[name]
        about = COLUMNS[EstimateRow]["probabilities" if number else name].description
        told = f"Probability of {class_names[int(number)]}" if number else about
        unit = NUMBERS["probabilities" if number else name]
        largest = 1.0 if number else _LARGEST.get(name, len(class_names) - 1.0)
        scale = choose_scale(padded, at_least=largest)
        yield _make_signal(padded, 1 / grid.step_s, label, told, scale, _UNITS.get(unit, unit))


def _make_ecg(fitting: Sequence[EcgSeries], plan: _Plan) -> Iterator[EdfSignal]:
    """Signals of the raw ECG: one for all grids of the same rate and unit."""
    groups: dict[tuple[float, str], list[EcgSeries]] = {}
    for series in fitting:
        groups.setdefault((series.rate_hz, series.unit), []).append(series)
    for number, ((rate_hz, unit), group) in enumerate(groups.items(), start=1):
        per_record = round(rate_hz * plan.record_s)
        samples = np.full(per_record * plan.n_records, np.nan)
        for series in group:
            first = round(series.start_s * rate_hz)
            # what was buffered before the session began lies ahead of the file
            given = series.samples[max(0, -first) : len(samples) - first]
            known = np.isfinite(given)
            samples[max(0, first) :][: len(given)][known] = given[known]
        scale = choose_scale(samples, room=_ECG_ROOM, is_signal=True)
        label = "ECG" if number == 1 else f"ECG {number}"
        yield _make_signal(samples, per_record / plan.record_s, label, "Raw ECG as the amplifier gave it", scale, unit)


def _make_signal(values: Float64Array, rate_hz: float, label: str, about: str, scale: Scale, unit: str) -> EdfSignal:
    from edfio import EdfSignal

    return EdfSignal.from_digital(
        scale.to_counts(values),
        rate_hz,
        label=label,
        transducer_type=_say_field(about, _TEXT_FIELD),
        physical_dimension=scale.name_unit(unit),
        physical_range=(scale.to_value(MISSING_COUNT), scale.to_value(-MISSING_COUNT - 1)),
        digital_range=(MISSING_COUNT, -MISSING_COUNT - 1),
    )


def _annotate(
    one: SessionContent, grid: EstimateGrid, ecg: Sequence[EcgSeries], fitting: Sequence[EcgSeries]
) -> Iterator[Any]:
    """Annotations: first what the file is, then all marks."""
    from edfio import EdfAnnotation

    about = one.session
    notes = [SIMULATED_NOTE] * about.simulated + [RESEARCH_NOTE]
    yield EdfAnnotation(0.0, None, _say("session", {
        "note": " ".join(notes), "simulated": about.simulated, "patient": about.patient, "session": one.number,
        "started_utc_s": about.started_utc_s, "ended_utc_s": about.ended_utc_s, "end": about.end,
        "class_names": list(about.class_names), "bundle_version": about.bundle_version,
        "bundle_sha256": about.bundle_sha256, "software": about.software, "sources": about.sources,
        "step_s": grid.step_s, "offset_s": grid.offset_s,
        "window_s": next((row.window_s for row in grid.rows if row is not None), None),
    }))  # fmt: skip
    for series in ecg:
        content = {
            "grid": series.grid, "rate_hz": series.rate_hz, "unit": series.unit, "n_times": len(series.samples),
            "n_lost": int(np.isnan(series.samples).sum()), "late_ms": series.late_ms,
            "is_in_this_file": any(series is other for other in fitting),
        }  # fmt: skip
        yield EdfAnnotation(series.start_s, len(series.samples) / series.rate_hz, _say("raw ECG", content))
        for first, end in series.lost:
            if end - first >= _LEAST_LOSS_S * series.rate_hz:
                onset_s = series.start_s + first / series.rate_hz
                yield EdfAnnotation(onset_s, (end - first) / series.rate_hz, "ECG lost")
    for mark in list_marks(one, grid):
        yield EdfAnnotation(mark.onset_s, mark.duration_s, _say_mark(mark))


def _say_mark(mark: Mark) -> str:
    return _say(mark.kind, mark.content) if mark.content else mark.kind


def _say(word: str, content: dict[str, Any]) -> str:
    """Write a word and JSON; control characters, which end an annotation, are escaped in it."""
    return f"{word} {json.dumps(content, ensure_ascii=False)}"


def _say_code(text: str) -> str:
    """Text as a subfield of the header: printable ASCII without blanks, else the label of a file's name."""
    plain = text.replace(" ", "_")
    fits = plain.isascii() and plain.isprintable() and 0 < len(plain) <= _CODE_FIELD
    return plain if fits else make_label(text)[:_CODE_FIELD]


def _say_field(text: str, length: int) -> str:
    return "".join(sign if sign.isascii() and sign.isprintable() else "?" for sign in text)[:length]
