"""The recording that comes with the package is what its script makes, and is found to be what it says."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from blocking import block_imports

import ecg_facial
from ecg_facial import detect_r_peaks, load_detector, load_example, make_window, read_frames
from ecg_facial.labels import PainLevel
from ecg_facial.windows.settings import WindowSettings

SCRIPT = Path(__file__).resolve().parents[1] / "tools" / "make_example.py"
MAX_BYTES = 200_000


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_example", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_beats_that_are_found_are_the_true_ones() -> None:
    example = load_example()
    found = detect_r_peaks(example.ecg.samples, example.ecg.fs_hz)
    np.testing.assert_allclose(found.times_s, example.r_peak_times_s, atol=0.005)
    assert example.heart_rate_bpm == pytest.approx(60 / np.diff(found.times_s).mean(), abs=1.0)


def test_a_window_of_it_has_a_face_in_every_frame_and_a_trusted_ecg() -> None:
    example = load_example()
    window = make_window(
        read_frames(example.video), example.ecg, settings=WindowSettings(n_frames=8), detector=load_detector()
    )
    assert window.frame_mask.all()
    assert min(window.face_quality, window.ecg_quality) > 0.9


def test_it_says_that_it_is_simulated_and_what_its_level_is() -> None:
    example = load_example()
    assert example.simulated
    assert example.pain_level is PainLevel.PA4
    assert "SIMULATED" in str(type(example).__doc__)


def test_its_files_are_small() -> None:
    assets = Path(ecg_facial.__file__).parent / "assets"
    assert sum(path.stat().st_size for path in assets.glob("example.*")) < MAX_BYTES


def test_it_needs_no_simulator() -> None:
    program = (
        f"{block_imports('numba', 'torch')}import ecg_facial; ecg_facial.load_example()\n"
        "assert not [name for name in sys.modules if name.startswith('ecg_facial.simulate')]"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_script_still_makes_the_signals(script: ModuleType) -> None:
    made, example = script.make_signals(), load_example()
    np.testing.assert_allclose(made["ecg_mv"], example.ecg.samples, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(made["r_peak_times_s"], example.r_peak_times_s, rtol=1e-9)


def test_the_script_still_draws_the_video(script: ModuleType) -> None:
    pytest.importorskip("numba", reason="drawing faces needs numba (ecg-facial[simulate])")
    drawn, kept = script.make_frames(), list(read_frames(load_example().video))
    assert len(drawn) == len(kept)
    for number in (0, len(drawn) // 2, len(drawn) - 1):
        shown, _ = kept[number].small_rgb(max(drawn[number].shape))
        assert np.abs(shown.astype(float) - drawn[number]).mean() < 4.0, "more than the encoder loses"
