"""Pretraining on rendered heads: crops, augmentation, reading action units."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save

from ecg_facial.face.pixels import normalise_crops
from ecg_facial.learning.pretraining.augment import augment_crop
from ecg_facial.learning.pretraining.crops import (
    TARGET_AUS,
    LabelledCrops,
    render_crops,
    render_identity,
    sample_action_units,
)
from ecg_facial.learning.pretraining.regression import (
    CropDataset,
    Stage,
    explain_variance,
    fit_last_layer,
    split_identities,
    to_half,
    train_reader,
)
from ecg_facial.learning.training import predict_logits
from ecg_facial.nets.features import load_encoder
from ecg_facial.nets.resnet import ResNet18
from ecg_facial.nets.weights import load_action_units, load_resnet18, weights_path
from ecg_facial.runtime.executors.local import ProcessesExecutor
from ecg_facial.simulate.head.expressions import AU_NAMES
from ecg_facial.simulate.head.identity import sample_identity
from ecg_facial.simulate.people.population import sample_subject
from ecg_facial.simulate.seeds import make_rng
from ecg_facial.simulate.settings.cohort_settings import CohortSettings

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def crops() -> LabelledCrops:
    return render_identity(7, per_identity=6, seed=0, crop_px=64)


@dataclass(frozen=True, kw_only=True)
class Strangers:
    """People whom the shipped network has not seen: crops, and its features of them, one array per person."""

    parts: list[LabelledCrops]
    features: list[np.ndarray]


@pytest.fixture(scope="module")
def strangers() -> Strangers:
    parts = [render_identity(number, per_identity=12, seed=99, crop_px=112) for number in range(12)]
    encoder = load_encoder("rendered")
    return Strangers(parts=parts, features=[encoder(part.crops) for part in parts])


def test_rendered_crops_are_the_same_by_seed_and_whatever_the_workers(crops: LabelledCrops) -> None:
    again = render_identity(7, per_identity=6, seed=0, crop_px=64)
    other = render_identity(7, per_identity=6, seed=1, crop_px=64)
    assert np.array_equal(crops.crops, again.crops)
    assert np.array_equal(crops.action_units, again.action_units)
    assert not np.array_equal(crops.crops[: len(other.crops)], other.crops[: len(crops.crops)])
    alone = render_crops(2, per_identity=2, crop_px=32)
    shared = render_crops(2, per_identity=2, crop_px=32, executor=ProcessesExecutor(2))
    assert np.array_equal(alone.crops, shared.crops)
    assert alone.identities.tolist() == shared.identities.tolist()


def test_no_pretraining_identity_is_in_a_cohort() -> None:
    subjects = [sample_subject(CohortSettings(n_subjects=12), index) for index in range(12)]
    in_cohort = {
        repr(sample_identity(make_rng(0, "cohort", index, "identity"), sex=subject.sex, age_years=subject.age_years))
        for index, subject in enumerate(subjects)
    }
    rendered = {repr(sample_identity(make_rng(0, "pretraining", number))) for number in range(12)}
    assert len(in_cohort) == len(rendered) == 12
    assert not in_cohort & rendered


def test_expressions_cover_all_units_and_stay_within_limits() -> None:
    rng = np.random.default_rng(0)
    drawn = [sample_action_units(rng) for _ in range(400)]
    for name in TARGET_AUS:
        values = np.array([units[name] for units in drawn])
        assert values.min() >= 0
        assert values.max() <= 1
        assert 0.1 < (values > 0.2).mean() < 0.7


def test_no_unit_tells_anything_about_another() -> None:
    rng = np.random.default_rng(1)
    drawn = [sample_action_units(rng) for _ in range(4000)]
    units = np.array([[each[name] for name in TARGET_AUS] for each in drawn])
    among_each_other = np.corrcoef(units.T) - np.eye(len(TARGET_AUS))
    # the standard error of a correlation of 4,000 faces is 0.016
    assert np.abs(among_each_other).max() < 0.07
    others = [set(each) - set(TARGET_AUS) for each in drawn]
    assert 0.2 < np.mean([len(other) == 1 for other in others]) < 0.4
    assert max(map(len, others)) == 1
    assert set().union(*others) <= set(AU_NAMES)


def test_augmentation_changes_pixels_but_not_the_shape(crops: LabelledCrops) -> None:
    rng = np.random.default_rng(0)
    variants = [augment_crop(crops.crops[0], rng) for _ in range(20)]
    assert {variant.shape for variant in variants} == {(64, 64, 3)}
    assert {variant.dtype for variant in variants} == {np.dtype(np.uint8)}
    assert all(not np.array_equal(variant, crops.crops[0]) for variant in variants)
    assert np.array_equal(
        augment_crop(crops.crops[0], np.random.default_rng(3)), augment_crop(crops.crops[0], np.random.default_rng(3))
    )


def test_identities_are_either_trained_on_or_held_out() -> None:
    data = LabelledCrops(
        crops=np.zeros((40, 8, 8, 3), np.uint8),
        action_units=np.zeros((40, len(TARGET_AUS)), np.float32),
        identities=np.repeat(np.arange(10), 4),
    )
    train, held_out = split_identities(data, held_out=0.2)
    assert set(train.identities) & set(held_out.identities) == set()
    assert sorted(set(held_out.identities)) == [8, 9]
    assert len(train.crops) + len(held_out.crops) == 40


def test_a_reader_learns_what_can_be_seen() -> None:
    rng = np.random.default_rng(0)
    units = rng.random((120, len(TARGET_AUS))).astype(np.float32)
    pictures = np.repeat(np.repeat((255 * units[:, None, :1]).astype(np.uint8), 16, axis=1), 16, axis=2)
    data = LabelledCrops(
        crops=np.repeat(pictures[..., None], 3, axis=3), action_units=units, identities=np.repeat(np.arange(12), 10)
    )
    network, explained = train_reader(
        data, seed=0, stages=(Stage(side_px=16, epochs=6, learning_rate=2e-3),), batch_size=12
    )
    assert explained["AU04"] > 0.5
    assert explained["AU43"] < 0.2
    assert explained == explain_variance(network, split_identities(data)[1], side_px=16)


def test_half_precision_weights_load_and_give_nearly_equal_features(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = ResNet18(8).eval().to(memory_format=torch.channels_last)
    path = tmp_path / "half.safetensors"
    path.write_bytes(save(to_half(network)))
    loaded = load_resnet18(str(path)).eval()
    images = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(loaded.features(images), network.features(images), rtol=2e-2, atol=2e-2)


def test_shipped_weights_read_action_units_of_people_they_have_not_seen(strangers: Strangers) -> None:
    """Features of the shipped network explain action units better than pixels do, by the same ridge regression."""
    from sklearn.linear_model import Ridge

    parts, features = strangers.parts, strangers.features
    pixels = [part.crops[:, ::8, ::8].reshape(len(part.crops), -1) / 255 for part in parts]
    units = [part.action_units[:, [0, 3, 4, 7]] for part in parts]

    def explained(values: list[np.ndarray]) -> float:
        model = Ridge(10.0).fit(np.concatenate(values[:8]), np.concatenate(units[:8]))
        return float(model.score(np.concatenate(values[8:]), np.concatenate(units[8:])))

    assert explained(features) > 0.5
    assert explained(features) > explained(pixels) + 0.2


def test_the_shipped_last_layer_reads_action_units_of_people_it_has_not_seen(strangers: Strangers) -> None:
    units = load_action_units()
    assert units.names == TARGET_AUS
    read = np.concatenate([units.read(features) for features in strangers.features])
    true = np.concatenate([part.action_units for part in strangers.parts])
    for name in ("AU04", "AU09", "AU12", "AU43"):
        place = TARGET_AUS.index(name)
        assert np.corrcoef(read[:, place], true[:, place])[0, 1] > 0.6, name
    network = load_resnet18("rendered").eval()
    with torch.no_grad():
        own = network(torch.from_numpy(normalise_crops(strangers.parts[0].crops)))
    np.testing.assert_allclose(units.read(strangers.features[0]), own, atol=1e-3)


def test_a_last_layer_of_its_own_is_fitted_and_the_network_beneath_stays() -> None:
    crops = render_crops(3, per_identity=8, crop_px=64)
    network, explained = fit_last_layer(crops)
    assert set(explained) == set(TARGET_AUS)
    shipped = load_resnet18("rendered", n_outputs=len(TARGET_AUS))
    assert torch.equal(network.layer4[1].conv2.weight, shipped.layer4[1].conv2.weight)
    train, _ = split_identities(crops)
    read = predict_logits(network, CropDataset(train, side_px=crops.crops.shape[1], augment=False))
    assert ((read - train.action_units) ** 2).mean() < 0.5 * train.action_units.var(axis=0).mean()


def test_shipped_weights_say_how_they_were_made() -> None:
    with safe_open(weights_path("rendered"), framework="pt") as stored:
        card = json.loads(stored.metadata()["card"])
    assert card["simulated"] is True
    # the command as it was called when these weights were made
    assert card["command"].startswith("python -m ecg_facial.learning.pretraining OUT")
    assert card["action_units"] == list(TARGET_AUS)
    assert set(card["explained_variance_held_out"]) == set(TARGET_AUS)
    # the network beneath the last layer has a command of its own, as it was called when it was trained
    assert card["backbone"]["command"].startswith("python -m ecg_facial.pretraining OUT")


def test_crops_become_batches_with_channels_first(crops: LabelledCrops) -> None:
    data = CropDataset(crops, side_px=32, augment=False)
    inputs, targets = data.collate([data[0], data[1]])
    assert inputs["images"].shape == (2, 3, 32, 32)
    np.testing.assert_array_equal(targets.numpy(), crops.action_units[:2])
