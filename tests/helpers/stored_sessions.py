"""Sessions of a store, drawn at random: gated and missing estimates, gaps, notes in many alphabets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from ecg_facial.live.store.database import Store
from ecg_facial.live.store.rows import AlarmRow, BaselineRow, EcgRow, EstimateRow, EventRow, RatingRow, Row, Session

START_UTC_S = 1_800_000_000.25
CLASS_NAMES = (("BL1", "PA1", "PA2", "PA3"), ("no pain", "schmerz, \u00e4rgste"), ("BL1", "PA1", "PA2", "PA3", "PA4"))
TEXTS = (
    "", "after turning", "=1+1", "+49", "-5", "@cmd", "'quoted'", '"double"', "tab\there", "two\nlines", "a\r\nb",
    "n/a", "\\n", "Z\u00fcrich \u2013 \u6ce8\u5c04 \U0001f642", "a, b; c", "{'json': 1}", " blank ", "x" * 300,
    "\u202eright to left", "null", "NaN",
)  # fmt: skip
_STATES = {
    "face": ("ok", "no signal", "no face", "two faces", "covered", "frozen"),
    "ecg": ("ok", "no signal", "lead off", "flat", "saturated", "noisy"),
}


def draw_text(rng: np.random.Generator) -> str:
    return str(rng.choice(np.array(TEXTS, dtype=object)))


def draw_session(rng: np.random.Generator, *, patient: str = "P7", started_utc_s: float = START_UTC_S) -> Session:
    return Session(
        patient=patient, started_utc_s=started_utc_s, class_names=CLASS_NAMES[rng.integers(len(CLASS_NAMES))],
        bundle_version="0.1.0", bundle_sha256=f"{rng.integers(16**8):08x}" * 8, simulated=bool(rng.random() < 0.5),
        sources="camera 0, LSL stream Amplifier", software="0.1.0", ended_utc_s=started_utc_s + 99.5, end="closed",
    )  # fmt: skip


def draw_rows(rng: np.random.Generator, class_names: tuple[str, ...], *, n_estimates: int | None = None) -> list[Row]:
    """Rows of a session with an estimate each second, some of which are not there."""
    number = int(rng.integers(0, 12)) if n_estimates is None else n_estimates
    places = np.flatnonzero(rng.random(number) < 0.85)
    rows: list[Row] = [draw_estimate(rng, 5.5 + int(place), class_names) for place in places]
    for _ in range(rng.integers(1, 5)):
        rows.append(draw_other(rng, round(float(rng.uniform(0.0, 15.0)), 6)))
    return rows


def draw_estimate(rng: np.random.Generator, time_s: float, class_names: tuple[str, ...]) -> EstimateRow:
    face, ecg = (_draw_state(rng, kind) for kind in ("face", "ecg"))
    used = "+".join(name for name, state in (("facial", face), ("ecg", ecg)) if state == "ok")
    probabilities = tuple(float(value) for value in rng.dirichlet(np.ones(len(class_names)))) if used else None
    estimate = None if probabilities is None else float(np.dot(probabilities, np.arange(len(class_names))))
    top = len(class_names) - 1
    low, trend, high = sorted(float(value) for value in rng.uniform(0, top, 3))
    is_aligned = rng.random() < 0.8
    return EstimateRow(
        time_s=time_s, utc_s=START_UTC_S + time_s + round(float(rng.uniform(0.05, 0.5)), 6), window_s=5.5,
        estimate=estimate, low=low if used else None, high=high if used else None, trend=trend if used else None,
        probabilities=probabilities, used=used, face_state=face, ecg_state=ecg,
        face_quality=None if face == "no signal" else float(rng.random()),
        ecg_quality=None if ecg == "no signal" else float(rng.random()),
        heart_rate_bpm=float(rng.uniform(40, 180)) if ecg == "ok" and rng.random() < 0.9 else None,
        clock_state=str(rng.choice(["one clock", "synchronised", "unsynchronised"])),
        clock_offset_ms=float(rng.normal(0, 1e3)) if is_aligned else None,
        clock_drift_ppm=float(rng.normal(0, 50)) if is_aligned else None,
        clock_uncertainty_ms=float(rng.uniform(0, 20)) if is_aligned else None,
        latency_ms=float(rng.uniform(80, 900)), frames_shed=int(rng.integers(0, 3)),
    )  # fmt: skip


def _draw_state(rng: np.random.Generator, kind: str) -> str:
    return "ok" if rng.random() < 0.6 else str(rng.choice(_STATES[kind]))


def draw_other(rng: np.random.Generator, time_s: float) -> Row:
    when = {"time_s": time_s, "utc_s": START_UTC_S + time_s}
    kind = rng.integers(4)
    if kind == 0:
        duration_s = float(rng.uniform(0, 3)) if rng.random() < 0.7 else None
        return EventRow(
            **when, source="ecg", kind="gap", message=f"{duration_s} s of ECG were lost", duration_s=duration_s
        )
    if kind == 1:
        change = str(rng.choice(["raised", "acknowledged", "cleared", "paused", "switched off"]))
        return AlarmRow(**when, alarm="lead off", priority="low", change=change, by=draw_text(rng), message="for 2 s")
    if kind == 2:
        scale = str(rng.choice(["NRS", "NRS-self", "CPOT", ""]))
        value = None if not scale else float(rng.integers(0, 11))
        return RatingRow(**when, scale=scale, value=value, by=draw_text(rng), note=draw_text(rng))
    heart_rate_bpm = float(rng.uniform(50, 90)) if rng.random() < 0.7 else None
    return BaselineRow(**when, estimate=float(rng.random()), heart_rate_bpm=heart_rate_bpm, n_estimates=25)


def draw_ecg(rng: np.random.Generator) -> list[EcgRow]:
    """Raw ECG with losses inside and between blocks; on two grids where the amplifier's clock was set."""
    rate_hz, unit = float(rng.choice([64.0, 130.0, 128.5])), str(rng.choice(["mV", ""]))
    height = 1.0 if unit else float(rng.choice([1e-3, 1.0, 1e5]))
    rows, time_s = [], round(float(rng.uniform(0.0, 2.0)), 6)
    for grid in range(rng.integers(1, 3)):
        first, begun = int(rng.integers(0, 500)), None
        for _ in range(rng.integers(1, 4)):
            samples = (height * rng.normal(0, 0.3, int(rng.integers(20, 200)))).astype("<f4")
            samples[1:-1][rng.random(len(samples) - 2) < 0.05] = np.nan
            begun = first if begun is None else begun
            rows.append(
                EcgRow(
                    time_s=time_s + (first - begun) / rate_hz, utc_s=START_UTC_S + 5.0, grid=grid, first=first,
                    rate_hz=rate_hz, unit=unit, samples=samples.tobytes(),
                )
            )  # fmt: skip
            first += len(samples) + int(rng.choice([0, 0, 3, 40]))
        time_s += (first - (begun or 0)) / rate_hz + 1.0
    return rows


def write_store(
    path: Path,
    seed: int,
    *,
    n_sessions: int = 2,
    n_estimates: int | None = None,
    ecg: bool = False,
    simulated: bool | None = None,
) -> Path:
    """Write a store with sessions of patient P7, and one of another patient; SIMULATED by chance unless it is said."""
    rng = np.random.default_rng(seed)
    with Store(path) as store:
        # a test of what is written need not wait for the disk
        store._connection.execute("PRAGMA synchronous = OFF")
        for place in range(n_sessions + 1):
            patient = "P7" if place else "other"
            session = draw_session(rng, patient=patient, started_utc_s=START_UTC_S + 200.0 * place)
            session = session if simulated is None else replace(session, simulated=simulated)
            rows = draw_rows(rng, session.class_names, n_estimates=n_estimates)
            store.add(store.begin(session), [*rows, *draw_ecg(rng)] if ecg else rows)
    return path


def write_ecg_store(path: Path, samples: np.ndarray, *, unit: str = "mV", rate_hz: float = 250.0) -> Path:
    """Write a store with an ECG that begins at 1 s, and nothing else."""
    rng = np.random.default_rng(0)
    with Store(path) as store:
        number = store.begin(draw_session(rng))
        rows = draw_rows(rng, ("BL1", "PA4"), n_estimates=0)
        ecg = EcgRow(
            time_s=1.0, utc_s=START_UTC_S, grid=0, first=0, rate_hz=rate_hz, unit=unit,
            samples=samples.astype("<f4").tobytes(),
        )  # fmt: skip
        store.add(number, [*rows, ecg])
    return path


def draw_beats(n_times: int, fs_hz: float = 250.0) -> np.ndarray:
    times = np.arange(n_times) / fs_hz
    return np.exp(-0.5 * ((times % 0.8 - 0.4) / 0.01) ** 2) + 0.05 * np.sin(5 * times)
