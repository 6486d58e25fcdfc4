"""ONNX files of a bundle: what they must not hold."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import ecg_facial
from ecg_facial.ecg_model import ECGModel
from ecg_facial.facial_model import FacialModel
from ecg_facial.learning.export import export_models
from ecg_facial.nets.settings import EcgSettings, FacialSettings

pytestmark = pytest.mark.long
PACKAGE = Path(ecg_facial.__file__).parent

PROGRAM = """
import sys
sys.path.insert(0, {folder!r})
import test_export
test_export.write(sys.argv[1], test_export.export_heart())
print(test_export.PACKAGE)
"""


def export_face() -> dict[str, bytes]:
    facial = FacialModel(FacialSettings(weights="none", hidden=4, n_layers=1), n_classes=2)
    return export_models(facial, None, crop_px=32)


def export_heart() -> dict[str, bytes]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        ecg = ECGModel(EcgSettings(width=8, n_heads=2, n_layers=1, feedforward=8), n_classes=2)
    return export_models(None, ecg, crop_px=32)


def write(out: Path | str, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (Path(out) / name).write_bytes(content)


@pytest.fixture(scope="module")
def exported() -> dict[str, bytes]:
    """Files of the networks, exported in this process."""
    return export_heart() | export_face()


def test_a_bundle_has_the_same_bytes_wherever_the_package_lies(exported: dict[str, bytes], tmp_path: Path) -> None:
    """Of the smaller network: both go through the same exporter, and an export takes seconds."""
    elsewhere, out = tmp_path / "elsewhere", tmp_path / "there"
    copied = Path(shutil.copytree(PACKAGE, elsewhere / "ecg_facial", ignore=shutil.ignore_patterns("__pycache__")))
    out.mkdir()
    program = PROGRAM.format(folder=str(Path(__file__).parent))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, str(out)],
        env={**os.environ, "PYTHONPATH": str(elsewhere)},
        cwd=out,
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == str(copied), "the copy was not used"
    assert len(exported) == 5
    there = {path.name: path.read_bytes() for path in out.iterdir()}
    assert set(there) == {"ecg.onnx", "ecg.safetensors"}
    assert there == {name: exported[name] for name in there}


def test_a_bundle_holds_no_path_of_the_machine_that_made_it(exported: dict[str, bytes]) -> None:
    places = {str(PACKAGE.parent), sys.prefix, str(Path.home()), "site-packages", 'File "'}
    for name, content in exported.items():
        assert not [place for place in places if len(place) > 1 and place.encode() in content], name
