"""Whether a class shows in how recordings were made, or in any single column of the table, before any model is fitted.

Input: prepared data, and the indexed trials where they are at hand. Output: checks.

A level that was recorded longer, at another frame rate, in another part of the session or at another hour can be told
without a look at a face or a heart, and a model that is given the signals may learn just that. Published features of 55
people show it: one spectral column alone gives an AUC of 0.98, because rest was cut from longer recordings. So the
class is predicted from each quantity alone. Its values, and its ranks within the person, are put into bins of equal
counts (or categories), and each bin gets the class frequencies of the other people. The AUC of each class against the
rest is computed within each person left out. A finding is an AUC, the mean over classes or that of one class, whose
lower limit over people exceeds a bound; the limit is corrected for the number of quantities and classes (Bonferroni).
One class has to be looked at alone: a length that tells rest from three levels of pain has a mean of no more than 0.75.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from ecg_facial.evaluation.audit.recorded_files import FOLLOW_THE_SIGNAL, describe_files, find_trials
from ecg_facial.evaluation.judging.schema import Check
from ecg_facial.labels import Task
from ecg_facial.prepared.contract import PreparedData
from ecg_facial.prepared.normalising import has_times
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
ORDER_NOTE = (
    "The order of rows tells the class, and no column says when a trial was: if rows stand in the order of recording, "
    "so does the place in the session"
)
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
    label : int or None
        The class that is told from the rest; None for the mean over classes.
    """

    name: str
    auc: float
    low: float
    bound: float
    label: int | None = None

    @property
    def is_finding(self) -> bool:
        """Whether the lower limit exceeds the bound."""
        return self.low > self.bound

    def describe(self, class_names: Sequence[str]) -> str:
        """Name, class, AUC and limit."""
        of = "" if self.label is None else f" of {class_names[self.label]}"
        return f"{self.name} AUC{of} {self.auc:.2f} (lower limit {self.low:.2f}, bound {self.bound:g})"


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
    bounds = dict.fromkeys((*MEASURED, *FOLLOW_THE_SIGNAL), MEASURED_BOUND) | dict.fromkeys(
        _features(prepared), FEATURE_BOUND
    )
    told = judge_quantities(list_quantities(prepared, rows, trials), labels, subjects, bounds=bounds)
    if not told:
        return _make(None, "no quantity differs between trials")
    order = [each for each in told if each.name == ORDER_NAME and each.is_finding]
    found = sorted((each for each in told if each.is_finding and each not in order), key=lambda each: -each.low)
    said = "; ".join(each.describe(task.class_names) for each in found[:_SHOWN])
    if not found:
        most = max((each for each in told if each not in order), key=lambda each: each.auc - each.bound, default=None)
        said = f"{len(told)} quantities" + (f", the nearest: {most.describe(task.class_names)}" if most else "")
    note = f". {ORDER_NOTE}" if order else ""
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
    n_classes = int(labels.max()) + 1
    # with two classes the AUC of one is that of the other
    n_tests = sum(map(len, forms.values())) * (1 if n_classes == 2 else 1 + n_classes)
    told = []
    for name, binned in forms.items():
        bound = bounds.get(name, CIRCUMSTANCE_BOUND)
        results = [
            each
            for bins in binned
            for each in _judge_bins(name, _auc_per_person(bins, labels, people), bound=bound, n_tests=n_tests)
        ]
        told.append(max(results, key=lambda each: each.low - each.bound))
    return told


def _judge_bins(name: str, aucs: Float64Array, *, bound: float, n_tests: int) -> list[Telling]:
    """Judge the mean over classes, and of more than two classes each class against the rest."""
    every = np.array([own[np.isfinite(own)].mean() if np.isfinite(own).any() else np.nan for own in aucs])
    auc, low = _limits(every, n_tests)
    told = [Telling(name=name, auc=auc, low=low, bound=bound)]
    single = bound if bound == CIRCUMSTANCE_BOUND else (1 + bound) / 2
    for label, own in enumerate(aucs.T if aucs.shape[1] > 2 else ()):
        auc, low = _limits(own, n_tests)
        told.append(Telling(name=name, auc=auc, low=low, bound=single, label=label))
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
    if not has_times(table) and not follows_spelt_levels(table):
        found[ORDER_NAME] = list(range(len(rows)))
    stamps = [_read_stamps(prepared, row) for row in rows]
    found |= {name: [each[name] for each in stamps] for name in stamps[0]} if stamps else {}
    indexed = find_trials(table["trial"], trials)
    return found | describe_files(indexed) if any(indexed) else found


def follows_spelt_levels(table: pd.DataFrame) -> bool:
    """Whether rows are sorted by names that spell the level, as files of BioVid are.

    Then their order says what the names say, and nothing of when a trial was recorded. No method is shown names, and
    canaries alter names and order.

    Parameters
    ----------
    table : DataFrame
        ``subject, trial, level``.
    """
    spelt = all(_plain(level) in _plain(name) for name, level in zip(table["trial"], table["level"], strict=True))
    names = table["trial"].astype(str)
    return spelt and all(own.is_monotonic_increasing for _, own in names.groupby(table["subject"].to_numpy()))


def _plain(text: object) -> str:
    return re.sub(r"[\W_]", "", str(text)).lower()


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
    """AUC of each class against the rest within each person, by the class frequencies of the others in the same bin.

    Shape (n_people, n_classes); NaN where a person has none, or nothing else, of a class.
    """
    n_bins, n_classes, n_people = int(bins.max()) + 1, int(labels.max()) + 1, int(people.max()) + 1
    counts = np.zeros((n_people, n_bins, n_classes))
    np.add.at(counts, (people, bins, labels), 1.0)
    others = counts.sum(axis=0) - counts
    shares = (others + 1.0 / n_classes) / (others.sum(axis=2, keepdims=True) + 1.0)
    # of every pair of an own and another trial, which bin has the larger share; equal ones count half
    larger = (np.sign(shares[:, :, None] - shares[:, None]) + 1) / 2
    rest = counts.sum(axis=2, keepdims=True) - counts
    n_pairs = counts.sum(axis=1) * rest.sum(axis=1)
    ahead = np.einsum("pic,pjc,pijc->pc", counts, rest, larger, optimize=True)
    found: Float64Array = np.divide(ahead, n_pairs, out=np.full(ahead.shape, np.nan), where=n_pairs > 0)
    return found


def _limits(values: Float64Array, n_tests: int) -> tuple[float, float]:
    """Mean over people, and its lower limit (t), corrected for the number of quantities."""
    known = values[np.isfinite(values)]
    if len(known) < _LEAST_SUBJECTS:
        return 0.5, 0.0
    wide = stats.t.ppf(1 - _ERROR / max(n_tests, 1), len(known) - 1) * known.std(ddof=1) / np.sqrt(len(known))
    return float(known.mean()), float(known.mean() - wide)
