"""Weights for ResNet18: none, our own from rendered heads, ImageNet's by URL and SHA-256, or a file.

Input: a name or a path. Output: a network with those weights. A ``.pth`` file is a pickle: it is read only when its
SHA-256 is the expected one, and then without unpickling objects.
"""

from __future__ import annotations

import json
import os
import re
import urllib.error
import urllib.request
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load as load_safetensors
from torch import Tensor

from ecg_facial.errors import CorruptDataError, MissingDataError, SettingsError
from ecg_facial.inference.action_units import ActionUnits
from ecg_facial.nets.resnet import N_FEATURES, ResNet18
from ecg_facial.runtime.paths import explain_absence, find_path
from ecg_facial.runtime.storage import atomic_path, sha256_bytes, sha256_file

IMAGENET_URL = "https://download.pytorch.org/models/resnet18-f37072fd.pth"
IMAGENET_SHA256 = "f37072fd47e89c5e827621c5baffa7500819f7896bbacec160b1a16c560e07ec"
RENDERED_FILE = "resnet18_rendered.safetensors"
_TIMEOUT_S = 30
_HASH_IN_NAME = re.compile(r"-([0-9a-f]{8,64})\.pth$")


def load_resnet18(weights: str | None, *, n_outputs: int | None = None, sha256: str | None = None) -> ResNet18:
    """Make a ResNet18 and load weights into it.

    Parameters
    ----------
    weights : str or None
        ``"none"`` or None (random, by torch's generator), ``"rendered"`` (ours, trained on rendered heads),
        ``"imagenet"`` (fetched once), or the path of a ``.safetensors`` or torchvision ``.pth`` file.
    n_outputs : int, optional
        Outputs of the last layer, new where the file's differ. Without it the file's last layer is kept.
    sha256 : str, optional
        Expected SHA-256 of a file. A ``.pth`` needs it, unless its name carries one as torchvision's names do.

    Raises
    ------
    MissingDataError, CorruptDataError, SettingsError
        Where the file does not exist, cannot be fetched, or holds the weights of another network.
    """
    if weights is None or weights == "none":
        return ResNet18(n_outputs or 1000)
    state = _read_state(weights_path(weights), sha256=IMAGENET_SHA256 if weights == "imagenet" else sha256)
    stored = state.get("fc.weight")
    network = ResNet18(n_outputs or (len(stored) if stored is not None else 1))
    if stored is None or stored.shape != network.fc.weight.shape:
        state["fc.weight"], state["fc.bias"] = network.fc.weight.detach(), network.fc.bias.detach()
    _check_names(state, network, weights)
    network.load_state_dict(state)
    return network


def weights_path(weights: str) -> Path:
    """File of the named weights; ImageNet's is fetched on first use.

    Raises
    ------
    MissingDataError
        Where it is not there, or cannot be fetched.
    """
    if weights == "rendered":
        path = Path(str(resources.files("ecg_facial") / "assets" / RENDERED_FILE))
        if not path.is_file():
            raise MissingDataError(
                f"{path}: not there; make it with: python -m ecg_facial.learning.pretraining {path.name}"
            )
        return path
    if weights == "imagenet":
        return fetch(IMAGENET_URL, sha256=IMAGENET_SHA256)
    path = find_path(weights).path
    if not path.is_file():
        raise MissingDataError(
            f"weights {weights!r}: no such file{explain_absence(path)}; expected none, rendered, imagenet, or a "
            "file's path"
        )
    return path


def read_card() -> dict[str, Any]:
    """Card of the shipped weights: what they were trained on, by which command, and how well they read."""
    with safe_open(weights_path("rendered"), framework="np") as stored:
        card: dict[str, Any] = json.loads(stored.metadata()["card"])
    return card


@cache
def load_action_units() -> ActionUnits:
    """Load the last layer of the shipped network, which reads action units off its features.

    Raises
    ------
    MissingDataError, CorruptDataError
        Where the weights are not there, or have no such layer.
    """
    path = weights_path("rendered")
    try:
        names = read_card()["action_units"]
        with safe_open(path, framework="np") as stored:
            weights, biases = (stored.get_tensor(f"fc.{part}") for part in ("weight", "bias"))
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise CorruptDataError(f"{path}: has no layer that reads action units ({error}); install it again") from None
    return ActionUnits(names=tuple(names), weights=weights, biases=biases)


def identify_weights(weights: str) -> str:
    """SHA-256 of the file behind named weights, for cache keys; ``"none"`` for none."""
    if weights == "none":
        return "none"
    return IMAGENET_SHA256 if weights == "imagenet" else sha256_file(weights_path(weights))


def cache_folder() -> Path:
    """Folder for fetched files: ``$ECG_FACIAL_CACHE``, else ``ecg_facial`` in the user's cache."""
    given = os.environ.get("ECG_FACIAL_CACHE")
    return Path(given) if given else Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "ecg_facial"


def fetch(url: str, *, sha256: str) -> Path:
    """Fetch a file once and keep it; the kept file is checked on every use.

    Raises
    ------
    MissingDataError
        Without a connection.
    CorruptDataError
        When the content is not the expected one.
    """
    path = cache_folder() / url.rsplit("/", 1)[-1]
    if path.is_file() and sha256_file(path) == sha256:
        return path
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as reply:
            content = reply.read()
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise MissingDataError(
            f"cannot fetch {url} ({error}); fetch it on a machine that can, and give the file's path as the weights"
        ) from None
    found = sha256_bytes(content)
    if found != sha256:
        raise CorruptDataError(f"{url}: SHA-256 is {found}, expected {sha256}; try again, or give a file's path")
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)
    return path


def _read_state(path: Path, *, sha256: str | None) -> dict[str, Tensor]:
    content = path.read_bytes()
    if path.suffix == ".safetensors":
        _check_hash(path, content, sha256)
        try:
            return {name: _to_full(value) for name, value in load_safetensors(content).items()}
        except SafetensorError as error:
            raise CorruptDataError(f"{path}: not a safetensors file ({error}); copy it again") from None
    named = _HASH_IN_NAME.search(path.name)
    expected = sha256 or (named.group(1) if named else None)
    if expected is None:
        raise SettingsError(
            f"{path}: a {path.suffix or 'nameless'} file is read only after its SHA-256; give it, or use safetensors"
        )
    _check_hash(path, content, expected)
    return _load_pth(path)


def _load_pth(path: Path) -> dict[str, Tensor]:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds here, pickle's own among them
        raise CorruptDataError(f"{path}: not a file of weights ({error.__class__.__name__}); copy it again") from None
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise CorruptDataError(f"{path}: not a table of named tensors; expected torchvision's format")
    return {str(name): _to_full(value) for name, value in state.items()}


def _check_hash(path: Path, content: bytes, expected: str | None) -> None:
    found = sha256_bytes(content)
    if expected is not None and not found.startswith(expected.lower()):
        raise CorruptDataError(
            f"{path}: SHA-256 is {found}, expected {expected}; copy it again, or mend the expectation"
        )


def _to_full(value: Tensor) -> Tensor:
    return value.float() if value.is_floating_point() else value


def _check_names(state: dict[str, Tensor], network: ResNet18, weights: str) -> None:
    own = network.state_dict()
    for name, value in own.items():
        if name.endswith("num_batches_tracked"):
            state.setdefault(name, value)
    wrong = sorted(set(own) ^ set(state)) or [name for name in own if own[name].shape != state[name].shape]
    if wrong:
        raise CorruptDataError(
            f"weights {weights!r} are not a ResNet18's with {N_FEATURES} features: "
            f"{len(wrong)} names or shapes differ, first {wrong[0]!r}; expected torchvision's names"
        )
