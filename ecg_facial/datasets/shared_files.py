"""Stretches of recordings that two trials claim.

Input: the entries of a reader. Output: problems, and notes. One file may hold many trials, each a stretch of its own;
the same seconds under two trials would be counted twice, and under two people one of them would be trained and tested.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

from ecg_facial.datasets.records import Entry, Problem
from ecg_facial.recording import EcgRef, VideoRef

_Signal = VideoRef | EcgRef
# stretches that touch share a sample at most
_TOUCH_S = 0.05


def find_shared(entries: Iterable[Entry]) -> tuple[list[Problem], tuple[str, ...]]:
    """Find stretches that are in two trials.

    Returns
    -------
    problems : list of Problem
        Of kind ``duplicate``: the same stretch under two trials, or an overlapping one under two people.
    notes : tuple of str
        Stretches of one person that overlap in part.
    """
    entries = list(entries)
    problems, overlaps = [], 0
    for name, signal_of in _SIGNALS:
        for first, second in _find_pairs(entries, signal_of):
            if first.subject.id == second.subject.id and not _are_same(signal_of(first), signal_of(second)):
                overlaps += 1
                continue
            path = signal_of(second).path  # type: ignore[union-attr]  # pairs have the signal
            message = f"{name} of the same seconds as trial {first.trial} of subject {first.subject.id}"
            problems.append(
                Problem(kind="duplicate", subject=second.subject.id, trial=second.trial, path=path, message=message)
            )
    return problems, (f"{overlaps} stretches overlap another one of the same person",) if overlaps else ()


def _video(entry: Entry) -> _Signal | None:
    return entry.video


def _ecg(entry: Entry) -> _Signal | None:
    return entry.ecg


_SIGNALS: Sequence[tuple[str, Callable[[Entry], _Signal | None]]] = (("video", _video), ("ECG", _ecg))


def _find_pairs(
    entries: Sequence[Entry], signal_of: Callable[[Entry], _Signal | None]
) -> Iterator[tuple[Entry, Entry]]:
    """Pairs of entries of different trials with overlapping stretches of one file, in the order of their starts."""
    by_file: dict[object, list[tuple[float, float, Entry]]] = defaultdict(list)
    for entry in entries:
        signal = signal_of(entry)
        if signal is not None:
            end_s = math.inf if signal.duration_s is None else signal.start_s + signal.duration_s
            by_file[signal.path, getattr(signal, "column", "")].append((signal.start_s, end_s, entry))
    for stretches in by_file.values():
        stretches.sort(key=lambda stretch: stretch[:2])
        for (_, end_s, first), (start_s, _, second) in pairwise(stretches):
            if start_s < end_s - _TOUCH_S and first.trial != second.trial:
                yield first, second


def _are_same(one: _Signal | None, other: _Signal | None) -> bool:
    return one is not None and other is not None and (one.start_s, one.duration_s) == (other.start_s, other.duration_s)
