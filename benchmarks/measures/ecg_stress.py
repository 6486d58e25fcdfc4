"""Windows of simulated and of real ECG under the same noise test, and how well beats are found in them.

Real windows are MIT-BIH records with noise of the MIT-BIH Noise Stress Test Database; simulated ones are a cohort's
people with the simulator's own noise. Noise is scaled as the database's ``nst`` does: SNR = 10 log10((QRS peak to
peak)^2 / 8 / noise variance). Windows are 5.5 s at 512 Hz with at least three beats; beats within 0.2 s of an end do
not count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy import signal

from ecg_facial.ecg.formats.wfdb_beats import walk_marks
from ecg_facial.ecg.reading import probe_ecg, read_ecg
from ecg_facial.runtime.typing import Float64Array, Int64Array
from ecg_facial.simulate.files.biosignals import draw_person_ecg
from ecg_facial.simulate.grid import TRIAL_S
from ecg_facial.simulate.heart.ecg_noise import draw_baseline_wander, draw_electrode_motion, draw_muscle_noise
from ecg_facial.simulate.people.response import sample_person, simulate_heart
from ecg_facial.simulate.seeds import make_rng
from ecg_facial.simulate.settings.presets import Preset
from ecg_facial.simulate.settings.sensor_settings import BIOVID_LIKE_ECTOPIC, BIOVID_LIKE_SENSORS

Detector = Callable[[Float64Array, float], Float64Array]

FS_HZ = 512.0
GUARD_S, TOLERANCE_S = 0.2, 0.15
MIN_BEATS = 3
CONDITIONS: dict[str, tuple[str, float]] = {
    "clean": ("", np.inf),
    "motion 12 dB": ("em", 12.0),
    "muscle 12 dB": ("ma", 12.0),
    "wander 0 dB": ("bw", 0.0),
}
HARDER: dict[str, tuple[str, float]] = {
    "motion 0 dB": ("em", 0.0),
    "muscle 0 dB": ("ma", 0.0),
    "wander -12 dB": ("bw", -12.0),
}
SIMULATED_NOISES = {"em": draw_electrode_motion, "ma": draw_muscle_noise, "bw": draw_baseline_wander}

_QRS_HALF_S = 0.05
_REAL_HZ = 360.0
# WFDB annotation codes of beats; 32 and 33 enclose ventricular flutter, in which beats are not marked.
_BEAT_CODES = frozenset({*range(1, 14), 25, 30, 34, 35, 38, 41})
_FLUTTER_CODES, _REGULAR_CODE = (32, 33), 1
SINUS_SHARE = 0.97


@dataclass(frozen=True, eq=False)
class Window:
    """An ECG in mV, the true beats' times in seconds, the record it is from, and where beats are not marked."""

    ecg_mv: Float64Array
    beats_s: Float64Array
    record: str = ""
    flutter_s: tuple[tuple[float, float], ...] = ()

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.ecg_mv) / FS_HZ

    def keep_marked(self, times_s: Float64Array) -> Float64Array:
        """Leave out times in ventricular flutter."""
        for start_s, end_s in self.flutter_s:
            times_s = times_s[(times_s < start_s) | (times_s >= end_s)]
        return times_s


def make_simulated_windows(n_windows: int, *, seed: int = 0, preset: Preset | None = None) -> Iterator[Window]:
    """Draw windows of as many people, with premature beats and swapped leads, without artefacts."""
    population = preset or Preset(name="stress", sensors=BIOVID_LIKE_SENSORS, ectopic=BIOVID_LIKE_ECTOPIC)
    sensors = population.sensors
    for number in range(n_windows):
        rng = make_rng(seed, "ecg stress", number)
        person = sample_person(rng, population, sex="w" if number % 2 else "m", age_years=40)
        heart = simulate_heart(rng, person, intensity=float(rng.random()), settings=population.heart)
        ecg_mv = person.lead_sign * draw_person_ecg(person, heart)
        floor_uv = rng.uniform(*sensors.noise_uv) + rng.uniform(*sensors.raw_noise_uv)
        yield Window(
            ecg_mv=ecg_mv + 1e-3 * floor_uv * rng.standard_normal(len(ecg_mv)), beats_s=heart.trial_beat_times_s
        )


def read_real_records(folder: Path, *, sinus_only: bool = False) -> Iterator[Window]:
    """Read whole MIT-BIH records.

    `sinus_only` keeps to records with at least 97 % regular beats, the nearest to healthy volunteers.
    """
    for path in sorted((folder / "mitdb").glob("*.atr")):
        beats_s, flutter_s, regular_share = _read_annotations(path)
        if not sinus_only or regular_share >= SINUS_SHARE:
            ecg = signal.resample_poly(_read_signal(path.with_suffix(".hea")), 64, 45, padtype="line")
            yield Window(ecg_mv=ecg, beats_s=beats_s, record=path.stem, flutter_s=tuple(flutter_s))


def read_real_windows(folder: Path, *, stride: int = 15, sinus_only: bool = False) -> Iterator[Window]:
    """Cut every stride-th window of MIT-BIH records, but for those with ventricular flutter."""
    n_times = round(TRIAL_S * FS_HZ)
    for record in read_real_records(folder, sinus_only=sinus_only):
        beats_s = record.beats_s
        for first in range(0, len(record.ecg_mv) - n_times + 1, stride * n_times):
            start_s = first / FS_HZ
            inside = beats_s[(beats_s >= start_s) & (beats_s < start_s + TRIAL_S)] - start_s
            spoilt = any(a < start_s + TRIAL_S and b > start_s for a, b in record.flutter_s)
            if len(inside) >= MIN_BEATS and not spoilt:
                yield Window(ecg_mv=record.ecg_mv[first : first + n_times], beats_s=inside, record=record.record)


def _read_signal(path: Path) -> Float64Array:
    """MLII where a record has it, else its first channel, in millivolts."""
    has_mlii = "MLII" in probe_ecg(path, column="1").columns
    return np.nan_to_num(read_ecg(path, column="MLII" if has_mlii else "1").samples)


def _read_annotations(path: Path) -> tuple[Float64Array, list[tuple[float, float]], float]:
    """Read times of beats, spans of ventricular flutter, share of regular beats."""
    marks = [(tick / _REAL_HZ, code) for tick, code in walk_marks(path, path.read_bytes())]
    edges = [time_s for time_s, code in marks if code in _FLUTTER_CODES]
    beats = np.array([(time_s, code == _REGULAR_CODE) for time_s, code in marks if code in _BEAT_CODES])
    return beats[:, 0], list(zip(edges[::2], edges[1::2], strict=False)), float(beats[:, 1].mean())


@lru_cache(maxsize=3)
def _read_noise(folder: Path, kind: str) -> Float64Array:
    if kind == "em":
        noise = np.load(folder / "nstdb" / "em_recovered.npz")["em"][:, 0] / 1000.0
    else:
        noise = _read_signal(folder / "nstdb" / f"{kind}.hea")
    return np.asarray(signal.resample_poly(noise - noise.mean(), 64, 45, padtype="line"))


def draw_real_noise(folder: Path, kind: str, rng: np.random.Generator, n_times: int) -> Float64Array:
    """Cut noise out of a recording at a random place."""
    noise = _read_noise(folder, kind)
    first = int(rng.integers(0, len(noise) - n_times))
    return noise[first : first + n_times]


def add_noise(window: Window, noise: Float64Array, snr_db: float) -> Float64Array:
    """Scale noise to the window's QRS complexes and add it."""
    half = round(_QRS_HALF_S * FS_HZ)
    beats = np.rint(window.beats_s * FS_HZ).astype(int)
    size_mv = np.median([np.ptp(window.ecg_mv[max(0, beat - half) : beat + half + 1]) for beat in beats])
    noise = noise - noise.mean()
    return window.ecg_mv + noise * np.sqrt(size_mv**2 / 8.0 / 10.0 ** (snr_db / 10.0) / noise.var())


def count_beats(
    true_s: Float64Array, found_s: Float64Array, *, tolerance_s: float = TOLERANCE_S, duration_s: float = TRIAL_S
) -> Int64Array:
    """Hits, misses and false beats outside the guard; each true beat takes the nearest free one in reach."""
    low, high = GUARD_S, duration_s - GUARD_S
    true_s, found_s = np.sort(true_s), np.sort(found_s)
    # only the pairs in reach: of a long record they are few
    first = np.searchsorted(found_s, true_s - tolerance_s)
    end = np.searchsorted(found_s, true_s + tolerance_s, side="right")
    pairs = [(true, found) for true in range(len(true_s)) for found in range(first[true], end[true])]
    taken, hits = set(), set()
    for true, found in sorted(pairs, key=lambda pair: abs(true_s[pair[0]] - found_s[pair[1]])):
        if true not in hits and found not in taken:
            hits.add(true)
            taken.add(found)
    within = (true_s >= low) & (true_s < high)
    n_hits = sum(bool(within[true]) for true in hits)
    false = sum(low <= time < high for number, time in enumerate(found_s) if number not in taken)
    return np.array([n_hits, int(within.sum()) - n_hits, false])


def measure_f1(spoilt: Iterable[tuple[Window, Float64Array]], detect: Detector) -> float:
    """F1 in percent over all windows together."""
    hits, misses, false = sum(
        (count_beats(window.beats_s, detect(ecg, FS_HZ)) for window, ecg in spoilt), np.zeros(3, dtype=np.int64)
    )
    return float(200.0 * hits / (2.0 * hits + misses + false))


def spoil_simulated(windows: Iterable[Window], kind: str, snr_db: float) -> Iterator[tuple[Window, Float64Array]]:
    """Add the simulator's noise."""
    for number, window in enumerate(windows):
        if not kind:
            yield window, window.ecg_mv
            continue
        noise = SIMULATED_NOISES[kind](make_rng(number, "ecg stress", kind), len(window.ecg_mv), FS_HZ)
        yield window, add_noise(window, noise, snr_db)


def spoil_real(
    windows: Iterable[Window], kind: str, snr_db: float, *, folder: Path
) -> Iterator[tuple[Window, Float64Array]]:
    """Add recorded noise."""
    rng = np.random.default_rng(0)
    for window in windows:
        if not kind:
            yield window, window.ecg_mv
            continue
        yield window, add_noise(window, draw_real_noise(folder, kind, rng, len(window.ecg_mv)), snr_db)
