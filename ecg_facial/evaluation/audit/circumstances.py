"""Whether a class shows in how recordings were made, or in any single column of the table, before any model is fitted.

Input: prepared data, and the indexed trials where they are at hand. Output: checks.

A level that was recorded longer, at another frame rate, in another part of the session or at another hour can be told
without a look at a face or a heart, and a model that is given the signals may learn just that. Published features of 55
people show it: one spectral column alone gives an AUC of 0.98, because rest was cut from longer recordings. So the
class is predicted from each quantity alone. Its values, and its ranks within the person, are put into bins of equal
counts (or categories), and each bin gets the class frequencies of the other people. The AUC (each class against the
rest, the mean) is computed within each person left out. A finding is an AUC whose lower limit over people exceeds a
bound; the limit is corrected for the number of quantities (Bonferroni).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from ecg_facial.evaluation.judging.schema import Check
from ecg_facial.labels import Task
from ecg_facial.prepared.contract import PreparedData
from ecg_facial.prepared.queries import encode_labels
from ecg_facial.recording import Trial
from ecg_facial.runtime.typing import Float64Array, Int64Array

CIRCUMSTANCE_BOUND = 0.6
"""AUC above which a circumstance of the recording tells the class: no body made it, so that 0.5 is expected."""
MEASURED_BOUND = 0.8
"""The same for single figures that were measured from the signals, such as the heart rate, which may tell pain."""
FEATURE_BOUND = 0.9
"""The same for single features of a table: a body may tell pain well, but hardly by one figure in everybody."""
MEASURED = ("heart_rate_bpm", "n_tokens", "n_faces", "face_quality", "ecg_quality")
_KEYS = ("subject", "trial", "level", "problem")
# columns that say what was applied or felt: they tell the class because they are the class
_LABEL_WORDS = ("label", "level", "stim", "pain", "rating", "vas", "nrs", "temperature", "intensity", "class", "code")
NAME = "no circumstance of the recording tells the class"
ORDER_NAME = "order of rows in the index"
_N_BINS, _MOST_CATEGORIES, _LEAST_SUBJECTS = 8, 30, 5
_ERROR = 0.01
_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Telling:
    """How well one quantity alone tells the class.

    Attributes
    ----------
    name : str
    auc, low : float
        Mean over people left out, and its lower limit.
    bound : float
    """

    name: str
    auc: float
    low: float
    bound: float

    @property
    def is_finding(self) -> bool:
        """Whether the lower limit exceeds the bound."""
        return self.low > self.bound

    def describe(self) -> str:
        """Name, AUC and limit."""
        return f"{self.name} AUC {self.auc:.2f} (lower limit {self.low:.2f}, bound {self.bound:g})"


def check_circumstances(prepared: PreparedData, *, task: Task, trials: Iterable[Trial] = ()) -> Check:
    """Predict the class from each column of the table and each circumstance of the recordings alone.

    Parameters
    ----------
    prepared : PreparedData
    task : Task
    trials : iterable of Trial
        The indexed trials: lengths and places of the recordings, and sizes of their files.
    """
    rows = [row for row, level in enumerate(prepared.table["level"]) if task.includes_code(level)]
    subjects = prepared.table["subject"].astype(str).to_numpy()[rows]
    n_people = len(set(subjects))
    if n_people < _LEAST_SUBJECTS:
        return _make(None, f"{n_people} people are too few: {_LEAST_SUBJECTS} are needed")
    labels = np.array(encode_labels(prepared, rows, task), np.int64)
    bounds = dict.fromkeys(MEASURED, MEASURED_BOUND) | dict.fromkeys(_features(prepared), FEATURE_BOUND)
    told = judge_quantities(list_quantities(prepared, rows, trials), labels, subjects, bounds=bounds)
    if not told:
        return _make(None, "no quantity differs between trials")
    order = [each for each in told if each.name == ORDER_NAME and each.is_finding]
    found = sorted((each for each in told if each.is_finding and each not in order), key=lambda each: -each.low)
    said = "; ".join(each.describe() for each in found[:_SHOWN])
    if not found:
        most = max((each for each in told if each not in order), key=lambda each: each.auc - each.bound, default=None)
        said = f"{len(told)} quantities" + (f", the nearest: {most.describe()}" if most else "")
    note = ". The order of rows tells it too; methods are handed trials in a drawn order" if order else ""
    more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return _make(not found, said + more + note)


def _make(passed: bool | None, message: str) -> Check:
    return Check(name=NAME, kind="stochastic", passed=passed, message=message, leak=13, warning=True)


def judge_quantities(
    quantities: Mapping[str, Sequence[object]],
    labels: Int64Array,
    subjects: Sequence[str],
    *,
    bounds: Mapping[str, float],
) -> list[Telling]:
    """Judge each quantity; those that are the same in all trials are left out. What has no bound is a circumstance."""
    people = pd.factorize(pd.Series(list(subjects), dtype=object))[0].astype(np.int64)
    forms = {}
    for name, values in quantities.items():
        made = _bin_forms(pd.Series(list(values)), people)
        if made:
            forms[name] = made
    n_tests = sum(map(len, forms.values()))
    told = []
    for name, binned in forms.items():
        results = [_limits(_auc_per_person(bins, labels, people), n_tests) for bins in binned]
        auc, low = max(results, key=lambda each: each[1])
        told.append(Telling(name=name, auc=auc, low=low, bound=bounds.get(name, CIRCUMSTANCE_BOUND)))
    return told


def list_quantities(
    prepared: PreparedData, rows: Sequence[int], trials: Iterable[Trial] = ()
) -> dict[str, Sequence[object]]:
    """List what is known of each trial beside its signals, by name: a value per row."""
    table = prepared.table.iloc[list(rows)]
    found: dict[str, Sequence[object]] = {
        str(name): table[name].tolist()
        for name in table
        if name not in _KEYS
        and (name in _features(prepared) or not any(word in str(name).lower() for word in _LABEL_WORDS))
    }
    missing = table.drop(columns=[name for name in _KEYS if name in table]).isna().sum(axis=1)
    found["missing values"] = missing.tolist()
    found[ORDER_NAME] = list(range(len(rows)))
    stamps = [_read_stamps(prepared, row) for row in rows]
    found |= {name: [each[name] for each in stamps] for name in stamps[0]} if stamps else {}
    known = {trial.id: trial for trial in trials}
    if known:
        described = [_describe_files(known.get(str(name))) for name in table["trial"]]
        found |= {name: [each.get(name) for each in described] for name in _FILE_QUANTITIES}
    return found


def _features(prepared: PreparedData) -> set[str]:
    """Columns that are features of the trials."""
    return {name for group in prepared.modalities.values() for name in group}


def _read_stamps(prepared: PreparedData, row: int) -> dict[str, float]:
    """Time stamps of a window: when its frames are, how far apart, and how many there are."""
    times_s = np.asarray(prepared[row].frame_times_s, np.float64)
    steps = np.diff(times_s)
    return {
        "number of frames": float(len(times_s)),
        "time of the first frame": float(times_s[0]) if len(times_s) else np.nan,
        "time of the last frame": float(times_s[-1]) if len(times_s) else np.nan,
        "time between frames": float(np.median(steps)) if len(steps) else np.nan,
    }


_FILE_QUANTITIES = (
    "length of the video", "start of the video in its file", "size of the video file", "length of the ECG",
    "start of the ECG in its file", "size of the ECG file", "kind of the video file", "kind of the ECG file",
)  # fmt: skip


def _describe_files(trial: Trial | None) -> dict[str, object]:
    found: dict[str, object] = {}
    refs = {} if trial is None else {"video": trial.video, "ECG": trial.ecg}
    for what, ref in refs.items():
        if ref is None:
            continue
        found[f"length of the {what}"] = ref.duration_s
        found[f"start of the {what} in its file"] = ref.start_s
        found[f"kind of the {what} file"] = ref.path.suffix
        found[f"size of the {what} file"] = ref.path.stat().st_size if ref.path.is_file() else None
    return found


def _bin_forms(values: pd.Series[object], people: Int64Array) -> list[Int64Array]:
    """Bins of a quantity as it is, and of its ranks within the person; none where all values are the same."""
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(np.float64)
    if np.isfinite(numbers).sum() < values.notna().sum():  # words
        codes, kinds = pd.factorize(values.astype(str))
        return [codes.astype(np.int64)] if 1 < len(kinds) <= _MOST_CATEGORIES else []
    numbers = np.where(np.isfinite(numbers), numbers, np.nan)
    ranks = pd.Series(numbers).groupby(people).rank(pct=True).to_numpy(np.float64)
    return [bins for bins in (_bin(numbers), _bin(ranks)) if len(np.unique(bins)) > 1]


def _bin(numbers: Float64Array) -> Int64Array:
    """Bins of equal counts, and one for what is missing."""
    known = np.isfinite(numbers)
    bins = np.full(len(numbers), _N_BINS, np.int64)
    if known.any():
        distinct = np.unique(numbers[known])
        shares = np.linspace(0, 1, _N_BINS + 1)[1:-1]
        edges = distinct[1:] if len(distinct) <= _N_BINS else np.unique(np.quantile(numbers[known], shares))
        bins[known] = np.searchsorted(edges, numbers[known], side="right")
    return bins


def _auc_per_person(bins: Int64Array, labels: Int64Array, people: Int64Array) -> Float64Array:
    """AUC within each person of class frequencies that the others have in the same bin."""
    n_bins, n_classes, n_people = int(bins.max()) + 1, int(labels.max()) + 1, int(people.max()) + 1
    counts = np.zeros((n_people, n_bins, n_classes))
    np.add.at(counts, (people, bins, labels), 1.0)
    others = counts.sum(axis=0) - counts
    shares = (others + 1.0 / n_classes) / (others.sum(axis=2, keepdims=True) + 1.0)
    return np.array([_mean_auc(shares[who], bins[people == who], labels[people == who]) for who in range(n_people)])


def _mean_auc(shares: Float64Array, bins: Int64Array, labels: Int64Array) -> float:
    """Mean over classes of the AUC of a class against the rest; NaN where only one class is there."""
    found = []
    for label in np.unique(labels):
        score, own = shares[bins, label], labels == label
        n_own, n_rest = int(own.sum()), int((~own).sum())
        if n_own and n_rest:
            ranks = stats.rankdata(score)
            found.append((ranks[own].sum() - n_own * (n_own + 1) / 2) / (n_own * n_rest))
    return float(np.mean(found)) if found else float("nan")


def _limits(values: Float64Array, n_tests: int) -> tuple[float, float]:
    """Mean over people, and its lower limit (t), corrected for the number of quantities."""
    known = values[np.isfinite(values)]
    if len(known) < _LEAST_SUBJECTS:
        return 0.5, 0.0
    wide = stats.t.ppf(1 - _ERROR / max(n_tests, 1), len(known) - 1) * known.std(ddof=1) / np.sqrt(len(known))
    return float(known.mean()), float(known.mean() - wide)
