"""Bad input of every kind is one clear line and exit code 2."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import Said, write_trial
from tiny_files import write_ecg, write_video

Prepare = Callable[[Path], list[str]]


def missing_folder(root: Path) -> list[str]:
    return ["benchmark", str(root / "nowhere"), "--out", str(root / "run")]


def empty_folder(root: Path) -> list[str]:
    return ["benchmark", str(root), "--out", str(root / "run")]


def empty_csv(root: Path) -> list[str]:
    (root / "ecg.csv").write_text("")
    return ["ecg", str(root / "ecg.csv"), "--out", str(root / "looked")]


def wrong_delimiter(root: Path) -> list[str]:
    table = write_ecg(root / "ecg.csv")
    table.write_text(table.read_text().replace("\t", "^"))
    return ["ecg", str(table), "--out", str(root / "looked")]


def one_column(root: Path) -> list[str]:
    return ["ecg", str(write_ecg(root / "ecg.csv", columns="ecg")), "--out", str(root / "looked")]


def no_ecg_column(root: Path) -> list[str]:
    return ["ecg", str(write_ecg(root / "ecg.csv", columns="time\tgsr")), "--out", str(root / "looked")]


def no_rate(root: Path) -> list[str]:
    return ["ecg", str(write_ecg(root / "ecg.csv")), "--out", str(root / "looked"), "--fs-hz", "0"]


def not_a_video(root: Path) -> list[str]:
    (root / "clip.mp4").write_bytes(b"no video at all")
    return ["predict", str(root / "model"), "--video", str(root / "clip.mp4")]


def two_files_for_one_trial(root: Path) -> list[str]:
    video, _ = write_trial(root)
    write_video(video.with_suffix(".avi"))
    return ["index", str(root)]


def only_unknown_levels(root: Path) -> list[str]:
    write_trial(root, trial="PA9-001")
    return ["benchmark", str(root), "--out", str(root / "run")]


def only_other_levels(root: Path) -> list[str]:
    write_trial(root, trial="PA4-001")
    return ["benchmark", str(root), "--out", str(root / "run")]


def a_manifest_with_a_person_in_two_spellings(root: Path) -> list[str]:
    (root / "manifest.csv").write_text("subject;trial;label;video;ecg;fs_hz\n007;1;BL1;x.mp4;;\n7;2;BL1;y.mp4;;\n")
    return ["index", str(root)]


def a_manifest_with_two_sets_of_labels(root: Path) -> list[str]:
    rows = [f"s{n % 3},{n},{('BL1', 'PA4', 'severe')[n % 3]},x{n}.mp4,," for n in range(12)]
    (root / "manifest.csv").write_text("\n".join(["subject,trial,label,video,ecg,fs_hz", *rows, ""]))
    return ["benchmark", str(root), "--out", str(root / "run")]


def zero_rate_in_a_manifest(root: Path) -> list[str]:
    (root / "manifest.csv").write_text("subject,trial,label,video,ecg,fs_hz\na,1,BL1,,x.csv,0\n")
    return ["index", str(root)]


def unknown_preset(root: Path) -> list[str]:
    return ["simulate", str(root / "cohort"), "--preset", "impossible"]


def unknown_pathology(root: Path) -> list[str]:
    return ["simulate", str(root / "cohort"), "--pathology", "missing_ecg", "--pathology", "fog"]


def session_video_without_session(root: Path) -> list[str]:
    return ["simulate", str(root / "cohort"), "--continuous-video"]


def someone_elses_folder(root: Path) -> list[str]:
    (root / "thesis.txt").write_text("do not lose me")
    return ["simulate", str(root)]


def unknown_reader(root: Path) -> list[str]:
    return ["index", str(root), "--reader", "mine"]


def unknown_weights(root: Path) -> list[str]:
    write_trial(root)
    return ["benchmark", str(root), "--out", str(root / "run"), "--weights", str(root / "none.pth")]


def someone_elses_bundle_folder(root: Path) -> list[str]:
    write_trial(root)
    (root / "model").mkdir()
    (root / "model" / "thesis.txt").write_text("do not lose me")
    return ["train", str(root), "--out", str(root / "model")]


def no_bundle(root: Path) -> list[str]:
    return ["predict", str(root / "none"), "--ecg", str(write_ecg(root / "ecg.csv"))]


BAD_INPUTS: dict[Prepare, tuple[str, ...]] = {
    missing_folder: ("nowhere", "no such folder", "check the path"),
    empty_folder: ("is empty", "expected a data set"),
    empty_csv: ("ecg.csv", "is empty", "expected a header line"),
    wrong_delimiter: ("a header but no rows", "rows of numbers"),
    one_column: ("no time column", "give it in Hz"),
    no_ecg_column: ("no column 'ecg'", "time, gsr", "name the ECG column"),
    no_rate: ("0.0 Hz", "positive"),
    two_files_for_one_trial: ("2 videos", ".avi", ".mp4", "keep one of them"),
    only_unknown_levels: ("no trial has a label that is known: found 'PA9' (1)", "--classes", "ecg-facial index"),
    only_other_levels: ("no usable trials of BL1, PA1, PA2, PA3", "found 'PA4' (1)", "ecg-facial index"),
    a_manifest_with_a_person_in_two_spellings: ("'007' and '7'", "Spell it in one way"),
    a_manifest_with_two_sets_of_labels: ("two sets of labels", "'BL1' (4), 'PA4' (4)", "'severe' (4)", "--classes"),
    zero_rate_in_a_manifest: ("fs_hz 0", "positive sampling rate"),
    unknown_preset: ("'impossible'", "expected one of", "clear"),
    unknown_pathology: ("'fog'", "expected one of", "missing_ecg"),
    session_video_without_session: ("without the session", "continuous"),
    someone_elses_folder: ("not empty", "name a new folder"),
    unknown_reader: ("'mine'", "biovid, original, pmed, unbc, manifest"),
    someone_elses_bundle_folder: ("thesis.txt", "not of a bundle", "give another folder"),
    no_bundle: ("no such folder", "expected a bundle"),
}


@pytest.mark.parametrize("prepare", BAD_INPUTS, ids=lambda prepare: prepare.__name__)
def test_bad_input_is_one_clear_line_and_exit_code_2(
    prepare: Prepare, run: Callable[..., Said], tmp_path: Path
) -> None:
    said = run(*prepare(tmp_path))
    assert said.code == 2
    complaint = said.err.splitlines()[-1]
    assert complaint.startswith("error: ")
    assert all(part in complaint for part in BAD_INPUTS[prepare]), complaint
    assert "Traceback" not in said.err
    assert said.out == ""
    # progress may stand before it, the complaint is one line
    assert sum(line.startswith("error: ") for line in said.err.splitlines()) == 1


def test_a_folder_that_is_not_ours_keeps_its_files(run: Callable[..., Said], tmp_path: Path) -> None:
    run(*someone_elses_folder(tmp_path))
    assert (tmp_path / "thesis.txt").read_text() == "do not lose me"


@pytest.mark.parametrize(
    "arguments",
    [["frob"], ["index"], ["benchmark", "x", "--out", "y", "--task", "triple"], ["simulate", "x", "--subjects", "0"]],
)
def test_wrong_usage_is_exit_code_2(arguments: list[str], run: Callable[..., Said]) -> None:
    said = run(*arguments)
    assert said.code == 2
    assert "Traceback" not in said.err
