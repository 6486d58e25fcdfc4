"""People and trials of a data set under one spelling each.

Input: what a reader found. Output: the same with one name for each person and each trial, however files and tables
spell them, and notes of what was merged; or one line that names both spellings where they may be two.
"""

from __future__ import annotations

from dataclasses import replace

from ecg_facial.datasets.records import Entry, Scan
from ecg_facial.runtime.names import unify_names


def unify_scan(scan: Scan) -> Scan:
    """Give people and trials one spelling each; the first one that was found is taken.

    Raises
    ------
    CorruptDataError
        When two spellings may be two people.
    """
    where = str(scan.base)
    recordings = (*scan.entries, *scan.rest)
    people = unify_names((item.subject.id for item in recordings), what="subject", where=where, people=True)
    trials = unify_names((item.trial for item in recordings), what="trial", where=where)
    notes = (*scan.notes, *people.notes, *trials.notes)
    if not (people.notes or trials.notes):
        return scan

    def rename(entry: Entry) -> Entry:
        subject = replace(entry.subject, id=people.names[entry.subject.id])
        return replace(entry, subject=subject, trial=trials.names[entry.trial])

    return replace(scan, entries=tuple(map(rename, scan.entries)), rest=tuple(map(rename, scan.rest)), notes=notes)
