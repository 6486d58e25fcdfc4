"""BIDS: a data set of physiological recordings and events, into which several exports go.

Input: sessions of a patient, and a folder, maybe with a data set of earlier exports. Output: estimates and raw ECG as
``physio`` files, all else as ``events``, with the tables of participants and sessions. What is unknown is ``n/a``.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ecg_facial.errors import SettingsError
from ecg_facial.export.bids_tables import join_table, say_cell
from ecg_facial.export.columns import COLUMNS
from ecg_facial.export.content import SessionContent, make_label
from ecg_facial.export.files import new_file, put_text
from ecg_facial.export.marks import KINDS, MISSING, list_marks
from ecg_facial.export.series import NUMBERS, STATES, EcgSeries, EstimateGrid, lay_out_estimates, read_ecg
from ecg_facial.live.store.rows import EstimateRow
from ecg_facial.runtime.text import RESEARCH_NOTE, SIMULATED_NOTE
from ecg_facial.runtime.typing import FloatArray
from ecg_facial.version import __version__

BIDS_VERSION = "1.10.0"
TASK = "monitoring"
_PARTICIPANTS = {
    "participant_id": "Label of the person in names of files",
    "pseudonym": "Pseudonym in the monitor's store",
    "simulated": "Whether person or model are SIMULATED",
}
_SESSIONS = {
    "session_id": "Number of the session in the monitor's store",
    "acq_time": "Beginning in UTC",
    "ended": "End in UTC",
    "end": "closed, failed (by an error), or interrupted",
    "simulated": "Whether person or model are SIMULATED",
    "sources": "What was connected",
    "class_names": "Classes of the estimates, as JSON",
    "bundle_version": "Version of the package that wrote the model bundle",
    "bundle_sha256": "SHA-256 of its manifest",
    "software": "Version of the monitor",
    "window_s": "Length of the windows in seconds",
}
_README = """Sessions of the ecg_facial monitor
==================================

{notes}

`sub-*/ses-*/beh` holds, for each session of monitoring:

- `*_recording-estimates_physio.tsv.gz`: one row per window, at the time of its end. `n/a` is not known: the estimate
  was withheld, or there is none.
- `*_recording-ecg*_physio.tsv.gz`: the raw ECG where it was kept, one file for each grid of the amplifier. `n/a` was
  lost.
- `*_events.tsv`: alarms, events, ratings, calibrations at rest, and the stretches in which a state lasted. In texts,
  backslashes escape tabs and line ends.

Times are seconds of the session. The columns are described in the JSON files beside the tables.
"""


def write_data_set(sessions: Sequence[SessionContent], out: Path) -> list[Path]:
    """Write sessions into a data set, which is made where there is none.

    Parameters
    ----------
    sessions : sequence of SessionContent
        One or more, of one patient.
    out : Path
        Root of the data set; locked by the caller.

    Raises
    ------
    SettingsError
        Where it is a data set of another program, holds another session of the same name, or would hold SIMULATED and
        real people.
    """
    simulated = {one.session.simulated for one in sessions}
    if len(simulated) > 1:
        numbers = ", ".join(str(one.number) for one in sessions if one.session.simulated)
        raise SettingsError(f"sessions {numbers} are SIMULATED and the others are not: export them apart, by --session")
    root = _write_root(out, simulated=simulated.pop())
    participants, subject = _join_participants(out, sessions[0])
    # another session of this name is found before anything of this one is written
    told = _join_sessions(out, subject, sessions)
    written = [path for one in sessions for path in _write_session(one, out, subject)]
    return [*root, *participants, *told, *written]


def _write_root(out: Path, *, simulated: bool) -> list[Path]:
    """Write what a data set has once; a later version of the package leaves it as it is."""
    path = out / "dataset_description.json"
    if path.exists():
        known = _read_json(path)
        names = [one.get("Name") for one in known.get("GeneratedBy", []) if isinstance(one, dict)]
        if "ecg_facial" not in names:
            raise SettingsError(f"{path}: the data set of another program; name another folder")
        if ("SIMULATED" in str(known.get("Name"))) is not simulated:
            there, new = ("real", "SIMULATED") if simulated else ("SIMULATED", "real")
            raise SettingsError(f"{out}: a data set of {there} people, and this one is {new}; name another folder")
        return [path, out / "README"]
    if any(not one.name.startswith(".") for one in out.iterdir()):
        raise SettingsError(f"{out}: holds other files, and no BIDS data set; name an empty folder")
    notes = [SIMULATED_NOTE] * simulated + [RESEARCH_NOTE]
    readme = put_text(out / "README", _README.format(notes=" ".join(notes)))
    content = {
        "Name": "Sessions of the ecg_facial monitor" + " (SIMULATED)" * simulated,
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "raw",
        "GeneratedBy": [{"Name": "ecg_facial", "Version": __version__}],
    }
    return [_put_json(path, content), readme]


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        content = None
    return content if isinstance(content, dict) else {}


def _join_participants(out: Path, one: SessionContent) -> tuple[list[Path], str]:
    """Add a person to the table of participants; return the files and the person's label."""
    about = one.session
    label = f"sub-{make_label(about.patient)}"
    row = {"participant_id": label, "pseudonym": about.patient, "simulated": about.simulated}
    path = join_table(out / "participants.tsv", row, columns=tuple(_PARTICIPANTS))
    return [path, _put_json(out / "participants.json", _describe_columns(_PARTICIPANTS))], label


def _join_sessions(out: Path, subject: str, sessions: Sequence[SessionContent]) -> list[Path]:
    path = out / subject / f"{subject}_sessions.tsv"
    for one in sessions:
        about = one.session
        windows = {row.window_s for row in one.read(EstimateRow)}
        row = {
            "session_id": f"ses-{one.number}",
            "acq_time": _say_utc(about.started_utc_s),
            "ended": None if about.ended_utc_s is None else _say_utc(about.ended_utc_s),
            "class_names": json.dumps(list(about.class_names), ensure_ascii=False),
            "window_s": windows.pop() if len(windows) == 1 else None,
        }
        same = ("end", "simulated", "sources", "bundle_version", "bundle_sha256", "software")
        join_table(path, {**row, **{name: getattr(about, name) for name in same}}, columns=tuple(_SESSIONS))
    return [path, _put_json(path.with_suffix(".json"), _describe_columns(_SESSIONS))]


def _write_session(one: SessionContent, out: Path, subject: str) -> Iterator[Path]:
    """Write the files of a session."""
    stem = f"{subject}_ses-{one.number}_task-{TASK}"
    folder = out / subject / f"ses-{one.number}" / "beh"
    grid = lay_out_estimates(one.read(EstimateRow))
    yield from _write_events(one, grid, folder / f"{stem}_events.tsv")
    if grid.rows:
        yield from _write_estimates(one, grid, folder / f"{stem}_recording-estimates_physio.tsv.gz")
    ecg = read_ecg(one)
    for place, series in enumerate(ecg, start=1):
        number = place if len(ecg) > 1 else ""
        yield from _write_ecg(one, series, folder / f"{stem}_recording-ecg{number}_physio.tsv.gz")


def _write_estimates(one: SessionContent, grid: EstimateGrid, path: Path) -> list[Path]:
    first = next(place for place, row in enumerate(grid.rows) if row is not None)
    series = {name: values[first:] for name, values in grid.series.items()}
    described = {}
    for name in series:
        place = name.removeprefix("p_") if name.startswith("p_") else ""
        column = COLUMNS[EstimateRow]["probabilities" if place else name]
        about = f"Probability of {one.session.class_names[int(place)]}" if place else column.description
        described[name] = {"Description": about, "Units": NUMBERS["probabilities" if place else name]}
    start_s = first * grid.step_s + grid.offset_s
    return _write_physio(one, path, series, described, rate_hz=1.0 / grid.step_s, start_s=start_s)


def _write_ecg(one: SessionContent, series: EcgSeries, path: Path) -> list[Path]:
    about = (
        "Raw ECG as the amplifier gave it, at its nominal rate; its last samples came "
        f"{series.late_ms:.1f} ms later than that rate says"
    )
    described = {"cardiac": {"Description": about, "Units": series.unit or "n/a"}}
    columns = {"cardiac": series.samples}
    return _write_physio(one, path, columns, described, rate_hz=series.rate_hz, start_s=series.start_s)


def _write_physio(
    one: SessionContent,
    path: Path,
    columns: Mapping[str, FloatArray],
    described: Mapping[str, Any],
    *,
    rate_hz: float,
    start_s: float,
) -> list[Path]:
    """Write a table without a header, and its description."""
    import pandas as pd

    about = one.session
    text = pd.DataFrame(dict(columns)).to_csv(sep="\t", header=False, index=False, na_rep="n/a", lineterminator="\n")
    with new_file(path) as temporary:
        # without the time, so that the same rows give the same bytes
        temporary.write_bytes(gzip.compress(text.encode("utf-8"), mtime=0))
    content = {
        "SamplingFrequency": rate_hz,
        "StartTime": start_s,
        "Columns": list(columns),
        **described,
        "TaskName": TASK,
        "SoftwareVersions": about.software,
        "BundleVersion": about.bundle_version,
        "BundleSHA256": about.bundle_sha256,
        "Simulated": about.simulated,
    }
    return [path, _put_json(path.with_name(path.name.removesuffix(".tsv.gz") + ".json"), content)]


def _write_events(one: SessionContent, grid: EstimateGrid, path: Path) -> list[Path]:
    """Write all marks as a table, whose columns are those of the store."""
    named = _list_event_columns()
    lines = ["\t".join(["onset", "duration", "trial_type", *named])]
    for mark in list_marks(one, grid):
        cells = [mark.onset_s, mark.duration_s, mark.kind, *(mark.content.get(name) for name in named)]
        lines.append("\t".join(say_cell(cell) for cell in cells))
    levels = {
        **{name: f"A row of the store's table {kind.table}" for kind, name in KINDS.items()},
        **{name: COLUMNS[EstimateRow][name].description for name in STATES},
        MISSING: "Windows without a row, also those before the first",
    }
    content = {
        "onset": {"Description": "Time of the session", "Units": "s"},
        "duration": {"Description": "Length, where it has one", "Units": "s"},
        "trial_type": {"Description": "What it is", "Levels": levels},
        **{name: {"Description": about} for name, about in named.items()},
        "Simulated": one.session.simulated,
    }
    return [put_text(path, "\n".join(lines) + "\n"), _put_json(path.with_suffix(".json"), content)]


def _list_event_columns() -> dict[str, str]:
    """Columns of the tables that become events, with their meanings."""
    found: dict[str, str] = {"state": "State that lasted"}
    for kind in KINDS:
        for name, column in COLUMNS[kind].items():
            if name not in ("time_s", "duration_s"):
                unit = f" ({column.unit})" if column.unit not in ("", "1") else ""
                found.setdefault(name, f"{column.description}{unit}")
    return found


def _describe_columns(meanings: Mapping[str, str]) -> dict[str, Any]:
    return {name: {"Description": about} for name, about in meanings.items()}


def _put_json(path: Path, content: Mapping[str, Any]) -> Path:
    return put_text(path, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def _say_utc(utc_s: float) -> str:
    return f"{datetime.fromtimestamp(utc_s, tz=UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
