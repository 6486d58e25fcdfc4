"""A bundle is what was written, byte for byte, or an error."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg_facial.errors import BundleError, SettingsError
from ecg_facial.inference import bundle
from ecg_facial.inference.bundle import (
    INFO_FILE,
    MANIFEST_FILE,
    Bundle,
    BundleInfo,
    check_bundle_folder,
    load_bundle,
    write_bundle,
)
from ecg_facial.inference.calibration import Temperature, Temperatures
from ecg_facial.inference.fusion import Fusion
from ecg_facial.runtime.settings import to_dict
from ecg_facial.runtime.storage import sha256_bytes
from ecg_facial.windows.settings import PREPROCESSING_VERSION, WindowSettings

FILES = {"net.onnx": bytes(range(256)), "weights.safetensors": b"", "card.md": b"two\nlines\n"}
INFO = BundleInfo(
    task="biovid4",
    class_names=("BL1", "PA1", "PA2", "PA3"),
    windows=WindowSettings(n_frames=8, crop_px=64, frame_policy="late"),
    fusion=Fusion(
        face_weight=0.7,
        ecg_weight=0.3,
        n_subjects=9,
        n_trials=700,
        temperatures=Temperatures(facial=Temperature(value=1.7, n_subjects=9, n_trials=710, reason="")),
    ),
    simulated=True,
    n_subjects=12,
    description="960 trials",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "run" / "model", files=FILES, info=INFO)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bundle(tmp_path_factory.mktemp("kept") / "model", files=FILES, info=INFO)


def seal(folder: Path) -> None:
    """Write a manifest that fits the files, as somebody would who altered them on purpose."""
    names = sorted(path.name for path in folder.iterdir() if path.name != MANIFEST_FILE)
    lines = [f"{sha256_bytes((folder / name).read_bytes())}  {name}\n" for name in names]
    (folder / MANIFEST_FILE).write_text("".join(lines), encoding="ascii")


def change_info(folder: Path, **changes: object) -> None:
    content = json.loads((folder / INFO_FILE).read_text(encoding="utf-8")) | changes
    (folder / INFO_FILE).write_text(json.dumps(content), encoding="utf-8")
    seal(folder)


def refusal(folder: Path) -> str:
    with pytest.raises(BundleError) as caught:
        load_bundle(folder)
    message = str(caught.value)
    assert "\n" not in message
    assert str(folder) in message
    return message


def test_what_was_written_is_what_is_read(folder: Path) -> None:
    loaded = load_bundle(folder)
    assert isinstance(loaded, Bundle)
    assert loaded.info == INFO
    assert loaded.files == FILES


def test_info_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        INFO.simulated = False  # type: ignore[misc]  # on purpose


def test_sha256sum_itself_accepts_the_manifest(folder: Path) -> None:
    program = shutil.which("sha256sum")
    if program is None:
        pytest.skip("sha256sum is not installed")
    done = subprocess.run([program, "--strict", "--check", MANIFEST_FILE], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"{name}: OK" for name in sorted([*FILES, INFO_FILE])]


@settings(max_examples=150)
@given(data=st.data())
def test_a_flipped_bit_anywhere_is_found(kept: Path, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        copy = shutil.copytree(kept, Path(scratch) / "model")
        path = data.draw(st.sampled_from(sorted(path for path in copy.iterdir() if path.stat().st_size)))
        content = bytearray(path.read_bytes())
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        path.write_bytes(content)
        refusal(copy)


@settings(max_examples=60)
@given(data=st.data())
def test_a_file_cut_or_lengthened_is_found(kept: Path, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        copy = shutil.copytree(kept, Path(scratch) / "model")
        path = data.draw(st.sampled_from(sorted(copy.iterdir())))
        content = path.read_bytes()
        cut = data.draw(st.integers(0, max(len(content) - 1, 0)))
        path.write_bytes(data.draw(st.sampled_from([content[:cut], content + b"\n", content + content])) or b"x")
        refusal(copy)


@pytest.mark.parametrize("name", [*FILES, INFO_FILE, MANIFEST_FILE])
def test_a_missing_file_is_found(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert name in refusal(folder)
    assert "missing" in refusal(folder)


@pytest.mark.parametrize("name", ["extra.txt", ".hidden"])
def test_an_added_file_is_found(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"")
    assert name in refusal(folder)


def test_an_added_folder_is_found(folder: Path) -> None:
    (folder / "more").mkdir()
    assert "'more' does not belong" in refusal(folder)


@pytest.mark.parametrize("name", ["net.onnx", INFO_FILE, MANIFEST_FILE])
def test_a_link_is_refused_even_with_the_right_content(folder: Path, tmp_path: Path, name: str) -> None:
    (folder / name).rename(tmp_path / "elsewhere")
    (folder / name).symlink_to(tmp_path / "elsewhere")
    assert f"{name} is not a plain file" in refusal(folder)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_pipe_does_not_make_loading_wait(folder: Path) -> None:
    (folder / "net.onnx").unlink()
    os.mkfifo(folder / "net.onnx")
    assert "not a plain file" in refusal(folder)


@pytest.mark.parametrize("name", ["../outside", "/etc/hostname", "sub/net.onnx", "..", "a b", ".hidden"])
def test_a_manifest_that_names_other_places_is_refused(folder: Path, name: str) -> None:
    (folder.parent / "outside").write_bytes(b"x")
    lines = [*(folder / MANIFEST_FILE).read_text(encoding="ascii").splitlines(), f"{sha256_bytes(b'x')}  {name}"]
    (folder / MANIFEST_FILE).write_text("\n".join(sorted(lines, key=lambda line: line[66:])) + "\n", encoding="ascii")
    assert "not one that we write" in refusal(folder)


def test_a_manifest_out_of_order_or_with_a_name_twice_is_refused(folder: Path) -> None:
    path = folder / MANIFEST_FILE
    lines = path.read_text(encoding="ascii").splitlines(keepends=True)
    for changed in (lines[::-1], [lines[0], *lines], [line.upper() for line in lines], ["\n", *lines], []):
        path.write_text("".join(changed), encoding="ascii")
        assert "not one that we write" in refusal(folder)


def test_files_over_the_limit_are_refused_before_they_are_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "MAX_BYTES", 300)
    monkeypatch.setattr(bundle, "_read_checked", lambda path, digest: pytest.fail("was read"))
    assert "limit 300" in refusal(folder)


def test_no_file_is_used_where_a_later_one_is_altered(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "weights.safetensors").write_bytes(b"altered")
    monkeypatch.setattr(bundle, "_read_info", lambda folder, content: pytest.fail("was used"))
    assert "SHA-256" in refusal(folder)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "no such folder" in refusal(tmp_path / "nothing")
    assert "SHA256SUMS is missing" in refusal(tmp_path)


def test_a_bundle_of_another_preprocessing_is_refused_with_a_remedy(folder: Path) -> None:
    change_info(folder, preprocessing_version=PREPROCESSING_VERSION + 1, package_version="9.8.7")
    message = refusal(folder)
    assert "9.8.7" in message
    assert "train the bundle again, or install that version" in message


def test_a_bundle_whose_windows_have_settings_of_another_version_is_refused_for_the_version(folder: Path) -> None:
    change_info(folder, preprocessing_version=5, windows={"window_s": 5.5, "detect_every": 25})
    assert "(preprocessing 5), this is" in refusal(folder)


def test_a_bundle_with_other_token_features_is_refused(folder: Path) -> None:
    change_info(folder, token_features=["rate"])
    assert "train the bundle again" in refusal(folder)


@pytest.mark.parametrize(
    "changes",
    [{"colour": "red"}, {"windows": {}}, {"simulated": "no"}, {"class_names": ["BL1"]}, {"n_subjects": None}],
)
def test_settings_that_do_not_fit_are_refused(folder: Path, changes: dict[str, object]) -> None:
    change_info(folder, **changes)
    assert INFO_FILE in refusal(folder)


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b"{", b"[" * 100_000])
def test_info_that_is_not_ours_is_refused(folder: Path, content: bytes) -> None:
    (folder / INFO_FILE).write_bytes(content)
    seal(folder)
    assert INFO_FILE in refusal(folder)


def test_an_info_without_the_fusion_is_refused(folder: Path) -> None:
    content = json.loads((folder / INFO_FILE).read_text(encoding="utf-8"))
    assert content["fusion"] == to_dict(INFO.fusion)
    del content["fusion"]["temperatures"]["ecg"]["reason"]
    change_info(folder, fusion=content["fusion"])
    assert "missing reason" in refusal(folder)


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_a_temperature_that_cannot_be_divided_by_is_refused(folder: Path, value: float) -> None:
    content = to_dict(INFO.fusion)
    content["temperatures"]["facial"]["value"] = value
    change_info(folder, fusion=content)
    assert "temperature" in refusal(folder)


def test_class_names_are_two_or_more_and_each_once() -> None:
    for names in (("BL1",), ("BL1", "BL1")):
        with pytest.raises(SettingsError, match="class names"):
            dataclasses.replace(INFO, class_names=names)


@pytest.mark.parametrize("models", [(), ("ecg", "facial"), ("ecg", "ecg"), ("facial", "gsr")])
def test_models_are_the_known_ones_in_order(folder: Path, models: tuple[str, ...]) -> None:
    with pytest.raises(SettingsError, match="models"):
        dataclasses.replace(INFO, models=models)
    change_info(folder, models=list(models))
    assert "models" in refusal(folder)


def test_an_older_bundle_is_replaced_whole(folder: Path) -> None:
    write_bundle(folder, files={"other.onnx": b"new"}, info=INFO)
    assert load_bundle(folder).files == {"other.onnx": b"new"}
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def test_a_damaged_bundle_can_be_made_again(folder: Path) -> None:
    (folder / "net.onnx").write_bytes(b"damaged")
    (folder / INFO_FILE).unlink()
    write_bundle(folder, files=FILES, info=INFO)
    assert load_bundle(folder).files == FILES


def test_files_that_are_not_of_a_bundle_are_never_deleted(folder: Path, tmp_path: Path) -> None:
    notes = folder / "notes.txt"
    notes.write_text("mine", encoding="utf-8")
    thesis = tmp_path / "work"
    (thesis / "chapters").mkdir(parents=True)
    for place in (folder, thesis, tmp_path, notes):
        with pytest.raises(BundleError, match="give another"):
            check_bundle_folder(place)
        with pytest.raises(BundleError, match="give another"):
            write_bundle(place, files=FILES, info=INFO)
    assert notes.read_text(encoding="utf-8") == "mine"
    assert (thesis / "chapters").is_dir()


def test_a_write_that_fails_leaves_the_old_bundle(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: Path, content: bytes) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(bundle, "write_bytes", fail)
    with pytest.raises(OSError, match="disk full"):
        write_bundle(folder, files={"other.onnx": b"new"}, info=INFO)
    assert load_bundle(folder).files == FILES
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def test_a_bundle_is_written_where_a_link_to_a_folder_leads(folder: Path, tmp_path: Path) -> None:
    link = tmp_path / "latest"
    link.symlink_to(folder)
    write_bundle(link, files={"other.onnx": b"new"}, info=INFO)
    assert link.is_symlink()
    assert load_bundle(folder).files == {"other.onnx": b"new"}


@pytest.mark.parametrize("name", [MANIFEST_FILE, "../net.onnx", "sub/net.onnx", "", "a b", ".hidden", "x" * 65])
def test_names_that_cannot_be_a_files_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BundleError, match="file name"):
        write_bundle(tmp_path / "model", files={name: b""}, info=INFO)
    assert not list(tmp_path.iterdir())


def test_more_than_can_be_loaded_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BundleError, match="33 files"):
        write_bundle(tmp_path / "model", files={f"f{number}": b"" for number in range(32)}, info=INFO)
    monkeypatch.setattr(bundle, "MAX_BYTES", 10)
    with pytest.raises(BundleError, match="10 bytes at most"):
        write_bundle(tmp_path / "model", files=FILES, info=INFO)


def test_equal_bundles_are_equal_byte_for_byte(folder: Path, tmp_path: Path) -> None:
    again = write_bundle(tmp_path / "again", files=dict(reversed(FILES.items())), info=INFO)
    assert (again / MANIFEST_FILE).read_bytes() == (folder / MANIFEST_FILE).read_bytes()


def test_a_file_that_a_file_manager_left_in_a_bundle_does_not_matter(folder: Path) -> None:
    for name in (".DS_Store", "._bundle.json", "Thumbs.db"):
        (folder / name).write_bytes(b"\0")
    assert load_bundle(folder).files == FILES
    check_bundle_folder(folder)
