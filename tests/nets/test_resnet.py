"""ResNet18 and its weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from ecg_facial.errors import CorruptDataError, MissingDataError, SettingsError
from ecg_facial.nets import weights as weights_module
from ecg_facial.nets.resnet import ResNet18
from ecg_facial.nets.weights import fetch, load_resnet18
from ecg_facial.runtime.storage import sha256_file


@pytest.fixture(scope="module")
def network() -> ResNet18:
    torch.manual_seed(0)
    network = ResNet18(10)
    for name, buffer in network.named_buffers():
        if name.endswith(("running_mean", "running_var")):
            buffer.copy_(torch.rand_like(buffer) + 0.5)
    return network.eval()


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
def test_logits_equal_a_reference_implementation_with_copied_weights(network: ResNet18) -> None:
    monai = pytest.importorskip("monai.networks.nets")
    reference = monai.resnet18(
        spatial_dims=2,
        n_input_channels=3,
        num_classes=10,
        conv1_t_size=7,
        conv1_t_stride=2,
        shortcut_type="B",
        bias_downsample=False,
    )
    # the same names but for the first layer of a shortcut, which both call downsample.0
    reference.load_state_dict(network.state_dict())
    images = torch.randn(3, 3, 112, 112)
    with torch.no_grad():
        torch.testing.assert_close(network(images), reference.eval()(images), rtol=1e-5, atol=1e-5)


def test_parameter_names_and_counts_are_torchvisions() -> None:
    network = ResNet18()
    state = network.state_dict()
    assert sum(value.numel() for value in network.parameters()) == 11_689_512
    assert len(state) == 122
    for name, shape in {
        "conv1.weight": (64, 3, 7, 7),
        "layer1.0.bn1.running_mean": (64,),
        "layer2.0.downsample.0.weight": (128, 64, 1, 1),
        "layer2.0.downsample.1.num_batches_tracked": (),
        "layer4.1.conv2.weight": (512, 512, 3, 3),
        "fc.weight": (1000, 512),
    }.items():
        assert tuple(state[name].shape) == shape


def test_a_pth_file_in_torchvisions_format_loads_after_its_sha256(network: ResNet18, tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    torch.save(network.state_dict(), path)
    loaded = load_resnet18(str(path), sha256=sha256_file(path)).eval()
    images = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(loaded(images), network(images))
    named = tmp_path / f"resnet18-{sha256_file(path)[:8]}.pth"
    named.write_bytes(path.read_bytes())
    assert load_resnet18(str(named), n_outputs=4).fc.weight.shape == (4, 512)


def test_a_pth_file_without_a_sha256_or_with_another_is_not_opened(network: ResNet18, tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    torch.save(network.state_dict(), path)
    with pytest.raises(SettingsError, match="only after its SHA-256"):
        load_resnet18(str(path))
    with pytest.raises(CorruptDataError, match="SHA-256 is"):
        load_resnet18(str(path), sha256="0" * 64)


def test_a_pickle_that_runs_code_is_refused(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    path = tmp_path / "evil.pth"

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path(marker).touch, ())

    torch.save({"conv1.weight": Evil()}, path)
    with pytest.raises(CorruptDataError):
        load_resnet18(str(path), sha256=sha256_file(path))
    assert not marker.exists()


def test_half_precision_safetensors_load_as_full_precision(network: ResNet18, tmp_path: Path) -> None:
    path = tmp_path / "half.safetensors"
    state = {name: value for name, value in network.state_dict().items() if not name.startswith("fc.")}
    save_file({name: value.half() if value.ndim == 4 else value for name, value in state.items()}, path)
    loaded = load_resnet18(str(path), n_outputs=4)
    assert loaded.conv1.weight.dtype == torch.float32
    assert loaded.fc.weight.shape == (4, 512)
    torch.testing.assert_close(loaded.conv1.weight, network.conv1.weight, rtol=1e-3, atol=1e-4)


def test_another_networks_weights_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file({"conv1.weight": torch.zeros(64, 3, 3, 3)}, path)
    with pytest.raises(CorruptDataError, match="not a ResNet18"):
        load_resnet18(str(path))
    path.write_bytes(b"not safetensors")
    with pytest.raises(CorruptDataError, match="not a safetensors file"):
        load_resnet18(str(path))
    with pytest.raises(MissingDataError, match="no such file"):
        load_resnet18(str(tmp_path / "none.pth"))


def test_weights_are_fetched_once_checked_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECG_FACIAL_CACHE", str(tmp_path / "cache"))
    source = tmp_path / "served.bin"
    source.write_bytes(b"content")
    sha256 = sha256_file(source)
    kept = fetch(source.as_uri(), sha256=sha256)
    source.unlink()
    assert fetch(source.as_uri(), sha256=sha256) == kept
    kept.write_bytes(b"altered")
    with pytest.raises(MissingDataError, match="give the file's path"):
        fetch(source.as_uri(), sha256=sha256)
    source.write_bytes(b"other content")
    with pytest.raises(CorruptDataError, match="SHA-256 is"):
        fetch(source.as_uri(), sha256=sha256)


def test_imagenet_weights_offline_are_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECG_FACIAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(weights_module, "IMAGENET_URL", (tmp_path / "resnet18-f37072fd.pth").as_uri())
    with pytest.raises(MissingDataError, match=r"cannot fetch .*resnet18-f37072fd\.pth") as caught:
        load_resnet18("imagenet")
    assert "\n" not in str(caught.value)


def test_rendered_weights_ship_with_the_package_and_see_expressions() -> None:
    network = load_resnet18("rendered", n_outputs=1).eval()
    assert all(torch.isfinite(value).all() for value in network.state_dict().values())
    with torch.no_grad():
        features = network.features(torch.randn(2, 3, 112, 112))
    assert features.shape == (2, 512)
    assert not torch.equal(features[0], features[1])
