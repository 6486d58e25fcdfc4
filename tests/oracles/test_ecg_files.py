"""WFDB records, annotations and EDF files read as the wfdb package and edfio read them."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from ecg_files import make_ecg, write_atr, write_edf
from oracles import import_oracle

from ecg_facial.ecg.formats.wfdb_beats import read_wfdb_beats
from ecg_facial.ecg.formats.wfdb_samples import FORMATS
from ecg_facial.ecg.formats.wfdb_segments import open_wfdb
from ecg_facial.ecg.reading import read_ecg

with warnings.catch_warnings():
    # its use of pandas is deprecated
    warnings.simplefilter("ignore")
    wfdb = import_oracle("wfdb")
    read_edf = import_oracle("wfdb.io.convert.edf").read_edf

pytestmark = pytest.mark.filterwarnings("ignore")
BEATS = frozenset("NLRaVFJASEj/QBenf?r")


def write_noise(folder: Path, storage: int, *, n_frames: int = 96, signals: str = ",,") -> Path:
    """Write random bytes as a record of three signals: every bit pattern of a format occurs."""
    extras = signals.split(",")
    n_samples = n_frames * sum(int(extra[1:]) if extra[:1] == "x" else 1 for extra in extras)
    offset = 6 if "+6" in extras else 0
    data = np.random.default_rng(storage).integers(0, 256, offset + FORMATS[storage].count_bytes(n_samples))
    if storage == 311:
        # two bits of four bytes are not used, and only wfdb minds what they hold
        data[3::4] &= 0x3F
    (folder / "noise.dat").write_bytes(data.astype(np.uint8).tobytes())
    lines = [f"noise.dat {storage}{extra} 200(7)/mV 12 0 0 0 0 V{n + 1}" for n, extra in enumerate(extras)]
    path = folder / "noise.hea"
    path.write_text("\n".join([f"noise 3 360 {n_frames}", *lines]) + "\n")
    return path


@pytest.mark.parametrize("storage", sorted(FORMATS))
def test_every_storage_format_is_decoded_as_wfdb_decodes_it(tmp_path: Path, storage: int) -> None:
    path = write_noise(tmp_path, storage)
    theirs = wfdb.rdrecord(str(path.with_suffix(""))).p_signal
    for number in range(3):
        ours = read_ecg(path, column=f"V{number + 1}")
        np.testing.assert_allclose(ours.samples, theirs[:, number], rtol=0, atol=1e-9)


@pytest.mark.parametrize("storage", [16, 212, 80])
@pytest.mark.parametrize("signals", ["x2,,x3", ":4,,", "+6,+6,+6"])
def test_frames_skew_and_offsets_are_honoured_as_wfdb_does(tmp_path: Path, storage: int, signals: str) -> None:
    path = write_noise(tmp_path, storage, signals=signals)
    in_frames = "x" in signals
    theirs = wfdb.rdrecord(str(path.with_suffix("")), smooth_frames=not in_frames)
    expected = theirs.e_p_signal if in_frames else theirs.p_signal.T
    record = open_wfdb(path)
    for number in range(3):
        np.testing.assert_allclose(record.read(number).samples, expected[number], rtol=0, atol=1e-9)


@pytest.mark.parametrize("storage", ["508", "516", "524"])
def test_flac_that_wfdb_writes_is_read(tmp_path: Path, storage: str) -> None:
    n_bits = int(storage) - 500
    counts = np.random.default_rng(0).integers(-(1 << (n_bits - 1)) + 1, 1 << (n_bits - 1), (5000, 2))
    wfdb.wrsamp(
        "flac", fs=250, units=["mV", "mV"], sig_name=["II", "V1"], d_signal=counts, fmt=[storage] * 2,
        adc_gain=[200.0, 100.0], baseline=[3, -5], write_dir=str(tmp_path),
    )  # fmt: skip
    for number, (name, gain, baseline) in enumerate((("II", 200.0, 3), ("V1", 100.0, -5))):
        ours = read_ecg(tmp_path / "flac.hea", column=name).samples
        np.testing.assert_allclose(ours, (counts[:, number] - baseline) / gain, rtol=0, atol=1e-9)


@pytest.mark.parametrize("is_variable", [False, True])
def test_records_of_segments_are_those_of_wfdb(tmp_path: Path, is_variable: bool) -> None:
    rng = np.random.default_rng(0)
    lines = []
    for number, n_frames in enumerate((300, 500, 200)):
        names = ["II", "V1"] if not is_variable or number != 1 else ["V1"]
        counts = rng.integers(-2000, 2000, (n_frames, len(names))).astype("<i2")
        (tmp_path / f"s{number}.dat").write_bytes(counts.tobytes())
        rows = [f"s{number}.dat 16 {200 + 100 * number}(7)/mV 16 0 0 0 0 {name}" for name in names]
        (tmp_path / f"s{number}.hea").write_text("\n".join([f"s{number} {len(names)} 250 {n_frames}", *rows]) + "\n")
        lines += [f"s{number} {n_frames}", *(["~ 100"] if is_variable and number == 0 else [])]
    if is_variable:
        lines.insert(0, "layout 0")
        rows = [f"~ 0 200(7)/mV 16 0 0 0 0 {name}" for name in ("II", "V1")]
        (tmp_path / "layout.hea").write_text("\n".join(["layout 2 250 0", *rows]) + "\n")
    total = 1100 if is_variable else 1000
    (tmp_path / "whole.hea").write_text("\n".join([f"whole/{len(lines)} 2 250 {total}", *lines]) + "\n")
    theirs = wfdb.rdrecord(str(tmp_path / "whole"), m2s=True)
    for name in ("II", "V1"):
        ours = read_ecg(tmp_path / "whole.hea", column=name).samples
        np.testing.assert_allclose(ours, theirs.p_signal[:, theirs.sig_name.index(name)], rtol=0, atol=1e-9)


def test_annotations_are_those_of_wfdb(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    samples = np.cumsum(rng.integers(1, 5000, 500)).tolist()
    codes = rng.choice([1, 5, 8, 14, 16, 28, 38, 9, 31], 500).tolist()
    path = write_atr(tmp_path / "rec.atr", list(zip(samples, codes, strict=True)))
    theirs = wfdb.rdann(str(path.with_suffix("")), "atr")
    ours = read_wfdb_beats(path, fs_hz=360.0)
    kept = [place for place, symbol in enumerate(theirs.symbol) if symbol in BEATS]
    np.testing.assert_allclose(ours.times_s * 360.0, theirs.sample[kept])
    assert list(ours.symbols) == [theirs.symbol[place] for place in kept]


def test_real_records_are_read_as_wfdb_reads_them(shared_data: Path) -> None:
    for path in sorted((shared_data / "ecg").glob("*/*.hea")):
        record = wfdb.rdrecord(str(path.with_suffix("")))
        # without a gain wfdb takes 200 counts a millivolt, we take counts
        scale = 1.0 if path.stem not in ("bw", "ma") else 200.0
        for number in range(2):
            ours = read_ecg(path, column=str(number + 1)).samples
            np.testing.assert_allclose(ours, scale * record.p_signal[:, number], rtol=0, atol=1e-9)
        if path.with_suffix(".atr").is_file():
            theirs = wfdb.rdann(str(path.with_suffix("")), "atr")
            beats = read_wfdb_beats(path.with_suffix(".atr"))
            marked = [place for place, symbol in enumerate(theirs.symbol) if symbol in BEATS]
            np.testing.assert_allclose(beats.times_s * 360.0, theirs.sample[marked])


def test_an_edf_of_ours_is_what_wfdb_converts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ecg = make_ecg()
    path = write_edf(tmp_path / "night.edf", [("ECG", "mV", ecg, 200.0)])
    theirs = read_edf(path.name)
    np.testing.assert_allclose(read_ecg(path).samples, theirs.p_signal[:, 0], atol=2e-5)
