"""The training loop: seeds, early stopping, resuming."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from points import SETTINGS, Net, Points
from safetensors.torch import save_file
from torch import Tensor, nn

from ecg_facial.errors import CorruptDataError, SettingsError, StaleCacheError
from ecg_facial.learning.settings import TrainingSettings
from ecg_facial.learning.training import EpochRecord, fit, predict_logits


def weights(model: nn.Module) -> list[Tensor]:
    return list(model.state_dict().values())


def assert_equal(first: nn.Module, second: nn.Module) -> None:
    assert all(torch.equal(a, b) for a, b in zip(weights(first), weights(second), strict=True))


def test_training_learns_and_the_same_seed_gives_the_same_model() -> None:
    train, validation = Points(200, seed=0), Points(100, seed=1)
    first, second, other = Net(), Net(), Net()
    result = fit(first, train, validation, settings=SETTINGS, seed=5)
    torch.manual_seed(99)  # the caller's generator has no say
    fit(second, train, validation, settings=SETTINGS, seed=5)
    fit(other, train, validation, settings=SETTINGS, seed=6)
    assert_equal(first, second)
    assert any(not torch.equal(a, b) for a, b in zip(weights(first), weights(other), strict=True))
    accuracy = (predict_logits(first, validation).argmax(axis=1) == validation.labels).mean()
    assert accuracy > 0.75
    assert result.history[-1].train_loss < result.history[0].train_loss


def test_training_leaves_the_callers_generator_alone() -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    net = Net.__new__(Net)
    nn.Module.__init__(net)
    net.layers = nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 3))
    torch.manual_seed(1)
    fit(net, Points(20, seed=0), settings=TrainingSettings(epochs=1), seed=0)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("stop_after", [1, 3, 7])
def test_an_interrupted_and_resumed_run_equals_a_whole_one_bit_for_bit(tmp_path: Path, stop_after: int) -> None:
    train, validation = Points(90, seed=0), Points(40, seed=1)
    whole, part = Net(), Net()
    expected = fit(whole, train, validation, settings=SETTINGS, seed=5)

    def stop(record: EpochRecord) -> None:
        if record.epoch == stop_after:
            raise KeyboardInterrupt

    path = tmp_path / "checkpoint.safetensors"
    with pytest.raises(KeyboardInterrupt):
        fit(part, train, validation, settings=SETTINGS, seed=5, checkpoint=path, on_epoch=stop)
    torch.manual_seed(1234)
    resumed = Net()
    found = fit(resumed, train, validation, settings=SETTINGS, seed=5, checkpoint=path)
    assert found == expected
    assert_equal(resumed, whole)


def test_a_checkpoint_that_could_not_be_written_whole_leaves_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, path, n_saved = Points(60, seed=0), tmp_path / "c.safetensors", 0
    whole, resumed = Net(), Net()
    expected = fit(whole, train, settings=SETTINGS, seed=0)

    def save_some(tensors: dict[str, Tensor], file: Path, *, metadata: dict[str, str]) -> None:
        nonlocal n_saved
        n_saved += 1
        save_file(tensors, file, metadata=metadata)
        if n_saved == 4:
            file.write_bytes(file.read_bytes()[:500])
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("ecg_facial.learning.training.save_file", save_some)
        with pytest.raises(OSError, match="No space"):
            fit(Net(), train, settings=SETTINGS, seed=0, checkpoint=path)
    assert n_saved == 4
    epochs: list[EpochRecord] = []
    assert fit(resumed, train, settings=SETTINGS, seed=0, checkpoint=path, on_epoch=epochs.append) == expected
    assert_equal(resumed, whole)
    assert len(epochs) == SETTINGS.epochs - 3


def test_a_finished_run_is_loaded_and_not_run_again(tmp_path: Path) -> None:
    train, validation, path = Points(60, seed=0), Points(40, seed=1), tmp_path / "c.safetensors"
    first, second = Net(), Net()
    fit(first, train, validation, settings=SETTINGS, seed=0, checkpoint=path)
    epochs: list[EpochRecord] = []
    fit(second, train, validation, settings=SETTINGS, seed=0, checkpoint=path, on_epoch=epochs.append)
    assert epochs == []
    assert_equal(first, second)


def test_a_checkpoint_of_another_training_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    fit(Net(), Points(20, seed=0), settings=SETTINGS, seed=0, checkpoint=path)
    with pytest.raises(StaleCacheError, match="delete it"):
        fit(Net(), Points(20, seed=0), settings=SETTINGS, seed=1, checkpoint=path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(CorruptDataError, match="start over"):
        fit(Net(), Points(20, seed=0), settings=SETTINGS, seed=0, checkpoint=path)


def test_the_best_epoch_is_chosen_on_validation_and_training_stops_after_patience() -> None:
    settings = TrainingSettings(epochs=50, batch_size=16, patience=3, learning_rate=1e-2)
    model = Net()
    result = fit(model, Points(200, seed=0), Points(100, seed=1, flip=True), settings=settings, seed=0)
    losses = [record.validation_loss for record in result.history]
    assert result.best_epoch == int(np.argmin(losses)) + 1
    assert len(result.history) == result.best_epoch + settings.patience
    validation = Points(100, seed=1, flip=True)
    loss = nn.functional.cross_entropy(
        torch.from_numpy(predict_logits(model, validation)), torch.tensor(validation.labels)
    )
    assert loss < losses[-1]


def test_without_validation_all_epochs_run_and_the_last_is_kept() -> None:
    result = fit(Net(), Points(40, seed=0), settings=SETTINGS, seed=0)
    assert result.best_epoch == SETTINGS.epochs == len(result.history)


def test_a_training_that_is_told_its_last_epoch_goes_through_the_same_epochs() -> None:
    whole, short = [], []
    for history, last in ((whole, None), (short, 2)):
        result = fit(Net(), Points(40, seed=0), settings=SETTINGS, seed=0, last_epoch=last, on_epoch=history.append)
    assert (result.best_epoch, len(short)) == (2, 2)
    assert [each.train_loss for each in short] == [each.train_loss for each in whole[:2]]


def test_class_weights_lift_rare_classes() -> None:
    train, test = Points(300, seed=0, rare=True), Points(300, seed=2)
    recalls = []
    for class_weights in (True, False):
        settings = TrainingSettings(
            epochs=12, batch_size=32, patience=12, learning_rate=5e-3, class_weights=class_weights
        )
        model = Net()
        fit(model, train, settings=settings, seed=0)
        guessed = predict_logits(model, test).argmax(axis=1)
        recalls.append(np.mean([(guessed[np.array(test.labels) == k] == k).mean() for k in (1, 2)]))
    assert recalls[0] > recalls[1] + 0.1


def test_a_custom_loss_is_used() -> None:
    model = nn.Linear(4, 1)
    model.forward = lambda x: nn.functional.linear(x, model.weight, model.bias)  # type: ignore[method-assign]  # on purpose
    result = fit(
        model,
        Points(100, seed=0),
        settings=TrainingSettings(epochs=30, learning_rate=0.05),
        seed=0,
        loss=lambda outputs, targets: ((outputs[:, 0] - targets) ** 2).mean(),
    )
    assert result.history[-1].train_loss < 0.25  # 0.67 untrained, 0.18 at best


def test_wrong_settings_and_empty_data_are_refused() -> None:
    with pytest.raises(SettingsError, match="0 training trials"):
        fit(Net(), Points(0, seed=0), settings=SETTINGS, seed=0)
    for wrong in ({"epochs": 0}, {"learning_rate": 0.0}, {"precision": "fp8"}, {"patience": 0}):
        with pytest.raises(SettingsError):
            TrainingSettings(**wrong)
    with pytest.raises(SettingsError, match="unknown device"):
        fit(Net(), Points(4, seed=0), settings=TrainingSettings(device="gpux"), seed=0)
