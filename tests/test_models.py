"""The facial, the ECG and the fused model: the faults of the original are not here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from ecg_facial.ecg_model import ECGDataset, ECGModel
from ecg_facial.errors import SettingsError, UnknownLabelError
from ecg_facial.facial_model import FacialDataset, FacialModel
from ecg_facial.fusion_model import FusionDataset, LateFusion
from ecg_facial.inference.calibration import Temperature, Temperatures
from ecg_facial.inference.fusion import Fusion
from ecg_facial.labels import get_task
from ecg_facial.learning.settings import ModelSettings, TrainingSettings, suit_training
from ecg_facial.learning.training import predict_logits
from ecg_facial.nets.settings import EcgSettings, FacialSettings
from ecg_facial.prepared.queries import rows_of
from ecg_facial.runtime.settings import from_dict, to_dict

TASK = get_task("biovid4")
SMALL = FacialSettings(weights="none", hidden=8)


@pytest.fixture
def facial() -> FacialModel:
    torch.manual_seed(0)
    return FacialModel(SMALL, n_classes=4).eval()


@pytest.fixture
def ecg() -> ECGModel:
    torch.manual_seed(0)
    return ECGModel(EcgSettings(), n_classes=4).eval()


@pytest.mark.parametrize("kind", [FacialDataset, ECGDataset, FusionDataset])
def test_clip_logits_do_not_depend_on_batch_mates(
    kind: type, facial: FacialModel, ecg: ECGModel, make_prepared: Callable
) -> None:
    prepared = make_prepared(n_frames=4)
    model = {FacialDataset: facial, ECGDataset: ecg}.get(kind) or LateFusion(facial, ecg).eval()
    rows = list(range(8))
    together = predict_logits(model, kind(prepared, rows, task=TASK), batch_size=8)
    alone = np.concatenate([predict_logits(model, kind(prepared, [row], task=TASK)) for row in rows])
    assert together.shape == (8, 4)
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert np.ptp(together, axis=0).min() > 1e-4


def test_masked_frames_do_not_change_the_logits(facial: FacialModel) -> None:
    frames, mask = torch.randn(1, 5, 3, 32, 32), torch.tensor([[True, False, True, True, False]])
    changed = frames.clone()
    changed[~mask] = 1e3
    with torch.no_grad():
        torch.testing.assert_close(facial(frames, mask), facial(changed, mask))
        torch.testing.assert_close(facial(frames[:, mask[0]], torch.ones(1, 3, dtype=torch.bool)), facial(frames, mask))


def test_pixels_and_features_computed_before_give_equal_logits(facial: FacialModel) -> None:
    frames, mask = torch.randn(2, 3, 3, 32, 32), torch.ones(2, 3, dtype=torch.bool)
    with torch.no_grad():
        features = facial.encode(frames.flatten(0, 1)).reshape(2, 3, 512)
        torch.testing.assert_close(facial(features, mask), facial(frames, mask))
        torch.testing.assert_close(facial.head(features), facial(frames, mask))


def test_dropout_is_on_while_training_and_off_when_not(facial: FacialModel, ecg: ECGModel) -> None:
    inputs = {
        facial: {"frames": torch.randn(2, 3, 512), "mask": torch.ones(2, 3, dtype=torch.bool)},
        ecg: {"tokens": torch.randn(2, 5, 3), "times_s": torch.rand(2, 5)},
    }
    for model, values in inputs.items():
        with torch.no_grad():
            model.train()
            assert not torch.equal(model(**values), model(**values))
            model.eval()
            assert torch.equal(model(**values), model(**values))


def test_a_frozen_network_keeps_weights_and_statistics_while_training() -> None:
    model = FacialModel(FacialSettings(hidden=4), n_classes=4).train()
    before = {name: value.clone() for name, value in model.encoder.state_dict().items()}
    model(torch.randn(2, 2, 3, 32, 32), torch.ones(2, 2, dtype=torch.bool)).sum().backward()
    assert all(parameter.grad is None for parameter in model.encoder.parameters())
    assert all(torch.equal(before[name], value) for name, value in model.encoder.state_dict().items())
    assert model.classifier.weight.grad is not None


def test_unknown_and_foreign_levels_are_refused_and_never_class_zero(make_prepared: Callable) -> None:
    prepared = make_prepared()
    prepared.table.loc[3, "level"] = "PA4"
    for kind in (FacialDataset, ECGDataset, FusionDataset):
        with pytest.raises(UnknownLabelError, match="PA4"):
            kind(prepared, [0, 3], task=TASK)
    assert 3 not in rows_of(prepared, {"s00"}, TASK)
    prepared.table.loc[3, "level"] = "P9"
    with pytest.raises(UnknownLabelError, match="P9"):
        FacialDataset(prepared, [3], task=TASK)


def test_labels_are_class_indices_in_task_order(make_prepared: Callable) -> None:
    prepared = make_prepared(per_level=1)
    assert FacialDataset(prepared, range(4), task=TASK).labels == [0, 1, 2, 3]


def test_fused_logits_are_the_weighted_sum(facial: FacialModel, ecg: ECGModel, make_prepared: Callable) -> None:
    prepared = make_prepared(n_frames=3)
    rows = [2, 3, 4]
    face = predict_logits(facial, FacialDataset(prepared, rows, task=TASK))
    heart = predict_logits(ecg, ECGDataset(prepared, rows, task=TASK))
    fused = predict_logits(LateFusion(facial, ecg), FusionDataset(prepared, rows, task=TASK))
    np.testing.assert_allclose(fused, 0.8 * face + 0.2 * heart, atol=1e-5)


def test_a_missing_modality_leaves_the_other_alone(facial: FacialModel, ecg: ECGModel, make_prepared: Callable) -> None:
    prepared = make_prepared(n_frames=3)  # row 0 has no face, row 1 no beats
    fused = predict_logits(LateFusion(facial, ecg), FusionDataset(prepared, [0, 1], task=TASK))
    np.testing.assert_allclose(fused[0], predict_logits(ecg, ECGDataset(prepared, [0], task=TASK))[0], atol=1e-6)
    np.testing.assert_allclose(fused[1], predict_logits(facial, FacialDataset(prepared, [1], task=TASK))[0], atol=1e-6)


def test_torch_and_numpy_fuse_alike_with_temperatures(
    facial: FacialModel, ecg: ECGModel, make_prepared: Callable
) -> None:
    prepared, rows = make_prepared(n_frames=3), [0, 1, 2, 3]  # row 0 has no face, row 1 no beats
    values = {"facial": 3.0, "ecg": 0.5, "fusion": 1.7}
    temperatures = Temperatures(**{name: Temperature(value=value) for name, value in values.items()})
    fusion = Fusion(face_weight=0.6, ecg_weight=0.4, temperatures=temperatures)
    face = predict_logits(facial, FacialDataset(prepared, rows, task=TASK))
    heart = predict_logits(ecg, ECGDataset(prepared, rows, task=TASK))
    face[0], heart[1] = np.nan, np.nan
    fused = predict_logits(LateFusion(facial, ecg, fusion=fusion), FusionDataset(prepared, rows, task=TASK))
    np.testing.assert_allclose(fused, fusion.logits(face, heart)["fusion"], atol=1e-5)


def test_without_both_signals_all_fused_logits_are_zero_and_gradients_finite(
    facial: FacialModel, ecg: ECGModel
) -> None:
    unseen, silent = torch.zeros(2, 3, dtype=torch.bool), torch.zeros(2, 5, dtype=torch.bool)
    silent[1, :2] = True
    model = LateFusion(facial, ecg)
    fused = model(torch.randn(2, 3, 512), unseen, torch.randn(2, 5, 3), torch.rand(2, 5), silent)
    assert torch.equal(fused[0], torch.zeros(4))
    fused[1].sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in ecg.parameters() if p.grad is not None)
    assert set(model.state_dict()) == {
        *(f"facial.{n}" for n in facial.state_dict()),
        *(f"ecg.{n}" for n in ecg.state_dict()),
    }


def test_settings_outside_their_limits_are_refused(facial: FacialModel, ecg: ECGModel) -> None:
    with pytest.raises(SettingsError, match="expected a multiple"):
        EcgSettings(width=30)
    with pytest.raises(SettingsError, match="dropout"):
        FacialSettings(dropout=1.0)
    settings = ModelSettings(facial=SMALL, face_weight=0.5)
    assert from_dict(ModelSettings, to_dict(settings)) == settings


def test_a_network_with_random_weights_is_trained_and_one_with_weights_only_on_request() -> None:
    assert not FacialSettings(weights="none").frozen
    assert FacialSettings().frozen
    assert not FacialSettings(fine_tune=True).frozen


def test_training_suits_the_networks() -> None:
    models = ModelSettings(facial_training=TrainingSettings(epochs=7))
    suited = suit_training(models)
    assert (suited.facial_training, suited.ecg_training.epochs) == (models.facial_training, 14)
    assert suit_training(ModelSettings()) == ModelSettings()
    trained = suit_training(replace(models, facial=FacialSettings(fine_tune=True))).facial_training
    assert (trained.epochs, trained.batch_size) == (7, 4)
    assert trained.learning_rate < models.facial_training.learning_rate
