"""Indexes on disk, and as tables.

Input: an index, or the path of one. Output: the other, or a table of counts.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecg_facial.datasets.readers.registry import READERS
from ecg_facial.datasets.records import DatasetIndex, LabelCount, Problem, ProblemKind
from ecg_facial.datasets.settings import LabelSettings
from ecg_facial.errors import CorruptDataError, MissingDataError
from ecg_facial.labels import REST_CODE, PainLevel
from ecg_facial.recording import EcgRef, Recording, RestRecording, Subject, Trial, VideoRef
from ecg_facial.runtime.settings import from_dict, to_dict
from ecg_facial.runtime.storage import atomic_path

if TYPE_CHECKING:
    import pandas as pd

_KEY = b"ecg_facial_index"
_VERSION = 4


def write_index(index: DatasetIndex, path: Path) -> None:
    """Write an index as Parquet: a row per trial, then per rest recording; the rest goes to the file's metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    about = {
        "version": _VERSION,
        "root": str(index.root),
        "reader": index.reader,
        "reader_settings": to_dict(index.reader_settings),
        "fingerprint": index.fingerprint,
        "simulated": index.simulated,
        "levels_by": index.levels_by,
        "labels": to_dict(index.labels),
        "class_names": index.class_names,
        "found_labels": index.found_labels,
        "notes": index.notes,
        "problems": [[p.kind, p.subject, p.trial, str(p.path), p.message] for p in index.problems],
    }
    columns: list[tuple[str, Any]] = [
        ("subject", pa.string()),
        ("sex", pa.string()),
        ("age_years", pa.int64()),
        ("trial", pa.string()),
        ("level", pa.string()),
        ("video", pa.string()),
        ("fps", pa.float64()),
        ("frame_times", pa.string()),
        ("ecg", pa.string()),
        ("fs_hz", pa.float64()),
        ("ecg_column", pa.string()),
        *((f"{signal}_{name}", pa.float64()) for signal in ("video", "ecg") for name in ("start_s", "duration_s")),
    ]
    recordings: list[Recording] = [*index.trials, *index.rest]
    rows = [_to_row(item) for item in recordings]
    table = pa.Table.from_pylist(rows, schema=pa.schema(columns))
    with atomic_path(path) as temporary:
        pq.write_table(table.replace_schema_metadata({_KEY: json.dumps(about).encode()}), temporary)


def _to_row(trial: Recording) -> dict[str, Any]:
    subject, video, ecg = trial.subject, trial.video, trial.ecg
    return {
        "subject": subject.id,
        "sex": subject.sex,
        "age_years": subject.age_years,
        "trial": trial.id,
        "level": trial.code,
        "video": None if video is None else str(video.path),
        "fps": None if video is None else video.fps,
        "frame_times": None if video is None or video.frame_times is None else str(video.frame_times),
        "ecg": None if ecg is None else str(ecg.path),
        "fs_hz": None if ecg is None else ecg.fs_hz,
        "ecg_column": None if ecg is None else ecg.column,
        "video_start_s": None if video is None else video.start_s,
        "video_duration_s": None if video is None else video.duration_s,
        "ecg_start_s": None if ecg is None else ecg.start_s,
        "ecg_duration_s": None if ecg is None else ecg.duration_s,
    }


def read_index(path: Path) -> DatasetIndex:
    """Read what `write_index` wrote.

    Raises
    ------
    MissingDataError
        When there is no such file.
    CorruptDataError
        When it is no index, or one of another version.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not Path(path).is_file():
        raise MissingDataError(f"{path}: no such file; write an index first")
    try:
        table = pq.read_table(path)
        about = json.loads(table.schema.metadata[_KEY])
        version = about["version"]
    except (pa.ArrowException, OSError, ValueError, TypeError, KeyError):
        raise CorruptDataError(f"{path}: not an index of a data set; index the data set again") from None
    if version != _VERSION:
        raise CorruptDataError(f"{path}: an index of version {version}, expected {_VERSION}; index the data set again")
    rows = table.to_pylist()
    return DatasetIndex(
        root=Path(about["root"]),
        reader=about["reader"],
        reader_settings=_read_settings(about),
        trials=tuple(_to_trial(row) for row in rows if row["level"] != REST_CODE),
        problems=tuple(_parse_problem(*words) for words in about["problems"]),
        fingerprint=about["fingerprint"],
        simulated=about["simulated"],
        rest=tuple(_to_rest(row) for row in rows if row["level"] == REST_CODE),
        levels_by=about["levels_by"],
        labels=from_dict(LabelSettings, about["labels"]),
        class_names=tuple(about["class_names"]),
        found_labels=tuple(LabelCount(*each) for each in about["found_labels"]),
        notes=tuple(about["notes"]),
    )


def _read_settings(about: dict[str, Any]) -> Any:
    reader = READERS.get(about["reader"])
    if reader is None:
        raise CorruptDataError(f"an index by the unknown reader {about['reader']!r}: register that reader first")
    return from_dict(reader.settings, about["reader_settings"])


def _parse_problem(kind: ProblemKind, subject: str, trial: str, path: str, message: str) -> Problem:
    return Problem(kind=kind, subject=subject, trial=trial, path=Path(path), message=message)


def _to_trial(row: dict[str, Any]) -> Trial:
    return Trial(subject=_to_subject(row), id=row["trial"], code=row["level"], video=_to_video(row), ecg=_to_ecg(row))


def _to_rest(row: dict[str, Any]) -> RestRecording:
    return RestRecording(subject=_to_subject(row), id=row["trial"], video=_to_video(row), ecg=_to_ecg(row))


def _to_subject(row: dict[str, Any]) -> Subject:
    return Subject(id=row["subject"], sex=row["sex"], age_years=row["age_years"])


def _to_video(row: dict[str, Any]) -> VideoRef | None:
    if row["video"] is None:
        return None
    return VideoRef(
        path=Path(row["video"]),
        fps=row["fps"],
        frame_times=None if row["frame_times"] is None else Path(row["frame_times"]),
        start_s=row["video_start_s"],
        duration_s=row["video_duration_s"],
    )


def _to_ecg(row: dict[str, Any]) -> EcgRef | None:
    if row["ecg"] is None:
        return None
    start_s, duration_s = row["ecg_start_s"], row["ecg_duration_s"]
    return EcgRef(
        path=Path(row["ecg"]), fs_hz=row["fs_hz"], column=row["ecg_column"], start_s=start_s, duration_s=duration_s
    )


def summarise(index: DatasetIndex) -> pd.DataFrame:
    """Count the trials that can be used; rest is not among them.

    Returns
    -------
    DataFrame
        A row for each subject and level or class that has a trial, in that order: ``subject``, ``level``, ``n_trials``,
        ``n_video``, ``n_ecg``, ``n_both``.
    """
    import pandas as pd

    names = index.class_names or tuple(PainLevel.__members__)
    counts: dict[tuple[str, int], list[int]] = {}
    for trial in index.trials:
        row = counts.setdefault((trial.subject.id, names.index(trial.code)), [0, 0, 0, 0])
        video, ecg = trial.video is not None, trial.ecg is not None
        for place, there in enumerate((True, video, ecg, video and ecg)):
            row[place] += there
    rows = [(subject, names[place], *numbers) for (subject, place), numbers in sorted(counts.items())]
    return pd.DataFrame(rows, columns=["subject", "level", "n_trials", "n_video", "n_ecg", "n_both"])
