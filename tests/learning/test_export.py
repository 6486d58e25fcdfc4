"""ONNX files of a bundle: what they must not hold."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import small_bundle as helper

import ecg_facial
from ecg_facial.inference.backends.contract import ECG_FILE, FACE_ENCODER_FILE, FACE_HEAD_FILE
from ecg_facial.learning.export import WEIGHTS_FILES

pytestmark = pytest.mark.long
PACKAGE = Path(ecg_facial.__file__).parent

PROGRAM = """
import sys
from pathlib import Path
sys.path.insert(0, {folder!r})
import ecg_facial
from ecg_facial.learning.export import export_models
from small_bundle import WINDOWS, make_ecg_model
for name, content in export_models(None, make_ecg_model(), crop_px=WINDOWS.crop_px).items():
    Path(sys.argv[1], name).write_bytes(content)
print(Path(ecg_facial.__file__).parent)
"""


@pytest.fixture(scope="module")
def exported(small_bundle: Path) -> dict[str, bytes]:
    """Files of networks that were exported in this test run."""
    names = (FACE_ENCODER_FILE, FACE_HEAD_FILE, ECG_FILE, *WEIGHTS_FILES)
    return {name: (small_bundle / name).read_bytes() for name in names}


def test_a_bundle_has_the_same_bytes_wherever_the_package_lies(exported: dict[str, bytes], tmp_path: Path) -> None:
    """Of the smaller network: both go through the same exporter, and an export takes seconds."""
    elsewhere, out = tmp_path / "elsewhere", tmp_path / "there"
    copied = Path(shutil.copytree(PACKAGE, elsewhere / "ecg_facial", ignore=shutil.ignore_patterns("__pycache__")))
    out.mkdir()
    program = PROGRAM.format(folder=str(Path(helper.__file__).parent))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, str(out)],
        env={**os.environ, "PYTHONPATH": str(elsewhere)},
        cwd=out,
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == str(copied), "the copy was not used"
    there = {path.name: path.read_bytes() for path in out.iterdir()}
    assert set(there) == {"ecg.onnx", "ecg.safetensors"}
    assert there == {name: exported[name] for name in there}


def test_a_bundle_holds_no_path_of_the_machine_that_made_it(exported: dict[str, bytes]) -> None:
    places = {str(PACKAGE.parent), sys.prefix, str(Path.home()), "site-packages", 'File "'}
    for name, content in exported.items():
        assert not [place for place in places if len(place) > 1 and place.encode() in content], name
