"""Altered names, and what stays as it is under them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ecg_facial.evaluation.audit.alterations import NAMES, ORDER, SHOWN_LABELS, alter
from ecg_facial.labels import get_task
from ecg_facial.prepared.altering import RenamedData

TASK = get_task("biovid4")


def test_test_trials_get_names_of_other_levels_of_the_same_person(make_prepared: Callable[..., Any]) -> None:
    prepared = make_prepared(n_subjects=3, per_level=2, n_frames=2)
    rows = [row for row, name in enumerate(prepared.table["subject"]) if name == "s01"]
    for more in (NAMES, NAMES | ORDER, NAMES | ORDER | SHOWN_LABELS):
        altered = alter(prepared, rows, task=TASK, alteration=more, seed=0)
        fold, shown = altered.rename(altered.fold, altered.shown, rows)
        for old, new in zip(rows, altered.rows, strict=True):
            name, level = fold.table["trial"].iloc[new], prepared.table["level"].iloc[old]
            assert name.startswith("s01-")
            assert level not in name
            assert fold[new].tokens.tolist() == prepared[old].tokens.tolist()
            place = new if shown is fold else old
            assert shown.table["trial"].iloc[place] == name
        assert sorted(fold.table["trial"]) == sorted(prepared.table["trial"])


def test_renamed_data_keep_their_windows_and_take_another_table(make_prepared: Callable[..., Any]) -> None:
    prepared = make_prepared(n_subjects=2, per_level=2, n_frames=2)
    first, second = prepared.table["trial"].iloc[:2]
    renamed = RenamedData(prepared, {0: second, 1: first})
    changed = renamed.with_table(renamed.table.assign(level="PA1"))
    assert changed.table["trial"].tolist() == [second, first, *prepared.table["trial"].iloc[2:]]
    assert set(changed.table["level"]) == {"PA1"}
    assert renamed.fingerprint not in (prepared.fingerprint, changed.fingerprint)
    assert renamed.fit([0, 1]).table["trial"].iloc[0] == second
