"""What the files of trials tell of how they were recorded, and what merely follows the signal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ecg_files import write_flac, write_wfdb
from scipy.io import savemat

from ecg_facial.evaluation.audit.circumstances import ORDER_NOTE, check_circumstances
from ecg_facial.evaluation.audit.recorded_files import ECG_SIZE, count_decimals, describe_files
from ecg_facial.labels import get_task
from ecg_facial.prepared.memory import MemoryData
from ecg_facial.recording import EcgRef, Subject, Trial, VideoRef
from tests.helpers.tiny_files import write_images, write_video

TASK = get_task("biovid4")
FS_HZ = 512


@pytest.fixture
def prepared(make_prepared: Callable[..., Any]) -> Any:
    return make_prepared(n_subjects=8, per_level=3, n_frames=2)


def write_text(path: Path, *, amplitude: float = 1.0, n_times: int = 1024, decimals: int = 3) -> Path:
    wave = amplitude * np.sin(np.arange(n_times) / 20)
    rows = [f"{round(number * 1e6 / FS_HZ)},{value:.{decimals}f}" for number, value in enumerate(wave)]
    path.write_text("\n".join(["time,ecg", *rows]) + "\n", encoding="utf-8")
    return path


def trials_of(prepared: Any, *, calm: dict[str, Path], pain: dict[str, Path]) -> list[Trial]:
    """Give the trials of no pain one file, and all others another."""
    table, made = prepared.table, []
    for subject, name, level in zip(table["subject"], table["trial"], table["level"], strict=True):
        files = calm if level == "BL1" else pain
        made.append(
            Trial(
                subject=Subject(id=subject),
                id=name,
                code=level,
                ecg=EcgRef(path=files["ecg"]) if "ecg" in files else None,
                video=VideoRef(path=files["video"]) if "video" in files else None,
            )
        )
    return made


def check(prepared: Any, calm: dict[str, Path], pain: dict[str, Path]) -> Any:
    return check_circumstances(prepared, task=TASK, trials=trials_of(prepared, calm=calm, pain=pain))


def test_more_digits_of_a_larger_amplitude_are_the_signal_and_no_circumstance(prepared: Any, tmp_path: Path) -> None:
    calm, pain = write_text(tmp_path / "a.csv"), write_text(tmp_path / "b.csv", amplitude=1000.0)
    assert pain.stat().st_size > 1.1 * calm.stat().st_size
    found = check(prepared, {"ecg": calm}, {"ecg": pain})
    assert found.passed, found.message


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"n_times": 1100}, "length of the ECG AUC"),
        ({"decimals": 5}, "decimals in the ECG file AUC"),
    ],
)
def test_a_text_file_that_was_recorded_or_exported_otherwise_is_found(
    prepared: Any, tmp_path: Path, written: dict[str, int], said: str
) -> None:
    calm, pain = write_text(tmp_path / "a.csv"), write_text(tmp_path / "b.csv", **written)
    found = check(prepared, {"ecg": calm}, {"ecg": pain})
    assert found.passed is False
    assert said in found.message


def test_whole_clips_of_another_length_and_bytes_of_compressed_pictures_are_found(
    prepared: Any, tmp_path: Path
) -> None:
    calm, pain = write_video(tmp_path / "a.mp4", duration_s=1.0), write_video(tmp_path / "b.mp4", duration_s=1.4)
    found = check(prepared, {"video": calm}, {"video": pain})
    assert found.passed is False
    assert "length of the video AUC" in found.message
    assert (
        "size of the video file (movement takes bytes too) AUC of BL1 1.00 (lower limit 1.00, bound 0.9)"
        in found.message
    )


def test_a_folder_of_more_images_is_found(prepared: Any, tmp_path: Path) -> None:
    calm, pain = write_images(tmp_path / "a", n_frames=4), write_images(tmp_path / "b", n_frames=6)
    assert "length of the video AUC" in check(prepared, {"video": calm}, {"video": pain}).message


def test_a_binary_file_has_a_size_and_a_missing_or_damaged_one_has_nothing(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros(1000))
    (tmp_path / "broken.edf").write_bytes(b"0       ")
    trials = [
        Trial(subject=Subject(id="s"), id=name, code="BL1", ecg=EcgRef(path=tmp_path / name, fs_hz=250))
        for name in ("a.npy", "broken.edf", "absent.csv")
    ]
    found = describe_files([*trials, None])
    assert found["size of the ECG file"] == [(tmp_path / "a.npy").stat().st_size, None, None, None]
    assert found["length of the ECG"] == [4.0, None, None, None]
    assert found["kind of the ECG file"] == [".npy", ".edf", ".csv", None]


def make_wave(n_times: int, *, noise: int) -> np.ndarray:
    drawn = np.random.default_rng(0).integers(-noise, noise + 1, n_times)
    return np.round(1000 * np.sin(np.arange(n_times) / 20)).astype("<i2") + drawn.astype("<i2")


def write_compressed(folder: Path, kind: str, *, noise: int, n_times: int = 4000) -> Path:
    """Write a wave in a format that takes more bytes the noisier it is."""
    folder.mkdir()
    wave = make_wave(n_times, noise=noise)
    if kind == "npz":
        np.savez_compressed(folder / "ecg.npz", ecg=wave, fs=float(FS_HZ))
        return folder / "ecg.npz"
    if kind == "mat":
        savemat(folder / "ecg.mat", {"ecg": wave, "fs": float(FS_HZ)}, do_compression=True)
        return folder / "ecg.mat"
    write_flac(folder / "rec.dat", wave[:, None], 16)
    header = folder / "rec.hea"
    header.write_text(f"rec 1 {FS_HZ} {n_times}\nrec.dat 516 200/mV 16 0 0 0 0 II\n")
    return header


@pytest.mark.parametrize("kind", ["npz", "mat", "flac"])
def test_bytes_of_a_compressed_ecg_have_the_bound_of_what_is_measured(kind: str, prepared: Any, tmp_path: Path) -> None:
    calm = write_compressed(tmp_path / "calm", kind, noise=2)
    pain = write_compressed(tmp_path / "pain", kind, noise=60)
    found = check(prepared, {"ecg": calm}, {"ecg": pain})
    # the class is told wholly, which is more than a body does; the bound is that of the video's size
    assert found.message == f"{ECG_SIZE} AUC of BL1 1.00 (lower limit 1.00, bound 0.9)"


@pytest.mark.parametrize("kind", ["npz", "mat"])
def test_arrays_that_are_stored_plainly_have_a_size_by_their_length(kind: str, tmp_path: Path) -> None:
    for number, noise in enumerate((2, 60)):
        wave = make_wave(1000, noise=noise)
        if kind == "npz":
            np.savez(tmp_path / f"{number}.npz", ecg=wave, fs=float(FS_HZ))
        else:
            savemat(tmp_path / f"{number}.mat", {"ecg": wave, "fs": float(FS_HZ)})
    trials = [
        Trial(subject=Subject(id="s"), id=str(n), code="BL1", ecg=EcgRef(path=tmp_path / f"{n}.{kind}")) for n in (0, 1)
    ]
    found = describe_files(trials)
    assert found["size of the ECG file"][0] == found["size of the ECG file"][1] is not None
    assert found[ECG_SIZE] == [None, None]


def test_a_record_has_the_size_of_its_samples_without_the_text_of_its_header(tmp_path: Path) -> None:
    record = write_wfdb(tmp_path, np.zeros((500, 2), np.int64))
    trial = Trial(subject=Subject(id="s"), id="t", code="BL1", ecg=EcgRef(path=record.with_suffix("")))
    assert describe_files([trial])["size of the ECG file"] == [2000]


def test_decimals_are_counted_whatever_the_separator(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("time;ecg\n0;1.25\n2;-0.125\n4;17\n", encoding="utf-8")
    assert count_decimals(path) == 3


def test_names_that_spell_the_level_explain_the_order_of_rows_and_others_do_not(prepared: Any) -> None:
    assert ORDER_NOTE not in check_circumstances(prepared, task=TASK).message
    numbered = prepared.table.assign(trial=[f"{number:03d}" for number in range(len(prepared))])
    windows = [prepared[row] for row in range(len(prepared))]
    data = MemoryData(windows, numbered[["subject", "trial", "level"]], settings=prepared.settings, simulated=True)
    found = check_circumstances(data, task=TASK)
    assert found.passed
    assert ORDER_NOTE in found.message
    # where times are known, they say when a trial was
    timed = data.with_table(data.table.assign(start_s=np.random.default_rng(0).uniform(size=len(data))))
    assert ORDER_NOTE not in check_circumstances(timed, task=TASK).message
