"""Commands on recordings: simulate them, list them, look at an ECG, make windows.

Input: settings made of what was typed. Output: files, and text.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ecg_facial.cli.arguments import (
    COHORT,
    DATA,
    EXECUTOR,
    INSPECTION,
    READING,
    DataFolder,
    open_file,
    open_folder,
    open_running,
)
from ecg_facial.cli.console import say
from ecg_facial.cli.options import with_options
from ecg_facial.errors import SettingsError
from ecg_facial.inspection.settings import InspectionSettings
from ecg_facial.labels import TASKS, get_task
from ecg_facial.runtime.executors.settings import ExecutorSettings
from ecg_facial.runtime.extras import require_extras
from ecg_facial.runtime.paths import find_path
from ecg_facial.simulate.settings.cohort_settings import CohortSettings
from ecg_facial.workflow.settings import DataOptions

_PARQUET = b"PAR1"


@with_options(settings=COHORT, running=EXECUTOR)
def simulate(
    out: Annotated[Path, typer.Argument(help="Folder to write, in BioVid's layout.", callback=open_folder)],
    settings: CohortSettings,
    running: ExecutorSettings,
) -> None:
    """Write a simulated cohort with known truth: videos, biosignals, samples.csv, truth.csv.

    Damage is listed in pathologies.csv; truth.csv describes the undamaged trials.
    """
    require_extras("simulate")
    from ecg_facial.simulate.cohort import simulate_cohort

    with open_running(running) as executor:
        folder = simulate_cohort(out, settings, executor=executor, show_progress=True)
    say(f"SIMULATED cohort of {settings.n_subjects} people written to {folder}")


def _open_index(path: Path | None) -> Path | None:
    """Try a file to write, which may be an index of before, and nothing else: not the manifest that is read."""
    if path is not None and path.is_file() and path.stat().st_size:
        with open(path, "rb") as stream:
            if stream.read(len(_PARQUET)) != _PARQUET:
                raise SettingsError(f"{path}: a file that is no index, and would be lost; name another")
    return open_file(path)


@with_options(options=READING, running=EXECUTOR)
def index(
    data: DataFolder,
    options: DataOptions,
    running: ExecutorSettings,
    out: Annotated[Path | None, typer.Option(help="Parquet file to write the index to.", callback=_open_index)] = None,
) -> None:
    """Show what a data folder holds per subject and level, its rest recordings, and what cannot be used."""
    from ecg_facial.cli.wording import describe_index
    from ecg_facial.datasets.store import write_index
    from ecg_facial.workflow.preparing import index_data

    with open_running(running) as executor:
        found = index_data(data, options=options, executor=executor, show_progress=True)
    say(describe_index(found))
    if out is not None:
        write_index(found, out)
        say(f"index written to {out}")


@with_options(settings=INSPECTION, running=EXECUTOR)
def ecg(
    file: Annotated[
        Path, typer.Argument(help="CSV, TSV, WFDB (.hea), EDF, BDF, XDF, .mat, .npy or .npz; or a folder of these.")
    ],
    out: Annotated[
        Path,
        typer.Option(
            help="Folder for beats.csv, summary.json, strip.png and strip.svg; of a folder collection.csv and .html.",
            callback=open_folder,
        ),
    ],
    settings: InspectionSettings,
    running: ExecutorSettings,
) -> None:
    """Find the beats of an ECG file, or of all in a folder: heart rate, signal quality, strips on ECG paper.

    A folder is looked at again without its files that were done and have not changed.
    """
    if find_path(file).path.is_dir():
        from ecg_facial.inspection.collection import PAGE_FILE, TABLE_FILE, inspect_collection
        from ecg_facial.inspection.overview import describe_collection

        with open_running(running) as executor:
            rows = inspect_collection(find_path(file).path, out, settings, executor=executor, show_progress=True)
        say(describe_collection(rows))
        say(f"written to       {out / TABLE_FILE}, {out / PAGE_FILE}")
        return
    from ecg_facial.cli.wording import show_findings
    from ecg_facial.inspection.running import inspect_ecg

    say(show_findings(inspect_ecg(file, out, settings)))
    say(f"written to       {out}")


@with_options(options=DATA, running=EXECUTOR)
def prepare(
    data: DataFolder,
    out: Annotated[Path, typer.Option(help="Folder for the cached windows.", callback=open_folder)],
    options: DataOptions,
    running: ExecutorSettings,
    task: Annotated[
        str | None, typer.Option(help="Prepare only the levels of this task.", metavar="|".join(TASKS))
    ] = None,
) -> None:
    """Make a window of face crops and heart-rate tokens of every trial, once, on disk."""
    from ecg_facial.workflow.preparing import prepare_dataset

    with open_running(running) as executor:
        chosen = None if task is None else get_task(task)
        found = prepare_dataset(data, out, options=options, task=chosen, executor=executor, show_progress=True)
    say(f"{len(found.prepared)} windows in {found.prepared.folder}")
