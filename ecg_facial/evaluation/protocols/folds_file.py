"""The fold manifest, `folds.json`: who was in which part of which fold, for others to cite and to repeat.

Enters: folds by seed, or a file. Leaves: the other. The file carries its own SHA-256; a list of subjects that is not
that of the data is refused by name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ecg_facial.errors import CorruptDataError, MissingDataError, SettingsError
from ecg_facial.evaluation.protocols.protocols import name_difference
from ecg_facial.evaluation.protocols.splits import PART_NAMES, Fold, InnerFold, Part
from ecg_facial.labels import DEFAULT_TASK
from ecg_facial.runtime.storage import sha256_json, write_json

FOLDS_FILE, FORMAT_VERSION = "folds.json", 1
_INNER_NAMES = ("train", "stopping", "held_out")


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

    protocol: str = "loso"
    task: str = DEFAULT_TASK
    subjects: tuple[str, ...] = ()
    folds: Mapping[int, tuple[Fold, ...]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Content of the manifest."""
        content = {
            "format_version": FORMAT_VERSION,
            "protocol": self.protocol,
            "task": self.task,
            "n_subjects": len(self.subjects),
            "subjects_sha256": sha256_json(list(self.subjects)),
            "subjects": list(self.subjects),
            "seeds": [
                {"seed": seed, "folds": [_fold_to_dict(fold) for fold in folds]} for seed, folds in self.folds.items()
            ],
        }
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
        raise MissingDataError(f"{path}: no such file; expected the {FOLDS_FILE} of a run")
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        said, version = content["sha256"], content["format_version"]
    except (OSError, ValueError, TypeError, KeyError):
        raise CorruptDataError(f"{path}: not a fold manifest; expected the {FOLDS_FILE} of a run") from None
    if version != FORMAT_VERSION:
        raise CorruptDataError(f"{path}: format version {version}, expected {FORMAT_VERSION}; write it again")
    if sha256_json({key: value for key, value in content.items() if key != "sha256"}) != said:
        raise CorruptDataError(
            f"{path}: altered since it was written (its SHA-256 does not fit); take an unaltered copy"
        )
    return content


def _parse(path: Path, content: Mapping[str, Any]) -> FoldPlan:
    try:
        folds = {int(run["seed"]): tuple(_fold_from_dict(fold) for fold in run["folds"]) for run in content["seeds"]}
        return FoldPlan(
            protocol=str(content["protocol"]),
            task=str(content["task"]),
            subjects=tuple(content["subjects"]),
            folds=folds,
        )
    except (KeyError, TypeError, ValueError):
        raise CorruptDataError(f"{path}: not a fold manifest; expected the {FOLDS_FILE} of a run") from None


def _parts(fold: Fold) -> list[Part]:
    inner = [part for each in fold.crossfit for part in (each.train, each.stopping, each.held_out)]
    return [*(getattr(fold, name) for name in PART_NAMES), *inner, *([fold.fusion_test] if fold.fusion_test else [])]


def _fold_to_dict(fold: Fold) -> dict[str, Any]:
    content: dict[str, Any] = {"index": fold.index}
    content |= {name: _part_to_dict(getattr(fold, name)) for name in PART_NAMES}
    if fold.crossfit:
        content["crossfit"] = [
            {name: _part_to_dict(getattr(each, name)) for name in _INNER_NAMES} for each in fold.crossfit
        ]
    if fold.fusion_test is not None:
        content["fusion_test"] = _part_to_dict(fold.fusion_test)
    return content


def _fold_from_dict(content: Mapping[str, Any]) -> Fold:
    parts = {name: _part_from_dict(content[name]) for name in PART_NAMES}
    inner = [{name: _part_from_dict(each[name]) for name in _INNER_NAMES} for each in content.get("crossfit", ())]
    fold = Fold(index=int(content["index"]), crossfit=tuple(InnerFold(**each) for each in inner), **parts)
    fused = content.get("fusion_test")
    return fold if fused is None else replace(fold, fusion_test=_part_from_dict(fused))


def _part_to_dict(part: Part) -> dict[str, list[str]]:
    lists = {"subjects": part.subjects, "trials": part.trials}
    return {name: list(values) for name, values in lists.items() if values}


def _part_from_dict(content: Mapping[str, Sequence[str]]) -> Part:
    return Part(tuple(content.get("subjects", ())), tuple(content.get("trials", ())))
