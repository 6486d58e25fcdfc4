"""Prediction with a bundle: both signals, either one, neither."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny_files import write_ecg, write_images

from ecg_facial.cli.wording import show_prediction
from ecg_facial.errors import BundleError, SettingsError
from ecg_facial.inference.bundle import load_bundle
from ecg_facial.inference.calibration import Temperature, Temperatures
from ecg_facial.inference.fusion import Fusion, softmax
from ecg_facial.inference.predictor import Prediction, Predictor, open_predictor, predict_files
from ecg_facial.runtime.text import RESEARCH_NOTE, SIMULATED_BUNDLE_NOTE
from ecg_facial.simulate.heart.ecg import simulate_ecg
from ecg_facial.windows.making import make_window
from ecg_facial.windows.window import Window

FS_HZ = 512.0


@pytest.fixture(scope="module")
def predictor(small_bundle: Path) -> Predictor:
    return open_predictor(load_bundle(small_bundle), threads=1)


def write_beats(path: Path, *, bpm: float = 72.0) -> Path:
    ecg, _ = simulate_ecg(np.full(round(5.5 * FS_HZ), bpm), FS_HZ, rng=np.random.default_rng(0))
    path.write_text("ecg\n" + "\n".join(f"{value:.5f}" for value in ecg) + "\n")
    return path


def make_a_window(predictor: Predictor, *, n_seen: int, n_tokens: int) -> Window:
    """Window of random content with so many frames and tokens."""
    rng = np.random.default_rng(1)
    windows = predictor.info.windows
    empty = make_window((), None, settings=windows, detector=predictor.detector)
    mask = np.arange(windows.n_frames) < n_seen
    crops = rng.integers(0, 255, empty.crops.shape).astype(np.uint8) * mask[:, None, None, None]
    return replace(
        empty,
        crops=crops.astype(np.uint8),
        frame_mask=mask,
        tokens=rng.normal(size=(n_tokens, 3)).astype(np.float32),
        token_times_s=np.arange(1, n_tokens + 1, dtype=np.float32),
        has_ecg=True,
    )


def test_fused_probabilities_are_those_of_the_weighted_logits(predictor: Predictor) -> None:
    found = predictor.predict(make_a_window(predictor, n_seen=3, n_tokens=5))
    assert found.facial is not None
    assert found.ecg is not None
    # softmax forgets a constant, so logs of probabilities do for logits
    expected = softmax(0.8 * np.log(found.facial) + 0.2 * np.log(found.ecg))
    np.testing.assert_allclose(found.probabilities, expected, atol=1e-9)
    assert found.predicted == found.class_names[int(np.argmax(expected))]
    assert found.notes == ()


class KnownNetworks:
    """An engine that gives the same logits for every window."""

    def __init__(self, face: object, ecg: object) -> None:
        self.face, self.ecg = np.array(face, np.float32), np.array(ecg, np.float32)

    def face_features(self, crops: np.ndarray, /) -> np.ndarray:
        return np.zeros((len(crops), 2), np.float32)

    def facial_logits(self, features: np.ndarray, /) -> np.ndarray:
        return self.face

    def ecg_logits(self, tokens: np.ndarray, times_s: np.ndarray, /) -> np.ndarray:
        return self.ecg


def test_temperatures_of_the_bundle_are_applied(predictor: Predictor) -> None:
    face, ecg = np.array([2.0, 1.0, 0.0, -1.0]), np.array([0.0, 4.0, 0.0, 0.0])
    values = {"facial": 2.0, "ecg": 4.0, "fusion": 0.5}
    fusion = Fusion(temperatures=Temperatures(**{name: Temperature(value=value) for name, value in values.items()}))
    warm = Predictor(replace(predictor.info, fusion=fusion), KnownNetworks(face, ecg))
    both = warm.predict(make_a_window(predictor, n_seen=1, n_tokens=1))
    np.testing.assert_allclose(both.facial, softmax(face / 2))
    np.testing.assert_allclose(both.ecg, softmax(ecg / 4))
    np.testing.assert_allclose(both.probabilities, softmax((0.8 * face + 0.2 * ecg) / 0.5))
    for n_seen, n_tokens, own in ((1, 0, both.facial), (0, 1, both.ecg)):
        assert warm.predict(make_a_window(predictor, n_seen=n_seen, n_tokens=n_tokens)).probabilities == own


@pytest.mark.parametrize("face", [[1.0, 2.0], [1.0, np.nan, 0.0, 0.0], [[1.0, 0.0, 0.0, 0.0]]])
def test_logits_that_cannot_be_a_networks_are_refused_not_taken_for_a_missing_face(
    predictor: Predictor, face: object
) -> None:
    broken = Predictor(predictor.info, KnownNetworks(face, np.zeros(4)))
    with pytest.raises(BundleError, match=r"facial model gives .*expected 4 finite logits"):
        broken.predict(make_a_window(predictor, n_seen=1, n_tokens=1))


def test_a_missing_modality_leaves_the_other_alone(predictor: Predictor) -> None:
    both = predictor.predict(make_a_window(predictor, n_seen=3, n_tokens=5))
    face = predictor.predict(make_a_window(predictor, n_seen=3, n_tokens=0))
    heart = predictor.predict(make_a_window(predictor, n_seen=0, n_tokens=5))
    assert face.ecg is None
    assert face.probabilities == face.facial == both.facial
    assert heart.facial is None
    assert heart.probabilities == heart.ecg == both.ecg
    assert any("no interval" in note for note in face.notes)
    assert any("no face" in note for note in heart.notes)


def test_without_any_signal_there_is_no_prediction(predictor: Predictor) -> None:
    found = predictor.predict(make_a_window(predictor, n_seen=0, n_tokens=0))
    assert found.predicted is None
    assert found.probabilities is None
    assert "predicted: nothing" in show_prediction(found)


def test_masked_frames_do_not_count(predictor: Predictor) -> None:
    window = make_a_window(predictor, n_seen=3, n_tokens=5)
    changed = window.crops.copy()
    changed[~window.frame_mask] = 200
    assert predictor.predict(replace(window, crops=changed)) == predictor.predict(window)


def test_heart_rate_is_read_from_a_file(predictor: Predictor, tmp_path: Path) -> None:
    found = predict_files(predictor, ecg=write_beats(tmp_path / "ecg.csv"), fs_hz=FS_HZ)
    assert found.heart_rate_bpm == pytest.approx(72.0, abs=0.5)
    assert found.ecg_quality > 0.9
    assert found.face_quality == 0


def test_a_flat_ecg_and_an_empty_room_give_no_prediction(predictor: Predictor, tmp_path: Path) -> None:
    flat = write_ecg(tmp_path / "ecg.csv", columns="time\tgsr\tecg")
    flat.write_text(
        "\n".join(
            line.rsplit("\t", 1)[0] + "\t0" if i else line for i, line in enumerate(flat.read_text().splitlines())
        )
    )
    found = predict_files(predictor, video=write_images(tmp_path / "frames"), ecg=flat)
    assert found.predicted is None
    assert (found.face_quality, found.ecg_quality) == (0.0, 0.0)
    assert found.heart_rate_bpm is None


def test_what_is_shown_says_simulated_and_for_research(predictor: Predictor) -> None:
    shown = show_prediction(predictor.predict(make_a_window(predictor, n_seen=2, n_tokens=3)))
    assert SIMULATED_BUNDLE_NOTE in shown
    assert shown.endswith(RESEARCH_NOTE)
    assert [line.split()[0] for line in shown.splitlines()[:5]] == ["class", "BL1", "PA1", "PA2", "PA3"]


@pytest.mark.parametrize("start_s", [-1.0, float("nan")])
def test_a_start_before_the_recording_is_refused(predictor: Predictor, tmp_path: Path, start_s: float) -> None:
    with pytest.raises(SettingsError, match="start_s"):
        predict_files(predictor, ecg=write_beats(tmp_path / "ecg.csv"), fs_hz=FS_HZ, start_s=start_s)


def test_a_start_after_the_end_sees_nothing(predictor: Predictor, tmp_path: Path) -> None:
    found: Prediction = predict_files(predictor, ecg=write_beats(tmp_path / "ecg.csv"), fs_hz=FS_HZ, start_s=60.0)
    assert found.predicted is None
    assert any(note.startswith("ECG: it ends at ") and "starts at 60 s" in note for note in found.notes)
    inside = predict_files(predictor, ecg=write_beats(tmp_path / "ecg.csv"), fs_hz=FS_HZ)
    assert not any("ends at" in note for note in inside.notes)


@pytest.mark.parametrize("model", ["facial", "ecg"])
def test_a_window_with_both_signals_is_judged_by_the_one_model(
    predictor: Predictor, small_bundle: Path, model: str
) -> None:
    bundle = load_bundle(small_bundle)
    info = replace(bundle.info, models=(model,))
    kept = {name: content for name, content in bundle.files.items() if ("ecg" in name) == (model == "ecg")}
    alone = open_predictor(replace(bundle, info=info, files=kept), threads=1)
    window = make_a_window(predictor, n_seen=3, n_tokens=5)
    found = alone.predict(window)
    assert found.probabilities == getattr(found, model) == getattr(predictor.predict(window), model)
    other, title = ("ecg", "ECG") if model == "facial" else ("facial", "facial")
    assert getattr(found, other) is None
    assert f"the bundle holds no {title} model" in " ".join(found.notes)
    nothing = alone.predict(make_a_window(predictor, n_seen=3 * (model == "ecg"), n_tokens=5 * (model == "facial")))
    assert nothing.predicted is None
    assert not any("alone" in note for note in nothing.notes)
