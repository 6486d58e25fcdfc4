"""The fold manifest, `folds.json`: who was in which part of which fold, for others to cite and to repeat.

Input: folds by seed, or a file. Output: the other. The file carries its own SHA-256; a list of subjects that is not
that of the data is refused by name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from ecg_facial.errors import CorruptDataError, MissingDataError, SettingsError
from ecg_facial.evaluation.protocols.folds import PART_NAMES, Fold, Part
from ecg_facial.evaluation.protocols.protocols import name_difference
from ecg_facial.evaluation.protocols.settings import Protocol
from ecg_facial.labels import DEFAULT_TASK
from ecg_facial.runtime.paths import explain_absence
from ecg_facial.runtime.records import Record
from ecg_facial.runtime.storage import sha256_json, write_json

FOLDS_FILE = "folds.json"


@dataclass(frozen=True, kw_only=True)
class SeedFolds(Record):
    """Folds of one seed.

    Attributes
    ----------
    seed : int
        The random seed that drew them.
    folds : tuple of Fold
        In the order in which they are run.
    """

    seed: int
    folds: tuple[Fold, ...]


@dataclass(frozen=True, kw_only=True)
class FoldManifest(Record):
    """Content of `folds.json`.

    Attributes
    ----------
    protocol : str
        As it is typed, such as ``loso`` or ``kfold:5``.
    task : str
        Name of the task.
    n_subjects : int
        Subjects who have a trial of the task.
    subjects_sha256 : str
        SHA-256 of the list of subjects.
    subjects : tuple of str
        Their ids, sorted.
    seeds : tuple of SeedFolds
        The folds of each seed.
    sha256 : str
        SHA-256 of everything else, by which the folds are cited.
    """

    format_version: ClassVar[int] = 1

    protocol: str
    task: str
    n_subjects: int
    subjects_sha256: str
    subjects: tuple[str, ...]
    seeds: tuple[SeedFolds, ...]
    sha256: str


@dataclass(frozen=True, kw_only=True)
class FoldPlan:
    """All folds of a run.

    Attributes
    ----------
    protocol : str
        As `protocols.parse_protocol` reads it.
    task : str
    subjects : tuple of str
        Everybody who has a trial of the task, sorted.
    folds : mapping of int to tuple of Fold
        By seed.
    """

    protocol: str = Protocol.name
    task: str = DEFAULT_TASK
    subjects: tuple[str, ...] = ()
    folds: Mapping[int, tuple[Fold, ...]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Content of the manifest."""
        manifest = FoldManifest(
            protocol=self.protocol,
            task=self.task,
            n_subjects=len(self.subjects),
            subjects_sha256=sha256_json(list(self.subjects)),
            subjects=self.subjects,
            seeds=tuple(SeedFolds(seed=seed, folds=folds) for seed, folds in self.folds.items()),
            sha256="",
        )
        content = manifest.to_dict()
        content.pop("sha256")
        return {**content, "sha256": sha256_json(content)}

    @property
    def sha256(self) -> str:
        """SHA-256 of the content, by which it is cited."""
        return str(self.to_dict()["sha256"])


def write_folds(path: Path, plan: FoldPlan) -> None:
    """Write a manifest."""
    write_json(path, plan.to_dict())


def read_folds(path: Path, *, subjects: Sequence[str], task: str) -> FoldPlan:
    """Read a manifest for some data.

    Parameters
    ----------
    path : Path
    subjects : sequence of str
        Everybody in the data who has a trial of the task.
    task : str

    Raises
    ------
    MissingDataError, CorruptDataError
        Where it is not there, was altered, or is of another version.
    SettingsError
        Where its subjects or its task are not those of the data.
    """
    plan = _parse(path, _read(path))
    if plan.task != task:
        raise SettingsError(f"{path}: folds of task {plan.task}, the run's is {task}; take the same")
    name_difference(list(plan.subjects), list(subjects), where=str(path))
    return plan


def check_trials(path: Path, plan: FoldPlan, trials: Sequence[str]) -> None:
    """Refuse a manifest that lists a trial which the data lack.

    Raises
    ------
    SettingsError
    """
    listed = {name for folds in plan.folds.values() for fold in folds for part in _parts(fold) for name in part.trials}
    absent = sorted(listed - set(trials))
    if absent:
        raise SettingsError(
            f"{path}: {len(absent)} trials are not in the data, {absent[0]} the first; take the same data"
        )


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise MissingDataError(f"{path}: no such file{explain_absence(path)}; expected the {FOLDS_FILE} of a run")
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        stated, version = content["sha256"], content["format_version"]
    except (OSError, ValueError, TypeError, KeyError):
        raise CorruptDataError(f"{path}: not a fold manifest; expected the {FOLDS_FILE} of a run") from None
    if version != FoldManifest.format_version:
        raise CorruptDataError(
            f"{path}: format version {version}, expected {FoldManifest.format_version}; write it again"
        )
    if sha256_json({key: value for key, value in content.items() if key != "sha256"}) != stated:
        raise CorruptDataError(
            f"{path}: altered since it was written (its SHA-256 does not fit); take an unaltered copy"
        )
    return content


def _parse(path: Path, content: Mapping[str, Any]) -> FoldPlan:
    manifest = FoldManifest.from_dict(content, where=str(path))
    return FoldPlan(
        protocol=manifest.protocol,
        task=manifest.task,
        subjects=manifest.subjects,
        folds={each.seed: each.folds for each in manifest.seeds},
    )


def _parts(fold: Fold) -> list[Part]:
    """All parts of a fold, those of the cross-fitting included."""
    inner = [part for each in fold.crossfit for part in (each.train, each.stopping, each.held_out)]
    return [*(getattr(fold, name) for name in PART_NAMES), *inner, *([fold.fusion_test] if fold.fusion_test else [])]
