"""A damaged file of any format gives an ECG or one of the package's errors, quickly and in little memory."""

from __future__ import annotations

import contextlib
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from ecg_files import FS_HZ, damage, write_atr, write_examples

from ecg_facial.ecg.formats.wfdb_beats import read_wfdb_beats
from ecg_facial.ecg.reading import read_ecg
from ecg_facial.errors import EcgFacialError
from ecg_facial.recording import EcgSignal

FORMATS = ("csv", "wfdb16", "wfdb212", "edf", "edf+d", "bdf", "xdf", "npy", "npz")
N_FILES = 1000
MOST_BYTES = 100 << 20


@pytest.mark.parametrize("name", FORMATS)
def test_a_damaged_file_is_an_ecg_or_one_of_our_errors(name: str, tmp_path: Path) -> None:
    path = write_examples(tmp_path)[name]()
    assert len(read_ecg(path, fs_hz=FS_HZ).samples) >= 600
    # of a record, header and samples are damaged in turn
    victims = [path, path.with_suffix(".dat")] if path.suffix == ".hea" else [path]
    whole = {victim: victim.read_bytes() for victim in victims}
    outcomes, said = {"read": 0, "refused": 0}, []
    for number in range(N_FILES):
        rng = np.random.default_rng([FORMATS.index(name), number])
        victim = victims[number % len(victims)]
        victim.write_bytes(damage(whole[victim], rng))
        try:
            found = read_ecg(path, fs_hz=FS_HZ if number % 2 else None)
        except EcgFacialError as error:
            outcomes["refused"] += 1
            said.append(str(error))
        else:
            outcomes["read"] += 1
            assert isinstance(found, EcgSignal)
            assert not np.isinf(found.samples).any()
        victim.write_bytes(whole[victim])
    assert min(outcomes.values()) > 0, outcomes
    assert not [text for text in said if "\n" in text or len(text) > len(str(path)) + 400]


@pytest.mark.parametrize("name", FORMATS)
def test_a_damaged_file_does_not_take_much_memory(name: str, tmp_path: Path) -> None:
    path = write_examples(tmp_path)[name]()
    whole = path.read_bytes()
    read_ecg(path, fs_hz=FS_HZ)
    tracemalloc.start()
    try:
        for number in range(N_FILES // 5):
            path.write_bytes(damage(whole, np.random.default_rng([99, FORMATS.index(name), number])))
            tracemalloc.reset_peak()
            with contextlib.suppress(EcgFacialError):
                read_ecg(path, fs_hz=FS_HZ if number % 2 else None)
            assert tracemalloc.get_traced_memory()[1] < MOST_BYTES, f"damage {number}"
    finally:
        tracemalloc.stop()


def test_damaged_annotations_are_beats_or_one_of_our_errors(tmp_path: Path) -> None:
    path = write_atr(tmp_path / "rec.atr", [(number * 160, 1) for number in range(1, 400)])
    whole = path.read_bytes()
    for number in range(N_FILES):
        path.write_bytes(damage(whole, np.random.default_rng([7, number])))
        try:
            beats = read_wfdb_beats(path, fs_hz=FS_HZ)
        except EcgFacialError:
            continue
        assert len(beats.times_s) == len(beats.symbols)
