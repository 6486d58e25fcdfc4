"""Preparing killed by SIGKILL in a process of its own, and gone on with."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from killing import is_running, wait_until

from ecg_facial.datasets.records import DatasetIndex
from ecg_facial.datasets.store import write_index
from ecg_facial.prepared import making
from ecg_facial.prepared.making import prepare
from ecg_facial.prepared.stored import StoredData

# Each kills itself at a place that it would pass at some other time too.
DIE = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
PLACES = {
    "half-way through a file": f"""
real = shards.np.save
def save(path, crops):
    if "00001" in path.name:
        path.write_bytes(bytes(100))
        {DIE}
    real(path, crops)
shards.np.save = save
""",
    "between crops and table": f"""
real = shards.pq.write_table
def write_table(table, path):
    if "00001" in path.name:
        {DIE}
    real(table, path)
shards.pq.write_table = write_table
""",
    "before the last file": f"""
def finish(*arguments, **options):
    {DIE}
making._finish = finish
""",
}
SCRIPT = """
import sys
from pathlib import Path
from ecg_facial.datasets.store import read_index
from ecg_facial.prepared import making, shards
from ecg_facial.prepared.making import prepare
from ecg_facial.runtime.executors.local import ProcessesExecutor
from ecg_facial.runtime.settings import from_dict
from ecg_facial.windows.settings import WindowSettings
{place}
if __name__ == "__main__":
    settings = WindowSettings(window_s=4.0, n_frames=2, crop_px=32)
    executor = ProcessesExecutor(int(sys.argv[3]))
    prepare(read_index(Path(sys.argv[1])), Path(sys.argv[2]), settings=settings, executor=executor)
"""
ORPHANS = """
import multiprocessing
real = making.write_shard
def write_shard(*arguments, **options):
    print(*(child.pid for child in multiprocessing.active_children()), flush=True)
    import os, signal; os.kill(os.getpid(), signal.SIGKILL)
making.write_shard = write_shard
"""


def run_and_die(place: str, index: DatasetIndex, out: Path, *, workers: int = 1) -> str:
    out.mkdir()
    write_index(index, out / "index.parquet")
    (out / "script.py").write_text(SCRIPT.format(place=place))
    command = [sys.executable, str(out / "script.py"), str(out / "index.parquet"), str(out / "prepared"), str(workers)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr
    return done.stdout


def contents(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@pytest.mark.parametrize("place", PLACES)
def test_a_killed_run_goes_on_and_ends_with_the_same_bytes(
    place: str,
    tiny_index: DatasetIndex,
    tiny_prepared: StoredData,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run_and_die(PLACES[place], tiny_index, tmp_path / "killed")
    folder = tmp_path / "killed" / "prepared" / tiny_prepared.folder.name
    assert (folder / "windows-00000.parquet").is_file()
    assert not (folder / "prepared.json").exists()
    assert contents(folder) != contents(tiny_prepared.folder)
    made: list[str] = []
    real = making.prepare_trial
    monkeypatch.setattr(
        making, "prepare_trial", lambda trial, *rest, **options: made.append(trial.id) or real(trial, *rest, **options)
    )
    prepare(tiny_index, tmp_path / "killed" / "prepared", settings=tiny_prepared.settings)
    assert len(made) == (0 if place == "before the last file" else 38)
    assert contents(folder) == contents(tiny_prepared.folder)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads processes from /proc")
def test_workers_end_when_the_process_that_started_them_is_killed(tiny_index: DatasetIndex, tmp_path: Path) -> None:
    workers = [int(word) for word in run_and_die(ORPHANS, tiny_index, tmp_path / "killed", workers=2).split()]
    assert len(workers) == 2
    assert wait_until(lambda: not any(map(is_running, workers)))
