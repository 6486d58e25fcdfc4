"""Protocols: which trials are tested by models that were fitted on which others.

Input: a table of the task's trials and a protocol. Output: folds. All protocols but ``original`` keep test trials out
of everything that is fitted. ``original`` repeats the original program's split, to measure how much its leakage adds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from ecg_facial.errors import CorruptDataError, SettingsError
from ecg_facial.evaluation.protocols.folds import (
    Fold,
    Inner,
    Part,
    check_subjects,
    deal_subjects,
    divide_inner,
    leave_one_subject_out,
    without,
)
from ecg_facial.evaluation.protocols.settings import InnerSettings, Protocol
from ecg_facial.prepared.normalising import TIME_COLUMN
from ecg_facial.runtime.names import find_name, is_missing, name_key, tidy_name, unify_names
from ecg_facial.runtime.paths import find_path
from ecg_facial.runtime.text_tables import find_table, line_of, read_cells

ORIGINAL_TRAIN_SHARE = 0.8
TEST_DATA = "test"
_POOL_COLUMNS = ("subject", "pool")
# pools of one fold, whatever their letter case
_POOL_NAMES = {name: name for name in ("train", "validation", "test")}


def make_folds(trials: pd.DataFrame, protocol: Protocol, *, seed: int, inner: InnerSettings) -> list[Fold]:
    """Make the folds of a protocol.

    Parameters
    ----------
    trials : DataFrame
        The task's trials: ``subject, trial, level``, ``start_s`` where times are known, and ``dataset`` for
        ``cross-dataset``.
    protocol : Protocol
    seed : int
        Draws the inner parts, the groups of ``kfold``, the trials of the original's split, and those of ``k-shot``
        where the data do not say when a trial was.
    inner : InnerSettings

    Returns
    -------
    list of Fold

    Raises
    ------
    SettingsError
        For too few subjects or trials.
    """
    makers = {
        "loso": _loso,
        "kfold": _kfold,
        "pools": _pools,
        "cross-dataset": _cross_dataset,
        "k-shot": _k_shot,
        "original": _original,
    }
    return list(makers[protocol.name](trials, protocol, seed, inner))


def _people(trials: pd.DataFrame) -> list[str]:
    """Ids of the subjects, sorted."""
    return sorted({str(subject) for subject in trials["subject"]})


def _loso(trials: pd.DataFrame, _: Protocol, seed: int, inner: InnerSettings) -> Iterator[Fold]:
    """Leave one subject out: one fold per subject."""
    yield from leave_one_subject_out(_people(trials), seed=seed, inner=inner)


def _kfold(trials: pd.DataFrame, protocol: Protocol, seed: int, inner: InnerSettings) -> Iterator[Fold]:
    """Subjects in groups of equal size; each group is tested once."""
    people, n_folds = check_subjects(_people(trials)), protocol.n or 0
    if n_folds > len(people):
        raise SettingsError(f"kfold:{n_folds} of {len(people)} subjects: expected {len(people)} folds or fewer")
    for index, tested in enumerate(deal_subjects(people, n_folds, seed=seed, tag="kfold")):
        divided = divide_inner(without(people, tested), inner, seed=seed, tag=f"kfold {index}")
        yield divided.make_fold(index, Part(tested))


def _pools(trials: pd.DataFrame, protocol: Protocol, seed: int, inner: InnerSettings) -> Iterator[Fold]:
    """Subject pools that a table lists: each is tested once; pools named train and test make one fold."""
    people = _people(trials)
    pools = read_pools(protocol.path or Path(), people)
    if set(pools) in ({"train", "test"}, {"train", "validation", "test"}):
        yield _fixed_fold(pools, inner, seed)
        return
    for index, (name, tested) in enumerate(sorted(pools.items())):
        divided = divide_inner(without(people, tested), inner, seed=seed, tag=f"pool {name}")
        yield divided.make_fold(index, Part(tested))


def _fixed_fold(pools: Mapping[str, tuple[str, ...]], inner: InnerSettings, seed: int) -> Fold:
    """One fold; a pool named validation chooses the epoch, and nobody of it trains."""
    if "validation" not in pools:
        return divide_inner(pools["train"], inner, seed=seed, tag="pool test").make_fold(0, Part(pools["test"]))
    if inner.rule == "crossfit":
        raise SettingsError(
            "a pool named validation chooses the epoch: cross-fitting would mix it with training; take parts"
        )
    divided = divide_inner(pools["train"], inner, seed=seed, tag="pool test")
    train = tuple(sorted((*divided.train, *divided.stopping)))
    return Inner(
        train=train,
        stopping=pools["validation"],
        calibration=divided.calibration,
        conformal=divided.conformal,
        refit=divided.refit,
    ).make_fold(0, Part(pools["test"]))


def read_pools(path: Path, subjects: list[str]) -> dict[str, tuple[str, ...]]:
    """Read which pool each subject is in.

    Parameters
    ----------
    path : Path
        Text table with the columns ``subject,pool``, in any encoding. Pools named train, test and, where there is one,
        validation make one fold; others are tested in turn.
    subjects : list of str
        Everybody in the data.

    Raises
    ------
    MissingDataError, CorruptDataError
        Where it is not there, or no such table.
    SettingsError
        Where a subject is in no pool or in two, is not in the data, or there is one pool only.
    """
    path = find_path(path).path
    source = find_table(path, expected="a table with the columns subject,pool", columns=_POOL_COLUMNS)
    columns = [name for wanted in _POOL_COLUMNS if (name := source.find_column(wanted))]
    if len(columns) < len(_POOL_COLUMNS):
        raise CorruptDataError(f"{path}: expected the columns subject,pool; found {', '.join(source.names)}")
    table = read_cells(source)[columns].set_axis(list(_POOL_COLUMNS), axis=1)
    empty = table.map(is_missing).any(axis=1).to_numpy()
    if empty.any():
        raise CorruptDataError(
            f"{path}: row {line_of(source, int(empty.argmax()))} has no subject or no pool; fill both cells"
        )
    # as the data spell them; who is in no way among them is named below
    table["subject"] = [find_name(name, subjects) or tidy_name(name) for name in table["subject"]]
    pools_of = unify_names(table["pool"], what="pool", where=str(path), by_value=True)
    table["pool"] = [_POOL_NAMES.get(name_key(name), pools_of.names[name]) for name in table["pool"]]
    listed = table["subject"].tolist()
    check_subjects(listed, at_least=0)
    name_difference(listed, subjects, where=str(path))
    pools = {str(name): tuple(sorted(part["subject"])) for name, part in table.groupby("pool")}
    if len(pools) < 2:
        raise SettingsError(f"{path}: 1 pool: expected 2 or more, to test and to train")
    return pools


def name_difference(listed: list[str], subjects: list[str], *, where: str) -> None:
    """Refuse a list of subjects that is not that of the data, by name.

    Raises
    ------
    SettingsError
    """
    absent, extra = sorted(set(listed) - set(subjects)), sorted(set(subjects) - set(listed))
    if absent:
        raise SettingsError(
            f"{where}: subjects {', '.join(absent)} have no trial of the task in the data; add or unlist them"
        )
    if extra:
        raise SettingsError(
            f"{where}: subjects {', '.join(extra)} of the data are missing; list them, or leave them out"
        )


def _cross_dataset(trials: pd.DataFrame, _: Protocol, seed: int, inner: InnerSettings) -> Iterator[Fold]:
    """Test all subjects of one data set with models of the other."""
    if "dataset" not in trials:
        raise SettingsError("cross-dataset: 1 data set; give the one to test on as well (--test-data)")
    of_test = trials["dataset"] == TEST_DATA
    tested, others = _people(trials[of_test]), _people(trials[~of_test])
    if not tested:
        raise SettingsError("cross-dataset: the data set to test on has no trial of the task")
    yield divide_inner(others, inner, seed=seed, tag="cross-dataset").make_fold(0, Part(tuple(tested)))


def _k_shot(trials: pd.DataFrame, protocol: Protocol, seed: int, inner: InnerSettings) -> Iterator[Fold]:
    """Leave one subject out, but train on some trials of the test subject too."""
    for fold in leave_one_subject_out(_people(trials), seed=seed, inner=inner):
        (subject,) = fold.test.subjects
        shots = _choose_shots(trials[trials["subject"] == subject], protocol.n or 0, seed=seed, subject=subject)
        yield replace(fold, train=Part(fold.train.subjects, shots))


def _choose_shots(own: pd.DataFrame, n_shots: int, *, seed: int, subject: str) -> tuple[str, ...]:
    """Choose the trials of the test subject that train: of each level the first in time, drawn where no time is known.

    Whoever calibrates a model to a person has the person's first trials and never later ones.
    """
    rng = np.random.default_rng([seed, *f"k-shot {subject}".encode()])
    timed = _tells_time(own)
    shots: list[str] = []
    for level, part in own.groupby("level", sort=True):
        names = sorted(part["trial"].astype(str))
        if len(names) <= n_shots:
            raise SettingsError(
                f"k-shot:{n_shots}: subject {subject} has {len(names)} trials of {level}, which leaves none to score; "
                "take fewer"
            )
        if timed:
            shots += part.sort_values(TIME_COLUMN)["trial"].astype(str).tolist()[:n_shots]
        else:
            shots += rng.choice(names, size=n_shots, replace=False).tolist()
    return tuple(sorted(shots))


def _tells_time(own: pd.DataFrame) -> bool:
    """Whether a person's trials have a time each: clips in files of their own all begin at 0."""
    times_s = own[TIME_COLUMN].to_numpy(np.float64) if TIME_COLUMN in own else np.full(len(own), np.nan)
    return bool(np.isfinite(times_s).all()) and len(set(times_s.tolist())) == len(times_s)


def describe_choices(trials: pd.DataFrame, protocol: Protocol) -> tuple[str, ...]:
    """Say what a protocol did to these data that every figure depends on.

    Parameters
    ----------
    trials : DataFrame
        As in `make_folds`.
    protocol : Protocol

    Returns
    -------
    tuple of str
        Which trials are the shots of ``k-shot``; which classes the training data of ``cross-dataset`` lack.
    """
    if protocol.name == "k-shot":
        return _describe_shots(trials)
    if protocol.name == "cross-dataset":
        return _describe_absent(trials)
    return ()


def _describe_shots(trials: pd.DataFrame) -> tuple[str, ...]:
    people = [part for _, part in trials.groupby("subject")]
    n_drawn = sum(not _tells_time(part) for part in people)
    if not n_drawn:
        return (f"the trials that train are each person's first of each class in time ({TIME_COLUMN})",)
    return (
        f"the data do not say when the trials of {n_drawn} of {len(people)} people were: THEIR TRIALS THAT TRAIN ARE "
        "DRAWN AT RANDOM, and may lie after those that are scored",
    )


def _describe_absent(trials: pd.DataFrame) -> tuple[str, ...]:
    of_test = trials["dataset"] == TEST_DATA
    tested = trials.loc[of_test, "level"]
    absent = sorted(set(tested) - set(trials.loc[~of_test, "level"]))
    if not absent:
        return ()
    n_lost = int(tested.isin(absent).sum())
    return (
        f"THE TRAINING SET HAS NO TRIAL OF {', '.join(absent)}: no model can answer it, so that {n_lost} of "
        f"{len(tested)} test trials count as wrong",
    )


def _original(trials: pd.DataFrame, _: Protocol, seed: int, inner: InnerSettings) -> Iterator[Fold]:
    """Make the original program's split: random 80/20 over trials, the epoch chosen on the test trials."""
    names = sorted(trials["trial"].astype(str))
    n_train = int(ORIGINAL_TRAIN_SHARE * len(names))
    if n_train in (0, len(names)):
        raise SettingsError(f"{len(names)} trials: too few to split 80/20")
    order = np.random.default_rng([seed, *b"original"]).permutation(len(names))
    train, test = (tuple(sorted(names[i] for i in part)) for part in (order[:n_train], order[n_train:]))
    held_out = Part(trials=test)
    yield Fold(
        index=0, test=held_out, train=Part(trials=train), stopping=held_out, fusion_test=Part(trials=tuple(names))
    )
