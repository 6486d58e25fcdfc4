"""Every engine keeps the contract of `Networks`, and so does a small one that is made up here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load

from ecg_facial.ecg.token_features import N_TOKEN_FEATURES
from ecg_facial.ecg_model import ECGModel
from ecg_facial.errors import BundleError, SettingsError
from ecg_facial.face.pixels import normalise_crops
from ecg_facial.facial_model import FacialModel
from ecg_facial.inference.backends.contract import NETWORK_FILES, Networks, get_network_files
from ecg_facial.inference.backends.loading import ENGINES, load_networks
from ecg_facial.inference.bundle import Bundle, load_bundle
from ecg_facial.nets.settings import EcgSettings, FacialSettings
from ecg_facial.runtime.typing import Float32Array, UInt8Array


class MeanNetworks:
    """A fake engine: means of what it is given, one class per row of a fixed matrix."""

    def __init__(self, bundle: Bundle) -> None:
        self.n_classes = len(bundle.info.class_names)

    def face_features(self, crops: UInt8Array, /) -> Float32Array:
        return (crops.mean(axis=(1, 2)) / 255).astype(np.float32)

    def facial_logits(self, features: Float32Array, /) -> Float32Array:
        return self._spread(features.mean(dtype=np.float64))

    def ecg_logits(self, tokens: Float32Array, times_s: Float32Array, /) -> Float32Array:
        return self._spread(tokens.mean(dtype=np.float64) + times_s.mean(dtype=np.float64))

    def _spread(self, mean: float) -> Float32Array:
        return (mean * np.arange(1, self.n_classes + 1)).astype(np.float32)


OPENERS: dict[str, Callable[[Bundle], Networks]] = {
    "fake": MeanNetworks,
    **{engine: lambda bundle, engine=engine: load_networks(bundle, engine=engine, threads=1) for engine in ENGINES},
}


@pytest.fixture(scope="module")
def bundle(small_bundle: Path) -> Bundle:
    return load_bundle(small_bundle)


@pytest.fixture(scope="module", params=OPENERS)
def networks(request: pytest.FixtureRequest, bundle: Bundle) -> Networks:
    return OPENERS[request.param](bundle)


def make_crops(bundle: Bundle, n_frames: int) -> UInt8Array:
    side = bundle.info.windows.crop_px
    return np.random.default_rng(n_frames).integers(0, 256, (n_frames, side, side, 3)).astype(np.uint8)


def see(networks: Networks, crops: UInt8Array) -> Float32Array:
    return networks.facial_logits(networks.face_features(crops))


def make_tokens(n_tokens: int) -> tuple[Float32Array, Float32Array]:
    tokens = np.random.default_rng(n_tokens).normal(size=(n_tokens, N_TOKEN_FEATURES)).astype(np.float32)
    return tokens, np.arange(1, n_tokens + 1, dtype=np.float32)


# 33 frames are more than two batches of the ONNX engine
@pytest.mark.parametrize("n", [1, 2, 33])
def test_logits_are_finite_float32_one_per_class_for_any_length(bundle: Bundle, networks: Networks, n: int) -> None:
    for logits in (see(networks, make_crops(bundle, n)), networks.ecg_logits(*make_tokens(n))):
        assert logits.shape == (len(bundle.info.class_names),)
        assert logits.dtype == np.float32
        assert np.isfinite(logits).all()


def test_logits_depend_on_the_arguments_and_on_nothing_before(bundle: Bundle, networks: Networks) -> None:
    crops, tokens = make_crops(bundle, 3), make_tokens(4)
    first = see(networks, crops), networks.ecg_logits(*tokens)
    see(networks, 255 - crops)
    networks.ecg_logits(-tokens[0], tokens[1])
    again = see(networks, crops), networks.ecg_logits(*tokens)
    for before, after in zip(first, again, strict=True):
        np.testing.assert_array_equal(before, after)
    assert not np.array_equal(first[0], see(networks, 255 - crops))
    assert not np.array_equal(first[1], networks.ecg_logits(-tokens[0], tokens[1]))


def test_arguments_are_left_as_they_are(bundle: Bundle, networks: Networks) -> None:
    given = (make_crops(bundle, 2), *make_tokens(3))
    kept = [values.copy() for values in given]
    for values in given:
        values.flags.writeable = False  # rows of prepared data are read-only too
    see(networks, given[0])
    networks.ecg_logits(*given[1:])
    for values, before in zip(given, kept, strict=True):
        np.testing.assert_array_equal(values, before)


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_gives_the_logits_of_torch(bundle: Bundle, engine: str) -> None:
    n_classes = len(bundle.info.class_names)
    facial = FacialModel(FacialSettings(weights="none", hidden=8, n_layers=1), n_classes=n_classes).eval()
    ecg = ECGModel(EcgSettings(width=16, n_heads=2, n_layers=1, feedforward=16), n_classes=n_classes).eval()
    facial.load_state_dict(load(bundle.files["facial.safetensors"]))
    ecg.load_state_dict(load(bundle.files["ecg.safetensors"]))
    crops, (tokens, times_s) = make_crops(bundle, 20), make_tokens(7)
    with torch.no_grad():
        face = facial(torch.from_numpy(normalise_crops(crops))[None], torch.ones(1, 20, dtype=torch.bool))[0]
        heart = ecg(torch.from_numpy(tokens)[None], torch.from_numpy(times_s)[None])[0]
    networks = load_networks(bundle, engine=engine, threads=1)
    np.testing.assert_allclose(see(networks, crops), face, atol=1e-5)
    np.testing.assert_allclose(networks.ecg_logits(tokens, times_s), heart, atol=1e-5)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", [name for names in NETWORK_FILES.values() for name in names])
def test_an_engine_refuses_a_network_that_is_missing_or_nonsense(bundle: Bundle, engine: str, name: str) -> None:
    without = {key: content for key, content in bundle.files.items() if key != name}
    with pytest.raises(BundleError, match=f"has no {name}"):
        load_networks(replace(bundle, files=without), engine=engine)
    with pytest.raises(BundleError, match=f"{name} of the bundle cannot be opened"):
        load_networks(replace(bundle, files={**bundle.files, name: b"no network"}), engine=engine)


@pytest.mark.parametrize(("model", "foreign"), [("facial", "ecg"), ("ecg", "facial")])
def test_network_files_are_those_of_the_models_that_the_bundle_names(bundle: Bundle, model: str, foreign: str) -> None:
    info = replace(bundle.info, models=(model,))
    own = {name: bundle.files[name] for name in NETWORK_FILES[model]}
    assert get_network_files(replace(bundle, info=info, files={**own, "card.md": b""})) == own
    with pytest.raises(BundleError, match=f"but no {foreign} model"):
        get_network_files(replace(bundle, info=info))


def test_an_unknown_engine_is_refused_with_those_that_there_are(bundle: Bundle) -> None:
    with pytest.raises(SettingsError, match="unknown engine 'tensorrt': expected onnx"):
        load_networks(bundle, engine="tensorrt")
