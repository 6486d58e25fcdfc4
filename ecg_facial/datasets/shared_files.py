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
        Of kind ``duplicate``: the same stretch under two trials of one person.
    notes : tuple of str
        Stretches that two people share, and those of one person that overlap in part.
    """
    problems, overlaps, people = [], 0, []
    entries = list(entries)
    for name, signal_of in _SIGNALS:
        for (first, one), (second, other) in _find_pairs(entries, signal_of):
            if first.subject.id != second.subject.id:
                people.append(f"{name} of {first.subject.id}, {first.trial} and {second.subject.id}, {second.trial}")
            elif (one.start_s, one.duration_s) != (other.start_s, other.duration_s):
                overlaps += 1
            else:
                message = f"{name} of the same seconds as trial {first.trial} of subject {first.subject.id}"
                who = second.subject.id
                problems.append(
                    Problem(kind="duplicate", subject=who, trial=second.trial, path=other.path, message=message)
                )
    return problems, (*_describe_people(people), *_describe_overlaps(overlaps))


def _describe_people(pairs: Sequence[str]) -> tuple[str, ...]:
    """Say that people share seconds: a leak, unless two people are in one picture."""
    if not pairs:
        return ()
    more = f", and {len(pairs) - 1} more" if len(pairs) > 1 else ""
    return (f"two people share seconds of a file, one may be trained on where the other is tested: {pairs[0]}{more}",)


def _describe_overlaps(n: int) -> tuple[str, ...]:
    return (f"{n} stretches overlap another one of the same person",) if n else ()


def _video(entry: Entry) -> _Signal | None:
    return entry.video


def _ecg(entry: Entry) -> _Signal | None:
    return entry.ecg


_SIGNALS: Sequence[tuple[str, Callable[[Entry], _Signal | None]]] = (("video", _video), ("ECG", _ecg))


def _find_pairs(
    entries: Iterable[Entry], signal_of: Callable[[Entry], _Signal | None]
) -> Iterator[tuple[tuple[Entry, _Signal], tuple[Entry, _Signal]]]:
    """Pairs of entries of different trials with overlapping stretches of one file, in the order of their starts."""
    by_file: dict[object, list[tuple[float, float, Entry, _Signal]]] = defaultdict(list)
    for entry in entries:
        signal = signal_of(entry)
        if signal is not None:
            end_s = math.inf if signal.duration_s is None else signal.start_s + signal.duration_s
            by_file[signal.path, getattr(signal, "column", "")].append((signal.start_s, end_s, entry, signal))
    for stretches in by_file.values():
        stretches.sort(key=lambda stretch: stretch[:2])
        for (_, end_s, first, one), (start_s, _, second, other) in pairwise(stretches):
            if start_s < end_s - _TOUCH_S and first.trial != second.trial:
                yield (first, one), (second, other)
