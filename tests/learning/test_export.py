"""ONNX files of a bundle: what they must not hold."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import ecg_facial

EXPORT = """
import sys
from pathlib import Path
import torch
from ecg_facial.ecg_model import ECGModel
from ecg_facial.facial_model import FacialModel
from ecg_facial.learning.export import export_models
from ecg_facial.nets.settings import EcgSettings, FacialSettings
torch.manual_seed(0)
facial = FacialModel(FacialSettings(weights="none", hidden=4, n_layers=1), n_classes=2)
ecg = ECGModel(EcgSettings(width=8, n_heads=2, n_layers=1, feedforward=8), n_classes=2)
for name, content in export_models(facial, ecg, crop_px=32).items():
    (Path(sys.argv[1]) / name).write_bytes(content)
"""


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Files of the same networks, exported by the package and by a copy of it elsewhere."""
    source, copy = Path(ecg_facial.__file__).parents[1], tmp_path_factory.mktemp("elsewhere")
    shutil.copytree(source / "ecg_facial", copy / "ecg_facial", ignore=shutil.ignore_patterns("__pycache__"))
    return export_from(source, tmp_path_factory.mktemp("here")), export_from(copy, tmp_path_factory.mktemp("there"))


def export_from(source: Path, out: Path) -> dict[str, bytes]:
    environment = {**os.environ, "PYTHONPATH": str(source)}
    subprocess.run([sys.executable, "-W", "ignore", "-c", EXPORT, str(out)], check=True, env=environment, cwd=out)
    return {path.name: path.read_bytes() for path in out.iterdir()}


def test_a_bundle_has_the_same_bytes_wherever_the_package_lies(
    exported: tuple[dict[str, bytes], dict[str, bytes]],
) -> None:
    here, there = exported
    assert len(here) == 5
    assert here == there


def test_a_bundle_holds_no_path_of_the_machine_that_made_it(
    exported: tuple[dict[str, bytes], dict[str, bytes]],
) -> None:
    places = {str(Path(ecg_facial.__file__).parents[1]), sys.prefix, str(Path.home()), "site-packages", 'File "'}
    for name, content in exported[0].items():
        assert not [place for place in places if len(place) > 1 and place.encode() in content], name
