"""A disk that fills at any point: one line, nothing half-written, and the run goes on when there is room.

``make fuzz`` fails at 50 points of each work, ``make test`` at two.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from failing_disk import FailingDisk
from fewer_figures import keep_figures
from fuzzing import N_VARIANTS
from sketched_cohort import write_cohort
from small_run import digest_all, run_all

from ecg_facial.cli.console import errors_as_one_line
from ecg_facial.datasets.indexing import index_dataset
from ecg_facial.datasets.store import read_index, write_index
from ecg_facial.labels import PainLevel
from ecg_facial.prepared.making import prepare
from ecg_facial.runtime.executors.serial import SERIAL
from ecg_facial.windows.settings import WindowSettings
from ecg_facial.workflow.scoring import score

# as many as variants of the other fuzzers would take minutes
N_POINTS = max(2, N_VARIANTS // 20)
# files that hold the time at which they, or the data, were made
WITH_TIMES = ("index.parquet", "report.html")
LEVELS = (PainLevel.BL1, PainLevel.PA1)


@pytest.fixture(scope="module", autouse=True)
def _one_figure() -> Iterator[None]:
    """Its files are like those of the others."""
    with keep_figures("confusions"):
        yield


def make_data(out: Path) -> None:
    """Simulate, index, prepare."""
    data = write_cohort(out / "data", n_subjects=2, levels=LEVELS)
    index = index_dataset(data)
    write_index(index, out / "index.parquet")
    # its own fingerprint holds the times of the files
    index = replace(index, fingerprint="two people")
    prepare(index, out / "windows", settings=WindowSettings(n_frames=2, crop_px=32))


def judge(out: Path) -> None:
    """Judge predictions: report, metrics, tables, figures."""
    rng = np.random.default_rng(0)
    rows = [f"s{n // 8},{n % 8},{n % 2},{rng.integers(2)}" for n in range(48)]
    predictions = out.parent / "predictions.csv"
    predictions.write_text("\n".join(["subject,trial,label,predicted", *rows, ""]))
    score(predictions, out / "judged")


def fail_everywhere(
    work: Callable[[Path], None], folder: Path, capsys: pytest.CaptureFixture[str], *, number: int = errno.ENOSPC
) -> int:
    """Let a disk fail at up to `N_POINTS` points of some work, once or for good; it goes on to the same result."""
    whole = folder / "whole" / "out"
    whole.mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        n_calls = FailingDisk(whole, None).install(patch)
        work(whole)
        total = n_calls.n_calls
    points = sorted({int(point) for point in np.linspace(1, total, N_POINTS)})
    for place, point in enumerate(points):
        out = folder / f"at-{point}" / "out"
        out.mkdir(parents=True)
        with pytest.MonkeyPatch.context() as patch:
            FailingDisk(out, point, number, lasts=bool(place % 2)).install(patch)
            with pytest.raises(SystemExit) as caught, errors_as_one_line():
                work(out)
        assert caught.value.code == 2, point
        # progress may stand before it
        said = capsys.readouterr().err.splitlines()
        assert said[-1].startswith("error: "), said
        assert sum(line.startswith("error: ") for line in said) == 1, said
        assert not any("Traceback" in line for line in said), said
        assert_whole(out, whole)
        work(out)
        assert contents_of(out) == contents_of(whole), point
    return len(points)


def contents_of(folder: Path) -> dict[str, str]:
    """Digests of all files by their names, without those of files that hold a time."""
    found = digest_all(folder)
    return {name: "" if Path(name).name in WITH_TIMES else digest for name, digest in found.items()}


def assert_whole(out: Path, whole: Path) -> None:
    """Whatever has its name holds what it should hold, or was never begun; parts have hidden names."""
    left = [path for path in out.rglob("*") if path.is_file() and not path.name.startswith(".")]
    for path in left:
        other = whole / path.relative_to(out)
        if other.is_file() and path.suffix != ".json" and "windows" not in path.parts and path.suffix != ".parquet":
            assert path.stat().st_size == other.stat().st_size, path


def test_data_are_made_whole_wherever_the_disk_fills(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fail_everywhere(make_data, tmp_path, capsys) >= 2


def test_a_report_is_made_whole_wherever_the_disk_fills(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fail_everywhere(judge, tmp_path, capsys) == N_POINTS


@pytest.mark.skipif(N_POINTS < 50, reason="a whole run at 50 points takes minutes: make fuzz")
def test_a_run_goes_on_wherever_the_disk_filled(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fail_everywhere(lambda out: run_all(out, SERIAL), tmp_path, capsys) == N_POINTS


def test_an_index_that_could_not_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    data = write_cohort(tmp_path / "data", n_subjects=1, levels=LEVELS)
    index = index_dataset(data)
    path = tmp_path / "out" / "index.parquet"
    write_index(index, path)
    before = path.read_bytes()
    for point in range(1, 4):
        with pytest.MonkeyPatch.context() as patch:
            FailingDisk(tmp_path / "out", point).install(patch)
            with pytest.raises(OSError, match="No space left"):
                write_index(index, path)
        assert path.read_bytes() == before
        assert [each.name for each in path.parent.iterdir()] == ["index.parquet"]
    assert read_index(path).fingerprint == index.fingerprint
